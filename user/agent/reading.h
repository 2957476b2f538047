// SPDX-License-Identifier: BSD-2-Clause
// The reading routes that take a query, or time. Private to agent/; see routes.h.
#pragma once

#include <string>

#include "agent/agent.h"
#include "api/server.h"

namespace weir {

// All counters' newest values; with ?period=minutes the history of one length, at most `last`.
ApiResponse read_series(Agent& agent, const std::string& query);
// ?active=1, ?limit=N: the sources with the most hits.
ApiResponse read_users(Agent& agent, const std::string& query);
ApiResponse read_user(Agent& agent, const std::string& address);
// ?by=count|time, ?limit=N: what is asked for most, or waited for longest.
ApiResponse read_paths(Agent& agent, const std::string& query);
// ?limit=N: the newest.
ApiResponse read_requests(Agent& agent, const std::string& query);
// ?limit=N: the newest; all without.
ApiResponse read_bans(Agent& agent, const std::string& query);
// ?follow=1, ?kind=, ?source=, ?service=.
ApiResponse read_events(Agent& agent, const std::string& query);

}  // namespace weir
