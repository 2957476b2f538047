// SPDX-License-Identifier: BSD-2-Clause
// One snapshot with a different number in every place, for the tests of the output formats.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "stats/snapshot.h"

namespace weir {

inline constexpr WallTime kSampleTime = WallTime(std::chrono::hours(498'689));
inline constexpr const char* kSampleTimeText = "2026-11-21T17:00:00Z";

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline weir_stats sample_stats() {
  weir_stats stats{};
  stats.bytes = 123'456'789;
  stats.reasons[WEIR_REASON_UNDER_LIMIT] = 1'000'000;
  stats.reasons[WEIR_REASON_NOT_TCP] = 234'567;
  stats.reasons[WEIR_REASON_ALLOWED] = 11;
  stats.reasons[WEIR_REASON_THROTTLED] = 12;
  stats.reasons[WEIR_REASON_OVER_LIMIT] = 13;
  stats.reasons[WEIR_REASON_BANNED_SOURCE] = 14;
  stats.reasons[WEIR_REASON_TCP_FLAGS] = 15;
  stats.observed[WEIR_VERDICT_THROTTLE] = 21;
  stats.observed[WEIR_VERDICT_KICK] = 22;
  stats.observed[WEIR_VERDICT_BAN] = 23;
  stats.answers[WEIR_ACTION_REPLY] = 7;
  stats.events[0][WEIR_EVENT_SYN][0].events = 40;
  stats.events[0][WEIR_EVENT_SYN][1].events = 2;
  stats.events[0][WEIR_EVENT_REQUEST][0].events = 50;
  stats.events[5][WEIR_EVENT_SYN][0].events = 100;  // of a service that is gone
  stats.sources_added = 61;
  stats.insert_failures = 62;
  stats.sketched = 65;
  stats.sketch_ms = 66'500;
  stats.notices_sent = 63;
  stats.notices_lost = 64;
  return stats;
}

inline Snapshot sample_snapshot() {
  Snapshot snapshot;
  snapshot.version = "0.1.0";
  snapshot.time = kSampleTime;
  snapshot.uptime = Milliseconds(12'000'999);
  snapshot.mode = WEIR_MODE_ENFORCE;
  snapshot.total = sample_stats();
  InterfaceState native;
  native.name = "eth0";
  native.ifindex = 2;
  native.stats = sample_stats();
  InterfaceState generic;
  generic.name = "br0";
  generic.ifindex = 7;
  generic.attach = Attach::kGeneric;
  generic.note = "native: bridges cannot, so generic";
  generic.attached = false;
  snapshot.interfaces = {native, generic};
  // events, throttle, kick, allow, observed throttle, observed kick
  const weir_event_counters syn4{40, 3, 2, 1, 5, 4};
  const weir_event_counters syn6{2, 1, 0, 0, 0, 0};
  const weir_event_counters request{50, 0, 9, 0, 0, 0};
  snapshot.services = {{"web", WEIR_EVENT_SYN, 0, syn4},
                       {"web", WEIR_EVENT_SYN, 1, syn6},
                       {"web", WEIR_EVENT_REQUEST, 0, request}};
  snapshot.tables = {{.used = 71, .capacity = 1'048'576},
                     {.used = 72, .capacity = 100'000},
                     {.used = 73, .capacity = 1000},
                     {.used = 74, .capacity = 500}};
  snapshot.active_bans = 145;
  SeriesSet events;
  events.add_second(kSampleTime - std::chrono::seconds(2), 9);
  events.add_second(kSampleTime - std::chrono::seconds(1), 7.5);
  snapshot.events = views_of(events);
  snapshot.users = {.active = 81, .minute = 82, .hour = 83, .day = 84, .known = 85};
  return snapshot;
}

inline Settings sample_settings() {
  Settings settings;
  settings.mode = WEIR_MODE_ENFORCE;
  settings.interfaces = {"eth0"};
  settings.allow = {Prefix::parse("192.0.2.0/24").value(), Prefix::parse("2001:db8::/32").value()};
  Service web;
  web.name = "web";
  web.ports = {80, 8080};
  web.protocol = WEIR_PROTOCOL_HTTP;
  web.limits[WEIR_EVENT_SYN] = Limit{.start_throttle = 40,
                                     .to_much = 80,
                                     .timeout = Milliseconds(2000),
                                     .window = WEIR_WINDOW_SLIDING,
                                     .action = WEIR_ACTION_CHALLENGE};
  web.limits[WEIR_EVENT_REQUEST] =
      Limit{.start_throttle = 10, .to_much = 10, .timeout = Milliseconds(90'000)};
  web.limits[WEIR_EVENT_MEDIA] = Limit{.start_throttle = 600,
                                       .to_much = 1200,
                                       .timeout = Milliseconds(2000),
                                       .action = WEIR_ACTION_REPLY};
  web.repeats = true;
  web.ban = BanRule{};
  web.paths = {{"/register/", 5, 10, Milliseconds(60'000), Milliseconds(3'600'000)},
               {"/say \"hi\"\\", 1, 2, Milliseconds(1500), std::nullopt}};
  Service tls;
  tls.name = "tls";
  tls.ports = {443};
  tls.protocol = WEIR_PROTOCOL_TLS;
  settings.services = {web, tls};
  return settings;
}

inline BanView sample_ban(const char* address = "203.0.113.7") {
  BanView ban;
  ban.prefix = Prefix::parse(address).value();
  ban.since = kSampleTime;
  ban.until = kSampleTime + Milliseconds(3'600'123);
  ban.reason = "eager";
  ban.rule = "web/request";
  ban.origin = "rule";
  ban.times = 2;
  ban.dropped = 17;
  return ban;
}

inline Explanation sample_explanation() {
  LimitView view;
  view.service = "web";
  view.event = WEIR_EVENT_REQUEST;
  view.limit = {.start_throttle = 10, .to_much = 20, .timeout = Milliseconds(2000)};
  view.count = 12;
  view.resets_in = Milliseconds(1400);
  Explanation explanation;
  explanation.address = Address::parse("203.0.113.7").value();
  explanation.source = Prefix::parse("203.0.113.7").value();
  explanation.verdict = WEIR_VERDICT_THROTTLE;
  explanation.why = "over startThrottle";
  explanation.validated = true;
  explanation.limits = {view};
  return explanation;
}

inline EventView sample_event(const char* kind) {
  EventView event;
  event.time = kSampleTime;
  event.kind = kind;
  return event;
}

}  // namespace weir
