// SPDX-License-Identifier: BSD-2-Clause
// Interfaces come and go: those that are to be filtered are, as soon as they are there again.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/agent.h"

namespace weir {
namespace {

constexpr BootNs kRetry = 5000 * kNsInMs;

}  // namespace

void Agent::check_interfaces() {
  for (const auto& [from, to] : data_plane_->follow_renames())
    tell("rename", from, fmt::format("is {} now, and filtered as before", to));
  bring_back(data_plane_->interfaces(), true);
}

void Agent::bring_back(const std::vector<InterfaceState>& interfaces, bool has_changed) {
  const BootNs now = clock_->boot();
  for (const auto& state : interfaces) {
    if (state.attached) {
      lost_.erase(state.name);
      continue;
    }
    const bool is_new = !lost_.contains(state.name);
    Lost& lost = lost_[state.name];
    if (is_new) tell("lost", state.name, state.note);
    if (!is_new && !has_changed && now < lost.retry_at) continue;
    lost.retry_at = now + kRetry;
    // As it was; or, openly, as it can be: what is there now may be of another kind.
    auto done = data_plane_->attach(state.name, state.attach);
    if (!done && done.error().code == ErrorCode::kSystem)
      done = data_plane_->attach(state.name, Attach::kAuto);
    if (done) {
      tell("attach", state.name,
           fmt::format("again, {}{}{}", attach_name(done->attach), done->note.empty() ? "" : ": ",
                       done->note));
      lost_.erase(state.name);
      continue;
    }
    if (lost.why != done.error().message) spdlog::error("{}", done.error().message);
    lost.why = done.error().message;
  }
  std::erase_if(lost_, [&](const auto& entry) {
    return std::none_of(interfaces.begin(), interfaces.end(),
                        [&](const auto& state) { return state.name == entry.first; });
  });
}

}  // namespace weir
