// SPDX-License-Identifier: BSD-2-Clause
// Resets by XDP: what is answered, with what, and what never is.
#include <gtest/gtest.h>

#include "program.h"

namespace {

using namespace weir::test;

constexpr const char* kClient = "198.51.100.7";
constexpr std::size_t kEth = 14;

std::uint32_t read32(const Bytes& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
}

class Resets : public testing::Test {
 protected:
  Program program;

  void SetUp() override {
    program.limit(WEIR_EVENT_SYN, 0, 0).action = WEIR_ACTION_RESET;
    program.limit(WEIR_EVENT_REQUEST, 0, 0).action = WEIR_ACTION_RESET;
  }
};

TEST_F(Resets, ASynIsAnsweredWithAResetThatAcknowledgesIt) {
  const Bytes in = Packet::from(kClient).seq(7000).syn().build();
  const auto [verdict, out] = program.answer(in);
  ASSERT_EQ(verdict, XDP_TX);
  ASSERT_EQ(out.size(), kEth + 40);
  EXPECT_EQ(Bytes(out.begin(), out.begin() + 6), Bytes(in.begin() + 6, in.begin() + 12));
  EXPECT_EQ(read32(out, kEth + 24), 0u);
  EXPECT_EQ(read32(out, kEth + 28), 7001u);
  EXPECT_EQ(out[kEth + 33], kRst | kAck);
  EXPECT_EQ(program.stats().answers[WEIR_ACTION_RESET], 1u);
}

TEST_F(Resets, ARequestIsAnsweredWhereItsAcknowledgementPoints) {
  const auto [verdict, out] =
      program.answer(Packet::from(kClient).seq(7000).acknowledge(9000).request().build());
  ASSERT_EQ(verdict, XDP_TX);
  ASSERT_EQ(out.size(), kEth + 40) << "no longer than headers";
  EXPECT_EQ(read32(out, kEth + 24), 9000u);
  EXPECT_EQ(out[kEth + 33], kRst);
}

TEST_F(Resets, OfIpv6AndOfWhatHasATagKeepTheirHeaders) {
  const Bytes in = Packet::from("2001:db8:1:2::7").syn().vlan(0x8100).build();
  const auto [verdict, out] = program.answer(in);
  ASSERT_EQ(verdict, XDP_TX);
  ASSERT_EQ(out.size(), kEth + 4 + 60);
  EXPECT_EQ(Bytes(out.begin() + 12, out.begin() + 18), Bytes(in.begin() + 12, in.begin() + 18));
}

TEST_F(Resets, AreNotSentToGroupsNorForAddressesThatForgeMany) {
  Bytes group = Packet::from(kClient).syn().build();
  group[0] |= 1;
  EXPECT_EQ(program.answer(group).first, XDP_DROP);
  unsigned answered = 0;
  for (std::uint16_t port = 1; port <= 200; port++)
    answered += program.answer(Packet::from(kClient).from_port(port).syn().build()).first == XDP_TX;
  EXPECT_EQ(answered, 50u) << "a second's share of one source";
  program.advance(1000);
  EXPECT_EQ(program.answer(Packet::from(kClient).syn().build()).first, XDP_TX);
}

TEST_F(Resets, BannedSourcesGetThemWhereTheServiceSaysSo) {
  program.ban(kClient, WEIR_BAN_FOREVER);
  const Bytes data = Packet::from(kClient).ack().payload("x").build();
  EXPECT_EQ(program.answer(data).first, XDP_DROP);
  program.control().present |= WEIR_RESETS;
  EXPECT_EQ(program.answer(data).first, XDP_TX);
  EXPECT_EQ(program.answer(Packet::from(kClient).flags(kRst).build()).first, XDP_DROP)
      << "never a reset for a reset";
  EXPECT_EQ(program.answer(Packet::from(kClient).to_port(81).ack().build()).first, XDP_PASS);
}

TEST_F(Resets, AreNotSentInModeObserveNorToThoseAllowed) {
  program.allow("198.51.100.0", 24);
  EXPECT_EQ(program.answer(Packet::from(kClient).syn().build()).first, XDP_PASS);
  program.set_mode(WEIR_MODE_OBSERVE);
  EXPECT_EQ(program.answer(Packet::from("192.0.2.1").syn().build()).first, XDP_PASS);
}

}  // namespace
