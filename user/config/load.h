// SPDX-License-Identifier: BSD-2-Clause
// TOML → Settings, with the place of every mistake and the origin of every value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace weir {

struct LoadedSettings {
  Settings settings;
  Origins origins;                   // every value, defaults included
  std::vector<std::string> notices;  // legal but worth saying, one line each
};

// The settings without any file: services web (80, 8080, http) and tls (443), mode observe.
LoadedSettings default_settings();

// Reads a file over the defaults. kNotFound when it is missing, kSystem when it cannot be
// read, kTooLarge over 1 MiB, kInvalid "FILE:LINE:COLUMN: what is wrong" for everything else.
// Of several mistakes the first in the file. Never partial. Services are in the file's order.
Result<LoadedSettings> load_settings(const std::string& path);
// The same from text; `name` stands for the file in messages.
Result<LoadedSettings> parse_settings(std::string_view text, const std::string& name);

// The path of every single value that the settings have, as in Origins. The path rules of a
// service are one value ("services.web.paths"), and so is each list.
std::vector<std::string> value_paths(const Settings& settings);
// A value by its path as text, lists with ", " between; empty when there is none.
std::string get_value(const Settings& settings, const std::string& path);
// Changes one value: "mode", or "services.NAME.EVENT." and startThrottle, toMuch, timeout,
// window, delay or action (tooMuch, timeoutMs and delayMs are understood). Checks the value
// itself; check_settings() when all changes are in. Setting a value of a limit that the
// service does not have makes it, with startThrottle and toMuch still to be set. kNotFound:
// no such service; kInvalid: anything else. On failure nothing is changed.
Status set_value(Settings& settings, const std::string& path, const std::string& value);

// Checks what must hold whatever the settings come from (file, command, API).
Status check_limit(const std::string& service, Event event, const Limit& limit);
Status check_settings(const Settings& settings);
// What is legal but surprises: "delay stage off", actions this version carries out as drop.
std::vector<std::string> notices_about(const Settings& settings);

}  // namespace weir
