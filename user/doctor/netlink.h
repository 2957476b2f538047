// SPDX-License-Identifier: BSD-2-Clause
// Reading what the kernel lists by rtnetlink(7).
#pragma once

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "base/fd.h"

namespace weir::doctor {

using Attributes = std::map<unsigned, const rtattr*>;  // by type; points into the message

Attributes attributes_in(const void* start, std::size_t length);
Attributes nested(const Attributes& in, unsigned type);
// What is not there reads as empty, or 0.
std::string text_of(const Attributes& in, unsigned type);
unsigned number_of(const Attributes& in, unsigned type);

// Sends a dump request and hands over each message of the answer.
template <typename Body>
void dump(__u16 type, const Body& body, const std::function<void(const nlmsghdr&)>& take) {
  const Fd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  struct {
    nlmsghdr header;
    Body body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body = body;
  if (!netlink || send(netlink.get(), &request, sizeof request, 0) < 0) return;
  for (;;) {
    alignas(nlmsghdr) char buffer[32768];
    const ssize_t received = recv(netlink.get(), buffer, sizeof buffer, 0);
    if (received <= 0) return;
    auto left = static_cast<unsigned>(received);
    for (const auto* header = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return;
      take(*header);
    }
  }
}

template <typename Body>
Attributes attributes_of(const nlmsghdr& message) {
  return attributes_in(static_cast<const char*>(NLMSG_DATA(&message)) + NLMSG_ALIGN(sizeof(Body)),
                       NLMSG_PAYLOAD(&message, NLMSG_ALIGN(sizeof(Body))));
}

}  // namespace weir::doctor
