// SPDX-License-Identifier: BSD-2-Clause
// The state directory: made, private, and held by one agent at a time. Knows no database.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace weir {

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// Makes it, 0750, if it is missing. kPermission or kSystem.
Status make_directory(const std::string& directory);
// Takes DIR/weir.lock for this process for as long as the descriptor lives. kConflict names
// the process that has it.
Result<Descriptor> lock_directory(const std::string& directory);
// Makes the file if it is missing, and readable by its owner only in any case.
Status make_private(const std::string& file);

}  // namespace weir
