// SPDX-License-Identifier: BSD-2-Clause
#include "stats/series.h"

#include <algorithm>

namespace weir {

void Series::append(WallTime time, double value) {
  trend_.push_back(value);
  if (trend_.size() > kTrend) trend_.pop_front();

  // upper_bound puts a tie behind the one that was there first.
  const auto place = std::upper_bound(peaks_.begin(), peaks_.end(), value,
                                      [](double v, const Peak& peak) { return v > peak.value; });
  peaks_.insert(place, Peak{time, value});
  if (peaks_.size() > kPeaks) peaks_.pop_back();
}

std::optional<double> Series::last() const {
  if (trend_.empty()) return std::nullopt;
  return trend_.back();
}

void SeriesSet::add_second(WallTime time, double value) {
  using std::chrono::hours;
  using std::chrono::minutes;
  const std::int64_t minute = std::chrono::floor<minutes>(time).time_since_epoch().count();
  const std::int64_t hour = std::chrono::floor<hours>(time).time_since_epoch().count();

  // "Another" and not "a later" one: when the wall clock is set back, the running period ends
  // too, or it would swallow all seconds until the clock has caught up.
  if (minute_ && *minute_ != minute) {
    minutes_.append(WallTime(minutes(*minute_)), minute_sum_);
    hour_sum_ += minute_sum_;
    minute_sum_ = 0;
  }
  if (hour_ && *hour_ != hour) {
    hours_.append(WallTime(hours(*hour_)), hour_sum_);
    hour_sum_ = 0;
  }
  minute_ = minute;
  hour_ = hour;
  minute_sum_ += value;
  seconds_.append(time, value);
}

}  // namespace weir
