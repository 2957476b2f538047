// SPDX-License-Identifier: BSD-2-Clause
#include "agent/routes.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/reading.h"
#include "agent/request_body.h"
#include "agent/respond.h"
#include "agent/run.h"
#include "api/query.h"
#include "api/web_page.h"
#include "base/quote.h"
#include "config/names.h"
#include "output/json.h"
#include "output/prometheus.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

ApiResponse explain(Agent& agent, const std::string& text) {
  auto address = Address::parse(text);
  if (!address) return respond(address.error());
  return respond(explanation_json(agent.explain(*address)));
}

ApiResponse page(const WebPage& file) {
  ApiResponse response;
  response.content_type = file.content_type;
  response.body = file.content;
  return response;
}

// The rest of a path behind a prefix, or nothing when it is another path.
std::optional<std::string> rest(const std::string& path, std::string_view prefix) {
  if (path.rfind(prefix, 0) != 0 || path.size() == prefix.size()) return std::nullopt;
  return path.substr(prefix.size());
}

ApiResponse import_bans(Agent& agent, const ApiRequest& request) {
  const auto query = Query::parse(request.query, {"for", "reason", "force"});
  if (!query) return respond(query.error());
  BanImport import;
  if (const auto text = query->value("for")) {
    const auto duration = parse_duration(*text);
    if (!duration) return respond(duration.error());
    import.duration = *duration;
  }
  const auto force = query->flag("force");
  if (!force) return respond(force.error());
  import.force = *force;
  import.reason = query->value("reason").value_or("");
  if (import.reason.size() > kListedTextMax)
    return respond(Error{ErrorCode::kInvalid,
                         fmt::format("reason is longer than {} bytes", kListedTextMax), ""});
  auto list = read_ban_list(request.body, agent.clock().wall());
  if (!list) return respond(list.error());
  if (list->bans.empty() && list->over == 0)
    return respond(Error{ErrorCode::kInvalid, "the list names nobody", ""});
  return respond(agent.import_bans(*list, import));
}

std::optional<ApiResponse> read(Agent& agent, const ApiRequest& request) {
  const auto& configuration = agent.configuration();
  const std::string& path = request.path;
  if (path == "/v1/series") return read_series(agent, request.query);
  if (path == "/v1/users") return read_users(agent, request.query);
  if (path == "/v1/paths") return read_paths(agent, request.query);
  if (path == "/v1/requests") return read_requests(agent, request.query);
  if (path == "/v1/bans") return read_bans(agent, request.query);
  if (path == "/v1/events") return read_events(agent, request.query);
  if (auto none = Query::parse(request.query, {}); !none) return respond(none.error());
  if (const auto file = find_web_page(path)) return page(*file);
  if (const auto address = rest(path, "/v1/users/")) return read_user(agent, *address);
  if (path == "/v1/status") return respond(status_json(agent.snapshot(), configuration.settings()));
  if (path == "/v1/stats") return respond(stats_json(agent.snapshot()));
  if (path == "/v1/allow") return respond(allow_json(agent.allowed()));
  if (path == "/v1/limits")
    return respond(limits_json(configuration.settings(), configuration.origins()));
  if (path == "/v1/config")
    return respond(
        config_json(configuration.settings(), configuration.origins(), configuration.notices()));
  if (const auto address = rest(path, "/v1/explain/")) return explain(agent, *address);
  if (path == "/metrics") {
    ApiResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = prometheus_text(agent.snapshot());
    return response;
  }
  return std::nullopt;
}

ApiResponse with_prefix(const std::string& text,
                        const std::function<Result<Done>(const Prefix&)>& act) {
  auto prefix = Prefix::parse(text);
  if (!prefix) return respond(prefix.error());
  return respond(act(*prefix));
}

ApiResponse change_limit(Agent& agent, const std::string& target, const ApiRequest& request) {
  const auto slash = target.find('/');
  if (slash == std::string::npos)
    return respond(Error{ErrorCode::kInvalid, "a limit is named by /v1/limits/SERVICE/EVENT", ""});
  const auto event = from_name<weir_event>(target.substr(slash + 1));
  if (!event)
    return respond(Error{ErrorCode::kInvalid,
                         weir::quoted(target.substr(slash + 1)) + " is no event",
                         "events are " + choices<weir_event>()});
  const std::string service = target.substr(0, slash);
  if (request.method == "DELETE") return respond(agent.reset_limit(service, *event));
  auto limit = limit_request_of(request.body);
  if (!limit) return respond(limit.error());
  return respond(agent.set_limit(service, *event, limit->values, limit->confirm));
}

ApiResponse detach_all(Agent& agent) {
  Done all{"no interface is filtered", {}};
  for (const auto& state : agent.snapshot().interfaces) {
    auto done = agent.detach(state.name);
    if (!done) return respond(done.error());
    all.notices.push_back(done->message);
    all.message = "nothing is filtered any more";
  }
  return respond(Result<Done>(all));
}

template <typename Request>
ApiResponse parsed(Result<Request> body, const std::function<Result<Done>(const Request&)>& act) {
  return body ? respond(act(*body)) : respond(body.error());
}

std::optional<ApiResponse> write(Agent& agent, const ApiRequest& request) {
  const std::string what = request.method + " " + request.path;
  if (what == "POST /v1/bans")
    return parsed<BanRequest>(ban_request_of(request.body),
                              [&](const auto& ban) { return agent.ban(ban); });
  if (what == std::string("POST ") + kImportPath) return import_bans(agent, request);
  if (what == "POST /v1/allow")
    return parsed<AllowRequest>(allow_request_of(request.body), [&](const auto& allow) {
      return agent.allow(allow.prefix, allow.reason);
    });
  if (what == "PUT /v1/mode")
    return parsed<ModeRequest>(mode_request_of(request.body), [&](const auto& mode) {
      return agent.set_mode(mode.mode, mode.confirm);
    });
  if (what == "POST /v1/confirm")
    return parsed<bool>(undo_of(request.body),
                        [&](bool undo) { return undo ? agent.undo_change() : agent.confirm(); });
  if (what == "POST /v1/interfaces")
    return parsed<AttachRequest>(attach_request_of(request.body), [&](const auto& attach) {
      return agent.attach(attach.name, attach.how);
    });
  if (what == "DELETE /v1/interfaces") return detach_all(agent);
  if (what == "POST /v1/reload") return respond(agent.reload());
  if (const auto text = rest(what, "DELETE /v1/bans/"))
    return with_prefix(*text, [&](const Prefix& prefix) { return agent.unban(prefix); });
  if (const auto text = rest(what, "DELETE /v1/allow/"))
    return with_prefix(*text, [&](const Prefix& prefix) { return agent.disallow(prefix); });
  if (const auto name = rest(what, "DELETE /v1/interfaces/")) return respond(agent.detach(*name));
  for (const auto* prefix : {"PATCH /v1/limits/", "DELETE /v1/limits/"})
    if (const auto target = rest(what, prefix)) return change_limit(agent, *target, request);
  return std::nullopt;
}

}  // namespace

ApiResponse answer(Agent& agent, const ApiRequest& request) {
  if (!request.peer.local && !is_own_host(request.host))
    return respond(Error{ErrorCode::kRefused,
                         weir::quoted(request.host) + " is not a name of this address",
                         "ask by the address itself, or as localhost"});
  if (request.method != "GET" && !request.peer.local)
    return respond(Error{ErrorCode::kPermission, "this address is for reading only",
                         "change settings over the Unix socket"});
  auto response = request.method == "GET" ? read(agent, request) : write(agent, request);
  if (response) return *response;
  return respond(Error{ErrorCode::kNotFound,
                       one_line(fmt::format("there is no {} {}", request.method, request.path)),
                       "the routes are in README.md"});
}

}  // namespace weir
