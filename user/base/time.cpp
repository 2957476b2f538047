// SPDX-License-Identifier: BSD-2-Clause
// Durations and points in time as text, without a locale; and the clocks of the system.
#include "base/time.h"

#include <fmt/format.h>
#include <time.h>

#include <array>
#include <charconv>

#include "base/quote.h"

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array kUnits{
    Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000}, Unit{"ms", 1},
};
constexpr const char* kUnitHint = "write a whole number and one of ms, s, m, h, d, as in 2s";

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

tl::unexpected<Error> bad_duration(std::string_view text, const char* why) {
  return fail(ErrorCode::kInvalid, fmt::format("duration {} {}", quoted(text), why), kUnitHint);
}

}  // namespace

Result<Milliseconds> parse_duration(std::string_view text) {
  constexpr const char* kTooLong = "is longer than 36500d";
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) return bad_duration(text, kTooLong);
  if (error != std::errc{}) return bad_duration(text, "does not start with a whole number");
  if (stop == end) return bad_duration(text, "has no unit");
  const Unit* unit = find_unit(std::string_view(stop, static_cast<std::size_t>(end - stop)));
  if (unit == nullptr) return bad_duration(text, "is not a whole number and a unit");
  if (number <= 0) return bad_duration(text, "is not above zero");
  if (number > kDurationMax.count() / unit->milliseconds) return bad_duration(text, kTooLong);
  return Milliseconds(number * unit->milliseconds);
}

std::string format_duration(Milliseconds duration) {
  for (const Unit& unit : kUnits) {
    if (duration.count() != 0 && duration.count() % unit.milliseconds == 0) {
      return fmt::format("{}{}", duration.count() / unit.milliseconds, unit.name);
    }
  }
  return "0ms";
}

std::string describe_duration(Milliseconds duration) {
  if (duration.count() < 0) return "-" + describe_duration(-duration);
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const std::int64_t whole = duration.count() / kUnits[i].milliseconds;
    if (whole == 0) continue;
    std::string text = fmt::format("{}{}", whole, kUnits[i].name);
    if (i + 1 == kUnits.size()) return text;
    const std::int64_t rest = duration.count() % kUnits[i].milliseconds;
    const std::int64_t next = rest / kUnits[i + 1].milliseconds;
    if (next != 0) text += fmt::format(" {}{}", next, kUnits[i + 1].name);
    return text;
  }
  return "0s";
}

std::string format_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += fmt::format(".{:03}", clock.subseconds().count());
  return text + "Z";
}

Result<WallTime> parse_time(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalid, quoted(text) + " is not a time",
                "write it as 2026-11-21T17:46:00Z (RFC 3339)");
  };
  std::string_view left = text;
  // A number of so many digits, and what stands behind it.
  const auto take = [&left](std::size_t digits, int& number) {
    if (left.size() < digits) return false;
    const auto [stop, error] = std::from_chars(left.data(), left.data() + digits, number);
    if (error != std::errc{} || stop != left.data() + digits || left.front() == '-') return false;
    left.remove_prefix(digits);
    return true;
  };
  const auto skip = [&left](std::string_view any) {
    if (left.empty() || any.find(left.front()) == any.npos) return false;
    left.remove_prefix(1);
    return true;
  };
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take(4, year) || !skip("-") || !take(2, month) || !skip("-") || !take(2, day) ||
      !skip("Tt ") || !take(2, hour) || !skip(":") || !take(2, minute) || !skip(":") ||
      !take(2, second))
    return wrong();
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 60) return wrong();
  int milliseconds = 0;
  if (skip(".")) {
    std::size_t digits = 0;
    for (; !left.empty() && left.front() >= '0' && left.front() <= '9'; left.remove_prefix(1))
      if (++digits <= 3) milliseconds = milliseconds * 10 + (left.front() - '0');
    if (digits == 0) return wrong();
    for (; digits < 3; digits++) milliseconds *= 10;
  }
  std::chrono::minutes offset{0};
  if (const bool is_behind = left.starts_with('-'); skip("+-")) {
    int hours = 0, minutes = 0;
    if (!take(2, hours) || !skip(":") || !take(2, minutes) || hours > 23 || minutes > 59)
      return wrong();
    offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    if (is_behind) offset = -offset;
  } else if (!skip("Zz")) {
    return wrong();
  }
  if (!left.empty()) return wrong();
  return WallTime(std::chrono::sys_days(date) + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) + std::chrono::seconds(second) +
                  Milliseconds(milliseconds) - offset);
}

WallTime SystemClock::wall() const {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

BootNs SystemClock::boot() const {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);  // cannot fail: the clock is older than our kernels
  return static_cast<BootNs>(now.tv_sec) * 1'000'000'000 + static_cast<BootNs>(now.tv_nsec);
}

}  // namespace weir
