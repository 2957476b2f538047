// SPDX-License-Identifier: BSD-2-Clause
// The log is bounded a second, and says what it left out.
#include "agent/log_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace weir {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class LogSink : public testing::Test {
 protected:
  LogSink() { sink.set_pattern("%v"); }

  void log(int second, spdlog::level::level_enum level, const std::string& text) {
    sink.log({std::chrono::system_clock::time_point(std::chrono::seconds(second)),
              {},
              "weir",
              level,
              text});
  }
  [[nodiscard]] long lines() const {
    const std::string all = out.str();
    return std::count(all.begin(), all.end(), '\n');
  }

  std::ostringstream out;
  BoundedSink sink{std::make_shared<spdlog::sinks::ostream_sink_st>(out)};
};

TEST_F(LogSink, WritesWhatIsWithinTheBoundAsItIs) {
  log(1, spdlog::level::info, "ban 192.0.2.1");
  log(1, spdlog::level::err, "the disk is full");
  EXPECT_EQ(out.str(), "ban 192.0.2.1\nthe disk is full\n");
}

TEST_F(LogSink, BoundsAFloodOfNewsAndSaysWhatItLeftOut) {
  for (int i = 0; i < 1000; i++) log(1, spdlog::level::info, "ban");
  EXPECT_EQ(lines(), BoundedSink::kNews);
  log(2, spdlog::level::info, "next");
  EXPECT_THAT(out.str(), HasSubstr("980 lines were left out"));
  EXPECT_THAT(out.str(), EndsWith("next\n"));
  log(3, spdlog::level::info, "calm");
  EXPECT_EQ(lines(), BoundedSink::kNews + 3);
}

TEST_F(LogSink, AFloodOfNewsDoesNotHideAWarningNorIsThatUnbounded) {
  for (int i = 0; i < 1000; i++) log(1, spdlog::level::info, "ban");
  log(1, spdlog::level::warn, "look here");
  EXPECT_THAT(out.str(), EndsWith("look here\n"));
  for (int i = 0; i < 1000; i++) log(1, spdlog::level::err, "disk");
  EXPECT_EQ(lines(), BoundedSink::kNews + BoundedSink::kWarnings);
}

TEST_F(LogSink, GoesOnWhenTheClockIsSetBack) {
  for (int i = 0; i < 100; i++) log(1000, spdlog::level::info, "ban");
  log(1, spdlog::level::info, "long ago");
  EXPECT_THAT(out.str(), EndsWith("long ago\n"));
}

}  // namespace
}  // namespace weir
