// SPDX-License-Identifier: BSD-2-Clause
#include "store/series_rows.h"

#include <map>

namespace weir {
namespace {

WallTime time_of(const SQLite::Column& column) { return WallTime(Milliseconds(column.getInt64())); }

void bind_name(SQLite::Statement& statement, const StoredSeries& series) {
  statement.bind(1, series.name);
  statement.bind(2, series.period);
}

}  // namespace

std::vector<StoredSeries> read_series(SQLite::Database& db) {
  std::map<std::pair<std::string, std::string>, StoredSeries> found;
  const auto series_of = [&](const SQLite::Statement& row) -> StoredSeries& {
    const std::pair key(row.getColumn(0).getString(), row.getColumn(1).getString());
    StoredSeries& series = found[key];
    series.name = key.first;
    series.period = key.second;
    return series;
  };
  SQLite::Statement points(db,
                           "SELECT name, period, number, start, total, weight FROM series_points "
                           "ORDER BY name, period, number");
  while (points.executeStep()) {
    StoredSeries& series = series_of(points);
    series.points.push_back({static_cast<std::uint64_t>(points.getColumn(2).getInt64()),
                             time_of(points.getColumn(3)), points.getColumn(4).getDouble(),
                             points.getColumn(5).getDouble()});
  }
  SQLite::Statement peaks(db, "SELECT name, period, time, value FROM series_peaks ORDER BY rowid");
  while (peaks.executeStep())
    series_of(peaks).peaks.push_back({time_of(peaks.getColumn(2)), peaks.getColumn(3).getDouble()});
  std::vector<StoredSeries> all;
  all.reserve(found.size());
  for (auto& [key, series] : found) all.push_back(std::move(series));
  return all;
}

void write_series(SQLite::Database& db, const std::vector<StoredSeries>& series) {
  SQLite::Statement point(db,
                          "INSERT OR REPLACE INTO series_points(name, period, number, start, "
                          "total, weight) VALUES(?,?,?,?,?,?)");
  SQLite::Statement old(db,
                        "DELETE FROM series_points WHERE name = ? AND period = ? AND number < ?");
  SQLite::Statement no_peaks(db, "DELETE FROM series_peaks WHERE name = ? AND period = ?");
  SQLite::Statement peak(db, "INSERT INTO series_peaks(name, period, time, value) VALUES(?,?,?,?)");
  for (const StoredSeries& one : series) {
    for (const StoredPoint& fresh : one.points) {
      bind_name(point, one);
      point.bind(3, static_cast<std::int64_t>(fresh.number));
      point.bind(4, fresh.start.time_since_epoch().count());
      point.bind(5, fresh.total);
      point.bind(6, fresh.weight);
      point.exec();
      point.reset();
    }
    bind_name(old, one);
    old.bind(3, static_cast<std::int64_t>(one.oldest));
    old.exec();
    old.reset();
    bind_name(no_peaks, one);
    no_peaks.exec();
    no_peaks.reset();
    for (const StoredPeak& high : one.peaks) {
      bind_name(peak, one);
      peak.bind(3, high.time.time_since_epoch().count());
      peak.bind(4, high.value);
      peak.exec();
      peak.reset();
    }
  }
}

}  // namespace weir
