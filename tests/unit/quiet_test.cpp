// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/quiet.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Quiet, IsAsLongAsTheCounterHasStayedTheSame) {
  Quiet quiet;
  EXPECT_EQ(quiet.tick(5), 0) << "something happened before";
  EXPECT_EQ(quiet.tick(5), 1);
  EXPECT_EQ(quiet.tick(5), 2);
  EXPECT_EQ(quiet.tick(6), 0);
  EXPECT_EQ(quiet.tick(2), 0) << "a counter that begins anew has counted something";
  EXPECT_EQ(quiet.tick(2), 1);
}

TEST(Quiet, BeginsWhereNothingEverHappened) {
  Quiet quiet;
  EXPECT_EQ(quiet.tick(0), 1);
  EXPECT_EQ(quiet.tick(0), 2);
}

}  // namespace
}  // namespace weir
