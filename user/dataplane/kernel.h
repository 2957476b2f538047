// SPDX-License-Identifier: BSD-2-Clause
// The kernel's data plane.
#pragma once

#include <memory>
#include <string>

#include "dataplane/dataplane.h"
#include "dataplane/sizes.h"

namespace weir {

// Takes over the maps pinned under a directory, or makes them, in these sizes. Attaches nothing.
// One agent at a time may hold a directory; the second is kConflict.
Result<std::unique_ptr<DataPlane>> open_kernel_data_plane(const std::string& pin_dir,
                                                          const TableSizes& sizes);

}  // namespace weir
