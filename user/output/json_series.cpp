// SPDX-License-Identifier: BSD-2-Clause
// The counters as JSON: their newest values and maxima, and their history for charts.
#include <algorithm>
#include <cmath>

#include "output/json.h"
#include "output/json_parts.h"

namespace weir {

using parts::Json;

namespace parts {

Json number(double value) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::abs(value) <= kExact && value == std::floor(value))
    return static_cast<std::int64_t>(value);
  return value;  // not finite: dumped as null
}

Json series_by_period(const SeriesViews& views) {
  Json object = Json::object();
  for (const PeriodInfo& info : kPeriods) {
    const SeriesView& view = views[static_cast<std::size_t>(info.period)];
    Json trend = Json::array();
    for (const double value : view.trend) trend.push_back(number(value));
    Json peaks = Json::array();
    for (const Peak& peak : view.peaks)
      peaks.push_back({{"time", format_time(peak.time)}, {"value", number(peak.value)}});
    object[std::string(info.name)] = {{"last", view.last ? number(*view.last) : Json()},
                                      {"trend", std::move(trend)},
                                      {"max", std::move(peaks)}};
  }
  return object;
}

}  // namespace parts

nlohmann::ordered_json series_json(const Counters& counters) {
  Json series = Json::object();
  for (const Counter& counter : counters.all()) {
    Json& item = series[counter.name] = {{"rollUp", name_of(counter.series.roll_up())}};
    item.update(parts::series_by_period(views_of(counter.series)));
  }
  return {{"schema", parts::kSchema}, {"series", std::move(series)}};
}

// All counters tick together; one that is newer than the others has nulls where it was not there.
nlohmann::ordered_json history_json(const Counters& counters, Period period, std::size_t most) {
  const auto& longest = counters.of(kEventsCounter).of(period).points();
  const std::size_t count = std::min(most, longest.size());
  Json starts = Json::array();
  for (std::size_t i = longest.size() - count; i < longest.size(); i++)
    starts.push_back(
        std::chrono::floor<std::chrono::seconds>(longest[i].start.time_since_epoch()).count());
  Json series = Json::object();
  for (const Counter& counter : counters.all()) {
    const auto& points = counter.series.of(period).points();
    Json values = Json::array();
    for (std::size_t left = count; left > 0; left--)
      values.push_back(left > points.size()
                           ? Json()
                           : parts::number(value_of(counter.series.roll_up(),
                                                    points[points.size() - left].amount)));
    series[counter.name] = std::move(values);
  }
  return {{"schema", parts::kSchema},
          {"period", info_of(period).name},
          {"seconds", info_of(period).length.count()},
          {"starts", std::move(starts)},
          {"series", std::move(series)}};
}

}  // namespace weir
