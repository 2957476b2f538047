// SPDX-License-Identifier: BSD-2-Clause
// The counters over restarts of the agent.
#include <SQLiteCpp/SQLiteCpp.h>

#include "agent_fixture.h"

namespace weir {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

class AgentCounters : public AgentTest {
 protected:
  void run(int for_seconds) {
    for (int i = 0; i < for_seconds; i++) {
      plane_.stats("eth0").bytes += 10;
      clock_.advance(seconds(1));
      agent_->tick();
    }
  }
  double last(Period period) {
    return agent_->counters().of("bytes").of(period).last().value_or(-1);
  }
  void attach() {
    plane_.add_interface("eth0");
    ASSERT_TRUE(start().attach("eth0", Attach::kAuto));
    agent_->tick();
  }
};

TEST_F(AgentCounters, GoOnAfterARestartWithinAMinuteAnHourAndADay) {
  attach();
  run(3600 + 90);
  agent_->save_counters();
  const auto trend = agent_->counters().of("bytes").of(Period::kSecond).trend();
  const auto peaks = agent_->counters().of("bytes").of(Period::kMinute).peaks().size();
  start();
  EXPECT_EQ(agent_->counters().of("bytes").of(Period::kSecond).trend(), trend);
  EXPECT_EQ(agent_->counters().of("bytes").of(Period::kMinute).peaks().size(), peaks);
  agent_->tick();
  run(7200 - 3600 - 90);  // to the end of the second hour
  run(1);
  EXPECT_EQ(last(Period::kMinute), 600);
  // The second in which there was no agent is not counted, and none is counted twice.
  EXPECT_EQ(last(Period::kHour), 36'000);
  EXPECT_EQ(agent_->counters().of("bytes").of(Period::kHour).points().size(), 2u);
}

TEST_F(AgentCounters, AreWrittenEachMinuteWithoutBeingAsked) {
  attach();
  run(61);
  const auto stored = store_->series().value();
  ASSERT_FALSE(stored.empty());
  start();  // as after kill -9
  EXPECT_EQ(last(Period::kSecond), 10);
}

TEST_F(AgentCounters, AreBoundedOnDisk) {
  attach();
  run(1000);
  agent_->save_counters();
  const auto stored = store_->series().value();
  for (const auto& series : stored) {
    EXPECT_LE(series.points.size(), info_of(*period_of(series.period)).kept) << series.name;
    EXPECT_LE(series.peaks.size(), 5u);
  }
}

TEST_F(AgentCounters, ThatCannotBeWrittenAreToldOnceAndWrittenLater) {
  attach();
  run(10);
  store_.reset();
  {
    SQLite::Database db(directory_ + "/state/weir.db", SQLite::OPEN_READWRITE);
    db.exec(
        "CREATE TRIGGER stop BEFORE INSERT ON series_points BEGIN SELECT RAISE(ABORT, 'no'); END");
  }
  start();
  agent_->tick();
  run(5);
  agent_->save_counters();
  EXPECT_TRUE(store_->series()->empty());
  SQLite::Database(directory_ + "/state/weir.db", SQLite::OPEN_READWRITE).exec("DROP TRIGGER stop");
  agent_->save_counters();
  EXPECT_FALSE(store_->series()->empty());
}

TEST_F(AgentCounters, AreWrittenAnewAsAWholeWhenTheStoreIsDeleted) {
  attach();
  run(3600 + 90);
  agent_->save_counters();
  std::filesystem::remove(directory_ + "/state/weir.db");
  run(1);
  const SeriesSet before = agent_->counters().of("bytes");
  start();  // as after kill -9
  const SeriesSet& after = agent_->counters().of("bytes");
  for (const PeriodInfo& info : kPeriods) {
    EXPECT_EQ(after.of(info.period).points().size(), before.of(info.period).points().size());
    EXPECT_EQ(after.of(info.period).appended(), before.of(info.period).appended());
    EXPECT_EQ(after.of(info.period).trend(), before.of(info.period).trend());
    EXPECT_EQ(after.of(info.period).peaks().size(), before.of(info.period).peaks().size());
  }
  EXPECT_EQ(after.of(Period::kHour).points().size(), 1u);
}

TEST_F(AgentCounters, HaveTheLengthsOfTheSettings) {
  write_file(std::string("seriesTrend = 3\nseriesMax = 2\n") + kFile);
  attach();
  run(10);
  EXPECT_EQ(agent_->snapshot().events[0].trend.size(), 3u);
  EXPECT_EQ(agent_->snapshot().events[0].peaks.size(), 2u);
  write_file(std::string("seriesTrend = 4\n") + kFile);
  ASSERT_TRUE(agent_->reload());
  EXPECT_EQ(agent_->snapshot().events[0].trend.size(), 4u);
}

}  // namespace
}  // namespace weir
