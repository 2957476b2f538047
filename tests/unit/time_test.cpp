// SPDX-License-Identifier: BSD-2-Clause
// Durations and times as text, under any locale; the clocks.
#include "base/time.h"

#include <gtest/gtest.h>
#include <time.h>

#include <clocale>
#include <random>

namespace weir {
namespace {

using namespace std::chrono_literals;

struct DurationCase {
  const char* text;
  Milliseconds duration;
  const char* shortest;
};

TEST(Duration, IsAWholeNumberAndAUnit) {
  const DurationCase cases[] = {
      {"1ms", 1ms, "1ms"},
      {"500ms", 500ms, "500ms"},
      {"1000ms", 1s, "1s"},
      {"2s", 2s, "2s"},
      {"90s", 90s, "90s"},
      {"120s", 2min, "2m"},
      {"10m", 10min, "10m"},
      {"60m", 1h, "1h"},
      {"1h", 1h, "1h"},
      {"25h", 25h, "25h"},
      {"24h", 24h, "1d"},
      {"1d", 24h, "1d"},
      {"36500d", kDurationMax, "36500d"},
      {"007s", 7s, "7s"},
  };
  for (const auto& [text, duration, shortest] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, duration) << text;
    EXPECT_EQ(format_duration(duration), shortest) << text;
  }
}

struct RefusedCase {
  std::string_view text;
  const char* message;
};

TEST(Duration, IsRefusedWithAReasonAndTheUnits) {
  using namespace std::string_view_literals;
  const RefusedCase cases[] = {
      {"", "does not start with a whole number"},
      {"2", "duration \"2\" has no unit"},
      {"s", "does not start with a whole number"},
      {"+2s", "does not start with a whole number"},
      {" 2s", "does not start with a whole number"},
      {"0s", "is not above zero"},
      {"-2s", "is not above zero"},
      {"2 s", "is not a whole number and a unit"},
      {"2s ", "is not a whole number and a unit"},
      {"2S", "is not a whole number and a unit"},
      {"2sec", "is not a whole number and a unit"},
      {"1h30m", "is not a whole number and a unit"},
      {"1.5s", "is not a whole number and a unit"},
      {"1,5s", "is not a whole number and a unit"},
      {"1e3s", "is not a whole number and a unit"},
      {"0x10s", "is not a whole number and a unit"},
      {"2s\0"sv, "is not a whole number and a unit"},
      {"36501d", "is longer than 36500d"},
      {"9223372036854775807d", "is longer than 36500d"},
      {"9223372036854775807ms", "is longer than 36500d"},
      {"9223372036854775808ms", "is longer than 36500d"},
      {"99999999999999999999999999s", "is longer than 36500d"},
  };
  for (const auto& [text, message] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalid);
    EXPECT_NE(parsed.error().message.find(message), std::string::npos) << parsed.error().message;
    EXPECT_NE(parsed.error().hint.find("ms, s, m, h, d"), std::string::npos);
  }
}

TEST(Duration, IsReadBackWhateverItIs) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto bits = random() % 42;
    const Milliseconds duration(static_cast<std::int64_t>(random() >> (63 - bits)) + 1);
    if (duration > kDurationMax) continue;
    EXPECT_EQ(parse_duration(format_duration(duration)), duration);
  }
}

TEST(Duration, ParserTakesAnyText) {
  constexpr std::string_view kLetters = "0123456789msdh-+. x";
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 8, ' ');
    for (char& c : text) c = kLetters[random() % kLetters.size()];
    const auto parsed = parse_duration(text);
    EXPECT_TRUE(!parsed || *parsed > 0ms) << text;
  }
}

TEST(Duration, IsDescribedInTwoUnitsAtMost) {
  const std::pair<Milliseconds, const char*> cases[] = {
      {0ms, "0s"},      {850ms, "850ms"},       {1s, "1s"},          {1500ms, "1s 500ms"},
      {200s, "3m 20s"}, {3min, "3m"},           {3min + 5ms, "3m"},  {1h + 1s, "1h"},
      {52h, "2d 4h"},   {52h + 59min, "2d 4h"}, {48h + 59min, "2d"}, {-200s, "-3m 20s"},
  };
  for (const auto& [duration, text] : cases) EXPECT_EQ(describe_duration(duration), text);
}

TEST(Time, IsRfc3339InUtc) {
  using namespace std::chrono;
  const sys_days day = year(2026) / November / 21;
  const std::pair<WallTime, const char*> cases[] = {
      {WallTime(0ms), "1970-01-01T00:00:00Z"},
      {day + 17h + 46min, "2026-11-21T17:46:00Z"},
      {day + 17h + 46min + 7ms, "2026-11-21T17:46:00.007Z"},
      {day + 23h + 59min + 59s + 999ms, "2026-11-21T23:59:59.999Z"},
      {sys_days(year(2028) / February / 29) + 0h, "2028-02-29T00:00:00Z"},
      {WallTime(-1ms), "1969-12-31T23:59:59.999Z"},
  };
  for (const auto& [time, text] : cases) EXPECT_EQ(format_time(time), text);
}

TEST(Time, AndDurationsDoNotFollowTheLocale) {
  // The list is of locales that group digits; a machine without them has nothing to show.
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "en_US.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    EXPECT_EQ(parse_duration("1000s"), Milliseconds(1'000'000));
    EXPECT_EQ(format_duration(1'234'567ms), "1234567ms");
    EXPECT_EQ(format_time(WallTime(0ms)), "1970-01-01T00:00:00Z");
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST(SystemClock, AgreesWithTheSystem) {
  const SystemClock clock;
  timespec boot{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  const BootNs now = clock.boot();
  const auto seconds = static_cast<BootNs>(boot.tv_sec);
  EXPECT_GE(now, seconds * 1'000'000'000);
  EXPECT_LT(now, (seconds + 60) * 1'000'000'000);
  EXPECT_LE(clock.wall(), std::chrono::system_clock::now());
  EXPECT_GT(clock.wall(), std::chrono::system_clock::now() - 60s);
}

}  // namespace
}  // namespace weir
