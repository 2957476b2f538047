// SPDX-License-Identifier: BSD-2-Clause
// The tables as data path and agent use them together: crowded, full, and under a flood.
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "program.h"

namespace {

using namespace weir::test;

std::string address_of(unsigned i) {
  return "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
         std::to_string(i & 255);
}

TEST(BanTable, FindsEveryBanHoweverFullItsSetsAre) {
  Program program;
  const unsigned count = static_cast<unsigned>(program.bans().capacity());
  for (unsigned i = 0; i < count; i++) program.ban(address_of(i).c_str(), WEIR_BAN_FOREVER);
  EXPECT_EQ(program.bans().count(), count);
  for (unsigned i = 0; i < count; i++)
    ASSERT_FALSE(program.passes(Packet::from(address_of(i).c_str()))) << i;
  for (unsigned i = count; i < 2 * count; i++)
    ASSERT_TRUE(program.passes(Packet::from(address_of(i).c_str()))) << i;
}

TEST(BanTable, LosesNoOtherBanWhenOneIsRemoved) {
  Program program;
  const unsigned count = static_cast<unsigned>(program.bans().capacity());
  for (unsigned i = 0; i < count; i++) program.ban(address_of(i).c_str(), WEIR_BAN_FOREVER);
  for (unsigned i = 0; i < count; i += 2)
    ASSERT_TRUE(program.bans().remove(Program::key_of(address_of(i).c_str())));
  EXPECT_FALSE(program.bans().remove(Program::key_of(address_of(0).c_str()))) << "a second time";
  for (unsigned i = 0; i < count; i++)
    ASSERT_EQ(program.passes(Packet::from(address_of(i).c_str())), i % 2 == 0) << i;
  // What was freed is taken again, and nothing is there twice.
  for (unsigned i = 0; i < count; i++) program.ban(address_of(i).c_str(), WEIR_BAN_FOREVER);
  std::size_t listed = 0;
  program.bans().for_each([&](const weir_source_ban&) { listed++; });
  EXPECT_EQ(listed, count);
}

TEST(BanTable, SaysSoWhenThereIsNoRoomAndKeepsWhatItHas) {
  Program program;
  unsigned taken = 0;
  const weir_ban ban{WEIR_BAN_FOREVER, WEIR_BAN_FOREVER, 0, 0, 0};
  while (program.bans().put(Program::key_of(address_of(taken).c_str()), ban)) taken++;
  program.control().present |= WEIR_HAVE_BANS;
  EXPECT_EQ(taken, program.bans().capacity());
  for (unsigned i = 0; i < taken; i++)
    ASSERT_FALSE(program.passes(Packet::from(address_of(i).c_str()))) << i;
  EXPECT_TRUE(program.passes(Packet::from(address_of(taken).c_str())));
}

TEST(BanTable, CountsEachBansPacketsWhenSourcesTakeTurns) {
  Program program;
  constexpr unsigned kSources = 50, kPackets = 40;
  for (unsigned i = 0; i < kSources; i++) program.ban(address_of(i).c_str(), WEIR_BAN_FOREVER);
  for (unsigned packet = 0; packet < kPackets; packet++)
    for (unsigned i = 0; i < kSources; i++) program.passes(Packet::from(address_of(i).c_str()));
  const auto stats = program.stats();
  std::uint64_t dropped = stats.ban_dropped;
  program.bans().for_each([&](const weir_source_ban& entry) {
    EXPECT_GE(entry.ban.dropped, kPackets - 1);
    dropped += entry.ban.dropped;
  });
  EXPECT_EQ(dropped, kSources * kPackets);
}

// Random gaps through the data path, with the first events in `bursts` and the rest in a log.
TEST(Sliding, IsExactFromASourcesFirstEventOn) {
  Program program;
  program.limit(WEIR_EVENT_SYN, 4, 4, 1000, WEIR_WINDOW_SLIDING);
  std::mt19937 random(7);
  for (unsigned source = 0; source < 20; source++) {
    std::deque<std::uint64_t> events;
    for (int i = 0; i < 200; i++) {
      program.advance(random() % 3 == 0 ? random() % 1500 : random() % 200);
      while (!events.empty() && program.now() - events.front() >= 1000) events.pop_front();
      events.push_back(program.now());
      ASSERT_EQ(program.passes(Packet::from(address_of(source).c_str())), events.size() <= 4)
          << "source " << source << " event " << i;
    }
  }
}

TEST(Sliding, ASourceOfOneEventTakesNoLog) {
  Program program;
  program.limit(WEIR_EVENT_SYN, 4, 4, 1000, WEIR_WINDOW_SLIDING);
  for (unsigned i = 0; i < 1000; i++) program.passes(Packet::from(address_of(i).c_str()));
  EXPECT_EQ(program.stats().slides_added, 0u);
  program.advance(1000);  // beyond the window: a first event again
  program.passes(Packet::from(address_of(0).c_str()));
  EXPECT_EQ(program.stats().slides_added, 0u);
  program.passes(Packet::from(address_of(0).c_str()));
  EXPECT_EQ(program.stats().slides_added, 1u);
}

// Twenty times as many new sources as there is room for, and still those are known who matter.
class Flood : public testing::TestWithParam<weir_window> {};
INSTANTIATE_TEST_SUITE_P(Windows, Flood, testing::Values(WEIR_WINDOW_BURST, WEIR_WINDOW_SLIDING),
                         [](const auto& p) {
                           return p.param == WEIR_WINDOW_BURST ? "Burst" : "Sliding";
                         });

TEST_P(Flood, OfNewSourcesDoesNotMakeAnOffenderForgotten) {
  Program program;
  program.limit(WEIR_EVENT_SYN, 20, 20, 600'000, GetParam());
  for (unsigned offender = 0; offender < 100; offender++)
    for (int i = 0; i < 30; i++)
      program.passes(Packet::from(("203.0.113." + std::to_string(offender)).c_str()));
  unsigned refused = 0;
  for (unsigned i = 0; i < 80'000; i++)
    refused += !program.passes(Packet::from(address_of(i).c_str()));
  EXPECT_EQ(refused, 0u) << "nobody pays for others";
  for (unsigned offender = 0; offender < 100; offender++)
    EXPECT_FALSE(program.passes(Packet::from(("203.0.113." + std::to_string(offender)).c_str())))
        << offender;
  const auto stats = program.stats();
  EXPECT_EQ(stats.insert_failures, 0u);
  EXPECT_EQ(stats.sources_added, 80'100u);
  EXPECT_GE(stats.sources_replaced, 80'100u - 4096);
}

// With more than 100 new sources in a tick they are only noted; who is known stays so.
class Sketch : public testing::TestWithParam<weir_window> {
 protected:
  static constexpr unsigned kBudget = 100;
  Program program{/*test_clock=*/true, 1, kBudget};

  bool syn(const std::string& source) { return program.passes(Packet::from(source.c_str())); }
  void flood(unsigned from, unsigned count) {
    for (unsigned i = from; i < from + count; i++) ASSERT_TRUE(syn(address_of(i))) << i;
  }
};
INSTANTIATE_TEST_SUITE_P(Windows, Sketch, testing::Values(WEIR_WINDOW_BURST, WEIR_WINDOW_SLIDING),
                         [](const auto& p) {
                           return p.param == WEIR_WINDOW_BURST ? "Burst" : "Sliding";
                         });

TEST_P(Sketch, TakesNoEntriesAndRefusesNobodyWhileTooManyAreNew) {
  program.limit(WEIR_EVENT_SYN, 2, 2, 600'000, GetParam());
  flood(0, 50'000);
  const auto stats = program.stats();
  EXPECT_LE(stats.sources_added, 2 * kBudget) << "but for some taken for others";
  EXPECT_EQ(stats.sources_added + stats.sketched, 50'000u);
  EXPECT_EQ(stats.events[0][WEIR_EVENT_SYN][0].events, 50'000u) << "counted all the same";
  EXPECT_EQ(stats.sketch_ms, 1000u) << "the clock stood still";
  EXPECT_EQ(stats.insert_failures, 0u);
}

TEST_P(Sketch, KnownSourcesAreCountedExactlyMeanwhile) {
  program.limit(WEIR_EVENT_SYN, 5, 5, 600'000, GetParam());
  for (int i = 0; i < 3; i++) EXPECT_TRUE(syn("203.0.113.1"));
  flood(0, 10'000);
  for (int i = 3; i < 10; i++) EXPECT_EQ(syn("203.0.113.1"), i < 5) << i;
}

TEST_P(Sketch, WhoComesAgainGetsAnEntryAndIsCountedFromThenOn) {
  program.limit(WEIR_EVENT_SYN, 5, 5, 600'000, GetParam());
  flood(0, 10'000);
  for (int i = 0; i < 10; i++) EXPECT_EQ(syn("203.0.113.1"), i < 1 + 5) << i;
}

TEST_P(Sketch, ALimitOfNothingHoldsForThoseNotedToo) {
  program.limit(WEIR_EVENT_SYN, 0, 0, 600'000, GetParam());
  for (unsigned i = 0; i < 1000; i++) ASSERT_FALSE(syn(address_of(i))) << i;
  EXPECT_GT(program.stats().sketched, 800u);
}

TEST_P(Sketch, EndsSoonAfterTheFlood) {
  program.limit(WEIR_EVENT_SYN, 5, 5, 600'000, GetParam());
  flood(0, 1000);
  program.advance(999);
  const auto during = program.stats();
  EXPECT_TRUE(syn("203.0.113.1"));
  EXPECT_EQ(program.stats().sketched, during.sketched + 1);
  program.advance(1);
  EXPECT_TRUE(syn("203.0.113.2"));
  EXPECT_EQ(program.stats().sources_added, during.sources_added + 1);
  EXPECT_EQ(program.stats().sketch_ms, 1000u);
}

}  // namespace
