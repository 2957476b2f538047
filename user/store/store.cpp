// SPDX-License-Identifier: BSD-2-Clause
// SQLite through SQLiteCpp. Its exceptions end here: every public call turns them into an
// Error that names the file and what was being done to it.
#include "store/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <utility>

#include "store/directory.h"
#include "store/schema.h"
#include "store/series_rows.h"

namespace weir {
namespace {

// Somebody may look at the file with sqlite3(1); the agent's loop stands still meanwhile.
constexpr int kBusyTimeoutMs = 1000;

tl::unexpected<Error> damaged(const std::string& doing, const std::string& file,
                              const std::string& why) {
  const auto directory = std::filesystem::path(file).parent_path().string();
  return fail(ErrorCode::kSystem, fmt::format("{}: {}", doing, why),
              fmt::format("set it aside and start again: mkdir {0}/broken && mv {1}* {0}/broken/",
                          directory, file));
}

tl::unexpected<Error> sqlite_failure(const std::string& doing, const std::string& file,
                                     const SQLite::Exception& error) {
  switch (error.getErrorCode()) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(doing, file, error.what());
    case SQLITE_FULL:
      return fail(ErrorCode::kSystem, fmt::format("{}: {}", doing, error.what()),
                  "make room on the disk; nothing of this change was kept");
    default:
      return fail(ErrorCode::kSystem, fmt::format("{}: {}", doing, error.what()));
  }
}

void migrate(SQLite::Database& db, int version) {
  SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
  if (version < 1) db.exec(kSchema);
  if (version < 2) db.exec(kSeriesSchema);
  db.exec(fmt::format("PRAGMA user_version = {}", kSchemaVersion));
  transaction.commit();
}

// Checks that the file is sound and ours, and brings it to the schema of this version.
Status prepare(SQLite::Database& db, const std::string& file) {
  const std::string doing = "opening " + file;
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");  // a ban is on disk before it is acknowledged
  const std::string verdict = db.execAndGet("PRAGMA quick_check(1)").getString();
  if (verdict != "ok") return damaged(doing, file, verdict);

  const int version = db.execAndGet("PRAGMA user_version").getInt();
  if (version > kSchemaVersion)
    return fail(ErrorCode::kSystem,
                fmt::format("{}: written by a newer Weir (schema {}; this one knows {})", doing,
                            version, kSchemaVersion),
                "install that version again, or choose another --state-dir");
  if (version == 0 && db.execAndGet("SELECT count(*) FROM sqlite_master").getInt() > 0)
    return damaged(doing, file, "a database, but not one of Weir's");
  if (version < kSchemaVersion) migrate(db, version);
  return {};
}

WallTime wall_time(const SQLite::Column& column) {
  return WallTime(Milliseconds(column.getInt64()));
}

std::int64_t number(WallTime time) { return time.time_since_epoch().count(); }

Result<Prefix> stored_prefix(const SQLite::Column& column) {
  auto prefix = Prefix::parse(column.getString());
  if (!prefix) return fail(ErrorCode::kSystem, "a row cannot be read: " + prefix.error().message);
  return prefix;
}

Result<StoredBan> stored_ban(const SQLite::Statement& row) {
  StoredBan ban;
  auto prefix = stored_prefix(row.getColumn(0));
  if (!prefix) return tl::unexpected(prefix.error());
  ban.prefix = *prefix;
  ban.since = wall_time(row.getColumn(1));
  if (!row.isColumnNull(2)) ban.until = wall_time(row.getColumn(2));
  // SQLite's integers are signed; the cast and its inverse keep all 64 bits.
  if (!row.isColumnNull(3)) ban.until_boot = static_cast<BootNs>(row.getColumn(3).getInt64());
  ban.boot_id = row.getColumn(4).getString();
  ban.reason = row.getColumn(5).getString();
  ban.rule = row.getColumn(6).getString();
  ban.origin = row.getColumn(7).getString();
  ban.all = row.getColumn(8).getInt() != 0;
  ban.times = row.getColumn(9).getInt();
  return ban;
}

void bind_ban(SQLite::Statement& insert, const StoredBan& ban) {
  insert.bind(1, ban.prefix.text());
  insert.bind(2, number(ban.since));
  if (ban.until)
    insert.bind(3, number(*ban.until));
  else
    insert.bind(3);
  if (ban.until_boot)
    insert.bind(4, static_cast<std::int64_t>(*ban.until_boot));
  else
    insert.bind(4);
  insert.bind(5, ban.boot_id);
  insert.bind(6, ban.reason);
  insert.bind(7, ban.rule);
  insert.bind(8, ban.origin);
  insert.bind(9, ban.all ? 1 : 0);
  insert.bind(10, ban.times);
}

}  // namespace

struct Store::Impl {
  Descriptor lock;  // first in, last out: nobody else opens a file that is still in use
  std::string file;
  SQLite::Database db;

  Impl(Descriptor held, const std::string& path)
      : lock(std::move(held)),
        file(path),
        db(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs) {}

  // Runs `work` and turns what SQLite throws into an Error: "doing FILE: SQLite's words".
  template <typename Work>
  auto guarded(const char* doing, Work work) -> decltype(work()) {
    const std::string context = fmt::format("{} {}", doing, file);
    try {
      auto result = work();
      if (!result) return fail(context, result.error());
      return result;
    } catch (const SQLite::Exception& error) {
      return sqlite_failure(context, file, error);
    }
  }

  Status remove(const char* doing, const char* sql, const std::string& key) {
    return guarded(doing, [&]() -> Status {
      SQLite::Statement statement(db, sql);
      statement.bind(1, key);
      statement.exec();
      return {};
    });
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const std::string& directory) {
  if (auto made = make_directory(directory); !made) return tl::unexpected(made.error());
  auto lock = lock_directory(directory);
  if (!lock) return tl::unexpected(lock.error());
  const std::string file = directory + "/weir.db";
  if (auto made = make_private(file); !made) return tl::unexpected(made.error());
  try {
    auto impl = std::make_unique<Impl>(std::move(*lock), file);
    if (auto ready = prepare(impl->db, file); !ready) return tl::unexpected(ready.error());
    return Store(std::move(impl));
  } catch (const SQLite::Exception& error) {
    return sqlite_failure("opening " + file, file, error);
  }
}

Result<std::vector<StoredBan>> Store::bans() const {
  return impl_->guarded("reading bans from", [this]() -> Result<std::vector<StoredBan>> {
    std::vector<StoredBan> bans;
    SQLite::Statement row(impl_->db,
                          "SELECT prefix, since, until, until_boot, boot_id, reason, rule, "
                          "origin, all_packets, times FROM bans ORDER BY prefix");
    while (row.executeStep()) {
      auto ban = stored_ban(row);
      if (!ban) return tl::unexpected(ban.error());
      bans.push_back(std::move(*ban));
    }
    return bans;
  });
}

Status Store::put_ban(const StoredBan& ban) { return put_bans({ban}); }

Status Store::put_bans(const std::vector<StoredBan>& bans) {
  return impl_->guarded("writing bans to", [&]() -> Status {
    SQLite::Transaction transaction(impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement insert(impl_->db,
                             "INSERT OR REPLACE INTO bans(prefix, since, until, until_boot, "
                             "boot_id, reason, rule, origin, all_packets, times) "
                             "VALUES(?,?,?,?,?,?,?,?,?,?)");
    for (const auto& ban : bans) {
      bind_ban(insert, ban);
      insert.exec();
      insert.reset();
    }
    transaction.commit();
    return {};
  });
}

Status Store::remove_ban(const Prefix& prefix) {
  return impl_->remove("removing a ban from", "DELETE FROM bans WHERE prefix = ?", prefix.text());
}

Result<std::vector<StoredAllow>> Store::allowed() const {
  return impl_->guarded(
      "reading the allow list from", [this]() -> Result<std::vector<StoredAllow>> {
        std::vector<StoredAllow> allowed;
        SQLite::Statement row(impl_->db,
                              "SELECT prefix, since, reason FROM allowed ORDER BY prefix");
        while (row.executeStep()) {
          auto prefix = stored_prefix(row.getColumn(0));
          if (!prefix) return tl::unexpected(prefix.error());
          allowed.push_back({*prefix, wall_time(row.getColumn(1)), row.getColumn(2).getString()});
        }
        return allowed;
      });
}

Status Store::put_allow(const StoredAllow& allow) {
  return impl_->guarded("writing the allow list to", [&]() -> Status {
    SQLite::Statement insert(impl_->db,
                             "INSERT OR REPLACE INTO allowed(prefix, since, reason) VALUES(?,?,?)");
    insert.bind(1, allow.prefix.text());
    insert.bind(2, number(allow.since));
    insert.bind(3, allow.reason);
    insert.exec();
    return {};
  });
}

Status Store::remove_allow(const Prefix& prefix) {
  return impl_->remove("removing from the allow list in", "DELETE FROM allowed WHERE prefix = ?",
                       prefix.text());
}

Result<std::map<std::string, std::string>> Store::changes() const {
  using Changes = std::map<std::string, std::string>;
  return impl_->guarded("reading changed settings from", [this]() -> Result<Changes> {
    Changes changes;
    SQLite::Statement row(impl_->db, "SELECT path, value FROM changes");
    while (row.executeStep())
      changes.emplace(row.getColumn(0).getString(), row.getColumn(1).getString());
    return changes;
  });
}

Status Store::put_changes(const std::map<std::string, std::string>& changes) {
  return impl_->guarded("writing changed settings to", [&]() -> Status {
    SQLite::Transaction transaction(impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement insert(impl_->db, "INSERT OR REPLACE INTO changes(path, value) VALUES(?,?)");
    for (const auto& [path, value] : changes) {
      insert.bind(1, path);
      insert.bind(2, value);
      insert.exec();
      insert.reset();
    }
    transaction.commit();
    return {};
  });
}

Status Store::remove_changes(const std::string& path_prefix) {
  std::string path = path_prefix;
  if (path.ends_with('.')) path.pop_back();
  // Not LIKE: `_` is a letter of service names and a wildcard there.
  return impl_->remove("removing changed settings from",
                       "DELETE FROM changes WHERE ?1 = '' OR path = ?1 "
                       "OR substr(path, 1, length(?1) + 1) = ?1 || '.'",
                       path);
}

Result<std::vector<StoredSeries>> Store::series() const {
  return impl_->guarded("reading counters from", [this]() -> Result<std::vector<StoredSeries>> {
    return read_series(impl_->db);
  });
}

Status Store::put_series(const std::vector<StoredSeries>& series) {
  return impl_->guarded("writing counters to", [&]() -> Status {
    SQLite::Transaction transaction(impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    write_series(impl_->db, series);
    transaction.commit();
    return {};
  });
}

}  // namespace weir
