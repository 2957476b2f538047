// SPDX-License-Identifier: BSD-2-Clause
// Facts → findings: what is fine, what is not, and the command that mends it. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "doctor/facts.h"

namespace weir::doctor {

enum class Level {
  kOk,
  kWarning,  // Weir works, but not as well or not as wholly as it could
  kProblem,  // it does not work
};

struct Finding {
  Level level = Level::kOk;
  std::string area;  // "host", or an interface
  std::string check;
  std::string text;    // what is so
  std::string remedy;  // a command, or what to do; empty when nothing is wrong
};

std::vector<Finding> examine(const Facts& facts);

std::size_t count(const std::vector<Finding>& findings, Level level);
nlohmann::ordered_json findings_json(const std::vector<Finding>& findings);
// For a terminal of 100 columns.
std::string findings_text(const std::vector<Finding>& findings);

}  // namespace weir::doctor
