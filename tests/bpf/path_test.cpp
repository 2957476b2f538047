// SPDX-License-Identifier: BSD-2-Clause
// Packet in, verdict out: the programs under BPF_PROG_TEST_RUN, both hooks.
#include <gtest/gtest.h>

#include "program.h"
#include "stats/snapshot.h"

namespace {

using namespace weir::test;

constexpr const char* kClient = "198.51.100.7";
constexpr const char* kClient6 = "2001:db8:1:2::7";

class Path : public testing::TestWithParam<Hook> {
 protected:
  bool passes(const Packet& packet) { return program.passes(packet, GetParam()); }
  Packet client(std::uint16_t port = 40'000) { return Packet::from(kClient).from_port(port); }

  Program program;
};
INSTANTIATE_TEST_SUITE_P(Hooks, Path, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Path, SynsOverTheLimitAreDroppedAndOthersPass) {
  program.limit(WEIR_EVENT_SYN, 3, 3);
  for (std::uint16_t i = 0; i < 10; i++) EXPECT_EQ(passes(client(i).syn()), i < 3) << i;
  EXPECT_TRUE(passes(Packet::from("198.51.100.8"))) << "another source";
  EXPECT_TRUE(passes(client().syn().to_port(22))) << "a port that no service names";
  EXPECT_TRUE(passes(client().ack())) << "not a SYN";
  EXPECT_TRUE(passes(client().flags(kSyn | kAck))) << "an answer to our own SYN";
  const auto stats = program.stats();
  EXPECT_EQ(stats.reasons[WEIR_REASON_OVER_LIMIT], 7u);
  EXPECT_EQ(stats.reasons[WEIR_REASON_UNDER_LIMIT], 4u);
  EXPECT_EQ(stats.events[0][WEIR_EVENT_SYN][0].events, 11u);
  EXPECT_EQ(stats.events[0][WEIR_EVENT_SYN][0].kick, 7u);
  EXPECT_EQ(weir::action_counts(stats)[WEIR_ACTION_DROP], 7u);
}

TEST_P(Path, EveryPacketIsCountedWithOneReasonAndAllItsBytes) {
  program.limit(WEIR_EVENT_SYN, 1, 2);
  std::uint64_t packets = 0, bytes = 0;
  for (const auto& packet :
       {client(1), client(2), client(3), client().ack(), client().request(), client().protocol(17),
        client().to_port(22), client().flags(kSyn | kFin), Packet::from(kClient6),
        Packet::from(kClient6).ack()}) {
    passes(packet);
    packets++;
    bytes += packet.build().size();
  }
  const auto stats = program.stats();
  std::uint64_t counted = 0;
  for (const auto count : stats.reasons) counted += count;
  EXPECT_EQ(counted, packets);
  EXPECT_EQ(stats.bytes, bytes);
}

TEST_P(Path, RequestsAreMeteredOnHttpServicesOnly) {
  program.protect(1, WEIR_PROTOCOL_TLS, {443});
  program.limit(WEIR_EVENT_REQUEST, 2, 2);
  program.limit(WEIR_EVENT_REQUEST, 2, 2, 2000, WEIR_WINDOW_BURST, 1);
  for (std::uint32_t i = 0; i < 5; i++) {
    EXPECT_EQ(passes(client().seq(100 * i).request()), i < 2) << i;
    EXPECT_TRUE(passes(client().seq(100 * i).request().to_port(443))) << i;
    EXPECT_TRUE(passes(client().seq(100 * i).request("no method"))) << i;
  }
}

TEST_P(Path, AThrottledSegmentPassesWhenItComesAgainAfterTheDelay) {
  program.limit(WEIR_EVENT_REQUEST, 1, 3);
  EXPECT_TRUE(passes(client().seq(1).request()));
  EXPECT_FALSE(passes(client().seq(2).request()));
  program.advance(200);
  EXPECT_FALSE(passes(client().seq(2).request())) << "before the delay is over";
  program.advance(400);
  EXPECT_TRUE(passes(client().seq(2).request())) << "after it";
  const auto stats = program.stats();
  EXPECT_EQ(stats.events[0][WEIR_EVENT_REQUEST][0].events, 2u) << "sent again is not a new event";
  EXPECT_EQ(stats.events[0][WEIR_EVENT_REQUEST][0].throttle, 1u);
  EXPECT_EQ(stats.reasons[WEIR_REASON_THROTTLED], 1u);
  EXPECT_EQ(stats.reasons[WEIR_REASON_HELD], 1u);
  EXPECT_EQ(stats.reasons[WEIR_REASON_RELEASED], 1u);
  EXPECT_EQ(weir::action_counts(stats)[WEIR_ACTION_DEFERRED], 2u);
}

TEST_P(Path, AReleasedSegmentPassesOnceAndItsCopiesAreNewEvents) {
  program.limit(WEIR_EVENT_SYN, 1, 4);
  EXPECT_TRUE(passes(client(1)));
  EXPECT_FALSE(passes(client(2)));
  program.advance(1000);
  EXPECT_TRUE(passes(client(2)));
  int passed = 0;
  for (int i = 0; i < 100; i++) passed += passes(client(2));
  EXPECT_EQ(passed, 0) << "waiting once is no free pass";
  EXPECT_EQ(program.count(WEIR_REASON_OVER_LIMIT) + program.count(WEIR_REASON_HELD) +
                program.count(WEIR_REASON_THROTTLED),
            101u);
}

TEST_P(Path, AThrottledSynPassesWhenItComesAgainAfterTheDelay) {
  program.limit(WEIR_EVENT_SYN, 1, 3);
  EXPECT_TRUE(passes(client(1).syn()));
  EXPECT_FALSE(passes(client(2).syn()));
  program.advance(1000);
  EXPECT_TRUE(passes(client(2).syn()));
  EXPECT_FALSE(passes(client(3).syn())) << "number three, for the released one was number two";
  EXPECT_FALSE(passes(client(4).syn())) << "number four is kicked";
  EXPECT_EQ(program.count(WEIR_REASON_OVER_LIMIT), 1u);
}

TEST_P(Path, AKickedRequestStaysKickedWithoutKeepingTheWindowOpen) {
  program.limit(WEIR_EVENT_REQUEST, 1, 1, 2000);
  EXPECT_TRUE(passes(client().seq(1).request()));
  EXPECT_FALSE(passes(client().seq(2).request()));
  for (int i = 0; i < 6; i++) {
    program.advance(400);
    EXPECT_FALSE(passes(client().seq(2).request()));
  }
  EXPECT_TRUE(passes(client().seq(3).request())) << "2.4 s after the last new event";
  EXPECT_EQ(program.count(WEIR_REASON_KICKED_AGAIN), 6u);
}

TEST_P(Path, AKickedSynIsANewAttemptWhenItComesAgain) {
  program.limit(WEIR_EVENT_SYN, 1, 1, 2000, WEIR_WINDOW_SLIDING);
  EXPECT_TRUE(passes(client(1).syn()));
  EXPECT_FALSE(passes(client(2).syn()));
  program.advance(2000);
  EXPECT_TRUE(passes(client(2).syn()));
}

TEST_P(Path, ObserveTouchesNothingAndCountsWhatItWould) {
  program.set_mode(WEIR_MODE_OBSERVE);
  program.limit(WEIR_EVENT_REQUEST, 1, 3);
  program.ban("198.51.100.9", program.now() + 1000);
  for (std::uint32_t i = 0; i < 5; i++) EXPECT_TRUE(passes(client().seq(100 * i).request())) << i;
  EXPECT_TRUE(passes(Packet::from("198.51.100.9")));
  EXPECT_TRUE(passes(client().flags(kSyn | kRst)));
  const auto stats = program.stats();
  EXPECT_EQ(stats.observed[WEIR_VERDICT_THROTTLE], 2u);
  EXPECT_EQ(stats.observed[WEIR_VERDICT_KICK], 2u);
  EXPECT_EQ(stats.observed[WEIR_VERDICT_BAN], 1u);
  EXPECT_EQ(stats.observed[WEIR_VERDICT_MALFORMED], 1u);
  EXPECT_EQ(stats.reasons[WEIR_REASON_OBSERVED], 6u);
  EXPECT_EQ(stats.events[0][WEIR_EVENT_REQUEST][0].observed_kick, 2u);
  EXPECT_EQ(stats.events[0][WEIR_EVENT_REQUEST][0].kick, 0u);
}

TEST_P(Path, TheAddressesOfOneSlash64ShareOneQuotaAndTheNeighbourLosesNothing) {
  program.limit(WEIR_EVENT_SYN, 5, 5);
  int passed = 0;
  for (int i = 0; i < 1000; i++) {
    char address[64];
    std::snprintf(address, sizeof address, "2001:db8:1:2::%x", i + 1);
    passed += passes(Packet::from(address));
  }
  EXPECT_EQ(passed, 5);
  for (int i = 0; i < 5; i++) EXPECT_TRUE(passes(Packet::from("2001:db8:1:3::1").from_port(1)));
}

TEST_P(Path, TheSourcePrefixIsASetting) {
  program.block().mask4 = htonl(0xffffff00);
  program.limit(WEIR_EVENT_SYN, 2, 2);
  EXPECT_TRUE(passes(Packet::from("198.51.100.1")));
  EXPECT_TRUE(passes(Packet::from("198.51.100.2")));
  EXPECT_FALSE(passes(Packet::from("198.51.100.3")));
  EXPECT_TRUE(passes(Packet::from("198.51.101.3")));
}

TEST_P(Path, WhatCannotBeJudgedIsRefusedOnProtectedPortsOnly) {
  program.limit(WEIR_EVENT_SYN, 100, 100);
  EXPECT_FALSE(passes(client().flags(kSyn | kFin)));
  EXPECT_TRUE(passes(client().flags(kSyn | kFin).to_port(22)));
  EXPECT_FALSE(passes(client().fragment(0, 8)));
  EXPECT_TRUE(passes(client().to_port(22).fragment(0, 8)));
  EXPECT_TRUE(passes(client().request(std::string(64, 'x')).fragment(40, 0)));
  Packet deep = Packet::from(kClient6).to_port(22);
  for (int i = 0; i < 9; i++) deep.extension(60);
  EXPECT_FALSE(passes(deep)) << "its port cannot be told";
  EXPECT_EQ(program.count(WEIR_REASON_TINY_FRAGMENT), 1u);
  EXPECT_EQ(program.count(WEIR_REASON_EXT_HEADERS), 1u);
  EXPECT_EQ(program.count(WEIR_REASON_FRAGMENT_TAIL), 1u);
}

TEST_P(Path, NoShapeOfSynSlipsByTheMeter) {
  program.limit(WEIR_EVENT_SYN, 1, 1, 600'000);
  EXPECT_TRUE(passes(client()));
  EXPECT_TRUE(passes(Packet::from(kClient6)));
  const auto v6 = [] { return Packet::from(kClient6); };
  int shape = 0;
  for (const auto& packet :
       {client().ip_options(40), client().tcp_options(40), client().trailing(20),
        client().vlan(0x8100), client().vlan(0x88a8).vlan(0x8100).vlan(0x8100),
        client().flags(kSyn | kEce | kCwr), client().flags(kSyn | kPsh | kUrg),
        client().payload("GET / HTTP/1.1\r\n"), v6().extension(0), v6().extension(60, 30),
        v6().extension(43), v6().extension(44), v6().extension(44, 1, 0, 1),
        v6().vlan(0x8100).extension(0).extension(60).extension(43).extension(44)})
    EXPECT_FALSE(passes(packet)) << "shape " << shape++;
  EXPECT_EQ(program.count(WEIR_REASON_OVER_LIMIT), 14u);
}

TEST_P(Path, TheShortCutForBulkDataCountsAsTheLongWayDoes) {
  program.limit(WEIR_EVENT_SYN, 10, 10);
  const auto send = [&] {
    EXPECT_TRUE(passes(client().ack()));
    EXPECT_TRUE(passes(Packet::from(kClient6).flags(kAck | kFin)));
    EXPECT_TRUE(passes(client().ack().to_port(22)));
  };
  send();
  const auto first = program.stats();
  program.ban("203.0.113.1", WEIR_BAN_FOREVER);  // from now on nothing is cut short
  send();
  const auto both = program.stats();
  for (int reason = 0; reason < WEIR_REASON_COUNT; reason++)
    EXPECT_EQ(both.reasons[reason], 2 * first.reasons[reason]) << reason;
  EXPECT_EQ(both.reasons[WEIR_REASON_NO_EVENT], 4u);
  EXPECT_EQ(both.reasons[WEIR_REASON_UNPROTECTED], 2u);
}

TEST_P(Path, WhereThereAreRulesNoRequestIsReadBeforeWhatComesBeforeIt) {
  program.limit(WEIR_EVENT_REQUEST, 100, 100);
  const auto next = [&](std::uint32_t seq) {
    return client().seq(seq).request("GET / HTTP/1.1\r\n");
  };
  EXPECT_TRUE(passes(next(1000)));
  EXPECT_TRUE(passes(next(1100))) << "without rules it counts as a request, whatever its path";
  program.block().services[0].has_rules = 1;
  EXPECT_FALSE(passes(next(1200)));
  EXPECT_EQ(program.count(WEIR_REASON_UNREAD), 1u);
  EXPECT_TRUE(passes(client().seq(1116).ack().payload(std::string(84, 'x')))) << "what was missing";
  EXPECT_TRUE(passes(next(1200))) << "sent again";
  program.set_mode(WEIR_MODE_OBSERVE);
  EXPECT_TRUE(passes(next(1300)));
  EXPECT_EQ(program.count(WEIR_REASON_UNREAD), 1u) << "observe touches nothing";
}

TEST_P(Path, ALimitThatIsOffMetersNothing) {
  for (std::uint16_t i = 0; i < 50; i++) EXPECT_TRUE(passes(client(i).syn()));
  EXPECT_EQ(program.stats().events[0][WEIR_EVENT_SYN][0].events, 0u);
}

TEST_P(Path, ServicesHaveLimitsAndCountsOfTheirOwn) {
  program.protect(1, WEIR_PROTOCOL_TLS, {443});
  program.limit(WEIR_EVENT_SYN, 1, 1);
  program.limit(WEIR_EVENT_SYN, 2, 2, 2000, WEIR_WINDOW_SLIDING, 1);
  EXPECT_TRUE(passes(client(1)));
  EXPECT_FALSE(passes(client(2)));
  EXPECT_FALSE(passes(client(3).to_port(8080))) << "a port of the same service";
  EXPECT_TRUE(passes(client(1).to_port(443)));
  EXPECT_TRUE(passes(client(2).to_port(443)));
  EXPECT_FALSE(passes(client(3).to_port(443)));
}

TEST_P(Path, AFullTableStillJudgesTheSourcesItHolds) {
  program.limit(WEIR_EVENT_SYN, 1, 1, 600'000);
  for (unsigned i = 0; i < 20'000; i++) {
    char address[32];
    std::snprintf(address, sizeof address, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
    ASSERT_TRUE(passes(Packet::from(address)));
  }
  EXPECT_FALSE(passes(Packet::from("10.0.78.31"))) << "the newest one is still known";
}

}  // namespace
