// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/sizes.h"

#include <unistd.h>

#include <algorithm>
#include <bit>

namespace weir {
namespace {

constexpr std::uint64_t kBytesPerSource = 66;  // with its share of the logs
constexpr std::uint64_t kBytesPerBan = 160;
constexpr std::uint64_t kShare = 512;  // of the memory, for either

// What is taken without being asked for: enough for anybody's own visitors, and no burden.
constexpr std::uint64_t kSourcesLeast = 1u << 16, kSourcesMost = 1u << 21;
constexpr std::uint64_t kBansLeast = 1u << 14, kBansMost = 1u << 18;

}  // namespace

TableSizes table_sizes(std::uint32_t sources, std::uint32_t bans, std::uint64_t memory_bytes) {
  const std::uint64_t share = memory_bytes / kShare;
  const std::uint64_t ways =
      sources != 0
          ? std::bit_ceil(std::uint64_t{std::max(sources, kSourcesMin)})
          : std::bit_floor(std::clamp(share / kBytesPerSource, kSourcesLeast, kSourcesMost));
  const std::uint64_t banned =
      bans != 0 ? std::bit_ceil(std::uint64_t{std::max(bans, kBansMin)})
                : std::bit_floor(std::clamp(share / kBytesPerBan, kBansLeast, kBansMost));
  TableSizes sizes;
  sizes.burst_sets = static_cast<unsigned>(ways / WEIR_BURST_WAYS);
  sizes.slide_sets = static_cast<unsigned>(ways / 8 / WEIR_ID_WAYS);
  sizes.ban_sets = static_cast<unsigned>(banned * 2 / WEIR_BAN_WAYS);
  return sizes;
}

std::uint64_t machine_memory() {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0
             ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size)
             : 0;
}

}  // namespace weir
