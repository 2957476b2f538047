// SPDX-License-Identifier: BSD-2-Clause
// One interface's facts → findings. Pure.
#pragma once

#include <vector>

#include "doctor/findings.h"

namespace weir::doctor {

std::vector<Finding> examine_interface(const InterfaceFacts& interface, unsigned cpus);

}  // namespace weir::doctor
