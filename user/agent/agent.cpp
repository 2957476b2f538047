// SPDX-License-Identifier: BSD-2-Clause
// The agent's start, its settings and its interfaces.
#include "agent/agent.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "config/encode.h"
#include "config/names.h"

namespace weir {
namespace {

// Writes what is new before it takes out what is gone: a failure in between loses nothing.
Status keep_changes(Store& store, const Changes& before, const Changes& next) {
  if (auto put = store.put_changes(next); !put) return put;
  for (const auto& [path, value] : before)
    if (!next.contains(path))
      if (auto removed = store.remove_changes(path); !removed) return removed;
  return {};
}

}  // namespace

Agent::Agent(Configuration configuration, DataPlane& data_plane, Store& store, const Clock& clock,
             std::string boot_id, Lifelines* lifelines)
    : configuration_(std::move(configuration)),
      data_plane_(&data_plane),
      store_(&store),
      clock_(&clock),
      boot_id_(std::move(boot_id)),
      started_(clock.boot()),
      lifelines_(lifelines),
      counters_({configuration_.settings().series_trend, configuration_.settings().series_max}),
      counters_saved_(started_) {}

Result<Agent> Agent::start(Configuration configuration, DataPlane& data_plane, Store& store,
                           const Clock& clock, std::string boot_id, Lifelines* lifelines) {
  Agent agent(std::move(configuration), data_plane, store, clock, std::move(boot_id), lifelines);
  if (auto opened = agent.logs_.apply(agent.configuration_.settings()); !opened)
    return tl::unexpected(std::move(opened.error()));
  auto stored = store.changes();
  if (!stored) return tl::unexpected(std::move(stored.error()));
  auto allowed = store.allowed();
  if (!allowed) return tl::unexpected(std::move(allowed.error()));
  agent.allowed_ = std::move(*allowed);
  if (auto done = agent.take_over_lost(); !done) return tl::unexpected(std::move(done.error()));
  // A changed mode that a newer --mode has overruled must not come back at the next start.
  if (const Changes& changes = agent.configuration_.changes(); changes != *stored)
    agent.keep([&] { return keep_changes(store, *stored, changes); });
  // A timer of the agent before must not bring back what is not old any more.
  const bool has_timer =
      stored->lower_bound(kUnconfirmed) != stored->end() || !store.set_aside().empty();
  if (has_timer)
    if (auto done = data_plane.roll_back_after(Milliseconds(0)); !done)
      return tl::unexpected(std::move(done.error()));
  // Who is allowed must not meet new limits or bans first.
  if (auto done = agent.sync_allowed(); !done) return tl::unexpected(std::move(done.error()));
  if (auto done = agent.data_plane_->put_settings(encode_settings(agent.configuration_.settings()));
      !done)
    return tl::unexpected(std::move(done.error()));
  data_plane.time_answers(agent.configuration_.settings().times_answers());
  agent.begin_paths();
  data_plane.begin_samples();
  if (auto done = agent.sync_bans(); !done) return tl::unexpected(std::move(done.error()));
  if (auto done = agent.counter_store_.load(store, agent.counters_); !done)
    return tl::unexpected(std::move(done.error()));
  agent.minutes_counted_ = agent.counters_.of(kEventsCounter).of(Period::kMinute).appended();
  if (auto done = agent.resume_unconfirmed(*stored); !done)
    return tl::unexpected(std::move(done.error()));
  return agent;
}

void Agent::tell(std::string kind, std::string subject, std::string reason) {
  spdlog::info("{} {}{}{}", kind, subject, reason.empty() ? "" : ": ", reason);
  EventView event;
  event.time = clock_->wall();
  event.kind = std::move(kind);
  event.subject = std::move(subject);
  event.reason = std::move(reason);
  remember(std::move(event));
}

// The store first: what is acknowledged survives. It is put back when the kernel refuses.
Status Agent::put_in_force(Configuration next) {
  drain_requests();  // they are of the services as they are now
  const Changes before = configuration_.changes();
  const Changes& after = next.changes();
  if (after != before) keep([&] { return keep_changes(*store_, before, after); });
  if (auto put = data_plane_->put_settings(encode_settings(next.settings())); !put) {
    if (after != before) keep([&] { return keep_changes(*store_, after, before); });
    return put;
  }
  const Settings& now = configuration_.settings();
  const bool paths_change = now.tells_paths() != next.settings().tells_paths() ||
                            now.tells_queries() != next.settings().tells_queries();
  const bool is_enforced_now = configuration_.settings().mode != WEIR_MODE_ENFORCE &&
                               next.settings().mode == WEIR_MODE_ENFORCE;
  configuration_ = std::move(next);
  data_plane_->time_answers(configuration_.settings().times_answers());
  if (paths_change) begin_paths();
  counters_.resize({configuration_.settings().series_trend, configuration_.settings().series_max});
  if (is_enforced_now)
    for (const StoredBan& ban : book_.all()) end_connections_of(ban);
  return {};
}

Result<Done> Agent::set_mode(Mode mode, Confirm confirm) {
  auto next = configuration_.with({{"mode", std::string(name_of(mode))}});
  if (!next) return tl::unexpected(std::move(next.error()));
  if (auto done = change(std::move(*next), fmt::format("mode {}", name_of(mode)), confirm); !done)
    return tl::unexpected(std::move(done.error()));
  tell("mode", std::string(name_of(mode)), "by command");
  Done done{fmt::format("mode is {}", name_of(mode)), {}};
  note_confirm(done, confirm);
  note_unsaved(done);
  return done;
}

Result<Done> Agent::set_limit(const std::string& service, Event event, const Changes& values,
                              Confirm confirm) {
  const std::string path = fmt::format("services.{}.{}", service, name_of(event));
  Changes changes;
  for (const auto& [name, value] : values) changes[fmt::format("{}.{}", path, name)] = value;
  auto next = configuration_.with(changes);
  if (!next) return tl::unexpected(std::move(next.error()));
  const std::string what = fmt::format("limit {} {}", service, name_of(event));
  if (auto done = change(std::move(*next), what, confirm); !done)
    return tl::unexpected(std::move(done.error()));

  const Limit& limit = *configuration_.settings().find_service(service)->limits[event];
  Done done{fmt::format("limit {} {}: startThrottle {}, toMuch {}, timeout {}, window {}", service,
                        name_of(event), limit.start_throttle, limit.to_much,
                        format_duration(limit.timeout), name_of(limit.window)),
            {}};
  const std::string mark = fmt::format("{} {}:", service, name_of(event));
  for (const auto& notice : configuration_.notices())
    if (notice.find(mark) != std::string::npos) done.notices.push_back(notice);
  tell("limit", fmt::format("{} {}", service, name_of(event)), done.message);
  note_confirm(done, confirm);
  note_unsaved(done);
  return done;
}

Result<Done> Agent::reset_limit(const std::string& service, Event event) {
  if (configuration_.settings().find_service(service) == nullptr)
    return fail(ErrorCode::kNotFound, fmt::format("there is no service {}", service),
                "weir limit list shows the services");
  auto next = configuration_.without(fmt::format("services.{}.{}", service, name_of(event)));
  if (!next) return tl::unexpected(std::move(next.error()));
  if (auto done = change(std::move(*next), "limit", std::nullopt); !done)
    return tl::unexpected(std::move(done.error()));
  tell("limit", fmt::format("{} {}", service, name_of(event)), "back to the file's or default");
  Done done{fmt::format("limit {} {} is back to what the file or the default says", service,
                        name_of(event)),
            {}};
  note_unsaved(done);
  return done;
}

Result<Done> Agent::attach(const std::string& name, Attach how) {
  auto state = data_plane_->attach(name, how);
  if (!state) return tl::unexpected(std::move(state.error()));
  tell("attach", name, attach_name(state->attach));
  Done done{fmt::format("{} is filtered ({}), mode {}", name, attach_name(state->attach),
                        name_of(configuration_.settings().mode)),
            {}};
  if (!state->note.empty()) done.notices.push_back(fmt::format("{}: {}", name, state->note));
  return done;
}

Result<Done> Agent::detach(const std::string& name) {
  if (auto done = data_plane_->detach(name); !done) return tl::unexpected(std::move(done.error()));
  tell("detach", name, "no longer filtered");
  return Done{name + " is no longer filtered", {}};
}

// Who is allowed from now on must not meet the new limits first. sync_allowed() takes out those who
// no longer are, or, when the settings are refused, those who came too soon.
Status Agent::put_reloaded(Configuration next) {
  const Configuration before = configuration_;
  for (const auto& prefix : next.settings().allow)
    if (auto put = data_plane_->put_allow(prefix); !put) {
      (void)sync_allowed();
      return put;
    }
  if (auto put = put_in_force(std::move(next)); !put) {
    (void)sync_allowed();
    return put;
  }
  auto synced = sync_allowed();
  if (!synced) {
    (void)put_in_force(before);
    (void)sync_allowed();
  }
  return synced;
}

Result<Done> Agent::reload() {
  reopen_logs();  // also when the file has a mistake: who turns logs over asks for no more
  if (auto free = check_unconfirmed(); !free) return tl::unexpected(std::move(free.error()));
  Configuration next = configuration_;
  if (auto read = next.reload(); !read) return tl::unexpected(std::move(read.error()));
  Done done{"the configuration was read again", next.notices()};
  if (auto opened = logs_.apply(next.settings()); !opened)
    return tl::unexpected(std::move(opened.error()));
  if (auto put = put_reloaded(std::move(next)); !put) {
    (void)logs_.apply(configuration_.settings());
    return tl::unexpected(std::move(put.error()));
  }
  std::set<std::string> attached;
  for (const auto& state : data_plane_->interfaces())
    if (state.attached) attached.insert(state.name);
  for (const auto& name : configuration_.settings().interfaces) {
    if (attached.contains(name)) continue;
    auto result = attach(name, Attach::kAuto);
    done.notices.push_back(result ? result->message : result.error().message);
  }
  tell("reload", "configuration", "");
  return done;
}

}  // namespace weir
