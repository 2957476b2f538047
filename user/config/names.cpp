// SPDX-License-Identifier: BSD-2-Clause
// The tables of weir/verdict.h as text, and back. No name is written here a second time.
#include "config/names.h"

#include <iterator>

namespace weir {
namespace {

struct Row {
  std::string_view name;
  std::string_view help;
};

// Each table's rows stand in the order of the enum, so the value is the index.
#define WEIR_ROW(id, name, help) {name, help},
#define WEIR_REASON_ROW(id, name, verdict, help) {name, help},
constexpr Row kVerdicts[] = {WEIR_VERDICTS(WEIR_ROW)};
constexpr Row kEvents[] = {WEIR_EVENTS(WEIR_ROW)};
constexpr Row kActions[] = {WEIR_ACTIONS(WEIR_ROW)};
constexpr Row kWindows[] = {WEIR_WINDOWS(WEIR_ROW)};
constexpr Row kModes[] = {WEIR_MODES(WEIR_ROW)};
constexpr Row kProtocols[] = {WEIR_PROTOCOLS(WEIR_ROW)};
constexpr Row kReasons[] = {WEIR_REASONS(WEIR_REASON_ROW)};
#undef WEIR_REASON_ROW
#undef WEIR_ROW

// "deferred" and what follows is what the data path did, not something an operator asks for.
constexpr std::size_t kActionChoices = WEIR_ACTION_DEFERRED;
static_assert(WEIR_ACTION_COUNT == WEIR_ACTION_ACKNOWLEDGE + 1, "of the others, all are before");

// Numbers come from maps and records too, and may be out of any enum's range.
template <std::size_t N>
std::string_view row_name(const Row (&rows)[N], unsigned value) {
  return value < N ? rows[value].name : "unknown";
}

template <typename Enum, std::size_t N>
std::optional<Enum> find_row(const Row (&rows)[N], std::string_view name, std::size_t count = N) {
  for (std::size_t i = 0; i < count; ++i) {
    if (rows[i].name == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

template <std::size_t N>
std::string join_choices(const Row (&rows)[N], std::size_t count = N) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += i + 1 == count ? " or " : ", ";
    text += rows[i].name;
  }
  return text;
}

}  // namespace

std::string_view name_of(weir_verdict value) { return row_name(kVerdicts, value); }
std::string_view name_of(weir_event value) { return row_name(kEvents, value); }
std::string_view name_of(weir_action value) { return row_name(kActions, value); }
std::string_view name_of(weir_window value) { return row_name(kWindows, value); }
std::string_view name_of(weir_mode value) { return row_name(kModes, value); }
std::string_view name_of(weir_protocol value) { return row_name(kProtocols, value); }
std::string_view name_of(weir_reason value) { return row_name(kReasons, value); }

std::string_view help_of(weir_reason value) {
  return value < std::size(kReasons) ? kReasons[value].help : "unknown";
}

template <>
std::optional<weir_event> from_name(std::string_view name) {
  return find_row<weir_event>(kEvents, name);
}
template <>
std::optional<weir_action> from_name(std::string_view name) {
  return find_row<weir_action>(kActions, name, kActionChoices);
}
template <>
std::optional<weir_window> from_name(std::string_view name) {
  return find_row<weir_window>(kWindows, name);
}
template <>
std::optional<weir_mode> from_name(std::string_view name) {
  return find_row<weir_mode>(kModes, name);
}
template <>
std::optional<weir_protocol> from_name(std::string_view name) {
  return find_row<weir_protocol>(kProtocols, name);
}

template <>
std::string choices<weir_event>() {
  return join_choices(kEvents);
}
template <>
std::string choices<weir_action>() {
  return join_choices(kActions, kActionChoices);
}
template <>
std::string choices<weir_window>() {
  return join_choices(kWindows);
}
template <>
std::string choices<weir_mode>() {
  return join_choices(kModes);
}
template <>
std::string choices<weir_protocol>() {
  return join_choices(kProtocols);
}

}  // namespace weir
