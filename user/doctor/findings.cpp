// SPDX-License-Identifier: BSD-2-Clause
// The host's part of the judgement; the interfaces' is in interface_findings.cpp.
#include "doctor/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "doctor/interface_findings.h"

namespace weir::doctor {
namespace {

constexpr const char* kHost = "host";
constexpr int kOldest = 601;  // Linux 6.1, as Debian 12 has it

// "6.1.0-31-amd64" → 601; what has no such beginning → 0.
int version_of(const std::string& kernel) {
  int major = 0, minor = 0;
  const char* end = kernel.data() + kernel.size();
  const auto [dot, wrong] = std::from_chars(kernel.data(), end, major);
  if (wrong != std::errc{} || dot == end || *dot != '.') return 0;
  if (std::from_chars(dot + 1, end, minor).ec != std::errc{}) return 0;
  return major * 100 + minor;
}

class Host {
 public:
  explicit Host(const Facts& facts) : facts_(facts) {}

  std::vector<Finding> judge() {
    kernel();
    types();
    capabilities();
    probes();
    jit();
    bpffs();
    pins();
    unprivileged();
    syncookies();
    rp_filter();
    config();
    agent();
    return std::move(found_);
  }

 private:
  void add(Level level, const char* check, std::string text, std::string remedy = {}) {
    found_.push_back({level, kHost, check, std::move(text), std::move(remedy)});
  }
  void ok(const char* check, std::string text) { add(Level::kOk, check, std::move(text)); }

  void kernel();
  void types();
  void capabilities();
  void probes();
  void jit();
  void bpffs();
  void pins();
  void unprivileged();
  void syncookies();
  void rp_filter();
  void config();
  void agent();

  const Facts& facts_;
  std::vector<Finding> found_;
};

void Host::kernel() {
  const std::string& kernel = facts_.host.kernel;
  if (version_of(kernel) >= kOldest) return ok("kernel", "Linux " + kernel);
  add(Level::kProblem, "kernel", fmt::format("Linux {}; Weir needs 6.1 or newer", kernel),
      "apt install linux-image-amd64, then reboot; Debian 12 has 6.1");
}

void Host::types() {
  if (facts_.host.has_types) return ok("btf", "the kernel's types are there");
  add(Level::kProblem, "btf", "the kernel's types are missing: /sys/kernel/btf/vmlinux",
      "mount -t sysfs sysfs /sys, or a kernel with CONFIG_DEBUG_INFO_BTF, as Debian's are");
}

void Host::capabilities() {
  const auto& process = facts_.process;
  if (process.missing.empty()) return ok("capabilities", "BPF programs may be loaded");
  const std::string missing = fmt::format("{}", fmt::join(process.missing, ", "));
  if (process.is_root)
    return add(Level::kProblem, "capabilities", "root lacks " + missing + " here",
               "give the container or service these capabilities");
  add(Level::kWarning, "capabilities",
      "this user lacks " + missing + "; what only root may ask was left out", "sudo weir doctor");
}

// Memory for maps needs no looking after: since 5.11, so on every kernel that Weir runs on, it is
// accounted to the control group and RLIMIT_MEMLOCK does not bound it.
void Host::probes() {
  const auto& probes = facts_.host.probes;
  if (probes.empty()) return ok("bpf", "not tried: that takes the capabilities");
  bool all = true;
  for (const Probe& probe : probes) {
    if (probe.is_there.value_or(true)) continue;
    all = false;
    if (probe.if_not.empty())
      add(Level::kProblem, "bpf", "the kernel has no " + probe.name,
          "a kernel with CONFIG_BPF_SYSCALL, CONFIG_NET_CLS_BPF and CONFIG_XDP_SOCKETS' XDP, as "
          "Debian's 6.1 is");
    else
      add(Level::kWarning, "bpf", fmt::format("the kernel has no {}: {}", probe.name, probe.if_not),
          "a kernel as Debian's 6.1 is");
  }
  if (all)
    ok("bpf", fmt::format("all {} program types, tables and helpers are there", probes.size()));
}

void Host::jit() {
  if (!facts_.host.jit) return ok("jit", "net.core.bpf_jit_enable cannot be read here");
  if (*facts_.host.jit != 0) return ok("jit", "BPF programs are compiled");
  add(Level::kWarning, "jit", "BPF programs are interpreted, which is several times slower",
      "sysctl -w net.core.bpf_jit_enable=1");
}

void Host::bpffs() {
  const PinFacts& pins = facts_.pins;
  if (pins.is_on_bpffs) return ok("bpffs", pins.parent + " is a bpf file system");
  if (!pins.is_default)
    return add(Level::kProblem, "bpffs", pins.parent + " is no bpf file system",
               "give --pin-dir a directory right below /sys/fs/bpf");
  const std::string text = pins.parent + " is no bpf file system";
  if (facts_.process.may_mount)
    return add(Level::kWarning, "bpffs",
               text + "; `weir run` mounts one, which others do not see in a namespace of its own",
               "mount -t bpf bpf " + pins.parent);
  add(Level::kProblem, "bpffs", text + ", and this user may not mount one",
      "sudo mount -t bpf bpf " + pins.parent);
}

void Host::pins() {
  const PinFacts& pins = facts_.pins;
  if (!pins.mode) return ok("pins", pins.directory + " is not there yet, or not for this user");
  const std::string look = fmt::format("look who made it; then: rm -rf {}", pins.directory);
  if (!pins.is_directory)
    return add(Level::kProblem, "pins", pins.directory + " is no directory", look);
  if (*pins.owner != pins.expected_owner)
    return add(Level::kProblem, "pins",
               fmt::format("{} belongs to user {}, who could stop the filtering", pins.directory,
                           *pins.owner),
               look);
  if ((*pins.mode & 077) != 0)
    return add(Level::kProblem, "pins",
               fmt::format("{} is open to others (mode {:04o}), who could stop the filtering",
                           pins.directory, *pins.mode),
               "chmod 700 " + pins.directory);
  ok("pins", fmt::format("{} is private (mode {:04o})", pins.directory, *pins.mode));
}

void Host::unprivileged() {
  if (facts_.host.unprivileged != 0)
    return ok("unprivileged", "only privileged users may load BPF programs");
  add(Level::kWarning, "unprivileged", "every user may load BPF programs",
      "sysctl -w kernel.unprivileged_bpf_disabled=1");
}

void Host::syncookies() {
  const auto& value = facts_.host.syncookies;
  const char* check = "syncookies";
  if (value == 2) return ok(check, "net.ipv4.tcp_syncookies = 2: challenges work");
  const std::string is =
      value ? fmt::format("net.ipv4.tcp_syncookies = {}", *value) : "there are no SYN cookies";
  if (!facts_.process.is_root && value)
    return ok(check, is + "; the agent sets it to 2 while challenges are wanted");
  if (facts_.host.can_set_syncookies)
    return ok(check, is + ": set to 2 while challenges are wanted, and back");
  add(Level::kWarning, check, is + " and cannot be set here: what would be challenged is dropped",
      "sysctl -w net.ipv4.tcp_syncookies=2, where that is allowed");
}

// It acts after Weir: on the answer to a challenge, which went out by the way its SYN came in.
void Host::rp_filter() {
  if (facts_.host.rp_filter != 1) return ok("rp_filter", "no strict reverse path filter for all");
  ok("rp_filter",
     "strict: clients whose way back is by another interface are dropped by it, challenged or not");
}

void Host::config() {
  const ConfigFacts& config = facts_.config;
  if (!config.is_there) return ok("config", config.file + " is not there: the defaults hold");
  if (config.error.empty()) return ok("config", config.file + " is valid");
  add(Level::kProblem, "config", config.error,
      config.hint.empty() ? "weir config check " + config.file : config.hint);
}

void Host::agent() {
  const AgentFacts& agent = facts_.agent;
  const std::string filtered = fmt::format("{}", fmt::join(agent.filtered, ", "));
  if (agent.answers) {
    if (agent.version != WEIR_VERSION)
      add(Level::kWarning, "agent",
          fmt::format("the agent is of version {}, this program of {}", agent.version,
                      WEIR_VERSION),
          "systemctl restart weir; filtering goes on meanwhile");
    else
      ok("agent", "answers at " + agent.socket);
    for (const std::string& problem : agent.problems)
      add(Level::kWarning, "agent", problem, "weir status");
  } else if (agent.is_forbidden) {
    add(Level::kWarning, "agent", "this user may not ask the agent at " + agent.socket,
        "sudo usermod -aG weir USER, then log in again");
  } else if (!agent.filtered.empty()) {
    add(Level::kWarning, "agent",
        fmt::format("none answers at {}; the data path still filters: {}", agent.socket, filtered),
        "systemctl start weir, or: weir run");
  } else {
    ok("agent", "none answers at " + agent.socket + ", and nothing is filtered");
  }
}

}  // namespace

std::vector<Finding> examine(const Facts& facts) {
  auto found = Host(facts).judge();
  for (const auto& interface : facts.interfaces)
    for (auto& finding : examine_interface(interface, facts.host.cpus))
      found.push_back(std::move(finding));
  return found;
}

std::size_t count(const std::vector<Finding>& findings, Level level) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [level](const Finding& finding) { return finding.level == level; }));
}

}  // namespace weir::doctor
