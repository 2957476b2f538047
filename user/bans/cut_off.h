// SPDX-License-Identifier: BSD-2-Clause
// Which open connections of this host new bans end, and when: those of one moment are looked for
// together, for that costs a walk through all sockets. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "dataplane/closings.h"

namespace weir {

class CutOff {
 public:
  // Enters a ban, of all packets or only of those to protected ports. `due`: when its connections
  // are to end; that of the bans that wait already stays.
  void add(const Prefix& prefix, bool all, BootNs due);
  void remove(const Prefix& prefix) { bans_.erase(prefix); }
  [[nodiscard]] bool empty() const { return bans_.empty(); }
  [[nodiscard]] bool is_due(BootNs now) const { return !empty() && due_ <= now; }

  // Whether a ban that was entered ends a connection. The host's own, over the loopback, never end:
  // no filter sees them.
  [[nodiscard]] bool takes(const Connection& connection,
                           const std::function<bool(std::uint16_t port)>& is_protected) const;

 private:
  std::map<Prefix, bool> bans_;  // the value: all packets
  BootNs due_ = 0;
};

}  // namespace weir
