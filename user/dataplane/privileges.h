// SPDX-License-Identifier: BSD-2-Clause
// Whether this process may do what the data plane needs.
#pragma once

#include "base/result.h"

namespace weir {

// kPermission names the capabilities(7) that are missing. Asked first, so that somebody who
// forgot sudo is told that, and not which directory could not be made.
Status check_privileges();

}  // namespace weir
