// SPDX-License-Identifier: BSD-2-Clause
// The TCP headers of answers (bpf/lib/answer.h), against the checksum written again.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

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
unsigned check(const Bytes& header, const Bytes& data) {
  Bytes all{1, 2, 3, 4, 5, 6, 7, 8, 0, 6};
  const auto length = header.size() + data.size();
  all.push_back(static_cast<std::uint8_t>(length >> 8));
  all.push_back(static_cast<std::uint8_t>(length));
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
  __be32 words[WEIR_ANSWER_WORDS];
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
  __be32 words[WEIR_ANSWER_WORDS];
  ASSERT_EQ(weir_answer_tcp(words, &answer, 0, kAddresses), 32u);
  EXPECT_EQ(ntohl(words[1]), 2000u);
  EXPECT_EQ(ntohl(words[2]), 1050u);
  EXPECT_EQ(ntohl(words[3]) >> 16 & 0xff, unsigned{WEIR_TCP_ACK | WEIR_TCP_PSH | WEIR_TCP_FIN});
  EXPECT_EQ(ntohl(words[6]), 88u) << "what they had of ours";
  EXPECT_EQ(ntohl(words[7]), 77u);
  EXPECT_EQ(check(bytes_of(words, 32), text), 0u);
}

}  // namespace
