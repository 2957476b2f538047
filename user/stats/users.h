// SPDX-License-Identifier: BSD-2-Clause
// Who is there (SEEDS.md, S6): one walk over all sources, in pieces of any size, gives how many
// were seen lately and who asked most; a bounded memory of them tells since when, and how busily.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "dataplane/dataplane.h"

namespace weir {

// Sources by when they were last seen, as far as the tables remember them.
struct UserCounts {
  std::uint64_t active = 0;  // within timeWindow
  std::uint64_t minute = 0, hour = 0, day = 0;
  std::uint64_t known = 0;  // all
};

struct User {
  SourceState state;
  std::uint64_t hits = 0;      // since first_ms where that is known, else of its newest burst
  double activity = 0;         // smoothed hits a minute
  std::uint64_t first_ms = 0;  // boot clock; 0: not known
};

// What the walks remember of a source from one to the next.
class UserMemory {
 public:
  static constexpr std::size_t kRemembered = 65536;

  // Seen by a walk at a time (boot clock, ms). Others than kRemembered are only looked at.
  User observe(const SourceState& state, std::uint64_t now_ms);
  // The same without seeing it.
  [[nodiscard]] User recall(const SourceState& state, std::uint64_t now_ms) const;
  // Forgets those who were not seen since.
  void forget(std::uint64_t before_ms);
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  struct Known {
    std::uint64_t first_ms = 0, last_ms = 0;
    std::uint64_t hits = 0;
    std::uint32_t run = 0;  // hits of the burst when it was last looked at
    std::uint64_t minute = 0;
    std::uint64_t minute_hits = 0;
    double activity = 0;  // at the begin of that minute
  };
  struct Hash {
    std::size_t operator()(const Address& address) const;
  };
  static double activity_of(const Known& known, std::uint64_t minute);
  static User user_of(const Known& known, const SourceState& state, std::uint64_t now_ms);

  std::unordered_map<Address, Known, Hash> known_;
};

// The users with the most hits of all that were offered.
class TopUsers {
 public:
  explicit TopUsers(std::size_t most) : most_(most) {}
  void offer(const User& user);
  [[nodiscard]] std::vector<User> sorted() const;  // most hits first

 private:
  std::size_t most_;
  std::vector<User> heap_;  // the least of those kept is in front
};

// What a walk over all sources has found.
struct UserCensus {
  std::uint64_t at_ms = 0;  // boot clock, when it began; 0: there was none yet
  UserCounts counts;
  std::vector<User> active, all;  // most hits first
};

// One walk: feed it every source, then take what it found.
class UserWalk {
 public:
  UserWalk(std::uint64_t now_ms, Milliseconds window, std::size_t most);

  void take(const User& user);
  [[nodiscard]] std::uint64_t now_ms() const { return now_ms_; }
  [[nodiscard]] UserCensus census() const;

 private:
  std::uint64_t now_ms_, window_ms_;
  UserCounts counts_;
  TopUsers active_, all_;
};

}  // namespace weir
