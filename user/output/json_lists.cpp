// SPDX-License-Identifier: BSD-2-Clause
// What is listed or asked for by name as JSON: bans, the allow list, events, `weir explain`.
#include "config/names.h"
#include "output/json.h"
#include "output/json_parts.h"

namespace weir {
namespace {

using parts::Json;

Json explained_limit(const LimitView& view) {
  return {{"service", view.service},
          {"event", name_of(view.event)},
          {"count", view.count},
          {"startThrottle", view.limit.start_throttle},
          {"toMuch", view.limit.to_much},
          {"timeoutMs", view.limit.timeout.count()},
          {"window", name_of(view.limit.window)},
          {"resetsInMs", view.resets_in.count()}};
}

Json explained_ban(const BanView& ban) {
  return {{"since", format_time(ban.since)},
          {"until", parts::time_or_null(ban.until)},
          {"reason", ban.reason},
          {"rule", ban.rule},
          {"times", ban.times}};
}

}  // namespace

nlohmann::ordered_json ban_json(const BanView& ban) {
  return {{"address", ban.prefix.text()},
          {"since", format_time(ban.since)},
          {"until", parts::time_or_null(ban.until)},
          {"reason", ban.reason},
          {"rule", ban.rule},
          {"origin", ban.origin},
          {"all", ban.all},
          {"times", ban.times},
          {"dropped", ban.dropped}};
}

nlohmann::ordered_json bans_json(const std::vector<BanView>& bans) {
  Json list = Json::array();
  for (const BanView& ban : bans) list.push_back(ban_json(ban));
  return {{"schema", parts::kSchema}, {"bans", std::move(list)}};
}

nlohmann::ordered_json allow_json(const std::vector<AllowView>& allowed) {
  Json list = Json::array();
  for (const AllowView& allow : allowed) {
    list.push_back({{"address", allow.prefix.text()},
                    {"since", format_time(allow.since)},
                    {"reason", allow.reason},
                    {"origin", allow.origin}});
  }
  return {{"schema", parts::kSchema}, {"allow", std::move(list)}};
}

nlohmann::ordered_json explanation_json(const Explanation& explanation) {
  Json limits = Json::array();
  for (const LimitView& view : explanation.limits) limits.push_back(explained_limit(view));
  return {{"schema", parts::kSchema},
          {"address", explanation.address.text()},
          {"source", explanation.source.text()},
          {"verdict", name_of(explanation.verdict)},
          {"why", explanation.why},
          {"validated", explanation.validated},
          {"limits", std::move(limits)},
          {"ban", explanation.ban ? explained_ban(*explanation.ban) : Json()},
          {"allow", explanation.allow ? Json(explanation.allow->text()) : Json()}};
}

nlohmann::ordered_json event_json(const EventView& event) {
  // The keys that INTERFACE.md names are always there, so that a reader need not ask.
  Json line = {{"time", format_time(event.time)},
               {"kind", event.kind},
               {"address", event.address ? Json(event.address->text()) : Json()},
               {"service", event.service},
               {"event", event.event},
               {"count", event.count},
               {"path", event.path},
               {"observed", event.observed}};
  if (!event.subject.empty()) line["subject"] = event.subject;
  if (!event.reason.empty()) line["reason"] = event.reason;
  if (!event.rule.empty()) line["rule"] = event.rule;
  if (!event.action.empty()) line["action"] = event.action;
  if (!event.interface.empty()) line["interface"] = event.interface;
  return line;
}

std::string dump(const nlohmann::ordered_json& document, int indent) {
  return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir
