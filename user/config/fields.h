// SPDX-License-Identifier: BSD-2-Clause
// The single values of the settings by the names they have in the file: one table for the
// reader of TOML, for changes by command, and for showing. Lists are not in here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings.h"

namespace weir {

enum class TomlType { kText, kNumber, kTruth };

template <typename T>
struct Field {
  std::string_view name;       // as it may be written
  std::string_view canonical;  // the one name in paths and messages
  std::string (*expected)();   // "a whole number": what messages ask for
  TomlType type;
  bool required;
  Status (*set)(T& object, std::string_view text);  // kInvalid without the field's name
  std::string (*get)(const T& object);              // empty: has no value
};

// Synonyms (tooMuch, timeoutMs) follow the field they stand for.
std::span<const Field<Settings>> settings_fields();
std::span<const Field<Service>> service_fields();
std::span<const Field<Limit>> limit_fields();
std::span<const Field<BanRule>> ban_fields();
std::span<const Field<PathRule>> path_fields();

// The limit that a section starts from: the documented defaults; startThrottle and toMuch are not
// set yet, but for media, whose limit is there by default.
Limit new_limit(Event event);

}  // namespace weir
