// SPDX-License-Identifier: BSD-2-Clause
// How many entries the kernel's tables have room for, and what that costs. Memory is taken when
// the pins are made.
#pragma once

#include "weir/abi.h"

namespace weir {

// Numbers of sets are powers of two.
inline constexpr unsigned kBurstSets = 128 * 1024;  // 4 sources each: 8 MiB and 12 MiB of names
inline constexpr unsigned kSlideSets = 8 * 1024;    // 8 logs each: 17 MiB
inline constexpr unsigned kBanSets = 64 * 1024;     // 4 bans each, half of that surely: 20 MiB
inline constexpr unsigned kNetEntries = 64 * 1024;  // taken as they are filled

inline constexpr unsigned kBurstEntries = kBurstSets * WEIR_BURST_WAYS;
inline constexpr unsigned kBanEntries = kBanSets * WEIR_BAN_WAYS / 2;

}  // namespace weir
