// SPDX-License-Identifier: BSD-2-Clause
#include "bans/book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/abi.h"

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr WallTime kNow = WallTime(hours(498'689));
constexpr BootNs kBoot = 1000 * kSecond;
const std::string kThisBoot = "this-boot";

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }
Address address(const char* text) { return Address::parse(text).value(); }

std::vector<Prefix> expired(BanBook& book, WallTime wall, BootNs boot, const std::string& id) {
  std::vector<Prefix> prefixes;
  for (const auto& ban : book.expire(wall, boot, id)) prefixes.push_back(ban.prefix);
  return prefixes;
}

StoredBan forever(const char* text) {
  StoredBan ban;
  ban.prefix = prefix(text);
  ban.since = kNow;
  return ban;
}

// Made now in this boot, to end in `duration` on both clocks.
StoredBan ban_for(const char* text, seconds duration) {
  StoredBan ban = forever(text);
  ban.until = kNow + duration;
  ban.until_boot = kBoot + static_cast<BootNs>(duration.count()) * kSecond;
  ban.boot_id = kThisBoot;
  return ban;
}

TEST(BanEnd, WithoutAnEndIsForEver) {
  EXPECT_EQ(kernel_until(forever("192.0.2.1"), kNow, kBoot, kThisBoot), WEIR_BAN_FOREVER);
}

TEST(BanEnd, InItsOwnBootIsExactWhateverTheWallClockDoes) {
  const StoredBan ban = ban_for("192.0.2.1", seconds(60));
  for (const auto step : {hours(-24), hours(0), hours(24)})
    EXPECT_EQ(kernel_until(ban, kNow + step, kBoot + kSecond, kThisBoot), kBoot + 60 * kSecond);
  EXPECT_FALSE(kernel_until(ban, kNow - hours(24), kBoot + 60 * kSecond, kThisBoot));
}

TEST(BanEnd, AfterARebootIsWhatTheWallClockLeaves) {
  const StoredBan ban = ban_for("192.0.2.1", seconds(60));
  EXPECT_EQ(kernel_until(ban, kNow + seconds(20), 5 * kSecond, "next-boot"), 45 * kSecond);
  EXPECT_FALSE(kernel_until(ban, kNow + seconds(60), 5 * kSecond, "next-boot"));
}

TEST(BanEnd, ThatIsKnownOnTheWallClockOnlyIsUsed) {
  StoredBan ban = ban_for("192.0.2.1", seconds(60));
  ban.until_boot.reset();
  EXPECT_EQ(kernel_until(ban, kNow, kBoot, kThisBoot), kBoot + 60 * kSecond);
}

TEST(BanEnd, TooFarForTheKernelsClockIsLateAndNotInThePast) {
  StoredBan ban = forever("192.0.2.1");
  ban.until = WallTime(Milliseconds(INT64_MAX / 2));
  const auto until = kernel_until(ban, kNow, kBoot, kThisBoot);
  ASSERT_TRUE(until);
  EXPECT_GT(*until, UINT64_MAX / 2);
  EXPECT_NE(*until, WEIR_BAN_FOREVER) << "it has an end";
}

TEST(BanBook, CountsHowOftenAPrefixWasBanned) {
  BanBook book;
  EXPECT_EQ(book.add(ban_for("192.0.2.1", seconds(60))).times, 1);
  EXPECT_EQ(book.add(ban_for("192.0.2.1", seconds(60))).times, 2);
  EXPECT_EQ(book.add(ban_for("192.0.2.2", seconds(60))).times, 1);
  EXPECT_EQ(book.size(), 2u);
}

TEST(BanBook, ANewBanReplacesTheEarlierOne) {
  BanBook book;
  book.add(ban_for("192.0.2.1", seconds(60)));
  StoredBan second = ban_for("192.0.2.1", seconds(600));
  second.reason = "again";
  book.add(second);
  ASSERT_TRUE(book.find(prefix("192.0.2.1")));
  EXPECT_EQ(book.find(prefix("192.0.2.1"))->reason, "again");
  EXPECT_EQ(book.find(prefix("192.0.2.1"))->until, second.until);
  EXPECT_EQ(book.find(prefix("192.0.2.1"))->times, 2);
}

TEST(BanBook, RemembersTheCountOfABanThatEnded) {
  BanBook book;
  book.add(ban_for("192.0.2.1", seconds(60)));
  book.add(ban_for("192.0.2.1", seconds(60)));
  ASSERT_THAT(expired(book, kNow + seconds(60), kBoot + 60 * kSecond, kThisBoot),
              ElementsAre(prefix("192.0.2.1")));
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(book.add(ban_for("192.0.2.1", seconds(60))).times, 3);
}

TEST(BanBook, ForgetsTheCountOfABanThatWasTakenBack) {
  BanBook book;
  book.add(forever("192.0.2.1"));
  EXPECT_TRUE(book.remove(prefix("192.0.2.1")));
  EXPECT_FALSE(book.remove(prefix("192.0.2.1")));
  EXPECT_EQ(book.add(forever("192.0.2.1")).times, 1);
}

TEST(BanBook, TakesTheStoresCountOfAPrefixItDoesNotKnow) {
  BanBook book;
  StoredBan ban = forever("192.0.2.1");
  ban.times = 7;
  EXPECT_EQ(book.add(ban).times, 7);
  ban.times = 1;
  EXPECT_EQ(book.add(ban).times, 8);
}

TEST(BanBook, TheMemoryOfEndedBansIsBounded) {
  BanBook book(2);
  for (const char* text : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    book.add(ban_for(text, seconds(60)));
  EXPECT_EQ(expired(book, kNow, kBoot + 60 * kSecond, kThisBoot).size(), 3u);
  EXPECT_EQ(book.add(forever("192.0.2.1")).times, 1) << "the oldest made room";
  EXPECT_EQ(book.add(forever("192.0.2.2")).times, 2);
  EXPECT_EQ(book.add(forever("192.0.2.3")).times, 2);
}

TEST(BanBook, ExpiresExactlyWhatIsOver) {
  BanBook book;
  book.add(forever("192.0.2.1"));
  book.add(ban_for("192.0.2.2", seconds(10)));
  book.add(ban_for("192.0.2.3", seconds(20)));
  const auto at = [&](int s) {
    return expired(book, kNow + seconds(s), kBoot + static_cast<BootNs>(s) * kSecond, kThisBoot);
  };
  EXPECT_THAT(at(9), IsEmpty());
  EXPECT_THAT(at(10), ElementsAre(prefix("192.0.2.2")));
  EXPECT_THAT(at(10), IsEmpty());
  EXPECT_THAT(at(1000), ElementsAre(prefix("192.0.2.3")));
  EXPECT_EQ(book.all().size(), 1u);
}

TEST(BanBook, AWallClockSetForwardEndsNoBanOfThisBoot) {
  BanBook book;
  book.add(ban_for("192.0.2.2", seconds(10)));
  EXPECT_THAT(expired(book, kNow + hours(9), kBoot + 5 * kSecond, kThisBoot), IsEmpty());
  EXPECT_THAT(expired(book, kNow + hours(9), kBoot + 10 * kSecond, kThisBoot),
              ElementsAre(prefix("192.0.2.2")));
}

TEST(BanBook, AWallClockSetBackKeepsNoBanOfThisBootAlive) {
  BanBook book;
  book.add(ban_for("192.0.2.2", seconds(10)));
  EXPECT_THAT(expired(book, kNow - hours(9), kBoot + 10 * kSecond, kThisBoot),
              ElementsAre(prefix("192.0.2.2")));
}

TEST(BanBook, ABanOfAnEarlierBootEndsByTheWallClock) {
  BanBook book;
  StoredBan ban = ban_for("192.0.2.2", seconds(10));
  ban.boot_id = "earlier-boot";
  book.add(ban);
  EXPECT_THAT(expired(book, kNow + seconds(9), kBoot + hours(9).count(), kThisBoot), IsEmpty());
  EXPECT_THAT(expired(book, kNow + seconds(10), 0, kThisBoot), ElementsAre(prefix("192.0.2.2")));
}

TEST(BanBook, FindsTheLongestPrefixThatCoversAnAddress) {
  BanBook book;
  book.add(forever("192.0.2.0/24"));
  book.add(forever("192.0.0.0/16"));
  book.add(forever("2001:db8::/32"));
  const auto found = [&](const char* text) -> std::string {
    const auto ban = book.find(address(text), kNow, kBoot, kThisBoot);
    return ban ? ban->prefix.text() : "none";
  };
  EXPECT_EQ(found("192.0.2.9"), "192.0.2.0/24");
  EXPECT_EQ(found("192.0.3.9"), "192.0.0.0/16");
  EXPECT_EQ(found("192.1.0.1"), "none");
  EXPECT_EQ(found("2001:db8:1::1"), "2001:db8::/32");
  EXPECT_EQ(found("2001:db9::1"), "none");
}

TEST(BanBook, ABanOfAllOfOneFamilyDoesNotCoverTheOther) {
  BanBook book;
  book.add(forever("::/0"));
  EXPECT_FALSE(book.find(address("192.0.2.1"), kNow, kBoot, kThisBoot));
  EXPECT_TRUE(book.find(address("2001:db8::1"), kNow, kBoot, kThisBoot));
}

TEST(BanBook, ABanThatIsOverHidesNoWiderOne) {
  BanBook book;
  book.add(forever("192.0.2.0/24"));
  book.add(ban_for("192.0.2.1", seconds(10)));
  const auto at = [&](BootNs boot) {
    return book.find(address("192.0.2.1"), kNow, boot, kThisBoot)->prefix.text();
  };
  EXPECT_EQ(at(kBoot), "192.0.2.1/32");
  EXPECT_EQ(at(kBoot + 10 * kSecond), "192.0.2.0/24");
}

TEST(BanBook, FindsAPrefixOnlyByItsLength) {
  BanBook book;
  book.add(forever("192.0.2.0/24"));
  EXPECT_TRUE(book.find(prefix("192.0.2.0/24")));
  EXPECT_FALSE(book.find(prefix("192.0.2.0/25")));
}

TEST(BanBook, ListsBansInTheOrderOfTheirAddresses) {
  BanBook book;
  for (const char* text : {"198.51.100.1", "2001:db8::1", "192.0.2.1"}) book.add(forever(text));
  std::vector<std::string> texts;
  for (const auto& ban : book.all()) texts.push_back(ban.prefix.text());
  EXPECT_THAT(texts, ElementsAre("192.0.2.1/32", "198.51.100.1/32", "2001:db8::1/128"));
}

}  // namespace
}  // namespace weir
