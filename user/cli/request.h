// SPDX-License-Identifier: BSD-2-Clause
// A command → the HTTP request that carries it. Pure.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"

namespace weir::cli {

struct ApiCall {
  std::string method;
  std::string target;
  std::string body{};  // JSON, or empty
};

// nullopt: `run`, `doctor` and `config check` need no agent.
std::optional<ApiCall> call_for(const Command& command);

}  // namespace weir::cli
