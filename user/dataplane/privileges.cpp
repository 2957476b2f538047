// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/privileges.h"

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

Status check_privileges() {
  const std::uint64_t held = effective_capabilities();
  const auto has = [&](int capability) { return (held >> capability & 1) != 0; };
  std::string missing;
  const auto need = [&](int capability, const char* name) {
    if (has(capability) || (capability != CAP_NET_ADMIN && has(CAP_SYS_ADMIN))) return;
    missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  need(CAP_BPF, "CAP_BPF");
  need(CAP_NET_ADMIN, "CAP_NET_ADMIN");
  need(CAP_PERFMON, "CAP_PERFMON");
  if (missing.empty()) return {};
  return fail(ErrorCode::kPermission, "loading BPF programs: this process lacks " + missing,
              "run as root, or with these capabilities");
}

}  // namespace weir
