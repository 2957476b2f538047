// SPDX-License-Identifier: BSD-2-Clause
// "Did you mean …?": the known name nearest to a mistyped one.
#include "config/suggest.h"

#include <algorithm>
#include <limits>

namespace weir {
namespace {

constexpr std::size_t kMostSlips = 2;
constexpr std::size_t kLongestName = 64;  // bounds the work on a file made to be slow

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The restricted Damerau–Levenshtein distance ("optimal string alignment"), case ignored.
std::size_t slips_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view typed, const std::vector<std::string_view>& names) {
  std::string_view nearest;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  if (typed.size() > kLongestName) return nearest;
  for (const std::string_view name : names) {
    const std::size_t slips = slips_between(typed, name);
    if (slips > std::min(kMostSlips, name.size() / 2) || slips >= fewest) continue;
    nearest = name;
    fewest = slips;
  }
  return nearest;
}

}  // namespace weir
