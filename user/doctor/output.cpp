// SPDX-License-Identifier: BSD-2-Clause
// Findings for programs and for people.
#include <fmt/format.h>

#include "doctor/findings.h"
#include "output/layout.h"

namespace weir::doctor {
namespace {

const char* name_of(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kWarning:
      return "warning";
    case Level::kProblem:
      return "problem";
  }
  return "?";
}

std::string plural(std::size_t number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace

nlohmann::ordered_json findings_json(const std::vector<Finding>& findings) {
  auto list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    nlohmann::ordered_json entry{{"area", finding.area},
                                 {"check", finding.check},
                                 {"level", name_of(finding.level)},
                                 {"text", finding.text}};
    entry["remedy"] = nullptr;
    if (!finding.remedy.empty()) entry["remedy"] = finding.remedy;
    list.push_back(std::move(entry));
  }
  return {{"schema", 1},
          {"version", WEIR_VERSION},
          {"ok", count(findings, Level::kProblem) == 0},
          {"problems", count(findings, Level::kProblem)},
          {"warnings", count(findings, Level::kWarning)},
          {"findings", std::move(list)}};
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::string text, area;
  for (const Finding& finding : findings) {
    if (finding.area != area) {
      text += (area.empty() ? "" : "\n") + layout::printable(finding.area) + "\n";
      area = finding.area;
    }
    text += layout::wrapped(fmt::format("  {:<8} {:<13} ", name_of(finding.level), finding.check),
                            finding.text);
    if (text.back() != '\n') text += '\n';
    if (finding.remedy.empty()) continue;
    text += layout::wrapped(fmt::format("  {:<8} {:>13} ", "", "mend:"), finding.remedy);
    if (text.back() != '\n') text += '\n';
  }
  return text + fmt::format("\n{}, {}\n", plural(count(findings, Level::kProblem), "problem"),
                            plural(count(findings, Level::kWarning), "warning"));
}

}  // namespace weir::doctor
