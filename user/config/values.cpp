// SPDX-License-Identifier: BSD-2-Clause
// Single values of the settings by their path, as text: for changes by command, and to show.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/quote.h"
#include "config/check.h"
#include "config/fields.h"
#include "config/load.h"
#include "config/names.h"

namespace weir {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::size_t dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
    parts.push_back(path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  parts.push_back(path);
  return parts;
}

// "a, b": one projection of each item. (clang 14 cannot read the views of libstdc++ 12.)
template <typename Items, typename Projection>
std::string join(const Items& items, Projection projection) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ", ";
    text += std::invoke(projection, item);
  }
  return text;
}

template <typename T>
const Field<T>* find_field(std::span<const Field<T>> fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Field<T>::name);
  return found == fields.end() ? nullptr : &*found;
}

// The path of every value that the fields of an object have now.
template <typename T>
void add_paths(std::vector<std::string>& paths, const std::string& start,
               std::span<const Field<T>> fields, const T& object) {
  for (const Field<T>& field : fields) {
    if (field.name != field.canonical || field.get(object).empty()) continue;
    paths.push_back(start + std::string(field.name));
  }
}

void add_service_paths(std::vector<std::string>& paths, const Service& service) {
  const std::string start = fmt::format("services.{}.", service.name);
  paths.push_back(start + "ports");
  add_paths(paths, start, service_fields(), service);
  for (std::size_t i = 0; i < service.limits.size(); ++i) {
    if (!service.limits[i]) continue;
    const auto event = name_of(static_cast<Event>(i));
    add_paths(paths, fmt::format("{}{}.", start, event), limit_fields(), *service.limits[i]);
  }
  if (service.ban) add_paths(paths, start + "ban.", ban_fields(), *service.ban);
  if (!service.paths.empty()) paths.push_back(start + "paths");
}

template <typename T>
std::string get_field(std::span<const Field<T>> fields, std::string_view name, const T& object) {
  const Field<T>* field = find_field(fields, name);
  return field == nullptr ? std::string() : field->get(object);
}

// parts: what follows the service's name.
std::string get_service_value(const Service& service, std::span<const std::string_view> parts) {
  if (parts.size() == 1) {
    if (parts[0] == "ports")
      return join(service.ports, [](std::uint16_t port) { return std::to_string(port); });
    if (parts[0] != "paths") return get_field(service_fields(), parts[0], service);
    return join(service.paths, &PathRule::prefix);
  }
  if (parts.size() != 2) return {};
  if (parts[0] == "ban" && service.ban) return get_field(ban_fields(), parts[1], *service.ban);
  const std::optional<Event> event = from_name<Event>(parts[0]);
  if (!event || !service.limits[*event]) return {};
  return get_field(limit_fields(), parts[1], *service.limits[*event]);
}

tl::unexpected<Error> no_such_service(const Settings& settings, std::string_view name) {
  std::string hint = settings.services.empty()
                         ? "no service is configured"
                         : "services are " + join(settings.services, &Service::name);
  return fail(ErrorCode::kNotFound, "no service " + weir::quoted(name), std::move(hint));
}

tl::unexpected<Error> no_such_value(std::string_view name) {
  std::string names;
  for (const auto& field : limit_fields()) {
    if (field.name != field.canonical) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", field.name);
  }
  return fail(ErrorCode::kInvalid, "a limit has no " + weir::quoted(name), "a limit has " + names);
}

Status set_limit_value(Service& service, Event event, const Field<Limit>& field,
                       const std::string& value) {
  if (auto fits = check_event_fits(service, event); !fits) return fits;
  Limit changed = service.limits[event].value_or(new_limit(event));
  if (auto status = field.set(changed, value); !status) {
    return fail(
        fmt::format("limit {} {}", service.name, name_of(event)),
        Error{status.error().code, fmt::format("{} {}", field.canonical, status.error().message),
              status.error().hint});
  }
  // Only this value's own bounds: a new limit is complete after several calls at the earliest.
  for (Issue& issue : find_limit_issues(service.name, event, changed)) {
    if (issue.path.ends_with(fmt::format(".{}", field.canonical))) {
      return tl::unexpected(std::move(issue.error));
    }
  }
  service.limits[event] = changed;
  return {};
}

}  // namespace

std::vector<std::string> value_paths(const Settings& settings) {
  std::vector<std::string> paths{"interfaces", "allow", "proxies", "mediaSuffixes"};
  add_paths(paths, "", settings_fields(), settings);
  for (const Service& service : settings.services) add_service_paths(paths, service);
  return paths;
}

std::string get_value(const Settings& settings, const std::string& path) {
  const std::vector<std::string_view> parts = split(path);
  if (parts.size() == 1) {
    if (path == "interfaces") return join(settings.interfaces, std::identity());
    if (path == "mediaSuffixes") return join(settings.media_suffixes, std::identity());
    if (path == "allow") return join(settings.allow, &Prefix::text);
    if (path == "proxies") return join(settings.proxies, &Prefix::text);
    return get_field(settings_fields(), path, settings);
  }
  if (parts.size() < 3 || parts[0] != "services") return {};
  const Service* service = settings.find_service(std::string(parts[1]));
  if (service == nullptr) return {};
  return get_service_value(*service, std::span(parts).subspan(2));
}

Status set_value(Settings& settings, const std::string& path, const std::string& value) {
  const std::vector<std::string_view> parts = split(path);
  if (path == "mode") {
    auto status = find_field(settings_fields(), path)->set(settings, value);
    if (!status) status.error().message = "mode " + status.error().message;
    return status;
  }
  if (parts.size() != 4 || parts[0] != "services") {
    return fail(ErrorCode::kInvalid, weir::quoted(path) + " cannot be changed by command",
                "change it in the configuration file, then reload");
  }
  Service* service = settings.find_service(std::string(parts[1]));
  if (service == nullptr) return no_such_service(settings, parts[1]);
  const std::optional<Event> event = from_name<Event>(parts[2]);
  if (!event) {
    return fail(ErrorCode::kInvalid, "no event " + weir::quoted(parts[2]),
                "an event is " + choices<Event>());
  }
  const Field<Limit>* field = find_field(limit_fields(), parts[3]);
  if (field == nullptr) return no_such_value(parts[3]);
  return set_limit_value(*service, *event, *field, value);
}

}  // namespace weir
