// SPDX-License-Identifier: BSD-2-Clause
// See request.h.
#include "cli/request.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/run.h"
#include "config/names.h"

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

// Reasons come from the shell's arguments, which need not be UTF-8.
std::string text_of(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A name as one segment of a path (RFC 3986, 2.3: what needs no escape).
std::string segment(const std::string& name) {
  std::string escaped;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    escaped += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

void add_parameter(std::string& target, const char* name, const std::string& value) {
  target += (target.find('?') == std::string::npos ? "?" : "&") + std::string(name) + "=" +
            segment(value);
}

std::string limit_path(const std::string& service, Event event) {
  return fmt::format("/v1/limits/{}/{}", segment(service), name_of(event));
}

std::string limit_body(const SetLimit& set) {
  Json body = Json::object();
  if (set.start_throttle) body["startThrottle"] = *set.start_throttle;
  if (set.to_much) body["toMuch"] = *set.to_much;
  if (set.timeout) body["timeout"] = format_duration(*set.timeout);
  if (set.window) body["window"] = name_of(*set.window);
  if (set.delay) body["delay"] = format_duration(*set.delay);
  if (set.action) body["action"] = name_of(*set.action);
  if (set.confirm) body["confirm"] = format_duration(*set.confirm);
  return text_of(body);
}

std::string ban_body(const AddBan& ban) {
  Json body{{"address", ban.prefix.text()}};
  if (ban.duration) body["for"] = format_duration(*ban.duration);
  if (!ban.reason.empty()) body["reason"] = ban.reason;
  if (ban.all) body["all"] = true;
  if (ban.force) body["force"] = true;
  return text_of(body);
}

std::string allow_body(const AddAllow& allow) {
  Json body{{"address", allow.prefix.text()}};
  if (!allow.reason.empty()) body["reason"] = allow.reason;
  return text_of(body);
}

// One overload a command, so that a new command without a request fails to compile.
struct CallFor {
  using Call = std::optional<ApiCall>;

  Call operator()(const RunAgent&) const { return std::nullopt; }
  Call operator()(const RunDoctor&) const { return std::nullopt; }
  Call operator()(const CheckConfig&) const { return std::nullopt; }
  Call operator()(const ShowStatus&) const { return ApiCall{"GET", "/v1/status"}; }
  Call operator()(const ShowStats& command) const {
    return ApiCall{"GET", command.series ? "/v1/series" : "/v1/stats"};
  }
  Call operator()(const ShowTop&) const { return ApiCall{"GET", "/v1/stats"}; }
  Call operator()(const ListLimits&) const { return ApiCall{"GET", "/v1/limits"}; }
  Call operator()(const ListBans&) const { return ApiCall{"GET", "/v1/bans"}; }
  Call operator()(const ListAllowed&) const { return ApiCall{"GET", "/v1/allow"}; }
  Call operator()(const ShowConfig&) const { return ApiCall{"GET", "/v1/config"}; }
  Call operator()(const Reload&) const { return ApiCall{"POST", "/v1/reload"}; }
  Call operator()(const Explain& command) const {
    return ApiCall{"GET", "/v1/explain/" + command.address.text()};
  }
  Call operator()(const ShowUsers& command) const {
    std::string target = "/v1/users";
    if (command.active) add_parameter(target, "active", "1");
    if (command.limit) add_parameter(target, "limit", fmt::format("{}", *command.limit));
    return ApiCall{"GET", target};
  }
  Call operator()(const ShowUser& command) const {
    return ApiCall{"GET", "/v1/users/" + command.address.text()};
  }
  Call operator()(const ShowPaths& command) const {
    std::string target = "/v1/paths";
    if (command.order != PathOrder::kCount) add_parameter(target, "by", name_of(command.order));
    if (command.limit) add_parameter(target, "limit", fmt::format("{}", *command.limit));
    return ApiCall{"GET", target};
  }
  Call operator()(const ShowRequests& command) const {
    std::string target = "/v1/requests";
    if (command.limit) add_parameter(target, "limit", fmt::format("{}", *command.limit));
    return ApiCall{"GET", target};
  }
  Call operator()(const ShowEvents& command) const {
    std::string target = "/v1/events";
    if (command.follow) add_parameter(target, "follow", "1");
    if (!command.kind.empty()) add_parameter(target, "kind", command.kind);
    if (!command.service.empty()) add_parameter(target, "service", command.service);
    if (command.source) add_parameter(target, "source", command.source->text());
    return ApiCall{"GET", target};
  }
  Call operator()(const AttachInterface& command) const {
    const Json body{{"name", command.interface}, {"attach", attach_name(command.attach)}};
    return ApiCall{"POST", "/v1/interfaces", text_of(body)};
  }
  Call operator()(const Detach& command) const {
    if (command.interface.empty()) return ApiCall{"DELETE", "/v1/interfaces"};
    return ApiCall{"DELETE", "/v1/interfaces/" + segment(command.interface)};
  }
  Call operator()(const SetMode& command) const {
    Json body{{"mode", name_of(command.mode)}};
    if (command.confirm) body["confirm"] = format_duration(*command.confirm);
    return ApiCall{"PUT", "/v1/mode", text_of(body)};
  }
  Call operator()(const Confirm& command) const {
    return ApiCall{"POST", "/v1/confirm", command.undo ? R"({"undo":true})" : ""};
  }
  Call operator()(const SetLimit& command) const {
    return ApiCall{"PATCH", limit_path(command.service, command.event), limit_body(command)};
  }
  Call operator()(const ResetLimit& command) const {
    return ApiCall{"DELETE", limit_path(command.service, command.event)};
  }
  Call operator()(const AddBan& command) const {
    return ApiCall{"POST", "/v1/bans", ban_body(command)};
  }
  // The list itself is not in the command.
  Call operator()(const ImportBans& command) const {
    std::string target = std::string(kImportPath) + "?force=" + (command.force ? "1" : "0");
    if (command.duration) target += "&for=" + format_duration(*command.duration);
    if (!command.reason.empty()) target += "&reason=" + segment(command.reason);
    return ApiCall{"POST", target};
  }
  Call operator()(const ExportBans&) const { return ApiCall{"GET", "/v1/bans"}; }
  Call operator()(const RemoveBan& command) const {
    return ApiCall{"DELETE", "/v1/bans/" + command.prefix.text()};
  }
  Call operator()(const AddAllow& command) const {
    return ApiCall{"POST", "/v1/allow", allow_body(command)};
  }
  Call operator()(const RemoveAllow& command) const {
    return ApiCall{"DELETE", "/v1/allow/" + command.prefix.text()};
  }
};

}  // namespace

std::optional<ApiCall> call_for(const Command& command) { return std::visit(CallFor{}, command); }

}  // namespace weir::cli
