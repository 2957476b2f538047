// SPDX-License-Identifier: BSD-2-Clause
// Bans: kept in store and kernel alike, over restarts, reboots, clock steps and refusals.
#include <algorithm>

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
using testing::UnorderedElementsAre;
using Call = FakeDataPlane::Call;

constexpr hours kYear(24 * 365);

class AgentBans : public AgentTest {};

TEST_F(AgentBans, AreInTheStoreAndTheKernelWhenTheyAreAcknowledged) {
  Agent& agent = start();
  const BootNs now = clock_.boot();
  BanRequest request = ban_of("203.0.113.7", minutes(10), "rude");
  request.all = true;
  const auto done = agent.ban(request);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->message, "203.0.113.7/32 is banned for 10m");
  EXPECT_THAT(done->notices, IsEmpty());

  const auto stored = store_->bans().value();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].since, clock_.wall());
  EXPECT_EQ(stored[0].until, clock_.wall() + minutes(10));
  EXPECT_EQ(stored[0].until_boot, now + 600'000'000'000);
  EXPECT_EQ(stored[0].boot_id, boot_id_);
  EXPECT_EQ(stored[0].reason, "rude");
  EXPECT_EQ(stored[0].origin, "cli");
  EXPECT_TRUE(stored[0].all);
  const auto kernel = plane_.bans().value();
  ASSERT_EQ(kernel.size(), 1u);
  EXPECT_GE(kernel[0].until, now + 600'000'000'000);
  EXPECT_LT(kernel[0].until, now + 600'001'000'000);
  EXPECT_TRUE(kernel[0].all);
  EXPECT_THAT(told(), ElementsAre("ban 203.0.113.7/32"));
}

TEST_F(AgentBans, WithoutADurationLastUntilTheyAreRemoved) {
  Agent& agent = start();
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.0/24")));
  EXPECT_EQ(plane_.bans().value().at(0).until, WEIR_BAN_FOREVER);
  EXPECT_FALSE(agent.bans().at(0).until);
  clock_.advance(50 * kYear);
  agent.tick();
  EXPECT_THAT(stored_bans(), ElementsAre("203.0.113.0/24"));
}

TEST_F(AgentBans, ThatTheKernelRefusesLeaveNothingBehind) {
  Agent& agent = start();
  plane_.refused = {Call::kPutBan};
  EXPECT_FALSE(agent.ban(ban_of("203.0.113.7", hours(1))));
  EXPECT_THAT(stored_bans(), IsEmpty());
  EXPECT_THAT(agent.bans(), IsEmpty());
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(AgentBans, ThatTheKernelRefusesLeaveTheEarlierOneAsItWas) {
  Agent& agent = start();
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.7", hours(1), "first")));
  plane_.refused = {Call::kPutBan};
  EXPECT_FALSE(agent.ban(ban_of("203.0.113.7", hours(2), "second")));
  EXPECT_EQ(store_->bans().value().at(0).reason, "first");
  EXPECT_EQ(agent.bans().at(0).reason, "first");
  EXPECT_EQ(agent.bans().at(0).times, 1);
}

TEST_F(AgentBans, ReplaceTheEarlierOneOfTheSameNetworkAndCountIt) {
  Agent& agent = start();
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.7", hours(1), "first")));
  plane_.drop_by_ban(prefix("203.0.113.7"), 17);
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.7", hours(2), "second")));
  const auto bans = agent.bans();
  ASSERT_EQ(bans.size(), 1u);
  EXPECT_EQ(bans[0].reason, "second");
  EXPECT_EQ(bans[0].until, clock_.wall() + hours(2));
  EXPECT_EQ(bans[0].times, 2);
  EXPECT_EQ(bans[0].dropped, 17u);
  EXPECT_EQ(store_->bans().value().at(0).times, 2);
}

TEST_F(AgentBans, OfEverybodyNeedForce) {
  Agent& agent = start();
  const auto refused = agent.ban(ban_of("0.0.0.0/0"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(kernel_bans(), IsEmpty());
  BanRequest forced = ban_of("::/0");
  forced.force = true;
  EXPECT_TRUE(agent.ban(forced));
  EXPECT_THAT(kernel_bans(), ElementsAre("::/0"));
}

TEST_F(AgentBans, SayWhatKeepsThemFromDoingWhatIsMeant) {
  Agent& agent = start(WEIR_MODE_OBSERVE);
  EXPECT_THAT(agent.ban(ban_of("192.0.2.9"))->notices,
              ElementsAre(HasSubstr("allow list"), HasSubstr("mode is observe")));
  EXPECT_THAT(agent.ban(ban_of("2001:db8::9"))->notices,
              Contains(HasSubstr("weir ban add 2001:db8::/64")));
}

TEST_F(AgentBans, AreLiftedInStoreAndKernel) {
  Agent& agent = start();
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.7")));
  ASSERT_TRUE(agent.unban(prefix("203.0.113.7")));
  EXPECT_THAT(stored_bans(), IsEmpty());
  EXPECT_THAT(kernel_bans(), IsEmpty());
  EXPECT_THAT(told(), ElementsAre("ban 203.0.113.7/32", "unban 203.0.113.7/32"));
  EXPECT_EQ(agent.unban(prefix("203.0.113.7")).error().code, ErrorCode::kNotFound);
}

TEST_F(AgentBans, CanBeLiftedWhenTheKernelHasEndedThemAlready) {
  Agent& agent = start();
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.7", seconds(1))));
  ASSERT_TRUE(plane_.remove_ban(prefix("203.0.113.7")));
  EXPECT_TRUE(agent.unban(prefix("203.0.113.7")));
}

TEST_F(AgentBans, AreNotCalledLiftedWhileTheKernelStillHasThem) {
  Agent& agent = start();
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.7", hours(1), "rude")));
  plane_.refused = {Call::kRemoveBan};
  EXPECT_FALSE(agent.unban(prefix("203.0.113.7")));
  EXPECT_EQ(agent.bans().size(), 1u);
  EXPECT_EQ(store_->bans().value().at(0).reason, "rude");
}

TEST_F(AgentBans, EndOnTheSecondAndAreTold) {
  Agent& agent = start();
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.7", seconds(10))));
  ASSERT_TRUE(agent.ban(ban_of("203.0.113.8", seconds(20))));
  clock_.advance(seconds(10) - Milliseconds(1));
  agent.tick();
  EXPECT_EQ(agent.bans().size(), 2u);
  clock_.advance(Milliseconds(1));
  EXPECT_EQ(agent.bans().size(), 1u) << "over is over, ticked or not";
  agent.tick();
  EXPECT_THAT(stored_bans(), ElementsAre("203.0.113.8/32"));
  EXPECT_THAT(kernel_bans(), ElementsAre("203.0.113.8/32"));
  EXPECT_THAT(told(), Contains("unban 203.0.113.7/32"));
}

TEST_F(AgentBans, SurviveTheAgentWithoutBeingWrittenAgain) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.7", hours(1), "rude")));
  ASSERT_TRUE(agent_->ban(ban_of("2001:db8::/32")));
  const int writes = plane_.ban_writes;
  clock_.advance(minutes(5));
  start();
  EXPECT_EQ(agent_->bans().size(), 2u);
  EXPECT_EQ(plane_.ban_writes, writes) << "the kernel had them";
}

TEST_F(AgentBans, ThatEndedWhileNoAgentRanAreTakenOutAtStart) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.7", hours(1))));
  clock_.advance(hours(2));
  start();
  EXPECT_THAT(stored_bans(), IsEmpty());
  EXPECT_THAT(kernel_bans(), IsEmpty());
  EXPECT_THAT(agent_->bans(), IsEmpty());
}

TEST_F(AgentBans, ThatTheKernelLacksAreEnteredWithTheirEndOnTheBootClock) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.7", hours(1))));
  const BootNs until = plane_.bans().value().at(0).until;
  ASSERT_TRUE(plane_.remove_ban(prefix("203.0.113.7")));
  clock_.advance(minutes(20));
  clock_.step_wall(kYear);
  start();
  EXPECT_EQ(plane_.bans().value().at(0).until, until);
}

TEST_F(AgentBans, OfAnEarlierBootAreEnteredWithWhatTheWallClockLeaves) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.7", hours(1))));
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.8", minutes(1))));
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.9")));
  for (const char* each : {"203.0.113.7", "203.0.113.8", "203.0.113.9"})
    ASSERT_TRUE(plane_.remove_ban(prefix(each)));
  clock_.advance(minutes(20));
  clock_.reboot();
  boot_id_ = "next-boot";
  start();
  const auto kernel = plane_.bans().value();
  ASSERT_EQ(kernel.size(), 2u);
  EXPECT_EQ(kernel[0].until, clock_.boot() + 40ull * 60 * 1'000'000'000);
  EXPECT_EQ(kernel[1].until, WEIR_BAN_FOREVER);
  EXPECT_THAT(stored_bans(), ElementsAre("203.0.113.7/32", "203.0.113.9/32"));
}

TEST_F(AgentBans, OfThisBootAreNotEndedByStepsOfTheWallClock) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.7", hours(1))));
  for (const hours step : {kYear, -2 * kYear}) {
    clock_.step_wall(step);
    agent_->tick();
    EXPECT_EQ(agent_->bans().size(), 1u);
    start();
    EXPECT_EQ(agent_->bans().size(), 1u);
    EXPECT_THAT(kernel_bans(), ElementsAre("203.0.113.7/32"));
  }
  clock_.advance(hours(1));
  agent_->tick();
  EXPECT_THAT(agent_->bans(), IsEmpty()) << "by the calendar a year too early, and still over";
}

TEST_F(AgentBans, ThatOnlyTheKernelKnowsAreTakenOver) {
  const BootNs until = clock_.boot() + 60'000'000'000;
  ASSERT_TRUE(plane_.put_ban({prefix("203.0.113.7"), until, true, 0}));
  ASSERT_TRUE(plane_.put_ban({prefix("203.0.113.0/24"), WEIR_BAN_FOREVER, false, 0}));
  ASSERT_TRUE(plane_.put_ban({prefix("203.0.114.1"), clock_.boot() - 5'000'000, false, 0}));
  start();
  EXPECT_THAT(stored_bans(), UnorderedElementsAre("203.0.113.7/32", "203.0.113.0/24"));
  EXPECT_THAT(kernel_bans(), UnorderedElementsAre("203.0.113.7/32", "203.0.113.0/24"));
  const auto bans = agent_->bans();
  const auto single = std::find_if(bans.begin(), bans.end(),
                                   [](const BanView& ban) { return ban.prefix.is_single(); });
  ASSERT_NE(single, bans.end());
  EXPECT_TRUE(single->all);
  EXPECT_EQ(single->reason, "found in the kernel");
  EXPECT_EQ(single->until, clock_.wall() + seconds(60));
}

TEST_F(AgentBans, AreWrittenAgainAtStartWhenTheKernelHasThemOtherwise) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.7")));
  ASSERT_TRUE(plane_.put_ban({prefix("203.0.113.7"), clock_.boot() + 1'000'000'000, false, 0}));
  start();
  EXPECT_EQ(plane_.bans().value().at(0).until, WEIR_BAN_FOREVER);
  ASSERT_TRUE(plane_.put_ban({prefix("203.0.113.7"), WEIR_BAN_FOREVER, true, 0}));
  start();
  EXPECT_FALSE(plane_.bans().value().at(0).all);
}

TEST_F(AgentBans, ThatCannotBeEnteredKeepTheAgentFromStarting) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.7")));
  ASSERT_TRUE(plane_.remove_ban(prefix("203.0.113.7")));
  plane_.refused = {Call::kPutBan};
  EXPECT_FALSE(try_start());
  EXPECT_THAT(stored_bans(), ElementsAre("203.0.113.7/32"));
}

}  // namespace
}  // namespace weir
