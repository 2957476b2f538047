// SPDX-License-Identifier: BSD-2-Clause
// What is known about network drivers and native XDP: the one table of their limits.
#pragma once

#include <string_view>

namespace weir::doctor {

struct Driver {
  const char* name;         // as `ethtool -i` says, or rtnetlink's kind
  bool has_native;          // XDP in the driver itself
  unsigned mtu = 0;         // the largest that native XDP without fragments takes; 0: not known
  bool lro_off = false;     // refuses XDP while LRO is on
  bool gro_hw_off = false;  // refuses XDP while GRO is done by the device
  bool half_the_queues = false;  // needs as many again for what XDP sends
  bool queue_a_cpu = false;      // wants a queue more for each CPU, or sends under a lock
  const char* note = "";         // what else; one sentence
  const char* remedy = "";
};

// nullptr: not in the table.
const Driver* find_driver(std::string_view name);

}  // namespace weir::doctor
