// SPDX-License-Identifier: BSD-2-Clause
// What was told of single sources, and of whom that is remembered.
#include "stats/told.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::seconds;

constexpr WallTime kNow = WallTime(std::chrono::hours(498'689));

Address source(std::uint32_t number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[10] = bytes[11] = 0xff;
  for (int i = 0; i < 4; i++) bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return Address(bytes);
}

weir_sample events(weir_verdict verdict, bool is_observed, bool is_validated, unsigned amount = 1) {
  weir_sample sample{};
  sample.unit = WEIR_SAMPLE_EVENTS;
  sample.verdict = static_cast<__u8>(verdict);
  sample.observed = is_observed ? 1 : 0;
  sample.validated = is_validated ? 1 : 0;
  sample.amount = amount;
  return sample;
}

TEST(ToldBook, CountsVerdictsAndWhatWasOnlyObservedApartWithFirstAndLast) {
  ToldBook book;
  EXPECT_EQ(book.find(source(1)), nullptr);
  book.note(source(1), events(WEIR_VERDICT_THROTTLE, false, false), kNow);
  book.note(source(1), events(WEIR_VERDICT_KICK, false, false), kNow + seconds(1));
  book.note(source(1), events(WEIR_VERDICT_KICK, true, false), kNow + seconds(2));
  book.note(source(1), events(WEIR_VERDICT_KICK, false, false), kNow + seconds(3));
  const Told* told = book.find(source(1));
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->verdicts[WEIR_VERDICT_THROTTLE], 1u);
  EXPECT_EQ(told->verdicts[WEIR_VERDICT_KICK], 2u);
  EXPECT_EQ(told->observed[WEIR_VERDICT_KICK], 1u);
  EXPECT_EQ(told->since, kNow);
  EXPECT_EQ(told->last, kNow + seconds(3));
  EXPECT_EQ(book.find(source(2)), nullptr);
}

TEST(ToldBook, AddsUpBytesAndSaysWhetherTheyWereEstimated) {
  ToldBook book;
  weir_sample sample{};
  sample.unit = WEIR_SAMPLE_BYTES;
  sample.amount = 1500;
  book.note(source(1), sample, kNow);
  book.note(source(1), events(WEIR_VERDICT_KICK, false, false, 3), kNow);
  EXPECT_EQ(book.find(source(1))->bytes, 1500u);
  EXPECT_EQ(book.find(source(1))->verdicts[WEIR_VERDICT_KICK], 3u);
  EXPECT_FALSE(book.find(source(1))->is_estimate);
  sample.amount = 2048;
  sample.estimated = 1;
  book.note(source(1), sample, kNow);
  EXPECT_EQ(book.find(source(1))->bytes, 3548u);
  EXPECT_TRUE(book.find(source(1))->is_estimate);
  sample.verdict = WEIR_VERDICT_COUNT;
  book.note(source(2), sample, kNow);
  EXPECT_EQ(book.find(source(2)), nullptr) << "of another layout";
}

TEST(ToldBook, RemembersThoseWhoWereToldOfLast) {
  ToldBook book;
  for (std::uint32_t i = 0; i < ToldBook::kSources; i++)
    book.note(source(i), events(WEIR_VERDICT_KICK, false, false), kNow);
  book.note(source(0), events(WEIR_VERDICT_KICK, false, false), kNow);  // not the oldest any more
  book.note(source(ToldBook::kSources), events(WEIR_VERDICT_KICK, false, false), kNow);
  EXPECT_EQ(book.find(source(1)), nullptr);
  ASSERT_NE(book.find(source(0)), nullptr);
  EXPECT_EQ(book.find(source(0))->verdicts[WEIR_VERDICT_KICK], 2u);
  EXPECT_NE(book.find(source(ToldBook::kSources)), nullptr);
}

TEST(ToldBook, AFloodOfMadeUpAddressesMakesNobodyForgottenWhoIsReal) {
  ToldBook book;
  book.note(source(7), events(WEIR_VERDICT_THROTTLE, false, false), kNow);
  book.note(source(7), events(WEIR_VERDICT_KICK, false, true), kNow);
  for (std::uint32_t i = 100; i < 100 + 2 * ToldBook::kSources; i++)
    book.note(source(i), events(WEIR_VERDICT_KICK, false, false), kNow);
  ASSERT_NE(book.find(source(7)), nullptr);
  EXPECT_EQ(book.find(source(7))->verdicts[WEIR_VERDICT_THROTTLE], 1u)
      << "what was told before it was known to be real";
  book.note(source(7), events(WEIR_VERDICT_KICK, false, false), kNow);
  EXPECT_EQ(book.find(source(7))->verdicts[WEIR_VERDICT_KICK], 2u);
}

TEST(ToldBook, RealSourcesAreBoundedToo) {
  ToldBook book;
  for (std::uint32_t i = 0; i <= ToldBook::kSources; i++)
    book.note(source(i), events(WEIR_VERDICT_KICK, false, true), kNow);
  EXPECT_EQ(book.find(source(0)), nullptr);
  EXPECT_NE(book.find(source(1)), nullptr);
}

}  // namespace
}  // namespace weir
