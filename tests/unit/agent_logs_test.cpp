// SPDX-License-Identifier: BSD-2-Clause
// What the agent writes into eventLog and counterLog, and what it says when it cannot.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "agent_fixture.h"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

class AgentLogs : public AgentTest {
 protected:
  AgentLogs() { std::filesystem::create_directory(directory_ + "/log"); }

  [[nodiscard]] std::string path(const char* name) const { return directory_ + "/log/" + name; }
  void ask_for(const std::string& events, const std::string& counters = "off") const {
    write_file("eventLog = \"" + events + "\"\ncounterLog = \"" + counters + "\"\n" + kFile);
  }
  static std::vector<std::string> lines(const std::string& file) {
    std::ifstream in(file);
    EXPECT_TRUE(in) << file;
    std::vector<std::string> found;
    for (std::string line; std::getline(in, line);) found.push_back(line);
    return found;
  }
  std::vector<std::string> kinds(const char* name) {
    std::vector<std::string> found;
    for (const auto& line : lines(path(name))) found.push_back(Json::parse(line)["kind"]);
    return found;
  }
};

TEST_F(AgentLogs, AreOffUnlessAskedFor) {
  start();
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_OBSERVE));
  agent_->tick();
  EXPECT_THAT(agent_->snapshot().logs, IsEmpty());
  EXPECT_FALSE(agent_->has_log_lines());
}

TEST_F(AgentLogs, HaveEachEventAsALineOfJson) {
  ask_for(path("events"));
  start();
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.7", std::nullopt, "a \"reason\"\n")));
  weir_notice notice{};
  notice.reason = WEIR_REASON_OVER_LIMIT;
  plane_.notify(notice);
  agent_->drain_notices();
  EXPECT_THAT(lines(path("events")), IsEmpty()) << "many lines are one write";
  EXPECT_TRUE(agent_->has_log_lines());
  agent_->flush_logs();
  EXPECT_FALSE(agent_->has_log_lines());
  EXPECT_THAT(kinds("events"), ElementsAre("ban", "kick"));
  EXPECT_EQ(Json::parse(lines(path("events"))[0])["subject"], "203.0.113.7/32");
  const auto logs = agent_->snapshot().logs;
  ASSERT_EQ(logs.size(), 1u);
  EXPECT_EQ(logs[0].name, "eventLog");
  EXPECT_EQ(logs[0].written, 2u);
}

TEST_F(AgentLogs, AreWrittenBySecondAtTheLatest) {
  ask_for(path("events"));
  start();
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_OBSERVE));
  agent_->tick();
  EXPECT_THAT(kinds("events"), ElementsAre("mode"));
}

TEST_F(AgentLogs, HaveTheCountersOfEachMinuteOnce) {
  ask_for("off", path("counters"));
  plane_.add_interface("eth0");
  start();
  ASSERT_TRUE(agent_->attach("eth0", Attach::kAuto));
  for (int i = 0; i < 150; i++) {
    plane_.stats("eth0").reasons[WEIR_REASON_OVER_LIMIT] += 2;
    agent_->tick();
    clock_.advance(seconds(1));
  }
  const auto found = lines(path("counters"));
  ASSERT_EQ(found.size(), 2u);
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  // The first tick only says what there was before.
  EXPECT_THAT(found[0], testing::StartsWith(std::string("2026-11-21T17:00:00Z -- ") + host.data() +
                                            " events 0 events.syn 0 "));
  EXPECT_THAT(found[0], HasSubstr(" verdicts.kick 118 "));
  EXPECT_THAT(found[1], HasSubstr("2026-11-21T17:01:00Z -- "));
  EXPECT_THAT(found[1], HasSubstr(" verdicts.kick 120 "));
  EXPECT_THAT(found[1], testing::EndsWith(" activeUsers 0 responseTimeMs -"));
  start();  // a minute that was written is not written again
  agent_->tick();
  EXPECT_EQ(lines(path("counters")).size(), 2u);
}

TEST_F(AgentLogs, ThatCannotBeWrittenAreAProblemToldOnceUntilTheyCan) {
  ask_for(path("events"));
  start();
  std::filesystem::remove_all(directory_ + "/log");
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_OBSERVE));
  for (int i = 0; i < 5; i++) agent_->tick();
  EXPECT_THAT(told(), ElementsAre("mode observe", "eventLog behind"));
  const auto problems = agent_->snapshot().problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0], HasSubstr("eventLog: opening " + path("events") + ": No such file"));
  EXPECT_FALSE(agent_->has_log_lines()) << "the next second is soon enough";
  std::filesystem::create_directory(directory_ + "/log");
  agent_->tick();
  EXPECT_THAT(agent_->snapshot().problems, IsEmpty());
  EXPECT_THAT(told(), testing::Contains("eventLog caught up"));
  agent_->tick();
  EXPECT_THAT(kinds("events"), ElementsAre("mode", "eventLog", "eventLog")) << "nothing is lost";
}

TEST_F(AgentLogs, FollowTheSettingsAtAReload) {
  start();
  ask_for(path("a"));
  ASSERT_TRUE(agent_->reload());
  agent_->tick();
  EXPECT_THAT(kinds("a"), ElementsAre("reload"));
  ask_for(path("b"));
  ASSERT_TRUE(agent_->reload());
  agent_->tick();
  EXPECT_THAT(kinds("a"), ElementsAre("reload"));
  EXPECT_THAT(kinds("b"), ElementsAre("reload"));
  ask_for("off");
  ASSERT_TRUE(agent_->reload());
  agent_->tick();
  EXPECT_THAT(kinds("b"), ElementsAre("reload"));
}

TEST_F(AgentLogs, AreMadeAnewByAReloadEvenOfSettingsThatAreRefused) {
  ask_for(path("events"));
  start();
  std::filesystem::rename(path("events"), path("events.1"));
  write_file("mod = 1\n");
  ASSERT_FALSE(agent_->reload());
  EXPECT_THAT(lines(path("events")), IsEmpty());
}

TEST_F(AgentLogs, WhereNoFileCanBeTheSettingsAreRefusedAndTheOldOnesStay) {
  ask_for(path("a"));
  start();
  write_file("mode = \"observe\"\neventLog = \"" + path("b") + "\"\ncounterLog = \"" +
             path("none/c") + "\"\n" + std::string(kFile).substr(std::string(kFile).find("allow")));
  const auto done = agent_->reload();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("counterLog: opening " + path("none/c")));
  EXPECT_EQ(agent_->configuration().settings().mode, WEIR_MODE_ENFORCE);
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_OBSERVE));
  agent_->tick();
  EXPECT_THAT(kinds("a"), ElementsAre("mode"));
  const Status started = try_start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("counterLog: "));
}

TEST_F(AgentLogs, WhatTheDataPlaneRefusesLeavesTheLogsAsTheyWere) {
  ask_for(path("a"));
  start();
  ask_for(path("b"));
  plane_.refused.insert(FakeDataPlane::Call::kPutSettings);
  ASSERT_FALSE(agent_->reload());
  plane_.refused.clear();
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_OBSERVE));
  agent_->tick();
  EXPECT_THAT(kinds("a"), ElementsAre("mode"));
}

}  // namespace
}  // namespace weir
