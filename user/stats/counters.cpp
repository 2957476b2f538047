// SPDX-License-Identifier: BSD-2-Clause
#include "stats/counters.h"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "config/names.h"
#include "stats/snapshot.h"

namespace weir {
namespace {

// The totals that grow: the table that the summed counters are made from. `add` takes a group, a
// name in it, which may be empty, and the value.
template <typename Add>
void each_total(const weir_stats& stats, Add add) {
  const auto events = event_counts(stats);
  add(kEventsCounter, "", std::accumulate(events.begin(), events.end(), std::uint64_t{0}));
  for (int i = 0; i < WEIR_EVENT_COUNT; i++)
    add(kEventsCounter, name_of(static_cast<weir_event>(i)), events[i]);
  const auto verdicts = verdict_counts(stats);
  for (int i = 0; i < WEIR_VERDICT_COUNT; i++)
    add("verdicts", name_of(static_cast<weir_verdict>(i)), verdicts[i]);
  for (const auto verdict : kObservedVerdicts)
    add("observed", name_of(verdict), stats.observed[verdict]);
  add("packets", "", packet_count(stats));
  add("bytes", "", stats.bytes);
}

}  // namespace

Counters::Counters(SeriesLengths lengths) {
  each_total(weir_stats{}, [&](std::string_view group, std::string_view name, std::uint64_t) {
    counters_.push_back({fmt::format("{}{}{}", group, name.empty() ? "" : ".", name),
                         SeriesSet(RollUp::kSum, lengths)});
  });
  counters_.push_back({kUsersCounter, SeriesSet(RollUp::kMax, lengths)});
  counters_.push_back({kResponseCounter, SeriesSet(RollUp::kMean, lengths)});
}

void Counters::tick(WallTime time, const weir_stats& total, std::uint64_t active_users,
                    const weir_responses& responses) {
  std::vector<std::uint64_t> now;
  each_total(total, [&](std::string_view, std::string_view, std::uint64_t value) {
    now.push_back(value);
  });
  if (!before_.empty()) {
    for (std::size_t i = 0; i < now.size(); i++) {
      // Counters of fresh pins begin anew.
      const std::uint64_t grown = now[i] >= before_[i] ? now[i] - before_[i] : now[i];
      counters_[i].series.add_second(time, static_cast<double>(grown));
    }
    counters_[now.size()].series.add_second(time, static_cast<double>(active_users));
    const bool is_anew = responses.count < answered_.count || responses.sum_us < answered_.sum_us;
    const std::uint64_t count = responses.count - (is_anew ? 0 : answered_.count);
    const std::uint64_t sum_us = responses.sum_us - (is_anew ? 0 : answered_.sum_us);
    counters_.back().series.add_second(
        time, Amount{static_cast<double>(sum_us) / 1000, static_cast<double>(count)});
  }
  answered_ = responses;
  before_ = std::move(now);
}

const SeriesSet& Counters::of(std::string_view name) const {
  for (const Counter& counter : counters_)
    if (counter.name == name) return counter.series;
  throw std::out_of_range("no counter is called " + std::string(name));
}

void Counters::resize(SeriesLengths lengths) {
  for (Counter& counter : counters_) counter.series.resize(lengths);
}

}  // namespace weir
