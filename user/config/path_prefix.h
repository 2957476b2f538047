// SPDX-License-Identifier: BSD-2-Clause
// The prefix of a path rule, as the data path compares it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

// The prefix decoded (RFC 3986, 2.1), with "//" and "/./" as "/": requests are read the same way.
// What no request can match is kInvalid, and so is what is not 1 to WEIR_PATH_MAX bytes then.
Result<std::string> normal_prefix(std::string_view prefix);

}  // namespace weir
