// SPDX-License-Identifier: BSD-2-Clause
// The egress programs that time answers, one on each attached interface.
#pragma once

#include <map>

#include "dataplane/interface_table.h"
#include "dataplane/pin_directory.h"

namespace weir {

class ResponseTimers {
 public:
  // Attaches where one is missing. What can't be timed is said in the log, once for an interface,
  // and filtered all the same.
  void attach(InterfaceTable& table, const PinDirectory& pins);
  void forget(unsigned slot) { tried_.erase(slot); }

 private:
  std::map<unsigned, unsigned> tried_;  // slots whose answers are timed, or cannot be: ifindex
};

}  // namespace weir
