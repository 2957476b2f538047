// SPDX-License-Identifier: BSD-2-Clause
#include "api/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/quote.h"

namespace weir {

std::optional<std::string> percent_decode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit(text[i + 1]), low = digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    decoded += c;
  }
  return decoded;
}

Result<Query> Query::parse(std::string_view text, std::initializer_list<std::string_view> known) {
  Query query;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const auto equals = part.find('=');
    const auto name = percent_decode(part.substr(0, equals));
    const auto value = percent_decode(equals == std::string_view::npos ? std::string_view()
                                                                       : part.substr(equals + 1));
    if (!name || !value) return fail(ErrorCode::kInvalid, "malformed query in the request");
    if (std::find(known.begin(), known.end(), *name) == known.end())
      return fail(
          ErrorCode::kInvalid, weir::quoted(*name) + " is no parameter of this route",
          known.size() == 0 ? "it takes none" : fmt::format("it takes {}", fmt::join(known, ", ")));
    if (!query.values_.emplace(*name, *value).second)
      return fail(ErrorCode::kInvalid, weir::quoted(*name) + " is given twice");
  }
  return query;
}

std::optional<std::string> Query::value(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

Result<std::uint64_t> Query::number(const std::string& name, std::uint64_t absent,
                                    std::uint64_t most) const {
  const auto text = value(name);
  if (!text) return absent;
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc{} || stop != end || number < 1 || number > most)
    return fail(ErrorCode::kInvalid, fmt::format("{} must be a whole number from 1 to {}, not {}",
                                                 name, most, weir::quoted(*text)));
  return number;
}

Result<bool> Query::flag(const std::string& name) const {
  const auto text = value(name);
  if (!text || *text == "0") return false;
  if (text->empty() || *text == "1") return true;
  return fail(ErrorCode::kInvalid,
              fmt::format("{} must be 0 or 1, not {}", name, weir::quoted(*text)));
}

}  // namespace weir
