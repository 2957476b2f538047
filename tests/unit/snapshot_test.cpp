// SPDX-License-Identifier: BSD-2-Clause
#include "stats/snapshot.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <numeric>

namespace weir {
namespace {

// Every word of the struct set to `value`.
weir_stats filled(std::uint64_t value) {
  weir_stats stats{};
  auto* words = reinterpret_cast<__u64*>(&stats);
  std::fill(words, words + sizeof(stats) / sizeof(__u64), value);
  return stats;
}

TEST(Snapshot, EveryPacketIsCountedUnderExactlyOneVerdict) {
  weir_stats stats{};
  for (int i = 0; i < WEIR_REASON_COUNT; ++i) stats.reasons[i] = 1ull << i;
  const auto verdicts = verdict_counts(stats);
  EXPECT_EQ(std::accumulate(verdicts.begin(), verdicts.end(), std::uint64_t{0}),
            packet_count(stats));
  EXPECT_EQ(packet_count(stats), (1ull << WEIR_REASON_COUNT) - 1);
}

TEST(Snapshot, VerdictsAreTheSumsOfTheirReasons) {
  weir_stats stats{};
  stats.reasons[WEIR_REASON_THROTTLED] = 5;
  stats.reasons[WEIR_REASON_HELD] = 7;
  stats.reasons[WEIR_REASON_BANNED_NET] = 11;
  const auto verdicts = verdict_counts(stats);
  EXPECT_EQ(verdicts[WEIR_VERDICT_THROTTLE], 12u);
  EXPECT_EQ(verdicts[WEIR_VERDICT_BAN], 11u);
  EXPECT_EQ(verdicts[WEIR_VERDICT_PASS], 0u);
}

TEST(Snapshot, AddingStatsAddsEveryCounter) {
  weir_stats sum = filled(3);
  add_stats(sum, filled(4));
  const auto* words = reinterpret_cast<const __u64*>(&sum);
  for (std::size_t i = 0; i < offsetof(weir_stats, ban_id) / sizeof(__u64); ++i)
    ASSERT_EQ(words[i], 7u) << "word " << i;
  EXPECT_EQ(sum.notices_lost, 7u);
}

TEST(Snapshot, AddingStatsLeavesThePrivateTailAlone) {
  weir_stats sum = filled(3);
  add_stats(sum, filled(4));
  EXPECT_EQ(sum.ban_dropped, 3u);
  EXPECT_EQ(sum.clock_jiffies, 3u);
  EXPECT_EQ(sum.clock_ms, 3u);
  EXPECT_EQ(sum.notice_second, 3u);
  EXPECT_EQ(sum.notice_count, 3u);
}

TEST(Snapshot, EventsThatWereNotActedOnPassed) {
  weir_event_counters counters{};
  counters.events = 10;
  counters.throttle = 3;
  counters.kick = 2;
  counters.allow = 1;
  counters.observed_kick = 4;
  EXPECT_EQ(passed(counters), 4u);
}

TEST(Snapshot, CountersReadWhileTheyChangeDoNotWrapAround) {
  weir_event_counters counters{};
  counters.events = 10;
  counters.kick = 11;
  EXPECT_EQ(passed(counters), 0u);
}

}  // namespace
}  // namespace weir
