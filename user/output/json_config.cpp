// SPDX-License-Identifier: BSD-2-Clause
// The settings as JSON: limits as a list, and the whole as the configuration file has it.
#include <algorithm>
#include <string>

#include "config/names.h"
#include "output/json.h"
#include "output/json_parts.h"

namespace weir {
namespace {

using parts::Json;

// The origin that says most about a limit made of several values: what was changed last.
Origin limit_origin(const Origins& origins, const std::string& path) {
  Origin origin = Origin::kDefault;
  const std::string start = path + ".";
  for (auto it = origins.lower_bound(start); it != origins.end() && it->first.starts_with(start);
       ++it)
    origin = std::max(origin, it->second);
  return origin;
}
static_assert(Origin::kDefault < Origin::kFile && Origin::kFile < Origin::kCommand);

Json listed_limit(const Service& service, Event event, const Limit& limit) {
  return {{"service", service.name},
          {"event", name_of(event)},
          {"startThrottle", limit.start_throttle},
          {"toMuch", limit.to_much},
          {"timeout", format_duration(limit.timeout)},
          {"timeoutMs", limit.timeout.count()},
          {"window", name_of(limit.window)},
          {"delay", format_duration(limit.delay)},
          {"delayMs", limit.delay.count()},
          {"action", name_of(limit.action)},
          {"effectiveAction", name_of(effective_action(service, event, limit.action))}};
}

Json limit_values(const Limit& limit) {
  return {{"startThrottle", limit.start_throttle},     {"toMuch", limit.to_much},
          {"timeout", format_duration(limit.timeout)}, {"window", name_of(limit.window)},
          {"delay", format_duration(limit.delay)},     {"action", name_of(limit.action)}};
}

Json ban_values(const BanRule& rule) {
  return {{"after", rule.after},
          {"within", format_duration(rule.within)},
          {"for", format_duration(rule.duration)},
          {"max", format_duration(rule.longest)}};
}

Json path_values(const PathRule& rule) {
  Json values = {{"prefix", rule.prefix},
                 {"startThrottle", rule.start_throttle},
                 {"toMuch", rule.to_much},
                 {"timeout", format_duration(rule.timeout)}};
  if (rule.ban) values["ban"] = format_duration(*rule.ban);
  return values;
}

Json service_values(const Service& service) {
  Json values = {{"ports", service.ports}, {"protocol", name_of(service.protocol)}};
  for (int event = 0; event < WEIR_EVENT_COUNT; ++event) {
    if (const auto& limit = service.limits[event])
      values[std::string(name_of(static_cast<Event>(event)))] = limit_values(*limit);
  }
  values["floodRate"] = service.flood_rate;
  if (service.protocol == WEIR_PROTOCOL_HTTP) values["repeats"] = service.refuses_repeats();
  if (service.ban) values["ban"] = ban_values(*service.ban);
  for (const PathRule& rule : service.paths) values["paths"].push_back(path_values(rule));
  return values;
}

}  // namespace

namespace parts {

Json limit_list(const Settings& settings, const Origins* origins) {
  Json list = Json::array();
  for (const Service& service : settings.services) {
    for (int i = 0; i < WEIR_EVENT_COUNT; ++i) {
      const auto event = static_cast<Event>(i);
      const auto& limit = service.limits[i];
      if (!limit) continue;
      Json item = listed_limit(service, event, *limit);
      if (origins != nullptr) {
        const std::string path = "services." + service.name + "." + std::string(name_of(event));
        item["origin"] = origin_name(limit_origin(*origins, path));
      }
      list.push_back(std::move(item));
    }
  }
  return list;
}

}  // namespace parts

nlohmann::ordered_json limits_json(const Settings& settings, const Origins& origins) {
  return {{"schema", parts::kSchema}, {"limits", parts::limit_list(settings, &origins)}};
}

nlohmann::ordered_json config_json(const Settings& settings, const Origins& origins,
                                   const std::vector<std::string>& notices) {
  const auto networks = [](const std::vector<Prefix>& prefixes) {
    Json list = Json::array();
    for (const Prefix& prefix : prefixes) list.push_back(prefix.text());
    return list;
  };
  Json services = Json::object();
  for (const Service& service : settings.services) services[service.name] = service_values(service);
  Json from = Json::object();
  for (const auto& [path, origin] : origins) from[path] = origin_name(origin);
  return {{"schema", parts::kSchema},
          {"config",
           {{"mode", name_of(settings.mode)},
            {"interfaces", settings.interfaces},
            {"prefix4", settings.prefix4},
            {"prefix6", settings.prefix6},
            {"allow", networks(settings.allow)},
            {"proxies", networks(settings.proxies)},
            {"timeWindow", format_duration(settings.time_window)},
            {"seriesTrend", settings.series_trend},
            {"seriesMax", settings.series_max},
            {"maxSources", settings.max_sources},
            {"maxBans", settings.max_bans},
            {"maxBansPerMinute", settings.max_bans_per_minute},
            {"mediaSuffixes", settings.media_suffixes},
            {"replyText", settings.reply_text},
            {"responseTime", settings.times_answers()},
            {"paths", settings.tells_paths()},
            {"pathQueries", settings.tells_queries()},
            {"eventLog", settings.event_log},
            {"counterLog", settings.counter_log},
            {"services", std::move(services)}}},
          {"origins", std::move(from)},
          {"notices", notices}};
}

}  // namespace weir
