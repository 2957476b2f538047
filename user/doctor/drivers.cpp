// SPDX-License-Identifier: BSD-2-Clause
#include "doctor/drivers.h"

#include <algorithm>
#include <array>

namespace weir::doctor {
namespace {

constexpr const char* kBelow = "filter the interface below it, by which its packets come in";
constexpr const char* kMembers = "filter each of its ports, or take tc";

// By what is known of the drivers of Linux 6.1 (their .ndo_bpf); only veth's limit was tried here.
// With 4096-byte pages; one page holds a frame,
// 256 bytes of headroom and 320 of skb_shared_info. Where the code reckons with buffers of 3 KiB
// (ixgbe, i40e, ice, igb), 22 or 26 bytes of that are headers.
constexpr std::array kDrivers{
    Driver{.name = "veth",
           .has_native = true,
           .mtu = 3506,
           .note =
               "Replies and challenges that XDP sends reach the other end only when that has an "
               "XDP program too, or when its GRO is on."},
    Driver{.name = "virtio_net",
           .has_native = true,
           .mtu = 3506,
           .gro_hw_off = true,
           .queue_a_cpu = true},
    Driver{.name = "ena", .has_native = true, .mtu = 3498, .half_the_queues = true},
    Driver{.name = "gve", .has_native = true, .mtu = 2032, .half_the_queues = true},
    Driver{.name = "mlx5_core", .has_native = true, .mtu = 3498, .lro_off = true},
    Driver{.name = "mlx4_en", .has_native = true, .mtu = 3498},
    Driver{.name = "ixgbe",
           .has_native = true,
           .mtu = 3050,
           .note = "It refuses XDP while SR-IOV or DCB is on."},
    Driver{.name = "ixgbevf", .has_native = true, .mtu = 3050},
    Driver{.name = "igb", .has_native = true, .mtu = 3050},
    Driver{.name = "igc", .has_native = true, .mtu = 1500},
    Driver{.name = "i40e", .has_native = true, .mtu = 3046},
    Driver{.name = "ice", .has_native = true, .mtu = 3046},
    Driver{.name = "bnxt_en",
           .has_native = true,
           .mtu = 3498,
           .lro_off = true,
           .note = "It needs combined channels, not separate ones for receiving and sending.",
           .remedy = "ethtool -L {} rx 0 tx 0 combined N"},
    Driver{.name = "hv_netvsc", .has_native = true, .mtu = 3506, .lro_off = true},
    Driver{.name = "xen-netfront", .has_native = true, .mtu = 3818},
    Driver{.name = "stmmac", .has_native = true, .mtu = 1500},
    Driver{.name = "st_gmac", .has_native = true, .mtu = 1500},
    Driver{.name = "mvneta", .has_native = true, .mtu = 3498},
    Driver{.name = "mvpp2", .has_native = true, .mtu = 3498},
    Driver{.name = "nfp", .has_native = true, .mtu = 3498},
    Driver{.name = "qede", .has_native = true, .mtu = 3498, .lro_off = true},
    Driver{.name = "sfc", .has_native = true, .mtu = 3498},
    Driver{.name = "atlantic", .has_native = true, .lro_off = true},
    Driver{.name = "nicvf", .has_native = true, .mtu = 1500},
    Driver{.name = "tun", .has_native = true, .mtu = 3506},  // tap; tun itself has no Ethernet
    Driver{.name = "bonding",
           .has_native = true,
           .note = "Its ports must have native XDP too, and none a program of its own."},
    // What follows has none: tc is taken, or generic XDP when it is asked for.
    Driver{.name = "loopback", .has_native = false},
    Driver{.name = "bridge", .has_native = false, .remedy = kMembers},
    Driver{.name = "team", .has_native = false, .remedy = kMembers},
    Driver{.name = "macvlan", .has_native = false, .remedy = kBelow},
    Driver{.name = "ipvlan", .has_native = false, .remedy = kBelow},
    Driver{.name = "802.1Q VLAN Support", .has_native = false, .remedy = kBelow},
    Driver{.name = "vlan", .has_native = false, .remedy = kBelow},
    Driver{.name = "vxlan", .has_native = false, .remedy = kBelow},
    Driver{.name = "dummy", .has_native = false},
    Driver{.name = "ifb", .has_native = false},
    Driver{.name = "e1000", .has_native = false},
    Driver{.name = "e1000e", .has_native = false},
    Driver{.name = "r8169", .has_native = false},
    Driver{.name = "tg3", .has_native = false},
    Driver{.name = "bnx2", .has_native = false},
    Driver{.name = "bnx2x", .has_native = false},
    Driver{.name = "be2net", .has_native = false},
    Driver{.name = "atl1c", .has_native = false},
    Driver{.name = "alx", .has_native = false},
};

}  // namespace

const Driver* find_driver(std::string_view name) {
  const auto* found = std::find_if(kDrivers.begin(), kDrivers.end(),
                                   [&](const Driver& driver) { return name == driver.name; });
  return found == kDrivers.end() ? nullptr : found;
}

}  // namespace weir::doctor
