// SPDX-License-Identifier: BSD-2-Clause
// The counters as a whole, against an oracle that only knows the seconds.
#include "stats/counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "output/json.h"
#include "output/text.h"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr WallTime kHour = WallTime(std::chrono::hours(498'689));  // 2026-11-21T17:00:00Z

TEST(Counters, TellApartWhatThereIsToCount) {
  weir_stats stats{};
  Counters counters;
  counters.tick(kHour, stats, 0);
  EXPECT_FALSE(counters.of("events").of(Period::kSecond).last()) << "before: of no second";
  stats.events[0][WEIR_EVENT_SYN][0].events = 3;
  stats.events[1][WEIR_EVENT_REQUEST][1].events = 4;
  stats.reasons[WEIR_REASON_THROTTLED] = 2;
  stats.reasons[WEIR_REASON_UNDER_LIMIT] = 5;
  stats.reasons[WEIR_REASON_BANNED_NET] = 6;
  stats.observed[WEIR_VERDICT_KICK] = 9;
  stats.bytes = 1000;
  counters.tick(kHour + seconds(1), stats, 12);
  const std::map<std::string, double> expected{
      {"events", 7},        {"events.syn", 3},        {"events.request", 4},
      {"verdicts.pass", 5}, {"verdicts.throttle", 2}, {"verdicts.kick", 0},
      {"verdicts.ban", 6},  {"observed.kick", 9},     {"packets", 13},
      {"bytes", 1000},      {"activeUsers", 12},      {"verdicts.malformed", 0}};
  for (const auto& [name, value] : expected)
    EXPECT_EQ(counters.of(name).of(Period::kSecond).last(), value) << name;
  EXPECT_THROW((void)counters.of("nothing"), std::out_of_range);
}

TEST(Counters, OfFreshPinsBeginAnew) {
  weir_stats stats{};
  stats.bytes = 5000;
  Counters counters;
  counters.tick(kHour, stats, 0);
  stats.bytes = 30;
  counters.tick(kHour + seconds(1), stats, 0);
  EXPECT_EQ(counters.of("bytes").of(Period::kSecond).last(), 30);
}

// The sum, or the maximum, of the seconds of a period, by its start.
using Expected = std::map<std::int64_t, double>;

void expect_same(const Series& series, const Expected& expected, const std::string& what,
                 double Amount::*part = &Amount::total) {
  const auto& points = series.points();
  ASSERT_LE(points.size(), expected.size()) << what;
  // The newest period is still running, and the oldest may have left.
  auto want = expected.end();
  if (!points.empty()) --want;
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    --want;
    EXPECT_EQ(std::chrono::floor<seconds>(point->start.time_since_epoch()).count(), want->first)
        << what;
    EXPECT_EQ(point->amount.*part, want->second) << what;
    if (want == expected.begin()) break;
  }
}

TEST(Counters, RolledUpEqualTheSumsOfTheirPartsOverRandomHours) {
  std::mt19937 random(6);
  Counters counters;
  weir_stats stats{};
  weir_responses responses{};
  WallTime time = kHour + seconds(int(random() % 3600));
  counters.tick(time, stats, 0, responses);
  std::array<Expected, kPeriodCount> packets, users, answered_ms, answered;
  for (int i = 0; i < 30 * 3600; i++) {
    // Now and then the machine sleeps.
    time += seconds(random() % 5000 == 0 ? 1 + int(random() % 20'000) : 1);
    const auto grown = random() % 1000, active = random() % 300;
    stats.reasons[random() % WEIR_REASON_COUNT] += grown;
    // Whole milliseconds, whose sums are exact; now and then nobody is answered.
    const auto answers = random() % 3, ms = answers * (random() % 500);
    responses.count += answers;
    responses.sum_us += ms * 1000;
    counters.tick(time, stats, active, responses);
    for (const PeriodInfo& info : kPeriods) {
      const auto p = static_cast<std::size_t>(info.period);
      const auto second = std::chrono::floor<seconds>(time.time_since_epoch()).count();
      const auto start = second - second % info.length.count();
      packets[p][start] += static_cast<double>(grown);
      users[p][start] = std::max(users[p][start], static_cast<double>(active));
      answered_ms[p][start] += static_cast<double>(ms);
      answered[p][start] += static_cast<double>(answers);
    }
  }
  for (const PeriodInfo& info : kPeriods) {
    if (info.period == Period::kSecond) continue;
    const auto p = static_cast<std::size_t>(info.period);
    expect_same(counters.of("packets").of(info.period), packets[p], std::string(info.name));
    expect_same(counters.of("activeUsers").of(info.period), users[p], std::string(info.name));
    const Series& mean = counters.of("responseTimeMs").of(info.period);
    expect_same(mean, answered_ms[p], std::string(info.name));
    expect_same(mean, answered[p], std::string(info.name), &Amount::weight);
    ASSERT_FALSE(counters.of("packets").of(info.period).points().empty());
  }
  // Every verdict's series together are the packets'.
  for (const Period period : {Period::kMinute, Period::kHour, Period::kDay}) {
    const auto& all = counters.of("packets").of(period).points();
    for (std::size_t i = 0; i < all.size(); i++) {
      double sum = 0;
      for (const Counter& counter : counters.all())
        if (counter.name.starts_with("verdicts."))
          sum += counter.series.of(period).points()[i].amount.total;
      EXPECT_EQ(sum, all[i].amount.total);
    }
  }
}

TEST(CountersJson, HasEveryCounterByEveryPeriod) {
  Counters counters;
  const auto json = series_json(counters);
  EXPECT_EQ(json["schema"], 1);
  for (const Counter& counter : counters.all())
    for (const PeriodInfo& info : kPeriods) {
      const auto& one = json["series"][counter.name][std::string(info.name)];
      EXPECT_TRUE(one["last"].is_null());
      EXPECT_THAT(one["trend"], IsEmpty());
      EXPECT_THAT(one["max"], IsEmpty());
    }
  EXPECT_EQ(json["series"]["activeUsers"]["rollUp"], "max");
  EXPECT_EQ(json["series"]["bytes"]["rollUp"], "sum");
  EXPECT_THAT(series_text(json), HasSubstr("verdicts.malformed"));
}

TEST(CountersJson, HistoryHasTheNewestWithTheirStarts) {
  Counters counters;
  weir_stats stats{};
  for (int i = 0; i < 5; i++) {
    stats.bytes += 10;
    counters.tick(kHour + seconds(i), stats, 1);
  }
  const auto json = history_json(counters, Period::kSecond, 3);
  EXPECT_EQ(json["period"], "seconds");
  EXPECT_EQ(json["seconds"], 1);
  const auto first = std::chrono::floor<seconds>(kHour.time_since_epoch()).count();
  EXPECT_THAT(json["starts"], ElementsAre(first + 2, first + 3, first + 4));
  EXPECT_THAT(json["series"]["bytes"], ElementsAre(10, 10, 10));
  EXPECT_THAT(history_json(counters, Period::kDay, 3)["starts"], IsEmpty());
}

}  // namespace
}  // namespace weir
