// SPDX-License-Identifier: BSD-2-Clause
// The memory of segments held off (bpf/lib/held.h).
#include <gtest/gtest.h>

#include <set>

extern "C" {
#include "lib/held.h"
}

namespace {

constexpr std::uint64_t kHash = 0x123456789abcdef0;

TEST(Held, ASegmentIsKnownAgainWithItsKindAndTime) {
  weir_held_set set{};
  EXPECT_EQ(weir_held_find(&set, kHash, 1000), 0u);
  weir_held_put(&set, kHash, WEIR_HELD_THROTTLED, 1000);
  const auto word = weir_held_find(&set, kHash, 1200);
  EXPECT_EQ(weir_held_word_kind(word), WEIR_HELD_THROTTLED);
  EXPECT_EQ(weir_held_find(&set, kHash + (1ull << 34), 1200), 0u) << "another segment's tag";
}

TEST(Held, ADelayIsOverOnlyAfterAllOfIt) {
  weir_held_set set{};
  weir_held_put(&set, kHash, WEIR_HELD_THROTTLED, 1000);
  const auto word = weir_held_find(&set, kHash, 1000);
  EXPECT_FALSE(weir_held_is_over(word, 1499, 500));
  EXPECT_FALSE(weir_held_is_over(word, 1500, 500)) << "it may have begun late in its millisecond";
  EXPECT_TRUE(weir_held_is_over(word, 1501, 500));
}

TEST(Held, TheOldestMakesRoom) {
  weir_held_set set{};
  for (std::uint32_t i = 0; i < WEIR_HELD_WAYS + 1; i++)
    weir_held_put(&set, kHash + (std::uint64_t{i} << 34), WEIR_HELD_KICKED, 1000 + i);
  EXPECT_EQ(weir_held_find(&set, kHash, 2000), 0u);
  for (std::uint32_t i = 1; i < WEIR_HELD_WAYS + 1; i++)
    EXPECT_NE(weir_held_find(&set, kHash + (std::uint64_t{i} << 34), 2000), 0u) << i;
}

TEST(Held, TheClocksWrapDoesNotHideASegment) {
  weir_held_set set{};
  weir_held_put(&set, kHash, WEIR_HELD_THROTTLED, 0xffffff00);
  const auto word = weir_held_find(&set, kHash, 0x00000200);
  EXPECT_NE(word, 0u);
  EXPECT_TRUE(weir_held_is_over(word, 0x00000200, 500));
}

TEST(Held, AnAncientSegmentIsForgotten) {
  weir_held_set set{};
  weir_held_put(&set, kHash, WEIR_HELD_KICKED, 1000);
  EXPECT_NE(weir_held_find(&set, kHash, 1000 + WEIR_HELD_MS_MAX), 0u);
  EXPECT_EQ(weir_held_find(&set, kHash, 1001 + WEIR_HELD_MS_MAX), 0u);
}

TEST(Held, TheHashTellsEveryPartOfASegmentApart) {
  const __be32 a[4] = {0, 0, 1, 2}, b[4] = {0, 0, 1, 3}, c[4] = {1, 0, 1, 2};
  const std::set<std::uint64_t> hashes = {
      weir_segment_hash(1, a, 1000, 80, 5), weir_segment_hash(1, b, 1000, 80, 5),
      weir_segment_hash(1, c, 1000, 80, 5), weir_segment_hash(1, a, 1001, 80, 5),
      weir_segment_hash(1, a, 1000, 81, 5), weir_segment_hash(1, a, 1000, 80, 6),
      weir_segment_hash(2, a, 1000, 80, 5)};
  EXPECT_EQ(hashes.size(), 7u);
}

}  // namespace
