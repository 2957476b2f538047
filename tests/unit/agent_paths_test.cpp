// SPDX-License-Identifier: BSD-2-Clause
// What http services are asked for: from the kernel's records to the routes and the text.
#include "agent_routes.h"
#include "output/layout.h"
#include "output/text.h"

namespace weir {
namespace {

using namespace std::string_view_literals;

class AgentPaths : public AgentRoutes {
 protected:
  // The kernel has seen a request, and tells of it.
  weir_request& ask(std::string_view head, weir_reason reason = WEIR_REASON_UNDER_LIMIT) {
    weir_request record{};
    record.kind = WEIR_TOLD_REQUEST;
    record.connection = 1000 + asked_;
    record.time_ns = clock_.boot() - 1'500'000 + asked_++;
    const Address client = address("198.51.100.7");
    std::memcpy(record.addr, client.bytes().data(), sizeof record.addr);
    record.service = 1;
    record.event = WEIR_EVENT_REQUEST;
    record.reason = static_cast<__u8>(reason);
    record.head_length = static_cast<__u8>(head.copy(record.head, sizeof record.head));
    plane_.stats("eth0").requests_seen++;
    return plane_.requests.emplace_back(record);
  }
  // The newest request is answered.
  void answer_it(std::uint64_t us, std::uint32_t status = 2) {
    const weir_request& record = plane_.requests.back();
    plane_.request_answers.push_back(
        {WEIR_TOLD_ANSWER, status, record.connection, record.time_ns, us});
  }
  Agent& begin() {
    plane_.add_interface("eth0");
    Agent& agent = start();
    EXPECT_TRUE(agent.attach("eth0", Attach::kAuto));
    return agent;
  }
  std::uint64_t asked_ = 0;
};

TEST_F(AgentPaths, AreListedByCountAndByTimeWithTheirAnswers) {
  begin();
  EXPECT_TRUE(plane_.telling);
  for (int i = 0; i < 3; i++) {
    ask("GET /quick?x=1 HTTP/1.1\r\n");
    answer_it(2000);
  }
  ask("POST /slow HTTP/1.1\r\n");
  answer_it(50'000, 5);
  ask("GET /quick HTTP/1.1\r\n", WEIR_REASON_OVER_LIMIT);
  const Json by_count = get("/v1/paths");
  EXPECT_EQ(by_count["schema"], 1);
  EXPECT_EQ(by_count["since"], "2026-11-21T17:00:00Z");
  EXPECT_EQ(by_count["by"], "count");
  EXPECT_EQ(by_count["enabled"], true);
  EXPECT_EQ(by_count["sampled"], false);
  EXPECT_EQ(by_count["requests"], (Json{{"seen", 5}, {"counted", 5}}));
  ASSERT_EQ(by_count["paths"].size(), 2u);
  EXPECT_EQ(by_count["paths"][0], (Json{{"service", "web"},
                                        {"path", "/quick"},
                                        {"count", 4},
                                        {"countError", 0},
                                        {"turnedAway", 1},
                                        {"answers", 3},
                                        {"meanMs", 2.0},
                                        {"longestMs", 2.0},
                                        {"totalMs", 6.0},
                                        {"totalMsError", 0.0}}));
  const Json by_time = get("/v1/paths", "by=time&limit=1");
  ASSERT_EQ(by_time["paths"].size(), 1u);
  EXPECT_EQ(by_time["paths"][0]["path"], "/slow");
  EXPECT_EQ(by_time["paths"][0]["meanMs"], 50.0);
  for (const char* wrong : {"by=size", "limit=0", "limit=1001", "x=1", "by=count&by=time"})
    get("/v1/paths", wrong, 400);
}

TEST_F(AgentPaths, SayWhenTheyAreASample) {
  begin();
  ask("GET /a HTTP/1.1\r\n");
  ask("GE");
  plane_.stats("eth0").requests_seen += 40;
  const Json document = get("/v1/paths");
  EXPECT_EQ(document["sampled"], true);
  EXPECT_EQ(document["requests"], (Json{{"seen", 42}, {"counted", 1}}));
  EXPECT_THAT(paths_text(document), testing::HasSubstr("42 requests since 2026-11-21T17:00:00Z; a "
                                                       "sample: counted are 1\n"));
}

TEST_F(AgentPaths, CountFromTheStartOfTheAgentOn) {
  Agent& first = begin();
  ask("GET /before HTTP/1.1\r\n");
  EXPECT_EQ(first.paths(PathOrder::kCount, 10).seen, 1u);
  ask("GET /left HTTP/1.1\r\n");
  start();
  ask("GET /after HTTP/1.1\r\n");
  const Json document = get("/v1/paths");
  EXPECT_EQ(document["requests"]["seen"], 1);
  ASSERT_EQ(document["paths"].size(), 1u);
  EXPECT_EQ(document["paths"][0]["path"], "/after");
}

TEST_F(AgentPaths, RequestsTellWhoAskedWhatAndWhatBecameOfIt) {
  begin();
  ask("GET /a?b HTTP/1.1\r\n");
  answer_it(1500, 4);
  ask("DELETE /b HTTP/1.1\r\n", WEIR_REASON_OVER_LIMIT).observed = 1;
  ask("\x16\x03\x01 not HTTP ", WEIR_REASON_UNDER_LIMIT);
  const Json document = get("/v1/requests");
  EXPECT_EQ(document["schema"], 1);
  const Json& requests = document["requests"];
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0], (Json{{"time", "2026-11-21T16:59:59.999Z"},
                               {"address", "198.51.100.7"},
                               {"service", "web"},
                               {"event", "request"},
                               {"method", "GET"},
                               {"path", "/a"},
                               {"verdict", "pass"},
                               {"reason", "underLimit"},
                               {"observed", false},
                               {"status", "4xx"},
                               {"responseMs", 1.5}}));
  EXPECT_EQ(requests[1]["verdict"], "kick");
  EXPECT_EQ(requests[1]["observed"], true);
  EXPECT_TRUE(requests[1]["responseMs"].is_null());
  EXPECT_TRUE(requests[2]["method"].is_null());
  EXPECT_TRUE(requests[2]["path"].is_null());
  EXPECT_EQ(get("/v1/requests", "limit=1")["requests"].size(), 1u);
  for (const char* wrong : {"limit=0", "limit=101", "by=time"}) get("/v1/requests", wrong, 400);
  const std::string text = requests_text(document);
  EXPECT_THAT(text, testing::HasSubstr("16:59:59Z  198.51.100.7  kick (only observed)"));
  EXPECT_THAT(text, testing::HasSubstr("4xx"));
}

TEST_F(AgentPaths, HostileOnesReachNoReaderAsTheyAre) {
  begin();
  ask("GET /\x1b[2J\x9b\xff\0\n</script>\xe2\x80\xae HTTP/1.1"sv);
  ask("GET /</script><img/src=x>\x1b]0;x\x07 HTTP/1.1\r\n");
  ask("GET /" + std::string(64'000, 'x'));
  std::string texts = paths_text(get("/v1/paths")) + requests_text(get("/v1/requests"));
  for (const char* path : {"/v1/paths", "/v1/requests"}) {
    ApiRequest request;
    request.method = "GET";
    request.path = path;
    request.peer.local = true;
    texts += answer(*agent_, request).body;
  }
  for (const char c : texts) ASSERT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f)) << int{c};
  std::vector<std::string> paths;
  const Json document = get("/v1/paths");
  for (const Json& path : document["paths"]) paths.push_back(path["path"]);
  EXPECT_THAT(paths,
              testing::UnorderedElementsAre("/?[2J???", "/</script><img/src=x>?]0;x?",
                                            "/" + std::string(WEIR_NOTICE_HEAD - 5, 'x') + "..."));
}

TEST_F(AgentPaths, QueriesAreThereWhenASettingSaysSo) {
  write_file(std::string("pathQueries = true\n") + kFile);
  Agent& agent = begin();
  ask("GET /a?b=c HTTP/1.1\r\n");
  EXPECT_EQ(get("/v1/paths")["paths"][0]["path"], "/a?b=c");
  write_file(kFile);
  ASSERT_TRUE(agent.reload());
  EXPECT_TRUE(get("/v1/paths")["paths"].empty()) << "what was remembered is gone as well";
  EXPECT_TRUE(get("/v1/requests")["requests"].empty());
  ask("GET /a?b=c HTTP/1.1\r\n");
  EXPECT_EQ(get("/v1/paths")["paths"][0]["path"], "/a");
}

TEST_F(AgentPaths, AreOffByASettingAtOnce) {
  Agent& agent = begin();
  ask("GET /a HTTP/1.1\r\n");
  agent.tick();
  EXPECT_TRUE(plane_.requests.empty()) << "each second, whether anybody asks or not";
  write_file(std::string("paths = false\n") + kFile);
  ASSERT_TRUE(agent.reload());
  EXPECT_FALSE(plane_.telling);
  const Json document = get("/v1/paths");
  EXPECT_EQ(document["enabled"], false);
  EXPECT_TRUE(document["paths"].empty());
  EXPECT_EQ(paths_text(document), "off: the setting paths is false\n");
  EXPECT_EQ(requests_text(get("/v1/requests")), "off: the setting paths is false\n");
  write_file(kFile);
  ASSERT_TRUE(agent.reload());
  EXPECT_TRUE(plane_.telling);
  EXPECT_EQ(get("/v1/paths")["requests"]["seen"], 0);
}

TEST_F(AgentPaths, AnotherReloadKeepsThem) {
  Agent& agent = begin();
  ask("GET /a HTTP/1.1\r\n");
  ASSERT_TRUE(agent.reload());
  EXPECT_EQ(get("/v1/paths")["paths"].size(), 1u);
}

TEST_F(AgentPaths, FitATerminal) {
  begin();
  for (int i = 0; i < 40; i++) {
    ask("PROPPATCH /" + std::string(110, static_cast<char>('a' + i % 26)) + std::to_string(i));
    const Address client = address("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff");
    std::memcpy(plane_.requests.back().addr, client.bytes().data(), 16);
    answer_it(123'456'789);
  }
  for (const std::string& text : {paths_text(get("/v1/paths")), requests_text(get("/v1/requests"))})
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
      EXPECT_LE(layout::width(text.substr(at, end - at)), layout::kColumns);
}

}  // namespace
}  // namespace weir
