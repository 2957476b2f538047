// SPDX-License-Identifier: BSD-2-Clause
// Everything that is counted by the second, minute, hour and day: one table of quantities, fed
// once a second with the totals. Pure.
#pragma once

#include <string>
#include <vector>

#include "stats/series.h"
#include "weir/abi.h"

namespace weir {

// Metered events of all services, by which `weir stats` shows its series.
inline constexpr const char* kEventsCounter = "events";
inline constexpr const char* kUsersCounter = "activeUsers";
inline constexpr const char* kResponseCounter = "responseTimeMs";

struct Counter {
  std::string name;  // "verdicts.kick": as the totals are called in `weir stats --json`
  SeriesSet series;
};

class Counters {
 public:
  explicit Counters(SeriesLengths lengths = {});

  // The end of a second. The first call only says what the totals were before.
  void tick(WallTime time, const weir_stats& total, std::uint64_t active_users,
            const weir_responses& responses = {});

  [[nodiscard]] const std::vector<Counter>& all() const { return counters_; }
  [[nodiscard]] std::vector<Counter>& all() { return counters_; }
  // One that is in the table.
  [[nodiscard]] const SeriesSet& of(std::string_view name) const;
  void resize(SeriesLengths lengths);

 private:
  std::vector<Counter> counters_;  // those that are summed come first
  std::vector<std::uint64_t> before_;
  weir_responses answered_{};
};

}  // namespace weir
