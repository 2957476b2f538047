// SPDX-License-Identifier: BSD-2-Clause
// Text that came from outside, made fit for a message of one line.
#pragma once

#include <string>
#include <string_view>

namespace weir {

// The text in double quotes; control characters become '?', what is over 64 bytes "…".
std::string quoted(std::string_view text);
// The text as it is, but without control characters: a line break would forge a second line.
std::string one_line(std::string_view text);

}  // namespace weir
