// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/cpu_stats.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <string_view>

#include "stats/responses.h"

namespace weir {

namespace {

template <typename Value>
std::vector<Value> read_cpus(int map, __u32 key) {
  static const auto cpus = static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus()));
  std::vector<Value> values(cpus);
  if (bpf_map_lookup_elem(map, &key, values.data()) != 0) values.clear();
  return values;
}

}  // namespace

std::vector<weir_stats> read_cpu_stats(int stats_map, unsigned slot) {
  return read_cpus<weir_stats>(stats_map, slot);
}

weir_responses read_responses(int answered_map, int service) {
  weir_responses sum{};
  for (const auto& value : read_cpus<weir_responses>(answered_map, static_cast<__u32>(service)))
    add_responses(sum, value);
  return sum;
}

weir_responses read_rule_responses(int answered_rules_map, int rule) {
  weir_responses responses{};
  if (bpf_map_lookup_elem(answered_rules_map, &rule, &responses) != 0) responses = {};
  return responses;
}

void forget_rule_responses(int answered_rules_map, const weir_settings& before,
                           const weir_settings& after) {
  static const weir_responses none{};
  const auto text = [](const weir_path_rule& rule) {
    return std::string_view(rule.prefix, std::min<std::size_t>(rule.length, sizeof rule.prefix));
  };
  for (__u32 i = 0; i < WEIR_RULE_MAX; i++) {
    const weir_path_rule &was = before.rules[i], &is = after.rules[i];
    if (was.service == 0 && is.service == 0) break;
    if (was.service != is.service || text(was) != text(is))
      bpf_map_update_elem(answered_rules_map, &i, &none, BPF_ANY);
  }
}

}  // namespace weir
