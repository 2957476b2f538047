// SPDX-License-Identifier: BSD-2-Clause
// What is told of requests and their answers: which, once each, how many at most, and that none
// is when nobody wants to know.
#include <gtest/gtest.h>

#include <cstring>

#include "program.h"

namespace {

using namespace weir::test;

constexpr const char* kClient = "192.0.2.1";  // where the frames of packet.h go to
constexpr const char* kServer = "198.51.100.80";
constexpr std::uint16_t kPort = 4242;

class Requests : public testing::TestWithParam<Hook> {
 protected:
  void SetUp() override { program.control().present |= WEIR_TELLING | WEIR_TIMING; }

  void drain() {
    const auto take = [](void* context, void* data, std::size_t size) {
      auto* test = static_cast<Requests*>(context);
      const __u32 kind = *static_cast<const __u32*>(data);
      if (kind == WEIR_TOLD_REQUEST && size == sizeof(weir_request))
        test->told.push_back(*static_cast<weir_request*>(data));
      if (kind == WEIR_TOLD_ANSWER && size == sizeof(weir_request_answer))
        test->answers.push_back(*static_cast<weir_request_answer*>(data));
      return 0;
    };
    ring_buffer* ring =
        ring_buffer__new(bpf_map__fd(program.skeleton().maps.requests), take, this, nullptr);
    ring_buffer__consume(ring);
    ring_buffer__free(ring);
  }
  bool passes(const Packet& packet) { return program.passes(packet, GetParam()); }
  // Number `n` of a connection on which the server has answered all that came before.
  static Packet request(std::uint32_t n, const std::string& text = "GET /a HTTP/1.1\r\n\r\n") {
    return Packet::from(kClient)
        .ports(kPort, 80)
        .seq(1 + 100 * n)
        .acknowledge(1 + 100 * n)
        .request(text);
  }
  void answer(const std::string& text) {
    program.leaves(Packet::from(kServer).ports(80, kPort).request(text));
  }
  static std::string head(const weir_request& request) {
    return {request.head, request.head_length};
  }

  Program program;
  std::vector<weir_request> told;
  std::vector<weir_request_answer> answers;
};
INSTANTIATE_TEST_SUITE_P(Hooks, Requests, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Requests, ThatAreLetThroughAreToldOfWithTheirFirstBytes) {
  program.limit(WEIR_EVENT_REQUEST, 5, 5);
  EXPECT_TRUE(passes(request(0).ports(kPort, 8080)));
  EXPECT_TRUE(passes(Packet::from("2001:db8::7").request("POST /b HTTP/1.1\r\n\r\n")));
  drain();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].reason, WEIR_REASON_UNDER_LIMIT);
  EXPECT_EQ(told[0].observed, 0);
  EXPECT_EQ(told[0].service, 1);
  EXPECT_EQ(told[0].event, WEIR_EVENT_REQUEST);
  EXPECT_EQ(told[0].rule, 0);
  EXPECT_EQ(told[0].port, 8080);
  EXPECT_EQ(told[0].family, 0);
  EXPECT_EQ(told[0].addr[3], inet_addr(kClient));
  EXPECT_EQ(told[0].time_ns, program.now() * 1'000'000);
  EXPECT_EQ(head(told[0]), "GET /a HTTP/1.1\r\n\r\n");
  EXPECT_EQ(told[1].family, 1);
  EXPECT_EQ(head(told[1]), "POST /b HTTP/1.1\r\n\r\n");
  EXPECT_NE(told[0].connection, told[1].connection);
  EXPECT_EQ(program.stats().requests_seen, 2u);
  EXPECT_EQ(program.stats().requests_told, 2u);
}

TEST_P(Requests, ThatAreTurnedAwayAreToldOfOnceHoweverOftenTheyAreSent) {
  program.limit(WEIR_EVENT_REQUEST, 1, 1);
  EXPECT_TRUE(passes(request(0)));
  for (int i = 0; i < 5; i++) EXPECT_FALSE(passes(request(1)));
  drain();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].reason, WEIR_REASON_OVER_LIMIT);
  EXPECT_EQ(program.stats().requests_seen, 2u);
}

TEST_P(Requests, ThatAreHeldOffAreToldOfWhenTheyGetThrough) {
  program.limit(WEIR_EVENT_REQUEST, 1, 3);
  EXPECT_TRUE(passes(request(0)));
  EXPECT_FALSE(passes(request(1)));
  program.advance(200);
  EXPECT_FALSE(passes(request(1)));
  drain();
  EXPECT_EQ(told.size(), 1u);
  program.advance(400);
  EXPECT_TRUE(passes(request(1)));
  drain();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].reason, WEIR_REASON_RELEASED);
}

TEST_P(Requests, InModeObserveAreToldOfWithWhatWouldHaveBecomeOfThem) {
  program.set_mode(WEIR_MODE_OBSERVE);
  program.limit(WEIR_EVENT_REQUEST, 1, 2);
  for (std::uint32_t i = 0; i < 3; i++) EXPECT_TRUE(passes(request(i)));
  drain();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].observed, 0);
  EXPECT_EQ(told[1].reason, WEIR_REASON_THROTTLED);
  EXPECT_EQ(told[2].reason, WEIR_REASON_OVER_LIMIT);
  EXPECT_EQ(told[1].observed + told[2].observed, 2);
}

TEST_P(Requests, OfTheAllowListAreToldOfAsSuch) {
  program.allow(kClient, 32);
  program.limit(WEIR_EVENT_REQUEST, 0, 0);
  EXPECT_TRUE(passes(request(0)));
  drain();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].reason, WEIR_REASON_ALLOWED);
}

TEST_P(Requests, OfOtherProtocolsAndPortsAreNotLookedAt) {
  program.protect(1, WEIR_PROTOCOL_TCP, {443});
  EXPECT_TRUE(passes(request(0).ports(kPort, 443)));
  EXPECT_TRUE(passes(request(0).ports(kPort, 22)));
  drain();
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(program.stats().requests_seen, 0u);
}

TEST_P(Requests, BehindOthersInASegmentAreCountedButNotToldOf) {
  EXPECT_TRUE(passes(request(0, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")));
  drain();
  EXPECT_EQ(told.size(), 1u);
  EXPECT_EQ(program.stats().requests_seen, 2u);
  EXPECT_EQ(program.stats().requests_told, 1u);
}

TEST_P(Requests, OfWhichBytesAreMissingAreToldOfWithoutThem) {
  EXPECT_TRUE(passes(request(0)));
  EXPECT_TRUE(passes(request(1).seq(500)));
  drain();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].head_length, 0);
  EXPECT_EQ(told[1].head[0], 0);
}

TEST_P(Requests, CarryAtMostTheFirstBytesOfALongOne) {
  EXPECT_TRUE(passes(request(0, "GET /" + std::string(1000, 'x'))));
  drain();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(head(told[0]), "GET /" + std::string(WEIR_NOTICE_HEAD - 5, 'x'));
}

TEST_P(Requests, OfAFloodAreFewAndTheOthersAreCounted) {
  const auto cpus = static_cast<unsigned>(libbpf_num_possible_cpus());
  std::uint16_t port = 1000;  // each on a connection of its own
  const auto send = [&](unsigned count) {
    while (count-- > 0) EXPECT_TRUE(passes(request(0).from_port(port++)));
  };
  send(3000);
  drain();
  EXPECT_EQ(program.stats().requests_seen, 3000u);
  EXPECT_EQ(program.stats().requests_told, told.size());
  EXPECT_GE(told.size(), 500u);
  EXPECT_LE(told.size(), 500u * cpus);
  program.advance(1000);
  told.clear();
  send(1);
  drain();
  EXPECT_EQ(told.size(), 1u) << "the next second has a share of its own";
}

TEST_P(Requests, AreCountedWhenNobodyReadsWhatIsTold) {
  for (unsigned i = 0; i < 6000; i++) {
    if (i % 400 == 0) program.advance(1000);
    EXPECT_TRUE(passes(request(0).from_port(static_cast<std::uint16_t>(1000 + i))));
  }
  drain();
  const auto stats = program.stats();
  EXPECT_EQ(stats.requests_seen, 6000u);
  EXPECT_EQ(stats.requests_told, told.size());
  EXPECT_GT(told.size(), 2500u);
  EXPECT_LT(told.size(), 3500u) << "as many as there is room for";
}

TEST_P(Requests, AreNotToldOfNorCountedWhenNobodyWantsToKnow) {
  program.control().present &= ~WEIR_TELLING;
  EXPECT_TRUE(passes(request(0)));
  answer("HTTP/1.1 200 OK\r\n\r\n");
  drain();
  EXPECT_TRUE(told.empty() && answers.empty());
  EXPECT_EQ(program.stats().requests_seen, 0u);
}

TEST_P(Requests, AreFollowedByTheFirstByteOfTheirAnswer) {
  EXPECT_TRUE(passes(request(0)));
  program.advance(30);
  answer("HTTP/1.1 404 Not Found\r\n\r\n");
  answer("and the rest of it");
  program.advance(1);
  EXPECT_TRUE(passes(request(1)));
  program.advance(7);
  answer("HTTP/1.1 200 OK\r\n\r\n");
  drain();
  ASSERT_EQ(told.size(), 2u);
  ASSERT_EQ(answers.size(), 2u);
  for (std::size_t i = 0; i < 2; i++) {
    EXPECT_EQ(answers[i].connection, told[i].connection);
    EXPECT_EQ(answers[i].time_ns, told[i].time_ns);
  }
  EXPECT_EQ(answers[0].duration_us, 30'000u);
  EXPECT_EQ(answers[0].status, 4u);
  EXPECT_EQ(answers[1].duration_us, 7'000u);
  EXPECT_EQ(answers[1].status, 2u);
}

TEST_P(Requests, ThatNobodyWasToldOfHaveAnswersThatNobodyIsToldOf) {
  EXPECT_TRUE(passes(request(0)));
  program.control().present &= ~WEIR_TELLING;
  EXPECT_TRUE(passes(request(1)));
  program.control().present |= WEIR_TELLING;
  answer("HTTP/1.1 200 OK\r\n\r\n");
  drain();
  EXPECT_EQ(told.size(), 1u);
  EXPECT_TRUE(answers.empty()) << "it is not the first one's";
}

}  // namespace
