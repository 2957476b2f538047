// SPDX-License-Identifier: BSD-2-Clause
// Reading the sources' tables from user space.
#pragma once

#include <functional>
#include <vector>

#include "dataplane/dataplane.h"
#include "dataplane/kernel_object.h"

namespace weir {

std::vector<Meter> read_meters(const KernelMaps& maps, const weir_settings& settings,
                               const Address& address, BootNs now);
void visit_sources(const KernelMaps& maps,
                   const std::function<void(const Address&, std::uint64_t last_ms)>& visit);
// The tables' fill after so many sources were added since the pins were made.
TableFill sources_fill(std::uint64_t added);

}  // namespace weir
