// SPDX-License-Identifier: BSD-2-Clause
// How many entries the kernel's tables have room for. Memory is taken when the pins are made, and
// pins that are there keep their sizes.
#pragma once

#include <cstdint>

#include "weir/abi.h"

namespace weir {

inline constexpr unsigned kNetEntries = 64 * 1024;  // networks; memory is taken as they are filled

inline constexpr std::uint32_t kSourcesMin = 4096, kSourcesMax = 1u << 26;
inline constexpr std::uint32_t kBansMin = 1024, kBansMax = 1u << 23;

// Numbers of sets, powers of two.
struct TableSizes {
  unsigned burst_sets = 0;  // 128 bytes each, and 4 of tags
  unsigned slide_sets = 0;  // 2176 bytes each; one for 64 sources
  unsigned ban_sets = 0;    // 320 bytes each

  [[nodiscard]] std::uint32_t sources() const { return burst_sets * WEIR_BURST_WAYS; }
  [[nodiscard]] std::uint32_t bans() const { return ban_sets * WEIR_BAN_WAYS / 2; }
  bool operator==(const TableSizes&) const = default;
};

// New sources of a CPU in a tick (64 ms) from which on it sketches them, with room for so many:
// they would fill the table in eight seconds, and sooner by as many CPUs as there are.
constexpr std::uint32_t new_budget(std::uint32_t sources) { return sources / 128; }

// Sizes for at least so many sources and bans; 0: by the machine's memory, of which all tables
// together take less than a hundredth.
TableSizes table_sizes(std::uint32_t sources, std::uint32_t bans, std::uint64_t memory_bytes);
std::uint64_t machine_memory();

}  // namespace weir
