// SPDX-License-Identifier: BSD-2-Clause
#include "stats/series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(Series, HasNoLastValueBeforeTheFirst) {
  EXPECT_FALSE(Series().last());
  EXPECT_TRUE(Series().trend().empty());
}

TEST(Series, LastIsTheNewestValueAndNotTheHighest) {
  Series series;
  series.append(kHour, 9);
  series.append(kHour + seconds(1), 4);
  EXPECT_EQ(series.last(), 4);
}

TEST(Series, KeepsTheNewest48Values) {
  Series series;
  for (int i = 0; i < 50; ++i) series.append(kHour + seconds(i), i);
  ASSERT_EQ(series.trend().size(), 48u);
  EXPECT_EQ(series.trend().front(), 2);
  EXPECT_EQ(series.trend().back(), 49);
}

TEST(Series, KeepsTheFiveHighestWithTheirTimeHighestFirst) {
  Series series;
  int second = 0;
  for (const double value : {3, 9, 1, 7, 5, 8, 2}) series.append(kHour + seconds(second++), value);
  EXPECT_THAT(values(series.peaks()), ElementsAre(9, 8, 7, 5, 3));
  EXPECT_EQ(series.peaks()[0].time, kHour + seconds(1));
  EXPECT_EQ(series.peaks()[1].time, kHour + seconds(5));
}

TEST(Series, APeakOutlivesTheTrendItWasIn) {
  Series series;
  series.append(kHour, 100);
  for (int i = 1; i < 100; ++i) series.append(kHour + seconds(i), 1);
  EXPECT_EQ(series.peaks().front().value, 100);
  EXPECT_EQ(series.peaks().front().time, kHour);
}

TEST(Series, OfEqualPeaksTheOlderStays) {
  Series series;
  for (int i = 0; i < 8; ++i) series.append(kHour + seconds(i), 6);
  ASSERT_EQ(series.peaks().size(), 5u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(series.peaks()[i].time, kHour + seconds(i));
}

TEST(SeriesSet, AMinuteIsReportedByTheFirstSecondOfALaterOne) {
  SeriesSet set;
  for (int i = 0; i < 60; ++i) set.add_second(kHour + seconds(i), 2);
  EXPECT_FALSE(set.minutes().last()) << "the minute is still running";
  set.add_second(kHour + seconds(60), 5);
  EXPECT_EQ(set.minutes().last(), 120);
  EXPECT_EQ(set.seconds().last(), 5);
  EXPECT_EQ(set.minutes().peaks().front().time, kHour) << "a minute is named by its start";
}

TEST(SeriesSet, ASecondBelongsToOneMinuteOnly) {
  SeriesSet set;
  set.add_second(kHour + seconds(59), 1);
  set.add_second(kHour + seconds(60), 10);
  set.add_second(kHour + seconds(120), 100);
  EXPECT_THAT(set.minutes().trend(), ElementsAre(1, 10));
}

TEST(SeriesSet, MinutesRollUpIntoHoursAsSums) {
  SeriesSet set;
  for (int i = 0; i < 3600; ++i) set.add_second(kHour + seconds(i), 1);
  EXPECT_FALSE(set.hours().last());
  set.add_second(kHour + hours(1), 7);
  EXPECT_EQ(set.hours().last(), 3600);
  EXPECT_EQ(set.minutes().trend().size(), 48u);
  EXPECT_EQ(set.hours().peaks().front().time, kHour);

  set.add_second(kHour + hours(2), 0);
  EXPECT_EQ(set.hours().last(), 7) << "the second hour starts from zero";
}

TEST(SeriesSet, GapsAreNotFilledIn) {
  SeriesSet set;
  set.add_second(kHour, 3);
  set.add_second(kHour + minutes(30), 4);  // the machine slept
  set.add_second(kHour + hours(5), 1);
  EXPECT_THAT(set.minutes().trend(), ElementsAre(3, 4));
  EXPECT_THAT(set.hours().trend(), ElementsAre(7));
}

TEST(SeriesSet, AClockSetBackEndsTheRunningMinute) {
  SeriesSet set;
  set.add_second(kHour + minutes(30), 3);
  set.add_second(kHour, 4);
  set.add_second(kHour + minutes(1), 0);
  EXPECT_THAT(set.minutes().trend(), ElementsAre(3, 4));
}

TEST(SeriesSet, TimesBeforeTheEpochAreNotRoundedIntoTheWrongMinute) {
  SeriesSet set;
  set.add_second(WallTime(seconds(-1)), 3);
  set.add_second(WallTime(seconds(0)), 4);
  EXPECT_EQ(set.minutes().last(), 3);
}

}  // namespace
}  // namespace weir
