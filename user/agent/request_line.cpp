// SPDX-License-Identifier: BSD-2-Clause
#include "agent/request_line.h"

#include <algorithm>

namespace weir {
namespace {

// The longest registered one is UPDATEREDIRECTREF, of 17.
constexpr std::size_t kMethodMax = 20;

std::string method_in(std::string_view word) {
  const bool is_method =
      !word.empty() && word.size() <= kMethodMax &&
      std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
      });
  return is_method ? std::string(word) : std::string();
}

}  // namespace

RequestLine request_line(std::string_view head, bool with_query) {
  RequestLine line;
  const auto space = head.find(' ');
  if (space == std::string_view::npos) return line;
  line.method = method_in(head.substr(0, space));
  const std::string_view target = head.substr(space + 1);
  const auto end = target.find_first_of(with_query ? " \r\n" : " ?#\r\n");
  line.is_cut = end == std::string_view::npos;
  line.path = target.substr(0, end);
  for (char& c : line.path)
    if (c <= ' ' || c >= 0x7f) c = '?';
  return line;
}

}  // namespace weir
