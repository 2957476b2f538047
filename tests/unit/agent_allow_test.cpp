// SPDX-License-Identifier: BSD-2-Clause
// The allow list: what the file and the commands say, and nothing else.
#include "agent_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Call = FakeDataPlane::Call;

class AgentAllow : public AgentTest {};

TEST_F(AgentAllow, ListIsTheFilesAndTheCommands) {
  Agent& agent = start();
  EXPECT_THAT(kernel_allowed(), ElementsAre("192.0.2.0/24"));
  ASSERT_TRUE(agent.allow(prefix("2001:db8::/32"), "office"));
  EXPECT_THAT(kernel_allowed(), UnorderedElementsAre("192.0.2.0/24", "2001:db8::/32"));
  const auto allowed = agent.allowed();
  ASSERT_EQ(allowed.size(), 2u);
  EXPECT_EQ(allowed[0].origin, "file");
  EXPECT_EQ(allowed[1].origin, "cli");
  EXPECT_EQ(allowed[1].reason, "office");
  EXPECT_EQ(allowed[1].since, clock_.wall());
  start();
  EXPECT_EQ(agent_->allowed().size(), 2u) << "it survives";
}

TEST_F(AgentAllow, EntriesThatNobodyNamesLeaveTheKernelAtStart) {
  ASSERT_TRUE(plane_.put_allow(prefix("10.0.0.0/8")));
  start();
  EXPECT_THAT(kernel_allowed(), ElementsAre("192.0.2.0/24"));
}

TEST_F(AgentAllow, EntriesOfCommandsCanBeTakenBackAndThoseOfTheFileCannot) {
  Agent& agent = start();
  ASSERT_TRUE(agent.allow(prefix("2001:db8::/32"), ""));
  ASSERT_TRUE(agent.disallow(prefix("2001:db8::/32")));
  EXPECT_THAT(kernel_allowed(), ElementsAre("192.0.2.0/24"));
  EXPECT_THAT(told(), ElementsAre("allow 2001:db8::/32", "disallow 2001:db8::/32"));
  EXPECT_EQ(agent.disallow(prefix("2001:db8::/32")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(agent.disallow(prefix("192.0.2.0/24")).error().code, ErrorCode::kInvalid);
  start();
  EXPECT_EQ(agent_->allowed().size(), 1u);
}

TEST_F(AgentAllow, EntriesOfBothAreStillTheFilesWhenTheCommandsIsTakenBack) {
  Agent& agent = start();
  ASSERT_TRUE(agent.allow(prefix("192.0.2.0/24"), ""));
  const auto done = agent.disallow(prefix("192.0.2.0/24"));
  ASSERT_TRUE(done);
  EXPECT_THAT(done->notices, ElementsAre(HasSubstr("still allows")));
  EXPECT_THAT(kernel_allowed(), ElementsAre("192.0.2.0/24"));
}

TEST_F(AgentAllow, EntriesOfEverybodyAreRemarkedOn) {
  EXPECT_THAT(start().allow(prefix("::/0"), "")->notices, ElementsAre(HasSubstr("everybody")));
}

TEST_F(AgentAllow, EntriesThatTheKernelRefusesAreNotThere) {
  Agent& agent = start();
  plane_.refused = {Call::kPutAllow};
  EXPECT_FALSE(agent.allow(prefix("2001:db8::/32"), "office"));
  EXPECT_EQ(agent.allowed().size(), 1u);
  EXPECT_FALSE(agent.explain(address("2001:db8::1")).allow);
  EXPECT_THAT(store_->allowed().value(), IsEmpty());
}

TEST_F(AgentAllow, EntriesThatTheKernelDoesNotLetGoOfStay) {
  Agent& agent = start();
  ASSERT_TRUE(agent.allow(prefix("2001:db8::/32"), "office"));
  plane_.refused = {Call::kRemoveAllow};
  EXPECT_FALSE(agent.disallow(prefix("2001:db8::/32")));
  EXPECT_EQ(agent.allowed().size(), 2u);
  EXPECT_EQ(store_->allowed().value().at(0).reason, "office");
}

}  // namespace
}  // namespace weir
