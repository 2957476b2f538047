// SPDX-License-Identifier: BSD-2-Clause
#include "output/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/load.h"
#include "german_locale.h"
#include "output/json.h"
#include "output/layout.h"
#include "sample_snapshot.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

void expect_fits(const std::string& text) {
  EXPECT_TRUE(text.ends_with('\n'));
  for (const auto& line : lines_of(text)) {
    EXPECT_LE(layout::width(line), 100u) << line;
    EXPECT_FALSE(line.ends_with(' ')) << "|" << line << "|";
    EXPECT_EQ(line, layout::printable(line));
  }
}

TEST(Layout, WhatCouldMoveACursorOrForgeALineBecomesAQuestionMark) {
  EXPECT_EQ(layout::printable("a\x1b[31mb\r\n\tc\x7f"), "a?[31mb???c?");
  EXPECT_EQ(layout::printable("\xc2\x9b"
                              "31m"),
            "?31m")
      << "C1 controls, as UTF-8";
  EXPECT_EQ(layout::printable("\x9b"
                              "31m"),
            "?31m")
      << "and as a bare byte";
  EXPECT_EQ(layout::printable("a\xe2\x80\xae"
                              "b"),
            "a?b")
      << "right to left override";
}

TEST(Layout, KeepsTextThatIsUtf8AndBreaksWhatIsNot) {
  EXPECT_EQ(layout::printable("Stra\xc3\x9f"
                              "e \xe6\xb0\xb4 \xf0\x9f\x8c\x8a"),
            "Stra\xc3\x9f"
            "e \xe6\xb0\xb4 \xf0\x9f\x8c\x8a");
  EXPECT_EQ(layout::printable("a\xff"), "a?");
  EXPECT_EQ(layout::printable("\xc3"), "?") << "cut off";
  EXPECT_EQ(layout::printable("\xc0\xaf"), "??") << "overlong";
  EXPECT_EQ(layout::printable("\xed\xa0\x80"), "???") << "a surrogate";
  EXPECT_EQ(layout::printable("\xf4\x90\x80\x80"), "????") << "beyond Unicode";
}

TEST(Layout, CountsColumnsAndNotBytes) {
  EXPECT_EQ(layout::width("Stra\xc3\x9f"
                          "e"),
            6u);
  EXPECT_EQ(layout::width("\xe6\xb0\xb4"), 2u);
  EXPECT_EQ(layout::shortened("\xe6\xb0\xb4\xe6\xb0\xb4\xe6\xb0\xb4", 5), "\xe6\xb0\xb4...");
}

TEST(Layout, ATableShortensItsElasticColumnFirst) {
  layout::Table table({{"ADDRESS"}, {"REASON", layout::Align::kElastic}});
  const std::string address(60, 'a');
  table.row({address, std::string(80, 'r')});
  expect_fits(table.text());
  EXPECT_THAT(table.text(), HasSubstr(address + "  rrr"));
  EXPECT_THAT(table.text(), HasSubstr("r...\n"));
}

TEST(Layout, ATableOfRigidColumnsFitsToo) {
  layout::Table table({{"A"}, {"B"}, {"C"}});
  table.row({std::string(90, 'a'), std::string(90, 'b'), std::string(90, 'c')});
  expect_fits(table.text());
}

TEST(Layout, LongTextIsBrokenAtBlanksAndIndented) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "word" + std::to_string(i) + " ";
  const std::string out = layout::wrapped("why  ", text);
  expect_fits(out);
  EXPECT_EQ(lines_of(out).size(), 3u);
  EXPECT_THAT(lines_of(out)[1], testing::StartsWith("     word"));
  EXPECT_THAT(out, HasSubstr("word39")) << "nothing is lost";
}

TEST(StatsText, ShowsVerdictsServicesInterfacesAndSeries) {
  const std::string text = stats_text(stats_json(sample_snapshot()));
  expect_fits(text);
  EXPECT_THAT(text, HasSubstr("weir 0.1.0, mode enforce, up 3h 20m, at 2026-11-21T17:00:00Z"));
  EXPECT_THAT(text, ContainsRegex("\nthrottle +12 +21\n"));
  EXPECT_THAT(text, ContainsRegex("\nmalformed +15 +0\n"));
  EXPECT_THAT(text, ContainsRegex("\nweb +syn +42 +35 +4 +2 +1 +5 +4\n"));
  EXPECT_THAT(text, ContainsRegex("\neth0 +native +yes +1234632 +123456789\n"));
  EXPECT_THAT(text, ContainsRegex("\nsecond +7.5 +9 +2026-11-21T16:59:58Z\n"));
  EXPECT_THAT(text, ContainsRegex("\nhour +- +- +-\n"));
  EXPECT_THAT(text,
              HasSubstr("drop 35, reset 0, reply 7, challenge 0, deferred 12, acknowledge 0\n"));
  EXPECT_THAT(text, HasSubstr("71 of 1048576 tracked, 62 found no room"));
  EXPECT_THAT(text, HasSubstr("145 active, room for 101000"));
  EXPECT_THAT(text, HasSubstr("63 sent, 64 lost"));
  EXPECT_THAT(text, HasSubstr("81 active from 81 addresses"));
}

TEST(StatsText, NumbersStandUnderTheEndOfTheirTitle) {
  const auto lines = lines_of(stats_text(stats_json(sample_snapshot())));
  const auto title = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("VERDICT");
  });
  ASSERT_NE(title, lines.end());
  EXPECT_EQ((title + 1)->find("1234567") + 7, title->find("PACKETS") + 7);
}

TEST(StatsText, ReadsTheSameInAGermanLocale) {
  const Json document = stats_json(sample_snapshot());
  const std::string before = stats_text(document);
  const GermanLocale german;
  EXPECT_EQ(stats_text(document), before);
}

TEST(StatsText, ADocumentOfAnotherVersionIsShownAsFarAsItGoes) {
  for (const char* text : {"{}", "[]", "null", "\"x\"", R"({"interfaces":7,"series":[],"bans":{}})",
                           R"({"interfaces":[{"name":4,"note":5}],"services":{"web":[1]}})",
                           R"({"verdicts":{"new":"x"},"uptimeSeconds":"long","limits":{"a":1}})"}) {
    const Json document = Json::parse(text);
    for (auto* render : {stats_text, status_text, bans_text, allow_text, limits_text, config_text,
                         explanation_text, event_text})
      EXPECT_NO_THROW(render(document)) << text;
  }
}

TEST(StatusText, ShowsModeHealthInterfacesLimitsAndTables) {
  const std::string text = status_text(status_json(sample_snapshot(), sample_settings()));
  expect_fits(text);
  EXPECT_THAT(text, HasSubstr("mode enforce"));
  EXPECT_THAT(text, HasSubstr("\nhealthy\n"));
  EXPECT_THAT(text, ContainsRegex("\nbr0 +generic +no "));
  EXPECT_THAT(text, HasSubstr("br0: native: bridges cannot, so generic\n"));
  EXPECT_THAT(text, ContainsRegex("\nweb +syn +40 +80 +2s +sliding +500ms +challenge"));
  EXPECT_THAT(text, ContainsRegex("\nbanNets +73 +1000 +7%\n"));
  EXPECT_THAT(text, Not(HasSubstr("ORIGIN"))) << "status does not know it";
}

TEST(StatusText, NamesEveryProblemInFull) {
  Snapshot snapshot = sample_snapshot();
  std::string problem = "br0 is not filtered:";
  for (int i = 0; i < 30; ++i) problem += " because" + std::to_string(i);
  snapshot.problems = {"first", problem};
  const std::string text = status_text(status_json(snapshot, sample_settings()));
  expect_fits(text);
  EXPECT_THAT(text, HasSubstr("\nnot healthy:\n  - first\n  - br0 is not filtered:"));
  EXPECT_THAT(text, HasSubstr("because29"));
}

TEST(StatusText, SaysThatNothingIsFiltered) {
  Snapshot snapshot = sample_snapshot();
  snapshot.interfaces.clear();
  EXPECT_THAT(status_text(status_json(snapshot, {})), HasSubstr("\nno interfaces are filtered\n"));
  EXPECT_THAT(status_text(status_json(snapshot, {})), HasSubstr("\nno limits\n"));
}

TEST(BansText, IsATableWithoutMilliseconds) {
  const std::string text = bans_text(bans_json({sample_ban()}));
  expect_fits(text);
  EXPECT_THAT(text, ContainsRegex("\n203.0.113.7/32 +2026-11-21T18:00:00Z +2 +17 +rule "
                                  "+web/request: eager\n"));
}

TEST(BansText, ShortensTheReasonAndNeverTheAddress) {
  BanView ban = sample_ban("2001:db8:1111:2222:3333:4444:5555:6666/128");
  ban.until.reset();
  ban.reason = "a reason that is much too long for a line of one hundred columns";
  const std::string text = bans_text(bans_json({ban}));
  expect_fits(text);
  EXPECT_THAT(text, ContainsRegex("\n2001:db8:1111:2222:3333:4444:5555:6666/128 +for ever +2 +17 "
                                  "+rule +web/[a-z:. ]+\\.\\.\\.\n"));
}

TEST(BansText, SaysWhenABanIsForAllPorts) {
  BanView ban = sample_ban();
  ban.all = true;
  EXPECT_THAT(bans_text(bans_json({ban})), HasSubstr("(all ports) web/request: eager\n"));
}

TEST(BansText, AReasonCannotForgeALine) {
  BanView ban = sample_ban();
  ban.reason = "x\n198.51.100.1/32  for ever\x1b[2K";
  const std::string text = bans_text(bans_json({ban}));
  expect_fits(text);
  EXPECT_EQ(lines_of(text).size(), 2u);
}

TEST(ListTexts, EmptyListsSaySo) {
  EXPECT_EQ(bans_text(bans_json({})), "no bans\n");
  EXPECT_EQ(allow_text(allow_json({})), "no addresses are on the allow list\n");
  EXPECT_EQ(limits_text(limits_json({}, {})), "no limits\n");
}

TEST(AllowText, ListsTheEntries) {
  const std::string text =
      allow_text(allow_json({{Prefix::parse("192.0.2.0/24").value(), kSampleTime, "", "file"}}));
  expect_fits(text);
  EXPECT_THAT(text, ContainsRegex("\n192.0.2.0/24 +2026-11-21T17:00:00Z +file\n"));
}

TEST(LimitsText, ShowsOriginsAndWhenThereIsNoDelayStage) {
  const std::string text =
      limits_text(limits_json(sample_settings(), {{"services.web.syn.toMuch", Origin::kCommand}}));
  expect_fits(text);
  EXPECT_THAT(text, ContainsRegex("\nweb +syn +.* 500ms +challenge +command\n"));
  EXPECT_THAT(text, ContainsRegex("\nweb +request +10 +10 +90s +burst +none +drop +default\n"));
}

TEST(ConfigText, IsTomlThatSaysTheSame) {
  Settings settings = sample_settings();
  for (int i = 0; i < 20; ++i)
    settings.allow.push_back(
        Prefix::parse("2001:db8:1111:2222:" + std::to_string(i) + "::/80").value());
  const std::string text = config_text(
      config_json(settings, {{"mode", Origin::kCommand}, {"services.web.ports", Origin::kFile}},
                  notices_about(settings)));
  expect_fits(text);
  const auto back = parse_settings(text, "config show");
  ASSERT_TRUE(back) << back.error().message << "\n" << text;
  EXPECT_EQ(back->settings, settings);
}

TEST(ConfigText, OfALongPageIsTomlThatSaysTheSame) {
  for (const std::string& page : {std::string(850, 'x'), std::string(850, ' '),
                                  std::string("a \"b\" \\c\n\t") + std::string(300, '\\') +
                                      "\n   " + std::string(100, '"')}) {
    Settings settings;
    settings.reply_text = page;
    const std::string text = config_text(config_json(settings, {}, {}));
    expect_fits(text);
    const auto back = parse_settings(text, "config show");
    ASSERT_TRUE(back) << back.error().message << "\n" << text;
    EXPECT_EQ(back->settings.reply_text, page);
  }
}

TEST(ConfigText, TellsWhereEachValueComesFrom) {
  const std::string text = config_text(config_json(sample_settings(),
                                                   {{"mode", Origin::kCommand},
                                                    {"services.web.ports", Origin::kFile},
                                                    {"services.web.paths", Origin::kFile},
                                                    {"services.web.ban.for", Origin::kDefault}},
                                                   {"a notice"}));
  expect_fits(text);
  EXPECT_THAT(text, HasSubstr("# a notice\n"));
  EXPECT_THAT(text, ContainsRegex("mode = \"enforce\" +# command\n"));
  EXPECT_THAT(text, ContainsRegex("\nservices.web.ports = \\[80, 8080\\] +# file\n"));
  EXPECT_THAT(text, ContainsRegex("\nservices.web.ban.for = \"10m\" +# default\n"));
  EXPECT_THAT(text, ContainsRegex("\nservices.web.paths = \\[ +# file\n"));
}

TEST(ExplanationText, SaysWhyAndWhenItEnds) {
  Explanation explanation = sample_explanation();
  explanation.source = Prefix::parse("203.0.113.0/24").value();
  explanation.why = "12 requests in a row, over startThrottle 10";
  const std::string text = explanation_text(explanation_json(explanation));
  expect_fits(text);
  EXPECT_THAT(text, HasSubstr("203.0.113.7: throttle\n"));
  EXPECT_THAT(text, ContainsRegex("why +12 requests in a row, over startThrottle 10\n"));
  EXPECT_THAT(text, ContainsRegex("source +203.0.113.0/24\n"));
  EXPECT_THAT(text, ContainsRegex("ban +none\n"));
  EXPECT_THAT(text, ContainsRegex("allow +not on the allow list\n"));
  EXPECT_THAT(text, ContainsRegex("\nweb +request +12 +10 +20 +2s +burst +1s 400ms\n"));
}

TEST(ExplanationText, TellsOfTheBan) {
  Explanation explanation = sample_explanation();
  explanation.limits.clear();
  explanation.ban = sample_ban();
  explanation.allow = Prefix::parse("203.0.113.0/24").value();
  const std::string text = explanation_text(explanation_json(explanation));
  expect_fits(text);
  EXPECT_THAT(text, HasSubstr("until 2026-11-21T18:00:00Z, 2 times, web/request: eager\n"));
  EXPECT_THAT(text, ContainsRegex("allow +203.0.113.0/24\n"));
  EXPECT_THAT(text, HasSubstr("no limits count it\n"));
}

TEST(EventText, IsOneLineWhateverThePathHolds) {
  EventView event = sample_event("kick");
  event.address = Address::parse("203.0.113.7").value();
  event.service = "web";
  event.event = "request";
  event.count = 21;
  event.path = "/a\n\x1b[2J" + std::string(200, 'x');
  event.observed = true;
  const std::string text = event_text(event_json(event));
  expect_fits(text);
  EXPECT_EQ(lines_of(text).size(), 1u);
  EXPECT_THAT(text, testing::StartsWith("2026-11-21T17:00:00Z  kick      203.0.113.7  web/request  "
                                        "number 21  (only observed)  /a??[2J"));
}

TEST(EventText, ABanByRuleNamesTheSourceOnceAndWhatItWasFor) {
  EventView event = sample_event("ban");
  event.address = Address::parse("203.0.113.7").value();
  event.subject = "203.0.113.7/32";
  event.service = "web";
  event.path = "/a";
  event.rule = "web.ban";
  event.reason = "for 10m, 30 kicks within 1m";
  EXPECT_EQ(event_text(event_json(event)),
            "2026-11-21T17:00:00Z  ban       203.0.113.7/32  web.ban  for 10m, 30 kicks within "
            "1m  /a\n");
  event.subject = "203.0.113.0/24";
  EXPECT_THAT(event_text(event_json(event)), HasSubstr("  203.0.113.7  203.0.113.0/24  "));
}

TEST(EventText, AnActOfTheAgentNamesItsSubject) {
  EventView event = sample_event("attach");
  event.subject = "eth0";
  event.reason = "by command";
  EXPECT_EQ(event_text(event_json(event)), "2026-11-21T17:00:00Z  attach    eth0  by command\n");
}

}  // namespace
}  // namespace weir
