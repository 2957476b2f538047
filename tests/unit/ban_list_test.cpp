// SPDX-License-Identifier: BSD-2-Clause
// Lists of bans from files that people and programs have written.
#include "bans/ban_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime kNow = parse_time("2026-11-21T17:00:00Z").value();

std::vector<std::string> prefixes(const BanList& list) {
  std::vector<std::string> all;
  for (const auto& ban : list.bans) all.push_back(ban.prefix.text());
  return all;
}
std::string mistake(const std::string& text) {
  const auto list = read_ban_list(text, kNow);
  return list ? "none" : list.error().message;
}

TEST(BanList, ReadsAnAddressALineWithComments) {
  const auto list = read_ban_list(
      "# a public list\r\n203.0.113.7\r\n\n  198.51.100.0/24   # scans\n2001:db8::1", kNow);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_THAT(prefixes(*list), ElementsAre("198.51.100.0/24", "203.0.113.7/32", "2001:db8::1/128"));
  EXPECT_FALSE(list->bans[0].has_end);
}

TEST(BanList, ReadsWhatExportWrites) {
  const auto list = read_ban_list(R"({"schema": 1, "bans": [
    {"address":"203.0.113.7/32","since":"2026-11-01T00:00:00Z","until":"2026-11-22T00:00:00.500Z",
     "reason":"rude","rule":"web.ban","origin":"rule","all":true,"times":3,"dropped":17},
    {"address":"198.51.100.0/24","until":null}], "more": [1, {"bans": []}]})",
                                  kNow);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_THAT(prefixes(*list), ElementsAre("198.51.100.0/24", "203.0.113.7/32"));
  const ListedBan& ban = list->bans[1];
  EXPECT_EQ(format_time(*ban.since), "2026-11-01T00:00:00Z");
  EXPECT_EQ(format_time(*ban.until), "2026-11-22T00:00:00.500Z");
  EXPECT_EQ(ban.texts->reason, "rude");
  EXPECT_EQ(ban.texts->rule, "web.ban");
  EXPECT_TRUE(ban.all);
  EXPECT_EQ(ban.times, 3);
  EXPECT_TRUE(list->bans[0].has_end);
  EXPECT_FALSE(list->bans[0].until) << "for ever";
}

TEST(BanList, ReadsAPlainArray) {
  const auto list = read_ban_list(R"(["203.0.113.7", {"address": "203.0.113.8"}])", kNow);
  ASSERT_TRUE(list);
  EXPECT_THAT(prefixes(*list), ElementsAre("203.0.113.7/32", "203.0.113.8/32"));
}

TEST(BanList, OfOnePrefixTheLaterEndCountsAndOverlapsAreTold) {
  const auto list = read_ban_list(R"([
    {"address":"203.0.113.7","until":"2026-11-22T00:00:00Z"},
    {"address":"203.0.113.7","until":"2026-11-23T00:00:00Z"},
    {"address":"203.0.113.7","until":"2026-11-22T12:00:00Z"},
    {"address":"203.0.113.0/24","until":"2026-11-23T00:00:00Z"},
    {"address":"203.0.114.0/24","until":"2020-01-01T00:00:00Z"}])",
                                  kNow);
  ASSERT_TRUE(list);
  EXPECT_THAT(prefixes(*list), ElementsAre("203.0.113.0/24", "203.0.113.7/32"));
  EXPECT_EQ(format_time(*list->bans[1].until), "2026-11-23T00:00:00Z");
  EXPECT_EQ(list->duplicates, 2u);
  EXPECT_EQ(list->overlaps, 1u);
  EXPECT_EQ(list->over, 1u);
}

TEST(BanList, NamesTheLineOrTheEntryThatIsWrong) {
  EXPECT_THAT(mistake("192.0.2.1\n\nnonsense\n"), HasSubstr("line 3: \"nonsense\" is not"));
  EXPECT_THAT(mistake("192.0.2.1/24"), HasSubstr("line 1: \"192.0.2.1/24\" has host bits set"));
  EXPECT_THAT(mistake(R"({"bans":[{"address":"192.0.2.1"},{"reason":"x"}]})"),
              HasSubstr("entry 2: it has no address"));
  EXPECT_THAT(mistake(R"({"bans":[7]})"), HasSubstr("entry 1"));
  EXPECT_THAT(mistake(R"({"bans":[["192.0.2.1"]]})"), HasSubstr("entry 1"));
  EXPECT_THAT(mistake(R"({"bans":[{"address":7}]})"), HasSubstr("address is not valid"));
  EXPECT_THAT(mistake(R"({"bans":[{"address":"192.0.2.1","until":"soon"}]})"),
              HasSubstr("until: \"soon\" is not a time"));
  EXPECT_THAT(mistake(R"({"bans":[{"address":"192.0.2.1")"), HasSubstr("no valid JSON"));
  EXPECT_THAT(mistake(R"({"schema":1})"), HasSubstr("no list of bans"));
  EXPECT_THAT(mistake("[" + std::string(100000, '[')), HasSubstr("entry 1"));
  EXPECT_THAT(mistake(R"([{"address":"192.0.2.1","reason":")" + std::string(300, 'x') + "\"}]"),
              HasSubstr("reason is longer than 256 bytes"));
}

TEST(BanList, IsEmptyWhenThereIsNothing) {
  EXPECT_THAT(read_ban_list("", kNow)->bans, IsEmpty());
  EXPECT_THAT(read_ban_list(R"({"bans":[]})", kNow)->bans, IsEmpty());
}

TEST(Times, AreReadAsTheyAreWritten) {
  for (const char* text : {"2026-11-21T17:46:00Z", "1970-01-01T00:00:00.001Z"})
    EXPECT_EQ(format_time(parse_time(text).value()), text);
  EXPECT_EQ(format_time(parse_time("2026-11-21t17:46:00.1239+01:30").value()),
            "2026-11-21T16:16:00.123Z");
  for (const char* text : {"", "2026-11-21", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                           "2026-11-21T24:00:00Z", "2026-11-21T17:46:00", "2026-11-21T17:46:00Zx",
                           "-026-11-21T17:46:00Z", "2026-11-21T17:46:00.Z", "1969-12-31T23:59:59Z"})
    EXPECT_FALSE(parse_time(text)) << text;
}

}  // namespace
}  // namespace weir
