// SPDX-License-Identifier: BSD-2-Clause
// The counters of a minute as a line of counterLog, as the original's counter.log had them. Pure.
#pragma once

#include <string>

#include "stats/counters.h"

namespace weir {

// "2026-11-21T17:46:00Z -- HOST events 1840 events.syn 902 …": the start of the newest whole
// minute, then each counter's name and what the minute brought; "-" is a mean of nothing. Empty:
// no minute is over yet.
std::string counter_line(const Counters& counters, const std::string& host);

}  // namespace weir
