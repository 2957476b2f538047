// SPDX-License-Identifier: BSD-2-Clause
// SQLite through SQLiteCpp. Its exceptions end here: every public call turns them into an
// Error that names the file and what was being done to it.
#include "store/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "store/directory.h"
#include "store/schema.h"
#include "store/series_rows.h"

namespace weir {
namespace {

// Somebody may look at the file with sqlite3(1); the agent's loop stands still meanwhile.
constexpr int kBusyTimeoutMs = 250;

// A file in which nothing can be found any more. Caught in here only.
struct Damaged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

bool is_damage(const SQLite::Exception& error) {
  const int extended = error.getExtendedErrorCode();
  return error.getErrorCode() == SQLITE_CORRUPT || error.getErrorCode() == SQLITE_NOTADB ||
         extended == SQLITE_IOERR_SHORT_READ;
}

tl::unexpected<Error> sqlite_failure(const std::string& doing, const std::string& file,
                                     const SQLite::Exception& error) {
  return fail(ErrorCode::kSystem, fmt::format("{} {}: {}", doing, file, error.what()),
              error.getErrorCode() == SQLITE_FULL ? "make room on the disk" : "");
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
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");  // a ban is on disk before it is acknowledged
  const std::string verdict = db.execAndGet("PRAGMA quick_check(1)").getString();
  if (verdict != "ok") throw Damaged(verdict);

  const int version = db.execAndGet("PRAGMA user_version").getInt();
  if (version > kSchemaVersion)
    return fail(ErrorCode::kSystem,
                fmt::format("opening {}: written by a newer Weir (schema {}; this one knows {})",
                            file, version, kSchemaVersion),
                "install that version again, or choose another --state-dir");
  const int tables = db.execAndGet(
                           "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN "
                           "('bans', 'allowed', 'changes')")
                         .getInt();
  if (version == 0 && db.execAndGet("SELECT count(*) FROM sqlite_master").getInt() > 0)
    throw Damaged("a database, but not one of Weir's");
  if (version > 0 && tables != 3) throw Damaged("its tables are gone");
  if (version < kSchemaVersion) migrate(db, version);
  return {};
}

// Moves the file with its log out of the way. Returns the new name.
std::string move_aside(const std::string& file) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  std::string to;
  int i = 0;
  do to = fmt::format("{}.damaged-{}{}", file, now.count(), i == 0 ? "" : fmt::format(".{}", i));
  while (std::filesystem::exists(to) && ++i < 1000);
  for (const char* part : {"", "-wal", "-shm"}) {
    std::error_code gone;  // a log need not be there
    std::filesystem::rename(file + part, to + part, gone);
  }
  return to;
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
  std::optional<SQLite::Database> db;
  std::string set_aside;
  ino_t inode = 0;

  Impl(Descriptor held, const std::string& path) : lock(std::move(held)), file(path) {}

  // Opens the file, and a new one in its place when it is damaged.
  Status connect() {
    for (const bool is_second : {false, true}) {
      try {
        if (auto made = make_private(file); !made) return made;
        db.reset();
        db.emplace(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs);
        if (auto ready = prepare(*db, file); !ready) return ready;
        struct stat info {};
        if (stat(file.c_str(), &info) == 0) inode = info.st_ino;
        return {};
      } catch (const SQLite::Exception& error) {
        if (is_second || !is_damage(error)) return sqlite_failure("opening", file, error);
        set_aside = error.what();
      } catch (const Damaged& error) {
        if (is_second)
          return fail(ErrorCode::kSystem, fmt::format("opening {}: {}", file, error.what()));
        set_aside = error.what();
      }
      db.reset();
      set_aside =
          fmt::format("{} was damaged ({}): it is now {}", file, set_aside, move_aside(file));
    }
    return {};
  }

  // Runs `work` and turns what SQLite throws into an Error: "doing FILE: SQLite's words".
  template <typename Work>
  auto guarded(const char* doing, Work work) -> decltype(work()) {
    try {
      if (!db) return fail(ErrorCode::kSystem, fmt::format("{} {}: it is not open", doing, file));
      auto result = work();
      if (!result) return fail(fmt::format("{} {}", doing, file), result.error());
      return result;
    } catch (const SQLite::Exception& error) {
      return sqlite_failure(doing, file, error);
    }
  }

  Status remove(const char* doing, const char* sql, const std::string& key) {
    return guarded(doing, [&]() -> Status {
      SQLite::Statement statement(*db, sql);
      statement.bind(1, key);
      statement.exec();
      return {};
    });
  }

  Status insert_bans(const GiveBans& give) {
    SQLite::Statement insert(*db,
                             "INSERT OR REPLACE INTO bans(prefix, since, until, until_boot, "
                             "boot_id, reason, rule, origin, all_packets, times) "
                             "VALUES(?,?,?,?,?,?,?,?,?,?)");
    return give([&](const StoredBan& ban) -> Status {
      bind_ban(insert, ban);
      insert.exec();
      insert.reset();
      return {};
    });
  }

  void insert_allow(const StoredAllow& allow) {
    SQLite::Statement insert(*db,
                             "INSERT OR REPLACE INTO allowed(prefix, since, reason) VALUES(?,?,?)");
    insert.bind(1, allow.prefix.text());
    insert.bind(2, number(allow.since));
    insert.bind(3, allow.reason);
    insert.exec();
  }

  void insert_changes(const std::map<std::string, std::string>& changes) {
    SQLite::Statement insert(*db, "INSERT OR REPLACE INTO changes(path, value) VALUES(?,?)");
    for (const auto& [path, value] : changes) {
      insert.bind(1, path);
      insert.bind(2, value);
      insert.exec();
      insert.reset();
    }
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
  auto impl = std::make_unique<Impl>(std::move(*lock), directory + "/weir.db");
  if (auto opened = impl->connect(); !opened) return tl::unexpected(opened.error());
  return Store(std::move(impl));
}

const std::string& Store::set_aside() const { return impl_->set_aside; }

bool Store::is_in_place() const {
  struct stat info {};
  return stat(impl_->file.c_str(), &info) == 0 && info.st_ino == impl_->inode;
}

Status Store::each_ban(const TakeBan& take) const {
  return impl_->guarded("reading bans from", [&]() -> Status {
    SQLite::Statement row(*impl_->db,
                          "SELECT prefix, since, until, until_boot, boot_id, reason, rule, "
                          "origin, all_packets, times FROM bans ORDER BY prefix");
    while (row.executeStep()) {
      auto ban = stored_ban(row);
      if (!ban) return tl::unexpected(ban.error());
      if (auto taken = take(*ban); !taken) return taken;
    }
    return {};
  });
}

Result<std::vector<StoredBan>> Store::bans() const {
  std::vector<StoredBan> bans;
  auto read = each_ban([&](const StoredBan& ban) -> Status {
    bans.push_back(ban);
    return {};
  });
  if (!read) return tl::unexpected(read.error());
  return bans;
}

Status Store::put_ban(const StoredBan& ban) { return put_bans(std::vector{ban}); }

Status Store::put_bans(const std::vector<StoredBan>& bans) {
  return put_bans([&](const TakeBan& take) -> Status {
    for (const auto& ban : bans)
      if (auto taken = take(ban); !taken) return taken;
    return {};
  });
}

Status Store::put_bans(const GiveBans& give) {
  return impl_->guarded("writing bans to", [&]() -> Status {
    SQLite::Transaction transaction(*impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    if (auto put = impl_->insert_bans(give); !put) return put;
    transaction.commit();
    return {};
  });
}

Status Store::remove_ban(const Prefix& prefix) { return remove_bans({prefix}); }

Status Store::remove_bans(const std::vector<Prefix>& prefixes) {
  return impl_->guarded("removing bans from", [&]() -> Status {
    SQLite::Transaction transaction(*impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement remove(*impl_->db, "DELETE FROM bans WHERE prefix = ?");
    for (const auto& prefix : prefixes) {
      remove.bind(1, prefix.text());
      remove.exec();
      remove.reset();
    }
    transaction.commit();
    return {};
  });
}

Result<std::vector<StoredAllow>> Store::allowed() const {
  return impl_->guarded(
      "reading the allow list from", [this]() -> Result<std::vector<StoredAllow>> {
        std::vector<StoredAllow> allowed;
        SQLite::Statement row(*impl_->db,
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
    impl_->insert_allow(allow);
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
    SQLite::Statement row(*impl_->db, "SELECT path, value FROM changes");
    while (row.executeStep())
      changes.emplace(row.getColumn(0).getString(), row.getColumn(1).getString());
    return changes;
  });
}

Status Store::put_changes(const std::map<std::string, std::string>& changes) {
  return impl_->guarded("writing changed settings to", [&]() -> Status {
    SQLite::Transaction transaction(*impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    impl_->insert_changes(changes);
    transaction.commit();
    return {};
  });
}

Status Store::rewrite(const GiveBans& bans, const std::vector<StoredAllow>& allowed,
                      const std::map<std::string, std::string>& changes) {
  // What is open may be a file that is no longer there, or one that is damaged by now.
  if (auto opened = impl_->connect(); !opened) return opened;
  return impl_->guarded("writing", [&]() -> Status {
    SQLite::Transaction transaction(*impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    for (const char* table : {"bans", "allowed", "changes"})
      impl_->db->exec(fmt::format("DELETE FROM {}", table));
    if (auto put = impl_->insert_bans(bans); !put) return put;
    for (const auto& allow : allowed) impl_->insert_allow(allow);
    impl_->insert_changes(changes);
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
    return read_series(*impl_->db);
  });
}

Status Store::put_series(const std::vector<StoredSeries>& series) {
  return impl_->guarded("writing counters to", [&]() -> Status {
    SQLite::Transaction transaction(*impl_->db, SQLite::TransactionBehavior::IMMEDIATE);
    write_series(*impl_->db, series);
    transaction.commit();
    return {};
  });
}

}  // namespace weir
