// SPDX-License-Identifier: BSD-2-Clause
// Who is there: one walk over the sources' tables at a time, in slices, so that a million of them
// stall nobody. What it finds serves everybody who asks until it has become old.
#include <fmt/format.h>

#include <algorithm>

#include "agent/agent.h"

namespace weir {
namespace {

// Not more than a twentieth of the time is spent on walking for those who ask …
constexpr BootNs kRest = 20;
// … of each second so much when nobody does, and so long at a time when somebody waits.
constexpr BootNs kIdleSliceNs = 10 * kNsInMs;
constexpr BootNs kHurriedSliceNs = 5 * kNsInMs;
constexpr BootNs kSnapshotSliceNs = 20 * kNsInMs;
constexpr std::size_t kSetsAtOnce = 256;  // between two looks at the clock

}  // namespace

bool Agent::users_are_fresh() const {
  return census_.at_ms != 0 && clock_->boot() - census_ended_ < kRest * census_cost_;
}

// True: the walk is over, and census_ is new.
bool Agent::walk_users(BootNs budget) {
  const BootNs begin = clock_->boot();
  if (!walk_) {
    walk_.emplace(begin / kNsInMs, configuration_.settings().time_window, kTopUsers);
    walked_ = 0;
    walk_cost_ = 0;
  }
  const std::size_t places = data_plane_->source_places();
  BootNs now = begin;
  while (walked_ < places && now - begin < budget) {
    data_plane_->visit_sources(walked_, kSetsAtOnce, [&](const SourceState& state) {
      walk_->take(memory_.observe(state, walk_->now_ms()));
    });
    walked_ += kSetsAtOnce;
    now = clock_->boot();
  }
  walk_cost_ += now - begin;
  if (walked_ < places) return false;
  census_ = walk_->census();
  census_cost_ = walk_cost_;
  census_ended_ = now;
  const auto window = static_cast<std::uint64_t>(configuration_.settings().time_window.count());
  memory_.forget(walk_->now_ms() - std::min(walk_->now_ms(), window));
  walk_.reset();
  return true;
}

void Agent::count_users() {
  if (!users_are_fresh()) (void)walk_users(kSnapshotSliceNs);
}

void Agent::ask_users(std::function<void()> ready) {
  if (users_are_fresh()) return ready();
  // One that went on idly may have begun a minute ago.
  if (waiting_for_users_.empty()) walk_.reset();
  waiting_for_users_.push_back(std::move(ready));
  if (waiting_for_users_.size() == 1 && hurry_) hurry_();
}

bool Agent::hurry_users() {
  if (waiting_for_users_.empty()) return false;
  if (!walk_users(kHurriedSliceNs)) return true;
  const auto waiting = std::move(waiting_for_users_);
  waiting_for_users_.clear();
  for (const auto& ready : waiting) ready();
  return !waiting_for_users_.empty();
}

void Agent::walk_users_idly() {
  if (!users_are_fresh()) (void)walk_users(kIdleSliceNs);
}

UserView Agent::view_of(const User& user) const {
  const Address& address = user.state.address;
  const BootNs now = clock_->boot();
  UserView view;
  view.source = configuration_.settings().source_of(address);
  view.hits = user.hits;
  view.activity = user.activity;
  const auto wall = [&](std::uint64_t ms) {
    const auto age = static_cast<std::int64_t>(now / kNsInMs - std::min(now / kNsInMs, ms));
    return clock_->wall() - Milliseconds(age);
  };
  view.last_seen = wall(user.state.last_ms);
  if (user.first_ms != 0) view.first_seen = wall(user.first_ms);
  const Explanation explained = explain(address);
  view.verdict = explained.verdict;
  view.why = explained.why;
  view.validated = explained.validated;
  view.ban = explained.ban;
  view.limits = explained.limits;
  if (const Told* told = told_.find(view.source.address())) view.told = *told;
  return view;
}

// At once for all: the kernel's part of it is as long to find out for one.
void Agent::count_dropped(std::span<UserView> users) const {
  std::vector<Prefix> banned;
  for (const UserView& user : users)
    if (user.ban) banned.push_back(user.ban->prefix);
  if (banned.empty()) return;
  const auto dropped = data_plane_->dropped_by(banned);
  auto next = dropped.begin();
  for (UserView& user : users)
    if (user.ban) user.ban->dropped = *next++;
}

void Agent::drain_samples() {
  const Settings& settings = configuration_.settings();
  const WallTime now = clock_->wall();
  data_plane_->drain_samples([&](const weir_sample& sample) {
    told_.note(settings.source_of(Address::in_packet(true, sample.addr)).address(), sample, now);
  });
}

UsersView Agent::users(bool active_only, std::size_t most) {
  drain_samples();
  UsersView view;
  const BootNs age = clock_->boot() - std::min(clock_->boot(), census_.at_ms * kNsInMs);
  view.time = clock_->wall() - Milliseconds(age / kNsInMs);
  view.window = configuration_.settings().time_window;
  view.counts = census_.counts;
  for (const User& user : active_only ? census_.active : census_.all) {
    if (view.users.size() == most) break;
    view.users.push_back(view_of(user));
  }
  count_dropped(view.users);
  return view;
}

Result<UserView> Agent::user(const Address& address) {
  drain_samples();
  const Prefix source = configuration_.settings().source_of(address);
  const BootNs now = clock_->boot();
  SourceState state{source.address(), 0, 0, 0};
  std::uint32_t connections = 0, requests = 0;
  for (const Meter& meter : data_plane_->meters(address, now)) {
    (meter.event == WEIR_EVENT_SYN ? connections : requests) += meter.count;
    state.last_ms = std::max(state.last_ms, meter.last_ms);
  }
  // Of one who is banned no table knows anything after a while.
  if (const Told* told = told_.find(source.address()); told != nullptr && state.last_ms == 0) {
    const auto age = std::max<std::int64_t>((clock_->wall() - told->last).count(), 0);
    state.last_ms = now / kNsInMs - std::min<std::uint64_t>(now / kNsInMs - 1, age);
  }
  if (state.last_ms == 0)
    return fail(ErrorCode::kNotFound, source.text() + " is not among the sources that are known",
                "weir explain tells what would happen to it");
  state.hits = requests > 0 ? requests : connections;
  UserView view = view_of(memory_.recall(state, now / kNsInMs));
  count_dropped({&view, 1});
  return view;
}

}  // namespace weir
