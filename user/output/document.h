// SPDX-License-Identifier: BSD-2-Clause
// Reading a JSON document that an agent of another version may have sent: what is missing, or
// is of another type, reads as absent; nothing throws.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/time.h"

namespace weir::document {

using Json = nlohmann::ordered_json;

// The member, or null.
const Json& member(const Json& object, const char* key);
// The same through several levels: member(document, "series", "seconds", "last").
template <typename... Keys>
const Json& member(const Json& object, const char* key, Keys... keys) {
  return member(member(object, key), keys...);
}

// A value as the text of a cell: "-" when absent, "yes" or "no", whole numbers without a point.
std::string cell(const Json& value);
template <typename... Keys>
std::string cell(const Json& object, const char* key, Keys... keys) {
  return cell(member(object, key, keys...));
}

// A string, or nothing; never "-".
std::string text(const Json& object, const char* key);
bool flag(const Json& object, const char* key);
std::int64_t whole(const Json& object, const char* key);
// An RFC 3339 time without its milliseconds, which nobody reads in a table.
std::string time_cell(const Json& object, const char* key);

}  // namespace weir::document
