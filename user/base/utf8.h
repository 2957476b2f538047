// SPDX-License-Identifier: BSD-2-Clause
// Reading UTF-8 (RFC 3629) character by character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

inline constexpr std::uint32_t kBroken = 0xffffffff;

struct Character {
  std::uint32_t point = kBroken;
  std::size_t length = 1;  // bytes
};

// The first character of a text that is not empty; kBroken, one byte, when it is not UTF-8.
Character first_character(std::string_view text);

}  // namespace weir
