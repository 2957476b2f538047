// SPDX-License-Identifier: BSD-2-Clause
// What starts a request on a connection, as the server sees it (bpf/lib/conn.h).
#include <gtest/gtest.h>

#include "weir/abi.h"

extern "C" {
#include "lib/conn.h"
}

namespace {

constexpr __u64 kNow = 5'000'000;
constexpr __u32 kFirst = 0xffffff00;  // sequence numbers go round soon
constexpr __u32 kAck = 0x1000;

class Connection : public testing::Test {
 protected:
  weir_conn conn{};

  void SetUp() override { weir_conn_meet(&conn, 7, kFirst, kAck, 1, 1, kNow); }

  weir_segment segment(__u32 seq, __u32 length, __u32 ack, bool is_method = false) {
    const auto kind = weir_classify(&conn, seq, length, ack, is_method);
    if (kind == WEIR_SEGMENT_MORE) weir_conn_advance(&conn, seq + length, kNow);
    return kind;
  }
  // A request that is let through.
  weir_segment begin(__u32 seq, __u32 length, __u32 ack, bool is_whole = true, __u32 body = 0) {
    const auto kind = segment(seq, length, ack, true);
    if (kind == WEIR_SEGMENT_START) weir_conn_begin(&conn, seq + length, ack, is_whole, body, kNow);
    return kind;
  }
};

TEST_F(Connection, ItsFirstDataStartsARequestWhateverItLooksLike) {
  EXPECT_EQ(segment(kFirst, 1, kAck), WEIR_SEGMENT_START);
}

TEST_F(Connection, WhatTheServerHasNotAnsweredYetGoesOn) {
  ASSERT_EQ(begin(kFirst, 1, kAck, false), WEIR_SEGMENT_START);
  for (__u32 byte = 1; byte < 500; byte++)
    ASSERT_EQ(segment(kFirst + byte, 1, kAck, byte % 2 == 0), WEIR_SEGMENT_MORE) << byte;
  EXPECT_EQ(segment(kFirst + 500, 100, kAck + 1), WEIR_SEGMENT_START) << "the server has answered";
}

TEST_F(Connection, WhatCameBeforeStartsNothing) {
  begin(kFirst, 100, kAck);
  EXPECT_EQ(segment(kFirst, 100, kAck, true), WEIR_SEGMENT_OLD) << "sent again";
  EXPECT_EQ(segment(kFirst + 50, 50, kAck), WEIR_SEGMENT_OLD);
  EXPECT_EQ(segment(kFirst + 99, 1, kAck + 1000), WEIR_SEGMENT_OLD) << "a keep-alive probe";
  EXPECT_EQ(segment(kFirst, 100, kAck + 1000, true), WEIR_SEGMENT_OLD) << "a late double";
}

TEST_F(Connection, RequestsMayBePutBehindEachOther) {
  begin(kFirst, 100, kAck);
  EXPECT_EQ(begin(kFirst + 100, 100, kAck), WEIR_SEGMENT_START);
  EXPECT_EQ(begin(kFirst + 200, 100, kAck, false), WEIR_SEGMENT_START);
  EXPECT_EQ(begin(kFirst + 300, 100, kAck), WEIR_SEGMENT_MORE) << "the one before is not whole";
}

TEST_F(Connection, ABodyIsNoRequest) {
  begin(kFirst, 100, kAck);
  EXPECT_EQ(segment(kFirst + 100, 1448, kAck), WEIR_SEGMENT_MORE);
  EXPECT_EQ(segment(kFirst + 1548, 1448, kAck), WEIR_SEGMENT_MORE);
}

TEST_F(Connection, ABodyGoesOnHoweverItLooksAndWhateverTheServerSays) {
  begin(kFirst, 100, kAck, true, 300);
  EXPECT_EQ(segment(kFirst + 100, 200, kAck + 25, true), WEIR_SEGMENT_MORE) << "100 Continue";
  EXPECT_EQ(segment(kFirst + 300, 100, kAck + 25, true), WEIR_SEGMENT_MORE);
  EXPECT_EQ(segment(kFirst + 399, 100, kAck + 25), WEIR_SEGMENT_START) << "its end and more";
  EXPECT_EQ(segment(kFirst + 400, 100, kAck + 25, true), WEIR_SEGMENT_START);
}

TEST_F(Connection, NothingIsHiddenBehindAByteThatIsKnown) {
  begin(kFirst, 100, kAck);
  EXPECT_EQ(segment(kFirst + 99, 50, kAck), WEIR_SEGMENT_START);
  EXPECT_EQ(weir_conn_skip(&conn, kFirst + 99), 1u);
}

// As TCP does when the acknowledgement of the first part was lost.
TEST_F(Connection, ARequestIsOneWhenItsFirstPartIsSentAgainTogetherWithItsRest) {
  begin(kFirst, 50, kAck, false);
  EXPECT_EQ(segment(kFirst, 100, kAck, true), WEIR_SEGMENT_MORE);
  EXPECT_EQ(segment(kFirst, 100, kAck, true), WEIR_SEGMENT_OLD);
  begin(kFirst + 100, 50, kAck + 500, true, 30);
  EXPECT_EQ(segment(kFirst + 100, 80, kAck + 500, true), WEIR_SEGMENT_MORE) << "and its body";
}

TEST_F(Connection, ARequestIsReadWhereItBegins) {
  EXPECT_EQ(weir_conn_skip(&conn, kFirst), 0u);
  EXPECT_EQ(weir_conn_skip(&conn, kFirst + 10), 0u) << "behind a gap";
  begin(kFirst, 100, kAck, true, 300);
  EXPECT_EQ(weir_conn_skip(&conn, kFirst + 350), 50u) << "behind the body";
  EXPECT_EQ(weir_conn_skip(&conn, kFirst + 50), 350u);
  EXPECT_EQ(weir_conn_skip(&conn, kFirst + 450), 0u);
}

TEST_F(Connection, BehindAGapOnlyWhatLooksLikeARequestIsOne) {
  begin(kFirst, 100, kAck, false);
  EXPECT_EQ(segment(kFirst + 200, 50, kAck), WEIR_SEGMENT_MORE);
  EXPECT_EQ(segment(kFirst + 400, 50, kAck, true), WEIR_SEGMENT_START);
}

TEST_F(Connection, ARequestThatIsHeldOffStaysTheNextOne) {
  begin(kFirst, 100, kAck);
  ASSERT_EQ(segment(kFirst + 100, 100, kAck + 500, true), WEIR_SEGMENT_START);
  weir_conn_hold(&conn, kFirst + 100, kAck + 500);
  EXPECT_EQ(segment(kFirst + 200, 40, kAck + 500), WEIR_SEGMENT_MORE) << "its rest";
  EXPECT_EQ(segment(kFirst + 100, 100, kAck + 500, true), WEIR_SEGMENT_START) << "sent again";
  EXPECT_EQ(segment(kFirst + 300, 100, kAck + 500, true), WEIR_SEGMENT_START)
      << "who does not wait for it is not let in behind it";
  EXPECT_EQ(begin(kFirst + 100, 100, kAck + 500), WEIR_SEGMENT_START) << "released";
  EXPECT_EQ(segment(kFirst + 100, 100, kAck + 500, true), WEIR_SEGMENT_OLD);
}

TEST_F(Connection, IsAskedForAgainWhereNothingIsExpected) {
  EXPECT_EQ(segment(kFirst + 2 * WEIR_SEQ_REACH, 10, kAck, true), WEIR_SEGMENT_LOST);
  EXPECT_EQ(segment(kFirst - 2 * WEIR_SEQ_REACH, 10, kAck, true), WEIR_SEGMENT_LOST);
}

TEST_F(Connection, MetInTheMiddleOnlyWhatLooksLikeARequestIsOne) {
  weir_conn_meet(&conn, 7, kFirst, kAck, 0, 1, kNow);
  EXPECT_EQ(segment(kFirst, 100, kAck), WEIR_SEGMENT_MORE);
  EXPECT_EQ(begin(kFirst + 100, 100, kAck), WEIR_SEGMENT_START);
}

TEST(Connections, AreFoundUntilTheyWereSilentForLong) {
  weir_conn_set set{};
  constexpr __u64 kLong = __u64{WEIR_CONN_TICKS} * WEIR_CONN_TICK_MS;
  for (__u64 id = 1; id <= WEIR_CONN_WAYS; id++)
    weir_conn_meet(&set.ways[weir_conn_victim(&set, id, kNow)], id, 0, 0, 1, 1, kNow + id * 1000);
  for (__u64 id = 1; id <= WEIR_CONN_WAYS; id++)
    EXPECT_LT(weir_conn_find(&set, id, kNow + 5000), __u32{WEIR_CONN_WAYS}) << id;
  EXPECT_LT(weir_conn_find(&set, 4, kNow), __u32{WEIR_CONN_WAYS}) << "by a CPU whose clock lags";
  EXPECT_EQ(weir_conn_find(&set, 9, kNow), __u32{WEIR_CONN_WAYS});
  EXPECT_EQ(weir_conn_find(&set, 1, kNow + 1000 + kLong), __u32{WEIR_CONN_WAYS});
  EXPECT_EQ(weir_conn_victim(&set, 9, kNow + 5000), weir_conn_find(&set, 1, kNow + 5000))
      << "the one that was silent for longest makes room";
  EXPECT_EQ(weir_conn_victim(&set, 3, kNow + 5000), weir_conn_find(&set, 3, kNow + 5000));
}

}  // namespace
