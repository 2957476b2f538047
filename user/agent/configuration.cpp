// SPDX-License-Identifier: BSD-2-Clause
#include "agent/configuration.h"

#include <fmt/format.h>

#include <set>

#include "agent/run.h"
#include "config/media.h"
#include "config/names.h"

namespace weir {
namespace {

Result<LoadedSettings> read(const std::string& file) {
  if (!file.empty()) return load_settings(file);
  auto loaded = load_settings(kDefaultConfig);
  if (!loaded && loaded.error().code == ErrorCode::kNotFound) return default_settings();
  return loaded;
}

std::string option_text(std::optional<Mode> mode) {
  return mode ? std::string(name_of(*mode)) : std::string("none");
}

// Takes out the limits that changes by command have begun but not completed, because what they
// changed has left the file. Returns their paths, each with a dot behind.
std::vector<std::string> drop_incomplete(Settings& settings) {
  std::vector<std::string> dropped;
  for (Service& service : settings.services)
    for (std::size_t i = 0; i < service.limits.size(); i++) {
      const auto event = static_cast<Event>(i);
      if (!service.limits[i] || check_limit(service.name, event, *service.limits[i])) continue;
      service.limits[i].reset();
      dropped.push_back(fmt::format("services.{}.{}.", service.name, name_of(event)));
    }
  return dropped;
}

}  // namespace

Result<Configuration> Configuration::load(const std::string& file, std::optional<Mode> mode,
                                          Changes changes) {
  auto base = read(file);
  if (!base) return tl::unexpected(std::move(base.error()));
  Configuration configuration;
  configuration.file_ = file;
  configuration.mode_ = mode;
  configuration.base_ = std::move(*base);
  std::erase_if(changes, [](const auto& change) { return change.first.starts_with(kUnconfirmed); });
  const auto option = changes.find(kModeOption);
  if (option != changes.end() && option->second != option_text(mode)) {
    changes.erase("mode");
    changes.erase(kModeOption);
  }
  configuration.changes_ = std::move(changes);
  if (auto composed = configuration.compose(); !composed)
    return tl::unexpected(std::move(composed.error()));
  return configuration;
}

Status Configuration::reload() {
  auto base = read(file_);
  if (!base) return tl::unexpected(std::move(base.error()));
  Configuration next = *this;
  next.base_ = std::move(*base);
  if (auto composed = next.compose(); !composed) return composed;
  *this = std::move(next);
  return {};
}

Status Configuration::compose() {
  effective_ = base_;
  std::vector<std::string> stale;
  if (mode_) {
    effective_.settings.mode = *mode_;
    effective_.origins["mode"] = Origin::kCommand;
  }
  std::set<std::string> waiting;
  for (const auto& [path, value] : changes_)
    if (path != kModeOption && !set_value(effective_.settings, path, value)) waiting.insert(path);
  for (const auto& limit : drop_incomplete(effective_.settings))
    for (const auto& [path, value] : changes_)
      if (path.starts_with(limit)) waiting.insert(path);
  complete_media(effective_.settings.services, [&](const std::string& path) {
    const auto origin = base_.origins.find(path);
    return (changes_.contains(path) && !waiting.contains(path)) ||
           (origin != base_.origins.end() && origin->second != Origin::kDefault);
  });
  for (const auto& [path, value] : changes_) {
    if (path == kModeOption) continue;
    if (!waiting.contains(path))
      effective_.origins[path] = Origin::kCommand;
    else  // what it changes has left the file; kept, for it may come back
      stale.push_back(fmt::format("the change {} = {} no longer fits and waits", path, value));
  }
  if (auto checked = check_settings(effective_.settings); !checked) return checked;
  for (auto& path : value_paths(effective_.settings))
    effective_.origins.try_emplace(path, Origin::kCommand);
  effective_.notices = notices_about(effective_.settings);
  effective_.notices.insert(effective_.notices.end(), stale.begin(), stale.end());
  return {};
}

Result<Configuration> Configuration::with(const Changes& more) const {
  Configuration next = *this;
  // Told here, where they are being made; a stored one that no longer fits only waits.
  Settings probe = effective_.settings;
  for (const auto& [path, value] : more) {
    if (auto set = set_value(probe, path, value); !set)
      return tl::unexpected(std::move(set.error()));
    next.changes_[path] = value;
    if (path == "mode") next.changes_[kModeOption] = option_text(mode_);
  }
  if (auto checked = check_settings(probe); !checked)
    return tl::unexpected(std::move(checked.error()));
  if (auto composed = next.compose(); !composed) return tl::unexpected(std::move(composed.error()));
  return next;
}

Result<Configuration> Configuration::without(const std::string& path) const {
  Configuration next = *this;
  const std::string below = path + ".";
  std::erase_if(next.changes_, [&](const auto& change) {
    return change.first == path || change.first.starts_with(below);
  });
  if (auto composed = next.compose(); !composed) return tl::unexpected(std::move(composed.error()));
  return next;
}

}  // namespace weir
