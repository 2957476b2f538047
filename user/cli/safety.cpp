// SPDX-License-Identifier: BSD-2-Clause
// See safety.h.
#include "cli/safety.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace weir::cli {
namespace {

constexpr std::string_view kVariable = "SSH_CONNECTION";
constexpr int kAncestors = 32;  // deeper than any shell in a multiplexer in a sudo
constexpr const char* kForce = "--force does it all the same";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The variable in a block of zero-terminated NAME=VALUE; empty when it is not there.
std::string variable_in(const std::string& block) {
  std::istringstream entries(block);
  for (std::string entry; std::getline(entries, entry, '\0');) {
    if (entry.starts_with(kVariable) && entry.size() > kVariable.size() &&
        entry[kVariable.size()] == '=') {
      return entry.substr(kVariable.size() + 1);
    }
  }
  return {};
}

// The parent, from /proc/PID/stat: "pid (any text) state ppid …"; 0 when it cannot be told.
int parent_of(int pid) {
  const std::string stat = read_file(fmt::format("/proc/{}/stat", pid));
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string state;
  int parent = 0;
  fields >> state >> parent;
  return parent;
}

}  // namespace

std::optional<Address> ssh_peer(const std::string& ssh_connection) {
  // A link-local address carries its zone: "fe80::1%eth0".
  const std::string text = ssh_connection.substr(0, ssh_connection.find_first_of(" %"));
  if (text.empty()) return std::nullopt;
  const auto address = Address::parse(text);
  if (!address) return std::nullopt;
  return *address;
}

Status check_ban(const AddBan& ban, const std::optional<Address>& operator_address) {
  if (ban.force) return {};
  if (ban.prefix.length() == 0) {
    return fail(ErrorCode::kRefused,
                fmt::format("a ban of {} would turn everybody away", ban.prefix.text()), kForce);
  }
  if (operator_address && ban.prefix.contains(*operator_address)) {
    return fail(ErrorCode::kRefused,
                fmt::format("a ban of {} would turn away your own SSH session from {}",
                            ban.prefix.text(), operator_address->text()),
                kForce);
  }
  return {};
}

std::string find_ssh_connection() {
  if (const char* own = std::getenv(kVariable.data())) return own;
  int pid = getppid();
  for (int i = 0; i < kAncestors && pid > 1; ++i, pid = parent_of(pid)) {
    std::string found = variable_in(read_file(fmt::format("/proc/{}/environ", pid)));
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace weir::cli
