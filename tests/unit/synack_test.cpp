// SPDX-License-Identifier: BSD-2-Clause
// The answer to a SYN (bpf/lib/synack.h); tests/bpf/challenge_test.cpp looks at it as sent.
#include <gtest/gtest.h>

#include <random>

#include "packet.h"

extern "C" {
#include "lib/synack.h"
}

namespace {

using weir::test::Bytes;
using weir::test::internet_checksum;

Bytes bytes_of(const __be32* words, std::size_t bytes) {
  const auto* first = reinterpret_cast<const std::uint8_t*>(words);
  return {first, first + bytes};
}

TEST(SynAck, HasRightChecksumsWhateverTheNumbers) {
  std::independent_bits_engine<std::mt19937, 32, std::uint32_t> random(3);
  for (int i = 0; i < 100'000; i++) {
    // Sums that carry the most and the least come up too.
    const auto number = [&] { return i % 7 == 0 ? ~0u : i % 7 == 1 ? 0u : random(); };
    __be32 syn[WEIR_IP6_WORDS], tcp[WEIR_TCP_WORDS], ip[WEIR_IP6_WORDS];
    for (auto& word : syn) word = number();
    const __be32 ports[2] = {number(), number()};
    const std::uint32_t mss = i % 2 == 0 ? 1460 : 0;

    auto length = weir_synack_tcp(tcp, ports, number(), mss, weir_sum(syn + 3, 2, 0));
    ASSERT_EQ(length, mss != 0 ? 24u : 20u);
    Bytes pseudo = bytes_of(syn + 3, 8);
    weir::test::put32(pseudo, 6);
    weir::test::put32(pseudo, length);
    const Bytes segment = bytes_of(tcp, length);
    pseudo.insert(pseudo.end(), segment.begin(), segment.end());
    ASSERT_EQ(internet_checksum(pseudo), 0) << i;

    weir_synack_ip4(ip, syn, length);
    ASSERT_EQ(internet_checksum(bytes_of(ip, 20)), 0) << i;
  }
}

TEST(SynAck, ExchangesPortsAndAddresses) {
  __be32 tcp[WEIR_TCP_WORDS], ip[WEIR_IP6_WORDS];
  const __be32 ports[2] = {htonl(40'000u << 16 | 80), htonl(0xffffffff)};
  weir_synack_tcp(tcp, ports, 7, 1440, 0);
  EXPECT_EQ(ntohl(tcp[0]), 80u << 16 | 40'000);
  EXPECT_EQ(ntohl(tcp[1]), 7u);
  EXPECT_EQ(ntohl(tcp[2]), 0u) << "one more than the largest";
  __be32 syn[WEIR_IP6_WORDS];
  for (unsigned i = 0; i < WEIR_IP6_WORDS; i++) syn[i] = htonl(i);
  weir_synack_ip6(ip, syn, 24);
  for (unsigned i = 0; i < 4; i++) {
    EXPECT_EQ(ip[2 + i], htonl(6 + i));
    EXPECT_EQ(ip[6 + i], htonl(2 + i));
  }
}

}  // namespace
