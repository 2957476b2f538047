// SPDX-License-Identifier: BSD-2-Clause
// What can be said and done about a pin directory without an agent.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weir {

// Interfaces that the pins in a directory filter, sorted; empty when there are none.
std::vector<std::string> pinned_interfaces(const std::string& pin_dir);
// Stops filtering one interface by removing its pins; tables and their pins stay.
Status detach_pinned(const std::string& pin_dir, const std::string& name);

}  // namespace weir
