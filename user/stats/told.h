// SPDX-License-Identifier: BSD-2-Clause
// What was told of single sources: how much each has sent, and how often it was throttled or
// kicked. Exact while there is little to tell of; else estimated from samples (bpf/lib/sample.h).
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <utility>

#include "base/address.h"
#include "base/time.h"
#include "weir/abi.h"

namespace weir {

struct Told {
  WallTime since, last;
  std::uint64_t bytes = 0;                                   // of whole frames
  std::array<std::uint64_t, WEIR_VERDICT_COUNT> verdicts{};  // events: carried out
  std::array<std::uint64_t, WEIR_VERDICT_COUNT> observed{};  // what enforce would have done
  bool is_estimate = false;
};

// Remembers those who were told of last. Whoever was seen to be at its address has room of his own,
// so that a flood of made-up addresses makes nobody forgotten who is real.
class ToldBook {
 public:
  static constexpr std::size_t kSources = 4096;  // of either kind

  // `source`: whole. A record with an unknown unit or verdict is none.
  void note(const Address& source, const weir_sample& sample, WallTime time);
  // nullptr: nothing was told of it lately.
  [[nodiscard]] const Told* find(const Address& source) const;

 private:
  class Shelf {
   public:
    // As the newest; the one that was told of the longest ago makes room.
    Told& put(const Address& source, const Told& told);
    // The same with what is there already; nullptr: it is not.
    Told* renew(const Address& source);
    [[nodiscard]] const Told* find(const Address& source) const;
    void remove(const Address& source);

   private:
    using Entries = std::list<std::pair<Address, Told>>;
    Entries entries_;  // the newest in front
    std::map<Address, Entries::iterator> places_;
  };
  Shelf real_, others_;
};

}  // namespace weir
