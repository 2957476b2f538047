// SPDX-License-Identifier: BSD-2-Clause
// Reading what the kernel lists by rtnetlink(7).
#pragma once

#include <linux/rtnetlink.h>

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "base/netlink.h"

namespace weir::doctor {

using Attributes = std::map<unsigned, const rtattr*>;  // by type; points into the message

Attributes attributes_in(const void* start, std::size_t length);
Attributes nested(const Attributes& in, unsigned type);
// What is not there reads as empty, or 0.
std::string text_of(const Attributes& in, unsigned type);
unsigned number_of(const Attributes& in, unsigned type);

// Hands over each message of what the kernel lists; what it does not tell is left out.
template <typename Body>
void dump(__u16 type, const Body& body, const std::function<void(const nlmsghdr&)>& take) {
  struct {
    nlmsghdr header;
    Body body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = type;
  request.body = body;
  (void)dump_netlink(open_netlink(NETLINK_ROUTE).get(), request.header, take);
}

template <typename Body>
Attributes attributes_of(const nlmsghdr& message) {
  return attributes_in(static_cast<const char*>(NLMSG_DATA(&message)) + NLMSG_ALIGN(sizeof(Body)),
                       NLMSG_PAYLOAD(&message, NLMSG_ALIGN(sizeof(Body))));
}

}  // namespace weir::doctor
