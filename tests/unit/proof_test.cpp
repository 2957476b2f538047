// SPDX-License-Identifier: BSD-2-Clause
// The memory of connections that were proved (bpf/lib/proof.h).
#include <gtest/gtest.h>

extern "C" {
#include "lib/proof.h"
}

namespace {

constexpr std::uint64_t kNow = 1'000'000;

// The n-th connection of one set.
std::uint64_t hash_of(std::uint64_t n) { return (n + 1) << 48; }

bool finds(weir_proof_set& set, std::uint64_t hash, std::uint32_t seq, std::uint64_t now = kNow) {
  return weir_proof_find(&set, hash, seq, now) != 0;
}

TEST(Proof, HoldsForSegmentsThatFollowTheNewestOrAreItAgain) {
  weir_proof_set set{};
  EXPECT_FALSE(finds(set, hash_of(0), 5000));
  weir_proof_put(&set, hash_of(0), 5000, kNow);
  EXPECT_TRUE(finds(set, hash_of(0), 5000));
  EXPECT_TRUE(finds(set, hash_of(0), 5000 + WEIR_SEQ_REACH - 1));
  EXPECT_TRUE(finds(set, hash_of(0), 5000 + WEIR_SEQ_REACH)) << "behind the newest, not the first";
  EXPECT_FALSE(finds(set, hash_of(0), 5000)) << "what is older has to be looked at";
  EXPECT_FALSE(finds(set, hash_of(0), 0x80000000)) << "a guess";
  EXPECT_FALSE(finds(set, hash_of(1), 5000)) << "another connection";
}

TEST(Proof, SequenceNumbersGoRound) {
  weir_proof_set set{};
  weir_proof_put(&set, hash_of(0), 0xfffffff0, kNow);
  EXPECT_TRUE(finds(set, hash_of(0), 0x10));
  EXPECT_TRUE(weir_is_near(5, 0xfffffff0));
  EXPECT_TRUE(weir_is_near(0xfffffff0, 5));
  EXPECT_FALSE(weir_is_near(WEIR_SEQ_REACH, 0));
  EXPECT_TRUE(weir_is_near(0u - WEIR_SEQ_REACH, 0));
}

TEST(Proof, IsForgottenAfterAWhileHoweverMuchComes) {
  weir_proof_set set{};
  weir_proof_put(&set, hash_of(0), 1, kNow);
  EXPECT_TRUE(finds(set, hash_of(0), 2, kNow + WEIR_PROOF_MS - 1));
  EXPECT_FALSE(finds(set, hash_of(0), 3, kNow + WEIR_PROOF_MS));
}

TEST(Proof, TakesItsOwnPlaceThenAFreeOneThenTheOldest) {
  weir_proof_set set{};
  for (std::uint64_t n = 0; n < WEIR_PROOF_WAYS; n++)
    weir_proof_put(&set, hash_of(n), 1, kNow + n * 1000);
  weir_proof_put(&set, hash_of(0), 1, kNow + 10'000);  // its own: pushes nobody out
  for (std::uint64_t n = 0; n < WEIR_PROOF_WAYS; n++)
    EXPECT_TRUE(finds(set, hash_of(n), 1, kNow + 10'000)) << n;
  weir_proof_put(&set, hash_of(9), 1, kNow + 11'000);
  EXPECT_TRUE(finds(set, hash_of(0), 1, kNow + 11'000));
  EXPECT_FALSE(finds(set, hash_of(1), 1, kNow + 11'000)) << "the one proved first";
  EXPECT_TRUE(finds(set, hash_of(2), 1, kNow + 11'000));
}

}  // namespace
