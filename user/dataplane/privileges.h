// SPDX-License-Identifier: BSD-2-Clause
// Whether this process may do what the data plane needs.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weir {

// kPermission names the capabilities(7) that are missing. Asked first, so that somebody who
// forgot sudo is told that, and not which directory could not be made.
Status check_privileges();
// The names of those that are missing for that.
std::vector<std::string> missing_capabilities();
bool has_capability(int capability);

}  // namespace weir
