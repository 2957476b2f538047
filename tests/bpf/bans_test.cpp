// SPDX-License-Identifier: BSD-2-Clause
// Bans and the allow list in the kernel: scope, precedence, and expiry without an agent.
#include <gtest/gtest.h>

#include "program.h"
#include "stats/snapshot.h"

namespace {

using namespace weir::test;

constexpr const char* kBanned = "203.0.113.7";

class Bans : public testing::TestWithParam<Hook> {
 protected:
  bool passes(const Packet& packet) { return program.passes(packet, GetParam()); }
  Program program;
};
INSTANTIATE_TEST_SUITE_P(Hooks, Bans, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Bans, ABannedSourceIsTurnedAwayFromProtectedPortsOnly) {
  program.ban(kBanned, WEIR_BAN_FOREVER);
  EXPECT_FALSE(passes(Packet::from(kBanned)));
  EXPECT_FALSE(passes(Packet::from(kBanned).ack())) << "open connections too";
  EXPECT_FALSE(passes(Packet::from(kBanned).request()));
  EXPECT_FALSE(passes(Packet::from(kBanned).ip_options(8).vlan(0x8100)));
  EXPECT_TRUE(passes(Packet::from(kBanned).to_port(22)));
  EXPECT_TRUE(passes(Packet::from(kBanned).protocol(17)));
  EXPECT_TRUE(passes(Packet::from("203.0.113.8")));
  EXPECT_EQ(program.count(WEIR_REASON_BANNED_SOURCE), 4u);
}

TEST_P(Bans, ABanOfAllTurnsAwayEveryPacket) {
  program.ban(kBanned, WEIR_BAN_FOREVER, WEIR_BAN_ALL);
  EXPECT_FALSE(passes(Packet::from(kBanned).to_port(22)));
  EXPECT_FALSE(passes(Packet::from(kBanned).protocol(17)));
  EXPECT_FALSE(passes(Packet::from(kBanned).protocol(1)));
}

TEST_P(Bans, TheKernelItselfLetsABanExpire) {
  program.ban(kBanned, program.now() + 1000);
  program.ban_net("198.51.100.0", 24, program.now() + 1000);
  program.advance(999);
  EXPECT_FALSE(passes(Packet::from(kBanned)));
  EXPECT_FALSE(passes(Packet::from("198.51.100.9")));
  program.advance(1);
  EXPECT_TRUE(passes(Packet::from(kBanned)));
  EXPECT_TRUE(passes(Packet::from("198.51.100.9")));
}

TEST_P(Bans, NetworksOfBothFamiliesAreKeptApart) {
  program.ban_net("::", 0, WEIR_BAN_FOREVER);
  EXPECT_FALSE(passes(Packet::from("2001:db8::1")));
  EXPECT_TRUE(passes(Packet::from("198.51.100.9"))) << "::/0 is not 0.0.0.0/0";
  program.ban_net("198.51.100.0", 24, WEIR_BAN_FOREVER);
  EXPECT_FALSE(passes(Packet::from("198.51.100.9")));
  EXPECT_TRUE(passes(Packet::from("198.51.101.9")));
  EXPECT_EQ(program.count(WEIR_REASON_BANNED_NET), 2u);
}

TEST_P(Bans, ABanOfASlash64IsOneOfTheSource) {
  program.ban("2001:db8:1:2::", WEIR_BAN_FOREVER);
  EXPECT_FALSE(passes(Packet::from("2001:db8:1:2::1")));
  EXPECT_FALSE(passes(Packet::from("2001:db8:1:2:ffff::1")));
  EXPECT_TRUE(passes(Packet::from("2001:db8:1:3::1")));
}

TEST_P(Bans, TheAllowListAlwaysWins) {
  program.limit(WEIR_EVENT_SYN, 1, 1);
  program.ban(kBanned, WEIR_BAN_FOREVER, WEIR_BAN_ALL);
  program.allow("203.0.113.0", 24);
  for (int i = 0; i < 5; i++) EXPECT_TRUE(passes(Packet::from(kBanned)));
  for (int i = 0; i < 5; i++) EXPECT_TRUE(passes(Packet::from("203.0.113.9")));
  EXPECT_TRUE(passes(Packet::from("203.0.113.9").flags(kSyn | kFin)));
  const auto stats = program.stats();
  EXPECT_EQ(stats.reasons[WEIR_REASON_ALLOWED], 10u);
  EXPECT_EQ(stats.events[0][WEIR_EVENT_SYN][0].allow, 4u);
  EXPECT_EQ(weir::action_counts(stats)[WEIR_ACTION_DROP], 0u);
}

TEST_P(Bans, LaterFragmentsOfABannedSourceAreTurnedAway) {
  const auto tail = Packet::from(kBanned).request(std::string(64, 'x')).fragment(40, 0);
  EXPECT_TRUE(passes(tail));
  program.ban(kBanned, WEIR_BAN_FOREVER);
  EXPECT_FALSE(passes(tail));
}

TEST_P(Bans, PacketsTurnedAwayAreCountedForTheirBan) {
  program.ban(kBanned, WEIR_BAN_FOREVER);
  program.ban("203.0.113.8", WEIR_BAN_FOREVER);
  for (int i = 0; i < 10; i++) {
    passes(Packet::from(kBanned));
    if (i % 3 == 0) passes(Packet::from("203.0.113.8"));
  }
  // What is not in the ban yet is with the CPU that counted it.
  const auto stats = program.stats();
  const auto* entry = program.bans().find(Program::key_of(kBanned));
  ASSERT_NE(entry, nullptr);
  EXPECT_LE(entry->ban.dropped, 10u);
  EXPECT_GE(entry->ban.dropped + stats.ban_dropped, 10u);
}

}  // namespace
