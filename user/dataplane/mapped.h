// SPDX-License-Identifier: BSD-2-Clause
// A mappable array map, seen as memory: reading a million entries is no million system calls.
// What the data path changes meanwhile is read as it is, whole words at a time.
//
// The memory is the kernel's and there in any case, but what of it is mapped counts as this
// process's. So it is mapped when it is asked for, and rest() lets go of it when nobody does.
#pragma once

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>
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
    Mapped mapped(fd, info.max_entries);
    if (!mapped.map())
      return fail(ErrorCode::kSystem, "mapping the table " + name + ": " + std::strerror(errno));
    return mapped;
  }

  Mapped(Mapped&& other) noexcept
      : fd_(other.fd_), size_(other.size_), values_(std::exchange(other.values_, nullptr)) {}
  Mapped& operator=(Mapped&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(size_, other.size_);
    std::swap(values_, other.values_);
    return *this;
  }
  ~Mapped() { unmap(); }

  [[nodiscard]] std::size_t size() const { return size_; }
  // Writable whoever asks: the kernel writes as well, so constness would promise nothing. Valid
  // until the next but one rest(). Throws std::system_error when there is no room to map it.
  [[nodiscard]] Value& operator[](std::size_t i) const {
    if (values_ == nullptr && !map()) throw std::system_error(errno, std::generic_category());
    is_used_ = true;
    return values_[i];
  }
  // Called once in a while: lets go of what was not used since the last time.
  void rest() const {
    if (!std::exchange(is_used_, false)) unmap();
  }

 private:
  Mapped(int fd, std::size_t size) : fd_(fd), size_(size) {}
  bool map() const {
    void* memory = mmap(nullptr, size_ * sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (memory == MAP_FAILED) return false;
    values_ = static_cast<Value*>(memory);
    return true;
  }
  void unmap() const {
    if (values_ != nullptr) munmap(values_, size_ * sizeof(Value));
    values_ = nullptr;
  }

  int fd_;  // somebody else's, who lives longer
  std::size_t size_;
  mutable Value* values_ = nullptr;
  mutable bool is_used_ = true;
};

}  // namespace weir
