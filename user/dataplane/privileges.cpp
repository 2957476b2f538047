// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/privileges.h"

#include <fmt/format.h>
#include <linux/capability.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace weir {
namespace {

// The effective set, as proc(5) prints it.
std::uint64_t effective_capabilities() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("CapEff:", 0) == 0) return std::stoull(line.substr(7), nullptr, 16);
  return ~std::uint64_t{0};  // no /proc: the kernel's own refusal will have to do
}

}  // namespace

bool has_capability(int capability) { return (effective_capabilities() >> capability & 1) != 0; }

std::vector<std::string> missing_capabilities() {
  std::vector<std::string> missing;
  const auto need = [&](int capability, const char* name) {
    if (has_capability(capability)) return;
    if (capability != CAP_NET_ADMIN && has_capability(CAP_SYS_ADMIN)) return;
    missing.emplace_back(name);
  };
  need(CAP_BPF, "CAP_BPF");
  need(CAP_NET_ADMIN, "CAP_NET_ADMIN");
  need(CAP_PERFMON, "CAP_PERFMON");
  return missing;
}

Status check_privileges() {
  const auto missing = missing_capabilities();
  if (missing.empty()) return {};
  return fail(ErrorCode::kPermission,
              fmt::format("loading BPF programs: this process lacks {}", fmt::join(missing, ", ")),
              "run as root, or with these capabilities");
}

}  // namespace weir
