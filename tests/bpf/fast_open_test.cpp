// SPDX-License-Identifier: BSD-2-Clause
// A request in a SYN: cut off, so that it comes again where it can be judged.
#include <gtest/gtest.h>

#include "program.h"
#include "stats/snapshot.h"

namespace {

using namespace weir::test;

constexpr const char* kClient = "198.51.100.7";
constexpr std::size_t kEth = 14;

struct Source {
  const char* address;
  std::size_t length;  // of the data
};

struct FastOpen : testing::TestWithParam<Source> {
  FastOpen() { program.limit(WEIR_EVENT_SYN, 100, 100); }

  static Packet syn(const char* source, std::size_t length = 0) {
    return Packet::from(source).seq(7000).tcp_options(12).payload(std::string(length, 'x'));
  }

  Program program;
};

TEST_P(FastOpen, ASynIsAsIfItHadComeWithoutData) {
  const auto [source, length] = GetParam();
  const auto [verdict, frame] = program.answer(syn(source, length).build());
  EXPECT_EQ(verdict, XDP_PASS);
  EXPECT_EQ(frame, syn(source).build()) << "lengths and checksums too";
  EXPECT_EQ(program.count(WEIR_REASON_UNDER_LIMIT), 1u);
}

INSTANTIATE_TEST_SUITE_P(OfAllLengths, FastOpen,
                         testing::Values(Source{kClient, 1}, Source{kClient, 2},
                                         Source{kClient, 255}, Source{kClient, 256},
                                         Source{kClient, 257}, Source{kClient, 1400},
                                         Source{"2001:db8:1:2::7", 1399}));

TEST_F(FastOpen, ABadChecksumStaysBad) {
  Bytes bad = syn(kClient, 100).build();
  const std::size_t check = kEth + 20 + 16;
  bad[check] ^= 0x55;
  const Bytes frame = program.answer(bad).second, good = syn(kClient).build();
  ASSERT_EQ(frame.size(), good.size());
  EXPECT_NE(Bytes(frame.begin() + check, frame.begin() + check + 2),
            Bytes(good.begin() + check, good.begin() + check + 2));
}

TEST_F(FastOpen, OnlyWhereRequestsAreJudged) {
  const Bytes in = syn(kClient, 100).build();
  program.block().services[0].protocol = WEIR_PROTOCOL_TLS;
  EXPECT_EQ(program.answer(in).second, in);
  program.block().services[0].protocol = WEIR_PROTOCOL_HTTP;
  program.set_mode(WEIR_MODE_OBSERVE);
  EXPECT_EQ(program.answer(in).second, in) << "observe touches nothing";
  program.set_mode(WEIR_MODE_ENFORCE);
  const Bytes other = syn(kClient, 100).to_port(81).build();
  EXPECT_EQ(program.answer(other).second, other);
  EXPECT_NE(program.answer(in).second, in);
}

TEST_F(FastOpen, WithOptionsOfIpTooAndWhatComesInPartsIsRefused) {
  EXPECT_EQ(program.answer(syn(kClient, 100).ip_options(8).build()).second,
            syn(kClient).ip_options(8).build());
  EXPECT_FALSE(program.passes(syn(kClient, 100).fragment(0, 64)));
  EXPECT_FALSE(program.passes(syn("2001:db8:1:2::7", 100).extension(60)));
  EXPECT_EQ(weir::verdict_counts(program.stats())[WEIR_VERDICT_MALFORMED], 2u);
  EXPECT_TRUE(program.passes(syn(kClient).fragment(0, 32))) << "without data";
}

TEST_F(FastOpen, WhoIsAllowedIsLeftAlone) {
  program.allow(kClient, 32);
  const Bytes in = syn(kClient, 100).build();
  EXPECT_EQ(program.answer(in).second, in);
}

}  // namespace
