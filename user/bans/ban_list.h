// SPDX-License-Identifier: BSD-2-Clause
// Lists of bans as files have them: one address or network a line, or the JSON of `weir ban export
// --json`. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"

namespace weir {

// What the entries of a list have in common is kept once: lists are a million long.
struct ListedTexts {
  std::string reason, rule;
  auto operator<=>(const ListedTexts&) const = default;
};

struct ListedBan {
  Prefix prefix;
  std::optional<WallTime> since;
  std::optional<WallTime> until;  // nullopt: for ever, where `has_end`
  bool has_end = false;           // the list says when it ends, or that it does not
  bool all = false;
  int times = 1;
  std::shared_ptr<const ListedTexts> texts;
};

struct BanList {
  std::vector<ListedBan> bans;  // by prefix, each once
  std::size_t duplicates = 0;   // entries of a prefix that was there already: the later end wins
  std::size_t over = 0;         // entries whose end is past: left out
  std::size_t overlaps = 0;     // bans inside another one of the list, and kept
};

// The ban of a list that an address falls under, the narrowest; nullptr: none.
const ListedBan* find_ban(const BanList& list, const Address& address);

inline constexpr std::size_t kBanListMax = 2'000'000;  // entries
inline constexpr std::size_t kListedTextMax = 256;     // bytes of a reason or rule

// `now`: what is over is measured by it. kInvalid names the line, or the entry, and what is wrong
// with it; kTooLarge for more than kBanListMax entries. Text behind a '#' is a comment.
Result<BanList> read_ban_list(std::string_view text, WallTime now);

}  // namespace weir
