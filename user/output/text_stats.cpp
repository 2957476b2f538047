// SPDX-License-Identifier: BSD-2-Clause
// `weir stats` and `weir status` for people.
#include <fmt/format.h>

#include "output/document.h"
#include "output/layout.h"
#include "output/text.h"
#include "output/text_parts.h"
#include "stats/series.h"

namespace weir {
namespace {

using document::cell;
using document::Json;
using document::member;
using layout::Align;
using layout::Table;

std::string title(const Json& document) {
  const auto uptime = std::chrono::seconds(document::whole(document, "uptimeSeconds"));
  return layout::wrapped("",
                         fmt::format("weir {}, mode {}, up {}, at {}", cell(document, "version"),
                                     cell(document, "mode"), describe_duration(uptime),
                                     document::time_cell(document, "time")));
}

std::string interfaces(const Json& document) {
  Table table({{"INTERFACE"},
               {"ATTACH"},
               {"ATTACHED"},
               {"PACKETS", Align::kRight},
               {"BYTES", Align::kRight}});
  std::string notes;
  for (const Json& item : member(document, "interfaces")) {
    table.row({cell(item, "name"), cell(item, "attach"), cell(item, "attached"),
               cell(item, "packets"), cell(item, "bytes")});
    if (const auto note = document::text(item, "note"); !note.empty())
      notes += layout::wrapped(cell(item, "name") + ": ", note);
  }
  return table.empty() ? "no interfaces are filtered\n" : table.text() + notes;
}

std::string verdicts(const Json& document) {
  Table table({{"VERDICT"}, {"PACKETS", Align::kRight}, {"OBSERVED", Align::kRight}});
  for (const auto& [verdict, packets] : member(document, "verdicts").items())
    table.row({verdict, cell(packets), cell(document, "observed", verdict.c_str())});
  return table.text();
}

std::string services(const Json& document) {
  Table table({{"SERVICE", Align::kElastic},
               {"EVENT"},
               {"EVENTS", Align::kRight},
               {"PASS", Align::kRight},
               {"THROTTLE", Align::kRight},
               {"KICK", Align::kRight},
               {"ALLOW", Align::kRight},
               {"WOULD THROTTLE", Align::kRight},
               {"WOULD KICK", Align::kRight}});
  for (const auto& [service, events] : member(document, "services").items())
    for (const auto& [event, counts] : events.items())
      table.row({service, event, cell(counts, "events"), cell(counts, "pass"),
                 cell(counts, "throttle"), cell(counts, "kick"), cell(counts, "allow"),
                 cell(counts, "observedThrottle"), cell(counts, "observedKick")});
  return table.empty() ? "no services\n" : table.text();
}

std::string responses(const Json& document) {
  Table table({{"ANSWERS OF"},
               {"COUNT", Align::kRight},
               {"MEAN ms", Align::kRight},
               {"P50", Align::kRight},
               {"P95", Align::kRight},
               {"P99", Align::kRight},
               {"2xx", Align::kRight},
               {"4xx", Align::kRight},
               {"5xx", Align::kRight}});
  const auto row = [&table](const std::string& name, const Json& counts) {
    const Json& statuses = member(counts, "statuses");
    table.row({name, cell(counts, "count"), cell(counts, "meanMs"), cell(counts, "p50Ms"),
               cell(counts, "p95Ms"), cell(counts, "p99Ms"), cell(statuses, "2xx"),
               cell(statuses, "4xx"), cell(statuses, "5xx")});
  };
  for (const auto& [service, counts] : member(document, "responses").items()) {
    row(service + (member(counts, "estimate") == true ? ", estimated" : ""), counts);
    for (const Json& path : member(counts, "paths"))
      row(service + " " + cell(path, "prefix"), path);
  }
  return table.empty() ? "" : table.text() + "\n";
}

Json highest_of(const Json& series) {
  const Json& peaks = member(series, "max");
  return peaks.is_array() && !peaks.empty() ? peaks.front() : Json();
}

std::string series(const Json& document) {
  Table table({{"EVENTS PER"}, {"LAST", Align::kRight}, {"MOST", Align::kRight}, {"AT"}});
  for (const PeriodInfo& info : kPeriods) {
    const Json& one = member(document, "series", std::string(info.name).c_str());
    const Json most = highest_of(one);
    table.row({std::string(info.unit), cell(one, "last"), cell(most, "value"),
               document::time_cell(most, "time")});
  }
  return table.text();
}

std::string totals(const Json& document) {
  std::string actions;
  for (const auto& [action, count] : member(document, "actions").items())
    actions += fmt::format("{}{} {}", actions.empty() ? "" : ", ", action, cell(count));
  const auto of = [&](const char* object, const char* key) { return cell(document, object, key); };
  return layout::wrapped("actions  ", actions) +
         layout::wrapped("sources  ",
                         fmt::format("{} of {} tracked, {} found no room, {} events only noted",
                                     of("sources", "tracked"), of("sources", "capacity"),
                                     of("sources", "insertFailures"), of("sources", "sketched"))) +
         layout::wrapped("bans     ", fmt::format("{} active, room for {}", of("bans", "active"),
                                                  of("bans", "capacity"))) +
         layout::wrapped("notices  ", fmt::format("{} sent, {} lost", of("notices", "sent"),
                                                  of("notices", "lost"))) +
         layout::wrapped("users    ", fmt::format("{} active from {} addresses",
                                                  of("users", "active"), of("users", "addresses")));
}

std::string problems(const Json& document) {
  const Json& list = member(document, "problems");
  if (document::flag(document, "healthy")) return "healthy\n";
  std::string out = "not healthy:\n";
  if (list.is_array())
    for (const Json& problem : list) out += layout::wrapped("  - ", cell(problem));
  return out;
}

std::string unconfirmed(const Json& document) {
  const Json& change = member(document, "unconfirmed");
  if (!change.is_object()) return {};
  return layout::wrapped(
      "", fmt::format("{} is undone at {} unless you run: weir confirm", cell(change, "change"),
                      document::time_cell(change, "until")));
}

std::string tables(const Json& document) {
  Table table(
      {{"TABLE"}, {"USED", Align::kRight}, {"CAPACITY", Align::kRight}, {"FULL", Align::kRight}});
  for (const auto& [name, fill] : member(document, "tables").items()) {
    const auto capacity = document::whole(fill, "capacity");
    const auto used = document::whole(fill, "used");
    table.row({name, cell(fill, "used"), cell(fill, "capacity"),
               capacity > 0 ? fmt::format("{:.0f}%", 100.0 * static_cast<double>(used) /
                                                         static_cast<double>(capacity))
                            : "-"});
  }
  return table.text();
}

}  // namespace

std::string stats_text(const nlohmann::ordered_json& document) {
  return title(document) + "\n" + verdicts(document) + "\n" + services(document) + "\n" +
         responses(document) + interfaces(document) + "\n" + series(document) + "\n" +
         totals(document);
}

std::string series_text(const nlohmann::ordered_json& document) {
  Table table({{"COUNTER", Align::kElastic},
               {"PER"},
               {"LAST", Align::kRight},
               {"MOST", Align::kRight},
               {"AT"}});
  for (const auto& [name, counter] : member(document, "series").items())
    for (const PeriodInfo& info : kPeriods) {
      const Json& one = member(counter, std::string(info.name).c_str());
      const Json most = highest_of(one);
      table.row({name, std::string(info.unit), cell(one, "last"), cell(most, "value"),
                 document::time_cell(most, "time")});
    }
  return table.empty() ? "no counters\n" : table.text();
}

std::string status_text(const nlohmann::ordered_json& document) {
  return title(document) + problems(document) + unconfirmed(document) + "\n" +
         interfaces(document) + "\n" + parts::limit_table(member(document, "limits")) + "\n" +
         tables(document);
}

}  // namespace weir
