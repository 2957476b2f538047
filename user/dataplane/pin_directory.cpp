// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/pin_directory.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "weir/abi.h"

namespace weir {
namespace {

constexpr const char* kBpfFs = "/sys/fs/bpf";

bool is_bpffs(const std::string& path) {
  struct statfs info {};
  return statfs(path.c_str(), &info) == 0 && info.f_type == BPF_FS_MAGIC;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

ErrorCode code_of(int error) {
  return error == EPERM || error == EACCES ? ErrorCode::kPermission : ErrorCode::kSystem;
}

Status make_private(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    const int error = errno;
    return fail(code_of(error), fmt::format("making {}: {}", path, std::strerror(error)),
                code_of(error) == ErrorCode::kPermission
                    ? "run as root"
                    : "the pin directory must lie on a bpf file system, such as /sys/fs/bpf");
  }
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0)
    return fail(code_of(errno), fmt::format("looking at {}: {}", path, std::strerror(errno)));
  if (!S_ISDIR(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 077) != 0)
    return fail(ErrorCode::kRefused,
                fmt::format("{} is not a directory that only this user may enter", path),
                fmt::format("look who made it; then: rm -rf {0} or chmod 700 {0}", path));
  return {};
}

}  // namespace

std::string PinDirectory::link(unsigned slot) const {
  return fmt::format("{}/slot-{}", links, slot);
}

std::string PinDirectory::egress(unsigned slot) const { return link(slot) + "-egress"; }

PinDirectory PinDirectory::under(const std::string& pin_dir) {
  const std::string layout = fmt::format("{}/v{}", pin_dir, WEIR_LAYOUT);
  return {layout + "/maps", layout + "/links"};
}

Result<PinDirectory> PinDirectory::make(const std::string& pin_dir) {
  if (pin_dir.rfind(std::string(kBpfFs) + "/", 0) == 0 && !is_bpffs(kBpfFs) &&
      mount("bpf", kBpfFs, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
    const int error = errno;
    return fail(code_of(error),
                fmt::format("mounting bpffs at {}: {}", kBpfFs, std::strerror(error)),
                "run as root, or: mount -t bpf bpf /sys/fs/bpf");
  }
  const std::string parent = parent_of(pin_dir);
  if (!is_bpffs(parent))
    return fail(ErrorCode::kInvalid, fmt::format("{} is not on a bpf file system", pin_dir),
                "give --pin-dir a directory right below /sys/fs/bpf");
  PinDirectory pins = under(pin_dir);
  for (const auto& path : {pin_dir, parent_of(pins.maps), pins.maps, pins.links})
    if (auto made = make_private(path); !made) return tl::unexpected(std::move(made.error()));
  return pins;
}

}  // namespace weir
