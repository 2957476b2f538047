// SPDX-License-Identifier: BSD-2-Clause
// How many entries the kernel's tables have room for, and what that costs.
#pragma once

namespace weir {

// Memory is taken when the pins are made: an LRU element is 48 bytes + key + value.
inline constexpr unsigned kBurstEntries = 256 * 1024;  // 80 B each: 20 MiB
inline constexpr unsigned kSlideEntries = 64 * 1024;   // 336 B each: 21 MiB
inline constexpr unsigned kBanEntries = 128 * 1024;    // 104 B each: 13 MiB
inline constexpr unsigned kNetEntries = 64 * 1024;     // taken as they are filled

}  // namespace weir
