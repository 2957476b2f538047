// SPDX-License-Identifier: BSD-2-Clause
// What the host must do for challenges to work: take SYN cookies that it has not sent itself. Linux
// does with net.ipv4.tcp_syncookies = 2 (for IPv6 too); what it was before is kept in the pinned
// control block and comes back when nothing needs it any more. Per network namespace.
#pragma once

#include "base/result.h"
#include "weir/abi.h"

namespace weir {

// kSystem, with what to do, where the setting cannot be made.
Status take_syncookies(weir_control& control);
void restore_syncookies(weir_control& control);
// Whether the setting is still what challenges need.
bool are_syncookies_taken();

}  // namespace weir
