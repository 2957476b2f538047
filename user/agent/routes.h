// SPDX-License-Identifier: BSD-2-Clause
// HTTP requests → acts and views of the agent (INTERFACE.md, "The same over the socket").
#pragma once

#include "agent/agent.h"
#include "api/server.h"

namespace weir {

// Answers one request. Writes are refused to peers that are not local.
ApiResponse answer(Agent& agent, const ApiRequest& request);

}  // namespace weir
