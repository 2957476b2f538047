// SPDX-License-Identifier: BSD-2-Clause
#include "stats/series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

// 2026-11-21T17:00:00Z, a full hour.
constexpr WallTime kHour = WallTime(hours(498'689));

std::vector<double> values(const std::vector<Peak>& peaks) {
  std::vector<double> out;
  for (const Peak& peak : peaks) out.push_back(peak.value);
  return out;
}

Series seconds_series() { return {RollUp::kSum, Period::kSecond}; }

TEST(Series, HasNoLastValueBeforeTheFirst) {
  EXPECT_FALSE(seconds_series().last());
  EXPECT_TRUE(seconds_series().trend().empty());
}

TEST(Series, LastIsTheNewestValueAndNotTheHighest) {
  Series series = seconds_series();
  series.append(kHour, {double(9), 0});
  series.append(kHour + seconds(1), {double(4), 0});
  EXPECT_EQ(series.last(), 4);
}

TEST(Series, KeepsTheNewest48Values) {
  Series series = seconds_series();
  for (int i = 0; i < 50; ++i) series.append(kHour + seconds(i), {double(i), 0});
  ASSERT_EQ(series.trend().size(), 48u);
  EXPECT_EQ(series.trend().front(), 2);
  EXPECT_EQ(series.trend().back(), 49);
}

TEST(Series, KeepsTheFiveHighestWithTheirTimeHighestFirst) {
  Series series = seconds_series();
  int second = 0;
  for (const double value : {3, 9, 1, 7, 5, 8, 2})
    series.append(kHour + seconds(second++), {double(value), 0});
  EXPECT_THAT(values(series.peaks()), ElementsAre(9, 8, 7, 5, 3));
  EXPECT_EQ(series.peaks()[0].time, kHour + seconds(1));
  EXPECT_EQ(series.peaks()[1].time, kHour + seconds(5));
}

TEST(Series, APeakOutlivesTheTrendItWasIn) {
  Series series = seconds_series();
  series.append(kHour, {double(100), 0});
  for (int i = 1; i < 100; ++i) series.append(kHour + seconds(i), {double(1), 0});
  EXPECT_EQ(series.peaks().front().value, 100);
  EXPECT_EQ(series.peaks().front().time, kHour);
}

TEST(Series, OfEqualPeaksTheOlderStays) {
  Series series = seconds_series();
  for (int i = 0; i < 8; ++i) series.append(kHour + seconds(i), {double(6), 0});
  ASSERT_EQ(series.peaks().size(), 5u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(series.peaks()[i].time, kHour + seconds(i));
}

TEST(SeriesSet, AMinuteIsReportedByTheFirstSecondOfALaterOne) {
  SeriesSet set;
  for (int i = 0; i < 60; ++i) set.add_second(kHour + seconds(i), 2);
  EXPECT_FALSE(set.of(Period::kMinute).last()) << "the minute is still running";
  set.add_second(kHour + seconds(60), 5);
  EXPECT_EQ(set.of(Period::kMinute).last(), 120);
  EXPECT_EQ(set.of(Period::kSecond).last(), 5);
  EXPECT_EQ(set.of(Period::kMinute).peaks().front().time, kHour)
      << "a minute is named by its start";
}

TEST(SeriesSet, ASecondBelongsToOneMinuteOnly) {
  SeriesSet set;
  set.add_second(kHour + seconds(59), 1);
  set.add_second(kHour + seconds(60), 10);
  set.add_second(kHour + seconds(120), 100);
  EXPECT_THAT(set.of(Period::kMinute).trend(), ElementsAre(1, 10));
}

TEST(SeriesSet, MinutesRollUpIntoHoursAsSums) {
  SeriesSet set;
  for (int i = 0; i < 3600; ++i) set.add_second(kHour + seconds(i), 1);
  EXPECT_FALSE(set.of(Period::kHour).last());
  set.add_second(kHour + hours(1), 7);
  EXPECT_EQ(set.of(Period::kHour).last(), 3600);
  EXPECT_EQ(set.of(Period::kMinute).trend().size(), 48u);
  EXPECT_EQ(set.of(Period::kHour).peaks().front().time, kHour);

  set.add_second(kHour + hours(2), 0);
  EXPECT_EQ(set.of(Period::kHour).last(), 7) << "the second hour starts from zero";
}

TEST(SeriesSet, GapsAreNotFilledIn) {
  SeriesSet set;
  set.add_second(kHour, 3);
  set.add_second(kHour + minutes(30), 4);  // the machine slept
  set.add_second(kHour + hours(5), 1);
  EXPECT_THAT(set.of(Period::kMinute).trend(), ElementsAre(3, 4));
  EXPECT_THAT(set.of(Period::kHour).trend(), ElementsAre(7));
}

TEST(SeriesSet, AClockSetBackEndsTheRunningMinute) {
  SeriesSet set;
  set.add_second(kHour + minutes(30), 3);
  set.add_second(kHour, 4);
  set.add_second(kHour + minutes(1), 0);
  EXPECT_THAT(set.of(Period::kMinute).trend(), ElementsAre(3, 4));
}

TEST(SeriesSet, TimesBeforeTheEpochAreNotRoundedIntoTheWrongMinute) {
  SeriesSet set;
  set.add_second(WallTime(seconds(-1)), 3);
  set.add_second(WallTime(seconds(0)), 4);
  EXPECT_EQ(set.of(Period::kMinute).last(), 3);
}

TEST(Series, LengthsAreSettings) {
  Series series(RollUp::kSum, Period::kSecond, {.trend = 3, .peaks = 2});
  for (int i = 0; i < 9; ++i) series.append(kHour + seconds(i), {double(i), 0});
  EXPECT_THAT(series.trend(), ElementsAre(6, 7, 8));
  EXPECT_THAT(values(series.peaks()), ElementsAre(8, 7));
  series.resize({.trend = 5, .peaks = 1});
  EXPECT_THAT(series.trend(), ElementsAre(4, 5, 6, 7, 8)) << "more is kept than shown";
  EXPECT_THAT(values(series.peaks()), ElementsAre(8));
}

TEST(Series, KeepsABoundedHistory) {
  Series series(RollUp::kSum, Period::kSecond);
  for (int i = 0; i < 5000; ++i) series.append(kHour + seconds(i), {1, 0});
  EXPECT_EQ(series.points().size(), info_of(Period::kSecond).kept);
  EXPECT_EQ(series.appended(), 5000u);
}

TEST(SeriesSet, HoursRollUpIntoDays) {
  SeriesSet set;
  const WallTime midnight = std::chrono::floor<std::chrono::days>(kHour);
  for (int i = 0; i < 24 * 60; ++i) set.add_second(midnight + minutes(i), 1);
  EXPECT_FALSE(set.of(Period::kDay).last());
  set.add_second(midnight + hours(24), 5);
  EXPECT_EQ(set.of(Period::kDay).last(), 1440);
}

TEST(SeriesSet, ActiveUsersRollUpAsMaxima) {
  SeriesSet set(RollUp::kMax);
  for (const double users : {3, 9, 4}) set.add_second(kHour, users);
  set.add_second(kHour + minutes(1), 5);
  set.add_second(kHour + hours(1), 1);
  EXPECT_THAT(set.of(Period::kMinute).trend(), ElementsAre(9, 5));
  EXPECT_EQ(set.of(Period::kHour).last(), 9);
}

TEST(SeriesSet, MeansAreWeighedByTheirCountAndNotMeansOfMeans) {
  SeriesSet set(RollUp::kMean);
  set.add_second(kHour, Amount{100, 1});                // one answer of 100 ms
  set.add_second(kHour + minutes(1), Amount{990, 99});  // 99 of 10 ms
  set.add_second(kHour + minutes(2), Amount{});         // nothing: no mean
  set.add_second(kHour + hours(1), Amount{});
  const auto by_minute = set.of(Period::kMinute).trend();
  EXPECT_EQ(by_minute[0], 100);
  EXPECT_EQ(by_minute[1], 10);
  EXPECT_TRUE(std::isnan(by_minute[2]));
  EXPECT_EQ(set.of(Period::kMinute).peaks().size(), 2u) << "nothing is no maximum";
  EXPECT_EQ(set.of(Period::kHour).last(), 10.9);
}

}  // namespace
}  // namespace weir
