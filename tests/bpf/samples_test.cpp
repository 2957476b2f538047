// SPDX-License-Identifier: BSD-2-Clause
// Who is told of as having sent how much, and been hindered how often.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "program.h"

namespace {

using namespace weir::test;

constexpr const char* kClient = "198.51.100.7";
constexpr const char* kOther = "198.51.100.8";
constexpr const char* kClient6 = "2001:db8:1:2::7";

struct Samples : testing::TestWithParam<Hook> {
  Samples() { program.control().present |= WEIR_SAMPLING; }

  // Returns the frame's bytes.
  std::size_t send(const Packet& packet) {
    const Bytes frame = packet.build();
    program.passes(frame, GetParam());
    return frame.size();
  }

  struct Sum {
    std::uint64_t bytes = 0, throttle = 0, kick = 0, malformed = 0, observed = 0;
    int records = 0;
    bool is_estimate = false;
  };
  // What was told since it was last asked, by source.
  std::map<std::string, Sum> told() {
    std::map<std::string, Sum> sums;
    ring_buffer* ring =
        ring_buffer__new(bpf_map__fd(program.skeleton().maps.samples), take, &sums, nullptr);
    ring_buffer__consume(ring);
    ring_buffer__free(ring);
    return sums;
  }
  static int take(void* context, void* data, std::size_t) {
    const auto& sample = *static_cast<const weir_sample*>(data);
    char text[INET6_ADDRSTRLEN] = {};
    const bool is_v4 = sample.addr[0] == 0 && sample.addr[1] == 0;
    inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? &sample.addr[3] : sample.addr, text, sizeof text);
    Sum& sum = (*static_cast<std::map<std::string, Sum>*>(context))[text];
    sum.records++;
    sum.is_estimate |= sample.estimated != 0;
    if (sample.unit == WEIR_SAMPLE_BYTES)
      sum.bytes += sample.amount;
    else if (sample.observed != 0)
      sum.observed += sample.amount;
    else if (sample.verdict == WEIR_VERDICT_MALFORMED)
      sum.malformed += sample.amount;
    else
      (sample.verdict == WEIR_VERDICT_THROTTLE ? sum.throttle : sum.kick) += sample.amount;
    return 0;
  }

  Program program;
};

INSTANTIATE_TEST_SUITE_P(Each, Samples, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Samples, TheFirstOfAllIsToldOfWhateverItIs) {
  const auto bulk = send(Packet::from(kClient).ack());
  EXPECT_EQ(told()[kClient].bytes, bulk);
}

TEST_P(Samples, FewPacketsAreToldOfToTheByte) {
  const auto first = send(Packet::from(kClient));
  const auto bulk = send(Packet::from(kClient).ack().payload(std::string(1000, 'x')));
  const auto other = send(Packet::from(kClient6).vlan(0x8100));
  const auto elsewhere = send(Packet::from(kOther).to_port(22));
  auto sums = told();
  EXPECT_EQ(sums[kClient].bytes, first + bulk);
  EXPECT_EQ(sums[kClient].records, 2);
  EXPECT_EQ(sums[kClient6].bytes, other);
  EXPECT_EQ(sums[kOther].bytes, elsewhere);
  EXPECT_FALSE(sums[kClient].is_estimate);
  EXPECT_EQ(sums.size(), 3u);
  EXPECT_EQ(program.stats().bytes, first + bulk + other + elsewhere);
}

TEST_P(Samples, BannedSourcesAreToldOfToo) {
  program.ban(kClient, WEIR_BAN_FOREVER);
  std::size_t sent = 0;
  for (int i = 0; i < 100; i++) sent += send(Packet::from(kClient).ack());
  EXPECT_EQ(told()[kClient].bytes, sent);
}

TEST_P(Samples, WhatIsHinderedIsToldOfEachTime) {
  program.limit(WEIR_EVENT_SYN, 2, 5);
  for (std::uint16_t i = 0; i < 200; i++) send(Packet::from(kClient).from_port(1000 + i).seq(i));
  auto sums = told();
  EXPECT_EQ(sums[kClient].throttle, 3u);
  EXPECT_EQ(sums[kClient].kick, 195u);
  EXPECT_FALSE(sums[kClient].is_estimate);
  program.set_mode(WEIR_MODE_OBSERVE);
  send(Packet::from(kClient));
  program.ban(kOther, WEIR_BAN_FOREVER);
  send(Packet::from(kOther).ack());
  sums = told();
  EXPECT_EQ(sums[kClient].observed, 1u);
  EXPECT_EQ(sums[kOther].observed, 1u);
  EXPECT_EQ(sums[kClient].kick, 0u);
}

TEST_P(Samples, MalformedPacketsAreTheirSourcesToo) {
  send(Packet::from(kClient).data_offset(2));
  EXPECT_EQ(program.stats().hindered, 1u);
  EXPECT_EQ(told()[kClient].malformed, 1u);
}

TEST_P(Samples, AllowedSourcesAreNotHindered) {
  program.limit(WEIR_EVENT_SYN, 1, 1);
  program.allow(kClient, 32);
  for (std::uint16_t i = 0; i < 5; i++) send(Packet::from(kClient).from_port(1000 + i).seq(i));
  const auto sum = told()[kClient];
  EXPECT_EQ(sum.throttle + sum.kick, 0u);
  EXPECT_GT(sum.bytes, 0u);
}

TEST_P(Samples, OfAFloodSomeAreToldOfAndStandForAll) {
  program.limit(WEIR_EVENT_SYN, 10, 10, 600'000);
  std::map<std::string, Sum> sums;
  std::uint64_t sent[2] = {};
  for (int i = 0; i < 60'000; i++) {
    sent[0] += send(Packet::from(kClient));
    if (i % 3 == 0) sent[1] += send(Packet::from(kOther).ack());
    if (i % 1000 != 999) continue;
    for (const auto& [source, sum] : told()) {
      sums[source].bytes += sum.bytes;
      sums[source].kick += sum.kick;
      sums[source].records += sum.records;
    }
  }
  EXPECT_LT(sums[kClient].records + sums[kOther].records, 16 * 500);
  EXPECT_NEAR(static_cast<double>(sums[kClient].bytes), static_cast<double>(sent[0]),
              0.2 * static_cast<double>(sent[0]));
  EXPECT_NEAR(static_cast<double>(sums[kOther].bytes), static_cast<double>(sent[1]),
              0.3 * static_cast<double>(sent[1]));
  EXPECT_NEAR(static_cast<double>(sums[kClient].kick), 59'990, 0.1 * 59'990);
  EXPECT_EQ(program.stats().samples_lost, 0u);
}

TEST_P(Samples, WhatFindsNoRoomIsCounted) {
  send(Packet::from(kClient));
  for (int second = 0; second < 100; second++) {
    program.advance(1024);
    for (int i = 0; i < 200; i++) send(Packet::from(kClient).ack());
  }
  EXPECT_GT(program.stats().samples_lost, 0u);
}

TEST_P(Samples, NothingIsToldUnlessItIsWanted) {
  program.control().present &= ~WEIR_SAMPLING;
  program.limit(WEIR_EVENT_SYN, 1, 1);
  for (std::uint16_t i = 0; i < 5; i++) send(Packet::from(kClient).from_port(1000 + i).seq(i));
  EXPECT_TRUE(told().empty());
}

}  // namespace
