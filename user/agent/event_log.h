// SPDX-License-Identifier: BSD-2-Clause
// What happened lately, for `weir events`: the kernel's notices and the agent's own acts. Pure.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "stats/snapshot.h"

namespace weir {

class EventLog {
 public:
  static constexpr std::size_t kKept = 1000;

  void add(EventView event);
  // Called with every new event; one listener.
  void listen(std::function<void(const EventView&)> listener) { listener_ = std::move(listener); }
  [[nodiscard]] const std::deque<EventView>& recent() const { return recent_; }

 private:
  std::deque<EventView> recent_;
  std::function<void(const EventView&)> listener_;
};

// A notice in words. The times of notices are of the boot clock; `wall` and `boot` are one
// moment on both clocks.
EventView event_of(const weir_notice& notice, const Settings& settings,
                   const std::vector<InterfaceState>& interfaces, WallTime wall, BootNs boot);

}  // namespace weir
