// SPDX-License-Identifier: BSD-2-Clause
#include "store/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace weir {
namespace {

tl::unexpected<Error> system_failure(const std::string& doing, int error) {
  const bool denied = error == EACCES || error == EPERM;
  return fail(denied ? ErrorCode::kPermission : ErrorCode::kSystem,
              fmt::format("{}: {}", doing, std::generic_category().message(error)),
              denied ? "run as root, or choose another --state-dir" : "");
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Status make_directory(const std::string& directory) {
  std::error_code error;
  const std::filesystem::path path(directory);
  if (std::filesystem::is_directory(path, error)) return {};
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST)
    return system_failure("making the state directory " + directory, errno);
  return {};
}

// One agent a directory. The lock goes with the process, so a killed agent leaves none; the
// file stays, for removing it would race with the next agent's opening it.
Result<Descriptor> lock_directory(const std::string& directory) {
  const std::string file = directory + "/weir.lock";
  Descriptor lock(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.get() < 0) return system_failure("opening " + file, errno);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_failure("locking " + file, errno);
    char holder[32] = {};
    const ssize_t length = pread(lock.get(), holder, sizeof(holder) - 1, 0);
    std::string_view pid(holder, length > 0 ? static_cast<std::size_t>(length) : 0);
    pid = pid.substr(0, pid.find_first_not_of("0123456789"));
    return fail(ErrorCode::kConflict,
                fmt::format("opening the store in {}: in use by process {}", directory,
                            pid.empty() ? "?" : pid),
                "stop that agent, or give this one another --state-dir");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(lock.get(), 0) != 0 ||
      pwrite(lock.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return system_failure("writing " + file, errno);
  return lock;
}

// SQLite gives its log and journal the mode of the database: making that one 0600 first needs
// no change of the process's umask.
Status make_private(const std::string& file) {
  const Descriptor fd(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (fd.get() < 0) return system_failure("opening " + file, errno);
  if (fchmod(fd.get(), 0600) != 0) return system_failure("protecting " + file, errno);
  return {};
}

}  // namespace weir
