// SPDX-License-Identifier: BSD-2-Clause
// The tables of weir.db. A change that an older Weir could not read raises kSchemaVersion and
// gets a step in migrate() (store.cpp).
#pragma once

namespace weir {

inline constexpr int kSchemaVersion = 1;  // PRAGMA user_version; 0 is a new file

// Times are milliseconds since the epoch (UTC), `until_boot` nanoseconds of CLOCK_BOOTTIME in
// the boot `boot_id`; NULL is "for ever".
inline constexpr const char* kSchema = R"sql(
CREATE TABLE bans(
  prefix TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  until INTEGER,
  until_boot INTEGER,
  boot_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  rule TEXT NOT NULL,
  origin TEXT NOT NULL,
  all_packets INTEGER NOT NULL,
  times INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE allowed(
  prefix TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE changes(
  path TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace weir
