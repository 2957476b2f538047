// SPDX-License-Identifier: BSD-2-Clause
// The BPF programs on an interface, whoever put them there.
#pragma once

#include <vector>

#include "doctor/facts.h"

namespace weir::doctor {

std::vector<Program> programs_on(unsigned ifindex);

}  // namespace weir::doctor
