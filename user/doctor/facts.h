// SPDX-License-Identifier: BSD-2-Clause
// What `weir doctor` found out about a machine, before it is judged. Plain data; an optional that
// is empty stands for what this user may not ask, or what the kernel would not say.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weir::doctor {

// One thing that the data path needs of the kernel.
struct Probe {
  std::string name;    // "helper skc_lookup_tcp"
  std::string if_not;  // what then does not work; empty: nothing does
  std::optional<bool> is_there;
};

struct HostFacts {
  std::string kernel;               // uname -r
  bool has_types = false;           // BTF
  std::vector<Probe> probes;        // empty: may not be tried
  std::optional<int> jit;           // net.core.bpf_jit_enable
  std::optional<int> unprivileged;  // kernel.unprivileged_bpf_disabled
  std::optional<int> syncookies;    // net.ipv4.tcp_syncookies
  bool can_set_syncookies = false;
  std::optional<int> rp_filter;  // net.ipv4.conf.all.rp_filter
  unsigned cpus = 1;
};

struct ProcessFacts {
  bool is_root = false;
  bool may_mount = false;
  std::vector<std::string> missing;  // capabilities
};

struct PinFacts {
  std::string directory;
  std::string parent;  // what must be a bpf file system
  bool is_default = true;
  bool is_on_bpffs = false;
  // Of the directory itself, when it is there and its parent may be entered.
  std::optional<unsigned> owner, mode;
  bool is_directory = true;
  unsigned expected_owner = 0;
};

struct ConfigFacts {
  std::string file;
  bool is_there = false;
  std::string error, hint;
};

struct AgentFacts {
  std::string socket;
  bool answers = false;
  bool is_forbidden = false;
  std::string version;
  std::vector<std::string> problems;  // its own
  std::vector<std::string> filtered;  // interfaces, by the pins
};

// A BPF program on an interface.
struct Program {
  std::string hook;  // "xdp", "tc ingress", "tcx egress" …
  unsigned id = 0;
  std::string name;  // may be empty
};

struct InterfaceFacts {
  std::string name;
  bool exists = true;
  bool is_ethernet = true;
  bool is_loopback = false;
  bool is_up = false;
  std::string kind;    // of rtnetlink: "veth", "bond", …; empty for hardware
  std::string driver;  // as ethtool -i says; or the kind
  unsigned mtu = 0;
  unsigned rx_queues = 0, tx_queues = 0;
  unsigned channels = 0, channels_max = 0;  // ethtool -l: those in use; 0: not told
  std::optional<bool> lro, gro_hw, rx_vlan;
  bool has_vlans = false;             // VLAN interfaces lie on it
  std::string master, master_kind;    // the bridge or bond that it is a port of
  std::optional<unsigned> bond_mode;  // of a bond
  unsigned addresses4 = 0, addresses6 = 0;
  std::vector<Program> programs;
  bool is_ours = false;  // the pins say that Weir filters it
};

struct Facts {
  HostFacts host;
  ProcessFacts process;
  PinFacts pins;
  ConfigFacts config;
  AgentFacts agent;
  std::vector<InterfaceFacts> interfaces;
};

}  // namespace weir::doctor
