// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/sizes.h"

#include <gtest/gtest.h>

namespace {

using namespace weir;

constexpr std::uint64_t kGiB = 1ull << 30;

std::uint64_t bytes(const TableSizes& sizes) {
  return sizes.burst_sets * std::uint64_t{sizeof(weir_burst_set)} +
         sizes.slide_sets * std::uint64_t{sizeof(weir_id_set) + WEIR_ID_WAYS * sizeof(weir_slide)} +
         sizes.ban_sets *
             std::uint64_t{sizeof(weir_ban_set) + WEIR_BAN_WAYS * sizeof(weir_source_ban)};
}

TEST(TableSizes, HaveRoomForWhatIsAskedFor) {
  for (const std::uint32_t count : {1u, 4096u, 5000u, 1'000'000u, 8'000'000u}) {
    const auto sizes = table_sizes(count, count, kGiB);
    EXPECT_GE(sizes.sources(), count);
    EXPECT_GE(sizes.bans(), count);
    EXPECT_LT(sizes.sources(), std::max(2 * count, 2 * kSourcesMin));
    for (const unsigned sets : {sizes.burst_sets, sizes.slide_sets, sizes.ban_sets})
      EXPECT_EQ(sets & (sets - 1), 0u) << "masks are made of them";
  }
}

TEST(TableSizes, GrowWithTheMachineAndTakeLittleOfIt) {
  for (const std::uint64_t memory : {4 * kGiB, 8 * kGiB, 24 * kGiB, 512 * kGiB})
    EXPECT_LT(bytes(table_sizes(0, 0, memory)), memory / 100) << memory;
  EXPECT_GT(table_sizes(0, 0, 8 * kGiB).sources(), table_sizes(0, 0, 2 * kGiB).sources());
  EXPECT_EQ(table_sizes(0, 0, 512 * kGiB), table_sizes(0, 0, 4096 * kGiB)) << "enough is enough";
  EXPECT_GE(table_sizes(0, 0, 0).sources(), 65'536u) << "where nobody knows the memory";
}

}  // namespace
