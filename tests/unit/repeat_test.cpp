// SPDX-License-Identifier: BSD-2-Clause
// When a request is a repeat (bpf/lib/repeat.h).
#include <gtest/gtest.h>

#include "weir/abi.h"

extern "C" {
#include "lib/repeat.h"
}

namespace {

constexpr __u64 kNow = 10'000'000;

TEST(Repeat, IsOnlyOfWhatHasBeenUnderWayForAWhile) {
  weir_running running{};
  running.begun_ms = kNow;
  EXPECT_FALSE(weir_is_slow(&running, kNow + WEIR_REPEAT_AFTER_MS - 1));
  EXPECT_TRUE(weir_is_slow(&running, kNow + WEIR_REPEAT_AFTER_MS));
  EXPECT_FALSE(weir_is_slow(&running, kNow - 4)) << "a CPU whose clock lags";
}

TEST(Repeat, FifteenInAMinuteCloseAUrlUntilItIsOver) {
  weir_running running{};
  running.minute_ms = kNow;
  running.repeats = WEIR_REPEATS_MAX - 1;
  EXPECT_FALSE(weir_is_closed(&running));
  running.repeats++;
  weir_repeat_minute(&running, kNow + WEIR_REPEAT_MS - 1);
  weir_repeat_minute(&running, kNow - 4);
  EXPECT_TRUE(weir_is_closed(&running));
  weir_repeat_minute(&running, kNow + WEIR_REPEAT_MS);
  EXPECT_FALSE(weir_is_closed(&running));
  EXPECT_EQ(running.minute_ms, kNow + WEIR_REPEAT_MS);
}

}  // namespace
