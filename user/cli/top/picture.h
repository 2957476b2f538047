// SPDX-License-Identifier: BSD-2-Clause
// What `weir top` shows, as lines of styled text of the terminal's size. Knows no terminal. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/top/state.h"

namespace weir::cli {

enum class TopStyle { kPlain, kTitle, kHead, kSelected, kGood, kSlow, kBad, kBanned, kFaint };

struct TopSpan {
  std::string text;  // printable
  TopStyle style = TopStyle::kPlain;
};
using TopLine = std::vector<TopSpan>;

struct TopSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool is_utf8 = true;  // blocks for charts; else ASCII
};

// At most `rows` lines of at most `columns` each.
std::vector<TopLine> top_picture(const TopState& state, const TopData& data, const TopSize& size);

// The same in one line, for who is no terminal. Ends in a newline.
std::string top_line(const TopData& data);

// Values as a chart of one line, newest at the right; what is not a number is a blank.
std::string sparkline(const std::vector<double>& values, std::size_t columns, bool is_utf8);

}  // namespace weir::cli
