// SPDX-License-Identifier: BSD-2-Clause
#include "agent/counter_store.h"

#include <algorithm>

namespace weir {

Status CounterStore::load(Store& store, Counters& counters) {
  auto stored = store.series();
  if (!stored) return tl::unexpected(std::move(stored.error()));
  for (const StoredSeries& series : *stored) {
    const auto period = period_of(series.period);
    const auto counter = std::find_if(counters.all().begin(), counters.all().end(),
                                      [&](const Counter& one) { return one.name == series.name; });
    if (!period || counter == counters.all().end()) continue;
    std::deque<Point> points;
    for (const StoredPoint& point : series.points)
      points.push_back({point.start, {point.total, point.weight}});
    std::vector<Peak> peaks;
    for (const StoredPeak& peak : series.peaks) peaks.push_back({peak.time, peak.value});
    const std::uint64_t appended = series.points.empty() ? 0 : series.points.back().number + 1;
    counter->series.restore(*period, std::move(points), appended, peaks);
    written_[{series.name, *period}] = appended;
  }
  for (Counter& counter : counters.all()) counter.series.resume();
  return {};
}

Status CounterStore::save(Store& store, const Counters& counters) {
  std::vector<StoredSeries> fresh;
  for (const Counter& counter : counters.all())
    for (const PeriodInfo& info : kPeriods) {
      const Series& series = counter.series.of(info.period);
      const std::uint64_t written = written_[{counter.name, info.period}];
      if (written == series.appended()) continue;
      StoredSeries one{counter.name, std::string(info.name), {}, {}, 0};
      one.oldest = series.appended() - series.points().size();
      for (std::uint64_t number = std::max(written, one.oldest); number < series.appended();
           number++) {
        const Point& point = series.points()[number - one.oldest];
        one.points.push_back({number, point.start, point.amount.total, point.amount.weight});
      }
      for (const Peak& peak : series.peaks()) one.peaks.push_back({peak.time, peak.value});
      fresh.push_back(std::move(one));
    }
  if (fresh.empty()) return {};
  if (auto put = store.put_series(fresh); !put) return put;
  for (const Counter& counter : counters.all())
    for (const PeriodInfo& info : kPeriods)
      written_[{counter.name, info.period}] = counter.series.of(info.period).appended();
  return {};
}

}  // namespace weir
