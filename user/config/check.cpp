// SPDX-License-Identifier: BSD-2-Clause
// What must hold for settings wherever they come from. Pure; no text is parsed here.
#include "config/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/quote.h"
#include "config/load.h"
#include "config/media.h"
#include "config/names.h"
#include "config/path_prefix.h"
#include "dataplane/sizes.h"

namespace weir {
namespace {

constexpr std::size_t kServiceNameMax = 32;
constexpr std::size_t kInterfaceNameMax = 15;  // IFNAMSIZ without the final zero
constexpr std::size_t kPathMax = 4095;         // PATH_MAX without the final zero
constexpr Milliseconds kTimeWindowMin = std::chrono::seconds(1);
constexpr std::int64_t kSeriesTrendMax = 1000;
constexpr std::int64_t kSeriesMaxMax = 100;
constexpr Milliseconds kTimeWindowMax = std::chrono::hours(24) * 7;

// Collects findings about one part of the settings: `path` for programs, `label` for people.
class Part {
 public:
  Part(std::vector<Issue>& issues, std::string path, std::string label)
      : issues_(issues), path_(std::move(path)), label_(std::move(label)) {}

  [[nodiscard]] std::string path_of(std::string_view key) const {
    if (key.empty()) return path_;
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  }

  void add(std::string_view key, std::string_view what, std::string hint = {}) {
    std::string text = label_.empty() ? std::string(what) : fmt::format("{}: {}", label_, what);
    issues_.push_back({path_of(key), {ErrorCode::kInvalid, std::move(text), std::move(hint)}});
  }

  void number(std::string_view key, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value < least) add(key, fmt::format("{} must be at least {}", key, least));
    if (value > most) add(key, fmt::format("{} must be at most {}", key, most));
  }

  void duration(std::string_view key, Milliseconds value, Milliseconds least, Milliseconds most) {
    if (value < least) add(key, fmt::format("{} must be at least {}", key, format_duration(least)));
    if (value > most) add(key, fmt::format("{} must be at most {}", key, format_duration(most)));
  }

 private:
  std::vector<Issue>& issues_;
  std::string path_;
  std::string label_;
};

bool is_service_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kServiceNameMax && std::ranges::all_of(name, allowed);
}

// The kernel's own rule (dev_valid_name), and no control characters, which it would take.
bool is_interface_name(std::string_view name) {
  const auto refused = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f || c == '/' || c == ':';
  };
  return !name.empty() && name.size() <= kInterfaceNameMax && name != "." && name != ".." &&
         std::ranges::none_of(name, refused);
}

Error not_seen(const Service& service, const char* what, const char* wish) {
  return {ErrorCode::kInvalid,
          fmt::format("service {}: {} cannot be seen in protocol {}", one_line(service.name), what,
                      name_of(service.protocol)),
          fmt::format("{} needs protocol = \"http\"", wish)};
}

void check_numbers(Part& part, std::uint32_t start_throttle, std::uint32_t to_much,
                   Milliseconds timeout) {
  part.number("startThrottle", start_throttle, 1, WEIR_TO_MUCH_MAX);
  part.number("toMuch", to_much, 1, WEIR_TO_MUCH_MAX);
  part.duration("timeout", timeout, Milliseconds(1), Milliseconds(WEIR_TIMEOUT_MS_MAX));
}

void check_ban_rule(std::vector<Issue>& issues, const Service& service, const BanRule& rule) {
  Part part(issues, fmt::format("services.{}.ban", service.name),
            fmt::format("ban rule of service {}", service.name));
  constexpr Milliseconds kLeast(1);
  part.number("after", rule.after, 1, WEIR_TO_MUCH_MAX);
  part.duration("within", rule.within, kLeast, Milliseconds(WEIR_TIMEOUT_MS_MAX));
  part.duration("for", rule.duration, kLeast, kDurationMax);
  part.duration("max", rule.longest, kLeast, kDurationMax);
  if (rule.longest < rule.duration) {
    part.add("max", fmt::format("max ({}) is shorter than for ({})", format_duration(rule.longest),
                                format_duration(rule.duration)));
  }
}

// `count` has the rules of all services so far.
void check_path_rules(std::vector<Issue>& issues, const Service& service, std::size_t& count) {
  std::set<std::string> seen;
  if (!service.paths.empty() && service.protocol != WEIR_PROTOCOL_HTTP) {
    issues.push_back({fmt::format("services.{}.paths", service.name),
                      not_seen(service, "paths", "a path rule")});
  }
  for (std::size_t i = 0; i < service.paths.size(); ++i) {
    const PathRule& rule = service.paths[i];
    Part part(issues, fmt::format("services.{}.paths.{}", service.name, i),
              fmt::format("path rule {} of service {}", i + 1, service.name));
    const auto prefix = normal_prefix(rule.prefix);
    if (!prefix) {
      part.add("prefix", prefix.error().message, prefix.error().hint);
    } else if (!seen.insert(*prefix).second) {
      part.add("prefix", fmt::format("prefix {} has a rule already", weir::quoted(rule.prefix)));
    }
    if (++count == WEIR_RULE_MAX + 1) {
      part.add("", fmt::format("more than {} path rules of all services", WEIR_RULE_MAX));
    }
    check_numbers(part, rule.start_throttle, rule.to_much, rule.timeout);
    if (rule.ban) part.duration("ban", *rule.ban, Milliseconds(1), kDurationMax);
  }
}

// `owners` has the service of each port seen so far.
void check_ports(Part& part, const Service& service, std::map<std::uint16_t, std::string>& owners) {
  if (service.ports.empty()) {
    part.add("ports", "ports is missing or empty", "name its ports: ports = [80]");
  }
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    const std::uint16_t port = service.ports[i];
    const std::string key = fmt::format("ports.{}", i);
    if (port == 0) part.add(key, "port 0 is not a port", "ports are numbers from 1 to 65535");
    const auto [owner, first] = owners.try_emplace(port, service.name);
    if (first) continue;
    part.add(key, owner->second == service.name
                      ? fmt::format("port {} is named twice", port)
                      : fmt::format("port {} belongs to service {} already", port, owner->second));
  }
}

void check_service(std::vector<Issue>& issues, const Service& service,
                   std::map<std::uint16_t, std::string>& owners, std::size_t& rules) {
  Part part(issues, fmt::format("services.{}", service.name),
            fmt::format("service {}", one_line(service.name)));
  if (!is_service_name(service.name)) {
    part.add("", fmt::format("{} is not a service name", weir::quoted(service.name)),
             fmt::format("1 to {} letters, digits, _ and -", kServiceNameMax));
  }
  check_ports(part, service, owners);
  if (service.protocol >= WEIR_PROTOCOL_COUNT) {
    part.add("protocol", "protocol must be " + choices<Protocol>());
  }
  part.number("floodRate", service.flood_rate, 0, WEIR_FLOOD_RATE_MAX);
  if (service.refuses_repeats() && service.protocol != WEIR_PROTOCOL_HTTP) {
    issues.push_back({part.path_of("repeats"), not_seen(service, "repeats", "repeats = true")});
  }
  for (std::size_t i = 0; i < service.limits.size(); ++i) {
    if (!service.limits[i]) continue;
    const auto event = static_cast<Event>(i);
    if (auto fits = check_event_fits(service, event); !fits) {
      issues.push_back({part.path_of(name_of(event)), fits.error()});
    }
    const auto found = find_limit_issues(service.name, event, *service.limits[i]);
    issues.insert(issues.end(), found.begin(), found.end());
  }
  if (service.ban) check_ban_rule(issues, service, *service.ban);
  check_path_rules(issues, service, rules);
}

void check_services(std::vector<Issue>& issues, const Settings& settings) {
  Part part(issues, "services", "");
  std::map<std::uint16_t, std::string> owners;
  std::set<std::string> names;
  std::size_t rules = 0;
  for (std::size_t i = 0; i < settings.services.size(); ++i) {
    const Service& service = settings.services[i];
    if (i == WEIR_SERVICE_MAX) {
      part.add(service.name, fmt::format("more than {} services", WEIR_SERVICE_MAX),
               "one service can have many ports");
    }
    if (!names.insert(service.name).second) {
      part.add(service.name, fmt::format("service {} is named twice", one_line(service.name)));
    }
    check_service(issues, service, owners, rules);
  }
}

void check_interfaces(std::vector<Issue>& issues, const Settings& settings) {
  Part part(issues, "interfaces", "interfaces");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < settings.interfaces.size(); ++i) {
    const std::string& name = settings.interfaces[i];
    const std::string key = std::to_string(i);
    if (i == WEIR_INTERFACE_MAX) {
      part.add(key, fmt::format("more than {} interfaces", WEIR_INTERFACE_MAX));
    }
    if (!is_interface_name(name)) {
      part.add(key, weir::quoted(name) + " is not an interface name",
               fmt::format("1 to {} characters without /, : and spaces; `ip link` lists them",
                           kInterfaceNameMax));
    }
    if (!seen.insert(name).second) part.add(key, weir::quoted(name) + " is named twice");
  }
}

void check_suffixes(std::vector<Issue>& issues, const Settings& settings) {
  Part part(issues, "mediaSuffixes", "mediaSuffixes");
  for (std::size_t i = 0; i < settings.media_suffixes.size(); ++i) {
    const std::string& suffix = settings.media_suffixes[i];
    if (i + 1 == WEIR_SUFFIX_COUNT) {
      part.add(std::to_string(i), fmt::format("more than {} suffixes", i));
    }
    if (!is_suffix(suffix)) {
      part.add(std::to_string(i), weir::quoted(suffix) + " is not a suffix",
               fmt::format("1 to {} letters and digits", WEIR_SUFFIX_MAX));
    }
  }
}

bool is_log_path(std::string_view path) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  return path.starts_with('/') && !path.ends_with('/') && path.size() <= kPathMax &&
         std::ranges::none_of(path, is_control);
}

// Whether there can be such a file is seen when it is opened: a file of settings is also checked
// where it is not used.
void check_logs(Part& part, const Settings& settings) {
  for (const LogKey key : kLogKeys) {
    const std::string& where = settings.log(key);
    const bool may_be_journal = key == LogKey::kEvents;
    if (where == kLogOff || (may_be_journal && where == kLogJournal) || is_log_path(where))
      continue;
    part.add(
        log_name(key),
        fmt::format("{} must be \"off\"{} or the absolute path of a file, not {}", log_name(key),
                    may_be_journal ? ", \"journal\"" : "", weir::quoted(where)));
  }
  if (settings.event_log != kLogOff && settings.event_log == settings.counter_log) {
    part.add(log_name(LogKey::kCounters), "eventLog and counterLog name the same file");
  }
}

Status first_of(std::vector<Issue> issues) {
  if (issues.empty()) return {};
  return tl::unexpected(std::move(issues.front().error));
}

}  // namespace

Status check_event_fits(const Service& service, Event event) {
  if (event == WEIR_EVENT_SYN || service.protocol == WEIR_PROTOCOL_HTTP) return {};
  return tl::unexpected(not_seen(service, "requests", "a limit on requests"));
}

std::vector<Issue> find_limit_issues(const std::string& service, Event event, const Limit& limit) {
  std::vector<Issue> issues;
  Part part(issues, fmt::format("services.{}.{}", service, name_of(event)),
            fmt::format("limit {} {}", one_line(service), name_of(event)));
  check_numbers(part, limit.start_throttle, limit.to_much, limit.timeout);
  part.duration("delay", limit.delay, Milliseconds(1), Milliseconds(WEIR_DELAY_MS_MAX));
  if (limit.window >= WEIR_WINDOW_COUNT) part.add("window", "window must be " + choices<Window>());
  if (limit.action >= WEIR_ACTION_DEFERRED) {
    part.add("action", "action must be " + choices<Action>());
  }
  return issues;
}

std::vector<Issue> find_issues(const Settings& settings) {
  std::vector<Issue> issues;
  Part part(issues, "", "");
  if (settings.mode >= WEIR_MODE_COUNT) part.add("mode", "mode must be " + choices<Mode>());
  check_interfaces(issues, settings);
  part.number("prefix4", settings.prefix4, 1, 32);
  part.number("prefix6", settings.prefix6, 1, 128);
  part.duration("timeWindow", settings.time_window, kTimeWindowMin, kTimeWindowMax);
  part.number("seriesTrend", settings.series_trend, 1, kSeriesTrendMax);
  part.number("seriesMax", settings.series_max, 1, kSeriesMaxMax);
  if (settings.max_sources != 0)
    part.number("maxSources", settings.max_sources, kSourcesMin, kSourcesMax);
  if (settings.max_bans != 0) part.number("maxBans", settings.max_bans, kBansMin, kBansMax);
  check_suffixes(issues, settings);
  check_logs(part, settings);
  if (auto fits = check_reply_text(settings.reply_text); !fits) {
    part.add("replyText", "replyText " + fits.error().message, fits.error().hint);
  }
  check_services(issues, settings);
  return issues;
}

Status check_limit(const std::string& service, Event event, const Limit& limit) {
  return first_of(find_limit_issues(service, event, limit));
}

Status check_settings(const Settings& settings) { return first_of(find_issues(settings)); }

}  // namespace weir
