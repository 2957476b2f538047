// SPDX-License-Identifier: BSD-2-Clause
// The data path's counters as the kernel keeps them: one block for every CPU.
#pragma once

#include <vector>

#include "weir/abi.h"

namespace weir {

// The counters of an interface slot, by CPU; empty when they cannot be read.
std::vector<weir_stats> read_cpu_stats(int stats_map, unsigned slot);

}  // namespace weir
