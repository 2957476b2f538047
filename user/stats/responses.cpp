// SPDX-License-Identifier: BSD-2-Clause
#include "stats/responses.h"

#include <algorithm>

#include "lib/response.h"

namespace weir {

void add_responses(weir_responses& to, const weir_responses& from) {
  to.count += from.count;
  to.sum_us += from.sum_us;
  for (int i = 0; i < WEIR_STATUS_SLOTS; i++) to.statuses[i] += from.statuses[i];
  for (int i = 0; i < WEIR_RESPONSE_BUCKETS; i++) to.buckets[i] += from.buckets[i];
}

double mean_ms(const weir_responses& responses) {
  if (responses.count == 0) return 0;
  return static_cast<double>(responses.sum_us) / static_cast<double>(responses.count) / 1000;
}

double quantile_ms(const weir_responses& responses, double share) {
  std::uint64_t all = 0;
  for (const std::uint64_t count : responses.buckets) all += count;
  const double wanted = share * static_cast<double>(all);
  double before = 0;
  for (__u32 i = 0; i < WEIR_RESPONSE_BUCKETS; i++) {
    const auto count = static_cast<double>(responses.buckets[i]);
    if (count > 0 && before + count >= wanted) {
      const auto low = static_cast<double>(weir_response_bound(i));
      const auto high = static_cast<double>(weir_response_bound(i + 1));
      return (low + (high - low) * std::max(0.0, wanted - before) / count) / 1000;
    }
    before += count;
  }
  return 0;
}

std::uint64_t faster_than(const weir_responses& responses, std::uint64_t us) {
  std::uint64_t faster = 0;
  for (__u32 i = 0; i < WEIR_RESPONSE_BUCKETS && weir_response_bound(i) < us; i++)
    faster += responses.buckets[i];
  return faster;
}

}  // namespace weir
