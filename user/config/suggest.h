// SPDX-License-Identifier: BSD-2-Clause
// "Did you mean …?": the known name nearest to a mistyped one.
#pragma once

#include <string_view>
#include <vector>

namespace weir {

// The first of the nearest names: at most two slips away (a letter too many, missing, wrong,
// or two swapped), at most half of the name, case ignored. Empty when none is near.
std::string_view nearest_name(std::string_view typed, const std::vector<std::string_view>& names);

}  // namespace weir
