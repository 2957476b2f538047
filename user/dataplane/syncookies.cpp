// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/syncookies.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

namespace weir {
namespace {

constexpr const char* kPath = "/proc/sys/net/ipv4/tcp_syncookies";
constexpr unsigned kAlways = 2;  // Documentation/networking/ip-sysctl.rst

std::optional<unsigned> read_setting() {
  std::ifstream file(kPath);
  unsigned value = 0;
  if (!(file >> value)) return std::nullopt;
  return value;
}

bool write_setting(unsigned value) {
  std::ofstream file(kPath);
  file << value << std::flush;
  return file.good();
}

}  // namespace

bool are_syncookies_taken() { return read_setting() == kAlways; }

Status take_syncookies(weir_control& control) {
  const auto before = read_setting();
  if (before == kAlways) return {};
  errno = 0;
  if (!before || !write_setting(kAlways) || !are_syncookies_taken())
    return fail(
        ErrorCode::kSystem,
        fmt::format("challenges are off, what they are for is dropped: {} cannot be set to "
                    "{}{}{}",
                    kPath, kAlways, errno == 0 ? "" : ": ", errno == 0 ? "" : std::strerror(errno)),
        "sysctl -w net.ipv4.tcp_syncookies=2, where that is allowed");
  // Of two agents in a network namespace the first knows what it was; so does one that died.
  if (control.syncookies_before == 0) control.syncookies_before = *before + 1;
  return {};
}

void restore_syncookies(weir_control& control) {
  if (control.syncookies_before == 0) return;
  if (are_syncookies_taken()) (void)write_setting(control.syncookies_before - 1);
  control.syncookies_before = 0;
}

}  // namespace weir
