// SPDX-License-Identifier: BSD-2-Clause
// How settings go over into the kernel: keys of the tables beside them, and logs that start anew.
#include "dataplane/rule_tables.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "dataplane/epochs.h"

namespace weir {
namespace {

TEST(PathKey, HasAsManyBitsAsSlotServiceAndPrefix) {
  weir_path_rule rule{};
  rule.service = 3;
  rule.length = 3;
  std::memcpy(rule.prefix, "/a/", 3);
  const weir_path_key key = path_key(1, rule);
  EXPECT_EQ(key.prefixlen, 16U + 24U);
  EXPECT_EQ(key.slot, 1);
  EXPECT_EQ(key.service, 3);
  EXPECT_STREQ(key.text, "/a/");

  rule.length = WEIR_PATH_MAX;
  std::memset(rule.prefix, 'a', sizeof rule.prefix);
  EXPECT_EQ(path_key(0, rule).prefixlen, 16U + 8 * WEIR_PATH_MAX);
  EXPECT_EQ(path_key(0, rule).text[WEIR_PATH_MAX], '\0');
}

TEST(SuffixKey, HasZerosBehindItsLetters) {
  const weir_suffix_key key = suffix_key(1, "jpg");
  EXPECT_EQ(key.slot, 1);
  EXPECT_STREQ(key.text, "jpg");
  for (int i = 3; i <= WEIR_SUFFIX_MAX; i++) EXPECT_EQ(key.text[i], '\0');
  EXPECT_EQ(suffix_key(0, "abcdefghijklmnop").text[WEIR_SUFFIX_MAX], '\0');
}

class Epochs : public testing::Test {
 protected:
  Epochs() {
    weir_path_rule& rule = now_->rules[0];
    rule.service = 1;
    rule.length = 2;
    std::memcpy(rule.prefix, "/a", 2);
    for (weir_limit* limit :
         {&rule.limit, &now_->services[0].limits[WEIR_EVENT_MEDIA], &now_->services[0].ban}) {
      limit->enabled = 1;
      limit->timeout_ms = 1000;
      limit->epoch = 3;
    }
    *next_ = *now_;
  }
  std::unique_ptr<weir_settings> now_ = std::make_unique<weir_settings>();
  std::unique_ptr<weir_settings> next_ = std::make_unique<weir_settings>();
};

TEST_F(Epochs, StayWhereNothingChangesTheLog) {
  next_->rules[0].limit.to_much = next_->services[0].ban.to_much = 7;
  set_epochs(*next_, *now_);
  EXPECT_EQ(next_->rules[0].limit.epoch, 3);
  EXPECT_EQ(next_->services[0].limits[WEIR_EVENT_MEDIA].epoch, 3);
  EXPECT_EQ(next_->services[0].ban.epoch, 3);
}

TEST_F(Epochs, ChangeWithTheFormOfTheLog) {
  next_->rules[0].limit.timeout_ms = 1;
  next_->services[0].limits[WEIR_EVENT_MEDIA].stride_shift = 1;
  next_->services[0].ban.tick_shift = 1;
  set_epochs(*next_, *now_);
  EXPECT_EQ(next_->rules[0].limit.epoch, 0) << "and go round";
  EXPECT_EQ(next_->services[0].limits[WEIR_EVENT_MEDIA].epoch, 0);
  EXPECT_EQ(next_->services[0].ban.epoch, 0);
}

TEST_F(Epochs, OfAPathRuleChangeWhenAnotherRuleHasItsNumber) {
  next_->rules[0].prefix[1] = 'b';
  set_epochs(*next_, *now_);
  EXPECT_EQ(next_->rules[0].limit.epoch, 0);
  *next_ = *now_;
  next_->rules[0].service = 2;
  set_epochs(*next_, *now_);
  EXPECT_EQ(next_->rules[0].limit.epoch, 0);
}

}  // namespace
}  // namespace weir
