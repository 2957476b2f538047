// SPDX-License-Identifier: BSD-2-Clause
// Configuration files for the tests of what is read from them.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace weir {

inline LoadedSettings parsed(std::string_view text) {
  auto loaded = parse_settings(text, "weir.toml");
  EXPECT_TRUE(loaded) << text << "\n" << (loaded ? "" : loaded.error().message);
  return loaded ? *loaded : LoadedSettings{};
}

// A service around the lines of one limit; the first of them is line 6.
inline std::string syn_limit(std::string_view lines) {
  return fmt::format(
      "[services.web]\nports = [80]\nprotocol = \"http\"\n\n[services.web.syn]\n{}\n", lines);
}

}  // namespace weir
