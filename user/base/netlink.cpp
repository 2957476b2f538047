// SPDX-License-Identifier: BSD-2-Clause
#include "base/netlink.h"

#include <sys/socket.h>

#include <cerrno>

namespace weir {

Fd open_netlink(int protocol) { return Fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)); }

int dump_netlink(int netlink, nlmsghdr& request, const std::function<void(const nlmsghdr&)>& take) {
  request.nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
  if (send(netlink, &request, request.nlmsg_len, 0) < 0) return errno;
  alignas(nlmsghdr) char buffer[32768];  // the kernel fills no more at a time
  for (;;) {
    const ssize_t size = recv(netlink, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size < 0) return errno;
    auto length = static_cast<unsigned>(size);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(message, length);
         message = NLMSG_NEXT(message, length)) {
      if (message->nlmsg_seq != request.nlmsg_seq) continue;  // of what was asked before
      if (message->nlmsg_type == NLMSG_DONE) return 0;
      if (message->nlmsg_type == NLMSG_ERROR)
        return -static_cast<const nlmsgerr*>(NLMSG_DATA(message))->error;
      take(*message);
    }
  }
}

}  // namespace weir
