// SPDX-License-Identifier: BSD-2-Clause
// The kernel answers within sendmsg(2), so nothing here waits.
#include "dataplane/sockets.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/netlink.h"

namespace weir {
namespace {

// TCP states of the kernel's tcp_states.h, which is not for programs.
constexpr int kEstablished = 1, kSynRecv = 3, kFinWait1 = 4, kFinWait2 = 5, kCloseWait = 8,
              kLastAck = 9, kListen = 10, kClosing = 11;
// Those in which a client holds something of the host's; requests that are not accepted yet too.
constexpr __u32 kOpen = 1U << kEstablished | 1U << kSynRecv | 1U << kFinWait1 | 1U << kFinWait2 |
                        1U << kCloseWait | 1U << kLastAck | 1U << kClosing;
constexpr int kMapped = 12;  // bytes before the IPv4 address in a v4-mapped one

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

Request request_for(const Connection& connection, int family) {
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.body.sdiag_family = static_cast<__u8>(family);
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = ~0u;
  inet_diag_sockid& id = request.body.id;
  id.idiag_sport = htons(connection.local_port);
  id.idiag_dport = htons(connection.remote_port);
  const int start = family == AF_INET ? kMapped : 0;
  std::memcpy(id.idiag_src, connection.local.bytes().data() + start, 16U - start);
  std::memcpy(id.idiag_dst, connection.remote.bytes().data() + start, 16U - start);
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return request;
}

struct Answer {
  int error = 0;  // of errno's, or 0
  std::optional<inet_diag_msg> socket;
};

// Sends a request and reads its answer, which is there by then.
Answer ask(int netlink, Request& request) {
  if (send(netlink, &request, sizeof request, 0) < 0) return {errno, std::nullopt};
  alignas(nlmsghdr) char buffer[8192];
  for (;;) {
    const ssize_t size = recv(netlink, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size < 0) return {errno, std::nullopt};
    auto length = static_cast<unsigned>(size);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(message, length);
         message = NLMSG_NEXT(message, length)) {
      if (message->nlmsg_seq != request.header.nlmsg_seq) continue;
      const void* data = NLMSG_DATA(message);
      if (message->nlmsg_type == NLMSG_ERROR)
        return {-static_cast<const nlmsgerr*>(data)->error, std::nullopt};
      if (message->nlmsg_type == SOCK_DIAG_BY_FAMILY)
        return {0, *static_cast<const inet_diag_msg*>(data)};
    }
  }
}

Status outcome(int error) {
  const std::string doing = "closing a client's connection";
  switch (error) {
    case 0:
    case ENOENT:
    case ESTALE:  // gone, and another in its place
      return {};
    case EOPNOTSUPP:
      return fail(ErrorCode::kUnavailable, doing + ": this kernel cannot",
                  "it takes CONFIG_INET_DIAG_DESTROY, which Debian's kernels have");
    case EPERM:
      return fail(ErrorCode::kPermission, doing + ": not permitted", "it takes CAP_NET_ADMIN");
    default:
      return fail(ErrorCode::kSystem, doing + ": " + std::strerror(error));
  }
}

}  // namespace

Status SocketCloser::open() {
  if (!netlink_) netlink_ = open_netlink(NETLINK_SOCK_DIAG);
  return netlink_ ? Status{} : outcome(errno);
}

Status SocketCloser::close_each(const std::function<bool(const Connection&)>& is_wanted) {
  if (auto opened = open(); !opened) return opened;
  int error = 0;
  for (const int family : {AF_INET, AF_INET6}) {
    std::vector<Request> endings;
    const auto visit = [&](const nlmsghdr& message) {
      const auto& socket = *static_cast<const inet_diag_msg*>(NLMSG_DATA(&message));
      const inet_diag_sockid& id = socket.id;
      // Older kernels cannot end what waits in FIN_WAIT2 without an owner. It goes by itself.
      if (socket.idiag_state == kFinWait2 && socket.idiag_inode == 0) return;
      if (!is_wanted({Address::in_packet(family == AF_INET6, id.idiag_src),
                      Address::in_packet(family == AF_INET6, id.idiag_dst), ntohs(id.idiag_sport),
                      ntohs(id.idiag_dport)}))
        return;
      Request& request = endings.emplace_back();
      request.header.nlmsg_len = sizeof request;
      request.header.nlmsg_type = SOCK_DESTROY;
      request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
      request.body.sdiag_family = static_cast<__u8>(family);
      request.body.sdiag_protocol = IPPROTO_TCP;
      request.body.idiag_states = ~0u;
      request.body.id = id;  // with the cookie: no other that came in its place
    };
    Request listing{};
    listing.header.nlmsg_len = sizeof listing;
    listing.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    listing.header.nlmsg_seq = ++sequence_;
    listing.body.sdiag_family = static_cast<__u8>(family);
    listing.body.sdiag_protocol = IPPROTO_TCP;
    listing.body.idiag_states = kOpen;
    if (const int failed = dump_netlink(netlink_.get(), listing.header, visit)) {
      error = failed;
      continue;
    }
    for (Request& request : endings) {
      request.header.nlmsg_seq = ++sequence_;
      if (const int failed = ask(netlink_.get(), request).error; !outcome(failed)) error = failed;
    }
  }
  return outcome(error);
}

Status SocketCloser::close(const Connection& connection) {
  if (auto opened = open(); !opened) return opened;
  const int family = connection.remote.is_v4() ? AF_INET : AF_INET6;
  Request request = request_for(connection, family);
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_seq = ++sequence_;
  Answer found = ask(netlink_.get(), request);
  if (found.error == ENOENT && family == AF_INET) {  // a socket of a dual-stack listener
    request.body = request_for(connection, AF_INET6).body;
    request.header.nlmsg_seq = ++sequence_;
    found = ask(netlink_.get(), request);
  }
  if (!found.socket) return outcome(found.error);
  // Where there is no connection the kernel finds the listener. Ending that would end the server;
  // so the state is looked at first, and the cookie then says which socket was meant.
  if (found.socket->idiag_state == kListen) return {};
  std::memcpy(request.body.id.idiag_cookie, found.socket->id.idiag_cookie,
              sizeof request.body.id.idiag_cookie);
  request.header.nlmsg_type = SOCK_DESTROY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.header.nlmsg_seq = ++sequence_;
  return outcome(ask(netlink_.get(), request).error);
}

}  // namespace weir
