// SPDX-License-Identifier: BSD-2-Clause
// What the agent writes for others to read: events as they come, the counters once a minute.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/agent.h"
#include "output/counter_log.h"
#include "output/json.h"

namespace weir {
namespace {

// One word of a line, whatever somebody has called this host.
std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "-";
  std::string word(name.data());
  for (char& c : word)
    if (c <= ' ' || c >= 0x7f) c = '?';
  return word;
}

}  // namespace

void Agent::remember(EventView event) {
  if (logs_.takes(LogKey::kEvents)) logs_.add(LogKey::kEvents, dump(event_json(event)));
  events_.add(std::move(event));
}

void Agent::log_counters() {
  const std::uint64_t minutes = counters_.of(kEventsCounter).of(Period::kMinute).appended();
  if (std::exchange(minutes_counted_, minutes) == minutes || !logs_.takes(LogKey::kCounters))
    return;
  logs_.add(LogKey::kCounters, counter_line(counters_, host_name()));
}

void Agent::flush_logs() {
  for (const Logs::News& news : logs_.flush(clock_->boot())) {
    const char* name = log_name(news.key);
    if (news.problem) {
      spdlog::error("{}: {}; what comes is kept for a while", name, news.problem->message);
      tell(name, "behind", news.problem->message);
    } else {
      tell(name, "caught up", fmt::format("{} lines are lost", news.lost));
    }
  }
}

void Agent::reopen_logs() {
  logs_.reopen();
  flush_logs();
}

}  // namespace weir
