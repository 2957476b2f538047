// SPDX-License-Identifier: BSD-2-Clause
// The headers of answers (bpf/lib/answer.h), against the checksum written again;
// tests/bpf/challenge_test.cpp and kick_out_test.cpp look at them as sent.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "packet.h"

extern "C" {
#include "lib/answer.h"
}

namespace {

using weir::test::Bytes;

constexpr std::uint32_t kFrom = 0x01020304, kTo = 0x05060708;

Bytes bytes_of(const __be32* words, std::size_t length) {
  Bytes bytes(length);
  std::memcpy(bytes.data(), words, length);
  return bytes;
}

// 0 when the checksum of header and data is right.
unsigned check(const Bytes& header, const Bytes& data,
               const Bytes& addresses = {1, 2, 3, 4, 5, 6, 7, 8}) {
  Bytes all = addresses;
  weir::test::put32(all, 6);
  weir::test::put32(all, static_cast<std::uint32_t>(header.size() + data.size()));
  all.insert(all.end(), header.begin(), header.end());
  all.insert(all.end(), data.begin(), data.end());
  return weir::test::internet_checksum(all);
}

weir_facts facts_of(std::uint8_t flags, std::uint32_t payload) {
  weir_facts facts{};
  facts.seq = 1000;
  facts.ack = 2000;
  facts.flags = flags;
  facts.payload_length = payload;
  return facts;
}

constexpr std::size_t kWords = WEIR_TCP_WORDS + WEIR_OPTION_WORDS;
constexpr __u64 kAddresses = __u64{__builtin_bswap32(kFrom)} + __builtin_bswap32(kTo);

TEST(Reset, OfAnAcknowledgementComesWhereItIsExpected) {
  weir_answer answer;
  const auto facts = facts_of(WEIR_TCP_ACK, 50);
  weir_make_reset(&answer, &facts);
  EXPECT_EQ(answer.flags, unsigned{WEIR_TCP_RST});
  EXPECT_EQ(answer.seq, 2000u);
}

TEST(Reset, OfASynAcknowledgesIt) {
  weir_answer answer;
  const auto facts = facts_of(WEIR_TCP_SYN, 10);
  weir_make_reset(&answer, &facts);
  EXPECT_EQ(answer.flags, unsigned{WEIR_TCP_RST | WEIR_TCP_ACK});
  EXPECT_EQ(answer.seq, 0u);
  EXPECT_EQ(answer.ack, 1011u);
  __be32 words[kWords];
  ASSERT_EQ(weir_answer_tcp(words, &answer, htonl(4242u << 16 | 80), kAddresses), 20u);
  EXPECT_EQ(ntohl(words[0]), 80u << 16 | 4242);
  EXPECT_EQ(check(bytes_of(words, 20), {}), 0u);
}

TEST(Reply, TakesTheServersPlaceAndCarriesTimestampsBack) {
  const Bytes text{'4', '2', '9'};
  __u32 sum = text[0] | text[1] << 8;
  sum += text[2];
  __be32 theirs[16]{};
  theirs[3] = htonl(8u << 28);
  theirs[5] = htonl(WEIR_OPTION_TIMESTAMPS);
  theirs[6] = htonl(77);
  theirs[7] = htonl(88);
  weir_answer answer{};
  const auto facts = facts_of(WEIR_TCP_ACK | WEIR_TCP_PSH, 50);
  weir_make_reply(&answer, &facts, theirs, 3, sum);
  __be32 words[kWords];
  ASSERT_EQ(weir_answer_tcp(words, &answer, 0, kAddresses), 32u);
  EXPECT_EQ(ntohl(words[1]), 2000u);
  EXPECT_EQ(ntohl(words[2]), 1050u);
  EXPECT_EQ(ntohl(words[3]) >> 16 & 0xff, unsigned{WEIR_TCP_ACK | WEIR_TCP_PSH | WEIR_TCP_FIN});
  EXPECT_EQ(ntohl(words[6]), 88u) << "what they had of ours";
  EXPECT_EQ(ntohl(words[7]), 77u);
  EXPECT_EQ(check(bytes_of(words, 32), text), 0u);
}

TEST(SynAck, AcknowledgesTheSynWithTheCookie) {
  weir_answer answer;
  auto facts = facts_of(WEIR_TCP_SYN, 0);
  facts.seq = ~0u;
  weir_make_synack(&answer, &facts, 7, 1440);
  __be32 words[kWords];
  ASSERT_EQ(weir_answer_tcp(words, &answer, htonl(40'000u << 16 | 80), kAddresses), 24u);
  EXPECT_EQ(ntohl(words[0]), 80u << 16 | 40'000);
  EXPECT_EQ(ntohl(words[1]), 7u);
  EXPECT_EQ(ntohl(words[2]), 0u) << "one more than the largest";
  EXPECT_EQ(ntohl(words[3]), 6u << 28 | (WEIR_TCP_SYN | WEIR_TCP_ACK) << 16 | 0xffff);
  EXPECT_EQ(ntohl(words[5]), 0x02040000u | 1440);
  weir_make_synack(&answer, &facts, 7, 0);
  EXPECT_EQ(weir_answer_tcp(words, &answer, 0, kAddresses), 20u);
}

TEST(Answer, HasRightChecksumsWhateverTheNumbers) {
  std::independent_bits_engine<std::mt19937, 32, std::uint32_t> random(3);
  for (int i = 0; i < 100'000; i++) {
    // Sums that carry the most and the least come up too.
    const auto number = [&] { return i % 7 == 0 ? ~0u : i % 7 == 1 ? 0u : random(); };
    weir_answer answer{};
    answer.seq = number();
    answer.ack = number();
    answer.flags = WEIR_TCP_ACK;
    answer.option_words = static_cast<__u32>(i % 4);
    for (unsigned word = 0; word < answer.option_words; word++) answer.options[word] = number();
    __be32 theirs[WEIR_IP6_WORDS], tcp[kWords], ip[WEIR_IP6_WORDS];
    for (auto& word : theirs) word = number();

    const auto length = weir_answer_tcp(tcp, &answer, number(), weir_sum(theirs + 3, 2, 0));
    ASSERT_EQ(length, 20u + 4 * answer.option_words);
    ASSERT_EQ(check(bytes_of(tcp, length), {}, bytes_of(theirs + 3, 8)), 0u) << i;
    weir_answer_ip4(ip, theirs, length);
    ASSERT_EQ(weir::test::internet_checksum(bytes_of(ip, 20)), 0) << i;
  }
}

TEST(Answer, ExchangesAddresses) {
  __be32 theirs[WEIR_IP6_WORDS], ip[WEIR_IP6_WORDS];
  for (unsigned i = 0; i < WEIR_IP6_WORDS; i++) theirs[i] = htonl(i);
  weir_answer_ip6(ip, theirs, 24);
  for (unsigned i = 0; i < 4; i++) {
    EXPECT_EQ(ip[2 + i], htonl(6 + i));
    EXPECT_EQ(ip[6 + i], htonl(2 + i));
  }
}

}  // namespace
