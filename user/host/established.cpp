// SPDX-License-Identifier: BSD-2-Clause
#include "host/established.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/fd.h"

namespace weir {
namespace {

constexpr unsigned kEstablished = 1;  // TCP_ESTABLISHED of the kernel's tcp_states.h

Address address_of(const inet_diag_msg& socket) {
  std::array<std::uint8_t, 16> bytes{};
  if (socket.idiag_family == AF_INET) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, socket.id.idiag_dst, 4);
  } else {
    std::memcpy(bytes.data(), socket.id.idiag_dst, bytes.size());
  }
  return Address(bytes);
}

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
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
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

void add_peers(int netlink, int family, std::uint16_t port, std::vector<Address>& peers) {
  const Request request = request_for(family, port);
  if (send(netlink, &request, sizeof request, 0) < 0) return;
  alignas(nlmsghdr) char buffer[32768];
  for (;;) {
    const ssize_t size = recv(netlink, buffer, sizeof buffer, 0);
    if (size <= 0) return;
    auto length = static_cast<unsigned>(size);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(message, length);
         message = NLMSG_NEXT(message, length)) {
      if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY) return;  // the end, or an error
      peers.push_back(address_of(*static_cast<const inet_diag_msg*>(NLMSG_DATA(message))));
    }
  }
}

}  // namespace

std::vector<Address> established_peers(const std::vector<std::uint16_t>& local_ports) {
  std::vector<Address> peers;
  const Fd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink) return peers;
  const timeval patience{1, 0};
  setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  for (const std::uint16_t port : local_ports)
    for (const int family : {AF_INET, AF_INET6}) add_peers(netlink.get(), family, port, peers);
  std::sort(peers.begin(), peers.end());
  peers.erase(std::unique(peers.begin(), peers.end()), peers.end());
  return peers;
}

}  // namespace weir
