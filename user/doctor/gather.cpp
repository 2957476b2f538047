// SPDX-License-Identifier: BSD-2-Clause
#include "doctor/gather.h"

#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/client.h"
#include "config/load.h"
#include "dataplane/kernel_object.h"
#include "dataplane/pins.h"
#include "dataplane/privileges.h"
#include "doctor/links.h"
#include "output/document.h"

namespace weir::doctor {
namespace {

constexpr const char* kSyncookies = "/proc/sys/net/ipv4/tcp_syncookies";

std::optional<int> read_number(const std::string& path) {
  std::ifstream file(path);
  int number = 0;
  if (!(file >> number)) return std::nullopt;
  return number;
}

std::optional<bool> told(int answer) {
  return answer < 0 ? std::nullopt : std::optional(answer == 1);
}

struct Helper {
  bpf_prog_type program;
  bpf_func_id id;
  const char* name;
  const char* if_not;
};

// What bpf/ calls; those that every program of any age has are not asked for.
std::vector<Probe> try_bpf() {
  std::vector<Probe> probes{
      {"XDP programs", "", told(libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, nullptr))},
      {"tc programs", "interfaces without native XDP cannot be filtered by tc",
       told(libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, nullptr))},
      {"LPM tries", "", told(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_LPM_TRIE, nullptr))},
      {"ring buffers", "", told(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nullptr))},
  };
  constexpr const char* kChallenges = "SYNs cannot be challenged and are dropped";
  const Helper helpers[] = {
      {BPF_PROG_TYPE_XDP, BPF_FUNC_skc_lookup_tcp, "skc_lookup_tcp", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_skc_to_tcp_sock, "skc_to_tcp_sock", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_skc_to_tcp_request_sock, "skc_to_tcp_request_sock", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_ktime_get_boot_ns, "ktime_get_boot_ns", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_jiffies64, "jiffies64", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_ringbuf_reserve, "ringbuf_reserve", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_loop, "loop", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, "xdp_load_bytes", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_store_bytes, "xdp_store_bytes", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_adjust_head, "xdp_adjust_head", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_adjust_tail, "xdp_adjust_tail", ""},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_tcp_raw_gen_syncookie_ipv4, "tcp_raw_gen_syncookie_ipv4",
       kChallenges},
      {BPF_PROG_TYPE_XDP, BPF_FUNC_tcp_raw_check_syncookie_ipv4, "tcp_raw_check_syncookie_ipv4",
       kChallenges},
      {BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skb_load_bytes, "skb_load_bytes", ""},
      {BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skb_pull_data, "skb_pull_data", ""},
  };
  for (const Helper& helper : helpers)
    probes.push_back({std::string("helper bpf_") + helper.name, helper.if_not,
                      told(libbpf_probe_bpf_helper(helper.program, helper.id, nullptr))});
  return probes;
}

HostFacts look_at_host(bool may_try) {
  HostFacts host;
  utsname name{};
  if (uname(&name) == 0) host.kernel = name.release;
  host.has_types = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
  if (may_try) host.probes = try_bpf();
  host.jit = read_number("/proc/sys/net/core/bpf_jit_enable");
  host.unprivileged = read_number("/proc/sys/kernel/unprivileged_bpf_disabled");
  host.syncookies = read_number(kSyncookies);
  host.can_set_syncookies = access(kSyncookies, W_OK) == 0;
  host.rp_filter = read_number("/proc/sys/net/ipv4/conf/all/rp_filter");
  host.cpus = std::max(1u, std::thread::hardware_concurrency());
  return host;
}

PinFacts look_at_pins(const std::string& directory) {
  PinFacts pins;
  pins.directory = directory;
  pins.parent = std::filesystem::path(directory).parent_path().string();
  pins.is_default = pins.parent == "/sys/fs/bpf";
  struct statfs info {};
  pins.is_on_bpffs = statfs(pins.parent.c_str(), &info) == 0 && info.f_type == BPF_FS_MAGIC;
  // What is seen without privileges was made by the service, which is root.
  pins.expected_owner = 0;
  struct stat found {};
  if (lstat(directory.c_str(), &found) != 0) return pins;
  pins.owner = found.st_uid;
  pins.mode = found.st_mode & 07777;
  pins.is_directory = S_ISDIR(found.st_mode);
  if (geteuid() != 0 && found.st_uid == geteuid()) pins.expected_owner = geteuid();
  return pins;
}

AgentFacts ask_agent(const std::string& socket, const std::string& pin_dir) {
  AgentFacts agent;
  agent.socket = socket;
  agent.filtered = pinned_interfaces(pin_dir);
  constexpr int kPatience = 3;
  const auto response = Client(socket, kPatience).call("GET", "/v1/status");
  if (!response) {
    agent.is_forbidden = response.error().code == ErrorCode::kPermission;
    return agent;
  }
  const auto status = document::Json::parse(response->body, nullptr, false);
  if (!status.is_object()) return agent;
  agent.answers = true;
  agent.version = document::text(status, "version");
  for (const auto& problem : document::member(status, "problems"))
    if (problem.is_string()) agent.problems.push_back(problem.get<std::string>());
  for (const auto& interface : document::member(status, "interfaces"))
    agent.filtered.push_back(document::text(interface, "name"));
  std::sort(agent.filtered.begin(), agent.filtered.end());
  agent.filtered.erase(std::unique(agent.filtered.begin(), agent.filtered.end()),
                       agent.filtered.end());
  return agent;
}

}  // namespace

Facts gather(const Where& where) {
  keep_libbpf_words();
  Facts facts;
  facts.process.is_root = geteuid() == 0;
  facts.process.missing = missing_capabilities();
  facts.process.may_mount = has_capability(CAP_SYS_ADMIN);
  facts.host = look_at_host(facts.process.missing.empty());
  facts.pins = look_at_pins(where.pin_dir);
  facts.agent = ask_agent(where.socket, where.pin_dir);

  std::vector<std::string> configured;
  facts.config.file = where.config;
  facts.config.is_there = access(where.config.c_str(), F_OK) == 0;
  if (facts.config.is_there) {
    if (const auto loaded = load_settings(where.config)) {
      configured = loaded->settings.interfaces;
    } else {
      facts.config.error = loaded.error().message;
      facts.config.hint = loaded.error().hint;
    }
  }

  std::vector<std::string> names{where.interface};
  if (where.interface.empty()) {
    names = facts.agent.filtered;
    names.insert(names.end(), configured.begin(), configured.end());
    if (names.empty()) names = default_interfaces();
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  }
  facts.interfaces = look_at_interfaces(names);
  for (auto& interface : facts.interfaces)
    interface.is_ours = std::binary_search(facts.agent.filtered.begin(), facts.agent.filtered.end(),
                                           interface.name);
  return facts;
}

}  // namespace weir::doctor
