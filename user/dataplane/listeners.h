// SPDX-License-Identifier: BSD-2-Clause
// The sockets that listen in this network namespace. Linux takes SYN cookies that it has not sent
// itself only at a listener that has had to send one within the last two minutes
// (tcp_synq_no_recent_overflow); with net.ipv4.tcp_syncookies = 2 any SYN makes it do so. The data
// path lets one through now and then, but an attacker may choose what becomes of those.
#pragma once

#include <cstdint>
#include <istream>
#include <vector>

#include "base/address.h"

namespace weir {

struct Listener {
  Address address;  // 0.0.0.0 or :: for any
  std::uint16_t port = 0;
  bool operator==(const Listener&) const = default;
};

// The listeners in a file like /proc/net/tcp (proc_net_tcp.rst), which has them first.
std::vector<Listener> read_listeners(std::istream& file);
// All listeners of this network namespace, IPv4 and IPv6.
std::vector<Listener> listeners();
// Connects to a listener and resets the connection at once. Waits for nothing; errors are ignored.
void touch(const Listener& listener);

}  // namespace weir
