// SPDX-License-Identifier: BSD-2-Clause
// See arguments.h.
#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/names.h"

namespace weir::cli {
namespace {

constexpr std::size_t kInterfaceNameMax = 15;  // IFNAMSIZ without the zero
constexpr std::size_t kServiceNameMax = 32;

tl::unexpected<Error> wrong(const std::string& what, const std::string& text, std::string hint) {
  return fail(ErrorCode::kInvalid, fmt::format("{} '{}' is not valid", what, text),
              std::move(hint));
}

template <typename Enum>
Result<Enum> parse_name(const std::string& what, const std::string& text) {
  if (const auto value = from_name<Enum>(text)) return *value;
  return wrong(what, text, "it is one of " + choices<Enum>());
}

}  // namespace

Result<std::uint32_t> parse_count(const std::string& option, const std::string& text,
                                  std::uint32_t most) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || value < 1 || value > most) {
    return wrong(option, text, fmt::format("it is a whole number from 1 to {}", most));
  }
  return value;
}

Result<Milliseconds> parse_span(const std::string& option, const std::string& text,
                                Milliseconds longest) {
  auto span = parse_duration(text);
  if (!span) return fail(option, span.error());
  if (*span > longest) {
    return wrong(option, text, "the longest possible is " + format_duration(longest));
  }
  return span;
}

Result<Mode> parse_mode(const std::string& text) { return parse_name<weir_mode>("mode", text); }
Result<Event> parse_event(const std::string& text) { return parse_name<weir_event>("event", text); }
Result<Window> parse_window(const std::string& text) {
  return parse_name<weir_window>("--window", text);
}

Result<Action> parse_action(const std::string& text) {
  auto action = parse_name<weir_action>("--action", text);
  // What comes after is not what a kick may be set to.
  if (action && *action >= WEIR_ACTION_DEFERRED) {
    return wrong("--action", text, "it is one of " + choices<weir_action>());
  }
  return action;
}

Result<Attach> parse_attach(const std::string& text) {
  if (const auto attach = attach_from_name(text)) return *attach;
  return wrong("--attach", text, "it is one of auto, native, generic or tc");
}

Result<std::string> parse_interface(const std::string& text) {
  const bool good = !text.empty() && text.size() <= kInterfaceNameMax && text != "." &&
                    text != ".." && std::all_of(text.begin(), text.end(), [](char c) {
                      return c > ' ' && c < 0x7f && c != '/' && c != ':';
                    });
  if (!good) {
    return wrong("interface", text, "names have 1 to 15 characters; 'ip -br link' lists them");
  }
  return text;
}

Result<std::string> parse_service(const std::string& text) {
  const bool good = !text.empty() && text.size() <= kServiceNameMax &&
                    std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '_' || c == '-';
                    });
  if (!good) return wrong("service", text, "'weir limit list' shows the services");
  return text;
}

}  // namespace weir::cli
