// SPDX-License-Identifier: BSD-2-Clause
#include "logs/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace weir {
namespace {

constexpr mode_t kMode = 0640;  // whatever the umask
// Readable too, to see whether the last line is whole. Not blocking: a pipe would.
constexpr int kHow = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

ErrorCode code_of(int error) {
  switch (error) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kPermission;
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOTDIR:
    case ENXIO:
      return ErrorCode::kInvalid;
    default:
      return ErrorCode::kSystem;
  }
}

tl::unexpected<Error> failed(const char* doing, const std::string& path) {
  const int error = errno;
  const std::string why = error == ELOOP ? "it is a symbolic link, which is not followed"
                                         : std::generic_category().message(error);
  const char* hint = error == ENOSPC   ? "make room on the disk"
                     : error == ENOENT ? "make its directory"
                                       : "";
  return fail(code_of(error), fmt::format("{} {}: {}", doing, path, why), hint);
}

Result<Fd> open_for_lines(const std::string& path) {
  Fd fd(::open(path.c_str(), kHow));
  if (!fd && errno == ENOENT) {
    fd = Fd(::open(path.c_str(), kHow | O_CREAT | O_EXCL, kMode));
    if (fd) (void)::fchmod(fd.get(), kMode);
  }
  if (!fd) return failed("opening", path);
  return fd;
}

}  // namespace

Result<std::unique_ptr<LogTarget>> LogFile::open(const std::string& path) {
  std::unique_ptr<LogFile> file(new LogFile(path));
  if (auto opened = file->open_again(); !opened && opened.error().code != ErrorCode::kSystem)
    return tl::unexpected(std::move(opened.error()));
  return file;
}

bool LogFile::is_in_place() const {
  struct stat there {};
  return fd_ && ::stat(path_.c_str(), &there) == 0 && there.st_dev == device_ &&
         there.st_ino == inode_;
}

Status LogFile::open_again() {
  fd_.reset();
  auto fd = open_for_lines(path_);
  if (!fd) return tl::unexpected(std::move(fd.error()));
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) return failed("opening", path_);
  if (!S_ISREG(info.st_mode))
    return fail(ErrorCode::kInvalid, fmt::format("opening {}: it is no regular file", path_));
  const bool is_same = info.st_dev == device_ && info.st_ino == inode_;
  if (is_torn_ && !is_same) {  // the file with its beginning is gone, or full for good
    held_.erase(0, held_.find('\n') + 1);
    counts_.lost++;
    is_torn_ = false;
  }
  char last = '\n';
  if (!is_torn_ && info.st_size > 0 && ::pread(fd->get(), &last, 1, info.st_size - 1) == 1 &&
      last != '\n') {
    held_.insert(0, "\n");  // somebody who died in the middle of a line
    is_torn_ = true;
  }
  device_ = info.st_dev;
  inode_ = info.st_ino;
  fd_ = std::move(*fd);
  return {};
}

void LogFile::add(std::string_view line) {
  if (held_.size() + line.size() >= kHeldBytes) {
    counts_.lost++;
    return;
  }
  held_ += line;
  held_ += '\n';
}

Status LogFile::flush(BootNs) {
  if (held_.empty() && fd_) return {};
  if (!is_in_place())
    if (auto opened = open_again(); !opened) return opened;
  std::size_t done = 0;
  Status written;
  while (done < held_.size() && written) {
    const ssize_t bytes = ::write(fd_.get(), held_.data() + done, held_.size() - done);
    if (bytes > 0)
      done += static_cast<std::size_t>(bytes);
    else if (bytes == 0 || errno != EINTR)
      written = failed("writing", path_);
  }
  if (done > 0) {
    const auto end = held_.begin() + static_cast<std::ptrdiff_t>(done);
    counts_.written += static_cast<std::uint64_t>(std::count(held_.begin(), end, '\n'));
    is_torn_ = held_[done - 1] != '\n';
    held_.erase(held_.begin(), end);
  }
  return written;
}

}  // namespace weir
