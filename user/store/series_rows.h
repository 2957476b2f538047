// SPDX-License-Identifier: BSD-2-Clause
// The counters' history as rows of weir.db. Throws what SQLite throws; Store turns it into Errors.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <vector>

#include "store/store.h"

namespace weir {

std::vector<StoredSeries> read_series(SQLite::Database& db);
// Inside of a transaction of the caller's.
void write_series(SQLite::Database& db, const std::vector<StoredSeries>& series);

}  // namespace weir
