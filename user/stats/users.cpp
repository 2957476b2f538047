// SPDX-License-Identifier: BSD-2-Clause
#include "stats/users.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace weir {
namespace {

constexpr std::uint64_t kMinuteMs = 60'000;
constexpr std::uint64_t kHourMs = 60 * kMinuteMs;
constexpr std::uint64_t kDayMs = 24 * kHourMs;
// The original's weights: of what was before, and of what is new.
constexpr double kOld = 0.3, kNew = 0.7;

// Of equal hits the newest, and then by address, so that two walks agree.
bool is_before(const User& a, const User& b) {
  if (a.hits != b.hits) return a.hits > b.hits;
  if (a.state.last_ms != b.state.last_ms) return a.state.last_ms > b.state.last_ms;
  return a.state.address < b.state.address;
}

}  // namespace

std::size_t UserMemory::Hash::operator()(const Address& address) const {
  std::uint64_t words[2];
  std::memcpy(words, address.bytes().data(), sizeof words);
  return (words[0] * 0x9e3779b97f4a7c15u ^ words[1]) * 0xc2b2ae3d27d4eb4fu;
}

// At a new minute a = 0.3 a + 0.7 hits of the last one, and 0.3 a for each without any.
double UserMemory::activity_of(const Known& known, std::uint64_t minute) {
  if (minute <= known.minute) return known.activity;
  const double ended = kOld * known.activity + kNew * static_cast<double>(known.minute_hits);
  return ended * std::pow(kOld, static_cast<double>(minute - known.minute - 1));
}

User UserMemory::user_of(const Known& known, const SourceState& state, std::uint64_t now_ms) {
  User user{state, known.hits, 0, known.first_ms};
  const std::uint64_t minute = now_ms / kMinuteMs;
  const double running = minute == known.minute ? static_cast<double>(known.minute_hits) : 0;
  user.activity = kOld * activity_of(known, minute) + kNew * running;
  return user;
}

User UserMemory::observe(const SourceState& state, std::uint64_t now_ms) {
  auto found = known_.find(state.address);
  if (found == known_.end()) {
    if (known_.size() >= kRemembered) return {state, state.hits, 0, 0};
    found = known_.emplace(state.address, Known{}).first;
    found->second.first_ms = state.last_ms;
    found->second.minute = now_ms / kMinuteMs;
  }
  Known& known = found->second;
  if (const std::uint64_t minute = now_ms / kMinuteMs; minute != known.minute) {
    known.activity = activity_of(known, minute);
    known.minute = minute;
    known.minute_hits = 0;
  }
  // A burst that has fewer events than before is another one, and so is one that would have had
  // to pause longer than a burst may between those that are new.
  const bool is_same =
      state.hits >= known.run && std::uint64_t{state.hits - known.run} * state.timeout_ms >=
                                     state.last_ms - std::min(state.last_ms, known.last_ms);
  const std::uint32_t grown = is_same ? state.hits - known.run : state.hits;
  known.run = state.hits;
  known.last_ms = state.last_ms;
  known.hits += grown;
  known.minute_hits += grown;
  return user_of(known, state, now_ms);
}

User UserMemory::recall(const SourceState& state, std::uint64_t now_ms) const {
  const auto found = known_.find(state.address);
  if (found == known_.end()) return {state, state.hits, 0, 0};
  User user = user_of(found->second, state, now_ms);
  user.hits = std::max<std::uint64_t>(user.hits, state.hits);
  return user;
}

void UserMemory::forget(std::uint64_t before_ms) {
  std::erase_if(known_, [&](const auto& entry) { return entry.second.last_ms < before_ms; });
}

void TopUsers::offer(const User& user) {
  if (most_ == 0) return;
  if (heap_.size() == most_) {
    if (!is_before(user, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), is_before);
    heap_.pop_back();
  }
  heap_.push_back(user);
  std::push_heap(heap_.begin(), heap_.end(), is_before);
}

std::vector<User> TopUsers::sorted() const {
  std::vector<User> users = heap_;
  std::sort(users.begin(), users.end(), is_before);
  return users;
}

UserWalk::UserWalk(std::uint64_t now_ms, Milliseconds window, std::size_t most)
    : now_ms_(now_ms),
      window_ms_(static_cast<std::uint64_t>(window.count())),
      active_(most),
      all_(most) {}

void UserWalk::take(const User& user) {
  const auto is_within = [&](std::uint64_t ms) { return user.state.last_ms + ms > now_ms_; };
  counts_.known++;
  if (is_within(kDayMs)) counts_.day++;
  if (is_within(kHourMs)) counts_.hour++;
  if (is_within(kMinuteMs)) counts_.minute++;
  all_.offer(user);
  if (!is_within(window_ms_)) return;
  counts_.active++;
  active_.offer(user);
}

UserCensus UserWalk::census() const { return {now_ms_, counts_, active_.sorted(), all_.sorted()}; }

}  // namespace weir
