// SPDX-License-Identifier: BSD-2-Clause
// Text that came from outside, made fit for a message of one line.
#include "base/quote.h"

namespace weir {
namespace {

constexpr std::size_t kShown = 64;

// The longest start of at most `limit` bytes that does not cut an UTF-8 character in two.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return line;
}

std::string quoted(std::string_view text) {
  const std::string_view shown = cut(text, kShown);
  return "\"" + one_line(shown) + (shown.size() < text.size() ? "…\"" : "\"");
}

}  // namespace weir
