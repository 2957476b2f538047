// SPDX-License-Identifier: BSD-2-Clause
// What `weir doctor` makes of what it found out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "doctor/drivers.h"
#include "doctor/findings.h"
#include "output/layout.h"

namespace weir::doctor {
namespace {

using testing::HasSubstr;

InterfaceFacts good_interface() {
  InterfaceFacts interface;
  interface.name = "eth0";
  interface.driver = "ixgbe";
  interface.is_up = true;
  interface.mtu = 1500;
  interface.rx_queues = interface.tx_queues = 4;
  interface.addresses4 = 1;
  return interface;
}

// A machine on which nothing is wrong.
Facts good_facts() {
  Facts facts;
  facts.host.kernel = "6.1.0-31-amd64";
  facts.host.has_types = true;
  facts.host.probes = {{"XDP programs", "", true}, {"helper bpf_x", "challenges are off", true}};
  facts.host.jit = 1;
  facts.host.unprivileged = 2;
  facts.host.syncookies = 1;
  facts.host.can_set_syncookies = true;
  facts.host.rp_filter = 0;
  facts.host.cpus = 4;
  facts.process.is_root = facts.process.may_mount = true;
  facts.pins.directory = "/sys/fs/bpf/weir";
  facts.pins.parent = "/sys/fs/bpf";
  facts.pins.is_on_bpffs = true;
  facts.pins.owner = 0;
  facts.pins.mode = 0700;
  facts.config.file = "/etc/weir/weir.toml";
  facts.agent.socket = "/run/weir/weir.sock";
  facts.agent.answers = true;
  facts.agent.version = WEIR_VERSION;
  facts.interfaces = {good_interface()};
  return facts;
}

TEST(Doctor, FindsNothingWrongWithAGoodMachine) {
  for (const Finding& finding : examine(good_facts())) {
    EXPECT_EQ(finding.level, Level::kOk) << finding.area << " " << finding.check << finding.text;
    EXPECT_EQ(finding.remedy, "") << finding.check;
  }
}

struct Case {
  std::function<void(Facts&)> spoil;
  Level level;
  const char* check;
  const char* text;
  const char* remedy;
};

void expect_found(const Case& test) {
  Facts facts = good_facts();
  test.spoil(facts);
  const auto findings = examine(facts);
  std::vector<Finding> bad;
  for (const Finding& finding : findings)
    if (finding.level != Level::kOk) bad.push_back(finding);
  ASSERT_EQ(bad.size(), 1U) << test.check << " " << test.text;
  EXPECT_EQ(bad[0].level, test.level) << test.text;
  EXPECT_EQ(bad[0].check, test.check);
  EXPECT_THAT(bad[0].text, HasSubstr(test.text));
  EXPECT_THAT(bad[0].remedy, HasSubstr(test.remedy));
  EXPECT_FALSE(bad[0].remedy.empty());
}

TEST(Doctor, SaysWhatIsWrongWithTheHostAndHowToMendIt) {
  const Case cases[] = {
      {[](Facts& f) { f.host.kernel = "5.10.0-30-amd64"; }, Level::kProblem, "kernel", "5.10",
       "apt install"},
      {[](Facts& f) { f.host.kernel = "6.0.1"; }, Level::kProblem, "kernel", "6.1", "apt install"},
      {[](Facts& f) { f.host.kernel = "odd"; }, Level::kProblem, "kernel", "odd", "apt install"},
      {[](Facts& f) { f.host.has_types = false; }, Level::kProblem, "btf", "vmlinux", "mount"},
      {[](Facts& f) {
         f.process.missing = {"CAP_BPF", "CAP_PERFMON"};
       },
       Level::kProblem, "capabilities", "CAP_BPF, CAP_PERFMON", "capabilities"},
      {[](Facts& f) {
         f.process = {false, false, {"CAP_BPF"}};
       },
       Level::kWarning, "capabilities", "CAP_BPF", "sudo weir doctor"},
      {[](Facts& f) { f.host.probes[0].is_there = false; }, Level::kProblem, "bpf", "XDP programs",
       "CONFIG_BPF_SYSCALL"},
      {[](Facts& f) { f.host.probes[1].is_there = false; }, Level::kWarning, "bpf",
       "challenges are off", "kernel"},
      {[](Facts& f) { f.host.jit = 0; }, Level::kWarning, "jit", "slower", "bpf_jit_enable=1"},
      {[](Facts& f) { f.pins.is_on_bpffs = false; }, Level::kWarning, "bpffs", "/sys/fs/bpf",
       "mount -t bpf bpf /sys/fs/bpf"},
      {[](Facts& f) { f.pins.is_on_bpffs = f.process.may_mount = false; }, Level::kProblem, "bpffs",
       "/sys/fs/bpf", "mount -t bpf bpf /sys/fs/bpf"},
      {[](Facts& f) {
         f.pins.is_on_bpffs = f.pins.is_default = false;
         f.pins.parent = "/tmp";
       },
       Level::kProblem, "bpffs", "/tmp", "--pin-dir"},
      {[](Facts& f) { f.pins.mode = 0755; }, Level::kProblem, "pins", "0755",
       "chmod 700 /sys/fs/bpf/weir"},
      {[](Facts& f) { f.pins.owner = 1000; }, Level::kProblem, "pins", "1000", "rm -rf"},
      {[](Facts& f) { f.pins.is_directory = false; }, Level::kProblem, "pins", "no directory",
       "rm -rf"},
      {[](Facts& f) { f.host.unprivileged = 0; }, Level::kWarning, "unprivileged", "every user",
       "unprivileged_bpf_disabled=1"},
      {[](Facts& f) { f.host.can_set_syncookies = false; }, Level::kWarning, "syncookies",
       "dropped", "tcp_syncookies=2"},
      {[](Facts& f) {
         f.config.is_there = true;
         f.config.error = "weir.toml:3:1: unknown key";
       },
       Level::kProblem, "config", "weir.toml:3:1", "weir config check /etc/weir/weir.toml"},
      {[](Facts& f) { f.agent.version = "0.0.9"; }, Level::kWarning, "agent", "0.0.9",
       "systemctl restart weir"},
      {[](Facts& f) { f.agent.problems = {"eth0 is not filtered"}; }, Level::kWarning, "agent",
       "eth0 is not filtered", "weir status"},
      {[](Facts& f) {
         f.agent.answers = false;
         f.agent.is_forbidden = true;
       },
       Level::kWarning, "agent", "may not ask", "usermod -aG weir"},
      {[](Facts& f) {
         f.agent.answers = false;
         f.agent.filtered = {"eth0", "eth1"};
       },
       Level::kWarning, "agent", "still filters: eth0, eth1", "systemctl start weir"},
  };
  for (const Case& test : cases) expect_found(test);
}

TEST(Doctor, SaysWhatIsWrongWithAnInterfaceAndHowToMendIt) {
  const auto first = [](auto change) {
    return [change](Facts& facts) { change(facts.interfaces[0]); };
  };
  const Case cases[] = {
      {first([](InterfaceFacts& i) { i.exists = false; }), Level::kProblem, "interface",
       "no such interface", "ip -br link"},
      {first([](InterfaceFacts& i) { i.is_ethernet = false; }), Level::kProblem, "interface",
       "Ethernet", "filter the interface"},
      {first([](InterfaceFacts& i) { i.is_up = false; }), Level::kWarning, "link", "down",
       "ip link set dev eth0 up"},
      {first([](InterfaceFacts& i) { i.addresses4 = 0; }), Level::kWarning, "addresses", "none",
       "ip addr add"},
      {first([](InterfaceFacts& i) { i.mtu = 9000; }), Level::kWarning, "mtu", "9000",
       "ip link set dev eth0 mtu 3050"},
      {first([](InterfaceFacts& i) { i.driver = "e1000e"; }), Level::kWarning, "driver",
       "no native XDP", "--attach tc"},
      {first([](InterfaceFacts& i) { i.driver = "bridge"; }), Level::kWarning, "driver",
       "no native XDP", "ports"},
      {first([](InterfaceFacts& i) {
         i.driver = "ena";
         i.channels = 3;
         i.channels_max = 4;
       }),
       Level::kWarning, "queues", "3 of 4", "ethtool -L eth0 combined 2"},
      {first([](InterfaceFacts& i) {
         i.driver = "virtio_net";
         i.channels = i.channels_max = 8;
       }),
       Level::kWarning, "queues", "8 of 8", "ethtool -L eth0 combined 4"},
      {first([](InterfaceFacts& i) {
         i.driver = "virtio_net";
         i.gro_hw = true;
       }),
       Level::kWarning, "offloads", "GRO", "ethtool -K eth0 rx-gro-hw off"},
      {first([](InterfaceFacts& i) {
         i.driver = "mlx5_core";
         i.lro = true;
       }),
       Level::kWarning, "offloads", "LRO", "ethtool -K eth0 lro off"},
      {first([](InterfaceFacts& i) { i.has_vlans = *(i.rx_vlan = true); }), Level::kWarning, "vlan",
       "VLAN tags", "ethtool -K eth0 rxvlan off"},
      {first([](InterfaceFacts& i) {
         i.driver = "bonding";
         i.bond_mode = 6;
       }),
       Level::kWarning, "bond", "balance-alb", "802.3ad"},
      {first([](InterfaceFacts& i) {
         i.master = "bond0";
         i.master_kind = "bond";
       }),
       Level::kWarning, "port", "bond0", "weir attach bond0"},
      {first([](InterfaceFacts& i) {
         i.programs = {{"xdp (native)", 7, "someone_elses"}};
       }),
       Level::kProblem, "programs", "\"someone_elses\" (id 7)", "--attach tc"},
      {first([](InterfaceFacts& i) {
         i.programs = {{"xdp (native)", 7, "weir_xdp"}};  // another Weir's
       }),
       Level::kProblem, "programs", "\"weir_xdp\" (id 7)", "--attach tc"},
      {first([](InterfaceFacts& i) {
         i.programs = {{"xdp (generic)", 7, ""}};
       }),
       Level::kWarning, "programs", "of unknown name (id 7)", "sudo weir doctor eth0"},
      {first([](InterfaceFacts& i) { i.is_ours = true; }), Level::kWarning, "programs",
       "no program", "weir attach eth0"},
  };
  for (const Case& test : cases) expect_found(test);
}

TEST(Doctor, HasNothingAgainstWeirItselfNorAgainstFiltersBehindIt) {
  Facts facts = good_facts();
  facts.interfaces[0].is_ours = true;
  facts.interfaces[0].programs = {{"xdp (native)", 7, "weir_xdp"}, {"tc ingress", 8, "theirs"}};
  const auto findings = examine(facts);
  EXPECT_EQ(count(findings, Level::kProblem) + count(findings, Level::kWarning), 0U);
  EXPECT_THAT(findings_text(findings), HasSubstr("\"theirs\" (id 8)"));
}

TEST(Doctor, LimitsOfADriverHoldForNativeXdpOnly) {
  Facts facts = good_facts();
  facts.interfaces[0].driver = "macvlan";
  facts.interfaces[0].mtu = 9000;
  facts.interfaces[0].lro = facts.interfaces[0].gro_hw = true;
  EXPECT_EQ(count(examine(facts), Level::kWarning), 1U);
}

TEST(Doctor, KnowsTheDriversThatTheIssueNames) {
  for (const char* name : {"veth", "virtio_net", "ena", "mlx5_core", "ixgbe", "igb", "i40e",
                           "bonding", "loopback", "tun"})
    EXPECT_NE(find_driver(name), nullptr) << name;
  EXPECT_EQ(find_driver("made_up"), nullptr);
}

TEST(Doctor, WritesAHundredColumnsAtMostAndPrintsNothingThatMovesACursor) {
  Facts facts = good_facts();
  facts.host.kernel = "4.19";
  facts.pins.mode = 0777;
  facts.interfaces[0].programs = {{"xdp (native)", 7, "evil\x1b[2J"}};
  facts.config.is_there = true;
  facts.config.error =
      "weir.toml:1:1: a long and winding sentence about nothing, which goes on and "
      "on until the line has long been full, and then some more of it";
  const std::string text = findings_text(examine(facts));
  EXPECT_THAT(text, HasSubstr("4 problems, 0 warnings"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(layout::width(line), layout::kColumns) << line;
}

TEST(Doctor, JsonSaysTheSame) {
  Facts facts = good_facts();
  facts.host.jit = 0;
  facts.interfaces[0].exists = false;
  const auto document = findings_json(examine(facts));
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["ok"], false);
  EXPECT_EQ(document["problems"], 1);
  EXPECT_EQ(document["warnings"], 1);
  const auto& last = document["findings"].back();
  EXPECT_EQ(last["area"], "eth0");
  EXPECT_EQ(last["level"], "problem");
  EXPECT_EQ(last["remedy"], "ip -br link");
  EXPECT_TRUE(document["findings"][0]["remedy"].is_null());
}

}  // namespace
}  // namespace weir::doctor
