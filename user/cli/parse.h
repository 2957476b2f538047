// SPDX-License-Identifier: BSD-2-Clause
// The command line as text → a command, every argument checked. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace weir::cli {

// The answer to --help and --version: printed as it is.
struct Text {
  std::string text;
};

using Parsed = std::variant<Invocation, Text>;

// `arguments` without the program's name. Every Error is wrong usage (exit 2).
Result<Parsed> parse(const std::vector<std::string>& arguments, const Environment& environment);

}  // namespace weir::cli
