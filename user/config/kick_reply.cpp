// SPDX-License-Identifier: BSD-2-Clause
#include "config/kick_reply.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "weir/abi.h"

namespace weir {
namespace {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.point == kBroken) return false;
    text.remove_prefix(character.length);
  }
  return true;
}

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool cannot_be_in_a_page(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < ' ' && c != '\n' && c != '\t') || byte == 0x7f;
}

}  // namespace

// No field that is not needed (a cache must not keep a 429 as it is: RFC 6585, 4): where a driver
// leaves little room, a long answer becomes a reset.
std::string kick_reply(std::string_view page) {
  return fmt::format(
      "HTTP/1.1 429 Too Many Requests\r\n"  // RFC 6585, 4
      "Retry-After: 3\r\n"
      "Refresh: 3\r\n"
      "Connection: close\r\n"
      "Content-Type: text/html{}\r\n"
      "Content-Length: {}\r\n"
      "\r\n"
      "{}",
      std::ranges::all_of(page, is_ascii) ? "" : "; charset=utf-8", page.size(), page);
}

Status check_reply_text(std::string_view page) {
  if (page.empty())
    return fail(ErrorCode::kInvalid, "is empty", "leave it out to have the default page");
  if (!is_utf8(page)) return fail(ErrorCode::kInvalid, "is not UTF-8");
  if (const auto control = std::ranges::find_if(page, cannot_be_in_a_page); control != page.end())
    return fail(ErrorCode::kInvalid,
                fmt::format("has a control character (number {})", static_cast<int>(*control)),
                "only line feeds and tabs can be in a page");
  if (const std::size_t size = kick_reply(page).size(); size > WEIR_REPLY_MAX)
    return fail(ErrorCode::kInvalid,
                fmt::format("is too long: {} bytes, and the page may have {}", page.size(),
                            WEIR_REPLY_MAX - (size - page.size())));
  return {};
}

}  // namespace weir
