// SPDX-License-Identifier: BSD-2-Clause
// The original's counters (SEEDS.md, S4): a trend of the newest values and the highest ones
// with their time; seconds report into minutes, minutes into hours, hours into days. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace weir {

enum class Period { kSecond, kMinute, kHour, kDay };
inline constexpr std::size_t kPeriodCount = 4;

struct PeriodInfo {
  Period period;
  std::string_view name;  // in JSON and on disk
  std::string_view unit;  // "EVENTS PER …"
  std::chrono::seconds length;
  // How many are kept for charts and for the store. At least as many as make one of the next
  // longer period: what was not rolled up yet is found again from them after a restart.
  std::size_t kept;
};
inline constexpr std::array<PeriodInfo, kPeriodCount> kPeriods{{
    {Period::kSecond, "seconds", "second", std::chrono::seconds(1), 300},
    {Period::kMinute, "minutes", "minute", std::chrono::minutes(1), 1500},  // a day
    {Period::kHour, "hours", "hour", std::chrono::hours(1), 750},           // a month
    {Period::kDay, "days", "day", std::chrono::hours(24), 400},             // a year
}};
inline constexpr const PeriodInfo& info_of(Period period) {
  return kPeriods[static_cast<std::size_t>(period)];
}
std::optional<Period> period_of(std::string_view name);

// How the values of a period make that of the next longer one.
enum class RollUp {
  kSum,   // events, bytes
  kMax,   // users active at the same time
  kMean,  // response times: weighed by their count
};
std::string_view name_of(RollUp roll_up);

// What one period brought: the sum (or the maximum), and of a mean the count of its parts.
struct Amount {
  double total = 0;
  double weight = 0;
};
Amount rolled(RollUp roll_up, const Amount& a, const Amount& b);
// Not a number for a mean of nothing.
double value_of(RollUp roll_up, const Amount& amount);

struct Point {
  WallTime start;
  Amount amount;
};

struct Peak {
  WallTime time;
  double value = 0;
};

struct SeriesLengths {
  std::size_t trend = 48;  // the original's
  std::size_t peaks = 5;
  bool operator==(const SeriesLengths&) const = default;
};

// One series of periods of one length.
class Series {
 public:
  Series(RollUp roll_up, Period period, SeriesLengths lengths = {});

  void append(WallTime start, const Amount& amount);
  [[nodiscard]] std::optional<double> last() const;
  [[nodiscard]] std::vector<double> trend() const;                         // oldest first
  [[nodiscard]] const std::vector<Peak>& peaks() const { return peaks_; }  // highest first
  // Oldest first. The newest one is number appended() - 1 of all there ever were.
  [[nodiscard]] const std::deque<Point>& points() const { return points_; }
  [[nodiscard]] std::uint64_t appended() const { return appended_; }

  void resize(SeriesLengths lengths);
  // What another process has kept of it.
  void restore(std::deque<Point> points, std::uint64_t appended, const std::vector<Peak>& peaks);

 private:
  void add_peak(const Peak& peak);
  void trim();

  RollUp roll_up_;
  std::size_t kept_;
  SeriesLengths lengths_;
  std::deque<Point> points_;
  std::uint64_t appended_ = 0;
  std::vector<Peak> peaks_;
};

// One quantity by the second, minute, hour and day (UTC).
class SeriesSet {
 public:
  explicit SeriesSet(RollUp roll_up = RollUp::kSum, SeriesLengths lengths = {});

  // One second's amount, at its end. Gaps (a suspended machine) are not filled in.
  void add_second(WallTime time, const Amount& amount);
  void add_second(WallTime time, double value) { add_second(time, Amount{value, 0}); }
  [[nodiscard]] const Series& of(Period period) const {
    return series_[static_cast<std::size_t>(period)];
  }
  [[nodiscard]] RollUp roll_up() const { return roll_up_; }

  void resize(SeriesLengths lengths);
  void restore(Period period, std::deque<Point> points, std::uint64_t appended,
               const std::vector<Peak>& peaks);
  // After every period was restored: goes on with the minute, hour and day that were running.
  void resume();

 private:
  struct Running {
    std::int64_t number;  // of the period since the epoch
    Amount amount;
  };
  void add(std::size_t period, WallTime start, const Amount& amount);
  void close(std::size_t period);

  RollUp roll_up_;
  std::vector<Series> series_;                                // by period
  std::array<std::optional<Running>, kPeriodCount> running_;  // none for seconds
};

// A series as it is shown.
struct SeriesView {
  std::optional<double> last;
  std::vector<double> trend;
  std::vector<Peak> peaks;
};
using SeriesViews = std::array<SeriesView, kPeriodCount>;  // by period
SeriesViews views_of(const SeriesSet& set);

}  // namespace weir
