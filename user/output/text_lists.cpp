// SPDX-License-Identifier: BSD-2-Clause
// Bans, the allow list, limits, events and `weir explain` for people.
#include <fmt/format.h>

#include "output/document.h"
#include "output/layout.h"
#include "output/text.h"
#include "output/text_parts.h"

namespace weir {
namespace {

using document::cell;
using document::Json;
using document::member;
using document::text;
using document::time_cell;
using layout::Align;
using layout::Table;

std::string end_of(const Json& ban) {
  return member(ban, "until").is_null() ? "for ever" : time_cell(ban, "until");
}

// "web/request: too eager": the rule and the reason; either may be missing.
std::string cause_of(const Json& ban) {
  const std::string rule = text(ban, "rule");
  const std::string reason = text(ban, "reason");
  return rule + (rule.empty() || reason.empty() ? "" : ": ") + reason;
}

std::string delay_of(const Json& limit) {
  const bool none = document::whole(limit, "startThrottle") >= document::whole(limit, "toMuch");
  return none ? "none" : cell(limit, "delay");
}

std::string action_of(const Json& limit) {
  std::string wanted = cell(limit, "action");
  const std::string effective = text(limit, "effectiveAction");
  if (effective.empty() || effective == wanted) return wanted;
  return fmt::format("{} (as {})", wanted, effective);
}

// "throttle 12, kick 5": of what there was any.
std::string counts_of(const Json& verdicts) {
  std::string out;
  for (const auto& [name, count] : verdicts.items())
    if (count.is_number() && count != 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, cell(count));
  return out;
}

// "4711", or "~4711" where it was estimated; "-" where nothing is known.
std::string bytes_of(const Json& counted) {
  if (!counted.is_object()) return "-";
  return (document::flag(counted, "estimate") ? "~" : "") + cell(counted, "bytes");
}

std::string hindrances_of(const Json& counted) {
  if (!counted.is_object()) return "not counted lately";
  const std::string done = counts_of(member(counted, "verdicts"));
  const std::string observed = counts_of(member(counted, "observed"));
  if (done.empty() && observed.empty()) return "never";
  return fmt::format("{}{}{}{}{}", document::flag(counted, "estimate") ? "about " : "", done,
                     done.empty() || observed.empty() ? "" : "; ",
                     observed.empty() ? "" : "only observed: ", observed);
}

std::string explained_limits(const Json& limits) {
  Table table({{"SERVICE", Align::kElastic},
               {"EVENT"},
               {"COUNT", Align::kRight},
               {"START THROTTLE", Align::kRight},
               {"TO MUCH", Align::kRight},
               {"TIMEOUT"},
               {"WINDOW"},
               {"RESETS IN"}});
  for (const Json& limit : limits) {
    const std::string path = text(limit, "path");
    table.row({cell(limit, "service") + (path.empty() ? "" : " " + path), cell(limit, "event"),
               cell(limit, "count"), cell(limit, "startThrottle"), cell(limit, "toMuch"),
               format_duration(Milliseconds(document::whole(limit, "timeoutMs"))),
               cell(limit, "window"),
               describe_duration(Milliseconds(document::whole(limit, "resetsInMs")))});
  }
  return table.empty() ? "no limits count it\n" : table.text();
}

}  // namespace

namespace parts {

std::string limit_table(const nlohmann::ordered_json& limits) {
  bool origins = false;
  for (const Json& limit : limits) origins = origins || !member(limit, "origin").is_null();
  std::vector<layout::Column> columns = {{"SERVICE", Align::kElastic},
                                         {"EVENT"},
                                         {"START THROTTLE", Align::kRight},
                                         {"TO MUCH", Align::kRight},
                                         {"TIMEOUT"},
                                         {"WINDOW"},
                                         {"DELAY"},
                                         {"ACTION"}};
  if (origins) columns.push_back({"ORIGIN"});
  Table table(std::move(columns));
  for (const Json& limit : limits) {
    table.row({cell(limit, "service"), cell(limit, "event"), cell(limit, "startThrottle"),
               cell(limit, "toMuch"), cell(limit, "timeout"), cell(limit, "window"),
               delay_of(limit), action_of(limit), cell(limit, "origin")});
  }
  return table.empty() ? "no limits\n" : table.text();
}

}  // namespace parts

std::string users_text(const nlohmann::ordered_json& document) {
  const Json& counts = member(document, "counts");
  const auto window = Milliseconds(document::whole(document, "timeWindowMs"));
  std::string out = layout::wrapped(
      "",
      fmt::format("{} active within {}; {} in the last minute, {} hour, {} day; at {}",
                  cell(counts, "active"), format_duration(window), cell(counts, "lastMinute"),
                  cell(counts, "lastHour"), cell(counts, "lastDay"), time_cell(document, "time")));
  Table table({{"SOURCE", Align::kElastic},
               {"VERDICT"},
               {"HITS", Align::kRight},
               {"ACTIVITY", Align::kRight},
               {"BYTES", Align::kRight},
               {"PROVEN"},
               {"FIRST SEEN"},
               {"LAST SEEN"}});
  for (const Json& user : member(document, "users"))
    table.row({cell(user, "address"), cell(user, "verdict"), cell(user, "hits"),
               cell(user, "activity"), bytes_of(member(user, "counted")), cell(user, "validated"),
               time_cell(user, "firstSeen"), time_cell(user, "lastSeen")});
  return out + (table.empty() ? "nobody\n" : table.text());
}

std::string user_text(const nlohmann::ordered_json& document) {
  std::string out = layout::wrapped(
      "", fmt::format("{}: {}", cell(document, "address"), cell(document, "verdict")));
  out += layout::wrapped("  why         ", cell(document, "why"));
  out += layout::wrapped("  hits        ", cell(document, "hits"));
  out += layout::wrapped("  activity    ", cell(document, "activity") + " hits a minute, smoothed");
  out += layout::wrapped("  first seen  ", time_cell(document, "firstSeen"));
  out += layout::wrapped("  last seen   ", time_cell(document, "lastSeen"));
  out += layout::wrapped("  validated   ", cell(document, "validated"));
  const Json& counted = member(document, "counted");
  out += layout::wrapped("  bytes sent  ", counted.is_object()
                                               ? fmt::format("{} since {}", bytes_of(counted),
                                                             time_cell(counted, "since"))
                                               : "none counted lately");
  out += layout::wrapped("  hindered    ", hindrances_of(counted));
  return out + "\n" + explained_limits(member(document, "limits"));
}

std::string bans_text(const nlohmann::ordered_json& document) {
  Table table({{"ADDRESS"},
               {"UNTIL"},
               {"TIMES", Align::kRight},
               {"DROPPED", Align::kRight},
               {"ORIGIN"},
               {"REASON", Align::kElastic}});
  for (const Json& ban : member(document, "bans")) {
    table.row({cell(ban, "address"), end_of(ban), cell(ban, "times"), cell(ban, "dropped"),
               cell(ban, "origin"),
               (document::flag(ban, "all") ? "(all ports) " : "") + cause_of(ban)});
  }
  return table.empty() ? "no bans\n" : table.text();
}

std::string allow_text(const nlohmann::ordered_json& document) {
  Table table({{"ADDRESS"}, {"SINCE"}, {"ORIGIN"}, {"REASON", Align::kElastic}});
  for (const Json& allow : member(document, "allow")) {
    table.row({cell(allow, "address"), time_cell(allow, "since"), cell(allow, "origin"),
               text(allow, "reason")});
  }
  return table.empty() ? "no addresses are on the allow list\n" : table.text();
}

std::string limits_text(const nlohmann::ordered_json& document) {
  return parts::limit_table(member(document, "limits"));
}

std::string explanation_text(const nlohmann::ordered_json& document) {
  std::string out = layout::wrapped(
      "", fmt::format("{}: {}", cell(document, "address"), cell(document, "verdict")));
  out += layout::wrapped("  why        ", cell(document, "why"));
  out += layout::wrapped("  source     ", cell(document, "source"));
  out += layout::wrapped("  validated  ", cell(document, "validated"));
  const Json& ban = member(document, "ban");
  if (ban.is_object()) {
    const std::string cause = cause_of(ban);
    out += layout::wrapped(
        "  ban        ",
        fmt::format("since {}, until {}, {} time{}{}{}", time_cell(ban, "since"), end_of(ban),
                    cell(ban, "times"), document::whole(ban, "times") == 1 ? "" : "s",
                    cause.empty() ? "" : ", ", cause));
  } else {
    out += layout::wrapped("  ban        ", "none");
  }
  const std::string allow = text(document, "allow");
  out += layout::wrapped("  allow      ", allow.empty() ? "not on the allow list" : allow);
  return out + "\n" + explained_limits(member(document, "limits"));
}

std::string event_words(const nlohmann::ordered_json& document) {
  std::string line = fmt::format("{:<8}", cell(document, "kind"));
  const auto add = [&line](const std::string& part) {
    if (!part.empty()) line += "  " + part;
  };
  const std::string address = text(document, "address"), subject = text(document, "subject");
  if (!subject.starts_with(address + "/")) add(address);
  add(subject);
  const std::string service = text(document, "service");
  const std::string event = text(document, "event");
  const std::string rule = text(document, "rule");
  // A rule's name begins with its service's.
  add(!rule.empty() ? rule : service + (service.empty() || event.empty() ? "" : "/") + event);
  if (const auto count = document::whole(document, "count"); count > 0)
    add(fmt::format("number {}", count));
  if (document::flag(document, "observed")) add("(only observed)");
  add(text(document, "reason"));
  add(text(document, "path"));
  return layout::printable(line);
}

std::string event_text(const nlohmann::ordered_json& document) {
  return layout::shortened(fmt::format("{:<20}  {}", layout::printable(time_cell(document, "time")),
                                       event_words(document)),
                           layout::kColumns) +
         "\n";
}

}  // namespace weir
