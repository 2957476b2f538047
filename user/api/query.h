// SPDX-License-Identifier: BSD-2-Clause
// The query of a request's target: "limit=20&active=1". Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

class Query {
 public:
  // kInvalid: a parameter that is not among `known`, comes twice, or is not properly escaped.
  static Result<Query> parse(std::string_view text, std::initializer_list<std::string_view> known);

  [[nodiscard]] std::optional<std::string> value(const std::string& name) const;
  // A whole number from 1 to `most`; `absent` when it is not there. kInvalid.
  [[nodiscard]] Result<std::uint64_t> number(const std::string& name, std::uint64_t absent,
                                             std::uint64_t most) const;
  // "1", or no value at all, is true; "0" false. kInvalid.
  [[nodiscard]] Result<bool> flag(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

// nullopt: an incomplete escape, or a control character that has no business in a target.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace weir
