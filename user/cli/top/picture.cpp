// SPDX-License-Identifier: BSD-2-Clause
#include "cli/top/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/time.h"
#include "output/document.h"
#include "output/layout.h"

namespace weir::cli {
namespace {

using document::cell;
using document::member;
using document::text;
using document::whole;

struct Chart {
  const char* label;
  const char* series;
  TopStyle style;
};
constexpr std::array kCharts{
    Chart{"events/s", "events", TopStyle::kPlain},
    Chart{"throttle/s", "verdicts.throttle", TopStyle::kSlow},
    Chart{"kick/s", "verdicts.kick", TopStyle::kBad},
    Chart{"ban/s", "verdicts.ban", TopStyle::kBanned},
    Chart{"users", "activeUsers", TopStyle::kGood},
};

constexpr const char* kKeys =
    "q quit  s sort  / filter  p pause  Tab list  b ban  u unban  a allow  ? help";
constexpr std::array<const char*, 12> kHelp{
    "",
    "  q          quit",
    "  p, Space   pause, and go on",
    "  Tab        select in the sources, or in the bans",
    "  Up, Down   select a row (j, k, PageUp, PageDown)",
    "  s          sort sources by hits, activity, last seen, address",
    "  /          show rows with this text only: Enter keeps it, Escape ends it",
    "  b          ban the selected address for an hour, after a question",
    "  u          lift its ban, after a question",
    "  a          put it on the allow list, after a question",
    "",
    "  any key goes back"};

std::string padded(const std::string& text, std::size_t columns, bool right = false) {
  const std::string shown = layout::shortened(layout::printable(text), columns);
  const std::string blanks(columns - std::min(columns, layout::width(shown)), ' ');
  return right ? blanks + shown : shown + blanks;
}

TopStyle style_of(const std::string& verdict) {
  if (verdict == "throttle") return TopStyle::kSlow;
  if (verdict == "kick") return TopStyle::kBad;
  if (verdict == "ban") return TopStyle::kBanned;
  if (verdict == "allow") return TopStyle::kGood;
  return TopStyle::kPlain;
}

std::vector<double> values_of(const TopData& data, const char* name) {
  std::vector<double> values;
  const Json& list = member(member(data.history, "series"), name);
  if (list.is_array())
    for (const Json& value : list)
      values.push_back(value.is_number() ? value.get<double>()
                                         : std::numeric_limits<double>::quiet_NaN());
  return values;
}

std::string short_number(double value) {
  if (std::isnan(value)) return "-";
  for (const auto& [limit, divisor, unit] :
       {std::tuple{1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e5, 1e3, "k"}})
    if (value >= limit) return fmt::format("{:.1f}{}", value / divisor, unit);
  return fmt::format("{:.0f}", value);
}

std::string newest(const TopData& data, const char* name) {
  const auto values = values_of(data, name);
  return values.empty() ? "-" : short_number(values.back());
}

// "2026-11-21T17:46:00Z" less another such time, for people; empty when either is none.
std::string time_left(const std::string& until, const std::string& now) {
  const auto read = [](const std::string& text) -> std::optional<std::int64_t> {
    std::tm parts{};
    if (strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return std::nullopt;
    return timegm(&parts);
  };
  const auto end = read(until), begin = read(now);
  if (!end || !begin) return "for ever";
  return describe_duration(std::chrono::seconds(std::max<std::int64_t>(*end - *begin, 0)));
}

TopLine title(const TopState& state, const TopData& data, std::size_t columns) {
  std::string interfaces;
  for (const Json& one : member(data.stats, "interfaces"))
    interfaces += (interfaces.empty() ? "" : ", ") + cell(one, "name") +
                  (document::flag(one, "attached") ? "" : " (not filtered!)");
  std::string words =
      fmt::format("weir {}  {}  {}  up {}  {}", cell(data.stats, "version"),
                  cell(data.stats, "mode"), interfaces.empty() ? "no interface" : interfaces,
                  describe_duration(std::chrono::seconds(whole(data.stats, "uptimeSeconds"))),
                  document::time_cell(data.stats, "time"));
  if (state.paused) words += "  PAUSED";
  if (!data.problem.empty()) words = data.problem;
  return {{padded(words, columns), TopStyle::kTitle}};
}

TopLine chart_line(const Chart& chart, const TopData& data, const TopSize& size) {
  constexpr std::size_t kLabel = 11, kNumber = 8;
  const auto values = values_of(data, chart.series);
  const double last = values.empty() ? std::numeric_limits<double>::quiet_NaN() : values.back();
  TopLine line{{padded(chart.label, kLabel), TopStyle::kFaint},
               {padded(short_number(last), kNumber, true) + " ", chart.style}};
  if (size.columns > kLabel + kNumber + 2)
    line.push_back(
        {sparkline(values, size.columns - kLabel - kNumber - 2, size.is_utf8), chart.style});
  return line;
}

struct TopColumn {
  const char* title;
  std::size_t columns;  // 0: what is left
  bool right = false;
};

TopLine row_line(const std::vector<TopColumn>& columns, const std::vector<std::string>& cells,
                 TopStyle style, std::size_t width) {
  std::size_t fixed = columns.size() - 1;
  for (const TopColumn& column : columns) fixed += column.columns;
  std::string out;
  for (std::size_t i = 0; i < columns.size(); i++) {
    const std::size_t room =
        columns[i].columns != 0 ? columns[i].columns : (width > fixed ? width - fixed : 1);
    out += (i == 0 ? "" : " ") + padded(cells[i], room, columns[i].right);
  }
  return {{padded(out, width), style}};
}

std::string limit_cell(const Json& user) {
  const Json& limit = member(user, "nearest");
  if (!limit.is_object()) return "-";
  return fmt::format("{}/{} {}/{}", cell(limit, "service"), cell(limit, "event"),
                     cell(limit, "count"), cell(limit, "toMuch"));
}

std::string clock_of(const Json& row, const char* key) {
  const std::string time = text(row, key);
  return time.size() >= 19 ? time.substr(11, 8) : "-";
}

// The rows of a list that fit, with the selected one among them.
template <typename MakeLine>
void add_rows(std::vector<TopLine>& lines, const std::vector<Json>& rows, std::size_t room,
              std::optional<std::size_t> selected, MakeLine make) {
  const std::size_t chosen = selected && !rows.empty() ? std::min(*selected, rows.size() - 1) : 0;
  const std::size_t first = chosen >= room ? chosen - room + 1 : 0;
  for (std::size_t i = first; i < std::min(rows.size(), first + room); i++)
    lines.push_back(make(rows[i], selected && i == chosen));
}

void add_sources(std::vector<TopLine>& lines, const TopState& state, const TopData& data,
                 const TopSize& size, std::size_t room) {
  const std::vector<TopColumn> columns{{"SOURCE", 0},         {"VERDICT", 8},
                                       {"HITS", 8, true},     {"ACTIVITY", 8, true},
                                       {"NEAREST LIMIT", 20}, {"LAST", 8}};
  const auto rows = top_sources(state, data);
  lines.push_back({{padded(fmt::format("SOURCES  {} active, by {}{}",
                                       cell(data.users, "counts", "active"), name_of(state.sort),
                                       state.filter.empty() ? "" : ", with " + state.filter),
                           size.columns),
                    TopStyle::kHead}});
  std::vector<std::string> titles;
  titles.reserve(columns.size());
  for (const TopColumn& column : columns) titles.emplace_back(column.title);
  lines.push_back(row_line(columns, titles, TopStyle::kFaint, size.columns));
  const bool is_chosen = state.list == TopList::kSources;
  add_rows(lines, rows, room, is_chosen ? std::optional(state.selected) : std::nullopt,
           [&](const Json& user, bool selected) {
             return row_line(columns,
                             {cell(user, "address"), cell(user, "verdict"), cell(user, "hits"),
                              cell(user, "activity"), limit_cell(user), clock_of(user, "lastSeen")},
                             selected ? TopStyle::kSelected : style_of(text(user, "verdict")),
                             size.columns);
           });
  if (rows.empty()) lines.push_back({{padded("  nobody", size.columns), TopStyle::kFaint}});
}

void add_bans(std::vector<TopLine>& lines, const TopState& state, const TopData& data,
              const TopSize& size, std::size_t room) {
  const std::vector<TopColumn> columns{
      {"ADDRESS", 22}, {"LEFT", 9}, {"DROPPED", 9, true}, {"RULE AND REASON", 0}};
  const auto rows = top_bans(state, data);
  lines.push_back(
      {{padded(fmt::format("BANS  {} in force", cell(data.stats, "bans", "active")), size.columns),
        TopStyle::kHead}});
  const bool is_chosen = state.list == TopList::kBans;
  add_rows(
      lines, rows, room, is_chosen ? std::optional(state.selected) : std::nullopt,
      [&](const Json& ban, bool selected) {
        const std::string rule = text(ban, "rule"), reason = text(ban, "reason");
        return row_line(
            columns,
            {cell(ban, "address"), time_left(text(ban, "until"), text(data.stats, "time")),
             cell(ban, "dropped"), rule + (rule.empty() || reason.empty() ? "" : ": ") + reason},
            selected ? TopStyle::kSelected : TopStyle::kPlain, size.columns);
      });
}

TopLine last_line(const TopState& state, std::size_t columns) {
  if (state.question)
    return {{padded(text_of(*state.question) + "  y does it, any other key does not", columns),
             TopStyle::kSelected}};
  if (state.typing_filter)
    return {{padded("filter: " + state.filter + "_", columns), TopStyle::kSelected}};
  if (!state.message.empty()) return {{padded(state.message, columns), TopStyle::kTitle}};
  return {{padded(kKeys, columns), TopStyle::kFaint}};
}

// On a terminal that is narrower than any line was made for, lines are cut.
void cut(TopLine& line, std::size_t columns) {
  for (TopSpan& span : line) {
    if (layout::width(span.text) > columns) span.text = layout::shortened(span.text, columns);
    columns -= layout::width(span.text);
  }
}

}  // namespace

std::string sparkline(const std::vector<double>& values, std::size_t columns, bool is_utf8) {
  static constexpr std::array<const char*, 9> kBlocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array<const char*, 9> kAscii{" ", ".", ",", ":", "-", "=", "+", "*", "#"};
  const auto& marks = is_utf8 ? kBlocks : kAscii;
  const std::size_t shown = std::min(columns, values.size());
  double most = 0;
  for (std::size_t i = values.size() - shown; i < values.size(); i++)
    if (values[i] > most) most = values[i];  // false for what is not a number
  std::string out(columns - shown, ' ');
  for (std::size_t i = values.size() - shown; i < values.size(); i++) {
    const double value = values[i];
    // Anything at all is seen: the least mark is for what is not nothing.
    const auto mark = value > 0 ? 1 + static_cast<std::size_t>(value / most * 7) : 0;
    out += marks[std::min<std::size_t>(mark, 8)];
  }
  return out;
}

std::vector<TopLine> top_picture(const TopState& state, const TopData& data, const TopSize& size) {
  std::vector<TopLine> lines;
  if (size.rows == 0 || size.columns == 0) return lines;
  lines.push_back(title(state, data, size.columns));
  if (state.helping) {
    for (const char* line : kHelp) lines.push_back({{padded(line, size.columns)}});
  } else {
    for (const Chart& chart : kCharts)
      if (size.rows >= 12) lines.push_back(chart_line(chart, data, size));
    // What is left: title, last line and three heads; bans get a third of it.
    const std::size_t used = lines.size() + 1 + 3;
    const std::size_t room = size.rows > used ? size.rows - used : 0;
    const std::size_t bans =
        std::min(room / 3, std::max<std::size_t>(top_bans(state, data).size(), 1));
    add_sources(lines, state, data, size, room - bans);
    lines.resize(std::min(lines.size(), size.rows - std::min(size.rows, bans + 2)));
    while (lines.size() + bans + 2 < size.rows) lines.push_back({});
    add_bans(lines, state, data, size, bans);
  }
  lines.resize(std::min(lines.size(), size.rows - 1));
  while (lines.size() + 1 < size.rows) lines.push_back({});
  lines.push_back(last_line(state, size.columns));
  if (size.rows == 1) lines.erase(lines.begin(), lines.end() - 1);
  for (TopLine& line : lines) cut(line, size.columns);
  return lines;
}

std::string top_line(const TopData& data) {
  const auto sources = top_sources(TopState{}, data);
  std::string line =
      fmt::format("{}  events {}/s  throttle {}/s  kick {}/s  ban {}/s  users {}  bans {}",
                  document::time_cell(data.stats, "time"), newest(data, "events"),
                  newest(data, "verdicts.throttle"), newest(data, "verdicts.kick"),
                  newest(data, "verdicts.ban"), cell(data.stats, "users", "active"),
                  cell(data.stats, "bans", "active"));
  if (!sources.empty())
    line += fmt::format("  most: {} {}", cell(sources.front(), "address"),
                        cell(sources.front(), "verdict"));
  return layout::shortened(layout::printable(line), layout::kColumns) + "\n";
}

}  // namespace weir::cli
