// SPDX-License-Identifier: BSD-2-Clause
// Reading what the kernel lists by netlink(7): interfaces, routes, filters, sockets.
#pragma once

#include <linux/netlink.h>

#include <functional>

#include "base/fd.h"

namespace weir {

// A socket of a NETLINK_… protocol; empty, with errno, when there is none to be had.
Fd open_netlink(int protocol);

// Sends a request, whose header says how long it is and what it asks for, as one for a dump, and
// hands over each message of the answer. Never waits: the kernel makes each part of the answer
// when it is read. Returns 0, or an errno.
int dump_netlink(int netlink, nlmsghdr& request, const std::function<void(const nlmsghdr&)>& take);

}  // namespace weir
