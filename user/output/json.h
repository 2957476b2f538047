// SPDX-License-Identifier: BSD-2-Clause
// The data model as JSON documents (INTERFACE.md): camelCase, RFC 3339, "schema": 1. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "stats/counters.h"
#include "stats/paths.h"
#include "stats/snapshot.h"

namespace weir {

nlohmann::ordered_json stats_json(const Snapshot& snapshot);
// Every counter: its newest values and maxima.
nlohmann::ordered_json series_json(const Counters& counters);
// Every counter over the newest periods of one length, for charts: "starts" are Unix times.
nlohmann::ordered_json history_json(const Counters& counters, Period period, std::size_t most);
nlohmann::ordered_json status_json(const Snapshot& snapshot, const Settings& settings);
nlohmann::ordered_json users_json(const UsersView& view);
nlohmann::ordered_json user_json(const UserView& user);
nlohmann::ordered_json paths_json(const PathsView& view);
nlohmann::ordered_json requests_json(const RequestsView& view);
nlohmann::ordered_json bans_json(const std::vector<BanView>& bans);
nlohmann::ordered_json ban_json(const BanView& ban);  // an element of "bans"
nlohmann::ordered_json allow_json(const std::vector<AllowView>& allowed);
nlohmann::ordered_json limits_json(const Settings& settings, const Origins& origins);
nlohmann::ordered_json config_json(const Settings& settings, const Origins& origins,
                                   const std::vector<std::string>& notices);
nlohmann::ordered_json explanation_json(const Explanation& explanation);
nlohmann::ordered_json event_json(const EventView& event);  // no "schema": one line of many

// A document as text; indent -1 is one line. Bytes that are not UTF-8 become U+FFFD: reasons
// and paths come from outside, and one of them must not make the whole document fail.
std::string dump(const nlohmann::ordered_json& document, int indent = -1);

}  // namespace weir
