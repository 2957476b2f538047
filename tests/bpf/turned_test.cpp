// SPDX-License-Identifier: BSD-2-Clause
// New connections of sources that are being turned away: answered, and kept from the host. In a
// network namespace with a listener on port 80 that never hears of anybody.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <thread>

#include "config/encode.h"
#include "dataplane/rule_tables.h"
#include "listening.h"
#include "program.h"

namespace {

using namespace weir::test;

extern "C" {
#include "lib/repeat.h"
}

constexpr const char* kClient = "198.51.100.7";
constexpr const char* kClient6 = "2001:db8:1:2::7";
constexpr const char* kRequest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::size_t kEth = 14;
constexpr unsigned kTimeout = 3000;

std::uint32_t read32(const Bytes& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
}

// The answer's TCP header behind an untagged Ethernet header and plain IP.
struct Answer {
  int verdict;
  Bytes frame;

  [[nodiscard]] std::size_t tcp() const { return kEth + (frame[12] == 0x86 ? 40 : 20); }
  [[nodiscard]] std::uint32_t seq() const { return read32(frame, tcp() + 4); }
  [[nodiscard]] std::uint32_t ack() const { return read32(frame, tcp() + 8); }
  [[nodiscard]] unsigned flags() const { return frame[tcp() + 13]; }
  [[nodiscard]] std::string data() const {
    const auto start = tcp() + (frame[tcp() + 12] >> 4) * 4U;
    return {frame.begin() + static_cast<long>(start), frame.end()};
  }
};

struct Turned : testing::Test {
  Turned() {
    program.limit(WEIR_EVENT_REQUEST, 1, 1, kTimeout).action = WEIR_ACTION_REPLY;
    program.block().reply = weir::encode_settings({}).reply;
  }

  // In a namespace of its own, on a thread that takes it away.
  static void where_somebody_listens(const std::function<void()>& act) {
    std::thread([&] {
      const Listening listening;
      act();
    }).join();
  }

  Answer send(const Packet& packet) {
    const auto [verdict, frame] = program.answer(packet.build());
    return {verdict, frame};
  }
  Answer syn(std::uint16_t port, const char* source = kClient) {
    return send(Packet::from(source).from_port(port).seq(7000).tcp_options(20));
  }
  // A segment of the client's that acknowledges a SYN-ACK.
  static Packet segment(std::uint16_t port, std::uint32_t cookie, const char* source = kClient) {
    return Packet::from(source).from_port(port).seq(7001).ack().acknowledge(cookie + 1);
  }
  Answer request(std::uint16_t port, std::uint32_t cookie, const char* source = kClient,
                 const std::string& text = kRequest) {
    return send(segment(port, cookie, source).request(text));
  }

  // Requests of a client that proves to be at his address, until one is turned away. `between` is
  // called before each.
  void turn_away(
      const char* source = kClient, const std::string& text = kRequest,
      const std::function<void()>& between = [] {}) {
    program.limit(WEIR_EVENT_SYN, 0, 0);
    program.challenge();
    std::uint16_t port = 1000;
    for (int i = 0; i < 4; i++) {
      between();
      const Answer challenge = syn(++port, source);
      if (challenge.verdict == XDP_TX &&
          request(port, challenge.seq(), source, text).verdict == XDP_TX)
        break;
    }
    ASSERT_EQ(program.stats().answers[WEIR_ACTION_REPLY], 1u);
    program.block().services[0].limits[WEIR_EVENT_SYN].enabled = 0;
    program.control().present &= ~(WEIR_CAN_CHALLENGE | WEIR_CHALLENGING);
  }

  // Requests so far.
  [[nodiscard]] std::uint64_t kicked(bool is_v6 = false) const {
    return program.stats().events[0][WEIR_EVENT_REQUEST][is_v6 ? 1 : 0].kick;
  }

  Program program;
};

struct TurnedClients : Turned, testing::WithParamInterface<const char*> {};

TEST_P(TurnedClients, ANewConnectionIsMadeAnsweredAndEndedWithoutTheHost) {
  const char* client = GetParam();
  where_somebody_listens([&] {
    turn_away(client);
    const Answer shaken = syn(2000, client);
    ASSERT_EQ(shaken.verdict, XDP_TX);
    EXPECT_EQ(shaken.flags(), kSyn | kAck);
    EXPECT_EQ(shaken.ack(), 7001u);
    const std::uint32_t cookie = shaken.seq();
    EXPECT_EQ(send(segment(2000, cookie, client)).verdict, XDP_DROP)
        << "the host would refuse the cookie";

    const Answer page = request(2000, cookie, client);
    ASSERT_EQ(page.verdict, XDP_TX);
    EXPECT_EQ(page.flags(), kAck | kPsh | kFin);
    EXPECT_EQ(page.data().substr(0, 12), "HTTP/1.1 429");
    EXPECT_EQ(page.seq(), cookie + 1);

    const auto end = page.seq() + static_cast<std::uint32_t>(page.data().size()) + 1;
    const auto after = Packet::from(client).from_port(2000).seq(page.ack()).acknowledge(end);
    EXPECT_EQ(send(Packet(after).flags(kAck)).verdict, XDP_DROP);
    const Answer parted = send(Packet(after).flags(kAck | kFin));
    ASSERT_EQ(parted.verdict, XDP_TX);
    EXPECT_EQ(parted.flags(), unsigned{kAck});
    EXPECT_EQ(parted.ack(), page.ack() + 1);
    EXPECT_EQ(parted.seq(), end);
    const auto stats = program.stats();
    EXPECT_EQ(stats.answers[WEIR_ACTION_ACKNOWLEDGE], 1u);
    EXPECT_EQ(stats.reasons[WEIR_REASON_TURNED_AWAY], 4u);
    EXPECT_EQ(kicked(client == kClient6), 2u) << "it counts as any other request";
  });
}

INSTANTIATE_TEST_SUITE_P(OfBothFamilies, TurnedClients, testing::Values(kClient, kClient6));

struct TurnedWindows : Turned, testing::WithParamInterface<weir_window> {};

TEST_P(TurnedWindows, UntilItsWindowHasPassed) {
  program.limit(WEIR_EVENT_REQUEST, 1, 1, kTimeout, GetParam()).action = WEIR_ACTION_REPLY;
  where_somebody_listens([&] {
    turn_away();
    program.advance(kTimeout - 1);
    EXPECT_EQ(syn(2000).verdict, XDP_TX);
    program.advance(1);
    EXPECT_EQ(syn(2001).verdict, XDP_PASS) << "the host's again";
  });
}

INSTANTIATE_TEST_SUITE_P(Each, TurnedWindows,
                         testing::Values(WEIR_WINDOW_BURST, WEIR_WINDOW_SLIDING));

TEST_F(Turned, WhoConnectedJustBeforeGetsHisAnswer) {
  where_somebody_listens([&] {
    turn_away();
    program.advance(kTimeout - 1);
    const Answer shaken = syn(2000);
    ASSERT_EQ(shaken.verdict, XDP_TX);
    program.advance(100);
    EXPECT_EQ(request(2000, shaken.seq()).data().substr(0, 12), "HTTP/1.1 429");
    program.advance(kTimeout);
    EXPECT_EQ(syn(2001).verdict, XDP_PASS);
  });
}

TEST_F(Turned, WhereTheHostTakesCookiesItServesWhoConnectedBefore) {
  where_somebody_listens([&] {
    turn_away();
    program.advance(kTimeout - 1);
    const Answer shaken = syn(2000);
    program.control().present |= WEIR_CAN_CHALLENGE;
    program.advance(100);
    EXPECT_EQ(request(2000, shaken.seq()).verdict, XDP_PASS);
  });
}

TEST_F(Turned, OthersAndOtherServicesAreTheHosts) {
  program.protect(1, WEIR_PROTOCOL_HTTP, {8081});
  where_somebody_listens([&] {
    turn_away();
    EXPECT_EQ(syn(2000, "198.51.100.8").verdict, XDP_PASS);
    EXPECT_EQ(send(Packet::from(kClient).to_port(8081)).verdict, XDP_PASS);
    EXPECT_EQ(send(segment(2000, 1, "198.51.100.8")).verdict, XDP_PASS);
    EXPECT_EQ(send(Packet::from(kClient).to_port(443).ack()).verdict, XDP_PASS);
    EXPECT_EQ(send(segment(2000, 1).flags(kRst)).verdict, XDP_PASS) << "there is nothing to reset";
    program.allow(kClient, 32);
    EXPECT_EQ(syn(2001).verdict, XDP_PASS);
    EXPECT_EQ(send(segment(2001, 1)).verdict, XDP_PASS);
  });
}

TEST_F(Turned, WithoutAListenerNothingIsKept) {
  where_somebody_listens([&] { turn_away(); });
  EXPECT_EQ(syn(2000).verdict, XDP_PASS) << "it may be forwarded";
  EXPECT_EQ(send(segment(2000, 1)).verdict, XDP_PASS);
}

TEST_F(Turned, AForgedRequestIsNeitherAnsweredNorCounted) {
  where_somebody_listens([&] {
    turn_away();
    const auto before = program.stats();
    for (std::uint32_t cookie = 1; cookie <= 200; cookie++) {
      EXPECT_NE(request(static_cast<std::uint16_t>(2000 + cookie), cookie).verdict, XDP_TX);
    }
    EXPECT_EQ(program.stats().answers[WEIR_ACTION_REPLY], before.answers[WEIR_ACTION_REPLY]);
    EXPECT_EQ(program.stats().events[0][WEIR_EVENT_REQUEST][0].events,
              before.events[0][WEIR_EVENT_REQUEST][0].events);
  });
}

TEST_F(Turned, TheRestOfALongRequestIsAcknowledged) {
  where_somebody_listens([&] {
    turn_away();
    const std::uint32_t cookie = syn(2000).seq();
    const std::string start = "GET /" + std::string(1000, 'a');
    EXPECT_EQ(send(segment(2000, cookie).request(start)).data().substr(0, 12), "HTTP/1.1 429");
    const Answer more = send(segment(2000, cookie)
                                 .seq(7001 + static_cast<std::uint32_t>(start.size()))
                                 .request(" HTTP/1.1\r\n\r\n"));
    ASSERT_EQ(more.verdict, XDP_TX);
    EXPECT_EQ(more.flags(), unsigned{kAck});
    EXPECT_EQ(more.ack(), 7001 + start.size() + 13);
    EXPECT_EQ(program.stats().answers[WEIR_ACTION_REPLY], 2u) << "and counted once";
  });
}

TEST_F(Turned, WhoLeavesWithoutARequestIsLeftToo) {
  where_somebody_listens([&] {
    turn_away();
    const std::uint32_t cookie = syn(2000).seq();
    const Answer parted = send(segment(2000, cookie).flags(kAck | kFin));
    ASSERT_EQ(parted.verdict, XDP_TX);
    EXPECT_EQ(parted.flags(), kAck | kFin);
    EXPECT_EQ(parted.ack(), 7002u);
    EXPECT_EQ(parted.seq(), cookie + 1);
  });
}

TEST_F(Turned, TheRequestSentAgainIsAnsweredAgainAndNotCounted) {
  where_somebody_listens([&] {
    turn_away();
    const std::uint32_t cookie = syn(2000).seq();
    request(2000, cookie);
    EXPECT_EQ(request(2000, cookie).data().substr(0, 12), "HTTP/1.1 429");
    EXPECT_EQ(program.count(WEIR_REASON_KICKED_AGAIN), 1u);
    EXPECT_EQ(kicked(), 2u);
  });
}

// Who has had too much of one thing may still get another from the host.
struct TurnedOfOneThing : Turned {
  TurnedOfOneThing() { program.limit(WEIR_EVENT_REQUEST, 100, 100).action = WEIR_ACTION_REPLY; }

  void the_host_still_serves() {
    EXPECT_EQ(program.control().present & WEIR_TURNING, 0u);
    EXPECT_EQ(syn(2000).verdict, XDP_PASS);
  }
};

TEST_F(TurnedOfOneThing, OfPartsOfPages) {
  program.limit(WEIR_EVENT_MEDIA, 1, 1, kTimeout).action = WEIR_ACTION_REPLY;
  where_somebody_listens([&] {
    turn_away(kClient, "GET /a HTTP/1.1\r\nSec-Fetch-Dest: image\r\n\r\n");
    EXPECT_EQ(program.stats().events[0][WEIR_EVENT_MEDIA][0].kick, 1u);
    the_host_still_serves();
  });
}

TEST_F(TurnedOfOneThing, OfPathsWithARule) {
  weir_path_rule& rule = program.block().rules[0];
  rule.limit = program.limit(WEIR_EVENT_MEDIA, 1, 1, kTimeout);
  rule.limit.action = WEIR_ACTION_REPLY;
  rule.service = 1;
  rule.length = 6;
  std::memcpy(rule.prefix, "/login", rule.length);
  program.block().services[0].has_rules = 1;
  const weir_path_key key = weir::path_key(program.control().active, rule);
  const __u32 index = 0;
  ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(program.skeleton().maps.paths), &key, &index, BPF_ANY),
            0);
  where_somebody_listens([&] {
    turn_away(kClient, "GET /login HTTP/1.1\r\n\r\n");
    EXPECT_EQ(kicked(), 1u);
    the_host_still_serves();
  });
}

TEST_F(TurnedOfOneThing, OfTheSameAgain) {
  program.block().services[0].repeats = 1;
  const int map = bpf_map__fd(program.skeleton().maps.running);
  where_somebody_listens([&] {
    turn_away(kClient, kRequest, [&] {  // so often in its minute that it need not be slow
      weir_running running{};
      for (__u32 i = 0; i < WEIR_RUNNING; i++) {
        if (bpf_map_lookup_elem(map, &i, &running) != 0 || running.id == 0) continue;
        running.repeats = WEIR_REPEATS_MAX;
        bpf_map_update_elem(map, &i, &running, BPF_ANY);
      }
    });
    EXPECT_EQ(program.count(WEIR_REASON_REPEATED), 1u);
    the_host_still_serves();
  });
}

TEST_F(Turned, NotInModeObserve) {
  where_somebody_listens([&] {
    turn_away();
    program.set_mode(WEIR_MODE_OBSERVE);
    EXPECT_EQ(syn(2000).verdict, XDP_PASS);
    EXPECT_EQ(send(segment(2000, 1)).verdict, XDP_PASS);
  });
}

}  // namespace
