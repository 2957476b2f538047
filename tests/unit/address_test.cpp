// SPDX-License-Identifier: BSD-2-Clause
// Addresses and networks as text: what is read, what is refused, what is written.
#include "base/address.h"

#include <gtest/gtest.h>

#include <random>

namespace weir {
namespace {

struct TextCase {
  const char* text;
  const char* canonical;
};

TEST(Address, IsWrittenInItsCanonicalForm) {
  constexpr TextCase kCases[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"192.0.2.1", "192.0.2.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:DB8::A", "2001:db8::a"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      // RFC 5952: one 16-bit zero field is not shortened, and the first of equal runs is.
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::FFFF:c000:201", "192.0.2.1"},
  };
  for (const auto& [text, canonical] : kCases) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), canonical) << text;
  }
}

TEST(Address, OfIpv4IsKeptMapped) {
  const auto address = Address::parse("192.0.2.1");
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->is_v4());
  EXPECT_EQ(address->bytes(),
            (std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}));
  EXPECT_FALSE(Address::parse("2001:db8::1")->is_v4());
  EXPECT_FALSE(Address().is_v4());
}

struct RefusedCase {
  std::string_view text;
  const char* message;
  const char* hint;
};

TEST(Address, IsRefusedWithAReason) {
  using namespace std::string_view_literals;
  const RefusedCase cases[] = {
      {"", "\"\" is not an IPv4 or IPv6 address", ""},
      {"x", "\"x\" is not", ""},
      {"1.2.3", "is not", ""},
      {"1.2.3.4.5", "is not", ""},
      {"1.2.3.256", "is not", ""},
      {"01.2.3.4", "is not", ""},
      {"0x1.2.3.4", "is not", ""},
      {" 1.2.3.4", "is not", ""},
      {"1.2.3.4 ", "is not", ""},
      {"1.2.3.4\n", "\"1.2.3.4?\" is not", ""},
      {"1.2.3.4\0x"sv, "\"1.2.3.4?x\" is not", ""},
      {":::", "is not", ""},
      {"1::2::3", "is not", ""},
      {"12345::", "is not", ""},
      {"fe80::1%eth0", "is not", "leave out the zone"},
      {"[::1]", "is not", "leave out the brackets"},
      {"192.0.2.0/24", "is not", "without a prefix length"},
  };
  for (const auto& [text, message, hint] : cases) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalid);
    EXPECT_NE(address.error().message.find(message), std::string::npos) << address.error().message;
    EXPECT_NE(address.error().hint.find(hint), std::string::npos) << address.error().hint;
  }
}

TEST(Address, ThatIsVeryLongIsNotRepeatedWhole) {
  const auto address = Address::parse(std::string(100'000, '1'));
  ASSERT_FALSE(address);
  EXPECT_LT(address.error().message.size(), 200U);
}

TEST(Prefix, IsWrittenWithItsLength) {
  constexpr TextCase kCases[] = {
      {"192.0.2.0/24", "192.0.2.0/24"},
      {"192.0.2.1", "192.0.2.1/32"},
      {"192.0.2.1/32", "192.0.2.1/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"128.0.0.0/1", "128.0.0.0/1"},
      {"2001:db8::/32", "2001:db8::/32"},
      {"2001:db8::1", "2001:db8::1/128"},
      {"::/0", "::/0"},
      {"2001:db8:0:8000::/49", "2001:db8:0:8000::/49"},
      // A network of v4-mapped addresses is the IPv4 network.
      {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
      {"::ffff:0:0/96", "0.0.0.0/0"},
      {"::ffff:192.0.2.1", "192.0.2.1/32"},
  };
  for (const auto& [text, canonical] : kCases) {
    const auto prefix = Prefix::parse(text);
    ASSERT_TRUE(prefix) << text << ": " << prefix.error().message;
    EXPECT_EQ(prefix->text(), canonical) << text;
    EXPECT_EQ(Prefix::parse(prefix->text()), *prefix) << text;
  }
}

TEST(Prefix, IsRefusedWithAReason) {
  const RefusedCase cases[] = {
      {"", "is not an IPv4 or IPv6 address", ""},
      {"/24", "is not an IPv4 or IPv6 address", ""},
      {"192.0.2.0/", "prefix length of \"192.0.2.0/\" is not valid", "from 0 to 32"},
      {"192.0.2.0/33", "prefix length", "from 0 to 32"},
      {"192.0.2.0/-1", "prefix length", "from 0 to 32"},
      {"192.0.2.0/+24", "prefix length", "from 0 to 32"},
      {"192.0.2.0/024", "prefix length", "from 0 to 32"},
      {"192.0.2.0/24/8", "prefix length", "from 0 to 32"},
      {"192.0.2.0/255.255.255.0", "prefix length", "from 0 to 32"},
      {"192.0.2.0/99999999999999999999", "prefix length", "from 0 to 32"},
      {"2001:db8::/129", "prefix length", "from 0 to 128"},
      {"::ffff:192.0.2.0/24", "prefix length", "from 96 to 128"},
      {"192.0.2.1/24", "has host bits set", "the network is 192.0.2.0/24"},
      {"192.0.2.1/0", "has host bits set", "the network is 0.0.0.0/0"},
      {"192.0.2.255/31", "has host bits set", "the network is 192.0.2.254/31"},
      {"2001:db8::1/64", "has host bits set", "the network is 2001:db8::/64"},
      {"2001:db8:0:ffff::/49", "has host bits set", "the network is 2001:db8:0:8000::/49"},
      {"::ffff:192.0.2.1/120", "has host bits set", "the network is 192.0.2.0/24"},
  };
  for (const auto& [text, message, hint] : cases) {
    const auto prefix = Prefix::parse(text);
    ASSERT_FALSE(prefix) << text;
    EXPECT_NE(prefix.error().message.find(message), std::string::npos) << prefix.error().message;
    EXPECT_NE(prefix.error().hint.find(hint), std::string::npos) << prefix.error().hint;
  }
}

struct AroundCase {
  const char* address;
  int length;
  const char* network;
};

TEST(Prefix, AroundAnAddressCutsTheHostBitsAndClampsTheLength) {
  constexpr AroundCase kCases[] = {
      {"192.0.2.77", 24, "192.0.2.0/24"},    {"192.0.2.77", 25, "192.0.2.0/25"},
      {"192.0.2.255", 26, "192.0.2.192/26"}, {"192.0.2.77", 0, "0.0.0.0/0"},
      {"192.0.2.77", 99, "192.0.2.77/32"},   {"192.0.2.77", -1, "0.0.0.0/0"},
      {"2001:db8::1", 64, "2001:db8::/64"},  {"2001:db8::1", 500, "2001:db8::1/128"},
  };
  for (const auto& [address, length, network] : kCases) {
    EXPECT_EQ(Prefix::around(*Address::parse(address), length).text(), network);
  }
}

struct ContainsCase {
  const char* network;
  const char* address;
  bool contains;
};

TEST(Prefix, ContainsOnlyAddressesOfItsNetworkAndFamily) {
  constexpr ContainsCase kCases[] = {
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.0/24", "192.0.3.0", false},
      {"192.0.2.0/24", "2001:db8::1", false},
      {"0.0.0.0/0", "192.0.2.1", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "::1", true},
      {"::/0", "192.0.2.1", false},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::1", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "::ffff:192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
  };
  for (const auto& [network, address, contains] : kCases) {
    EXPECT_EQ(Prefix::parse(network)->contains(*Address::parse(address)), contains)
        << network << " " << address;
  }
}

TEST(Prefix, IsSingleWhenNoHostBitIsLeft) {
  EXPECT_TRUE(Prefix::parse("192.0.2.1")->is_single());
  EXPECT_TRUE(Prefix::parse("2001:db8::1")->is_single());
  EXPECT_FALSE(Prefix::parse("192.0.2.0/31")->is_single());
  EXPECT_FALSE(Prefix::parse("2001:db8::/32")->is_single());
}

TEST(Prefix, IsReadBackWhateverItIs) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::array<std::uint8_t, 16> bytes{};
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    if (i % 2 == 0) {
      bytes = {0, 0, 0,    0,    0,         0,         0,         0,
               0, 0, 0xff, 0xff, bytes[12], bytes[13], bytes[14], bytes[15]};
    }
    const Prefix prefix = Prefix::around(Address(bytes), static_cast<int>(random() % 129));
    const auto again = Prefix::parse(prefix.text());
    ASSERT_TRUE(again) << prefix.text();
    EXPECT_EQ(*again, prefix) << prefix.text();
  }
}

TEST(Prefix, ParserTakesAnyText) {
  constexpr std::string_view kLetters = "0123456789abf:./%[]- ";
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 24, ' ');
    for (char& c : text) c = kLetters[random() % kLetters.size()];
    const auto prefix = Prefix::parse(text);
    EXPECT_TRUE(!prefix || Prefix::parse(prefix->text()) == *prefix) << text;
  }
}

}  // namespace
}  // namespace weir
