// SPDX-License-Identifier: BSD-2-Clause
// The snapshot as JSON: `weir stats` and `weir status`.
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "config/names.h"
#include "output/json.h"
#include "output/json_parts.h"

namespace weir {
namespace {

using parts::Json;
using parts::rounded;

Json head(const Snapshot& snapshot) {
  using std::chrono::seconds;
  return {{"schema", parts::kSchema},
          {"version", snapshot.version},
          {"time", format_time(snapshot.time)},
          {"uptimeSeconds", std::chrono::floor<seconds>(snapshot.uptime).count()},
          {"mode", name_of(snapshot.mode)}};
}

Json interfaces(const Snapshot& snapshot) {
  Json list = Json::array();
  for (const InterfaceState& interface : snapshot.interfaces) {
    Json item = {{"name", interface.name},
                 {"ifindex", interface.ifindex},
                 {"attach", attach_name(interface.attach)},
                 {"packets", packet_count(interface.stats)},
                 {"bytes", interface.stats.bytes},
                 {"attached", interface.attached}};
    if (!interface.note.empty()) item["note"] = interface.note;
    list.push_back(std::move(item));
  }
  return list;
}

Json verdicts(const weir_stats& stats) {
  const auto counts = verdict_counts(stats);
  Json object = Json::object();
  for (int i = 0; i < WEIR_VERDICT_COUNT; ++i)
    object[std::string(name_of(static_cast<weir_verdict>(i)))] = counts[i];
  return object;
}

// Only those that mode enforce would have acted on can be observed.
Json observed(const weir_stats& stats) {
  Json object = Json::object();
  for (const auto verdict : kObservedVerdicts)
    object[std::string(name_of(verdict))] = stats.observed[verdict];
  return object;
}

Json reasons(const weir_stats& stats) {
  Json object = Json::object();
  for (int i = 0; i < WEIR_REASON_COUNT; ++i)
    object[std::string(name_of(static_cast<weir_reason>(i)))] = stats.reasons[i];
  return object;
}

Json actions(const weir_stats& stats) {
  const auto counts = action_counts(stats);
  Json object = Json::object();
  for (int i = 0; i < WEIR_ACTION_COUNT; ++i)
    object[std::string(name_of(static_cast<weir_action>(i)))] = counts[i];
  return object;
}

Json events(const weir_stats& stats) {
  const auto counts = event_counts(stats);
  Json object = Json::object();
  for (int event = 0; event < WEIR_EVENT_COUNT; ++event)
    object[std::string(name_of(static_cast<weir_event>(event)))] = counts[event];
  return object;
}

void add(Json& object, const char* key, std::uint64_t value) {
  Json& sum = object[key];  // null when it is new
  sum = (sum.is_null() ? 0 : sum.get<std::uint64_t>()) + value;
}

Json services(const Snapshot& snapshot) {
  Json object = Json::object();
  for (const ServiceEventStats& entry : snapshot.services) {
    Json& item = object[entry.service][std::string(name_of(entry.event))];
    add(item, "events", entry.counters.events);
    add(item, "pass", passed(entry.counters));
    add(item, "throttle", entry.counters.throttle);
    add(item, "kick", entry.counters.kick);
    add(item, "allow", entry.counters.allow);
    add(item, "observedThrottle", entry.counters.observed_throttle);
    add(item, "observedKick", entry.counters.observed_kick);
  }
  return object;
}

Json times(const weir_responses& counters) {
  return {{"count", counters.count},
          {"meanMs", rounded(mean_ms(counters))},
          {"p50Ms", rounded(quantile_ms(counters, 0.5))},
          {"p95Ms", rounded(quantile_ms(counters, 0.95))},
          {"p99Ms", rounded(quantile_ms(counters, 0.99))}};
}

Json statuses(const weir_responses& counters) {
  Json object = Json::object();
  for (int i = 1; i <= 5; i++) object[std::to_string(i) + "xx"] = counters.statuses[i];
  object["other"] = counters.statuses[0];
  return object;
}

Json responses(const Snapshot& snapshot) {
  Json object = Json::object();
  for (const ServiceResponses& service : snapshot.responses) {
    Json& one = object[service.service] = times(service.counters);
    one["estimate"] = service.is_estimate;
    if (service.is_estimate) continue;
    one["statuses"] = statuses(service.counters);
    one["paths"] = Json::array();
    for (const RuleResponses& rule : service.rules) {
      Json path = {{"prefix", rule.prefix}};
      path.update(times(rule.counters));
      path["statuses"] = statuses(rule.counters);
      one["paths"].push_back(std::move(path));
    }
  }
  return object;
}

Json all_series(const Snapshot& snapshot) {
  Json object = parts::series_by_period(snapshot.events);
  object["activeUsers"] = snapshot.users.active;
  object["responseTimeMs"] = nullptr;  // in a minute without answers
  if (const auto ms = snapshot.response_ms; ms && std::isfinite(*ms))
    object["responseTimeMs"] = rounded(*ms);
  return object;
}

Json bans(const Snapshot& snapshot) {
  const Tables& tables = snapshot.tables;
  return {{"active", snapshot.active_bans},
          {"capacity", tables.bans.capacity + tables.ban_nets.capacity}};
}

Json logs(const Snapshot& snapshot) {
  Json object = Json::object();
  for (const LogView& log : snapshot.logs)
    object[log.name] = {{"to", log.where}, {"written", log.written}, {"lost", log.lost}};
  return object;
}

Json fill(const TableFill& table) { return {{"used", table.used}, {"capacity", table.capacity}}; }

}  // namespace

nlohmann::ordered_json stats_json(const Snapshot& snapshot) {
  const weir_stats& total = snapshot.total;
  Json document = head(snapshot);
  document["interfaces"] = interfaces(snapshot);
  document["packets"] = packet_count(total);
  document["bytes"] = total.bytes;
  document["verdicts"] = verdicts(total);
  document["observed"] = observed(total);
  document["reasons"] = reasons(total);
  document["events"] = events(total);
  document["services"] = services(snapshot);
  document["responses"] = responses(snapshot);
  document["actions"] = actions(total);
  document["sources"] = {{"tracked", snapshot.tables.sources.used},
                         {"capacity", snapshot.tables.sources.capacity},
                         {"added", total.sources_added},
                         {"validated", total.validated},
                         {"insertFailures", total.insert_failures},
                         {"displaced", total.sources_displaced},
                         {"sketched", total.sketched},
                         {"sketchSeconds", static_cast<double>(total.sketch_ms) / 1000}};
  document["bans"] = bans(snapshot);
  document["notices"] = {{"sent", total.notices_sent}, {"lost", total.notices_lost}};
  document["samples"] = {{"lost", total.samples_lost}};
  document["logs"] = logs(snapshot);
  document["series"] = all_series(snapshot);
  document["users"] = parts::user_counts(snapshot.users);
  return document;
}

nlohmann::ordered_json status_json(const Snapshot& snapshot, const Settings& settings) {
  const Tables& tables = snapshot.tables;
  Json document = head(snapshot);
  document["healthy"] = snapshot.problems.empty();
  document["problems"] = snapshot.problems;
  document["unconfirmed"] = Json();
  if (const auto& change = snapshot.unconfirmed)
    document["unconfirmed"] = {{"change", change->what}, {"until", format_time(change->until)}};
  document["interfaces"] = interfaces(snapshot);
  document["limits"] = parts::limit_list(settings, nullptr);
  document["tables"] = {{"sources", fill(tables.sources)},
                        {"bans", fill(tables.bans)},
                        {"banNets", fill(tables.ban_nets)},
                        {"allow", fill(tables.allow)}};
  document["bans"] = bans(snapshot);
  document["verdicts"] = verdicts(snapshot.total);
  document["users"] = parts::user_counts(snapshot.users);
  return document;
}

}  // namespace weir
