// SPDX-License-Identifier: BSD-2-Clause
// What an operator can tune, as plain data. No parsing, no kernel layout in here.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "config/kick_reply.h"
#include "weir/abi.h"

namespace weir {

// The enums of weir/verdict.h with their names; names.h turns them into text and back.
using Mode = weir_mode;
using Window = weir_window;
using Action = weir_action;
using Protocol = weir_protocol;
using Event = weir_event;

struct Limit {
  std::uint32_t start_throttle = 0;  // events answered at once; >= to_much: no delay stage
  std::uint32_t to_much = 0;         // events before the source is kicked
  Milliseconds timeout{};            // the window
  Window window = WEIR_WINDOW_BURST;
  Milliseconds delay{500};           // how long a throttled event is held off
  Action action = WEIR_ACTION_DROP;  // what a kick does
  bool operator==(const Limit&) const = default;
};

struct BanRule {
  std::uint32_t after = 30;        // kicks …
  Milliseconds within{60'000};     // … in this time
  Milliseconds duration{600'000};  // the first ban; doubles
  Milliseconds longest{86'400'000};
  bool operator==(const BanRule&) const = default;
};

struct PathRule {
  std::string prefix;
  std::uint32_t start_throttle = 0;
  std::uint32_t to_much = 0;
  Milliseconds timeout{};
  std::optional<Milliseconds> ban;
  bool operator==(const PathRule&) const = default;
};

struct Service {
  std::string name;  // [A-Za-z0-9_-]{1,32}
  std::vector<std::uint16_t> ports;
  Protocol protocol = WEIR_PROTOCOL_TCP;
  std::array<std::optional<Limit>, WEIR_EVENT_COUNT> limits;  // by event
  // Connection attempts a second, of all sources, above which those that were not yet seen to be
  // at their address are challenged; 0: never.
  std::uint32_t flood_rate = 0;
  std::optional<BanRule> ban;
  std::vector<PathRule> paths;
  // Whether asking for a URL again before it is answered is a kick; not said: where it can be seen.
  std::optional<bool> repeats;
  [[nodiscard]] bool refuses_repeats() const {
    return repeats.value_or(protocol == WEIR_PROTOCOL_HTTP);
  }
  bool operator==(const Service&) const = default;
};

// How a kick is carried out where it cannot be as asked for: only requests in cleartext are
// replied to, and only SYNs challenged.
Action effective_action(const Service& service, Event event, Action action);

// What the requests for a rule's paths are judged by.
Limit limit_of(const Service& service, const PathRule& rule);

// What is written for others, and where to: kLogOff, an absolute path, or for events kLogJournal.
enum class LogKey { kEvents, kCounters };
inline constexpr std::array kLogKeys{LogKey::kEvents, LogKey::kCounters};
const char* log_name(LogKey key);  // as the file has it: "eventLog", "counterLog"
inline constexpr const char* kLogOff = "off";
inline constexpr const char* kLogJournal = "journal";

// What parts of a page end in, without the dot.
std::vector<std::string> default_media_suffixes();

struct Settings {
  Mode mode = WEIR_MODE_OBSERVE;
  std::vector<std::string> interfaces;
  int prefix4 = 32;
  int prefix6 = 64;
  std::vector<Prefix> allow;
  std::vector<Prefix> proxies;  // many clients are behind each: never banned by a rule
  // Bans that rules make in a minute before they stop making any: a wrong rule, or something before
  // this host that hides its clients, must not shut everybody out. 0: never.
  std::uint32_t max_bans_per_minute = 1000;
  // Room in the kernel's tables, taken when the pins are made; 0: by the machine's memory.
  std::uint32_t max_sources = 0;
  std::uint32_t max_bans = 0;
  // How many of the newest values, and of the highest, a counter shows.
  std::uint32_t series_trend = 48;
  std::uint32_t series_max = 5;
  Milliseconds time_window{600'000};  // a source is active when seen within it
  // Whether the time that HTTP services take to answer is measured.
  std::optional<bool> response_time{true};
  [[nodiscard]] bool times_answers() const { return response_time.value_or(true); }
  // Whether it is told which paths are asked for, and whether with their query strings.
  std::optional<bool> paths{true}, path_queries{false};
  [[nodiscard]] bool tells_paths() const { return paths.value_or(true); }
  [[nodiscard]] bool tells_queries() const { return path_queries.value_or(false); }
  std::string event_log{kLogOff}, counter_log{kLogOff};
  [[nodiscard]] const std::string& log(LogKey key) const {
    return key == LogKey::kEvents ? event_log : counter_log;
  }
  std::vector<std::string> media_suffixes = default_media_suffixes();
  std::string reply_text{kDefaultReplyText};  // the page that a kicked client sees
  std::vector<Service> services;              // in the order of their indices in the kernel
  bool operator==(const Settings&) const = default;

  // The source that an address is counted as.
  [[nodiscard]] Prefix source_of(const Address& address) const {
    return Prefix::around(address, address.is_v4() ? prefix4 : prefix6);
  }
  [[nodiscard]] const Service* find_service(const std::string& name) const;
  [[nodiscard]] Service* find_service(const std::string& name);
  // A path rule by its number among those of all services, from 0; nullptr: there is none.
  [[nodiscard]] const PathRule* find_rule(std::size_t index) const;
};

enum class Origin { kDefault, kFile, kCommand };
const char* origin_name(Origin origin);  // "default", "file", "command"

// Where each value comes from, by its path in the file: "services.web.syn.toMuch".
using Origins = std::map<std::string, Origin>;

}  // namespace weir
