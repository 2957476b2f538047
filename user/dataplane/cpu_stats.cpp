// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/cpu_stats.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>

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

}  // namespace weir
