// SPDX-License-Identifier: BSD-2-Clause
// What follows from kicks: bans by rule, and the end of connections that were answered.
#include <cstring>

#include "agent_fixture.h"

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Call = FakeDataPlane::Call;

constexpr const char* kLadder = R"(
mode = "enforce"
allow = ["192.0.2.0/24"]
[services.web]
ports = [80]
protocol = "http"
[services.web.request]
startThrottle = 10
toMuch = 20
[services.web.ban]
after = 30
within = "1m"
for = "10m"
max = "40m"
[[services.web.paths]]
prefix = "/register/"
startThrottle = 5
toMuch = 10
timeout = "1m"
ban = "1h"
)";

class AgentKicks : public AgentTest {
 protected:
  AgentKicks() { write_file(kLadder); }

  static weir_notice kick(const char* from, const char* head = "GET /a HTTP/1.1\r\n") {
    weir_notice notice{};
    const auto set = [](__be32(&words)[4], const char* text) {
      const auto bytes = address(text).bytes();
      std::memcpy(words, bytes.data(), bytes.size());
    };
    set(notice.addr, from);
    set(notice.local, "203.0.113.80");
    notice.source_port = 40'000;
    notice.port = 80;
    notice.count = 21;
    notice.reason = WEIR_REASON_OVER_LIMIT;
    notice.service = 1;
    notice.event = WEIR_EVENT_REQUEST;
    notice.head_length = static_cast<__u8>(std::strlen(head));
    std::memcpy(notice.head, head, std::strlen(head));
    return notice;
  }
  static weir_notice due(const char* from) {
    weir_notice notice = kick(from);
    notice.ban_due = 1;
    return notice;
  }
  void take(const weir_notice& notice) {
    plane_.notify(notice);
    agent_->drain_notices();
  }
  // Lets the bans end that are in force.
  void wait(Milliseconds time) {
    clock_.advance(time);
    agent_->tick();
  }
};

class AgentRuleBans : public AgentKicks {};
class AgentConnections : public AgentKicks {};

TEST_F(AgentRuleBans, AreMadeStoredAndTold) {
  Agent& agent = start();
  take(kick("198.51.100.7"));
  EXPECT_THAT(kernel_bans(), IsEmpty()) << "no ban is due";
  take(due("198.51.100.7"));
  EXPECT_THAT(kernel_bans(), ElementsAre("198.51.100.7/32"));
  const StoredBan stored = store_->bans().value().at(0);
  EXPECT_EQ(stored.origin, "rule");
  EXPECT_EQ(stored.rule, "web.ban");
  EXPECT_EQ(stored.reason, "30 kicks within 1m");
  EXPECT_EQ(stored.until, clock_.wall() + minutes(10));
  EXPECT_EQ(stored.times, 1);

  const EventView& event = agent.events().recent().back();
  EXPECT_EQ(event.kind, "ban");
  EXPECT_EQ(event.address, address("198.51.100.7"));
  EXPECT_EQ(event.subject, "198.51.100.7/32");
  EXPECT_EQ(event.service, "web");
  EXPECT_EQ(event.path, "/a");
  EXPECT_EQ(event.rule, "web.ban");
  EXPECT_EQ(event.reason, "for 10m, 30 kicks within 1m");
  EXPECT_FALSE(event.observed);

  const Explanation why = agent.explain(address("198.51.100.7"));
  ASSERT_TRUE(why.ban);
  EXPECT_EQ(why.ban->rule, "web.ban");
  EXPECT_EQ(why.ban->times, 1);
  EXPECT_THAT(why.why, HasSubstr("30 kicks within 1m"));
}

TEST_F(AgentRuleBans, OfAPathAreAsLongAsItSays) {
  start();
  weir_notice notice = kick("198.51.100.7", "POST /register/?x HTTP/1.1\r\n");
  notice.ban_due = 1;
  notice.rule = 1;
  take(notice);
  const auto& events = agent_->events().recent();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].kind, "kick");
  EXPECT_EQ(events[0].rule, "web.paths /register/");
  EXPECT_EQ(events[1].path, "/register/");
  EXPECT_EQ(events[1].reason, "for 1h, over 10 requests to /register/ within 1m");
  EXPECT_EQ(agent_->bans().at(0).until, clock_.wall() + hours(1));
}

TEST_F(AgentRuleBans, AreNotMadeTwice) {
  start();
  for (int i = 0; i < 3; ++i) plane_.notify(due("198.51.100.7"));
  agent_->drain_notices();
  take(due("198.51.100.7"));
  EXPECT_EQ(plane_.ban_writes, 1);
  EXPECT_EQ(agent_->bans().at(0).times, 1);

  ASSERT_TRUE(agent_->ban(ban_of("198.51.101.0/24", hours(1))));
  take(due("198.51.101.7"));
  EXPECT_EQ(plane_.ban_writes, 2) << "its network is banned";
}

TEST_F(AgentRuleBans, AreNeverOfTheAllowed) {
  start();
  take(due("192.0.2.9"));
  ASSERT_TRUE(agent_->allow(prefix("198.51.100.7"), ""));
  take(due("198.51.100.7"));
  EXPECT_THAT(kernel_bans(), IsEmpty());
  EXPECT_THAT(stored_bans(), IsEmpty());
}

TEST_F(AgentRuleBans, DoubleAndAreForgottenOneByOne) {
  start();
  const auto length = [&] { return *agent_->bans().at(0).until - clock_.wall(); };
  for (const int expected : {10, 20, 40, 40}) {
    take(due("198.51.100.7"));
    EXPECT_EQ(length(), minutes(expected));
    wait(minutes(expected));
    EXPECT_THAT(agent_->bans(), IsEmpty());
  }
  wait(minutes(40) * 3);  // of four
  take(due("198.51.100.7"));
  EXPECT_EQ(length(), minutes(20));
  EXPECT_EQ(agent_->bans().at(0).times, 2);
}

TEST_F(AgentRuleBans, ThatEndedAreRememberedOverARestart) {
  start();
  take(due("198.51.100.7"));
  clock_.advance(minutes(11));  // it ends while no agent runs
  start();
  EXPECT_THAT(agent_->bans(), IsEmpty());
  EXPECT_THAT(kernel_bans(), IsEmpty());
  take(due("198.51.100.7"));
  EXPECT_EQ(agent_->bans().at(0).times, 2);
  wait(minutes(20));
  start();
  EXPECT_EQ(stored_bans().size(), 1u) << "it counts for the next";
  wait(hours(24) * 3);
  EXPECT_THAT(stored_bans(), IsEmpty()) << "and is forgotten in the end";
}

TEST_F(AgentRuleBans, AreOnlyToldInModeObserveAndOnce) {
  start(WEIR_MODE_OBSERVE);
  weir_notice notice = due("198.51.100.7");
  notice.observed = 1;
  take(notice);
  take(notice);
  EXPECT_THAT(kernel_bans(), IsEmpty());
  EXPECT_THAT(stored_bans(), IsEmpty());
  EXPECT_THAT(told(), ElementsAre("kick ", "ban 198.51.100.7/32", "kick "));
  EXPECT_TRUE(agent_->events().recent()[1].observed);
  clock_.advance(minutes(10));
  take(notice);
  EXPECT_EQ(told().back(), "ban 198.51.100.7/32") << "the one before would be over";
}

TEST_F(AgentRuleBans, OfNoticesFromBeforeModeObserveAreNotMade) {
  start();
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_OBSERVE));
  take(due("198.51.100.7"));
  EXPECT_THAT(kernel_bans(), IsEmpty());
}

TEST_F(AgentRuleBans, ThatTheKernelRefusesLeaveNothingBehind) {
  start();
  plane_.refused = {Call::kPutBan};
  take(due("198.51.100.7"));
  EXPECT_THAT(stored_bans(), IsEmpty());
  EXPECT_THAT(agent_->bans(), IsEmpty());
  plane_.refused.clear();
  take(due("198.51.100.7"));
  EXPECT_EQ(agent_->bans().at(0).times, 1) << "the next kick asks again";
}

TEST_F(AgentRuleBans, AreNoMoreThanTheBreakerLetsThroughInAMinute) {
  start();
  const auto flood = [&] {
    for (int i = 0; i < 1500; ++i)
      plane_.notify(
          due(("10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200)).c_str()));
    agent_->drain_notices();
  };
  flood();
  EXPECT_EQ(agent_->bans().size(), 1000u);
  EXPECT_THAT(agent_->snapshot().problems, Contains(HasSubstr("maxBansPerMinute")));
  flood();
  EXPECT_EQ(agent_->bans().size(), 1000u);
  clock_.advance(seconds(60));
  agent_->tick();
  EXPECT_THAT(agent_->snapshot().problems, IsEmpty());
  EXPECT_THAT(told(), Contains("breaker closed"));
  flood();
  EXPECT_EQ(agent_->bans().size(), 1500u);
}

TEST_F(AgentRuleBans, AreNotMadeOfWhomThisHostNeeds) {
  lifelines_.list = {{prefix("198.51.100.7"), false, "a gateway"},
                     {prefix("2001:db8::9"), true, "this host's own address"}};
  start();
  take(due("198.51.100.7"));
  EXPECT_THAT(agent_->bans(), IsEmpty());
  EXPECT_THAT(told(), Contains("spared 198.51.100.7/32"));
  take(due("198.51.100.8"));
  EXPECT_EQ(agent_->bans().size(), 1u);
  const auto refused = agent_->ban(ban_of("198.51.100.0/24"));
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("198.51.100.7, a gateway"));
  BanRequest forced = ban_of("198.51.100.0/24");
  forced.force = true;
  EXPECT_TRUE(agent_->ban(forced));
}

TEST_F(AgentRuleBans, CanBeLiftedAndAreForgottenThen) {
  start();
  take(due("198.51.100.7"));
  ASSERT_TRUE(agent_->unban(prefix("198.51.100.7")));
  EXPECT_THAT(stored_bans(), IsEmpty());
  take(due("198.51.100.7"));
  EXPECT_EQ(agent_->bans().at(0).times, 1);
}

// ---- connections --------------------------------------------------------------------------------

const Connection& kicked_connection() {
  static const Connection connection{address("203.0.113.80"), address("198.51.100.7"), 80, 40'000};
  return connection;
}

TEST_F(AgentConnections, ThatWereResetEndAtOnce) {
  start();
  weir_notice notice = kick("198.51.100.7");
  notice.action = WEIR_ACTION_RESET;
  take(notice);
  EXPECT_THAT(plane_.closed, ElementsAre(kicked_connection()));
  EXPECT_FALSE(agent_->has_connections_to_end());
  EXPECT_EQ(agent_->events().recent().back().action, "reset");
}

TEST_F(AgentConnections, ThatWereRepliedToEndWhenTheClientHasReadButWithinASecond) {
  start();
  weir_notice notice = kick("198.51.100.7");
  notice.action = WEIR_ACTION_REPLY;
  notice.event = WEIR_EVENT_MEDIA;
  take(notice);
  take(notice);
  EXPECT_TRUE(agent_->has_connections_to_end());
  clock_.advance(Milliseconds(500));
  agent_->end_connections();
  EXPECT_THAT(plane_.closed, IsEmpty());
  clock_.advance(Milliseconds(400));
  agent_->end_connections();
  EXPECT_THAT(plane_.closed, ElementsAre(kicked_connection()));
  EXPECT_FALSE(agent_->has_connections_to_end());
}

TEST_F(AgentConnections, OfTheBannedEndToo) {
  start();
  weir_notice notice = kick("198.51.100.7");
  notice.reason = WEIR_REASON_BANNED_SOURCE;
  notice.count = 0;
  notice.event = 0;
  notice.action = WEIR_ACTION_RESET;
  take(notice);
  EXPECT_THAT(plane_.closed, ElementsAre(kicked_connection()));
}

TEST_F(AgentConnections, StayWhereNobodyWasAnswered) {
  start();
  weir_notice notice = kick("198.51.100.7");
  take(notice);  // dropped
  notice.action = WEIR_ACTION_RESET;
  notice.observed = 1;
  take(notice);
  notice.observed = 0;
  notice.event = WEIR_EVENT_SYN;
  take(notice);
  notice.event = WEIR_EVENT_REQUEST;
  notice.reason = WEIR_REASON_THROTTLED;
  take(notice);
  EXPECT_THAT(plane_.closed, IsEmpty());
  EXPECT_FALSE(agent_->has_connections_to_end());
}

// ---- connections of those who are banned
// ----------------------------------------------------------

class AgentCutOff : public AgentKicks {
 protected:
  AgentCutOff() {
    plane_.open = {of("198.51.100.7"), of("198.51.100.7", 22), of("198.51.100.8"), of("192.0.2.9")};
  }
  static Connection of(const char* remote, std::uint16_t port = 80) {
    return {address("203.0.113.80"), address(remote), port, 40'000};
  }
  void pass_half_a_second() {
    clock_.advance(Milliseconds(500));
    agent_->end_connections();
  }
};

TEST_F(AgentCutOff, EndsWhatABanByCommandLeavesOpenOnProtectedPorts) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("198.51.100.7")));
  EXPECT_TRUE(agent_->has_connections_to_end());
  pass_half_a_second();
  EXPECT_THAT(plane_.closed, ElementsAre(of("198.51.100.7")));
  EXPECT_FALSE(agent_->has_connections_to_end());
}

TEST_F(AgentCutOff, EndsWhatABanByRuleLeavesOpenOnceItsAnswerWasRead) {
  start();
  weir_notice notice = kick("198.51.100.7");
  notice.ban_due = 1;
  take(notice);
  agent_->end_connections();
  EXPECT_THAT(plane_.closed, IsEmpty());
  pass_half_a_second();
  EXPECT_THAT(plane_.closed, ElementsAre(of("198.51.100.7")));
}

TEST_F(AgentCutOff, SparesWhoIsAllowedWithinABannedNetwork) {
  start();
  ASSERT_TRUE(agent_->allow(prefix("198.51.100.8"), ""));
  ASSERT_TRUE(agent_->ban(ban_of("192.0.2.0/24")));
  ASSERT_TRUE(agent_->ban(ban_of("198.51.100.0/24")));
  pass_half_a_second();
  EXPECT_THAT(plane_.closed, ElementsAre(of("198.51.100.7")));
}

TEST_F(AgentCutOff, WaitsInModeObserveUntilTheBanIsEnforced) {
  start(WEIR_MODE_OBSERVE);
  ASSERT_TRUE(agent_->ban(ban_of("198.51.100.7")));
  EXPECT_FALSE(agent_->has_connections_to_end());
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_ENFORCE));
  pass_half_a_second();
  EXPECT_THAT(plane_.closed, ElementsAre(of("198.51.100.7")));
}

TEST_F(AgentCutOff, EndsNothingForABanThatWasLiftedAtOnce) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("198.51.100.7")));
  ASSERT_TRUE(agent_->unban(prefix("198.51.100.7")));
  pass_half_a_second();
  EXPECT_THAT(plane_.closed, IsEmpty());
}

}  // namespace
}  // namespace weir
