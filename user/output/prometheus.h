// SPDX-License-Identifier: BSD-2-Clause
// The data model in Prometheus' text format 0.0.4. Never a client's address in a label. Pure.
#pragma once

#include <string>

#include "stats/snapshot.h"

namespace weir {

std::string prometheus_text(const Snapshot& snapshot);

}  // namespace weir
