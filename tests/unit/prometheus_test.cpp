// SPDX-License-Identifier: BSD-2-Clause
#include "output/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "german_locale.h"
#include "sample_snapshot.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Prometheus, HasASampleForEveryCounter) {
  const std::string text = prometheus_text(sample_snapshot());
  for (const char* line : {
           "weir_events_total{service=\"web\",event=\"syn\",family=\"ipv4\"} 40",
           "weir_events_total{service=\"web\",event=\"syn\",family=\"ipv6\"} 2",
           "weir_verdicts_total{service=\"web\",event=\"syn\",verdict=\"throttle\",family=\"ipv4\"}"
           " 3",
           "weir_verdicts_total{service=\"web\",event=\"syn\",verdict=\"kick\",family=\"ipv4\"} 2",
           "weir_verdicts_total{service=\"web\",event=\"syn\",verdict=\"allow\",family=\"ipv4\"} 1",
           "weir_observed_total{service=\"web\",event=\"syn\",verdict=\"throttle\",family=\"ipv4\"}"
           " 5",
           "weir_observed_total{service=\"web\",event=\"syn\",verdict=\"kick\",family=\"ipv4\"} 4",
           "weir_packets_verdict_total{verdict=\"pass\"} 1234567",
           "weir_packets_verdict_total{verdict=\"malformed\"} 15",
           "weir_actions_total{action=\"drop\"} 35",
           "weir_actions_total{action=\"deferred\"} 12",
           "weir_packets_total{interface=\"eth0\"} 1234632",
           "weir_bytes_total{interface=\"eth0\"} 123456789",
           "weir_sources{state=\"tracked\"} 71",
           "weir_sources{state=\"capacity\"} 1048576",
           "weir_active_users 81",
           "weir_bans 145",
           "weir_notices_lost_total 64",
           "weir_insert_failures_total 62",
           "weir_sketched_total 65",
           "weir_sketch_seconds_total 66",
           "weir_mode{mode=\"enforce\"} 1",
           "weir_mode{mode=\"observe\"} 0",
           "weir_attached{interface=\"eth0\",attach=\"native\"} 1",
           "weir_attached{interface=\"br0\",attach=\"generic\"} 0",
           "weir_build_info{version=\"0.1.0\"} 1",
       })
    EXPECT_THAT(text, HasSubstr(std::string("\n") + line + "\n"));
}

TEST(Prometheus, WhatPassedIsTheEventsWithoutTheOthers) {
  EXPECT_THAT(prometheus_text(sample_snapshot()),
              HasSubstr("verdict=\"pass\",family=\"ipv4\"} 34\n"));
}

TEST(Prometheus, EveryLineIsACommentOrASampleOfAFamilyThatWasIntroduced) {
  const std::regex comment(R"(# (HELP|TYPE) (weir_[a-z_]+) (.+))");
  const std::regex sample(R"((weir_[a-z_]+)(\{([a-z]+="[^"\\]*",?)+\})? [0-9]+)");
  std::set<std::string> helped, typed, seen;
  for (const auto& line : lines_of(prometheus_text(sample_snapshot()))) {
    std::smatch match;
    if (std::regex_match(line, match, comment)) {
      const bool fresh = (match[1] == "HELP" ? helped : typed).insert(match[2]).second;
      EXPECT_TRUE(fresh) << line << ": a family comes once";
      if (match[1] == "TYPE") {
        const bool counter = match[2].str().ends_with("_total");
        EXPECT_EQ(match[3], counter ? "counter" : "gauge") << line;
      }
      continue;
    }
    ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
    EXPECT_TRUE(helped.contains(match[1]) && typed.contains(match[1])) << line;
    EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line << ": stands twice";
  }
  EXPECT_EQ(helped, typed);
}

TEST(Prometheus, LabelValuesAreEscaped) {
  Snapshot snapshot = sample_snapshot();
  snapshot.version = "1\"2\\3\n4";
  const std::string text = prometheus_text(snapshot);
  EXPECT_THAT(text, HasSubstr("weir_build_info{version=\"1\\\"2\\\\3\\n4\"} 1\n"));
}

TEST(Prometheus, ReadsTheSameInAGermanLocale) {
  const std::string before = prometheus_text(sample_snapshot());
  const GermanLocale german;
  std::ostringstream proof;
  proof << 1234567;
  ASSERT_EQ(proof.str(), "1.234.567") << "the locale is in force";
  EXPECT_EQ(prometheus_text(sample_snapshot()), before);
}

TEST(Prometheus, AnEmptySnapshotIsStillWellFormed) {
  const std::string text = prometheus_text(Snapshot{});
  EXPECT_THAT(text, HasSubstr("weir_bans 0\n"));
  EXPECT_THAT(text, HasSubstr("weir_mode{mode=\"observe\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("service=")));
  EXPECT_TRUE(text.ends_with('\n'));
}

}  // namespace
}  // namespace weir
