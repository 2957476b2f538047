// SPDX-License-Identifier: BSD-2-Clause
// What is listed or asked for by name as JSON: bans, the allow list, events, `weir explain`.
#include <algorithm>
#include <cmath>

#include "config/names.h"
#include "output/json.h"
#include "output/json_parts.h"

namespace weir {
namespace {

using parts::Json;

Json explained_limit(const LimitView& view) {
  Json limit = {{"service", view.service},
                {"event", name_of(view.event)},
                {"count", view.count},
                {"startThrottle", view.limit.start_throttle},
                {"toMuch", view.limit.to_much},
                {"timeoutMs", view.limit.timeout.count()},
                {"window", name_of(view.limit.window)},
                {"resetsInMs", view.resets_in.count()}};
  if (!view.path.empty()) limit["path"] = view.path;
  return limit;
}

Json explained_ban(const BanView& ban) {
  return {{"since", format_time(ban.since)},
          {"until", parts::time_or_null(ban.until)},
          {"reason", ban.reason},
          {"rule", ban.rule},
          {"times", ban.times}};
}

// The limit that the source is nearest to being kicked by.
Json nearest_limit(const UserView& user) {
  const LimitView* nearest = nullptr;
  const auto share = [](const LimitView& view) {
    return static_cast<double>(view.count) / static_cast<double>(std::max(view.limit.to_much, 1u));
  };
  for (const LimitView& view : user.limits)
    if (view.count > 0 && (nearest == nullptr || share(view) > share(*nearest))) nearest = &view;
  return nearest != nullptr ? explained_limit(*nearest) : Json();
}

Json told_verdicts(const std::array<std::uint64_t, WEIR_VERDICT_COUNT>& counts) {
  Json object = Json::object();
  for (const auto verdict : kObservedVerdicts)
    object[std::string(name_of(verdict))] = counts[verdict];
  return object;
}

// Of a ban that is carried out the kernel counts every packet.
Json told_json(const Told& told, const std::optional<BanView>& ban) {
  Json verdicts = told_verdicts(told.verdicts);
  verdicts[std::string(name_of(WEIR_VERDICT_BAN))] = ban ? ban->dropped : 0;
  return {{"since", format_time(told.since)}, {"last", format_time(told.last)},
          {"estimate", told.is_estimate},     {"bytes", told.bytes},
          {"verdicts", std::move(verdicts)},  {"observed", told_verdicts(told.observed)}};
}

Json listed_user(const UserView& user) {
  // As it is written: an address, or the network that is counted as one.
  const std::string source =
      user.source.is_single() ? user.source.address().text() : user.source.text();
  return {{"address", source},
          {"verdict", name_of(user.verdict)},
          {"hits", user.hits},
          {"activity", std::round(user.activity * 10) / 10},
          {"firstSeen", parts::time_or_null(user.first_seen)},
          {"lastSeen", format_time(user.last_seen)},
          {"validated", user.validated},
          {"nearest", nearest_limit(user)},
          {"counted", user.told ? told_json(*user.told, user.ban) : Json()}};
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

namespace parts {

// No keys but addresses yet.
Json user_counts(const UserCounts& counts) {
  return {{"active", counts.active},     {"addresses", counts.active}, {"authenticated", 0},
          {"lastMinute", counts.minute}, {"lastHour", counts.hour},    {"lastDay", counts.day}};
}

}  // namespace parts

nlohmann::ordered_json users_json(const UsersView& view) {
  Json list = Json::array();
  for (const UserView& user : view.users) list.push_back(listed_user(user));
  Json document = {{"schema", parts::kSchema},
                   {"time", format_time(view.time)},
                   {"timeWindowMs", view.window.count()},
                   {"counts", parts::user_counts(view.counts)}};
  document["counts"]["known"] = view.counts.known;
  document["users"] = std::move(list);
  return document;
}

nlohmann::ordered_json user_json(const UserView& user) {
  Json document = {{"schema", parts::kSchema}};
  document.update(listed_user(user));
  document["why"] = user.why;
  Json limits = Json::array();
  for (const LimitView& view : user.limits) limits.push_back(explained_limit(view));
  document["limits"] = std::move(limits);
  document["ban"] = user.ban ? explained_ban(*user.ban) : Json();
  return document;
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
  // ASCII alone: a terminal takes some characters beyond it for commands (U+009B).
  return document.dump(indent, ' ', true, Json::error_handler_t::replace);
}

}  // namespace weir
