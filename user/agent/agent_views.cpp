// SPDX-License-Identifier: BSD-2-Clause
// What the agent shows, and the second's work behind it.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <map>

#include "agent/agent.h"
#include "config/names.h"

namespace weir {
namespace {

weir_stats total_of(const DataPlane& data_plane, const std::vector<InterfaceState>& interfaces) {
  weir_stats total = data_plane.retired_stats();
  for (const auto& interface : interfaces) add_stats(total, interface.stats);
  return total;
}

std::vector<ServiceEventStats> service_stats(const Settings& settings, const weir_stats& total) {
  std::vector<ServiceEventStats> stats;
  for (std::size_t i = 0; i < settings.services.size(); i++)
    for (int event = 0; event < WEIR_EVENT_COUNT; event++)
      for (int family = 0; family < WEIR_FAMILY_COUNT; family++)
        if (settings.services[i].limits[static_cast<std::size_t>(event)])
          stats.push_back({settings.services[i].name, static_cast<Event>(event), family,
                           total.events[i][event][family]});
  return stats;
}

}  // namespace

// Single SYNs of a flood are no news; that there is one is.
void Agent::watch_floods(const weir_stats& total) {
  const std::uint64_t flooded = total.reasons[WEIR_REASON_FLOODED];
  const bool is_flood = last_flooded_ && flooded > *last_flooded_;
  last_flooded_ = flooded;
  if (is_flood) {
    if (calm_ticks_ >= kCalmTicks)
      tell("flood", "began", "more SYNs than floodRate: sources not yet validated are challenged");
    calm_ticks_ = 0;
  } else if (calm_ticks_ < kCalmTicks && ++calm_ticks_ == kCalmTicks) {
    tell("flood", "over", "");
  }
}

std::uint64_t Agent::requests_seen() const {
  return total_of(*data_plane_, data_plane_->interfaces()).requests_seen;
}

void Agent::tick() {
  const auto interfaces = data_plane_->interfaces();
  const weir_stats total = total_of(*data_plane_, interfaces);
  data_plane_->tick(total);
  drain_requests();
  drain_samples();
  watch_floods(total);
  if (unconfirmed_ && unconfirmed_->until <= clock_->boot())
    roll_back("it was not confirmed in time");
  if (bans_not_made_ != 0 && clock_->boot() - ban_minute_ >= 60'000 * kNsInMs) close_breaker();
  bring_back(interfaces, false);
  walk_users_idly();
  counters_.tick(clock_->wall(), total, census_.counts.active, responses_of_all());
  log_counters();
  if (clock_->boot() - counters_saved_ >= kSaveCountersNs) save_counters();
  end_bans();
  forget_bans();
  catch_up();
  flush_logs();
}

void Agent::save_counters() {
  counters_saved_ = clock_->boot();
  const Status saved = counter_store_.save(*store_, counters_);
  // The next minute has another chance, so once is enough to say.
  if (!saved && !counters_unsaved_) spdlog::error("{}", saved.error().message);
  counters_unsaved_ = !saved;
}

// Rules have their indices in the order of the settings: encode_settings().
std::vector<ServiceResponses> Agent::responses() const {
  std::vector<ServiceResponses> all;
  const auto& services = configuration_.settings().services;
  int rule = 0;
  for (std::size_t i = 0; i < services.size(); i++) {
    const Service& service = services[i];
    if (service.protocol == WEIR_PROTOCOL_TCP) continue;  // nor rules
    ServiceResponses& one = all.emplace_back();
    one.service = service.name;
    one.counters = data_plane_->responses(static_cast<int>(i));
    one.is_estimate = service.protocol == WEIR_PROTOCOL_TLS;
    for (const PathRule& path : service.paths) {
      const weir_responses counters = data_plane_->rule_responses(rule++);
      if (counters.count != 0) one.rules.push_back({path.prefix, counters});
    }
  }
  return all;
}

weir_responses Agent::responses_of_all() const {
  weir_responses all{};
  const auto& services = configuration_.settings().services;
  for (std::size_t i = 0; i < services.size(); i++)
    if (services[i].protocol == WEIR_PROTOCOL_HTTP)
      add_responses(all, data_plane_->responses(static_cast<int>(i)));
  return all;
}

Snapshot Agent::snapshot() {
  count_users();
  Snapshot snapshot;
  const Settings& settings = configuration_.settings();
  snapshot.version = WEIR_VERSION;
  snapshot.time = clock_->wall();
  snapshot.uptime = Milliseconds((clock_->boot() - started_) / kNsInMs);
  snapshot.mode = settings.mode;
  snapshot.interfaces = data_plane_->interfaces();
  snapshot.total = total_of(*data_plane_, snapshot.interfaces);
  snapshot.services = service_stats(settings, snapshot.total);
  snapshot.tables = data_plane_->tables();
  snapshot.active_bans = book_.size();
  snapshot.events = views_of(counters_.of(kEventsCounter));
  snapshot.users = census_.counts;
  snapshot.response_ms = counters_.of(kResponseCounter).of(Period::kMinute).last();
  if (settings.times_answers()) snapshot.responses = responses();
  if (auto problem = data_plane_->challenge_problem())
    snapshot.problems.push_back(std::move(*problem));
  if (unconfirmed_)
    snapshot.unconfirmed = UnconfirmedView{
        unconfirmed_->what,
        clock_->wall() +
            Milliseconds((unconfirmed_->until - std::min(unconfirmed_->until, clock_->boot())) /
                         kNsInMs)};
  snapshot.logs = logs_.views();
  for (const LogView& log : snapshot.logs)
    if (log.problem)
      snapshot.problems.push_back(
          fmt::format("{}: {}; {} lines are lost", log.name, *log.problem, log.lost));
  if (bans_not_made_ != 0)
    snapshot.problems.push_back(
        fmt::format("rules make no bans until the minute is over: {} were made in it, which is "
                    "maxBansPerMinute, and {} were not; weir events tells whose",
                    bans_this_minute_, bans_not_made_));
  if (store_problem_)
    snapshot.problems.push_back("bans and changes are in force but not on disk: " +
                                *store_problem_);
  if (!store_->set_aside().empty())
    snapshot.problems.push_back(store_->set_aside() +
                                "; what the kernel had in force was taken over");
  for (const auto& interface : snapshot.interfaces) {
    if (interface.attached) continue;
    const auto lost = lost_.find(interface.name);
    const bool has_why = lost != lost_.end() && !lost->second.why.empty();
    snapshot.problems.push_back(fmt::format("{} is not filtered: {}; it is tried again by itself",
                                            interface.name,
                                            has_why ? lost->second.why : interface.note));
  }
  return snapshot;
}

BanView Agent::view_of(const StoredBan& ban, std::uint64_t dropped) const {
  BanView view;
  view.prefix = ban.prefix;
  view.since = ban.since;
  view.until = ban.until;
  view.reason = ban.reason;
  view.rule = ban.rule;
  view.origin = ban.origin;
  view.all = ban.all;
  view.times = ban.times;
  view.dropped = dropped;
  return view;
}

// Without what each has dropped, which is as long to find out as there are bans.
std::vector<BanView> Agent::bans() const {
  return bans_after(std::nullopt, std::numeric_limits<std::size_t>::max());
}

std::vector<BanView> Agent::bans_after(const std::optional<Prefix>& after, std::size_t most) const {
  std::vector<BanView> views;
  std::vector<Prefix> prefixes;
  book_.for_each(after, [&](const StoredBan& ban) {
    if (kernel_until(ban, clock_->wall(), clock_->boot(), boot_id_)) {
      views.push_back(view_of(ban, 0));
      prefixes.push_back(ban.prefix);
    }
    return views.size() < most;
  });
  const auto dropped = data_plane_->dropped_by(prefixes);
  for (std::size_t i = 0; i < views.size(); i++) views[i].dropped = dropped[i];
  return views;
}

std::vector<AllowView> Agent::allowed() const {
  std::vector<AllowView> views;
  for (const auto& prefix : configuration_.settings().allow)
    views.push_back(
        {prefix, clock_->wall() - Milliseconds((clock_->boot() - started_) / kNsInMs), "", "file"});
  for (const auto& allow : allowed_)
    views.push_back({allow.prefix, allow.since, allow.reason, "cli"});
  return views;
}

std::optional<Prefix> Agent::allowing(const Address& address) const {
  std::optional<Prefix> longest;
  const auto consider = [&](const Prefix& prefix) {
    if (prefix.contains(address) && (!longest || prefix.length() > longest->length()))
      longest = prefix;
  };
  for (const auto& prefix : configuration_.settings().allow) consider(prefix);
  for (const auto& allow : allowed_) consider(allow.prefix);
  return longest;
}

Explanation Agent::explain(const Address& address) const {
  const Settings& settings = configuration_.settings();
  const BootNs now = clock_->boot();
  Explanation result;
  result.address = address;
  result.source = settings.source_of(address);
  result.allow = allowing(address);
  result.validated = data_plane_->is_validated(address, now);
  for (const auto& meter : data_plane_->meters(address, now)) {
    const auto& service = settings.services.at(static_cast<std::size_t>(meter.service));
    const PathRule* rule = meter.rule ? settings.find_rule(*meter.rule) : nullptr;
    const auto limit = rule != nullptr ? limit_of(service, *rule) : service.limits[meter.event];
    if (!limit) continue;
    LimitView view{service.name, meter.event,     *limit,
                   meter.count,  Milliseconds(0), rule != nullptr ? rule->prefix : ""};
    const std::uint64_t ends = meter.last_ms + static_cast<std::uint64_t>(limit->timeout.count());
    if (meter.count > 0 && ends > now / kNsInMs)
      view.resets_in = Milliseconds(ends - now / kNsInMs);
    result.limits.push_back(view);
    if (rule != nullptr) continue;  // whatever becomes of that path, others are free
    const auto stage = meter.count >= limit->to_much          ? WEIR_VERDICT_KICK
                       : meter.count >= limit->start_throttle ? WEIR_VERDICT_THROTTLE
                                                              : WEIR_VERDICT_PASS;
    if (stage > result.verdict) {
      result.verdict = stage;
      result.why = fmt::format(
          "its next {} to {} would be number {} within {} (startThrottle {}, "
          "toMuch {})",
          name_of(meter.event), service.name, meter.count + 1, format_duration(limit->timeout),
          limit->start_throttle, limit->to_much);
    }
  }
  if (result.why.empty()) result.why = "under every limit";
  if (const auto ban = book_.find(address, clock_->wall(), now, boot_id_)) {
    result.ban = view_of(*ban, 0);
    result.verdict = WEIR_VERDICT_BAN;
    result.why = fmt::format("{} is banned{}{}", ban->prefix.text(),
                             ban->reason.empty() ? "" : ": ", ban->reason);
  }
  if (result.allow) {
    result.verdict = WEIR_VERDICT_ALLOW;
    result.why = fmt::format("{} is on the allow list, which wins", result.allow->text());
  } else if (settings.mode == WEIR_MODE_OBSERVE && result.verdict != WEIR_VERDICT_PASS) {
    result.why += "; mode is observe, so it is let through";
  }
  return result;
}

}  // namespace weir
