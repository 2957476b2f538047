// SPDX-License-Identifier: BSD-2-Clause
// The agent's settings and interfaces: what is changed, kept, put back and told.
#include "agent_fixture.h"

namespace weir {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;
using Call = FakeDataPlane::Call;

class AgentLimits : public AgentTest {};
class AgentMode : public AgentTest {};
class AgentReload : public AgentTest {};
class AgentInterfaces : public AgentTest {};

TEST_F(AgentLimits, ThatAreSetAreInTheKernelTheStoreAndTheOrigins) {
  Agent& agent = start();
  const auto done =
      agent.set_limit("web", WEIR_EVENT_REQUEST, {{"toMuch", "77"}, {"window", "sliding"}});
  ASSERT_TRUE(done);
  const weir_limit limit = plane_.settings()->services[0].limits[WEIR_EVENT_REQUEST];
  EXPECT_EQ(limit.to_much, 77u);
  EXPECT_EQ(limit.window, static_cast<__u32>(WEIR_WINDOW_SLIDING));
  EXPECT_EQ(limit.start_throttle, 10u) << "the others stay";
  EXPECT_EQ(store_->changes()->at("services.web.request.toMuch"), "77");
  const auto& origins = agent.configuration().origins();
  EXPECT_EQ(origins.at("services.web.request.toMuch"), Origin::kCommand);
  EXPECT_EQ(origins.at("services.web.request.startThrottle"), Origin::kFile);
  EXPECT_THAT(told(), ElementsAre("limit web request"));

  start();
  EXPECT_EQ(plane_.settings()->services[0].limits[WEIR_EVENT_REQUEST].to_much, 77u);
}

TEST_F(AgentLimits, ThatAreWrongChangeNothing) {
  Agent& agent = start();
  const auto refused = [&](const char* service, Event event, const Changes& values) {
    const auto done = agent.set_limit(service, event, values);
    return done ? ErrorCode::kSystem : done.error().code;
  };
  EXPECT_EQ(refused("web", WEIR_EVENT_REQUEST, {{"toMuch", "70"}, {"window", "round"}}),
            ErrorCode::kInvalid);
  EXPECT_EQ(refused("web", WEIR_EVENT_REQUEST, {{"toMuch", "0"}}), ErrorCode::kInvalid);
  EXPECT_EQ(refused("web", WEIR_EVENT_REQUEST, {{"colour", "red"}}), ErrorCode::kInvalid);
  EXPECT_EQ(refused("none", WEIR_EVENT_REQUEST, {{"toMuch", "7"}}), ErrorCode::kNotFound);
  EXPECT_EQ(refused("api", WEIR_EVENT_SYN, {{"timeout", "5s"}}), ErrorCode::kInvalid)
      << "a new limit that is not complete";
  EXPECT_THAT(store_->changes().value(), IsEmpty());
  EXPECT_EQ(plane_.settings()->services[0].limits[WEIR_EVENT_REQUEST].to_much, 20u);
  EXPECT_EQ(agent.configuration().settings().services[0].limits[WEIR_EVENT_REQUEST]->to_much, 20u);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(AgentLimits, ThatTheKernelRefusesAreNotKept) {
  Agent& agent = start();
  const Changes kept{{"services.web.syn.toMuch", "90"}};
  ASSERT_TRUE(agent.set_limit("web", WEIR_EVENT_SYN, {{"toMuch", "90"}}));
  plane_.refused = {Call::kPutSettings};
  EXPECT_FALSE(agent.set_limit("web", WEIR_EVENT_SYN, {{"toMuch", "91"}, {"delay", "1s"}}));
  EXPECT_EQ(store_->changes().value(), kept);
  EXPECT_FALSE(agent.reset_limit("web", WEIR_EVENT_SYN));
  EXPECT_EQ(store_->changes().value(), kept);
  EXPECT_EQ(agent.configuration().settings().services[0].limits[WEIR_EVENT_SYN]->to_much, 90u);
}

TEST_F(AgentLimits, SayThatTheDelayStageIsOff) {
  Agent& agent = start();
  ASSERT_TRUE(agent.set_limit("api", WEIR_EVENT_REQUEST, {{"startThrottle", "9"}}));
  const auto done = agent.set_limit("web", WEIR_EVENT_REQUEST, {{"startThrottle", "20"}});
  EXPECT_THAT(done->notices, ElementsAre(HasSubstr("delay stage is off"))) << "and of no other";
  EXPECT_THAT(agent.set_limit("web", WEIR_EVENT_REQUEST, {{"startThrottle", "5"}})->notices,
              IsEmpty());
}

TEST_F(AgentLimits, CanBePutBackToTheFiles) {
  Agent& agent = start();
  ASSERT_TRUE(agent.set_limit("web", WEIR_EVENT_SYN, {{"toMuch", "90"}, {"delay", "1s"}}));
  ASSERT_TRUE(agent.set_limit("web", WEIR_EVENT_REQUEST, {{"toMuch", "30"}}));
  ASSERT_TRUE(agent.reset_limit("web", WEIR_EVENT_SYN));
  EXPECT_EQ(plane_.settings()->services[0].limits[WEIR_EVENT_SYN].to_much, 80u);
  EXPECT_EQ(store_->changes().value(), (Changes{{"services.web.request.toMuch", "30"}}));
  EXPECT_EQ(agent.reset_limit("none", WEIR_EVENT_SYN).error().code, ErrorCode::kNotFound);
}

TEST_F(AgentMode, IsInTheKernelTheStoreAndTheEvents) {
  Agent& agent = start();
  EXPECT_EQ(plane_.settings()->mode, static_cast<__u32>(WEIR_MODE_ENFORCE));
  ASSERT_TRUE(agent.set_mode(WEIR_MODE_OBSERVE));
  EXPECT_EQ(plane_.settings()->mode, static_cast<__u32>(WEIR_MODE_OBSERVE));
  EXPECT_EQ(store_->changes()->at("mode"), "observe");
  EXPECT_THAT(told(), ElementsAre("mode observe"));
  EXPECT_EQ(start().snapshot().mode, WEIR_MODE_OBSERVE);
}

TEST_F(AgentMode, OverruledByANewOptionDoesNotComeBackWithTheOldOne) {
  start(WEIR_MODE_OBSERVE);
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_ENFORCE));
  EXPECT_EQ(start(WEIR_MODE_OBSERVE).snapshot().mode, WEIR_MODE_ENFORCE) << "the same option";
  EXPECT_EQ(start(WEIR_MODE_ENFORCE).snapshot().mode, WEIR_MODE_ENFORCE);
  EXPECT_EQ(start(WEIR_MODE_OBSERVE).snapshot().mode, WEIR_MODE_OBSERVE) << "the newest word";
}

TEST_F(AgentReload, OfABadFileKeepsEverything) {
  Agent& agent = start();
  const Settings before = agent.configuration().settings();
  write_file("mode = \"enforce\"\nallow = [\"10.0.0.0/8\"]\nnonsense = 1\n");
  const auto done = agent.reload();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("weir.toml:3:1"));
  EXPECT_EQ(agent.configuration().settings(), before);
  EXPECT_THAT(kernel_allowed(), ElementsAre("192.0.2.0/24"));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(AgentReload, BringsTheAllowListAndTheServicesToTheFile) {
  Agent& agent = start();
  ASSERT_TRUE(agent.allow(prefix("2001:db8::/32"), ""));
  write_file("allow = [\"198.51.100.0/24\"]\n[services.web]\nports = [81]\n");
  ASSERT_TRUE(agent.reload());
  EXPECT_THAT(kernel_allowed(), UnorderedElementsAre("198.51.100.0/24", "2001:db8::/32"));
  EXPECT_EQ(plane_.settings()->port_service[81], 1);
  EXPECT_EQ(plane_.settings()->port_service[80], 0);
  EXPECT_THAT(told(), Contains(StartsWith("reload")));
}

TEST_F(AgentReload, ThatTheKernelRefusesKeepsTheFormerSettings) {
  Agent& agent = start();
  const Settings before = agent.configuration().settings();
  write_file("allow = [\"198.51.100.0/24\"]\n");
  plane_.refused = {Call::kPutAllow};
  EXPECT_FALSE(agent.reload());
  EXPECT_EQ(agent.configuration().settings(), before);
  EXPECT_EQ(plane_.settings()->mode, static_cast<__u32>(WEIR_MODE_ENFORCE));
}

TEST_F(AgentReload, AttachesWhatTheFileNamesAndIsNotAttachedYet) {
  plane_.add_interface("eth0");
  plane_.add_interface("eth1");
  Agent& agent = start();
  ASSERT_TRUE(agent.attach("eth1", Attach::kGeneric));
  write_file("interfaces = [\"eth0\", \"eth1\", \"eth9\"]\n");
  const auto done = agent.reload();
  ASSERT_TRUE(done) << "one that is missing is told, and is no failure";
  EXPECT_THAT(done->notices, Contains(HasSubstr("eth0 is filtered")));
  EXPECT_THAT(done->notices, Contains(HasSubstr("eth9: there is no such interface")));
  ASSERT_EQ(plane_.interfaces().size(), 2u);
  EXPECT_EQ(plane_.interfaces()[1].attach, Attach::kGeneric) << "left as it was";
}

TEST_F(AgentInterfaces, AreAttachedToldAndWatched) {
  plane_.add_interface("eth0", Attach::kTc, "the driver has no XDP; so tc is used");
  Agent& agent = start();
  const auto done = agent.attach("eth0", Attach::kAuto);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->message, "eth0 is filtered (tc), mode enforce");
  EXPECT_THAT(done->notices, ElementsAre("eth0: the driver has no XDP; so tc is used"));
  EXPECT_THAT(agent.snapshot().problems, IsEmpty());
  plane_.lose("eth0", "somebody took it off");
  EXPECT_THAT(agent.snapshot().problems, ElementsAre(HasSubstr("somebody took it off")));
  ASSERT_TRUE(agent.detach("eth0"));
  EXPECT_THAT(told(), ElementsAre("attach eth0", "detach eth0"));
}

TEST_F(AgentInterfaces, ThatCannotBeHadAreErrorsAndNoEvents) {
  plane_.add_interface("eth0");
  plane_.occupy("eth0");
  Agent& agent = start();
  EXPECT_EQ(agent.attach("eth0", Attach::kAuto).error().code, ErrorCode::kConflict);
  EXPECT_EQ(agent.attach("eth1", Attach::kAuto).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(agent.detach("eth0").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace weir
