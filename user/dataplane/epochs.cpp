// SPDX-License-Identifier: BSD-2-Clause
#include "dataplane/epochs.h"

#include <cstring>

namespace weir {
namespace {

bool same_form(const weir_limit& a, const weir_limit& b) {
  return a.enabled == b.enabled && a.window == b.window && a.timeout_ms == b.timeout_ms &&
         a.stride_shift == b.stride_shift && a.tick_shift == b.tick_shift;
}

void set_epoch(weir_limit& limit, const weir_limit& old, bool same_events) {
  const bool goes_on = same_events && same_form(limit, old);
  limit.epoch = static_cast<__u8>((old.epoch + (goes_on ? 0 : 1)) & 3);
}

bool same_requests(const weir_path_rule& a, const weir_path_rule& b) {
  return a.service == b.service && a.length == b.length &&
         std::memcmp(a.prefix, b.prefix, sizeof a.prefix) == 0;
}

}  // namespace

void set_epochs(weir_settings& next, const weir_settings& now) {
  for (int i = 0; i < WEIR_SERVICE_MAX; i++) {
    weir_service& service = next.services[i];
    const weir_service& old = now.services[i];
    for (int event = 0; event < WEIR_EVENT_SLOTS; event++)
      set_epoch(service.limits[event], old.limits[event], true);
    set_epoch(service.ban, old.ban, true);
  }
  for (int i = 0; i < WEIR_RULE_MAX; i++)
    set_epoch(next.rules[i].limit, now.rules[i].limit, same_requests(next.rules[i], now.rules[i]));
}

}  // namespace weir
