// SPDX-License-Identifier: BSD-2-Clause
// Changes that are undone unless they are confirmed, over restarts and reboots.
#include "agent_fixture.h"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class AgentConfirm : public AgentTest {
 protected:
  // kFile says enforce.
  void observe(Milliseconds time) {
    const auto done = agent_->set_mode(WEIR_MODE_OBSERVE, time);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_THAT(done->notices, Contains(HasSubstr("weir confirm")));
  }
  Mode mode() { return agent_->configuration().settings().mode; }
};

TEST_F(AgentConfirm, AChangeIsUndoneWhenNobodyConfirmsIt) {
  start();
  observe(seconds(60));
  EXPECT_EQ(mode(), WEIR_MODE_OBSERVE);
  EXPECT_EQ(plane_.settings()->mode, WEIR_MODE_OBSERVE);
  EXPECT_EQ(plane_.roll_back, seconds(60)) << "the kernel does it if nobody is there";
  ASSERT_TRUE(agent_->snapshot().unconfirmed);
  EXPECT_EQ(agent_->snapshot().unconfirmed->what, "mode observe");
  clock_.advance(seconds(59));
  agent_->tick();
  EXPECT_EQ(mode(), WEIR_MODE_OBSERVE);
  clock_.advance(seconds(1));
  agent_->tick();
  EXPECT_EQ(mode(), WEIR_MODE_ENFORCE);
  EXPECT_EQ(plane_.settings()->mode, WEIR_MODE_ENFORCE);
  EXPECT_THAT(store_->changes().value(), IsEmpty());
  EXPECT_THAT(told(), Contains("rollback mode observe"));
  EXPECT_FALSE(agent_->confirm());
}

TEST_F(AgentConfirm, AConfirmedChangeStays) {
  start();
  observe(seconds(60));
  ASSERT_TRUE(agent_->confirm());
  EXPECT_EQ(plane_.roll_back, seconds(0));
  clock_.advance(seconds(61));
  agent_->tick();
  EXPECT_EQ(mode(), WEIR_MODE_OBSERVE);
  start();
  EXPECT_EQ(mode(), WEIR_MODE_OBSERVE);
  EXPECT_FALSE(agent_->snapshot().unconfirmed);
}

TEST_F(AgentConfirm, ConfirmingTooLateUndoes) {
  start();
  observe(seconds(60));
  clock_.advance(seconds(60));
  EXPECT_EQ(agent_->confirm().error().code, ErrorCode::kConflict);
  EXPECT_EQ(mode(), WEIR_MODE_ENFORCE);
}

TEST_F(AgentConfirm, NothingElseChangesMeanwhile) {
  start();
  observe(seconds(60));
  EXPECT_EQ(agent_->set_mode(WEIR_MODE_ENFORCE).error().code, ErrorCode::kConflict);
  EXPECT_EQ(agent_->set_limit("web", WEIR_EVENT_SYN, {{"toMuch", "99"}}).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(agent_->reset_limit("web", WEIR_EVENT_SYN).error().code, ErrorCode::kConflict);
  EXPECT_EQ(agent_->reload().error().code, ErrorCode::kConflict);
  ASSERT_TRUE(agent_->undo_change());
  EXPECT_EQ(mode(), WEIR_MODE_ENFORCE);
  EXPECT_TRUE(agent_->set_limit("web", WEIR_EVENT_SYN, {{"toMuch", "99"}}));
}

TEST_F(AgentConfirm, ARestartKeepsTheChangeAndItsTime) {
  start();
  observe(seconds(60));
  clock_.advance(seconds(20));
  start();
  EXPECT_EQ(mode(), WEIR_MODE_OBSERVE);
  EXPECT_EQ(plane_.roll_back, seconds(40));
  clock_.advance(seconds(40));
  agent_->tick();
  EXPECT_EQ(mode(), WEIR_MODE_ENFORCE);
  start();
  EXPECT_EQ(mode(), WEIR_MODE_ENFORCE);
}

TEST_F(AgentConfirm, AnAgentThatComesTooLateOrAfterARebootFindsItUndone) {
  start();
  observe(seconds(60));
  clock_.advance(seconds(60));
  start();
  EXPECT_EQ(mode(), WEIR_MODE_ENFORCE);
  EXPECT_THAT(store_->changes().value(), IsEmpty());
  observe(seconds(60));
  boot_id_ = "another boot";
  start();
  EXPECT_EQ(mode(), WEIR_MODE_ENFORCE);
}

TEST_F(AgentConfirm, ALimitGoesBackWithItsOtherValues) {
  start();
  ASSERT_TRUE(agent_->set_limit("web", WEIR_EVENT_SYN, {{"toMuch", "99"}}));
  ASSERT_TRUE(agent_->set_limit("web", WEIR_EVENT_SYN, {{"toMuch", "50"}}, seconds(60)));
  start();
  EXPECT_EQ(agent_->configuration().settings().services[0].limits[WEIR_EVENT_SYN]->to_much, 50u);
  clock_.advance(seconds(60));
  agent_->tick();
  EXPECT_EQ(agent_->configuration().settings().services[0].limits[WEIR_EVENT_SYN]->to_much, 99u);
}

// ---- the store ----------------------------------------------------------------------------------

class AgentStore : public AgentTest {};

TEST_F(AgentStore, IsWrittenAnewWhenItsFileIsGone) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("198.51.100.7")));
  ASSERT_TRUE(agent_->allow(prefix("203.0.113.0/24"), "office"));
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_OBSERVE));
  std::filesystem::remove(directory_ + "/state/weir.db");
  agent_->tick();
  EXPECT_THAT(told(), Contains("store caught up"));
  EXPECT_THAT(agent_->snapshot().problems, IsEmpty());
  start();
  EXPECT_EQ(agent_->bans().size(), 1u);
  EXPECT_EQ(agent_->configuration().settings().mode, WEIR_MODE_OBSERVE);
  EXPECT_THAT(stored_bans(), Contains("198.51.100.7/32"));
}

TEST_F(AgentStore, ThatIsDamagedIsMadeFromWhatTheKernelHas) {
  start();
  ASSERT_TRUE(agent_->ban(ban_of("198.51.100.7")));
  ASSERT_TRUE(agent_->allow(prefix("203.0.113.0/24"), "office"));
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_OBSERVE));
  ASSERT_TRUE(agent_->set_limit("api", WEIR_EVENT_REQUEST, {{"toMuch", "9"}, {"timeout", "3s"}}));
  agent_.reset();
  store_.reset();
  std::filesystem::remove(directory_ + "/state/weir.db-wal");
  std::ofstream(directory_ + "/state/weir.db") << "nonsense";
  start();
  EXPECT_THAT(agent_->snapshot().problems, Contains(HasSubstr("was damaged")));
  EXPECT_EQ(agent_->bans().at(0).reason, "found in the kernel");
  EXPECT_EQ(agent_->allowed().back().reason, "found in the kernel");
  EXPECT_EQ(agent_->configuration().changes(), (Changes{{"mode", "observe"},
                                                        {"mode.option", "none"},
                                                        {"services.api.request.timeout", "3s"},
                                                        {"services.api.request.toMuch", "9"}}));
}

// ---- interfaces ---------------------------------------------------------------------------------

class AgentLinks : public AgentTest {};

TEST_F(AgentLinks, AnInterfaceThatIsThereAgainIsFilteredAgain) {
  plane_.add_interface("eth0");
  start();
  ASSERT_TRUE(agent_->attach("eth0", Attach::kAuto));
  plane_.lose("eth0", "gone");
  plane_.occupy("eth0");
  agent_->check_interfaces();
  EXPECT_THAT(told(), Contains("lost eth0"));
  EXPECT_THAT(agent_->snapshot().problems, Contains(HasSubstr("program other runs there")));
  plane_.leave("eth0");
  agent_->tick();
  EXPECT_FALSE(agent_->snapshot().problems.empty()) << "not at every tick";
  agent_->check_interfaces();
  EXPECT_THAT(agent_->snapshot().problems, IsEmpty());
}

TEST_F(AgentLinks, ARenamedInterfaceIsTold) {
  start();
  plane_.renamed = {{"eth0", "wan0"}};
  agent_->check_interfaces();
  EXPECT_THAT(told(), Contains("rename eth0"));
}

}  // namespace
}  // namespace weir
