// SPDX-License-Identifier: BSD-2-Clause
#include "output/document.h"

#include <fmt/format.h>

namespace weir::document {

const Json& member(const Json& object, const char* key) {
  static const Json kAbsent;
  if (!object.is_object()) return kAbsent;
  const auto it = object.find(key);
  return it == object.end() ? kAbsent : *it;
}

std::string cell(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (value.is_number_float()) return fmt::format("{:.1f}", value.get<double>());
  if (value.is_string() && !value.get_ref<const std::string&>().empty())
    return value.get<std::string>();
  return "-";
}

std::string text(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool flag(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

std::int64_t whole(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::string time_cell(const Json& object, const char* key) {
  std::string time = cell(object, key);
  const auto point = time.find('.');
  return point == std::string::npos ? time : time.substr(0, point) + "Z";
}

}  // namespace weir::document
