// SPDX-License-Identifier: BSD-2-Clause
// TOML → Settings. The shape of the document is read here; what single values may be is in
// fields.cpp, what must hold between them in check.cpp.
#include "config/load.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/quote.h"
#include "config/check.h"
#include "config/media.h"
#include "config/names.h"
#include "config/toml_section.h"

namespace weir {
namespace {

constexpr std::size_t kFileMax = 1 << 20;
// toml++ makes one table inside another for each dot of a key, and frees them by recursion:
// some 50 000 of them overflow the stack. This counts dots, so it counts tables or more.
constexpr std::size_t kDotsMax = 4096;

// Dots that are neither in a string nor in a comment. Strings of several lines are not
// followed: the settings have no use for one.
std::size_t count_dots(std::string_view text) {
  std::size_t dots = 0;
  char inside = 0;  // the quote or # that ends with its like, or with the line
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || (c == inside && c != '#')) {
      inside = 0;
    } else if (inside == 0) {
      if (c == '"' || c == '\'' || c == '#') inside = c;
      if (c == '.') ++dots;
    } else if (inside == '"' && c == '\\') {
      ++i;
    }
  }
  return dots;
}

void read_interfaces(Section& document, Findings& findings, Settings& settings) {
  for (const auto& [path, node] : document.take_elements("interfaces", "an array of names")) {
    if (const auto* name = node->as_string()) {
      settings.interfaces.push_back(name->get());
    } else {
      findings.add_mistake(node->source().begin,
                           fmt::format("{} must be a name, not {}", path, type_text(*node)));
    }
  }
}

void read_networks(Section& document, Findings& findings, const char* key,
                   std::vector<Prefix>& networks) {
  for (const auto& [path, node] : document.take_elements(key, "an array of networks")) {
    const toml::source_position at = node->source().begin;
    const auto* text = node->as_string();
    if (text == nullptr) {
      findings.add_mistake(at, fmt::format("{} must be a network, not {}", path, type_text(*node)));
      continue;
    }
    if (const auto prefix = Prefix::parse(text->get())) {
      networks.push_back(*prefix);
    } else {
      findings.add_mistake(at, fmt::format("{}: {}", key, prefix.error().message),
                           prefix.error().hint);
    }
  }
}

void read_suffixes(Section& document, Findings& findings, Settings& settings) {
  if (document.has("mediaSuffixes")) settings.media_suffixes.clear();
  for (const auto& [path, node] : document.take_elements("mediaSuffixes", "an array of strings")) {
    if (const auto* suffix = node->as_string()) {
      settings.media_suffixes.push_back(normal_suffix(suffix->get()));
    } else {
      findings.add_mistake(node->source().begin,
                           fmt::format("{} must be a string, not {}", path, type_text(*node)));
    }
  }
}

void read_ports(Section& section, Findings& findings, Service& service) {
  for (const auto& [path, node] : section.take_elements("ports", "an array of whole numbers")) {
    const toml::source_position at = node->source().begin;
    const auto* number = node->as_integer();
    if (number == nullptr) {
      findings.add_mistake(
          at, fmt::format("{} must be a whole number, not {}", path, type_text(*node)));
    } else if (number->get() < 1 || number->get() >= WEIR_PORT_COUNT) {
      findings.add_mistake(at, fmt::format("{} is not a port", number->get()),
                           "ports are numbers from 1 to 65535");
    } else {
      service.ports.push_back(static_cast<std::uint16_t>(number->get()));
    }
  }
}

Service read_service(Section& section, Findings& findings, std::string name) {
  Service service;
  service.name = std::move(name);
  read_ports(section, findings, service);
  section.read(service_fields(), service);
  for (std::size_t i = 0; i < service.limits.size(); ++i) {
    auto limit = section.take_section(name_of(static_cast<Event>(i)));
    if (!limit) continue;
    limit->read(limit_fields(), service.limits[i].emplace(new_limit(static_cast<Event>(i))));
    limit->refuse_the_rest();
  }
  if (auto ban = section.take_section("ban")) {
    ban->read(ban_fields(), service.ban.emplace());
    ban->refuse_the_rest();
  }
  for (Section& rule : section.take_sections("paths")) {
    rule.read(path_fields(), service.paths.emplace_back());
    rule.refuse_the_rest();
  }
  section.refuse_the_rest();
  return service;
}

void read_document(const toml::table& table, Findings& findings, Settings& settings) {
  Section document(findings, table, "", {});
  document.read(settings_fields(), settings);
  read_interfaces(document, findings, settings);
  read_networks(document, findings, "allow", settings.allow);
  read_networks(document, findings, "proxies", settings.proxies);
  read_suffixes(document, findings, settings);
  if (auto services = document.take_section("services")) {
    settings.services.clear();
    for (const std::string& name : services->keys_in_order()) {
      auto section = services->take_section(name);
      if (section) settings.services.push_back(read_service(*section, findings, name));
    }
  }
  document.refuse_the_rest();
}

Status check_size(std::string_view text, const std::string& name) {
  if (text.size() <= kFileMax) return {};
  return fail(ErrorCode::kTooLarge,
              fmt::format("{}: larger than {} bytes", one_line(name), kFileMax));
}

Result<toml::table> parse_document(std::string_view text, const std::string& name) {
  if (count_dots(text) > kDotsMax) {
    return fail(ErrorCode::kInvalid, fmt::format("{}:1:1: more than {} dots outside of strings",
                                                 one_line(name), kDotsMax));
  }
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {  // the only exception that config/ lets happen
    Findings findings;
    findings.add_mistake(error.source().begin, std::string(error.description()));
    return tl::unexpected(findings.first_mistake(name));
  }
}

Result<std::string> read_file(const std::string& path) {
  const auto give_up = [&path](ErrorCode code) {
    return fail(code, fmt::format("reading {}: {}", one_line(path),
                                  std::generic_category().message(errno)));
  };
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return give_up(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kSystem);
  std::string text(kFileMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return give_up(ErrorCode::kSystem);  // a directory opens, but does not read
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace

Result<LoadedSettings> parse_settings(std::string_view text, const std::string& name) {
  if (auto size = check_size(text, name); !size) return tl::unexpected(size.error());
  const auto table = parse_document(text, name);
  if (!table) return tl::unexpected(table.error());

  LoadedSettings loaded = default_settings();
  Findings findings;
  read_document(*table, findings, loaded.settings);
  complete_media(loaded.settings.services,
                 [&findings](const std::string& path) { return findings.has_place(path); });
  // What was misread would be found wanting once more, at a worse place.
  if (!findings.has_mistakes()) {
    for (Issue& issue : find_issues(loaded.settings)) {
      findings.add_mistake(findings.place_of(issue.path), std::move(issue.error.message),
                           std::move(issue.error.hint));
    }
  }
  if (findings.has_mistakes()) return tl::unexpected(findings.first_mistake(name));

  loaded.origins.clear();
  for (std::string& path : value_paths(loaded.settings)) {
    const Origin origin = findings.has_place(path) ? Origin::kFile : Origin::kDefault;
    loaded.origins.emplace(std::move(path), origin);
  }
  loaded.notices = notices_about(loaded.settings);
  return loaded;
}

Result<LoadedSettings> load_settings(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  return parse_settings(*text, path);
}

}  // namespace weir
