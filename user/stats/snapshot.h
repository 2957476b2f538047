// SPDX-License-Identifier: BSD-2-Clause
// The one data model of all output: what `weir stats`, `status`, JSON and Prometheus show.
// Passive; made by the agent, rendered by output/.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "dataplane/dataplane.h"
#include "stats/responses.h"
#include "stats/series.h"
#include "stats/told.h"
#include "stats/users.h"

namespace weir {

struct ServiceEventStats {
  std::string service;
  Event event = WEIR_EVENT_SYN;
  int family = 0;  // 0: IPv4, 1: IPv6
  weir_event_counters counters{};
};

// A change that undoes itself unless `weir confirm` follows.
struct UnconfirmedView {
  std::string what;
  WallTime until;
};

// A file, or journald, that events or counters are written to.
struct LogView {
  std::string name;  // the setting: "eventLog"
  std::string where;
  std::uint64_t written = 0;  // lines
  std::uint64_t lost = 0;
  std::optional<std::string> problem;
};

struct Snapshot {
  std::string version;
  WallTime time;
  Milliseconds uptime{};  // of the agent
  Mode mode = WEIR_MODE_OBSERVE;
  std::vector<InterfaceState> interfaces;
  weir_stats total{};                       // over all interfaces, retired ones included
  std::vector<ServiceEventStats> services;  // one per service, enabled event and family
  Tables tables;
  std::uint64_t active_bans = 0;
  SeriesViews events;  // every metered event
  UserCounts users;
  std::vector<ServiceResponses> responses;  // of services whose answers are timed
  std::optional<double> response_ms;        // the mean of the last whole minute
  std::optional<UnconfirmedView> unconfirmed;
  std::vector<LogView> logs;          // those that are on
  std::vector<std::string> problems;  // why `status` is not healthy; empty: healthy
};

// Verdicts that mode observe counts and does not carry out.
inline constexpr std::array kObservedVerdicts{WEIR_VERDICT_THROTTLE, WEIR_VERDICT_KICK,
                                              WEIR_VERDICT_BAN, WEIR_VERDICT_MALFORMED};

// Metered events by kind. From the totals and not from the services: these go on when a service
// leaves the settings.
std::array<std::uint64_t, WEIR_EVENT_COUNT> event_counts(const weir_stats& stats);
// Packets with each verdict, derived from the reasons.
std::array<std::uint64_t, WEIR_VERDICT_COUNT> verdict_counts(const weir_stats& stats);
// Packets by what was done to them; what was not answered was dropped.
std::array<std::uint64_t, WEIR_ACTION_COUNT> action_counts(const weir_stats& stats);
std::uint64_t packet_count(const weir_stats& stats);
// Adds every counter of `from` to `to`.
void add_stats(weir_stats& to, const weir_stats& from);
// Events that were simply let through; in mode observe also those that would not have been.
std::uint64_t passed(const weir_event_counters& counters);

struct BanView {
  Prefix prefix;
  WallTime since;
  std::optional<WallTime> until;  // nullopt: for ever
  std::string reason;
  std::string rule;
  std::string origin;  // cli, rule, import, feed
  bool all = false;
  int times = 1;
  std::uint64_t dropped = 0;
};

struct AllowView {
  Prefix prefix;
  WallTime since;
  std::string reason;
  std::string origin;  // file, cli
};

struct LimitView {
  std::string service;
  Event event = WEIR_EVENT_SYN;
  Limit limit;
  std::uint32_t count = 0;    // explain only
  Milliseconds resets_in{0};  // explain only
  std::string path;           // explain only: the rule's prefix; empty: the service's own limit
};

struct Explanation {
  Address address;
  Prefix source;
  weir_verdict verdict = WEIR_VERDICT_PASS;
  std::string why;
  bool validated = false;
  std::vector<LimitView> limits;
  std::optional<BanView> ban;
  std::optional<Prefix> allow;
};

// A source as `weir users` shows it.
struct UserView {
  Prefix source;
  std::uint64_t hits = 0;  // since first_seen; where that is not known, of its newest burst
  double activity = 0;     // hits a minute, smoothed as the original does
  std::optional<WallTime> first_seen;
  WallTime last_seen;
  weir_verdict verdict = WEIR_VERDICT_PASS;  // of its next event
  std::string why;
  bool validated = false;
  std::vector<LimitView> limits;
  std::optional<BanView> ban;
  std::optional<Told> told;
};

struct UsersView {
  WallTime time;  // the tables were read then
  Milliseconds window{};
  UserCounts counts;
  std::vector<UserView> users;  // most hits first
};

// What `weir events` shows: a notice of the kernel or an act of the agent.
struct EventView {
  WallTime time;
  std::string kind;  // throttle, kick, ban, unban, allow, mode, limit, attach, detach
  std::optional<Address> address;
  std::string subject;  // what an act was done to: a network, an interface, a limit
  std::string service;
  std::string event;
  std::uint32_t count = 0;
  std::string path;  // cleaned of control characters
  std::string reason;
  std::string rule;    // that kicked or banned: "web.ban", "web.paths /register/"
  std::string action;  // how a kick was carried out
  std::string interface;
  bool observed = false;  // mode was observe: nothing was done
};

}  // namespace weir
