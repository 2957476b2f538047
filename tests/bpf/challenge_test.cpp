// SPDX-License-Identifier: BSD-2-Clause
// SYN cookies by XDP: what is answered, with what, and who is believed afterwards. Runs in a
// network namespace of its own, with a listener on port 80 that nobody connects to.
#include <gtest/gtest.h>

#include <thread>

#include "cpu.h"
#include "listening.h"
#include "program.h"
#include "stats/snapshot.h"

namespace {

using namespace weir::test;

constexpr const char* kClient = "198.51.100.7";
constexpr const char* kClient6 = "2001:db8:1:2::7";
constexpr std::size_t kEth = 14;

// Runs something in a network namespace where port 80 is listened on; the thread takes both away.
template <typename Act>
void where_somebody_listens(const Act& act) {
  std::thread([&] {
    const Listening listening;
    act();
  }).join();
}

std::uint32_t read32(const Bytes& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
}

Bytes slice(const Bytes& bytes, std::size_t from, std::size_t size) {
  const auto first = bytes.begin() + static_cast<long>(from);
  return {first, first + static_cast<long>(size)};
}

// The TCP checksum over a segment and its pseudo header: 0 when it is right.
unsigned tcp_sum(const Bytes& addresses, const Bytes& segment) {
  Bytes pseudo = addresses;
  put32(pseudo, static_cast<std::uint32_t>(segment.size()));
  put32(pseudo, 6);
  pseudo.insert(pseudo.end(), segment.begin(), segment.end());
  return internet_checksum(pseudo);
}

// The first SYN is within the limit, the second goes to the host: the third is answered.
Bytes third(Program& program, const Packet& packet) {
  program.passes(packet);
  program.passes(packet);
  const auto [verdict, frame] = program.answer(packet.build());
  EXPECT_EQ(verdict, int{XDP_TX});
  return frame;
}

struct Challenge : testing::Test {
  Challenge() {
    program.limit(WEIR_EVENT_SYN, 1, 1, 600'000);
    program.limit(WEIR_EVENT_REQUEST, 10, 10, 600'000);
    program.challenge();
  }
  Program program;
};

TEST_F(Challenge, AnswersASynWithASynAckThatIsRightToTheLastBit) {
  where_somebody_listens([&] {
    const auto syn = Packet::from(kClient).seq(7000).tcp_options(20);
    const Bytes in = syn.build(), out = third(program, syn);
    ASSERT_EQ(out.size(), kEth + 20 + 24);
    EXPECT_EQ(slice(out, 0, 6), slice(in, 6, 6)) << "to whom it came from";
    EXPECT_EQ(slice(out, 6, 6), slice(in, 0, 6));
    EXPECT_EQ(internet_checksum(slice(out, kEth, 20)), 0);
    EXPECT_EQ(slice(out, kEth + 12, 4), slice(in, kEth + 16, 4));
    EXPECT_EQ(slice(out, kEth + 16, 4), slice(in, kEth + 12, 4));
    const Bytes tcp = slice(out, kEth + 20, 24);
    EXPECT_EQ(slice(tcp, 0, 4), (Bytes{0, 80, 40'000 >> 8, 40'000 & 255}));
    EXPECT_EQ(read32(tcp, 8), 7001u);
    EXPECT_EQ(tcp[13], kSyn | kAck);
    EXPECT_EQ(slice(tcp, 20, 4), (Bytes{2, 4, 1460 >> 8, 1460 & 255}));
    EXPECT_EQ(tcp_sum(slice(out, kEth + 12, 8), tcp), 0u);
  });
}

TEST_F(Challenge, AnswersIpv6AndWhatHasATag) {
  where_somebody_listens([&] {
    const auto syn = Packet::from(kClient6).tcp_options(20).vlan(0x8100);
    const Bytes in = syn.build(), out = third(program, syn);
    ASSERT_EQ(out.size(), kEth + 4 + 40 + 24);
    EXPECT_EQ(slice(out, 12, 6), slice(in, 12, 6));
    const Bytes ip = slice(out, kEth + 4, 40);
    EXPECT_EQ(read32(ip, 0), 0x60000000u);
    EXPECT_EQ(read32(ip, 4), (24u << 16 | 6 << 8 | 64));
    EXPECT_EQ(slice(ip, 8, 16), slice(in, kEth + 4 + 24, 16));
    EXPECT_EQ(tcp_sum(slice(ip, 8, 32), slice(out, kEth + 44, 24)), 0u);
  });
}

TEST_F(Challenge, AnswersNeverWithMoreThanItGot) {
  where_somebody_listens([&] {
    const auto bare = Packet::from(kClient);
    EXPECT_EQ(third(program, bare).size(), bare.build().size());
    const auto open = Packet::from("198.51.100.8").payload("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(third(program, open).size(), kEth + 40);
  });
}

TEST_F(Challenge, IsForListenersAndPlainSynsAndSingleAddressesOnly) {
  const auto dropped = [&](const Packet& packet) {
    for (int i = 0; i < 3; i++) program.passes(packet);
    return program.answer(packet.build()).first == int{XDP_DROP};
  };
  EXPECT_TRUE(dropped(Packet::from(kClient))) << "nobody listens";
  where_somebody_listens([&] {
    EXPECT_TRUE(dropped(Packet::from("198.51.100.8").to_port(8080)));
    EXPECT_TRUE(dropped(Packet::from("198.51.100.9").ip_options(8)));
    EXPECT_TRUE(dropped(Packet::from(kClient6).extension(60)));
    Bytes group = Packet::from(kClient).build();
    group[0] |= 1;
    EXPECT_EQ(program.answer(group).first, int{XDP_DROP});
  });
  EXPECT_EQ(program.stats().answers[WEIR_ACTION_CHALLENGE], 0u);
}

TEST_F(Challenge, IsOffUntilTheHostTakesCookiesAndInObserveMode) {
  where_somebody_listens([&] {
    program.control().present &= ~WEIR_CAN_CHALLENGE;
    program.passes(Packet::from(kClient));
    EXPECT_EQ(program.answer(Packet::from(kClient).build()).first, int{XDP_DROP});
    program.control().present |= WEIR_CAN_CHALLENGE;
    program.set_mode(WEIR_MODE_OBSERVE);
    EXPECT_EQ(program.answer(Packet::from(kClient).build()).first, int{XDP_PASS});
    program.set_mode(WEIR_MODE_ENFORCE);
    program.allow(kClient, 32);
    EXPECT_EQ(program.answer(Packet::from(kClient).build()).first, int{XDP_PASS});
    EXPECT_FALSE(program.passes(Packet::from("198.51.100.8"), Hook::kTc) &&
                 program.passes(Packet::from("198.51.100.8"), Hook::kTc))
        << "tc drops";
  });
}

TEST_F(Challenge, LetsOneSynASecondThroughToEveryListener) {
  where_somebody_listens([&] {
    int passed = 0;
    for (int second = 0; second < 5; second++) {
      for (int i = 0; i < 20; i++) passed += program.passes(Packet::from(kClient));
      program.advance(1000);
    }
    EXPECT_EQ(passed, 1 + 5) << "the one within the limit, and one a second";
    EXPECT_EQ(program.count(WEIR_REASON_TRICKLED), 5u);
    EXPECT_EQ(program.stats().answers[WEIR_ACTION_CHALLENGE], 94u);
  });
}

TEST_F(Challenge, BelievesWhoAcknowledgesTheCookieAndNobodyElse) {
  where_somebody_listens([&] {
    const Bytes out = third(program, Packet::from(kClient).seq(7000).tcp_options(20));
    const std::uint32_t cookie = read32(out, kEth + 24);
    const auto request = Packet::from(kClient).seq(7001).request();
    program.passes(Packet(request).acknowledge(cookie + 100));
    EXPECT_EQ(program.count(WEIR_REASON_STRAY), 1u);
    EXPECT_EQ(program.stats().validated, 0u);
    program.passes(Packet::from(kClient).seq(7001).ack().acknowledge(cookie + 100));
    EXPECT_EQ(program.stats().validated, 0u);
    program.passes(Packet::from(kClient).seq(7001).ack().acknowledge(cookie + 1));
    EXPECT_EQ(program.stats().validated, 1u) << "without data";
    program.passes(Packet(request).acknowledge(cookie + 1));
    EXPECT_EQ(program.stats().events[0][WEIR_EVENT_REQUEST][0].events, 1u);
  });
}

TEST_F(Challenge, RequestsOnNoConnectionCountForNobody) {
  where_somebody_listens([&] {
    for (std::uint32_t i = 0; i < 50; i++)
      EXPECT_TRUE(program.passes(Packet::from(kClient).seq(i).request())) << "the host resets it";
    EXPECT_EQ(program.count(WEIR_REASON_STRAY), 50u);
    EXPECT_EQ(program.stats().events[0][WEIR_EVENT_REQUEST][0].events, 0u);
  });
}

TEST_F(Challenge, AConnectionIsAskedForOnceAndForgottenAfterAWhile) {
  const auto request = Packet::from(kClient).request();
  program.passes(request);  // nobody listens: forwarded, for all that can be known
  EXPECT_EQ(program.stats().events[0][WEIR_EVENT_REQUEST][0].events, 1u);
  where_somebody_listens([&] {
    program.passes(Packet(request).seq(2));
    EXPECT_EQ(program.count(WEIR_REASON_STRAY), 0u) << "not asked again";
    program.passes(Packet(request).from_port(7));
    EXPECT_EQ(program.count(WEIR_REASON_STRAY), 1u) << "another connection";
    program.advance(WEIR_CONN_TICKS * WEIR_CONN_TICK_MS);
    program.passes(Packet(request).seq(3));
    EXPECT_EQ(program.count(WEIR_REASON_STRAY), 2u);
  });
}

std::string source(unsigned i) {
  return "10.1." + std::to_string(i >> 8) + "." + std::to_string(i & 255);
}

TEST_F(Challenge, IsForNewSourcesWhileSynsFloodAService) {
  program.challenge(100);
  where_somebody_listens([&] {
    for (unsigned i = 0; i < 1000; i++) program.passes(Packet::from(source(i).c_str()));
    EXPECT_EQ(program.count(WEIR_REASON_UNDER_LIMIT), 100u);
    EXPECT_EQ(program.count(WEIR_REASON_TRICKLED), 1u);
    EXPECT_EQ(program.count(WEIR_REASON_FLOODED), 899u);
    EXPECT_EQ(program.stats().answers[WEIR_ACTION_CHALLENGE], 899u);

    const auto syn = Packet::from(kClient).seq(7000).tcp_options(20);
    const auto [verdict, out] = program.answer(syn.build());
    ASSERT_EQ(verdict, int{XDP_TX});
    program.passes(Packet::from(kClient).seq(7001).ack().acknowledge(read32(out, kEth + 24) + 1));
    program.limit(WEIR_EVENT_SYN, 10, 10, 600'000);
    program.challenge(100);
    EXPECT_TRUE(program.passes(Packet::from(kClient).from_port(5))) << "has proved itself";

    program.advance(3000);
    EXPECT_TRUE(program.passes(Packet::from("203.0.113.1"))) << "the flood is over";
  });
}

TEST_F(Challenge, AFloodIsCountedForEachServiceHoweverTheyTakeTurns) {
  program.protect(1, WEIR_PROTOCOL_TLS, {443});
  program.limit(WEIR_EVENT_SYN, 10, 10, 600'000);
  program.limit(WEIR_EVENT_SYN, 10, 10, 600'000, WEIR_WINDOW_BURST, 1);
  program.challenge(5000);  // so many that CPUs count in batches
  program.challenge(5000, 1);
  where_somebody_listens([&] {
    pin_to(static_cast<unsigned>(
        sched_getcpu()));  // or each that it is moved to would begin a batch of its own
    for (unsigned i = 0; i < 12'000; i++)
      program.passes(Packet::from(source(i).c_str()).to_port(i % 2 == 0 ? 80 : 443));
    EXPECT_NEAR(static_cast<double>(program.count(WEIR_REASON_FLOODED)), 1000, 20)
        << "those beyond 5000 to port 80; nobody listens at the other";
  });
}

TEST_F(Challenge, AFloodWithoutChallengesRefusesNobody) {
  program.challenge(100);
  for (unsigned i = 0; i < 1000; i++)
    ASSERT_TRUE(program.passes(Packet::from(source(i).c_str()))) << "nobody listens";
  program.control().present &= ~WEIR_CAN_CHALLENGE;
  where_somebody_listens([&] {
    for (unsigned i = 1000; i < 2000; i++)
      ASSERT_TRUE(program.passes(Packet::from(source(i).c_str())));
  });
}

}  // namespace
