// SPDX-License-Identifier: BSD-2-Clause
#include "stats/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace weir {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;

constexpr std::uint64_t kNow = 10'000'000'000;  // a full minute after the boot, in ms
constexpr std::uint64_t kMinute = 60'000;

Address address_of(unsigned number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[10] = bytes[11] = 0xff;
  for (int i = 0; i < 4; i++) bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return Address(bytes);
}

SourceState state(unsigned number, std::uint32_t hits, std::uint64_t last_ms = kNow) {
  return {address_of(number), last_ms, hits, 2000};
}

std::vector<std::uint64_t> hits_of(const std::vector<User>& users) {
  std::vector<std::uint64_t> hits;
  for (const User& user : users) hits.push_back(user.hits);
  return hits;
}

TEST(UserWalk, CountsWhoWasSeenWithinEachTime) {
  UserWalk walk(kNow, minutes(10), 0);
  for (const std::uint64_t age :
       {0u, 59'999u, 60'000u, 599'999u, 600'000u, 3'600'000u, 90'000'000u})
    walk.take({state(1, 1, kNow - age), 1, 0, 0});
  const UserCounts counts = walk.census().counts;
  EXPECT_EQ(counts.minute, 2u);
  EXPECT_EQ(counts.active, 4u);
  EXPECT_EQ(counts.hour, 5u);
  EXPECT_EQ(counts.day, 6u);
  EXPECT_EQ(counts.known, 7u);
  EXPECT_TRUE(walk.census().all.empty());
}

TEST(UserWalk, KeepsThoseWithTheMostHitsWhateverTheirOrder) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; round++) {
    std::vector<std::uint64_t> all;
    UserWalk walk(kNow, minutes(10), 7);
    for (unsigned i = 0; i < 200; i++) {
      const auto hits = static_cast<std::uint32_t>(random() % 100);
      all.push_back(hits);
      walk.take({state(i, hits), hits, 0, 0});
    }
    std::sort(all.rbegin(), all.rend());
    all.resize(7);
    EXPECT_EQ(hits_of(walk.census().all), all);
  }
}

TEST(UserWalk, ListsTheActiveApart) {
  UserWalk walk(kNow, minutes(10), 5);
  walk.take({state(1, 9, kNow - 11 * kMinute), 9, 0, 0});
  walk.take({state(2, 3), 3, 0, 0});
  EXPECT_THAT(hits_of(walk.census().active), ElementsAre(3));
  EXPECT_THAT(hits_of(walk.census().all), ElementsAre(9, 3));
}

TEST(UserMemory, SumsTheBurstsOfASource) {
  UserMemory memory;
  EXPECT_EQ(memory.observe(state(1, 5, kNow), kNow).hits, 5u);
  EXPECT_EQ(memory.observe(state(1, 5, kNow), kNow + 1).hits, 5u) << "nothing new";
  EXPECT_EQ(memory.observe(state(1, 8, kNow + 10), kNow + 10).hits, 8u) << "three more";
  memory.observe(state(1, 2, kNow + 5000), kNow + 5000);
  const User user = memory.observe(state(1, 2, kNow + 9000), kNow + 9000);
  EXPECT_EQ(user.hits, 12u) << "bursts of their own, the second of as many";
  EXPECT_EQ(user.first_ms, kNow);
  EXPECT_EQ(memory.recall(state(1, 2, kNow + 9000), kNow + 9000).hits, 12u);
  EXPECT_EQ(memory.recall(state(2, 4), kNow).hits, 4u) << "a stranger has its burst";
  EXPECT_EQ(memory.recall(state(2, 4), kNow).first_ms, 0u);
}

TEST(UserMemory, SmoothsActivityAsTheOriginalDid) {
  UserMemory memory;
  const std::uint64_t start = kNow / kMinute * kMinute;
  EXPECT_DOUBLE_EQ(memory.observe(state(1, 10, start), start).activity, 7);
  EXPECT_DOUBLE_EQ(memory.observe(state(1, 10, start), start + kMinute).activity, 0.3 * 7);
  const User busy = memory.observe(state(1, 40, start + kMinute), start + kMinute);
  EXPECT_DOUBLE_EQ(busy.activity, 0.3 * 7 + 0.7 * 30);
  const double at_end = 0.3 * 7 + 0.7 * 30;
  EXPECT_DOUBLE_EQ(memory.recall(state(1, 40), start + 4 * kMinute).activity,
                   0.3 * at_end * 0.3 * 0.3);
}

TEST(UserMemory, IsBoundedAndForgets) {
  UserMemory memory;
  for (unsigned i = 0; i < UserMemory::kRemembered + 100; i++) memory.observe(state(i, 1), kNow);
  EXPECT_EQ(memory.size(), UserMemory::kRemembered);
  EXPECT_EQ(memory.observe(state(UserMemory::kRemembered + 50, 7), kNow).hits, 7u);
  memory.observe(state(1, 2, kNow + 5), kNow + 5);
  memory.forget(kNow + 1);
  EXPECT_EQ(memory.size(), 1u);
}

}  // namespace
}  // namespace weir
