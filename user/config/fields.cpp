// SPDX-License-Identifier: BSD-2-Clause
// The tables of single values, and how each kind of value is read and written as text.
// What a value must be in its context is check.cpp's affair; here only that it is one.
#include "config/fields.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <concepts>
#include <limits>

#include "base/quote.h"
#include "config/media.h"
#include "config/names.h"

namespace weir {
namespace {

// ---- text → value ------------------------------------------------------------------------

template <std::integral T>
Status read_value(std::string_view text, T& value) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::invalid_argument || stop != end) {
    return fail(ErrorCode::kInvalid, "must be a whole number, not " + weir::quoted(text));
  }
  if (text.front() == '-') {
    return fail(ErrorCode::kInvalid, fmt::format("must be at least 1, not {}", one_line(text)));
  }
  if (error != std::errc{} || number > std::numeric_limits<T>::max()) {
    return fail(ErrorCode::kInvalid, fmt::format("is too large: {}", one_line(text)));
  }
  value = static_cast<T>(number);
  return {};
}

Status read_value(std::string_view text, Milliseconds& value) {
  const auto duration = parse_duration(text);
  if (!duration) {
    const Error& error = duration.error();
    return fail(error.code, "is not valid: " + error.message, error.hint);
  }
  value = *duration;
  return {};
}

Status read_value(std::string_view text, std::optional<Milliseconds>& value) {
  return read_value(text, value.emplace());
}

Status read_value(std::string_view text, std::optional<bool>& value) {
  if (text != "true" && text != "false")
    return fail(ErrorCode::kInvalid, "must be true or false, not " + weir::quoted(text));
  value = text == "true";
  return {};
}

Status read_value(std::string_view text, std::string& value) {
  value = text;
  return {};
}

template <typename Enum>
requires std::is_enum_v<Enum> Status read_value(std::string_view text, Enum& value) {
  const std::optional<Enum> found = from_name<Enum>(text);
  if (!found) {
    return fail(ErrorCode::kInvalid,
                fmt::format("must be {}, not {}", choices<Enum>(), weir::quoted(text)));
  }
  value = *found;
  return {};
}

Status read_millis(std::string_view text, Milliseconds& value) {
  std::int64_t number = 0;
  if (auto status = read_value(text, number); !status) return status;
  if (number < 1) return fail(ErrorCode::kInvalid, "must be at least 1 millisecond");
  if (number > kDurationMax.count()) return fail(ErrorCode::kInvalid, "is too long");
  value = Milliseconds(number);
  return {};
}

// ---- value → text ------------------------------------------------------------------------

std::string write_value(std::integral auto value) { return fmt::format("{}", value); }
std::string write_value(Milliseconds value) { return format_duration(value); }
std::string write_value(const std::optional<Milliseconds>& value) {
  return value ? format_duration(*value) : std::string();
}
std::string write_value(const std::optional<bool>& value) {
  return !value ? "" : *value ? "true" : "false";
}
std::string write_value(const std::string& value) { return value; }
template <typename Enum>
requires std::is_enum_v<Enum> std::string write_value(Enum value) {
  return std::string(name_of(value));
}

// ---- what messages ask for ---------------------------------------------------------------

template <typename Value>
std::string expected_text() {
  if constexpr (std::integral<Value>) {
    return "a whole number";
  } else if constexpr (std::is_enum_v<Value>) {
    return choices<Value>() + " in quotes";
  } else if constexpr (std::is_same_v<Value, std::optional<bool>>) {
    return "true or false";
  } else if constexpr (std::is_same_v<Value, std::string>) {
    return "a string";
  } else {
    return "a duration in quotes, such as \"2s\"";
  }
}

template <typename Value>
constexpr TomlType toml_type() {
  if (std::integral<Value>) return TomlType::kNumber;
  return std::is_same_v<Value, std::optional<bool>> ? TomlType::kTruth : TomlType::kText;
}

// ---- fields from members -----------------------------------------------------------------

template <auto kMember>
struct Member;
template <typename T, typename V, V T::*kMember>
struct Member<kMember> {
  using Object = T;
  using Value = V;
};

enum class Need { kOptional, kRequired };

template <auto kMember>
constexpr auto field(std::string_view name, std::string_view canonical,
                     Need need = Need::kOptional) {
  using Object = typename Member<kMember>::Object;
  using Value = typename Member<kMember>::Value;
  return Field<Object>{
      name,
      canonical,
      expected_text<Value>,
      toml_type<Value>(),
      need == Need::kRequired,
      [](Object& object, std::string_view text) { return read_value(text, object.*kMember); },
      [](const Object& object) { return write_value(object.*kMember); }};
}

template <auto kMember>
constexpr auto field(std::string_view name, Need need = Need::kOptional) {
  return field<kMember>(name, name, need);
}

// The same member as a number of milliseconds.
template <auto kMember>
constexpr auto millis(std::string_view name, std::string_view canonical,
                      Need need = Need::kOptional) {
  using Object = typename Member<kMember>::Object;
  Field<Object> made = field<kMember>(name, canonical, need);
  made.expected = +[] { return std::string("a whole number of milliseconds"); };
  made.type = TomlType::kNumber;
  made.set = [](Object& object, std::string_view text) {
    return read_millis(text, object.*kMember);
  };
  return made;
}

constexpr auto kNeeded = Need::kRequired;

constexpr std::array kSettingsFields{
    field<&Settings::mode>("mode"),
    field<&Settings::prefix4>("prefix4"),
    field<&Settings::prefix6>("prefix6"),
    field<&Settings::time_window>("timeWindow"),
    field<&Settings::series_trend>("seriesTrend"),
    field<&Settings::series_max>("seriesMax"),
    field<&Settings::max_sources>("maxSources"),
    field<&Settings::max_bans>("maxBans"),
    field<&Settings::max_bans_per_minute>("maxBansPerMinute"),
    field<&Settings::reply_text>("replyText"),
    field<&Settings::response_time>("responseTime"),
    field<&Settings::paths>("paths"),
    field<&Settings::path_queries>("pathQueries"),
    field<&Settings::event_log>("eventLog"),
    field<&Settings::counter_log>("counterLog"),
};

// What holds when it is not said depends on the protocol.
constexpr auto repeats_field() {
  auto made = field<&Service::repeats>("repeats");
  made.get = [](const Service& service) {
    const bool is_there = service.repeats || service.refuses_repeats();
    return is_there ? write_value(std::optional(service.refuses_repeats())) : std::string();
  };
  return made;
}

constexpr std::array kServiceFields{
    field<&Service::protocol>("protocol"),
    field<&Service::flood_rate>("floodRate"),
    repeats_field(),
};

constexpr std::array kLimitFields{
    field<&Limit::start_throttle>("startThrottle", kNeeded),
    field<&Limit::to_much>("toMuch", kNeeded),
    field<&Limit::to_much>("tooMuch", "toMuch", kNeeded),
    field<&Limit::timeout>("timeout"),
    millis<&Limit::timeout>("timeoutMs", "timeout"),
    field<&Limit::window>("window"),
    field<&Limit::delay>("delay"),
    millis<&Limit::delay>("delayMs", "delay"),
    field<&Limit::action>("action"),
};

constexpr std::array kBanFields{
    field<&BanRule::after>("after"),
    field<&BanRule::within>("within"),
    field<&BanRule::duration>("for"),
    field<&BanRule::longest>("max"),
};

constexpr std::array kPathFields{
    field<&PathRule::prefix>("prefix", kNeeded),
    field<&PathRule::start_throttle>("startThrottle", kNeeded),
    field<&PathRule::to_much>("toMuch", kNeeded),
    field<&PathRule::to_much>("tooMuch", "toMuch", kNeeded),
    field<&PathRule::timeout>("timeout", kNeeded),
    millis<&PathRule::timeout>("timeoutMs", "timeout", kNeeded),
    field<&PathRule::ban>("ban"),
};

}  // namespace

std::span<const Field<Settings>> settings_fields() { return kSettingsFields; }
std::span<const Field<Service>> service_fields() { return kServiceFields; }
std::span<const Field<Limit>> limit_fields() { return kLimitFields; }
std::span<const Field<BanRule>> ban_fields() { return kBanFields; }
std::span<const Field<PathRule>> path_fields() { return kPathFields; }

Limit new_limit(Event event) {
  if (event == WEIR_EVENT_MEDIA) return kDefaultMedia;
  Limit limit;
  limit.timeout = std::chrono::seconds(2);
  return limit;
}

}  // namespace weir
