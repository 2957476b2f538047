// SPDX-License-Identifier: BSD-2-Clause
// The histogram of response times: as the kernel fills it, and as people read it.
#include "stats/responses.h"

#include <gtest/gtest.h>

#include "lib/response.h"

namespace weir {
namespace {

TEST(Responses, EveryTimeIsInTheBucketWhoseBoundsHoldIt) {
  for (std::uint64_t us = 0; us < 200'000'000; us += 1 + us / 37) {
    const __u32 bucket = weir_response_bucket(us);
    ASSERT_LT(bucket, static_cast<__u32>(WEIR_RESPONSE_BUCKETS)) << us;
    ASSERT_GE(us, weir_response_bound(bucket)) << us;
    if (bucket + 1 < WEIR_RESPONSE_BUCKETS) {
      ASSERT_LT(us, weir_response_bound(bucket + 1)) << us;
    }
  }
  for (__u32 bucket = 1; bucket < WEIR_RESPONSE_BUCKETS; bucket++)
    EXPECT_EQ(weir_response_bucket(weir_response_bound(bucket)), bucket);
}

weir_responses of(std::initializer_list<std::uint64_t> times_us) {
  weir_responses responses{};
  for (const std::uint64_t us : times_us) {
    responses.count++;
    responses.sum_us += us;
    responses.buckets[weir_response_bucket(us)]++;
  }
  return responses;
}

TEST(Responses, QuantilesAreWithinAnEighth) {
  weir_responses responses{};
  for (std::uint64_t us = 1000; us <= 100'000; us += 10) add_responses(responses, of({us}));
  EXPECT_NEAR(mean_ms(responses), 50.5, 0.01);
  EXPECT_NEAR(quantile_ms(responses, 0.5), 50.5, 6);
  EXPECT_NEAR(quantile_ms(responses, 0.95), 95, 12);
  EXPECT_NEAR(quantile_ms(responses, 0.99), 99, 12);
  EXPECT_EQ(quantile_ms({}, 0.5), 0);
  EXPECT_EQ(mean_ms({}), 0);
}

TEST(Responses, AreCountedExactlyAtPowersOfTwo) {
  const auto responses = of({0, 511, 512, 1023, 1024, 5'000'000'000});
  EXPECT_EQ(faster_than(responses, 512), 2u);
  EXPECT_EQ(faster_than(responses, 1024), 4u);
  EXPECT_EQ(faster_than(responses, 2048), 5u);
}

TEST(Responses, AClassIsThatOfAStatusLineOnly) {
  EXPECT_EQ(weir_status_class("HTTP/1.1 2"), 2u);
  EXPECT_EQ(weir_status_class("HTTP/1.0 5"), 5u);
  EXPECT_EQ(weir_status_class("HTTP/1.1 9"), 0u);
  EXPECT_EQ(weir_status_class("HTTP/1.1x2"), 0u);
  EXPECT_EQ(weir_status_class("SSH-2.0-Op"), 0u);
}

}  // namespace
}  // namespace weir
