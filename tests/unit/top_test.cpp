// SPDX-License-Identifier: BSD-2-Clause
// `weir top` without a terminal: what keys do, and what is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "cli/top/picture.h"
#include "output/layout.h"

namespace weir::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TopData sample() {
  TopData data;
  data.stats = Json::parse(R"({"version":"0.1.0","mode":"enforce","uptimeSeconds":200,
    "time":"2026-11-21T17:00:00Z","interfaces":[{"name":"eth0","attached":true}],
    "users":{"active":3},"bans":{"active":2}})");
  data.history = Json::parse(R"({"series":{"events":[1,2,3,4],"verdicts.kick":[0,0,0,7],
    "verdicts.throttle":[0,null,1,2],"verdicts.ban":[],"activeUsers":[3,3,3,3]}})");
  data.users = Json::parse(R"({"counts":{"active":3},"users":[
    {"address":"198.51.100.7","verdict":"kick","hits":20,"activity":3.5,
     "lastSeen":"2026-11-21T16:59:58Z",
     "nearest":{"service":"web","event":"request","count":25,"toMuch":20}},
    {"address":"198.51.100.8","verdict":"pass","hits":9,"activity":9,
     "lastSeen":"2026-11-21T16:59:59Z","nearest":null},
    {"address":"2001:db8:1:2::/64","verdict":"throttle","hits":12,"activity":1,
     "lastSeen":"2026-11-21T16:59:57Z"}]})");
  data.bans = Json::parse(R"({"bans":[
    {"address":"203.0.113.7/32","until":"2026-11-21T17:10:00Z","dropped":17,"rule":"web.ban",
     "reason":"eager"},
    {"address":"203.0.113.0/24","until":null,"dropped":0,"rule":"","reason":"\u001b[2J\u202e"}]})");
  return data;
}

std::vector<std::string> lines(const TopState& state, const TopData& data, TopSize size = {}) {
  std::vector<std::string> out;
  for (const TopLine& line : top_picture(state, data, size)) {
    std::string text;
    for (const TopSpan& span : line) text += span.text;
    out.push_back(text);
  }
  return out;
}

std::string all(const TopState& state, const TopData& data, TopSize size = {}) {
  std::string text;
  for (const auto& line : lines(state, data, size)) text += line + "\n";
  return text;
}

std::vector<std::string> order(const TopState& state, const TopData& data) {
  std::vector<std::string> out;
  for (const Json& row : top_sources(state, data)) out.push_back(row["address"]);
  return out;
}

TEST(TopPicture, ShowsRatesSourcesLimitsAndBansOn80By24) {
  const std::string text = all({}, sample());
  for (const char* part :
       {"weir 0.1.0  enforce  eth0  up 3m 20s", "kick/s", "▂▄▆█", "3 active, by hits",
        "198.51.100.7", "web/request 25/20", "2001:db8:1:2::/64", "BANS  2 in force",
        "203.0.113.7/32", "10m", "web.ban: eager", "for ever", "q quit"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(TopPicture, FitsEverySizeExactly) {
  TopState helping, asking;
  helping.helping = true;
  asking.question = TopQuestion{TopAct::kBan, "198.51.100.7"};
  for (const std::size_t rows : {1u, 2u, 3u, 5u, 8u, 12u, 24u, 60u})
    for (const std::size_t columns : {1u, 5u, 20u, 79u, 80u, 200u})
      for (const TopState& state : {TopState{}, helping, asking}) {
        const auto picture = lines(state, sample(), {columns, rows, true});
        EXPECT_EQ(picture.size(), rows) << columns << "x" << rows;
        for (const auto& line : picture) EXPECT_LE(layout::width(line), columns) << line;
      }
  EXPECT_TRUE(lines({}, sample(), {80, 0, true}).empty());
}

TEST(TopPicture, OfNothingIsStillOne) {
  EXPECT_EQ(lines({}, {}).size(), 24u);
  EXPECT_THAT(all({}, {}), HasSubstr("nobody"));
  TopData odd;
  odd.stats = Json::parse(R"({"interfaces":7,"users":[],"bans":"x"})");
  odd.history = Json::parse(R"({"series":{"events":"x"}})");
  odd.users = Json::parse(R"({"users":[1,null,{}]})");
  EXPECT_EQ(lines({}, odd).size(), 24u);
  EXPECT_TRUE(top_line(odd).ends_with("\n"));
}

TEST(TopPicture, LetsNothingOfAReasonReachTheTerminal) {
  const std::string text = all({}, sample()) + top_line(sample());
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\u202e")));
}

TEST(TopPicture, SaysThatTheAgentIsGone) {
  TopData data = sample();
  data.problem = "no agent answers";
  EXPECT_THAT(lines({}, data)[0], HasSubstr("no agent answers"));
}

TEST(TopPicture, KeepsTheSelectedRowInSight) {
  TopData data = sample();
  for (int i = 0; i < 50; i++)
    data.users["users"].push_back(
        {{"address", "192.0.2." + std::to_string(i)}, {"verdict", "pass"}, {"hits", 1}});
  TopState state;
  state.selected = 50;
  EXPECT_THAT(all(state, data), HasSubstr("192.0.2.47"));
  EXPECT_THAT(all({}, data), Not(HasSubstr("192.0.2.47")));
}

TEST(TopChart, ScalesToTheHighestAndShowsAnythingThatIsNotNothing) {
  EXPECT_EQ(sparkline({0, 1, 1000}, 3, true), " ▁█");
  EXPECT_EQ(sparkline({5, 5}, 4, false), "  ##");
  EXPECT_EQ(sparkline({}, 2, true), "  ");
  EXPECT_EQ(sparkline({1, 2, 3, 4}, 2, true), "▆█") << "the newest";
  EXPECT_EQ(sparkline({std::nan(""), 8}, 2, true), " █");
}

TEST(TopLines, AreOneASecondForWhoIsNoTerminal) {
  const std::string line = top_line(sample());
  EXPECT_THAT(line, testing::StartsWith("2026-11-21T17:00:00Z  events 4/s  throttle 2/s  kick 7/s  "
                                        "ban -/s  users 3  bans 2  most: 198.51"));
  EXPECT_LE(line.size(), layout::kColumns + 1);
}

TEST(TopKeys, SortByHitsActivityTimeAndAddress) {
  TopState state;
  const TopData data = sample();
  EXPECT_THAT(order(state, data), ElementsAre("198.51.100.7", "2001:db8:1:2::/64", "198.51.100.8"));
  press(state, data, 's');
  EXPECT_THAT(order(state, data), ElementsAre("198.51.100.8", "198.51.100.7", "2001:db8:1:2::/64"));
  press(state, data, 's');
  EXPECT_EQ(order(state, data)[0], "198.51.100.8");
  press(state, data, 's');
  EXPECT_EQ(order(state, data)[2], "2001:db8:1:2::/64");
  press(state, data, 's');
  EXPECT_EQ(state.sort, TopSort::kHits);
}

TEST(TopKeys, FilterAsTyped) {
  TopState state;
  const TopData data = sample();
  for (const int key : {int('/'), int('2'), int('0'), int('0'), int('1'), int('x'), kKeyBackspace})
    press(state, data, key);
  EXPECT_THAT(all(state, data), HasSubstr("filter: 2001_"));
  EXPECT_THAT(order(state, data), ElementsAre("2001:db8:1:2::/64"));
  press(state, data, kKeyEnter);
  EXPECT_THAT(all(state, data), HasSubstr("with 2001"));
  press(state, data, kKeyEscape);
  EXPECT_EQ(order(state, data).size(), 3u);
  for (const int key : {int('/'), int('q')}) press(state, data, key);
  EXPECT_FALSE(state.ended) << "a q in a filter is a letter";
}

TEST(TopKeys, ActOnlyAfterAQuestionAndAY) {
  TopState state;
  const TopData data = sample();
  EXPECT_FALSE(press(state, data, 'b'));
  EXPECT_THAT(all(state, data), HasSubstr("ban 198.51.100.7 for 1h?"));
  EXPECT_FALSE(press(state, data, 'n'));
  EXPECT_EQ(state.message, "not done");
  EXPECT_FALSE(press(state, data, 'y')) << "there is no question any more";
  press(state, data, kKeyDown);
  press(state, data, 'a');
  EXPECT_EQ(press(state, data, 'y'), (TopQuestion{TopAct::kAllow, "2001:db8:1:2::/64"}));
  press(state, data, '\t');
  press(state, data, kKeyDown);
  press(state, data, 'u');
  EXPECT_EQ(press(state, data, 'y'), (TopQuestion{TopAct::kUnban, "203.0.113.0/24"}));
  EXPECT_FALSE(press(state, {}, 'b'));
  EXPECT_EQ(state.message, "nothing is selected");
}

TEST(TopKeys, PauseHelpMoveAndEnd) {
  TopState state;
  const TopData data = sample();
  press(state, data, 'p');
  EXPECT_THAT(lines(state, data)[0], HasSubstr("PAUSED"));
  press(state, data, ' ');
  EXPECT_FALSE(state.paused);
  press(state, data, '?');
  EXPECT_THAT(all(state, data), HasSubstr("any key goes back"));
  press(state, data, 'x');
  EXPECT_FALSE(state.helping);
  for (int i = 0; i < 9; i++) press(state, data, kKeyDown);
  EXPECT_EQ(state.selected, 2u) << "the last row";
  press(state, data, kKeyPageUp);
  EXPECT_EQ(state.selected, 0u);
  press(state, data, 'q');
  EXPECT_TRUE(state.ended);
}

}  // namespace
}  // namespace weir::cli
