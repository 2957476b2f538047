// SPDX-License-Identifier: BSD-2-Clause
#include "doctor/interface_findings.h"

#include <fmt/format.h>

#include <array>

#include "doctor/drivers.h"

namespace weir::doctor {
namespace {

constexpr const char* kFallback = "tc is taken instead";

class Interface {
 public:
  Interface(const InterfaceFacts& facts, unsigned cpus)
      : facts_(facts), cpus_(cpus), driver_(find_driver(facts.driver)) {}

  std::vector<Finding> judge() {
    if (!presence()) return std::move(found_);
    link();
    addresses();
    driver();
    if (driver_ != nullptr && driver_->has_native) {
      mtu();
      queues();
      offloads();
      bond();
    }
    port();
    vlans();
    programs();
    return std::move(found_);
  }

 private:
  void add(Level level, const char* check, std::string text, std::string remedy = {}) {
    found_.push_back({level, facts_.name, check, std::move(text), std::move(remedy)});
  }
  void ok(const char* check, std::string text) { add(Level::kOk, check, std::move(text)); }
  void warn(const char* check, std::string text, std::string remedy) {
    add(Level::kWarning, check, std::move(text), std::move(remedy));
  }

  bool presence();
  void link();
  void addresses();
  void driver();
  void mtu();
  void queues();
  void offloads();
  void bond();
  void port();
  void vlans();
  void programs();

  const InterfaceFacts& facts_;
  unsigned cpus_;
  const Driver* driver_;
  std::vector<Finding> found_;
};

bool Interface::presence() {
  if (!facts_.exists) {
    add(Level::kProblem, "interface", "there is no such interface in this network namespace",
        "ip -br link");
    return false;
  }
  if (!facts_.is_ethernet && !facts_.is_loopback) {
    add(Level::kProblem, "interface", "it carries no Ethernet frames, which Weir parses",
        "filter the interface that its packets come in by");
    return false;
  }
  return true;
}

void Interface::link() {
  if (facts_.is_up) return ok("link", "up");
  warn("link", "it is down", "ip link set dev " + facts_.name + " up");
}

void Interface::addresses() {
  if (!facts_.master.empty()) return;
  if (facts_.addresses4 + facts_.addresses6 > 0)
    return ok("addresses", fmt::format("{} IPv4, {} IPv6", facts_.addresses4, facts_.addresses6));
  warn("addresses", "it has none: no client reaches this host by it",
       "ip addr add ADDRESS/LEN dev " + facts_.name);
}

void Interface::driver() {
  if (driver_ == nullptr)
    return ok("driver",
              fmt::format("{}: not known to Weir; `weir attach` tries native XDP, then tc",
                          facts_.driver.empty() ? "unnamed" : facts_.driver));
  if (driver_->has_native) {
    ok("driver", facts_.driver + ": native XDP");
    if (*driver_->note == '\0') return;
    if (*driver_->remedy == '\0') return ok("driver", driver_->note);
    return warn("driver", driver_->note, fmt::format(fmt::runtime(driver_->remedy), facts_.name));
  }
  warn("driver", fmt::format("{} has no native XDP: {}", facts_.driver, kFallback),
       *driver_->remedy == '\0' ? "weir attach " + facts_.name + " --attach tc, to have it chosen"
                                : driver_->remedy);
}

void Interface::mtu() {
  if (driver_->mtu == 0 || facts_.mtu <= driver_->mtu)
    return ok("mtu", fmt::format("{}", facts_.mtu));
  warn("mtu",
       fmt::format("{} is more than native XDP takes with {}, which is about {}: {}", facts_.mtu,
                   facts_.driver, driver_->mtu, kFallback),
       fmt::format("ip link set dev {} mtu {}", facts_.name, driver_->mtu));
}

void Interface::queues() {
  const unsigned used = facts_.channels, most = facts_.channels_max;
  if (driver_->half_the_queues && most > 0 && used * 2 > most)
    return warn("queues",
                fmt::format("{} of {} channels are in use; with XDP {} takes half of them: {}",
                            used, most, facts_.driver, kFallback),
                fmt::format("ethtool -L {} combined {}", facts_.name, most > 1 ? most / 2 : 1));
  if (driver_->queue_a_cpu && most > 0 && used + cpus_ > most)
    return warn("queues",
                fmt::format("{} of {} queue pairs are in use: none is left for what XDP sends on "
                            "each of {} CPUs, so it is sent under a lock",
                            used, most, cpus_),
                most > cpus_ ? fmt::format("ethtool -L {} combined {}", facts_.name, most - cpus_)
                             : "give the machine more queues (QEMU: queues=, mq=on)");
  ok("queues", fmt::format("{} for receiving, {} for sending", facts_.rx_queues, facts_.tx_queues));
}

void Interface::offloads() {
  bool fine = true;
  if (driver_->lro_off && facts_.lro.value_or(false)) {
    fine = false;
    warn("offloads", fmt::format("LRO is on, with which {} refuses XDP", facts_.driver),
         fmt::format("ethtool -K {} lro off", facts_.name));
  }
  if (driver_->gro_hw_off && facts_.gro_hw.value_or(false)) {
    fine = false;
    warn("offloads",
         fmt::format("GRO by the device is on, with which {} may refuse XDP", facts_.driver),
         fmt::format("ethtool -K {} rx-gro-hw off", facts_.name));
  }
  if (fine) ok("offloads", "none that is in the way");
}

// bond_xdp_check() of drivers/net/bonding: these modes have an XDP path.
void Interface::bond() {
  if (!facts_.bond_mode) return;
  constexpr std::array kNames{"balance-rr", "active-backup", "balance-xor", "broadcast",
                              "802.3ad",    "balance-tlb",   "balance-alb"};
  const unsigned mode = *facts_.bond_mode;
  const std::string name = mode < kNames.size() ? kNames[mode] : fmt::format("{}", mode);
  if (mode == 0 || mode == 1 || mode == 2 || mode == 4) return ok("bond", "mode " + name);
  warn("bond", fmt::format("in mode {} a bond has no native XDP: {}", name, kFallback),
       "filter each of its ports, or use the mode active-backup or 802.3ad");
}

void Interface::port() {
  if (facts_.master.empty()) return;
  if (facts_.master_kind == "bond")
    return warn("port", fmt::format("it is a port of {}", facts_.master),
                fmt::format("filter {} instead: weir attach {}", facts_.master, facts_.master));
  ok("port", "it is a port of " + facts_.master);
}

// A tag that the card took off is not in the frame that XDP sees and sends back.
void Interface::vlans() {
  if (!facts_.has_vlans || !facts_.rx_vlan.value_or(false)) return;
  if (driver_ == nullptr || !driver_->has_native) return;
  warn("vlan",
       "the card takes VLAN tags off: answers that XDP sends (challenge, reply, reset) would lack "
       "them",
       fmt::format("ethtool -K {} rxvlan off", facts_.name));
}

void Interface::programs() {
  bool fine = true;
  for (const Program& program : facts_.programs) {
    const std::string what = fmt::format(
        "{} runs program {} (id {})", program.hook,
        program.name.empty() ? "of unknown name" : "\"" + program.name + "\"", program.id);
    const bool is_weir = program.name.rfind("weir_", 0) == 0 || program.name.empty();
    if (is_weir && facts_.is_ours) {
      ok("programs", what + ": Weir");
      fine = false;
    } else if (program.hook.rfind("xdp", 0) == 0 && program.name.empty()) {
      fine = false;  // it may even be Weir's: who may not ask for names may not see its pins
      warn("programs", what, "sudo weir doctor " + facts_.name);
    } else if (program.hook.rfind("xdp", 0) == 0) {
      fine = false;
      add(Level::kProblem, "programs", what + ", and Weir never takes it away",
          fmt::format("weir attach {0} --attach tc runs beside it; or, if nobody needs it: ip link "
                      "set dev {0} xdp off",
                      facts_.name));
    } else {
      fine = false;
      ok("programs", what + ", which sees what Weir lets pass");
    }
  }
  if (facts_.is_ours && facts_.programs.empty()) {
    fine = false;
    warn("programs", "the pins say that Weir filters it, but the kernel runs no program here",
         "weir attach " + facts_.name);
  }
  if (fine) ok("programs", "no other BPF program on it");
}

}  // namespace

std::vector<Finding> examine_interface(const InterfaceFacts& interface, unsigned cpus) {
  return Interface(interface, cpus).judge();
}

}  // namespace weir::doctor
