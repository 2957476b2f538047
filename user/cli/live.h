// SPDX-License-Identifier: BSD-2-Clause
// Commands that go on until the operator has seen enough: stats --watch, events --follow.
#pragma once

#include <functional>
#include <string>

#include "api/client.h"
#include "base/result.h"
#include "cli/output.h"

namespace weir::cli {

// Prints what `page` gives every second until SIGINT, SIGTERM, or the reader leaves. On a
// terminal each page replaces the last; elsewhere a blank line divides them, but not `lines`.
Status watch(const std::function<Result<std::string>()>& page, bool lines, Output& output);
// Prints a stream of events as they come, until it ends, a signal, or the reader leaves.
Status show_events(Client client, const std::string& target, bool json, Output& output);

}  // namespace weir::cli
