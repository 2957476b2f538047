// SPDX-License-Identifier: BSD-2-Clause
// The sets that sources and bans are kept in (bpf/lib/table.h).
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

extern "C" {
#include "lib/table.h"
}

namespace {

constexpr std::uint64_t kSeed = 0x0123456789abcdef;
constexpr std::uint64_t kNow = 1'000'000;

std::uint64_t id_of(const weir_key& key, std::uint64_t salt = 0) {
  return weir_source_id(kSeed, &key, salt);
}

weir_key ipv4(std::uint32_t address) {
  const __be32 words[4] = {0, 0, htonl(0xffff), htonl(address)};
  return weir_key_of(words);
}

std::uint64_t word(std::uint32_t count, std::uint64_t last_ms) {
  return weir_word_pack(last_ms, count, 0, 0);
}

TEST(SourceId, DiffersForEverySourceServiceAndEvent) {
  std::set<std::uint64_t> ids;
  unsigned made = 0;
  for (std::uint32_t host = 0; host < 20'000; host++) {
    const weir_key prefix6 = {std::uint64_t{host} << 32 | 0x20010db8, 0};
    for (const auto& key : {ipv4(0x0a000000 + host), prefix6}) {
      ids.insert(id_of(key));
      for (std::uint32_t event = 0; event < WEIR_EVENT_COUNT; event++)
        ids.insert(id_of(key, weir_event_salt(host % WEIR_SERVICE_MAX + 1, event)));
      made += 1 + WEIR_EVENT_COUNT;
    }
  }
  EXPECT_EQ(ids.size(), made);
  EXPECT_GT(*ids.begin(), std::uint64_t{WEIR_ID_FREED}) << "never one that means something else";
}

TEST(SourceId, SpreadsNeighboursEvenlyOverTheSets) {
  constexpr unsigned kSets = 4096;
  std::vector<int> filled(kSets);
  for (std::uint32_t host = 0; host < 4 * kSets; host++)
    filled[weir_set_of(id_of(ipv4(0xc6336400 + host)), kSets - 1)]++;
  int crowded = 0;
  for (const int n : filled) crowded += n > 4 * 4;
  EXPECT_LE(crowded, 1) << "of a Poisson distribution with mean 4, one set in a million";
}

TEST(BurstVictim, IsAFreeWayBeforeAnyOther) {
  weir_burst_set set{};
  for (unsigned way = 0; way < WEIR_BURST_WAYS; way++) {
    if (way == 2) continue;
    set.ways[way] = {way + 10, {word(1, 1)}};
  }
  EXPECT_EQ(weir_burst_victim(&set, kNow), 2u);
}

TEST(BurstVictim, IsTheOldestOfThoseThatSentLittle) {
  weir_burst_set set{};
  set.ways[0] = {10, {word(1, kNow - 10)}};
  set.ways[1] = {11, {word(1, kNow - 30)}};
  set.ways[2] = {12, {word(1, kNow - 20)}};
  set.ways[3] = {13, {word(50, kNow - 3000)}};
  EXPECT_EQ(weir_burst_victim(&set, kNow), 1u);
}

TEST(BurstVictim, IsAnOffenderOnceItHasBeenSilentForLong) {
  weir_burst_set set{};
  for (unsigned way = 0; way < WEIR_BURST_WAYS; way++) set.ways[way] = {way + 10, {word(2, kNow)}};
  set.ways[3].burst.word = word(100'000, kNow);
  EXPECT_NE(weir_burst_victim(&set, kNow), 3u);
  set.ways[3].burst.word = word(100'000, kNow - 10 * 60 * 1000);
  EXPECT_EQ(weir_burst_victim(&set, kNow), 3u);
}

TEST(Weight, HalvesWithSilenceAndNeverGrowsByAClockThatLags) {
  EXPECT_EQ(weir_weight(word(64, kNow), kNow), 64u);
  EXPECT_EQ(weir_weight(word(64, kNow), kNow + (2u << WEIR_WEIGHT_SHIFT)), 16u);
  EXPECT_EQ(weir_weight(word(64, kNow), kNow + 24 * 3600 * 1000), 0u);
  EXPECT_EQ(weir_weight(word(64, kNow), kNow - 5), 64u);
}

TEST(Validated, HoldsForAnHourAndIsNotMistakenForACount) {
  const auto proved = word(WEIR_VALIDATED_COUNT, kNow);
  EXPECT_TRUE(weir_validated_word(proved, kNow));
  EXPECT_TRUE(weir_validated_word(proved, kNow + WEIR_VALIDATED_MS - 1));
  EXPECT_FALSE(weir_validated_word(proved, kNow + WEIR_VALIDATED_MS));
  EXPECT_FALSE(weir_validated_word(0, kNow)) << "a way that was just taken";
}

TEST(Ban, HoldsUntilItsMomentForItsPorts) {
  const auto until = weir_ban_until(5000, 0), all = weir_ban_until(5000, WEIR_BAN_ALL);
  EXPECT_TRUE(weir_is_banned(until, 1, 4999));
  EXPECT_FALSE(weir_is_banned(until, 1, 5000));
  EXPECT_FALSE(weir_is_banned(until, 0, 4999)) << "a port that is not protected";
  EXPECT_TRUE(weir_is_banned(all, 0, 4999));
  EXPECT_TRUE(weir_is_banned(weir_ban_until(WEIR_BAN_FOREVER, 0), 1, 1ull << 60));
}

}  // namespace
