// SPDX-License-Identifier: BSD-2-Clause
// The data path's counters as the kernel keeps them: one block for every CPU.
#pragma once

#include <vector>

#include "weir/abi.h"

namespace weir {

// The counters of an interface slot, by CPU; empty when they cannot be read.
std::vector<weir_stats> read_cpu_stats(int stats_map, unsigned slot);

// What was measured of a service's answers, by its index, over all CPUs.
weir_responses read_responses(int answered_map, int service);

// The same of a path rule's, by its index among all.
weir_responses read_rule_responses(int answered_rules_map, int rule);

// Begins anew for each rule that another had the place of before.
void forget_rule_responses(int answered_rules_map, const weir_settings& before,
                           const weir_settings& after);

}  // namespace weir
