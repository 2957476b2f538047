// SPDX-License-Identifier: BSD-2-Clause
// What must hold for settings wherever they come from. Each finding names the path of the
// value it is about, so that the reader of a file can add the place.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace weir {

struct Issue {
  std::string path;  // "services.web.syn.toMuch", "services.web.ports.1"
  Error error;       // always kInvalid
};

// In the order of the settings; empty: all is well.
std::vector<Issue> find_issues(const Settings& settings);
std::vector<Issue> find_limit_issues(const std::string& service, Event event, const Limit& limit);
// The event itself may not fit: requests are seen only where the protocol is http.
Status check_event_fits(const Service& service, Event event);

}  // namespace weir
