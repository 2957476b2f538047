// SPDX-License-Identifier: BSD-2-Clause
// Who is there, as the agent finds and shows them.
#include <cstring>

#include "agent_routes.h"
#include "output/text.h"

namespace weir {
namespace {

using std::chrono::seconds;

class AgentUsers : public AgentRoutes {
 protected:
  [[nodiscard]] std::uint64_t now_ms() const { return clock_.boot() / kNsInMs; }
};

TEST_F(AgentUsers, AreListedByHitsWithStateAndCounts) {
  start();
  plane_.see_source(address("198.51.100.7"), now_ms(), 30);
  plane_.see_source(address("198.51.100.8"), now_ms() - 1000, 5);
  plane_.see_source(address("198.51.100.9"), now_ms() - 650'000, 90);
  plane_.set_meters(address("198.51.100.7"),
                    {{0, WEIR_EVENT_REQUEST, 30, now_ms()}, {0, WEIR_EVENT_SYN, 3, now_ms()}});
  plane_.validated.insert(address("198.51.100.7"));
  const Json all = get("/v1/users");
  ASSERT_EQ(all["users"].size(), 3u);
  EXPECT_EQ(all["users"][0]["address"], "198.51.100.9");
  const Json active = get("/v1/users", "active=1");
  ASSERT_EQ(active["users"].size(), 2u);
  const Json& first = active["users"][0];
  EXPECT_EQ(first["address"], "198.51.100.7");
  EXPECT_EQ(first["verdict"], "kick");
  EXPECT_EQ(first["hits"], 30);
  EXPECT_EQ(first["validated"], true);
  EXPECT_EQ(first["nearest"]["event"], "request");
  EXPECT_EQ(first["firstSeen"], "2026-11-21T17:00:00Z");
  EXPECT_TRUE(active["users"][1]["nearest"].is_null());
  EXPECT_EQ(active["counts"]["active"], 2);
  EXPECT_EQ(active["counts"]["lastHour"], 3);
  EXPECT_EQ(active["counts"]["known"], 3);
  EXPECT_EQ(get("/v1/users", "limit=1")["users"].size(), 1u);
  for (const char* wrong : {"limit=0", "limit=1001", "active=yes", "x=1"})
    get("/v1/users", wrong, 400);
}

TEST_F(AgentUsers, OneIsShownWithItsLimits) {
  start();
  plane_.set_meters(address("198.51.100.7"), {{0, WEIR_EVENT_REQUEST, 12, now_ms()}});
  const Json user = get("/v1/users/198.51.100.7");
  EXPECT_EQ(user["hits"], 12);
  EXPECT_EQ(user["verdict"], "throttle");
  EXPECT_EQ(user["limits"][0]["count"], 12);
  get("/v1/users/198.51.100.99", "", 404);
  get("/v1/users/me", "", 400);
}

TEST_F(AgentUsers, OneIsShownWithWhatItSentAndHowOftenItWasHindered) {
  start();
  const auto sample = [&](unsigned unit, std::uint64_t amount, weir_verdict verdict,
                          bool is_observed) {
    weir_sample record{};
    const auto bytes = address("198.51.100.7").bytes();
    std::memcpy(record.addr, bytes.data(), bytes.size());
    record.unit = static_cast<__u8>(unit);
    record.amount = amount;
    record.verdict = static_cast<__u8>(verdict);
    record.observed = is_observed ? 1 : 0;
    plane_.samples.push_back(record);
  };
  sample(WEIR_SAMPLE_BYTES, 74, WEIR_VERDICT_PASS, false);
  sample(WEIR_SAMPLE_BYTES, 600, WEIR_VERDICT_PASS, false);
  sample(WEIR_SAMPLE_EVENTS, 1, WEIR_VERDICT_THROTTLE, true);
  sample(WEIR_SAMPLE_EVENTS, 3, WEIR_VERDICT_KICK, false);
  agent_->tick();
  ASSERT_TRUE(agent_->ban(ban_of("198.51.100.7/32")));
  plane_.drop_by_ban(prefix("198.51.100.7/32"), 5);
  clock_.advance(seconds(10));
  // No table knows it: it is banned.
  const Json user = get("/v1/users/198.51.100.7");
  EXPECT_EQ(user["hits"], 0);
  EXPECT_EQ(user["lastSeen"], "2026-11-21T17:00:00Z");
  const Json& counted = user["counted"];
  EXPECT_EQ(counted["since"], "2026-11-21T17:00:00Z");
  EXPECT_EQ(counted["bytes"], 674);
  EXPECT_EQ(counted["estimate"], false);
  EXPECT_EQ(counted["verdicts"],
            Json({{"throttle", 0}, {"kick", 3}, {"ban", 5}, {"malformed", 0}}));
  EXPECT_EQ(counted["observed"]["throttle"], 1);
  const std::string text = user_text(user);
  EXPECT_THAT(text, testing::HasSubstr("bytes sent  674 since 2026-11-21T17:00:00Z"));
  EXPECT_THAT(text, testing::HasSubstr("hindered    kick 3, ban 5; only observed: throttle 1"));

  plane_.set_meters(address("198.51.100.8"), {{0, WEIR_EVENT_REQUEST, 1, now_ms()}});
  const Json other = get("/v1/users/198.51.100.8");
  EXPECT_TRUE(other["counted"].is_null());
  EXPECT_THAT(user_text(other), testing::HasSubstr("bytes sent  none counted lately"));
}

TEST_F(AgentUsers, WhatWasToldToAnotherAgentIsNotCounted) {
  weir_sample record{};
  record.unit = WEIR_SAMPLE_BYTES;
  record.amount = 74;
  plane_.samples.push_back(record);
  start();
  EXPECT_TRUE(plane_.samples.empty());
}

TEST_F(AgentUsers, AMillionAreWalkedInSlicesAndNotAgainAtOnce) {
  // A clock that goes on by itself: each look at it takes a while.
  class Ticking final : public Clock {
   public:
    [[nodiscard]] WallTime wall() const override { return WallTime(std::chrono::hours(498'689)); }
    [[nodiscard]] BootNs boot() const override { return boot_ += 1'000'000; }

   private:
    mutable BootNs boot_ = 1'000'000'000'000;
  } clock;
  store_.emplace(Store::open(directory_ + "/state").value());
  for (unsigned i = 0; i < 5000; i++) {
    std::array<std::uint8_t, 16> bytes{0x20, 0x01};
    bytes[6] = static_cast<std::uint8_t>(i >> 8);
    bytes[7] = static_cast<std::uint8_t>(i);
    plane_.see_source(Address(bytes), 1'000'000);
  }
  agent_.emplace(
      Agent::start(Configuration::load(file(), {}, {}).value(), plane_, *store_, clock, boot_id_)
          .value());
  int hurried = 0;
  agent_->on_hurry([&] { hurried++; });
  EXPECT_EQ(get("/v1/users")["counts"]["known"], 5000);
  EXPECT_EQ(hurried, 1);
  EXPECT_GE(slices_, 3) << "the loop had its turn in between";
  const int before = slices_;
  EXPECT_EQ(get("/v1/users")["counts"]["known"], 5000);
  EXPECT_EQ(slices_, before) << "still fresh";
}

TEST_F(AgentUsers, EverybodyWhoWaitsIsAnsweredByOneWalk) {
  start();
  plane_.see_source(address("198.51.100.7"), now_ms());
  int answered = 0;
  agent_->ask_users([&] { answered++; });
  agent_->ask_users([&] { answered++; });
  EXPECT_EQ(answered, 0);
  EXPECT_FALSE(agent_->hurry_users());
  EXPECT_EQ(answered, 2);
}

}  // namespace
}  // namespace weir
