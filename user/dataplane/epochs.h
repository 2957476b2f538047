// SPDX-License-Identifier: BSD-2-Clause
// Which sliding logs start anew when settings change.
#pragma once

#include "weir/abi.h"

namespace weir {

// Sets the epochs of all limits of a block that is to follow another: a log that is kept in another
// form, or is now of another path rule, starts anew; see weir_limit.epoch.
void set_epochs(weir_settings& next, const weir_settings& now);

}  // namespace weir
