// SPDX-License-Identifier: BSD-2-Clause
#include "cli/top/state.h"

#include <algorithm>

#include "output/document.h"

namespace weir::cli {
namespace {

constexpr std::size_t kFilterMax = 40;
constexpr std::size_t kPageRows = 10;

bool holds(const TopState& state, const Json& row) {
  if (state.filter.empty()) return true;
  for (const char* key : {"address", "verdict", "rule", "reason"})
    if (document::text(row, key).find(state.filter) != std::string::npos) return true;
  return false;
}

std::vector<Json> rows_of(const TopState& state, const Json& list) {
  std::vector<Json> rows;
  if (list.is_array())
    for (const Json& row : list)
      if (row.is_object() && holds(state, row)) rows.push_back(row);
  return rows;
}

std::vector<Json> shown(const TopState& state, const TopData& data) {
  return state.list == TopList::kSources ? top_sources(state, data) : top_bans(state, data);
}

void move_by(TopState& state, const TopData& data, std::ptrdiff_t rows) {
  const auto count = static_cast<std::ptrdiff_t>(shown(state, data).size());
  const auto wanted = static_cast<std::ptrdiff_t>(state.selected) + rows;
  state.selected = static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(wanted, 0, std::max<std::ptrdiff_t>(count - 1, 0)));
}

void ask(TopState& state, const TopData& data, TopAct act) {
  const auto rows = shown(state, data);
  if (rows.empty()) {
    state.message = "nothing is selected";
    return;
  }
  const Json& row = rows[std::min(state.selected, rows.size() - 1)];
  state.question = TopQuestion{act, document::text(row, "address")};
}

void type_filter(TopState& state, int key) {
  state.selected = 0;
  if (key == kKeyEnter) {
    state.typing_filter = false;
  } else if (key == kKeyEscape) {
    state.typing_filter = false;
    state.filter.clear();
  } else if (key == kKeyBackspace) {
    if (!state.filter.empty()) state.filter.pop_back();
  } else if (key > ' ' && key < 0x7f && state.filter.size() < kFilterMax) {
    state.filter += static_cast<char>(key);
  }
}

}  // namespace

const char* name_of(TopSort sort) {
  switch (sort) {
    case TopSort::kHits:
      return "hits";
    case TopSort::kActivity:
      return "activity";
    case TopSort::kLastSeen:
      return "last seen";
    case TopSort::kAddress:
      return "address";
  }
  return "hits";
}

std::string text_of(const TopQuestion& question) {
  switch (question.act) {
    case TopAct::kBan:
      return "ban " + question.address + " for 1h?";
    case TopAct::kUnban:
      return "lift the ban of " + question.address + "?";
    case TopAct::kAllow:
      return "never again throttle or ban " + question.address + "?";
  }
  return {};
}

std::vector<Json> top_sources(const TopState& state, const TopData& data) {
  auto rows = rows_of(state, document::member(data.users, "users"));
  const auto number = [](const Json& row, const char* key) {
    const Json& value = document::member(row, key);
    return value.is_number() ? value.get<double>() : 0;
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const Json& a, const Json& b) {
    switch (state.sort) {
      case TopSort::kHits:
        return number(a, "hits") > number(b, "hits");
      case TopSort::kActivity:
        return number(a, "activity") > number(b, "activity");
      case TopSort::kLastSeen:  // RFC 3339 in UTC sorts as text
        return document::text(a, "lastSeen") > document::text(b, "lastSeen");
      case TopSort::kAddress:
        return document::text(a, "address") < document::text(b, "address");
    }
    return false;
  });
  return rows;
}

std::vector<Json> top_bans(const TopState& state, const TopData& data) {
  return rows_of(state, document::member(data.bans, "bans"));
}

std::optional<TopQuestion> press(TopState& state, const TopData& data, int key) {
  state.message.clear();
  if (state.question) {
    const TopQuestion question = *state.question;
    state.question.reset();
    if (key == 'y' || key == 'Y') return question;
    state.message = "not done";
    return std::nullopt;
  }
  if (state.typing_filter) {
    type_filter(state, key);
    return std::nullopt;
  }
  if (state.helping) {
    state.helping = false;
    if (key != 'q') return std::nullopt;
  }
  switch (key) {
    case 'q':
      state.ended = true;
      break;
    case '?':
    case 'h':
      state.helping = true;
      break;
    case 's':
      state.sort = static_cast<TopSort>((static_cast<int>(state.sort) + 1) % kTopSorts);
      state.selected = 0;
      break;
    case '/':
      state.typing_filter = true;
      break;
    case kKeyEscape:
      state.filter.clear();
      break;
    case 'p':
    case ' ':
      state.paused = !state.paused;
      break;
    case '\t':
      state.list = state.list == TopList::kSources ? TopList::kBans : TopList::kSources;
      state.selected = 0;
      break;
    case kKeyUp:
    case 'k':
      move_by(state, data, -1);
      break;
    case kKeyDown:
    case 'j':
      move_by(state, data, 1);
      break;
    case kKeyPageUp:
      move_by(state, data, -static_cast<std::ptrdiff_t>(kPageRows));
      break;
    case kKeyPageDown:
      move_by(state, data, kPageRows);
      break;
    case 'b':
      ask(state, data, TopAct::kBan);
      break;
    case 'u':
      ask(state, data, TopAct::kUnban);
      break;
    case 'a':
      ask(state, data, TopAct::kAllow);
      break;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace weir::cli
