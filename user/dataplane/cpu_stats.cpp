// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/cpu_stats.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>

namespace weir {

std::vector<weir_stats> read_cpu_stats(int stats_map, unsigned slot) {
  static const auto cpus = static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus()));
  std::vector<weir_stats> values(cpus);
  if (bpf_map_lookup_elem(stats_map, &slot, values.data()) != 0) values.clear();
  return values;
}

}  // namespace weir
