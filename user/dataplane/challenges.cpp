// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/challenges.h"

#include <algorithm>

#include "dataplane/kernel_object.h"
#include "dataplane/listeners.h"
#include "dataplane/syncookies.h"

namespace weir {
namespace {

// A client answers a challenge at once, or after some seconds of bad luck.
constexpr int kQuietTicks = 10;
// Half of the time that a listener remembers.
constexpr int kTouchTicks = 60;
// A server that was started since is not known to have been touched.
constexpr int kTouchTicksWhileChallenging = 5;

bool asks_for_challenges(const weir_settings& settings) {
  if (settings.mode != WEIR_MODE_ENFORCE) return false;
  return std::any_of(std::begin(settings.services), std::end(settings.services),
                     [](const weir_service& service) {
                       const weir_limit& limit = service.limits[WEIR_EVENT_SYN];
                       return limit.enabled != 0 &&
                              (service.flood_rate != 0 || limit.action == WEIR_ACTION_CHALLENGE);
                     });
}

}  // namespace

bool Challenges::prepare_host() {
  if (!KernelObject::can_challenge()) {
    problem_ =
        "challenges are off, what they are for is dropped: this kernel has no helpers for SYN "
        "cookies";
    return false;
  }
  if (auto taken = take_syncookies(*control_); !taken) {
    problem_ = taken.error().message + "; " + taken.error().hint;
    return false;
  }
  return true;
}

void Challenges::arrange(const std::vector<InterfaceRecord>& interfaces) {
  problem_.reset();
  const bool wanted = asks_for_challenges(settings());
  const bool is_xdp = std::any_of(interfaces.begin(), interfaces.end(), [](const auto& record) {
    return record.attach && *record.attach != Attach::kTc;
  });
  const bool works = wanted && is_xdp && prepare_host();
  for (const auto& record : interfaces)
    if (wanted && record.attach == Attach::kTc)
      problem_ = record.name +
                 " is attached by tc, which cannot send challenges: what they are for is dropped "
                 "there";
  if (works) {
    if (!can()) touch_listeners();
    __atomic_fetch_or(&control_->present, WEIR_CAN_CHALLENGE, __ATOMIC_RELEASE);
  } else {
    __atomic_fetch_and(&control_->present, ~(WEIR_CAN_CHALLENGE | WEIR_CHALLENGING),
                       __ATOMIC_RELEASE);
    restore_syncookies(*control_);
  }
}

// So that they take cookies; see listeners.h.
void Challenges::touch_listeners() {
  for (const auto& listener : listeners())
    if (settings().port_service[listener.port] != 0) touch(listener);
  touched_ticks_ = 0;
}

void Challenges::tick(const std::vector<InterfaceRecord>& interfaces, std::uint64_t sent) {
  if (can() && !are_syncookies_taken()) arrange(interfaces);
  const bool is_challenging = (control_->present & WEIR_CHALLENGING) != 0;
  if (can() && ++touched_ticks_ >= (is_challenging ? kTouchTicksWhileChallenging : kTouchTicks))
    touch_listeners();
  // While challenges are sent, every acknowledgement is looked at: not for longer than needed.
  if (quiet_.tick(sent) >= kQuietTicks)
    __atomic_fetch_and(&control_->present, ~WEIR_CHALLENGING, __ATOMIC_RELEASE);
}

}  // namespace weir
