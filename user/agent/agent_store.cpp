// SPDX-License-Identifier: BSD-2-Clause
// What the agent does when its store cannot be written: it goes on, says so, and catches up.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>

#include "agent/agent.h"
#include "config/encode.h"
#include "config/names.h"

namespace weir {
namespace {

Changes limit_changes(const std::string& path, const weir_limit& is, const weir_limit& expected) {
  Changes changes;
  const auto note = [&](const char* name, auto a, auto b, std::string text) {
    if (a != b) changes[path + "." + name] = std::move(text);
  };
  const auto span = [](std::uint32_t ms) { return format_duration(Milliseconds(ms)); };
  note("startThrottle", is.start_throttle, expected.start_throttle,
       std::to_string(is.start_throttle));
  note("toMuch", is.to_much, expected.to_much, std::to_string(is.to_much));
  note("timeout", is.timeout_ms, expected.timeout_ms, span(is.timeout_ms));
  note("delay", is.delay_ms, expected.delay_ms, span(is.delay_ms));
  note("window", is.window, expected.window,
       std::string(name_of(static_cast<weir_window>(is.window))));
  note("action", is.action, expected.action,
       std::string(name_of(static_cast<weir_action>(is.action))));
  return changes;
}

}  // namespace

Changes changes_in_force(const weir_settings& is, const Settings& settings) {
  const weir_settings expected = encode_settings(settings);
  Changes changes;
  if (is.mode != expected.mode)
    changes["mode"] = std::string(name_of(static_cast<weir_mode>(is.mode)));
  // Services are told apart by their order only.
  if (std::memcmp(is.port_service, expected.port_service, sizeof is.port_service) != 0)
    return changes;
  for (std::size_t i = 0; i < settings.services.size(); i++)
    for (int event = 0; event < WEIR_EVENT_COUNT; event++) {
      const weir_limit& limit = is.services[i].limits[event];
      const weir_limit& other = expected.services[i].limits[event];
      if (limit.enabled == 0 || other.enabled == 0) continue;
      changes.merge(limit_changes(fmt::format("services.{}.{}", settings.services[i].name,
                                              name_of(static_cast<weir_event>(event))),
                                  limit, other));
    }
  return changes;
}

Status Agent::take_over_lost() {
  if (store_->set_aside().empty()) return {};
  spdlog::error("{}", store_->set_aside());
  tell("store", "damaged", store_->set_aside());
  auto allowed = data_plane_->allowed();
  if (!allowed) return tl::unexpected(std::move(allowed.error()));
  const auto& file = configuration_.settings().allow;
  for (const Prefix& prefix : *allowed) {
    if (std::find(file.begin(), file.end(), prefix) != file.end()) continue;
    allowed_.push_back({prefix, clock_->wall(), "found in the kernel"});
    keep([&] { return store_->put_allow(allowed_.back()); });
  }
  if (const auto is = data_plane_->settings()) {
    auto next = configuration_.with(changes_in_force(*is, configuration_.settings()));
    if (next) configuration_ = std::move(*next);
  }
  return {};
}

void Agent::keep(const std::function<Status()>& write) {
  if (store_problem_) return;
  if (const Status written = write(); !written) fall_behind(written.error());
}

void Agent::fall_behind(const Error& error) {
  spdlog::error("{}; bans and changes stay in force, and are written when that works again",
                error.message);
  tell("store", "behind", error.message);
  store_problem_ = error.message;
}

void Agent::note_unsaved(Done& done) const {
  if (store_problem_)
    done.notices.push_back(fmt::format(
        "in force, but not on disk yet; a restart before that may undo it: {}", *store_problem_));
}

// Writes everything anew: which of the changes since were written need not be known. A full disk
// costs that each time, so not more than a tenth of the time is spent on it.
void Agent::catch_up() {
  if (!store_problem_) {
    if (store_->is_in_place()) return;
    fall_behind({ErrorCode::kSystem, "the store's file was deleted", ""});
  }
  const BootNs now = clock_->boot();
  if (caught_up_ != 0 && now - caught_up_ < 10 * catching_cost_) return;
  const Status written = store_->rewrite(
      [this](const Store::TakeBan& take) -> Status {
        Status taken;
        book_.for_each(std::nullopt, [&](const StoredBan& ban) {
          taken = take(ban);
          return taken.has_value();
        });
        book_.for_each_past([&](StoredBan ban) {
          if (!taken) return;
          ban.origin = kRuleOrigin;
          ban.boot_id = boot_id_;
          taken = take(ban);
        });
        return taken;
      },
      allowed_, changes_to_keep());
  caught_up_ = clock_->boot();
  catching_cost_ = caught_up_ - now;
  if (!written) {
    store_problem_ = written.error().message;
    return;
  }
  store_problem_.reset();
  caught_up_ = 0;
  // By itself, for bans are not to wait for what is only shown.
  counter_store_.doubt();
  save_counters();
  spdlog::info("the store is up to date again");
  tell("store", "caught up", "");
}

}  // namespace weir
