// SPDX-License-Identifier: BSD-2-Clause
// Text laid out for a terminal of 100 columns: tables and wrapped lines. What came from
// outside loses whatever could move a cursor, forge a line or turn its direction.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::layout {

inline constexpr std::size_t kColumns = 100;

// Control and direction characters and bytes that are not UTF-8 become '?'.
std::string printable(std::string_view text);
// Columns that printable text takes; East Asian characters take two.
std::size_t width(std::string_view text);
// At most `columns` wide; what does not fit ends in "...".
std::string shortened(std::string_view text, std::size_t columns);
// "label  text" with the text broken at blanks and indented under its start.
std::string wrapped(std::string_view label, std::string_view text);

enum class Align {
  kLeft,
  kRight,
  kElastic,  // left, and the first to be shortened when a table is too wide
};

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // As many cells as columns; they are made printable here.
  void row(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir::layout
