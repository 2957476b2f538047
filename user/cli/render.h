// SPDX-License-Identifier: BSD-2-Clause
// The agent's JSON answer → what a command prints. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace weir::cli {

struct Page {
  std::string text;                  // for standard output, ends in a newline
  std::vector<std::string> notices;  // for standard error, one line each
};

// kSystem when the answer is not what this version of `weir` understands.
Result<Page> render(const Invocation& invocation, const std::string& answer);
// One event of the stream; a line that cannot be read is shown as it came.
std::string render_event(const std::string& line, bool json);
// A JSON document as one line.
std::string compact(const std::string& document);

}  // namespace weir::cli
