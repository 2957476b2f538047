// SPDX-License-Identifier: BSD-2-Clause
// Who has connections to this host: sock_diag(7), as `ss` asks.
#pragma once

#include <cstdint>
#include <vector>

#include "base/address.h"

namespace weir {

// The other ends of established TCP connections to these ports of this network namespace, each
// once. Empty also when the kernel does not tell.
std::vector<Address> established_peers(const std::vector<std::uint16_t>& local_ports);

}  // namespace weir
