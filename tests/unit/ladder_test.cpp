// SPDX-License-Identifier: BSD-2-Clause
// Which ban a kick asks for, and how long it is.
#include "bans/ladder.h"

#include <gtest/gtest.h>

#include <cstring>

namespace weir {
namespace {

using namespace std::chrono_literals;

// The second service has the rules, so that neither index is 0 by chance.
Settings with_rules() {
  Settings settings;
  settings.services.resize(2);
  settings.services[0].name = "shop";
  settings.services[0].paths = {{"/cart/", 1, 2, 1s, std::nullopt}};
  Service& web = settings.services[1];
  web.name = "web";
  web.ban = BanRule{.after = 30, .within = 1min, .duration = 10min, .longest = 24h};
  web.paths = {{"/register/", 5, 10, 1min, 1h}, {"/search", 5, 10, 1min, std::nullopt}};
  return settings;
}

weir_notice kick(const char* address, __u16 rule = 0) {
  weir_notice notice{};
  const auto bytes = Address::parse(address)->bytes();
  std::memcpy(notice.addr, bytes.data(), bytes.size());
  notice.service = 2;
  notice.rule = rule;
  notice.ban_due = 1;
  return notice;
}

TEST(DueBan, IsTheServicesWithItsCountInWords) {
  const auto ban = due_ban(kick("198.51.100.7"), with_rules());
  ASSERT_TRUE(ban);
  EXPECT_EQ(ban->prefix.text(), "198.51.100.7/32");
  EXPECT_EQ(ban->service, "web");
  EXPECT_EQ(ban->rule, "web.ban");
  EXPECT_EQ(ban->reason, "30 kicks within 1m");
  EXPECT_EQ(ban->first, 10min);
  EXPECT_EQ(ban->longest, 24h);
}

TEST(DueBan, IsOfThePathRuleThatHasOne) {
  const auto ban = due_ban(kick("198.51.100.7", 2), with_rules());
  ASSERT_TRUE(ban);
  EXPECT_EQ(ban->rule, "web.paths /register/");
  EXPECT_EQ(ban->reason, "over 10 requests to /register/ within 1m");
  EXPECT_EQ(ban->first, 1h);
  EXPECT_EQ(ban->longest, 24h);
  EXPECT_EQ(due_ban(kick("198.51.100.7", 3), with_rules())->rule, "web.ban");

  Settings settings = with_rules();
  settings.services[1].ban.reset();
  settings.services[1].paths[0].ban = 48h;
  EXPECT_EQ(due_ban(kick("198.51.100.7", 2), settings)->longest, 48h) << "not cut short";
}

TEST(DueBan, IsOfTheWholeSource) {
  Settings settings = with_rules();
  EXPECT_EQ(due_ban(kick("2001:db8:1:2:3::4"), settings)->prefix.text(), "2001:db8:1:2::/64");
  settings.prefix4 = 24;
  const auto ban = due_ban(kick("198.51.100.7"), settings);
  EXPECT_EQ(ban->prefix.text(), "198.51.100.0/24");
  EXPECT_EQ(ban->address.text(), "198.51.100.7");
}

TEST(DueBan, IsNoneWhenTheNoticeOrTheSettingsHaveNone) {
  Settings settings = with_rules();
  weir_notice notice = kick("198.51.100.7");
  notice.ban_due = 0;
  EXPECT_FALSE(due_ban(notice, settings));
  notice = kick("198.51.100.7");
  for (const int service : {0, 3, 255}) {
    notice.service = static_cast<__u8>(service);
    EXPECT_FALSE(due_ban(notice, settings)) << service;
  }
  settings.services[1].ban.reset();
  EXPECT_FALSE(due_ban(kick("198.51.100.7"), settings)) << "the rule has left the settings";
  EXPECT_FALSE(due_ban(kick("198.51.100.7", 3), settings)) << "this path has no ban";
}

TEST(DueBan, IsNotOfARuleThatAnotherServiceHasByNow) {
  EXPECT_EQ(due_ban(kick("198.51.100.7", 1), with_rules())->rule, "web.ban");
  EXPECT_EQ(due_ban(kick("198.51.100.7", 999), with_rules())->rule, "web.ban");
  EXPECT_EQ(path_rule_name(kick("198.51.100.7", 1), with_rules()), "");
  EXPECT_EQ(path_rule_name(kick("198.51.100.7", 3), with_rules()), "web.paths /search");
}

TEST(BanLength, DoublesUpToTheLongest) {
  const std::vector<Milliseconds> lengths{10min, 20min, 40min, 1h, 1h};
  for (int earlier = 0; earlier < 5; ++earlier)
    EXPECT_EQ(ban_length(10min, 1h, earlier), lengths[static_cast<std::size_t>(earlier)]);
  EXPECT_EQ(ban_length(2h, 1h, 0), 1h);
  EXPECT_EQ(ban_length(1ms, kDurationMax, 1'000'000), kDurationMax);
}

// ---- how long the book remembers ----------------------------------------------------------------

constexpr WallTime kNow = WallTime(std::chrono::hours(498'689));

StoredBan ended(const char* text, int times) {
  StoredBan ban;
  ban.prefix = Prefix::parse(text).value();
  ban.since = kNow - 10min;
  ban.until = kNow;
  ban.times = times;
  return ban;
}

TEST(BanMemory, ForgetsOneBanForEachWholePeriodWithoutOne) {
  BanBook book;
  const StoredBan ban = ended("192.0.2.1", 3);
  book.remember(ban);
  const auto earlier = [&](Milliseconds later) {
    return book.earlier(ban.prefix, kNow + later, 24h);
  };
  EXPECT_EQ(earlier(0h), 3);
  EXPECT_EQ(earlier(24h - 1ms), 3);
  EXPECT_EQ(earlier(24h), 2);
  EXPECT_EQ(earlier(72h), 0);
  EXPECT_EQ(earlier(24h * 365), 0);
  EXPECT_EQ(earlier(-24h), 3) << "a clock that is set back forgets nothing";
  EXPECT_EQ(book.earlier(Prefix::parse("192.0.2.2").value(), kNow, 24h), 0);
}

TEST(BanMemory, TellsWhatItHasForgotten) {
  BanBook book;
  book.remember(ended("192.0.2.1", 1));
  book.remember(ended("192.0.2.2", 2));
  EXPECT_TRUE(book.forget(kNow + 23h, 24h).empty());
  EXPECT_EQ(book.forget(kNow + 24h, 24h), std::vector{ended("192.0.2.1", 1).prefix});
  EXPECT_TRUE(book.forget(kNow + 24h, 24h).empty());
  EXPECT_EQ(book.earlier(ended("192.0.2.2", 2).prefix, kNow + 24h, 24h), 1);
}

TEST(BanMemory, TellsWhatHadToMakeRoom) {
  BanBook book(1);
  book.remember(ended("192.0.2.1", 1));
  book.remember(ended("192.0.2.2", 1));
  EXPECT_EQ(book.forget(kNow, 24h), std::vector{ended("192.0.2.1", 1).prefix});
  EXPECT_EQ(book.earlier(ended("192.0.2.2", 1).prefix, kNow, 24h), 1);
}

TEST(BanMemory, OfABanThatIsEnteredIsItsOwnCount) {
  BanBook book;
  book.remember(ended("192.0.2.1", 5));
  StoredBan ban = ended("192.0.2.1", 2);
  EXPECT_EQ(book.enter(ban).times, 2) << "as it says";
  EXPECT_EQ(book.earlier(ban.prefix, kNow, 24h), 2);
}

}  // namespace
}  // namespace weir
