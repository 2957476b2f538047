// SPDX-License-Identifier: BSD-2-Clause
#include "host/links.h"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/netlink.h"

namespace weir {

Result<LinkWatch> LinkWatch::open() {
  Fd netlink = open_netlink(NETLINK_ROUTE);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (!netlink ||
      bind(netlink.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(ErrorCode::kSystem,
                fmt::format("watching for interfaces: {}", std::strerror(errno)));
  return LinkWatch(std::move(netlink));
}

void LinkWatch::drain() {
  char buffer[16384];
  // ENOBUFS says that some was lost, and that the rest can be read.
  while (recv(netlink_.get(), buffer, sizeof buffer, MSG_DONTWAIT) > 0 || errno == ENOBUFS)
    errno = 0;
}

}  // namespace weir
