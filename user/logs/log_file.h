// SPDX-License-Identifier: BSD-2-Clause
// A file that lines are appended to, many with one call. It may be moved away, deleted or cut at
// any time, its disk may be full, its directory may go: it goes on where and when it can.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/fd.h"
#include "logs/log_target.h"

namespace weir {

class LogFile final : public LogTarget {
 public:
  // What is kept while nothing can be written. A flood's thousand events a second are some 300 kB.
  static constexpr std::size_t kHeldBytes = std::size_t{4} * 1024 * 1024;

  // Makes the file, mode 0640, or goes on with the one that is there. Fails where no file can ever
  // be: kNotFound, kPermission, kInvalid (no regular file; links are not followed). A disk that is
  // full for now is told by flush().
  static Result<std::unique_ptr<LogTarget>> open(const std::string& path);

  void add(std::string_view line) override;
  Status flush(BootNs now) override;
  void reopen() override { fd_.reset(); }
  [[nodiscard]] bool has_more() const override { return !held_.empty(); }
  [[nodiscard]] LogCounts counts() const override { return counts_; }

 private:
  explicit LogFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] bool is_in_place() const;
  Status open_again();

  std::string path_;
  Fd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::string held_;      // whole lines, but for the first one …
  bool is_torn_ = false;  // … whose beginning is in the file
  LogCounts counts_;
};

}  // namespace weir
