// SPDX-License-Identifier: BSD-2-Clause
#include "stats/snapshot.h"

#include <cstddef>

namespace weir {

std::array<std::uint64_t, WEIR_EVENT_COUNT> event_counts(const weir_stats& stats) {
  std::array<std::uint64_t, WEIR_EVENT_COUNT> counts{};
  for (const auto& service : stats.events)
    for (std::size_t event = 0; event < counts.size(); ++event)
      for (const auto& family : service[event]) counts[event] += family.events;
  return counts;
}

std::array<std::uint64_t, WEIR_VERDICT_COUNT> verdict_counts(const weir_stats& stats) {
  std::array<std::uint64_t, WEIR_VERDICT_COUNT> counts{};
  for (int reason = 0; reason < WEIR_REASON_COUNT; ++reason)
    counts[weir_reason_verdict(static_cast<weir_reason>(reason))] += stats.reasons[reason];
  return counts;
}

std::array<std::uint64_t, WEIR_ACTION_COUNT> action_counts(const weir_stats& stats) {
  const auto verdicts = verdict_counts(stats);
  std::array<std::uint64_t, WEIR_ACTION_COUNT> counts{};
  std::uint64_t answered = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) answered += counts[i] = stats.answers[i];
  const std::uint64_t refused =
      verdicts[WEIR_VERDICT_KICK] + verdicts[WEIR_VERDICT_BAN] + verdicts[WEIR_VERDICT_MALFORMED];
  counts[WEIR_ACTION_DROP] = refused > answered ? refused - answered : 0;
  counts[WEIR_ACTION_DEFERRED] = verdicts[WEIR_VERDICT_THROTTLE];
  return counts;
}

std::uint64_t packet_count(const weir_stats& stats) {
  std::uint64_t packets = 0;
  for (const auto count : stats.reasons) packets += count;
  return packets;
}

void add_stats(weir_stats& to, const weir_stats& from) {
  // Word by word up to the private tail, so that a counter added to the struct is summed
  // without a line of its own here.
  constexpr std::size_t kCounters = offsetof(weir_stats, ban_id) / sizeof(__u64);
  static_assert(alignof(weir_stats) == alignof(__u64) && sizeof(weir_stats) % sizeof(__u64) == 0,
                "nothing but 64-bit words");
  auto* sums = reinterpret_cast<__u64*>(&to);
  const auto* words = reinterpret_cast<const __u64*>(&from);
  for (std::size_t i = 0; i < kCounters; ++i) sums[i] += words[i];
}

std::uint64_t passed(const weir_event_counters& counters) {
  // The counters are read while the kernel counts: a part may be ahead of the whole.
  const std::uint64_t others = counters.throttle + counters.kick + counters.allow;
  return counters.events > others ? counters.events - others : 0;
}

}  // namespace weir
