// SPDX-License-Identifier: BSD-2-Clause
// The settings without any file, and what is legal but worth saying about settings.
#include "config/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/load.h"
#include "config/media.h"
#include "config/names.h"

namespace weir {
namespace {

// A browser opens six connections at a time to a site; 48 attempts within 2 s are eight
// people behind one address who all follow a link at once. Nobody waits below that.
constexpr Limit kDefaultSyn{.start_throttle = 48,
                            .to_much = 64,
                            .timeout = Milliseconds(2000),
                            .window = WEIR_WINDOW_SLIDING,
                            .action = WEIR_ACTION_CHALLENGE};

// Ten times the busiest second of a site with a thousand users. Whoever is really there is served
// above it too.
constexpr std::uint32_t kDefaultFloodRate = 2000;

// A burst ends with the first pause of a second. A page of a few dozen parts stays below 60;
// clients that fetch without a pause, and only they, get far beyond it.
constexpr Limit kDefaultRequest{.start_throttle = 60,
                                .to_much = 120,
                                .timeout = Milliseconds(1000),
                                .window = WEIR_WINDOW_BURST,
                                .action = WEIR_ACTION_REPLY};

std::vector<std::string> limit_notices(const Service& service, Event event, const Limit& limit) {
  std::vector<std::string> notices;
  const std::string label = fmt::format("limit {} {}", service.name, name_of(event));
  if (limit.start_throttle >= limit.to_much) {
    notices.push_back(
        fmt::format("{}: the delay stage is off, for startThrottle ({}) is not below toMuch ({})",
                    label, limit.start_throttle, limit.to_much));
  }
  if (const Action effective = effective_action(service, event, limit.action);
      effective != limit.action) {
    notices.push_back(fmt::format("{}: action {} is carried out as {}, for {}", label,
                                  name_of(limit.action), name_of(effective),
                                  limit.action == WEIR_ACTION_REPLY
                                      ? "only requests in cleartext HTTP can be replied to"
                                      : "only connection attempts can be challenged"));
  }
  return notices;
}

template <typename Services>
auto find_by_name(Services& services, const std::string& name) -> decltype(services.data()) {
  const auto found = std::ranges::find(services, name, &Service::name);
  return found == services.end() ? nullptr : &*found;
}

}  // namespace

const Service* Settings::find_service(const std::string& name) const {
  return find_by_name(services, name);
}

Service* Settings::find_service(const std::string& name) { return find_by_name(services, name); }

const PathRule* Settings::find_rule(std::size_t index) const {
  for (const Service& service : services) {
    if (index < service.paths.size()) return &service.paths[index];
    index -= service.paths.size();
  }
  return nullptr;
}

Action effective_action(const Service& service, Event event, Action action) {
  switch (action) {
    case WEIR_ACTION_REPLY:
      return event != WEIR_EVENT_SYN && service.protocol == WEIR_PROTOCOL_HTTP ? action
                                                                               : WEIR_ACTION_RESET;
    case WEIR_ACTION_CHALLENGE:
      return event == WEIR_EVENT_SYN ? action : WEIR_ACTION_DROP;
    case WEIR_ACTION_DROP:
    case WEIR_ACTION_RESET:
    case WEIR_ACTION_DEFERRED:
    case WEIR_ACTION_ACKNOWLEDGE:
    case WEIR_ACTION_COUNT:
      break;
  }
  return action;
}

Limit limit_of(const Service& service, const PathRule& rule) {
  Limit limit = service.limits[WEIR_EVENT_REQUEST].value_or(Limit{});
  limit.action = effective_action(service, WEIR_EVENT_REQUEST, limit.action);
  limit.window = WEIR_WINDOW_SLIDING;
  limit.start_throttle = rule.start_throttle;
  limit.to_much = rule.to_much;
  limit.timeout = rule.timeout;
  return limit;
}

const char* log_name(LogKey key) {
  switch (key) {
    case LogKey::kEvents:
      return "eventLog";
    case LogKey::kCounters:
      return "counterLog";
  }
  return "unknown";
}

const char* origin_name(Origin origin) {
  switch (origin) {
    case Origin::kDefault:
      return "default";
    case Origin::kFile:
      return "file";
    case Origin::kCommand:
      return "command";
  }
  return "unknown";
}

LoadedSettings default_settings() {
  Service web;
  web.name = "web";
  web.ports = {80, 8080};
  web.protocol = WEIR_PROTOCOL_HTTP;
  web.limits[WEIR_EVENT_SYN] = kDefaultSyn;
  web.limits[WEIR_EVENT_REQUEST] = kDefaultRequest;
  web.flood_rate = kDefaultFloodRate;
  Service tls;
  tls.name = "tls";
  tls.ports = {443};
  tls.protocol = WEIR_PROTOCOL_TLS;
  tls.limits[WEIR_EVENT_SYN] = kDefaultSyn;
  tls.flood_rate = kDefaultFloodRate;

  LoadedSettings loaded;
  loaded.settings.services = {std::move(web), std::move(tls)};
  complete_media(loaded.settings.services, [](const std::string&) { return false; });
  for (std::string& path : value_paths(loaded.settings)) {
    loaded.origins.emplace(std::move(path), Origin::kDefault);
  }
  loaded.notices = notices_about(loaded.settings);
  return loaded;
}

std::vector<std::string> notices_about(const Settings& settings) {
  std::vector<std::string> notices;
  if (settings.services.empty()) {
    notices.emplace_back("no service is named, so no port is protected: only bans act");
  }
  for (const Service& service : settings.services) {
    for (std::size_t i = 0; i < service.limits.size(); ++i) {
      if (!service.limits[i]) continue;
      auto found = limit_notices(service, static_cast<Event>(i), *service.limits[i]);
      std::ranges::move(found, std::back_inserter(notices));
    }
    if (service.flood_rate != 0 && !service.limits[WEIR_EVENT_SYN]) {
      notices.push_back(fmt::format(
          "service {}: floodRate does nothing without a limit on syn, which counts them",
          service.name));
    }
    if (service.ban && service.protocol != WEIR_PROTOCOL_HTTP) {
      notices.push_back(fmt::format(
          "service {}: its ban rule does nothing, for it counts kicks of requests", service.name));
    }
  }
  return notices;
}

}  // namespace weir
