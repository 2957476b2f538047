// SPDX-License-Identifier: BSD-2-Clause
// Pieces that several texts are built from. Private to output/.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace weir::parts {

// The objects of "limits" as a table.
std::string limit_table(const nlohmann::ordered_json& limits);

}  // namespace weir::parts
