// SPDX-License-Identifier: BSD-2-Clause
// The routes: each one's status and document, and what is refused to whom.
#include "agent/routes.h"

#include <nlohmann/json.hpp>

#include "agent_fixture.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

class Routes : public AgentTest {
 protected:
  Routes() {
    plane_.add_interface("eth0");
    start();
  }
  ApiResponse ask(const std::string& method, const std::string& path, const std::string& body = "",
                  const std::string& query = "", bool local = true) {
    ApiRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.body = body;
    request.host = host_;
    request.peer.local = local;
    ApiResponse response = answer(*agent_, request);
    if (response.more)
      while (response.more(response.body)) continue;
    return response;
  }
  std::string host_ = "localhost";
  // A document that is there.
  Json get(const std::string& path) {
    const auto response = ask("GET", path);
    EXPECT_EQ(response.status, 200u) << path;
    EXPECT_EQ(response.content_type, "application/json");
    Json document = Json::parse(response.body);
    EXPECT_EQ(document["schema"], 1) << path;
    return document;
  }
  static std::string code_of(const ApiResponse& response) {
    const Json error = Json::parse(response.body).value("error", Json::object());
    EXPECT_NE(error.value("message", ""), "");
    return error.value("code", "none");
  }
};

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

TEST_F(Routes, ThatReadAnswerWithTheirDocuments) {
  EXPECT_TRUE(get("/v1/status").contains("tables"));
  Json stats = get("/v1/stats");
  for (const char* key : {"verdicts", "observed", "events", "services", "actions", "sources",
                          "bans", "notices", "series", "users"})
    EXPECT_TRUE(stats.contains(key)) << key;
  EXPECT_EQ(stats["mode"], "enforce");
  EXPECT_THAT(get("/v1/bans")["bans"], IsEmpty());
  EXPECT_EQ(get("/v1/allow")["allow"][0]["address"], "192.0.2.0/24");
  EXPECT_EQ(get("/v1/limits")["limits"].size(), 5u);
  EXPECT_EQ(get("/v1/config")["origins"]["mode"], "file");
}

TEST_F(Routes, OverTcpAnswerOnlyToTheirOwnNames) {
  host_ = "127.0.0.1:8080";
  EXPECT_EQ(ask("GET", "/v1/stats", "", "", false).status, 200u);
  for (const char* host : {"", "evil.example", "evil.example:8080"}) {
    host_ = host;
    EXPECT_EQ(code_of(ask("GET", "/v1/stats", "", "", false)), "refused") << host;
    EXPECT_EQ(ask("GET", "/", "", "", false).status, 403u) << host;
    EXPECT_EQ(ask("GET", "/v1/stats").status, 200u) << "the Unix socket has no such trouble";
  }
}

TEST_F(Routes, ServeThePage) {
  const auto page = ask("GET", "/");
  EXPECT_EQ(page.status, 200u);
  EXPECT_THAT(page.body, HasSubstr("<title>Weir</title>"));
  EXPECT_EQ(ask("GET", "/web/weir.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(ask("GET", "/web/other.js").status, 404u);
  EXPECT_EQ(ask("GET", "/v1/stats", "", "x=1").status, 400u);
}

TEST_F(Routes, ShowTheNewestBansWhenThereIsALimit) {
  for (const char* one : {"203.0.113.9", "203.0.113.1", "203.0.113.5"}) {
    ASSERT_TRUE(agent_->ban(ban_of(one)));
    clock_.advance(std::chrono::seconds(1));
  }
  const Json newest = Json::parse(ask("GET", "/v1/bans", "", "limit=2").body)["bans"];
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_EQ(newest[0]["address"], "203.0.113.5/32");
  EXPECT_EQ(newest[1]["address"], "203.0.113.1/32");
  EXPECT_EQ(get("/v1/bans")["bans"].size(), 3u);
  EXPECT_EQ(get("/v1/stats")["bans"]["active"], 3);
}

TEST_F(Routes, FilterEventsByKindSourceAndService) {
  ASSERT_TRUE(agent_->ban(ban_of("203.0.113.9")));
  ASSERT_TRUE(agent_->ban(ban_of("198.51.100.0/24")));
  ASSERT_TRUE(agent_->set_mode(WEIR_MODE_OBSERVE));
  EventView kick;
  kick.kind = "kick";
  kick.address = address("203.0.113.9");
  kick.service = "web";
  agent_->events().add(kick);
  const auto count = [this](const char* query) {
    const auto response = ask("GET", "/v1/events", "", query);
    EXPECT_EQ(response.status, 200u) << query;
    return std::count(response.body.begin(), response.body.end(), '\n');
  };
  EXPECT_EQ(count(""), 4);
  EXPECT_EQ(count("kind=ban"), 2);
  EXPECT_EQ(count("source=203.0.113.9"), 2);
  EXPECT_EQ(count("source=203.0.113.0%2F24&kind=ban"), 1);
  EXPECT_EQ(count("service=web"), 1);
  EXPECT_EQ(count("service=api"), 0);
  const auto stream = ask("GET", "/v1/events", "", "follow=1&kind=kick");
  EXPECT_TRUE(stream.stream);
  EXPECT_TRUE(stream.wanted(R"({"kind":"kick"})"));
  EXPECT_FALSE(stream.wanted(R"({"kind":"ban"})"));
  EXPECT_FALSE(stream.wanted("no JSON"));
  for (const char* wrong : {"kinds=ban", "source=me", "follow=maybe"})
    EXPECT_EQ(ask("GET", "/v1/events", "", wrong).status, 400u) << wrong;
}

TEST_F(Routes, ShowEveryCounterAndItsHistory) {
  Json all = get("/v1/series");
  EXPECT_TRUE(all["series"]["verdicts.kick"]["days"].contains("trend"));
  const auto history = [this](const char* query) { return ask("GET", "/v1/series", "", query); };
  EXPECT_EQ(Json::parse(history("period=hours&last=5").body)["seconds"], 3600);
  for (const char* wrong : {"period=years", "period=hours&last=0", "last=x&period=days",
                            "period=minutes&last=99999999", "periods=hours", "x"})
    EXPECT_EQ(history(wrong).status, 400u) << wrong;
}

TEST_F(Routes, ExplainAnAddress) {
  Json document = get("/v1/explain/198.51.100.7");
  EXPECT_THAT(keys(document),
              testing::UnorderedElementsAre("schema", "address", "source", "verdict", "why",
                                            "validated", "limits", "ban", "allow"));
  EXPECT_EQ(document["verdict"], "pass");
  EXPECT_EQ(get("/v1/explain/192.0.2.7")["allow"], "192.0.2.0/24");
  for (const char* wrong : {"/v1/explain/me", "/v1/explain/192.0.2.0/24"})
    EXPECT_EQ(ask("GET", wrong).status, 400u) << wrong;
  EXPECT_EQ(ask("GET", "/v1/explain/").status, 404u);
}

TEST_F(Routes, HavePrometheusText) {
  const auto response = ask("GET", "/metrics");
  EXPECT_EQ(response.status, 200u);
  EXPECT_THAT(response.content_type, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(response.body, HasSubstr("weir_mode"));
}

TEST_F(Routes, BanAndUnban) {
  const auto banned = ask("POST", "/v1/bans", R"({"address":"203.0.113.7","for":"1h"})");
  EXPECT_EQ(banned.status, 200u);
  Json document = Json::parse(banned.body);
  EXPECT_THAT(keys(document), testing::UnorderedElementsAre("schema", "message", "notices"));
  EXPECT_EQ(document["message"], "203.0.113.7/32 is banned for 1h");
  Json ban = get("/v1/bans")["bans"][0];
  EXPECT_EQ(ban["address"], "203.0.113.7/32");
  EXPECT_EQ(ban["until"], "2026-11-21T18:00:00Z");
  EXPECT_EQ(ask("DELETE", "/v1/bans/203.0.113.7/32").status, 200u);
  EXPECT_EQ(ask("DELETE", "/v1/bans/203.0.113.7").status, 404u);
  EXPECT_EQ(ask("DELETE", "/v1/bans/203.0.113.7/24").status, 400u);
  EXPECT_EQ(ask("DELETE", "/v1/bans/").status, 404u);
  EXPECT_EQ(code_of(ask("POST", "/v1/bans", R"({"address":"0.0.0.0/0"})")), "refused");
}

TEST_F(Routes, AllowAndDisallow) {
  EXPECT_EQ(ask("POST", "/v1/allow", R"({"address":"2001:db8::/32","reason":"us"})").status, 200u);
  EXPECT_EQ(get("/v1/allow")["allow"][1]["reason"], "us");
  EXPECT_EQ(ask("DELETE", "/v1/allow/2001:db8::/32").status, 200u);
  EXPECT_EQ(ask("DELETE", "/v1/allow/2001:db8::/32").status, 404u);
}

TEST_F(Routes, SetTheMode) {
  EXPECT_EQ(ask("PUT", "/v1/mode", R"({"mode":"observe"})").status, 200u);
  EXPECT_EQ(get("/v1/status")["mode"], "observe");
}

TEST_F(Routes, SetAndResetLimits) {
  EXPECT_EQ(ask("PATCH", "/v1/limits/web/request", R"({"toMuch":77})").status, 200u);
  EXPECT_EQ(plane_.settings()->services[0].limits[WEIR_EVENT_REQUEST].to_much, 77u);
  EXPECT_EQ(get("/v1/limits")["limits"][1]["origin"], "command");
  EXPECT_EQ(ask("DELETE", "/v1/limits/web/request").status, 200u);
  EXPECT_EQ(plane_.settings()->services[0].limits[WEIR_EVENT_REQUEST].to_much, 20u);
  EXPECT_EQ(ask("PATCH", "/v1/limits/none/request", R"({"toMuch":7})").status, 404u);
  EXPECT_EQ(ask("PATCH", "/v1/limits/web/visit", R"({"toMuch":7})").status, 400u);
  EXPECT_EQ(ask("PATCH", "/v1/limits/web", R"({"toMuch":7})").status, 400u);
  EXPECT_EQ(ask("PATCH", "/v1/limits/web/request", "{}").status, 400u);
}

TEST_F(Routes, AttachAndDetach) {
  EXPECT_EQ(ask("POST", "/v1/interfaces", R"({"name":"eth0","attach":"generic"})").status, 200u);
  EXPECT_EQ(get("/v1/stats")["interfaces"][0]["attach"], "generic");
  EXPECT_EQ(ask("POST", "/v1/interfaces", R"({"name":"eth1"})").status, 404u);
  EXPECT_EQ(ask("DELETE", "/v1/interfaces/eth0").status, 200u);
  EXPECT_EQ(ask("DELETE", "/v1/interfaces/eth0").status, 404u);
  plane_.occupy("eth0");
  EXPECT_EQ(ask("POST", "/v1/interfaces", R"({"name":"eth0"})").status, 409u);
}

TEST_F(Routes, DetachAllInterfacesAtOnce) {
  plane_.add_interface("eth1");
  ASSERT_TRUE(agent_->attach("eth0", Attach::kAuto));
  ASSERT_TRUE(agent_->attach("eth1", Attach::kAuto));
  const auto response = ask("DELETE", "/v1/interfaces");
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(Json::parse(response.body)["notices"].size(), 2u);
  EXPECT_THAT(plane_.interfaces(), IsEmpty());
}

TEST_F(Routes, Reload) {
  EXPECT_EQ(ask("POST", "/v1/reload").status, 200u);
  write_file("nonsense = 1\n");
  EXPECT_EQ(code_of(ask("POST", "/v1/reload")), "invalid");
}

TEST_F(Routes, AnswerBadBodiesWith400AndChangeNothing) {
  const std::string deep(1000, '[');
  for (const std::string& body : {std::string(), std::string("{"), std::string("7"), deep,
                                  std::string(R"({"no":"such"})"), std::string(R"({"address":1})")})
    for (const auto& [method, path] : {std::pair("POST", "/v1/bans"),
                                       {"POST", "/v1/allow"},
                                       {"PUT", "/v1/mode"},
                                       {"POST", "/v1/interfaces"},
                                       {"PATCH", "/v1/limits/web/request"}}) {
      const auto response = ask(method, path, body);
      EXPECT_EQ(response.status, 400u) << method << path << body;
      EXPECT_EQ(code_of(response), "invalid");
    }
  EXPECT_THAT(agent_->events().recent(), IsEmpty());
}

TEST_F(Routes, ThatDoNotExistAre404) {
  for (const auto& [method, path] : {std::pair("GET", "/x"),
                                     {"GET", "/v1"},
                                     {"GET", "/v1/bans/"},
                                     {"GET", "/v1/statusx"},
                                     {"GET", "/V1/status"},
                                     {"POST", "/v1/status"},
                                     {"PUT", "/v1/bans"},
                                     {"GET", "/v1/mode"},
                                     {"DELETE", "/v1/bans"},
                                     {"POST", "/v1/limits/web/request"},
                                     {"HEAD", "/v1/status"},
                                     {"BREW", "/v1/coffee"}}) {
    const auto response = ask(method, path);
    EXPECT_EQ(response.status, 404u) << method << path;
    EXPECT_EQ(code_of(response), "notFound");
  }
}

TEST_F(Routes, QuoteWhatTheyDoNotKnowOnOneLine) {
  for (const char* path : {"/v1/no\nforged line", "/v1/limits/web/no\nforged line"})
    EXPECT_EQ(
        Json::parse(ask("DELETE", path).body)["error"]["message"].get<std::string>().find('\n'),
        std::string::npos);
}

TEST_F(Routes, AreForReadingOnlyWhereThePeerIsNotLocal) {
  EXPECT_EQ(ask("GET", "/v1/stats", "", "", false).status, 200u);
  EXPECT_EQ(ask("GET", "/metrics", "", "", false).status, 200u);
  for (const auto& [method, path] : {std::pair("POST", "/v1/bans"),
                                     {"DELETE", "/v1/bans/203.0.113.7"},
                                     {"PUT", "/v1/mode"},
                                     {"PATCH", "/v1/limits/web/request"},
                                     {"DELETE", "/v1/interfaces"},
                                     {"POST", "/v1/reload"},
                                     {"POST", "/v1/none"}}) {
    const auto response = ask(method, path, R"({"mode":"observe"})", "", false);
    EXPECT_EQ(response.status, 403u) << method << path;
    EXPECT_EQ(code_of(response), "permission");
  }
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(Routes, ListRecentEventsALineEachAndFollowFromTheLastTen) {
  for (int i = 0; i < 12; i++) {
    EventView event;
    event.kind = "kick";
    event.count = static_cast<std::uint32_t>(i);
    agent_->events().add(event);
  }
  const auto counts = [](const ApiResponse& response) {
    std::vector<int> found;
    std::istringstream lines(response.body);
    for (std::string line; std::getline(lines, line);) found.push_back(Json::parse(line)["count"]);
    return found;
  };
  const auto recent = ask("GET", "/v1/events");
  EXPECT_EQ(recent.content_type, "application/x-ndjson");
  EXPECT_FALSE(recent.stream);
  EXPECT_EQ(counts(recent).size(), 12u);
  const auto followed = ask("GET", "/v1/events", "", "follow=1");
  EXPECT_TRUE(followed.stream);
  EXPECT_THAT(counts(followed), ElementsAre(2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  EXPECT_FALSE(ask("GET", "/v1/events", "", "follow=0").stream);
}

}  // namespace
}  // namespace weir
