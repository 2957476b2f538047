// SPDX-License-Identifier: BSD-2-Clause
// What http services are asked for, for people.
#include <fmt/format.h>

#include "output/document.h"
#include "output/layout.h"
#include "output/text.h"

namespace weir {
namespace {

using document::cell;
using document::Json;
using document::member;
using layout::Align;
using layout::Table;

constexpr const char* kOff = "off: the setting paths is false\n";

// The time of day: all of them are of the last minutes.
std::string clock_cell(const Json& object) {
  const std::string time = document::time_cell(object, "time");
  const auto day = time.find('T');
  return day == std::string::npos ? time : time.substr(day + 1);
}

std::string verdict_cell(const Json& request) {
  return cell(request, "verdict") + (document::flag(request, "observed") ? " (only observed)" : "");
}

}  // namespace

std::string paths_text(const nlohmann::ordered_json& document) {
  if (!document::flag(document, "enabled")) return kOff;
  const Json& requests = member(document, "requests");
  const bool is_sample = document::flag(document, "sampled");
  std::string out = layout::wrapped(
      "",
      fmt::format(
          "{} requests since {}{}", cell(requests, "seen"), document::time_cell(document, "since"),
          is_sample ? fmt::format("; a sample: counted are {}", cell(requests, "counted")) : ""));
  Table table({{"COUNT", Align::kRight},
               {"TURNED AWAY", Align::kRight},
               {"MEAN MS", Align::kRight},
               {"LONGEST MS", Align::kRight},
               {"TOTAL MS", Align::kRight},
               {"SERVICE"},
               {"PATH", Align::kElastic}});
  for (const Json& path : member(document, "paths"))
    table.row({cell(path, "count"), cell(path, "turnedAway"), cell(path, "meanMs"),
               cell(path, "longestMs"), cell(path, "totalMs"), cell(path, "service"),
               cell(path, "path")});
  return out + (table.empty() ? "no paths\n" : table.text());
}

std::string requests_text(const nlohmann::ordered_json& document) {
  if (!document::flag(document, "enabled")) return kOff;
  Table table({{"TIME"},
               {"ADDRESS"},
               {"VERDICT"},
               {"STATUS"},
               {"MS", Align::kRight},
               {"METHOD"},
               {"PATH", Align::kElastic}});
  for (const Json& request : member(document, "requests"))
    table.row({clock_cell(request), cell(request, "address"), verdict_cell(request),
               cell(request, "status"), cell(request, "responseMs"), cell(request, "method"),
               cell(request, "path")});
  return table.empty() ? "no requests\n" : table.text();
}

}  // namespace weir
