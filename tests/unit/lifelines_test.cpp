// SPDX-License-Identifier: BSD-2-Clause
// Whom this host cannot do without: read from the files as they are found on hosts.
#include "host/lifelines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<Address>& addresses) {
  std::vector<std::string> all;
  for (const auto& address : addresses) all.push_back(address.text());
  return all;
}

TEST(Lifelines, ResolversAreTheNameserversOfResolvConf) {
  EXPECT_THAT(texts(resolvers_in("# by hand\nsearch example.org\nnameserver 192.0.2.53\n"
                                 "nameserver  fe80::1%eth0\nnameserver\nnameserver x\n"
                                 "options edns0")),
              ElementsAre("192.0.2.53", "fe80::1"));
}

TEST(Lifelines, GatewaysAreTheNextHopsOfDefaultRoutes) {
  EXPECT_THAT(texts(gateways_in(
                  "Iface\tDestination\tGateway \tFlags\n"
                  "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n"
                  "eth0\t006433C6\t020200C0\t0003\t0\t0\t0\t00FFFFFF\n"
                  "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\nshort\nx y zzzzzzzz\n")),
              ElementsAre("192.0.2.1"));
  EXPECT_THAT(texts(gateways6_in("00000000000000000000000000000000 00 "
                                 "00000000000000000000000000000000 00 "
                                 "20010db8000000000000000000000001 00000400 0 0 00000003 eth0\n"
                                 "20010db8000000000000000000000000 40 "
                                 "00000000000000000000000000000000 00 "
                                 "00000000000000000000000000000000 00000100 0 0 00000001 eth0\n"
                                 "20010db8000100000000000000000000 30 "
                                 "00000000000000000000000000000000 00 "
                                 "20010db8000000000000000000000002 00000400 0 0 00000003 eth0\n"
                                 "a b c d zz\n")),
              ElementsAre("2001:db8::1"));
}

TEST(Lifelines, PortsAreThoseOfSshdOrItsOwn) {
  EXPECT_THAT(ports_in("#Port 22\nport 2222\nPort 22000\nPort 99999\n"), ElementsAre(2222, 22000));
  EXPECT_THAT(ports_in(""), ElementsAre(22));
}

TEST(Lifelines, ANetworkIsSearchedForThem) {
  const auto network = [](const char* text) { return Prefix::parse(text).value(); };
  const std::vector<Lifeline> lifelines{{network("192.0.2.1"), false, "a gateway"},
                                        {network("2001:db8::1"), true, "this host"}};
  EXPECT_EQ(find_lifeline(lifelines, network("192.0.2.0/24"))->what, "a gateway");
  EXPECT_EQ(find_lifeline(lifelines, network("192.0.2.1"))->what, "a gateway");
  EXPECT_EQ(find_lifeline(lifelines, network("192.0.2.2")), nullptr);
  EXPECT_EQ(find_lifeline(lifelines, network("2001:db8::/64"))->what, "this host");
  const auto neighbour = Address::parse("2001:db8::2").value();
  EXPECT_EQ(find_lifeline(lifelines, network("2001:db8::/64"), neighbour), nullptr);
  EXPECT_NE(
      find_lifeline(lifelines, network("2001:db8::/64"), Address::parse("2001:db8::1").value()),
      nullptr);
}

}  // namespace
}  // namespace weir
