// SPDX-License-Identifier: BSD-2-Clause
// Durations as people write them, points in time as RFC 3339, and the two clocks Weir uses.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

using Milliseconds = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<Milliseconds>;  // UTC, for people and for the disk
using BootNs = std::uint64_t;  // CLOCK_BOOTTIME in nanoseconds, for the kernel's tables
inline constexpr std::uint64_t kNsInMs = 1'000'000;

// The longest duration that is read: a hundred years. Added to any clock of today it overflows
// neither nanoseconds in 64 bits nor the four digits of an RFC 3339 year.
inline constexpr Milliseconds kDurationMax = std::chrono::hours(24) * 36500;

// "500ms", "2s", "10m", "1h", "1d": a positive whole number and a unit, nothing else.
// kInvalid when the unit is missing (the hint names the units), zero, negative, too large.
Result<Milliseconds> parse_duration(std::string_view text);
// The shortest exact text that parse_duration() reads back: 120000 ms is "2m".
std::string format_duration(Milliseconds duration);
// For people, two units at most: "3m 20s", "2d 4h", "850ms".
std::string describe_duration(Milliseconds duration);

// "2026-11-21T17:46:00Z" or with milliseconds when there are any (RFC 3339, UTC).
std::string format_time(WallTime time);

// What format_time() writes, and other times of RFC 3339 from 1970 to 9999, with an offset too;
// parts of a millisecond are cut off. kInvalid.
Result<WallTime> parse_time(std::string_view text);

// The clocks of the process; the agent is given one, so that tests can set it.
struct Clock {
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall() const = 0;
  [[nodiscard]] virtual BootNs boot() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override;
  [[nodiscard]] BootNs boot() const override;
};

}  // namespace weir
