// SPDX-License-Identifier: BSD-2-Clause
// The tables of weir.db. A change that an older Weir could not read raises kSchemaVersion and
// gets a step in migrate() (store.cpp).
#pragma once

namespace weir {

inline constexpr int kSchemaVersion = 2;  // PRAGMA user_version; 0 is a new file

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

// Since version 2: the counters' history. `number` counts the points that a series ever had:
// starts may come twice when the clock was set back.
inline constexpr const char* kSeriesSchema = R"sql(
CREATE TABLE series_points(
  name TEXT NOT NULL,
  period TEXT NOT NULL,
  number INTEGER NOT NULL,
  start INTEGER NOT NULL,
  total REAL NOT NULL,
  weight REAL NOT NULL,
  PRIMARY KEY(name, period, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE series_peaks(
  name TEXT NOT NULL,
  period TEXT NOT NULL,
  time INTEGER NOT NULL,
  value REAL NOT NULL
) STRICT;
CREATE INDEX series_peaks_of ON series_peaks(name, period);
)sql";

}  // namespace weir
