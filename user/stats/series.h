// SPDX-License-Identifier: BSD-2-Clause
// The original's counters (SEEDS.md, S4): a trend of the newest values and the highest ones
// with their time; seconds report into minutes, minutes into hours. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/time.h"

namespace weir {

struct Peak {
  WallTime time;
  double value = 0;
};

// One series of periods.
class Series {
 public:
  static constexpr std::size_t kTrend = 48;  // the original's lengths
  static constexpr std::size_t kPeaks = 5;

  void append(WallTime time, double value);
  [[nodiscard]] std::optional<double> last() const;
  [[nodiscard]] const std::deque<double>& trend() const { return trend_; }
  [[nodiscard]] const std::vector<Peak>& peaks() const { return peaks_; }  // highest first

 private:
  std::deque<double> trend_;
  std::vector<Peak> peaks_;
};

// seconds → minutes → hours of one quantity that is summed.
class SeriesSet {
 public:
  // One second's value, at its end. Gaps (a suspended machine) are not filled in.
  void add_second(WallTime time, double value);
  [[nodiscard]] const Series& seconds() const { return seconds_; }
  [[nodiscard]] const Series& minutes() const { return minutes_; }
  [[nodiscard]] const Series& hours() const { return hours_; }

 private:
  Series seconds_, minutes_, hours_;
  double minute_sum_ = 0, hour_sum_ = 0;
  std::optional<std::int64_t> minute_, hour_;  // the running period's number since the epoch
};

}  // namespace weir
