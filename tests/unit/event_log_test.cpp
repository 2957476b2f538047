// SPDX-License-Identifier: BSD-2-Clause
// Notices of the kernel in words, and the log of what happened lately.
#include "agent/event_log.h"

#include <gtest/gtest.h>

#include <cstring>

namespace weir {
namespace {

constexpr WallTime kWall = WallTime(std::chrono::hours(498'689));
constexpr BootNs kBoot = 1'000'000'000'000;

Settings one_service() {
  Settings settings;
  settings.services.resize(1);
  settings.services[0].name = "web";
  return settings;
}

weir_notice request_notice(const std::string& head) {
  weir_notice notice{};
  notice.time_ns = kBoot - 1'500'000'000;
  const auto bytes = Address::parse("198.51.100.7")->bytes();
  std::memcpy(notice.addr, bytes.data(), bytes.size());
  notice.count = 21;
  notice.reason = WEIR_REASON_OVER_LIMIT;
  notice.service = 1;
  notice.event = WEIR_EVENT_REQUEST;
  notice.head_length = static_cast<__u8>(head.size());
  std::memcpy(notice.head, head.data(), std::min(head.size(), sizeof notice.head));
  return notice;
}

EventView told(const weir_notice& notice, const std::vector<InterfaceState>& interfaces = {}) {
  return event_of(notice, one_service(), interfaces, kWall, kBoot);
}

TEST(EventOf, TellsAllThatTheNoticeKnows) {
  InterfaceState eth0;
  eth0.name = "eth0";
  const auto event = told(request_notice("GET /login?user=me HTTP/1.1\r\n"), {eth0});
  EXPECT_EQ(event.time, kWall - Milliseconds(1500));
  EXPECT_EQ(event.kind, "kick");
  EXPECT_EQ(event.address->text(), "198.51.100.7");
  EXPECT_EQ(event.service, "web");
  EXPECT_EQ(event.event, "request");
  EXPECT_EQ(event.count, 21u);
  EXPECT_EQ(event.path, "/login");
  EXPECT_EQ(event.reason, "overLimit");
  EXPECT_EQ(event.interface, "eth0");
  EXPECT_FALSE(event.observed);
}

TEST(EventOf, NamesTheInterfaceByItsSlot) {
  std::vector<InterfaceState> interfaces(2);
  interfaces[0].name = "eth0";
  interfaces[0].slot = 3;
  interfaces[1].name = "eth1";
  interfaces[1].slot = 5;
  auto notice = request_notice("GET / ");
  notice.interface = 5;
  EXPECT_EQ(told(notice, interfaces).interface, "eth1");
  notice.interface = 4;  // detached since
  EXPECT_EQ(told(notice, interfaces).interface, "");
}

TEST(EventOf, SaysThatItWasOnlyObserved) {
  auto notice = request_notice("GET / ");
  notice.observed = 1;
  EXPECT_TRUE(told(notice).observed);
}

TEST(EventOf, TellsAPacketThatMetABanFromTheMakingOfOne) {
  auto notice = request_notice("");
  for (const auto reason : {WEIR_REASON_BANNED_SOURCE, WEIR_REASON_BANNED_NET}) {
    notice.reason = static_cast<__u8>(reason);
    EXPECT_EQ(told(notice).kind, "banned");
  }
}

TEST(EventOf, HasNoAddressServiceOrEventWhereThePacketHadNone) {
  weir_notice notice{};
  notice.reason = WEIR_REASON_TRUNCATED;
  notice.event = WEIR_EVENT_REQUEST;  // means nothing while count is 0
  const auto event = told(notice);
  EXPECT_EQ(event.kind, "malformed");
  EXPECT_EQ(event.reason, "truncated");
  EXPECT_FALSE(event.address);
  EXPECT_EQ(event.service, "");
  EXPECT_EQ(event.event, "");
  EXPECT_EQ(event.path, "");
}

TEST(EventOf, SurvivesNumbersThatTheSettingsDoNotKnow) {
  auto notice = request_notice("GET / ");
  notice.service = 2;  // of settings that have been replaced since
  notice.event = WEIR_EVENT_COUNT;
  notice.head_length = 255;
  const auto event = told(notice);
  EXPECT_EQ(event.service, "");
  EXPECT_EQ(event.event, "");
  EXPECT_EQ(event.path, "/");
}

TEST(EventOf, SurvivesANoticeOfALaterMomentThanNow) {
  auto notice = request_notice("GET / ");
  notice.time_ns = kBoot + 2'000'000;
  EXPECT_EQ(told(notice).time, kWall + Milliseconds(2));
}

TEST(EventLog, KeepsTheNewestAndTellsTheListenerOfEach) {
  EventLog log;
  std::size_t heard = 0;
  log.listen([&](const EventView& event) {
    EXPECT_EQ(event.count, heard);
    heard++;
  });
  for (std::size_t i = 0; i < EventLog::kKept + 5; i++) {
    EventView event;
    event.count = static_cast<std::uint32_t>(i);
    log.add(event);
  }
  EXPECT_EQ(heard, EventLog::kKept + 5);
  ASSERT_EQ(log.recent().size(), EventLog::kKept);
  EXPECT_EQ(log.recent().front().count, 5u);
  EXPECT_EQ(log.recent().back().count, EventLog::kKept + 4);
}

}  // namespace
}  // namespace weir
