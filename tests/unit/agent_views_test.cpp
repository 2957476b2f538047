// SPDX-License-Identifier: BSD-2-Clause
// What the agent shows: explanations, the seconds' counts, active users and notices.
#include "agent_fixture.h"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class AgentExplain : public AgentTest {};
class AgentSeconds : public AgentTest {};
class AgentNotices : public AgentTest {};

TEST_F(AgentExplain, AllowBeatsBanBeatsKickBeatsThrottleBeatsPass) {
  Agent& agent = start();
  const Address client = address("198.51.100.7");
  const auto verdict = [&] { return agent.explain(client).verdict; };
  const auto seen = [&](std::uint32_t requests) {
    plane_.set_meters(client, {{0, WEIR_EVENT_REQUEST, requests, clock_.boot() / 1'000'000},
                               {0, WEIR_EVENT_SYN, 40, clock_.boot() / 1'000'000}});
  };
  EXPECT_EQ(verdict(), WEIR_VERDICT_PASS);
  EXPECT_EQ(agent.explain(client).why, "under every limit");
  plane_.set_meters(client, {{0, WEIR_EVENT_REQUEST, 9, clock_.boot() / 1'000'000}});
  EXPECT_EQ(verdict(), WEIR_VERDICT_PASS);
  seen(10);
  EXPECT_EQ(verdict(), WEIR_VERDICT_THROTTLE);
  EXPECT_THAT(agent.explain(client).why, HasSubstr("request to web would be number 11"));
  seen(20);
  EXPECT_EQ(verdict(), WEIR_VERDICT_KICK) << "the harder of two limits";
  EXPECT_THAT(agent.explain(client).why, HasSubstr("number 21"));
  EXPECT_THAT(agent.explain(client).why, Not(HasSubstr("observe")));
  ASSERT_TRUE(agent.ban(ban_of("198.51.100.0/24", seconds(5), "rude")));
  EXPECT_EQ(verdict(), WEIR_VERDICT_BAN);
  EXPECT_EQ(agent.explain(client).why, "198.51.100.0/24 is banned: rude");
  EXPECT_EQ(agent.explain(client).ban->reason, "rude");
  ASSERT_TRUE(agent.allow(prefix("198.51.100.7"), ""));
  ASSERT_TRUE(agent.allow(prefix("198.51.0.0/16"), ""));
  EXPECT_EQ(verdict(), WEIR_VERDICT_ALLOW);
  EXPECT_EQ(agent.explain(client).allow, prefix("198.51.100.7")) << "the longest";
  EXPECT_TRUE(agent.explain(client).ban) << "and the ban is still shown";
}

TEST_F(AgentExplain, ShowsTheSourceTheLimitsAndWhenTheyEnd) {
  Agent& agent = start();
  const Address client = address("2001:db8:1:2:3::4");
  plane_.set_meters(
      client, {{1, WEIR_EVENT_REQUEST, 4, clock_.boot() / 1'000'000}, {0, WEIR_EVENT_SYN, 0, 0}});
  clock_.advance(Milliseconds(500));
  const Explanation shown = agent.explain(client);
  EXPECT_EQ(shown.source, prefix("2001:db8:1:2::/64"));
  ASSERT_EQ(shown.limits.size(), 2u);
  EXPECT_EQ(shown.limits[0].service, "api");
  EXPECT_EQ(shown.limits[0].count, 4u);
  EXPECT_EQ(shown.limits[0].limit.start_throttle, 3u);
  EXPECT_EQ(shown.limits[0].resets_in, Milliseconds(1500));
  EXPECT_EQ(shown.limits[1].resets_in, Milliseconds(0));
  EXPECT_EQ(shown.verdict, WEIR_VERDICT_THROTTLE);
}

TEST_F(AgentExplain, ShowsWhatIsCountedByRulesWithoutJudgingOtherPathsByIt) {
  write_file(R"(
[services.web]
ports = [80]
protocol = "http"
[[services.web.paths]]
prefix = "/a/"
startThrottle = 1
toMuch = 1
timeout = "1s"
[[services.web.paths]]
prefix = "/b/"
startThrottle = 5
toMuch = 10
timeout = "1m"
)");
  Agent& agent = start(WEIR_MODE_ENFORCE);
  const Address client = address("198.51.100.7");
  plane_.set_meters(client, {{0, WEIR_EVENT_REQUEST, 99, clock_.boot() / 1'000'000, 1}});
  const Explanation shown = agent.explain(client);
  ASSERT_EQ(shown.limits.size(), 1u);
  EXPECT_EQ(shown.limits[0].path, "/b/");
  EXPECT_EQ(shown.limits[0].limit.to_much, 10u);
  EXPECT_EQ(shown.limits[0].count, 99u);
  EXPECT_EQ(shown.verdict, WEIR_VERDICT_PASS);
}

TEST_F(AgentExplain, SaysThatObserveLetsItThrough) {
  Agent& agent = start(WEIR_MODE_OBSERVE);
  EXPECT_THAT(agent.explain(address("203.0.113.7")).why, Not(HasSubstr("observe")));
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.7")));
  const Explanation shown = agent.explain(address("203.0.113.7"));
  EXPECT_EQ(shown.verdict, WEIR_VERDICT_BAN);
  EXPECT_THAT(shown.why, HasSubstr("mode is observe, so it is let through"));
}

TEST_F(AgentExplain, DoesNotShowABanThatIsOver) {
  Agent& agent = start();
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.7", seconds(5))));
  clock_.advance(seconds(5));
  EXPECT_EQ(agent.explain(address("203.0.113.7")).verdict, WEIR_VERDICT_PASS);
  EXPECT_FALSE(agent.explain(address("203.0.113.7")).ban);
}

TEST_F(AgentSeconds, CountWhatEachOneBrought) {
  plane_.add_interface("eth0");
  plane_.add_interface("eth1");
  Agent& agent = start();
  ASSERT_TRUE(agent.attach("eth0", Attach::kAuto));
  ASSERT_TRUE(agent.attach("eth1", Attach::kAuto));
  const auto second = [&](std::uint64_t syns, std::uint64_t requests) {
    plane_.stats("eth0").events[0][WEIR_EVENT_SYN][0].events += syns;
    if (requests > 0) plane_.stats("eth1").events[1][WEIR_EVENT_REQUEST][1].events += requests;
    clock_.advance(seconds(1));
    agent.tick();
  };
  second(1000, 0);  // from before this agent: belongs to no second of its
  second(3, 4);
  ASSERT_TRUE(agent.detach("eth1"));
  second(5, 0);
  second(0, 0);
  const Snapshot snapshot = agent.snapshot();
  EXPECT_THAT(snapshot.events[0].trend, ElementsAre(7, 5, 0));
  EXPECT_EQ(snapshot.total.events[1][WEIR_EVENT_REQUEST][1].events, 4u)
      << "those of a detached interface stay";
  EXPECT_EQ(snapshot.services.size(), 10u) << "five limits in two families";
}

TEST_F(AgentSeconds, TellOnceThatAFloodBeganAndOnceThatItIsOver) {
  plane_.add_interface("eth0");
  Agent& agent = start();
  ASSERT_TRUE(agent.attach("eth0", Attach::kAuto));
  std::vector<std::string> heard;
  agent.events().listen(
      [&](const EventView& event) { heard.push_back(event.kind + " " + event.subject); });
  const auto second = [&](std::uint64_t flooded) {
    plane_.stats("eth0").reasons[WEIR_REASON_FLOODED] += flooded;
    agent.tick();
  };
  second(1000);  // from before this agent
  second(0);
  EXPECT_TRUE(heard.empty());
  for (const unsigned flooded : {100u, 100u, 0u, 100u}) second(flooded);
  EXPECT_THAT(heard, ElementsAre("flood began"));
  for (int i = 0; i < 30; i++) second(0);
  EXPECT_THAT(heard, ElementsAre("flood began", "flood over"));
}

TEST_F(AgentExplain, TellsWhetherASourceIsValidated) {
  Agent& agent = start();
  plane_.validated.insert(address("198.51.100.7"));
  EXPECT_TRUE(agent.explain(address("198.51.100.7")).validated);
  EXPECT_FALSE(agent.explain(address("198.51.100.8")).validated);
}

TEST_F(AgentExplain, WhatTheHostCannotDoIsAProblemOfStatus) {
  Agent& agent = start();
  EXPECT_TRUE(agent.snapshot().problems.empty());
  plane_.no_challenges = "challenges are off";
  EXPECT_THAT(agent.snapshot().problems, ElementsAre("challenges are off"));
}

TEST_F(AgentSeconds, ShowActiveUsersOnceEachWithinTheTimeWindow) {
  Agent& agent = start();
  clock_.advance(seconds(3600));
  const std::uint64_t now = clock_.boot() / 1'000'000;
  plane_.see_source(address("198.51.100.7"), now);
  plane_.see_source(address("198.51.100.7"), now - 1000);
  plane_.see_source(address("2001:db8::"), now - 599'999);
  plane_.see_source(address("198.51.100.9"), now - 600'000);
  EXPECT_EQ(agent.snapshot().users.active, 2u);
  EXPECT_EQ(agent.snapshot().uptime, seconds(3600));
}

TEST_F(AgentNotices, BecomeEventsOnceEach) {
  plane_.add_interface("eth0");
  plane_.add_interface("eth1");
  Agent& agent = start();
  ASSERT_TRUE(agent.attach("eth0", Attach::kAuto));
  ASSERT_TRUE(agent.attach("eth1", Attach::kAuto));
  std::vector<std::string> heard;
  agent.events().listen([&](const EventView& event) { heard.push_back(event.kind); });
  weir_notice notice{};
  notice.time_ns = clock_.boot() - 2'000'000'000;
  notice.reason = WEIR_REASON_OVER_LIMIT;
  notice.service = 2;
  notice.interface = 1;
  plane_.notify(notice);
  agent.drain_notices();
  agent.drain_notices();
  EXPECT_THAT(heard, ElementsAre("kick"));
  const EventView& event = agent.events().recent().back();
  EXPECT_EQ(event.service, "api");
  EXPECT_EQ(event.interface, "eth1");
  EXPECT_EQ(event.time, clock_.wall() - seconds(2));
}

}  // namespace
}  // namespace weir
