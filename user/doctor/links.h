// SPDX-License-Identifier: BSD-2-Clause
// The interfaces of this network namespace, asked by rtnetlink(7) and ethtool's ioctl. Not by
// /sys, which shows the namespace that it was mounted in.
#pragma once

#include <string>
#include <vector>

#include "doctor/facts.h"

namespace weir::doctor {

// One whose name is not there has exists = false.
std::vector<InterfaceFacts> look_at_interfaces(const std::vector<std::string>& names);
// Those that a default route leads to.
std::vector<std::string> default_interfaces();

}  // namespace weir::doctor
