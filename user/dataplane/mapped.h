// SPDX-License-Identifier: BSD-2-Clause
// A mappable array map, seen as memory: reading a million entries is no million system calls.
// What the data path changes meanwhile is read as it is, whole words at a time.
#pragma once

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"

namespace weir {

template <typename Value>
class Mapped {
 public:
  // `name` is for messages. kSystem.
  static Result<Mapped> open(int fd, const std::string& name) {
    bpf_map_info info{};
    __u32 length = sizeof info;
    if (bpf_obj_get_info_by_fd(fd, &info, &length) != 0)
      return fail(ErrorCode::kSystem,
                  "asking for the size of the table " + name + ": " + std::strerror(errno));
    if (info.value_size != sizeof(Value))
      return fail(ErrorCode::kSystem, "the table " + name + " is another version's");
    void* memory =
        mmap(nullptr, info.max_entries * sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
      return fail(ErrorCode::kSystem, "mapping the table " + name + ": " + std::strerror(errno));
    return Mapped(static_cast<Value*>(memory), info.max_entries);
  }

  Mapped(Mapped&& other) noexcept : values_(std::exchange(other.values_, {})) {}
  Mapped& operator=(Mapped&& other) noexcept {
    std::swap(values_, other.values_);
    return *this;
  }
  ~Mapped() {
    if (!values_.empty()) munmap(values_.data(), values_.size_bytes());
  }

  [[nodiscard]] std::size_t size() const { return values_.size(); }
  // Writable whoever asks: the kernel writes as well, so constness would promise nothing.
  [[nodiscard]] Value& operator[](std::size_t i) const { return values_[i]; }
  [[nodiscard]] auto begin() const { return values_.begin(); }
  [[nodiscard]] auto end() const { return values_.end(); }

 private:
  Mapped(Value* first, std::size_t count) : values_(first, count) {}
  std::span<Value> values_;
};

}  // namespace weir
