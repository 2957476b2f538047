// SPDX-License-Identifier: BSD-2-Clause
// Takes over what a Weir with other tables has pinned: its links, so that not one packet goes
// unfiltered while the programs are exchanged, and its counters where they still mean the same.
#pragma once

#include <string>

#include "dataplane/pin_directory.h"

namespace weir {

// Moves the links of every other layout under `pin_dir` to `pins`, adds its counters to the table
// `stats_map`, and removes what is left. The old programs run on with their own tables until
// attaching replaces them. Whose counters have another form are told in the log.
void take_over_layouts(const std::string& pin_dir, const PinDirectory& pins, int stats_map);

}  // namespace weir
