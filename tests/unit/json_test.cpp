// SPDX-License-Identifier: BSD-2-Clause
// The documents against the shapes of the interface that scripts read.
#include "output/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "german_locale.h"
#include "sample_snapshot.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> out;
  for (const auto& [key, value] : object.items()) out.push_back(key);
  return out;
}

TEST(StatsJson, SaysWhatWhenAndHowLong) {
  const Json json = stats_json(sample_snapshot());
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["version"], "0.1.0");
  EXPECT_EQ(json["time"], kSampleTimeText);
  EXPECT_EQ(json["uptimeSeconds"], 12000);
  EXPECT_TRUE(json["uptimeSeconds"].is_number_integer());
  EXPECT_EQ(json["mode"], "enforce");
  EXPECT_EQ(keys(json).front(), "schema");
}

TEST(StatsJson, DerivesVerdictsFromReasons) {
  const Json json = stats_json(sample_snapshot());
  EXPECT_EQ(json["verdicts"], Json({{"pass", 1'234'567},
                                    {"allow", 11},
                                    {"throttle", 12},
                                    {"kick", 13},
                                    {"ban", 14},
                                    {"malformed", 15}}));
  EXPECT_EQ(json["reasons"]["underLimit"], 1'000'000);
  EXPECT_EQ(json["reasons"]["tcpFlags"], 15);
  EXPECT_EQ(json["reasons"].size(), WEIR_REASON_COUNT);
}

TEST(StatsJson, HasWhatEnforceWouldHaveDone) {
  const Json json = stats_json(sample_snapshot());
  EXPECT_EQ(json["observed"]["throttle"], 21);
  EXPECT_EQ(json["observed"]["kick"], 22);
  EXPECT_EQ(json["observed"]["ban"], 23);
}

TEST(StatsJson, EventsGoOnCountingWhenAServiceIsGone) {
  EXPECT_EQ(stats_json(sample_snapshot())["events"],
            Json({{"syn", 142}, {"request", 50}, {"media", 0}}));
}

TEST(StatsJson, SumsAServicesEventsOverTheFamilies) {
  const Json syn = stats_json(sample_snapshot())["services"]["web"]["syn"];
  EXPECT_EQ(syn, Json({{"events", 42},
                       {"pass", 35},
                       {"throttle", 4},
                       {"kick", 2},
                       {"allow", 1},
                       {"observedThrottle", 5},
                       {"observedKick", 4}}));
  EXPECT_EQ(stats_json(sample_snapshot())["services"]["web"]["request"]["kick"], 9);
}

TEST(StatsJson, HasTheFillOfTables) {
  const Json json = stats_json(sample_snapshot());
  EXPECT_EQ(json["sources"]["tracked"], 71);
  EXPECT_EQ(json["sources"]["capacity"], 1'048'576);
  EXPECT_EQ(json["sources"]["insertFailures"], 62);
  EXPECT_EQ(json["sources"]["sketched"], 65);
  EXPECT_EQ(json["sources"]["sketchSeconds"], 66.5);
  EXPECT_EQ(json["bans"], Json({{"active", 145}, {"capacity", 101'000}}));
  EXPECT_EQ(json["notices"], Json({{"sent", 63}, {"lost", 64}}));
  EXPECT_EQ(keys(json["actions"]), (std::vector<std::string>{"drop", "reset", "reply", "challenge",
                                                             "deferred", "acknowledge"}));
  EXPECT_EQ(json["actions"]["deferred"], 12);
}

TEST(StatsJson, DescribesEachInterface) {
  const Json list = stats_json(sample_snapshot())["interfaces"];
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0], Json({{"name", "eth0"},
                           {"ifindex", 2},
                           {"attach", "native"},
                           {"packets", 1'234'632},
                           {"bytes", 123'456'789},
                           {"attached", true}}));
  EXPECT_EQ(list[1]["note"], "native: bridges cannot, so generic");
  EXPECT_EQ(list[1]["attached"], false);
}

TEST(StatsJson, SeriesHaveLastTrendAndPeaks) {
  const Json series = stats_json(sample_snapshot())["series"];
  EXPECT_EQ(series["seconds"]["last"], 7.5);
  EXPECT_EQ(dump(series["seconds"]["trend"]), "[9,7.5]") << "whole numbers have no point";
  EXPECT_EQ(dump(series["seconds"]["max"][0]), R"({"time":"2026-11-21T16:59:58Z","value":9})");
  EXPECT_EQ(series["activeUsers"], 81);
}

TEST(StatsJson, InventsNoNumbers) {
  const Json series = stats_json(sample_snapshot())["series"];
  EXPECT_TRUE(series["responseTimeMs"].is_null());
  EXPECT_TRUE(series["minutes"]["last"].is_null()) << "no minute is over yet";
  EXPECT_EQ(series["minutes"]["trend"], Json::array());
  EXPECT_EQ(series["hours"]["max"], Json::array());
  EXPECT_EQ(series["days"]["trend"], Json::array());
}

TEST(StatsJson, CountsUsers) {
  EXPECT_EQ(stats_json(sample_snapshot())["users"], Json({{"active", 81},
                                                          {"addresses", 81},
                                                          {"authenticated", 0},
                                                          {"lastMinute", 82},
                                                          {"lastHour", 83},
                                                          {"lastDay", 84}}));
}

TEST(StatsJson, KeepsCountersOf64Bits) {
  Snapshot snapshot = sample_snapshot();
  snapshot.total.bytes = std::numeric_limits<std::uint64_t>::max();
  EXPECT_THAT(dump(stats_json(snapshot)), HasSubstr("\"bytes\":18446744073709551615"));
}

TEST(StatsJson, ReadsTheSameInAGermanLocale) {
  const std::string before = dump(stats_json(sample_snapshot()), 2);
  const GermanLocale german;
  EXPECT_EQ(dump(stats_json(sample_snapshot()), 2), before);
}

TEST(StatusJson, IsHealthyWithoutProblems) {
  const Json json = status_json(sample_snapshot(), sample_settings());
  EXPECT_EQ(json["healthy"], true);
  EXPECT_EQ(json["problems"], Json::array());
}

TEST(StatusJson, NamesWhatIsWrong) {
  Snapshot snapshot = sample_snapshot();
  snapshot.problems = {"br0 is not filtered"};
  const Json json = status_json(snapshot, sample_settings());
  EXPECT_EQ(json["healthy"], false);
  EXPECT_EQ(json["problems"], Json({"br0 is not filtered"}));
}

TEST(StatusJson, HasInterfacesLimitsAndTables) {
  const Json json = status_json(sample_snapshot(), sample_settings());
  EXPECT_EQ(json["interfaces"][0]["name"], "eth0");
  EXPECT_EQ(json["limits"][0]["toMuch"], 80);
  EXPECT_FALSE(json["limits"][0].contains("origin")) << "status does not know it";
  EXPECT_EQ(json["tables"]["banNets"], Json({{"used", 73}, {"capacity", 1000}}));
}

TEST(BansJson, HasTheShapeOfTheInterface) {
  const Json json = bans_json({sample_ban()});
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["bans"][0], Json({{"address", "203.0.113.7/32"},
                                   {"since", kSampleTimeText},
                                   {"until", "2026-11-21T18:00:00.123Z"},
                                   {"reason", "eager"},
                                   {"rule", "web/request"},
                                   {"origin", "rule"},
                                   {"all", false},
                                   {"times", 2},
                                   {"dropped", 17}}));
}

TEST(BansJson, ForEverIsNullAndNoBansAreAnEmptyList) {
  BanView ban = sample_ban();
  ban.until.reset();
  EXPECT_TRUE(bans_json({ban})["bans"][0]["until"].is_null());
  EXPECT_EQ(dump(bans_json({})), R"({"schema":1,"bans":[]})");
}

TEST(AllowJson, ListsTheEntries) {
  const Json json =
      allow_json({{Prefix::parse("192.0.2.0/24").value(), kSampleTime, "office", "file"}});
  EXPECT_EQ(json["allow"][0], Json({{"address", "192.0.2.0/24"},
                                    {"since", kSampleTimeText},
                                    {"reason", "office"},
                                    {"origin", "file"}}));
}

TEST(LimitsJson, ListsEveryLimitThatIsSet) {
  const Json limits = limits_json(sample_settings(), {})["limits"];
  ASSERT_EQ(limits.size(), 3u) << "tls has none";
  EXPECT_EQ(limits[0], Json({{"service", "web"},
                             {"event", "syn"},
                             {"startThrottle", 40},
                             {"toMuch", 80},
                             {"timeout", "2s"},
                             {"timeoutMs", 2000},
                             {"window", "sliding"},
                             {"delay", "500ms"},
                             {"delayMs", 500},
                             {"action", "challenge"},
                             {"effectiveAction", "challenge"},
                             {"origin", "default"}}));
}

TEST(LimitsJson, TellsWhatIsDoneInsteadOfAReplyThatCannotBe) {
  Settings settings = sample_settings();
  for (auto& limit : settings.services[0].limits) limit->action = WEIR_ACTION_REPLY;
  const Json limits = limits_json(settings, {})["limits"];
  EXPECT_EQ(limits[0]["effectiveAction"], "reset") << "a SYN is no request";
  EXPECT_EQ(limits[1]["effectiveAction"], "reply");
  EXPECT_EQ(limits[2]["effectiveAction"], "reply");
}

TEST(LimitsJson, ALimitIsByCommandWhenAnyPartOfItIs) {
  const Origins origins{{"services.web.request.toMuch", Origin::kFile},
                        {"services.web.syn.action", Origin::kDefault},
                        {"services.web.syn.delay", Origin::kCommand},
                        {"services.web.syn.toMuch", Origin::kFile},
                        {"services.web.synx.toMuch", Origin::kCommand}};
  const Json limits = limits_json(sample_settings(), origins)["limits"];
  EXPECT_EQ(limits[0]["origin"], "command");
  EXPECT_EQ(limits[1]["origin"], "file");
}

TEST(ConfigJson, NestsTheValuesAsTheFileDoes) {
  const Json json = config_json(sample_settings(), {{"mode", Origin::kCommand}}, {"a notice"});
  EXPECT_EQ(json["schema"], 1);
  const Json& config = json["config"];
  EXPECT_EQ(config["mode"], "enforce");
  EXPECT_EQ(config["allow"], Json({"192.0.2.0/24", "2001:db8::/32"}));
  EXPECT_EQ(config["timeWindow"], "10m");
  EXPECT_EQ(config["maxSources"], 0);
  EXPECT_EQ(config["maxBans"], 0);
  EXPECT_EQ(config["seriesTrend"], 48);
  EXPECT_EQ(config["seriesMax"], 5);
  EXPECT_EQ(config["mediaSuffixes"][0], "gif");
  EXPECT_EQ(config["replyText"], std::string(kDefaultReplyText));
  EXPECT_EQ(config["services"]["web"]["repeats"], true);
  EXPECT_EQ(config["services"]["web"]["media"]["toMuch"], 1200);
  EXPECT_EQ(config["services"]["web"]["floodRate"], 0);
  const Json& web = config["services"]["web"];
  EXPECT_EQ(web["ports"], Json({80, 8080}));
  EXPECT_EQ(web["request"]["timeout"], "90s");
  EXPECT_EQ(web["ban"], Json({{"after", 30}, {"within", "1m"}, {"for", "10m"}, {"max", "1d"}}));
  EXPECT_EQ(web["paths"][0]["ban"], "1h");
  EXPECT_FALSE(web["paths"][1].contains("ban"));
  EXPECT_FALSE(config["services"]["tls"].contains("syn"));
  EXPECT_EQ(keys(config["services"]), (std::vector<std::string>{"web", "tls"})) << "in order";
  EXPECT_EQ(json["origins"], Json({{"mode", "command"}}));
  EXPECT_EQ(json["notices"], Json({"a notice"}));
}

TEST(ExplanationJson, HasTheShapeOfTheInterface) {
  EXPECT_EQ(dump(explanation_json(sample_explanation())),
            R"({"schema":1,"address":"203.0.113.7","source":"203.0.113.7/32",)"
            R"("verdict":"throttle","why":"over startThrottle","validated":true,)"
            R"("limits":[{"service":"web","event":"request","count":12,"startThrottle":10,)"
            R"("toMuch":20,"timeoutMs":2000,"window":"burst","resetsInMs":1400}],)"
            R"("ban":null,"allow":null})");
}

TEST(ExplanationJson, TellsOfABanAndOfTheAllowList) {
  Explanation explanation = sample_explanation();
  explanation.ban = sample_ban();
  explanation.allow = Prefix::parse("203.0.113.0/24").value();
  const Json json = explanation_json(explanation);
  EXPECT_EQ(keys(json["ban"]),
            (std::vector<std::string>{"since", "until", "reason", "rule", "times"}));
  EXPECT_EQ(json["ban"]["times"], 2);
  EXPECT_EQ(json["allow"], "203.0.113.0/24");
}

TEST(EventJson, AKickHasTheKeysOfTheInterface) {
  EventView event = sample_event("kick");
  event.address = Address::parse("2001:db8::7").value();
  event.service = "web";
  event.event = "request";
  event.count = 21;
  event.path = "/a";
  EXPECT_EQ(dump(event_json(event)),
            R"({"time":"2026-11-21T17:00:00Z","kind":"kick","address":"2001:db8::7",)"
            R"("service":"web","event":"request","count":21,"path":"/a","observed":false})");
}

TEST(EventJson, OfAPathRuleAndAnAnswerNamesThem) {
  EventView event = sample_event("kick");
  EXPECT_FALSE(event_json(event).contains("rule"));
  EXPECT_FALSE(event_json(event).contains("action"));
  event.rule = "web.paths /register/";
  event.action = "reply";
  EXPECT_EQ(event_json(event)["rule"], "web.paths /register/");
  EXPECT_EQ(event_json(event)["action"], "reply");
}

TEST(EventJson, AnActOfTheAgentHasASubject) {
  EventView event = sample_event("attach");
  event.subject = event.interface = "eth0";
  event.reason = "by command";
  const Json json = event_json(event);
  EXPECT_TRUE(json["address"].is_null());
  EXPECT_EQ(json["subject"], "eth0");
  EXPECT_EQ(json["interface"], "eth0");
  EXPECT_EQ(json["reason"], "by command");
}

TEST(Dump, IsValidUtf8OnOneLineWhateverTheReasonHolds) {
  BanView ban = sample_ban();
  ban.reason = "bad \xff\xc3 bytes\n\x1b[31m";
  const std::string text = dump(bans_json({ban}));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  const Json back = Json::parse(text, nullptr, false);
  ASSERT_FALSE(back.is_discarded()) << "the parser refuses what is not UTF-8";
  EXPECT_THAT(back["bans"][0]["reason"].get<std::string>(), HasSubstr("bad \xef\xbf\xbd"));
}

}  // namespace
}  // namespace weir
