// SPDX-License-Identifier: BSD-2-Clause
// The windows of bpf/lib/window.h against an oracle that remembers every event, and under threads.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <random>
#include <thread>
#include <vector>

extern "C" {
#include "lib/window.h"
}

namespace {

// The same numbers on every machine; 32 bits, as the fields they go into.
using Random = std::independent_bits_engine<std::mt19937, 32, std::uint32_t>;

weir_limit make_limit(unsigned start_throttle, unsigned to_much, unsigned timeout_ms) {
  weir_limit limit{};
  limit.enabled = 1;
  limit.start_throttle = start_throttle;
  limit.to_much = to_much;
  limit.timeout_ms = timeout_ms;
  weir_limit_seal(&limit);
  return limit;
}

unsigned burst_level(weir_burst& burst, const weir_limit& limit, std::uint64_t now) {
  return weir_meter_burst(&burst, &limit, now, 1).level;
}
unsigned slide_level(weir_slide& slide, const weir_limit& limit, std::uint64_t now) {
  return weir_meter_slide(&slide, &limit, now).level;
}

// SEEDS.md: the number of events in a row whose gaps are all shorter than the timeout.
class BurstOracle {
 public:
  unsigned add(std::uint64_t now, unsigned timeout) {
    n_ = n_ > 0 && now - last_ < timeout ? n_ + 1 : 1;
    last_ = now;
    return n_;
  }

 private:
  unsigned n_ = 0;
  std::uint64_t last_ = 0;
};

// Events within the last timeout.
class SlidingOracle {
 public:
  unsigned add(std::uint64_t now, unsigned timeout) {
    times_.push_back(now);
    while (now - times_.front() >= timeout) times_.pop_front();
    return static_cast<unsigned>(times_.size());
  }

 private:
  std::deque<std::uint64_t> times_;
};

TEST(Burst, FollowsTheLadderOfTheOriginal) {
  const weir_limit limit = make_limit(3, 7, 2000);
  weir_burst burst{};
  for (unsigned n = 1; n <= 12; n++)
    EXPECT_EQ(burst_level(burst, limit, 1'000'000 + n), n <= 3   ? WEIR_LEVEL_PASS
                                                        : n <= 7 ? WEIR_LEVEL_THROTTLE
                                                                 : WEIR_LEVEL_KICK)
        << n;
}

TEST(Burst, AnEventRearmsTheTimerEvenWhenItIsKicked) {
  const weir_limit limit = make_limit(1, 1, 2000);
  weir_burst burst{};
  std::uint64_t now = 1'000'000;
  EXPECT_EQ(burst_level(burst, limit, now), WEIR_LEVEL_PASS);
  for (int i = 0; i < 100; i++) EXPECT_EQ(burst_level(burst, limit, now += 1999), WEIR_LEVEL_KICK);
  EXPECT_EQ(burst_level(burst, limit, now += 2000), WEIR_LEVEL_PASS);
}

TEST(Burst, StartThrottleAtOrOverToMuchHasNoDelayStage) {
  const weir_limit limit = make_limit(11, 10, 2000);
  weir_burst burst{};
  for (unsigned n = 1; n <= 20; n++)
    EXPECT_EQ(burst_level(burst, limit, 5'000), n <= 10 ? WEIR_LEVEL_PASS : WEIR_LEVEL_KICK) << n;
}

TEST(Burst, AgreesWithTheOracleOnRandomEvents) {
  Random random(1);
  for (int round = 0; round < 300; round++) {
    const unsigned timeout = 1 + random() % 3000, start = 1 + random() % 20,
                   much = 1 + random() % 40;
    const weir_limit limit = make_limit(start, much, timeout);
    weir_burst burst{};
    BurstOracle oracle;
    std::uint64_t now = 10'000 + random() % 1'000'000'000;
    for (int i = 0; i < 300; i++) {
      now += random() % 4 ? random() % (timeout / 4 + 1) : random() % (2 * timeout + 1);
      const unsigned n = oracle.add(now, timeout);
      ASSERT_EQ(burst_level(burst, limit, now), weir_ladder(&limit, n))
          << "round " << round << " event " << i << " n " << n;
    }
  }
}

TEST(Burst, TheCountSaturatesInsteadOfStartingAnew) {
  const weir_limit limit = make_limit(1, WEIR_TO_MUCH_MAX, 2000);
  weir_burst burst{weir_word_pack(1'000'000, WEIR_WORD_COUNT_MAX - 1, 0, 1)};
  for (std::uint64_t i = 0; i < 10; i++)
    EXPECT_EQ(burst_level(burst, limit, 1'000'001 + i), WEIR_LEVEL_KICK);
  EXPECT_EQ(weir_word_count(burst.word), WEIR_WORD_COUNT_MAX);
  EXPECT_TRUE(burst.word & WEIR_WORD_HELD);
}

TEST(Burst, AClockThatIsBehindOnAnotherCpuStartsNothingAnew) {
  const weir_limit limit = make_limit(2, 2, 2000);
  weir_burst burst{};
  EXPECT_EQ(burst_level(burst, limit, 1'000'010), WEIR_LEVEL_PASS);
  EXPECT_EQ(burst_level(burst, limit, 1'000'000), WEIR_LEVEL_PASS);
  EXPECT_EQ(burst_level(burst, limit, 1'000'005), WEIR_LEVEL_KICK);
  EXPECT_EQ(weir_word_last_ms(burst.word), 1'000'010u);
}

TEST(Sliding, AgreesExactlyWithTheOracleUpToSixtyFour) {
  Random random(2);
  for (int round = 0; round < 300; round++) {
    const unsigned timeout = 1 + random() % 5000, much = 1 + random() % 64,
                   start = 1 + random() % 64;
    const weir_limit limit = make_limit(start, much, timeout);
    ASSERT_EQ(limit.stride_shift, 0);
    weir_slide slide{};
    SlidingOracle oracle;
    std::uint64_t now = 10'000 + random() % 1'000'000'000;
    for (int i = 0; i < 600; i++) {
      // Now and then floods within a millisecond, and pauses.
      now += random() % 3 == 0 ? 0 : random() % (2 * timeout / much + 2);
      if (random() % 100 == 0) now += random() % (2 * timeout);
      const unsigned n = oracle.add(now, timeout);
      ASSERT_EQ(slide_level(slide, limit, now), weir_ladder(&limit, n))
          << "round " << round << " event " << i << " n " << n << " start " << start << " much "
          << much << " timeout " << timeout;
      if (slide.word) {
        ASSERT_LE(weir_slide_count(&slide, &limit, now), std::min(n, 64u));
      }
    }
  }
}

TEST(Sliding, OverSixtyFourItIsLateToThrottleAndEarlyToKickByLessThanAStride) {
  Random random(3);
  for (int round = 0; round < 60; round++) {
    const unsigned timeout = 100 + random() % 5000, much = 65 + random() % 5000,
                   start = 1 + random() % much;
    const weir_limit limit = make_limit(start, much, timeout);
    const unsigned stride = 1u << limit.stride_shift;
    ASSERT_LT(stride, std::max(2u, much / 16));
    weir_slide slide{};
    SlidingOracle oracle;
    std::uint64_t now = 10'000 + random() % 1'000'000;
    for (unsigned i = 0; i < 4 * much; i++) {
      now += random() % 8 == 0 ? random() % (16 * timeout / much + 2) : 0;
      const unsigned n = oracle.add(now, timeout);
      const unsigned level = slide_level(slide, limit, now);
      if (n > much) {
        ASSERT_EQ(level, WEIR_LEVEL_KICK) << "more than toMuch were let in";
      }
      if (n <= start && n <= much - stride + 1) {
        ASSERT_EQ(level, WEIR_LEVEL_PASS) << "a polite source was touched, n " << n;
      }
      if (n > start + stride && start + 2 * stride < much) {
        ASSERT_NE(level, WEIR_LEVEL_PASS) << "n " << n << " start " << start;
      }
    }
  }
}

TEST(Sliding, AFreshFloodIsLetInExactlyToMuchTimesWhateverTheLimit) {
  for (const unsigned much : {1u, 2u, 63u, 64u, 65u, 80u, 100u, 1000u, 10'000u, 65'535u}) {
    const weir_limit limit = make_limit(much, much, 2000);
    weir_slide slide{};
    unsigned passed = 0;
    for (unsigned i = 0; i < 2 * much + 10; i++)
      passed += slide_level(slide, limit, 77'000 + i / 1000) == WEIR_LEVEL_PASS;
    EXPECT_EQ(passed, much);
  }
}

TEST(Sliding, ALongTimeoutDoesNotLetTheLogsClockWrap) {
  for (const unsigned timeout : {1u, 60'000u, 3'600'000u, WEIR_TIMEOUT_MS_MAX})
    for (const unsigned much : {1u, 64u, 1000u, static_cast<unsigned>(WEIR_TO_MUCH_MAX)}) {
      const weir_limit limit = make_limit(much, much, timeout);
      const std::uint64_t ticks = (timeout >> limit.tick_shift) + 1;
      EXPECT_LT(ticks * (much + 1), 1u << 24) << timeout << " " << much;
    }
  // A source that just keeps its window alive for long is never over the limit.
  const weir_limit limit = make_limit(3, 3, 60'000);
  weir_slide slide{};
  std::uint64_t now = 1'000'000;
  for (int i = 0; i < 200'000; i++)
    ASSERT_EQ(slide_level(slide, limit, now += 20'001), WEIR_LEVEL_PASS) << i;
}

TEST(Sliding, ACountThatIsFoldedGoesOnAsBefore) {
  const weir_limit limit = make_limit(64, 64, 1000);
  weir_slide slide{};
  std::uint64_t now = 1'000'000;
  for (unsigned i = 0; i < WEIR_WORD_COUNT_MAX + 1000; i++) slide_level(slide, limit, now += 3);
  EXPECT_EQ(slide_level(slide, limit, now), WEIR_LEVEL_KICK);
  EXPECT_EQ(slide_level(slide, limit, now += 1000), WEIR_LEVEL_PASS);
}

TEST(Sliding, ALogOfAnotherFormStartsANewRun) {
  weir_limit limit = make_limit(2, 2, 10'000);
  weir_slide slide{};
  for (int i = 0; i < 5; i++) slide_level(slide, limit, 1'000'000);
  EXPECT_EQ(slide_level(slide, limit, 1'000'001), WEIR_LEVEL_KICK);
  limit.epoch = 1;
  EXPECT_EQ(slide_level(slide, limit, 1'000'002), WEIR_LEVEL_PASS);
}

TEST(Sliding, ThePeoplesCountIsTheOraclesCount) {
  const weir_limit limit = make_limit(40, 64, 1000);
  weir_slide slide{};
  SlidingOracle oracle;
  unsigned n = 0;
  for (std::uint64_t now = 5'000; now < 9'000; now += 37) {
    slide_level(slide, limit, now);
    n = oracle.add(now, 1000);
    ASSERT_EQ(weir_slide_count(&slide, &limit, now), n);
  }
  EXPECT_EQ(weir_slide_count(&slide, &limit, 10'000'000), 0u);
}

// Two threads on one word, as two CPUs: never more than the limit, and, since nobody else takes
// any, never less.
template <typename State, typename Meter>
unsigned admitted_by_two(const weir_limit& limit, Meter meter) {
  State state{};
  std::atomic<unsigned> admitted{0}, ready{0};
  const auto hammer = [&] {
    ready++;
    while (ready < 2) {
    }
    for (int i = 0; i < 20'000; i++)
      if (meter(&state, &limit, 1'000'000 + static_cast<std::uint64_t>(i / 4000)).level ==
          WEIR_LEVEL_PASS)
        admitted++;
  };
  std::thread one(hammer), two(hammer);
  one.join();
  two.join();
  return admitted;
}

TEST(TwoCpus, BurstAdmitsExactlyTheLimit) {
  for (const unsigned much : {1u, 7u, 1000u, 15'000u})
    EXPECT_EQ(admitted_by_two<weir_burst>(
                  make_limit(much, much, 2000),
                  [](auto* s, auto* l, auto now) { return weir_meter_burst(s, l, now, 1); }),
              much);
}

TEST(TwoCpus, SlidingAdmitsExactlyTheLimit) {
  for (const unsigned much : {1u, 7u, 64u, 1000u, 15'000u})
    EXPECT_EQ(admitted_by_two<weir_slide>(
                  make_limit(much, much, 2000),
                  [](auto* s, auto* l, auto now) { return weir_meter_slide(s, l, now); }),
              much);
}

}  // namespace
