// SPDX-License-Identifier: BSD-2-Clause
// From kicks to bans: which ban a notice of the kernel asks for, and how long it is. Pure.
//
// The first ban of a network is as long as its rule says, each further one twice as long as the
// last, up to the rule's `max`. One ban is forgotten for each whole `max` without another.
#pragma once

#include <optional>
#include <string>

#include "bans/book.h"
#include "config/settings.h"
#include "weir/abi.h"

namespace weir {

struct DueBan {
  Prefix prefix;    // the source
  Address address;  // whose kick it was
  std::string service;
  std::string rule;    // "web.ban", "web.paths /register/"
  std::string reason;  // "30 kicks within 1m"
  Milliseconds first{}, longest{};
};

// The path rule of a notice as messages name it; empty when it has none.
std::string path_rule_name(const weir_notice& notice, const Settings& settings);

// Nothing when the notice asks for none, or by a rule that has left the settings since.
std::optional<DueBan> due_ban(const weir_notice& notice, const Settings& settings);

// The length of a ban after so many earlier ones.
Milliseconds ban_length(Milliseconds first, Milliseconds longest, int earlier);

}  // namespace weir
