// SPDX-License-Identifier: BSD-2-Clause
#include "host/established.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>

#include "base/netlink.h"

namespace weir {
namespace {

constexpr unsigned kEstablished = 1;  // TCP_ESTABLISHED of the kernel's tcp_states.h

// The kernel's filter: only sockets with this local port cross over (inet_diag_bc_op).
struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
  nlattr attribute;
  inet_diag_bc_op at_least, low, at_most, high;
};

Request request_for(int family, std::uint16_t port) {
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.body.sdiag_family = static_cast<__u8>(family);
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = 1u << kEstablished;
  constexpr __u16 kOps = 4 * sizeof(inet_diag_bc_op);
  request.attribute = {static_cast<__u16>(sizeof(nlattr) + kOps), INET_DIAG_REQ_BYTECODE};
  // Two operations each: the second one's `no` is the port. Beyond the end: not wanted.
  request.at_least = {INET_DIAG_BC_S_GE, 8, static_cast<__u16>(kOps + 4)};
  request.low = {INET_DIAG_BC_NOP, 4, port};
  request.at_most = {INET_DIAG_BC_S_LE, 8, static_cast<__u16>(kOps / 2 + 4)};
  request.high = {INET_DIAG_BC_NOP, 4, port};
  return request;
}

}  // namespace

std::vector<Address> established_peers(const std::vector<std::uint16_t>& local_ports) {
  std::vector<Address> peers;
  const Fd netlink = open_netlink(NETLINK_SOCK_DIAG);
  for (const std::uint16_t port : local_ports)
    for (const int family : {AF_INET, AF_INET6}) {
      Request request = request_for(family, port);
      (void)dump_netlink(netlink.get(), request.header, [&](const nlmsghdr& message) {
        const auto& socket = *static_cast<const inet_diag_msg*>(NLMSG_DATA(&message));
        peers.push_back(Address::in_packet(family == AF_INET6, socket.id.idiag_dst));
      });
    }
  std::sort(peers.begin(), peers.end());
  peers.erase(std::unique(peers.begin(), peers.end()), peers.end());
  return peers;
}

}  // namespace weir
