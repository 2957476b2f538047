// SPDX-License-Identifier: BSD-2-Clause
// What `weir top` remembers between two pictures, and what a key changes in it. Pure.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

using Json = nlohmann::ordered_json;

// The agent's answers; empty objects before the first ones.
struct TopData {
  Json stats = Json::object();
  Json history = Json::object();  // by second
  Json users = Json::object();
  Json bans = Json::object();
  std::string problem;  // why there are no newer ones; may be empty
};

enum class TopSort { kHits, kActivity, kLastSeen, kAddress };
inline constexpr int kTopSorts = 4;
const char* name_of(TopSort sort);

enum class TopList { kSources, kBans };

enum class TopAct { kBan, kUnban, kAllow };
struct TopQuestion {
  TopAct act = TopAct::kBan;
  std::string address;
  bool operator==(const TopQuestion&) const = default;
};
std::string text_of(const TopQuestion& question);

struct TopState {
  TopSort sort = TopSort::kHits;
  TopList list = TopList::kSources;
  std::size_t selected = 0;  // a row of that list
  std::string filter;        // a part of the address, verdict, rule or reason
  bool typing_filter = false;
  bool paused = false;
  bool helping = false;
  bool ended = false;
  std::optional<TopQuestion> question;  // waits for y
  std::string message;                  // what the last act brought
};

// Keys that are not characters.
inline constexpr int kKeyUp = 0x110001, kKeyDown = 0x110002, kKeyPageUp = 0x110003,
                     kKeyPageDown = 0x110004, kKeyEnter = 0x110005, kKeyEscape = 0x110006,
                     kKeyBackspace = 0x110007;

// The rows that are shown, filtered and in order.
std::vector<Json> top_sources(const TopState& state, const TopData& data);
std::vector<Json> top_bans(const TopState& state, const TopData& data);

// Returns what is to be done now: it was asked about, and the answer was y.
std::optional<TopQuestion> press(TopState& state, const TopData& data, int key);

}  // namespace weir::cli
