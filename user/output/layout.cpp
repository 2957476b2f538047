// SPDX-License-Identifier: BSD-2-Clause
#include "output/layout.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <utility>

#include "base/utf8.h"

namespace weir::layout {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 6;  // three letters and "..."

using Range = std::pair<std::uint32_t, std::uint32_t>;

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, std::uint32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [point](const Range& range) {
    return point >= range.first && point <= range.second;
  });
}

bool is_printable(std::uint32_t point) {
  // C0 with DEL and C1; marks that turn the direction or break the line; the byte order mark.
  static constexpr std::array<Range, 7> kHidden{{{0x00, 0x1f},
                                                 {0x7f, 0x9f},
                                                 {0x200b, 0x200f},
                                                 {0x2028, 0x202e},
                                                 {0x2060, 0x206f},
                                                 {0xfeff, 0xfeff},
                                                 {kBroken, kBroken}}};
  return !within(kHidden, point);
}

std::size_t columns_of(std::uint32_t point) {
  // The wide and full-width blocks of Unicode's EastAsianWidth.txt, coarsely.
  static constexpr std::array<Range, 8> kWide{{{0x1100, 0x115f},
                                               {0x2e80, 0xa4cf},
                                               {0xac00, 0xd7a3},
                                               {0xf900, 0xfaff},
                                               {0xfe30, 0xfe6f},
                                               {0xff00, 0xff60},
                                               {0x1f300, 0x1faff},
                                               {0x20000, 0x3fffd}}};
  return within(kWide, point) ? 2 : 1;
}

std::string padded(std::string_view text, std::size_t columns, bool right) {
  const std::size_t used = width(text);
  const std::string blanks(columns > used ? columns - used : 0, ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

void end_line(std::string& out) {
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_character(text);
    if (is_printable(character.point))
      out += text.substr(0, character.length);
    else
      out += '?';
    text.remove_prefix(character.length);
  }
  return out;
}

std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    columns += columns_of(character.point);
    text.remove_prefix(character.length);
  }
  return columns;
}

std::string shortened(std::string_view text, std::size_t columns) {
  constexpr std::string_view kDots = "...";
  if (width(text) <= columns) return std::string(text);
  if (columns <= kDots.size()) return std::string(kDots.substr(0, columns));
  std::string out;
  std::size_t used = kDots.size();
  while (!text.empty()) {
    const Character character = first_character(text);
    used += columns_of(character.point);
    if (used > columns) break;
    out += text.substr(0, character.length);
    text.remove_prefix(character.length);
  }
  return out.append(kDots);
}

std::string wrapped(std::string_view label, std::string_view text) {
  const std::string start = printable(label);
  const std::size_t indent = width(start);
  const std::size_t room = kColumns > indent + kNarrowest ? kColumns - indent : kNarrowest;
  std::string words = printable(text);
  std::string out = start;
  std::size_t used = 0;
  std::string_view rest = words;
  while (!rest.empty()) {
    const std::size_t blank = std::min(rest.find(' '), rest.size());
    const std::string word = shortened(rest.substr(0, blank), room);
    rest.remove_prefix(std::min(blank + 1, rest.size()));
    if (used > 0 && used + 1 + width(word) > room) {
      end_line(out);
      out.append(indent, ' ');
      used = 0;
    }
    if (used > 0) out += ' ';
    out += word;
    used += width(word) + (used > 0 ? 1 : 0);
  }
  end_line(out);
  return out;
}

void Table::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (auto& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(width(column.title));
  for (const auto& cells : rows_)
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], width(cells[i]));

  const std::size_t room = kColumns - kGap * (widths.size() - 1);
  const auto shrink = [&](bool only_elastic) {
    while (std::accumulate(widths.begin(), widths.end(), std::size_t{0}) > room) {
      std::size_t* widest = nullptr;
      for (std::size_t i = 0; i < widths.size(); ++i) {
        if (only_elastic && columns_[i].align != Align::kElastic) continue;
        if (widths[i] > kNarrowest && (widest == nullptr || widths[i] > *widest))
          widest = &widths[i];
      }
      if (widest == nullptr) return;
      --*widest;
    }
  };
  shrink(true);
  shrink(false);
  return widths;
}

std::string Table::text() const {
  const auto sizes = widths();
  std::string out;
  const auto line = [&](const auto& cell_at) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out.append(kGap, ' ');
      out += padded(shortened(cell_at(i), sizes[i]), sizes[i], columns_[i].align == Align::kRight);
    }
    end_line(out);
  };
  line([this](std::size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& cells : rows_)
    line([&cells](std::size_t i) -> const std::string& { return cells[i]; });
  return out;
}

}  // namespace weir::layout
