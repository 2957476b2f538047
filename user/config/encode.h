// SPDX-License-Identifier: BSD-2-Clause
// Settings → the block that the kernel reads. Pure.
#pragma once

#include "config/settings.h"

namespace weir {

// The settings must have passed check_settings(). The limits' epochs are left 0; the data
// plane sets them, for it knows the block that is in force.
weir_settings encode_settings(const Settings& settings);

}  // namespace weir
