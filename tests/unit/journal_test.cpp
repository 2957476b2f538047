// SPDX-License-Identifier: BSD-2-Clause
// Events as records of journald: their fields, and how many there may be.
#include "logs/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "output/json.h"
#include "sample_snapshot.h"

namespace weir {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

constexpr BootNs kSecond = 1'000'000'000;

std::string kick_line() {
  EventView event = sample_event("kick");
  event.address = Address::parse("203.0.113.7").value();
  event.service = "web";
  event.event = "request";
  event.count = 21;
  event.path = "/login";
  event.reason = "overLimit";
  return dump(event_json(event));
}

TEST(JournalFields, HaveALineForPeopleAndEachPartToSearchBy) {
  EXPECT_THAT(
      journal_fields(kick_line()),
      IsSupersetOf<std::string>(
          {"SYSLOG_IDENTIFIER=weir", "PRIORITY=6", "WEIR_KIND=kick", "WEIR_ADDRESS=203.0.113.7",
           "WEIR_SERVICE=web", "WEIR_EVENT=request", "WEIR_COUNT=21", "WEIR_JSON=" + kick_line()}));
  EXPECT_EQ(journal_fields(kick_line())[0],
            "MESSAGE=kick      203.0.113.7  web/request  number 21  overLimit  /login");
}

TEST(JournalFields, LeaveOutWhatAnEventHasNot) {
  EventView event = sample_event("mode");
  event.subject = "enforce";
  const auto fields = journal_fields(dump(event_json(event)));
  EXPECT_THAT(fields, Contains("WEIR_SUBJECT=enforce"));
  EXPECT_THAT(fields, Not(Contains(StartsWith("WEIR_ADDRESS="))));
  EXPECT_THAT(fields, Not(Contains(StartsWith("WEIR_COUNT="))));
  EXPECT_THAT(fields, Contains("PRIORITY=5"));
  event.kind = "breaker";
  EXPECT_THAT(journal_fields(dump(event_json(event))), Contains("PRIORITY=4"));
}

class JournalTest : public testing::Test {
 protected:
  std::vector<std::string> messages;
  int error = 0;
  Journal journal{[this](const std::vector<std::string>& fields) {
    if (error == 0) messages.push_back(fields[0]);
    return error;
  }};
};

TEST_F(JournalTest, SendsOnlySoManyASecondAndTheRestLater) {
  for (unsigned i = 0; i < 2 * Journal::kASecond + 50; i++) journal.add(kick_line());
  ASSERT_TRUE(journal.flush(kSecond));
  ASSERT_TRUE(journal.flush(kSecond + kSecond / 2));
  EXPECT_EQ(messages.size(), Journal::kASecond);
  EXPECT_TRUE(journal.has_more());
  ASSERT_TRUE(journal.flush(2 * kSecond));
  ASSERT_TRUE(journal.flush(3 * kSecond));
  EXPECT_FALSE(journal.has_more());
  EXPECT_EQ(journal.counts().written, 2 * Journal::kASecond + 50);
  EXPECT_EQ(journal.counts().lost, 0u);
}

TEST_F(JournalTest, CountsWhatThereIsNoRoomForAndSaysSoInTheJournal) {
  for (std::size_t i = 0; i < Journal::kHeld + 7; i++) journal.add(kick_line());
  EXPECT_EQ(journal.counts().lost, 7u);
  for (BootNs now = kSecond; journal.has_more(); now += kSecond) ASSERT_TRUE(journal.flush(now));
  EXPECT_EQ(messages.size(), Journal::kHeld + 1);
  EXPECT_THAT(messages.back(), HasSubstr("7 events were left out"));
  ASSERT_TRUE(journal.flush(1000 * kSecond));
  EXPECT_EQ(messages.size(), Journal::kHeld + 1) << "said once";
}

TEST_F(JournalTest, KeepsWhatJournaldDoesNotTakeAndGoesOnWhenItDoes) {
  error = EAGAIN;
  journal.add(kick_line());
  const Status sent = journal.flush(kSecond);
  ASSERT_FALSE(sent);
  EXPECT_THAT(sent.error().message, HasSubstr("writing to journald: "));
  EXPECT_TRUE(journal.has_more());
  error = 0;
  ASSERT_TRUE(journal.flush(kSecond));
  EXPECT_EQ(messages.size(), 1u);
}

}  // namespace
}  // namespace weir
