// SPDX-License-Identifier: BSD-2-Clause
#include "stats/series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weir {
namespace {

std::int64_t number_of(std::size_t period, WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  const auto length = kPeriods[period].length.count();
  return seconds / length - (seconds % length < 0 ? 1 : 0);
}

WallTime start_of(std::size_t period, std::int64_t number) {
  return WallTime(kPeriods[period].length * number);
}

}  // namespace

std::optional<Period> period_of(std::string_view name) {
  for (const PeriodInfo& info : kPeriods)
    if (info.name == name) return info.period;
  return std::nullopt;
}

std::string_view name_of(RollUp roll_up) {
  switch (roll_up) {
    case RollUp::kSum:
      return "sum";
    case RollUp::kMax:
      return "max";
    case RollUp::kMean:
      return "mean";
  }
  return "sum";
}

Amount rolled(RollUp roll_up, const Amount& a, const Amount& b) {
  if (roll_up == RollUp::kMax) return {std::max(a.total, b.total), 0};
  return {a.total + b.total, a.weight + b.weight};
}

double value_of(RollUp roll_up, const Amount& amount) {
  if (roll_up != RollUp::kMean) return amount.total;
  if (amount.weight <= 0) return std::numeric_limits<double>::quiet_NaN();
  return amount.total / amount.weight;
}

Series::Series(RollUp roll_up, Period period, SeriesLengths lengths)
    : roll_up_(roll_up), kept_(info_of(period).kept), lengths_(lengths) {}

void Series::append(WallTime start, const Amount& amount) {
  points_.push_back({start, amount});
  appended_++;
  if (const double value = value_of(roll_up_, amount); !std::isnan(value)) add_peak({start, value});
  trim();
}

void Series::add_peak(const Peak& peak) {
  // upper_bound puts a tie behind the one that was there first.
  const auto place = std::upper_bound(peaks_.begin(), peaks_.end(), peak.value,
                                      [](double v, const Peak& other) { return v > other.value; });
  peaks_.insert(place, peak);
}

void Series::trim() {
  while (points_.size() > std::max(kept_, lengths_.trend)) points_.pop_front();
  if (peaks_.size() > lengths_.peaks) peaks_.resize(lengths_.peaks);
}

std::optional<double> Series::last() const {
  if (points_.empty()) return std::nullopt;
  return value_of(roll_up_, points_.back().amount);
}

std::vector<double> Series::trend() const {
  std::vector<double> values;
  const std::size_t skip = points_.size() - std::min(points_.size(), lengths_.trend);
  for (std::size_t i = skip; i < points_.size(); i++)
    values.push_back(value_of(roll_up_, points_[i].amount));
  return values;
}

void Series::resize(SeriesLengths lengths) {
  lengths_ = lengths;
  trim();
}

void Series::restore(std::deque<Point> points, std::uint64_t appended,
                     const std::vector<Peak>& peaks) {
  points_ = std::move(points);
  appended_ = appended;
  peaks_.clear();
  for (const Peak& peak : peaks) add_peak(peak);
  trim();
}

SeriesSet::SeriesSet(RollUp roll_up, SeriesLengths lengths) : roll_up_(roll_up) {
  for (const PeriodInfo& info : kPeriods) series_.emplace_back(roll_up, info.period, lengths);
}

void SeriesSet::add_second(WallTime time, const Amount& amount) {
  // "Another" and not "a later" one: when the wall clock is set back, the running period ends
  // too, or it would swallow all seconds until the clock has caught up.
  for (std::size_t period = 1; period < kPeriodCount; period++)
    if (running_[period] && running_[period]->number != number_of(period, time)) close(period);
  series_[0].append(time, amount);
  add(1, time, amount);
}

void SeriesSet::add(std::size_t period, WallTime start, const Amount& amount) {
  const std::int64_t number = number_of(period, start);
  auto& running = running_[period];
  if (running && running->number != number) close(period);
  if (running)
    running->amount = rolled(roll_up_, running->amount, amount);
  else
    running = Running{number, amount};
}

void SeriesSet::close(std::size_t period) {
  const Running ended = *running_[period];
  running_[period].reset();
  const WallTime start = start_of(period, ended.number);
  series_[period].append(start, ended.amount);
  if (period + 1 < kPeriodCount) add(period + 1, start, ended.amount);
}

void SeriesSet::resize(SeriesLengths lengths) {
  for (Series& series : series_) series.resize(lengths);
}

void SeriesSet::restore(Period period, std::deque<Point> points, std::uint64_t appended,
                        const std::vector<Peak>& peaks) {
  series_[static_cast<std::size_t>(period)].restore(std::move(points), appended, peaks);
}

// A period is running as long as the newest of its parts is in none that is over.
void SeriesSet::resume() {
  for (std::size_t period = 1; period < kPeriodCount; period++) {
    running_[period].reset();
    const auto& parts = series_[period - 1].points();
    if (parts.empty()) continue;
    const std::int64_t number = number_of(period, parts.back().start);
    const auto& whole = series_[period].points();
    if (!whole.empty() && whole.back().start == start_of(period, number)) continue;
    Running running{number, {}};
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if (number_of(period, part->start) != number) break;
      running.amount = rolled(roll_up_, running.amount, part->amount);
    }
    running_[period] = running;
  }
}

SeriesViews views_of(const SeriesSet& set) {
  SeriesViews views;
  for (const PeriodInfo& info : kPeriods) {
    const Series& series = set.of(info.period);
    views[static_cast<std::size_t>(info.period)] = {series.last(), series.trend(), series.peaks()};
  }
  return views;
}

}  // namespace weir
