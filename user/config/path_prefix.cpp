// SPDX-License-Identifier: BSD-2-Clause
#include "config/path_prefix.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/quote.h"
#include "weir/abi.h"

namespace weir {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < ' ' || byte == 0x7f;
}

// Encoded, these mean something else than the character itself: no prefix can say both.
bool keeps_its_encoding(char c) {
  return is_control(c) || std::string_view("/?#%").find(c) != std::string_view::npos;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return fail(ErrorCode::kInvalid,
                  fmt::format("prefix {} has a % without two hexadecimal digits", quoted(text)));
    const auto c = static_cast<char>(high * 16 + low);
    if (keeps_its_encoding(c))
      return fail(ErrorCode::kInvalid, fmt::format("prefix {} encodes a character (%{}) that rules "
                                                   "cannot be about",
                                                   quoted(text), text.substr(i + 1, 2)));
    out += c;
    i += 2;
  }
  return out;
}

// Each time the text is found, all of it but its first byte goes.
void collapse(std::string& path, std::string_view text) {
  for (std::size_t at = path.find(text); at != path.npos; at = path.find(text, at))
    path.erase(at + 1, text.size() - 1);
}

}  // namespace

Result<std::string> normal_prefix(std::string_view prefix) {
  if (!prefix.starts_with('/') || std::ranges::any_of(prefix, is_control))
    return fail(ErrorCode::kInvalid,
                fmt::format("prefix {} is not the start of a path", quoted(prefix)),
                "a path starts with /");
  if (prefix.find_first_of("?#") != prefix.npos)
    return fail(ErrorCode::kInvalid,
                fmt::format("prefix {} has more than a path in it", quoted(prefix)),
                "what follows ? or # does not matter to rules");
  auto path = decoded(prefix);
  if (!path) return path;
  collapse(*path, "/./");
  collapse(*path, "//");
  if (path->find("/../") != path->npos)
    return fail(ErrorCode::kInvalid, fmt::format("prefix {} leads up by ..", quoted(prefix)),
                "write the path that it leads to");
  if (path->size() > WEIR_PATH_MAX)
    return fail(ErrorCode::kInvalid, fmt::format("prefix is longer than {} bytes", WEIR_PATH_MAX));
  return path;
}

}  // namespace weir
