// SPDX-License-Identifier: BSD-2-Clause
// Which connections new bans end.
#include "bans/cut_off.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Connection between(const char* local, std::uint16_t port, const char* remote) {
  return {Address::parse(local).value(), Address::parse(remote).value(), port, 40'000};
}

class CutOffTest : public testing::Test {
 protected:
  void ban(const char* prefix, bool all = false, BootNs due = 100) {
    cut_.add(Prefix::parse(prefix).value(), all, due);
  }
  bool takes(const char* remote, std::uint16_t port = 80, const char* local = "203.0.113.80") {
    return cut_.takes(between(local, port, remote), [](std::uint16_t p) { return p == 80; });
  }
  CutOff cut_;
};

TEST_F(CutOffTest, TakesWhatComesFromABannedPrefixToAProtectedPort) {
  ban("198.51.100.7");
  ban("192.0.2.0/24");
  ban("2001:db8:1::/64");
  EXPECT_TRUE(takes("198.51.100.7"));
  EXPECT_TRUE(takes("192.0.2.255"));
  EXPECT_TRUE(takes("2001:db8:1::77"));
  EXPECT_FALSE(takes("198.51.100.8"));
  EXPECT_FALSE(takes("192.0.3.1"));
  EXPECT_FALSE(takes("2001:db8:2::77"));
  EXPECT_FALSE(takes("198.51.100.7", 22));
}

TEST_F(CutOffTest, TakesOtherPortsOnlyForABanOfAllPackets) {
  ban("198.51.100.7", true);
  ban("198.51.100.8");
  EXPECT_TRUE(takes("198.51.100.7", 22));
  EXPECT_FALSE(takes("198.51.100.8", 22));
  ban("198.51.100.0/24", true);
  EXPECT_TRUE(takes("198.51.100.8", 22)) << "the wider ban does";
}

TEST_F(CutOffTest, LeavesTheHostsOwnConnectionsWhateverIsBanned) {
  ban("0.0.0.0/0", true);
  ban("::/0", true);
  EXPECT_TRUE(takes("198.51.100.7", 22));
  EXPECT_FALSE(takes("127.0.0.1", 80, "127.0.0.1"));
  EXPECT_FALSE(takes("127.8.0.1", 80, "127.0.0.1"));
  EXPECT_FALSE(takes("::1", 80, "::1"));
}

TEST_F(CutOffTest, IsDueWhenTheFirstOfItsBansIs) {
  EXPECT_FALSE(cut_.is_due(1000));
  ban("198.51.100.7", false, 100);
  ban("198.51.100.8", false, 150);
  EXPECT_FALSE(cut_.is_due(99));
  EXPECT_TRUE(cut_.is_due(100));
  cut_.remove(Prefix::parse("198.51.100.7").value());
  EXPECT_FALSE(takes("198.51.100.7")) << "the ban was lifted in between";
  cut_.remove(Prefix::parse("198.51.100.8").value());
  EXPECT_TRUE(cut_.empty());
}

}  // namespace
}  // namespace weir
