// SPDX-License-Identifier: BSD-2-Clause
// Everything that Weir prints or writes, where numbers are written otherwise.
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "cli/top/picture.h"
#include "german_locale.h"
#include "logs/journal.h"
#include "output/counter_log.h"
#include "output/json.h"
#include "output/prometheus.h"
#include "output/text.h"
#include "sample_snapshot.h"

namespace weir {
namespace {

using nlohmann::ordered_json;

// Two minutes with thousands and with fractions.
Counters counters() {
  Counters counters;
  weir_stats stats{};
  weir_responses responses{};
  for (int i = 0; i < 125; i++) {
    stats.reasons[WEIR_REASON_OVER_LIMIT] += 12'345;
    stats.bytes += 1'234'567;
    responses.count += 3;
    responses.sum_us += 1'234'567;
    counters.tick(kSampleTime + std::chrono::seconds(i), stats, 1234, responses);
  }
  return counters;
}

UserView user() {
  UserView user;
  user.source = Prefix::parse("203.0.113.7").value();
  user.hits = 12'345;
  user.activity = 1234.56;
  user.last_seen = kSampleTime;
  user.limits = sample_explanation().limits;
  user.told = Told{.since = kSampleTime, .last = kSampleTime};
  user.told->verdicts[WEIR_VERDICT_KICK] = 12'345;
  return user;
}

EventView event() {
  EventView event = sample_event("kick");
  event.count = 12'345;
  return event;
}

UsersView users() { return {kSampleTime, Milliseconds(600'000), {1234, 1, 2, 3, 4}, {user()}}; }

Snapshot snapshot() {
  Snapshot snapshot = sample_snapshot();
  snapshot.response_ms = 1234.5;
  weir_responses responses{};
  responses.count = 1234;
  responses.sum_us = 1'234'567;
  snapshot.responses = {{"web", responses}};
  snapshot.logs = {{"eventLog", "/var/log/weir/events.ndjson", 12'345, 1234, std::nullopt}};
  return snapshot;
}

struct Output {
  const char* name;
  std::function<std::string()> text;
};

std::ostream& operator<<(std::ostream& out, const Output& output) { return out << output.name; }

Output json(const char* name, ordered_json (*document)()) {
  return {name, [document] { return dump(document(), 2); }};
}

const Output kOutputs[] = {
    json("stats.json", [] { return stats_json(snapshot()); }),
    {"stats", [] { return stats_text(stats_json(snapshot())); }},
    json("series.json", [] { return series_json(counters()); }),
    {"series", [] { return series_text(series_json(counters())); }},
    json("history.json", [] { return history_json(counters(), Period::kMinute, 9); }),
    json("status.json", [] { return status_json(snapshot(), sample_settings()); }),
    {"status", [] { return status_text(status_json(snapshot(), sample_settings())); }},
    json("users.json", [] { return users_json(users()); }),
    {"users", [] { return users_text(users_json(users())); }},
    json("user.json", [] { return user_json(user()); }),
    {"user", [] { return user_text(user_json(user())); }},
    json("bans.json", [] { return bans_json({sample_ban()}); }),
    {"bans", [] { return bans_text(bans_json({sample_ban()})); }},
    json("limits.json", [] { return limits_json(sample_settings(), {}); }),
    {"limits", [] { return limits_text(limits_json(sample_settings(), {})); }},
    json("config.json", [] { return config_json(sample_settings(), {}, {}); }),
    {"config", [] { return config_text(config_json(sample_settings(), {}, {})); }},
    json("explain.json", [] { return explanation_json(sample_explanation()); }),
    {"explain", [] { return explanation_text(explanation_json(sample_explanation())); }},
    json("event.json", [] { return event_json(event()); }),
    {"event", [] { return event_text(event_json(event())); }},
    {"journal",
     [] {
       std::string all;
       for (const auto& field : journal_fields(dump(event_json(event())))) all += field + "\n";
       return all;
     }},
    {"counterLog", [] { return counter_line(counters(), "host"); }},
    {"metrics", [] { return prometheus_text(snapshot()); }},
    {"top",
     [] {
       cli::TopData data;
       data.stats = stats_json(snapshot());
       data.history = history_json(counters(), Period::kSecond, 200);
       data.users = users_json(users());
       data.bans = bans_json({sample_ban()});
       return cli::top_line(data);
     }},
};

class InGermany : public testing::TestWithParam<Output> {};

TEST_P(InGermany, EveryOutputIsAsAnywhere) {
  const std::string before = GetParam().text();
  ASSERT_FALSE(before.empty());
  const GermanLocale german;
  EXPECT_EQ(GetParam().text(), before);
}

INSTANTIATE_TEST_SUITE_P(Outputs, InGermany, testing::ValuesIn(kOutputs));

TEST(GermanLocale, WouldBeSeen) {
  const GermanLocale german;
  std::ostringstream text;
  text << 1234.5;
  EXPECT_EQ(text.str(), "1.234,5");
}

}  // namespace
}  // namespace weir
