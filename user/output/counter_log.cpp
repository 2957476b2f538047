// SPDX-License-Identifier: BSD-2-Clause
#include "output/counter_log.h"

#include <fmt/format.h>

#include <cmath>

#include "output/json_parts.h"

namespace weir {

std::string counter_line(const Counters& counters, const std::string& host) {
  const auto& minutes = counters.of(kEventsCounter).of(Period::kMinute).points();
  if (minutes.empty()) return {};
  std::string line = fmt::format("{} -- {}", format_time(minutes.back().start), host);
  for (const Counter& counter : counters.all()) {
    const double value = counter.series.of(Period::kMinute).last().value_or(NAN);
    // Means to the microsecond: more is noise.
    const double shown = std::round(value * 1000) / 1000;
    line += fmt::format(" {} {}", counter.name,
                        std::isfinite(shown) ? parts::number(shown).dump() : "-");
  }
  return line;
}

}  // namespace weir
