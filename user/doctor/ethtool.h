// SPDX-License-Identifier: BSD-2-Clause
// What a driver answers to ethtool's ioctl: its name, channels and offloads.
#pragma once

#include "doctor/facts.h"

namespace weir::doctor {

void add_ethtool(InterfaceFacts& facts);

}  // namespace weir::doctor
