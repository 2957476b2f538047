// SPDX-License-Identifier: BSD-2-Clause
#include "store/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "store/schema.h"
#include "weir/abi.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr WallTime kNow = WallTime(Milliseconds(1'795'541'160'123));

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

StoredBan example() {
  StoredBan ban;
  ban.prefix = prefix("203.0.113.7/32");
  ban.since = kNow;
  ban.until = kNow + std::chrono::hours(1);
  ban.until_boot = 12'345'678'901'234;
  ban.boot_id = "5b1d";
  ban.reason = "it's \"eager\"; DROP TABLE bans; \n\xc3\xa4";
  ban.rule = "web/request";
  ban.origin = "rule";
  ban.all = true;
  ban.times = 3;
  return ban;
}

void expect_same(const StoredBan& a, const StoredBan& b) {
  EXPECT_EQ(a.prefix, b.prefix);
  EXPECT_EQ(a.since, b.since);
  EXPECT_EQ(a.until, b.until);
  EXPECT_EQ(a.until_boot, b.until_boot);
  EXPECT_EQ(a.boot_id, b.boot_id);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.rule, b.rule);
  EXPECT_EQ(a.origin, b.origin);
  EXPECT_EQ(a.all, b.all);
  EXPECT_EQ(a.times, b.times);
}

mode_t mode_of(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 ? about.st_mode & 07777 : 0;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    // In memory where there is such a place: every change is synced, and disks are slow.
    const bool memory = std::filesystem::is_directory("/dev/shm");
    std::string path = (memory ? "/dev/shm/" : testing::TempDir()) + "weir-store-XXXXXX";
    root_ = mkdtemp(path.data());
    directory_ = root_ + "/state";
  }
  ~StoreTest() override { std::filesystem::remove_all(root_); }

  Store open() {
    auto store = Store::open(directory_);
    EXPECT_TRUE(store) << (store ? "" : store.error().message);
    return std::move(store).value();
  }
  Error refused() {
    auto store = Store::open(directory_);
    EXPECT_FALSE(store);
    return store ? Error{} : store.error();
  }
  [[nodiscard]] std::string file() const { return directory_ + "/weir.db"; }

  std::string root_, directory_;
};

TEST_F(StoreTest, GivesBackABanAsItWasPutAfterReopening) {
  ASSERT_TRUE(open().put_ban(example()));
  const auto bans = open().bans();
  ASSERT_TRUE(bans);
  ASSERT_EQ(bans->size(), 1u);
  expect_same(bans->front(), example());
}

TEST_F(StoreTest, KeepsTheAbsenceOfAnEndAndTheLargestOne) {
  StoredBan endless = example();
  endless.until.reset();
  endless.until_boot.reset();
  StoredBan latest = example();
  latest.prefix = prefix("2001:db8::/32");
  latest.until_boot = WEIR_BAN_FOREVER - 1;
  latest.reason = std::string("a\0b", 3);
  Store store = open();
  ASSERT_TRUE(store.put_bans({endless, latest}));
  const auto bans = store.bans();
  ASSERT_EQ(bans->size(), 2u);
  expect_same(bans->at(0), latest);
  expect_same(bans->at(1), endless);
}

TEST_F(StoreTest, ABanReplacesTheOneOfTheSamePrefix) {
  Store store = open();
  ASSERT_TRUE(store.put_ban(example()));
  StoredBan again = example();
  again.times = 4;
  ASSERT_TRUE(store.put_ban(again));
  ASSERT_EQ(store.bans()->size(), 1u);
  EXPECT_EQ(store.bans()->front().times, 4);
}

TEST_F(StoreTest, RemovingWhatIsNotThereIsDone) {
  Store store = open();
  ASSERT_TRUE(store.put_ban(example()));
  EXPECT_TRUE(store.remove_ban(prefix("203.0.113.0/24")));
  EXPECT_EQ(store.bans()->size(), 1u) << "another length is another prefix";
  EXPECT_TRUE(store.remove_ban(example().prefix));
  EXPECT_THAT(*store.bans(), IsEmpty());
}

TEST_F(StoreTest, KeepsTheAllowList) {
  {
    Store store = open();
    ASSERT_TRUE(store.put_allow({prefix("192.0.2.0/24"), kNow, "office"}));
    ASSERT_TRUE(store.put_allow({prefix("2001:db8::/32"), kNow, "old"}));
    ASSERT_TRUE(store.put_allow({prefix("2001:db8::/32"), kNow, "new"}));
  }
  Store store = open();
  const auto allowed = store.allowed();
  ASSERT_EQ(allowed->size(), 2u);
  EXPECT_EQ(allowed->at(0).prefix, prefix("192.0.2.0/24"));
  EXPECT_EQ(allowed->at(0).since, kNow);
  EXPECT_EQ(allowed->at(0).reason, "office");
  EXPECT_EQ(allowed->at(1).reason, "new");
  ASSERT_TRUE(store.remove_allow(prefix("192.0.2.0/24")));
  EXPECT_EQ(store.allowed()->size(), 1u);
}

TEST_F(StoreTest, KeepsChangedSettings) {
  ASSERT_TRUE(open().put_changes({{"mode", "enforce"}, {"services.web.syn.toMuch", "9"}}));
  ASSERT_TRUE(open().put_changes({{"services.web.syn.toMuch", "10"}}));
  EXPECT_THAT(*open().changes(),
              ElementsAre(Pair("mode", "enforce"), Pair("services.web.syn.toMuch", "10")));
}

TEST_F(StoreTest, RemovesChangesOfAPathAndWhatIsBelowIt) {
  Store store = open();
  ASSERT_TRUE(store.put_changes({{"services.a_b.syn.toMuch", "1"},
                                 {"services.a_b.syn", "2"},
                                 {"services.a_b.synx", "3"},
                                 {"services.aXb.syn.toMuch", "4"}}));
  ASSERT_TRUE(store.remove_changes("services.a_b.syn"));
  EXPECT_THAT(*store.changes(),
              ElementsAre(Pair("services.aXb.syn.toMuch", "4"), Pair("services.a_b.synx", "3")));
  ASSERT_TRUE(store.remove_changes("services.aXb."));
  EXPECT_EQ(store.changes()->size(), 1u) << "a dot at the end says the same";
  ASSERT_TRUE(store.remove_changes(""));
  EXPECT_THAT(*store.changes(), IsEmpty());
}

TEST_F(StoreTest, IsForItsOwnerOnly) {
  Store store = open();
  ASSERT_TRUE(store.put_ban(example()));
  EXPECT_EQ(mode_of(directory_) & ~0750u, 0u);
  EXPECT_EQ(mode_of(file()), 0600u);
  EXPECT_EQ(mode_of(file() + "-wal"), 0600u);
}

TEST_F(StoreTest, ClosesAFileThatWasOpenToOthers) {
  { Store store = open(); }
  ASSERT_EQ(chmod(file().c_str(), 0644), 0);
  Store store = open();
  EXPECT_EQ(mode_of(file()), 0600u);
}

TEST_F(StoreTest, ASecondAgentIsRefusedWithTheProcessThatHasIt) {
  Store first = open();
  const Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_THAT(error.message, HasSubstr("process " + std::to_string(getpid())));
  EXPECT_THAT(error.hint, HasSubstr("--state-dir"));
  EXPECT_TRUE(first.put_ban(example())) << "the first one goes on";
}

TEST_F(StoreTest, ClosingMakesRoomForTheNext) {
  { Store store = open(); }
  EXPECT_TRUE(Store::open(directory_));
}

TEST_F(StoreTest, AFileThatIsNoDatabaseIsSetAsideAndSaid) {
  std::filesystem::create_directories(directory_);
  std::ofstream(file()) << std::string(8192, 'x');
  Store store = open();
  EXPECT_THAT(store.set_aside(), HasSubstr(file() + " was damaged"));
  const std::string aside = store.set_aside().substr(store.set_aside().rfind(' ') + 1);
  EXPECT_EQ(std::filesystem::file_size(aside), 8192u) << "it is left as it was";
  EXPECT_TRUE(store.put_ban(example()));
}

TEST_F(StoreTest, AFileCutAnywhereOpensAndTakesBans) {
  const auto fill = [&] {
    Store store = open();
    std::vector<StoredBan> bans(500, example());
    for (int i = 0; i < 500; ++i)
      bans[i].prefix =
          prefix(("198.51." + std::to_string(i / 250) + "." + std::to_string(i % 250)).c_str());
    ASSERT_TRUE(store.put_bans(bans));
  };
  fill();
  const auto size = std::filesystem::file_size(file());
  for (std::uintmax_t at = 0; at < size; at += size / 37 + 1) {
    std::filesystem::remove_all(directory_);
    fill();
    std::filesystem::resize_file(file(), at);
    Store store = open();
    EXPECT_TRUE(store.put_ban(example())) << "cut at " << at;
    EXPECT_TRUE(store.bans()) << "cut at " << at;
  }
}

TEST_F(StoreTest, IsWrittenAnewWhenItsFileIsDeletedOrDamagedWhileOpen) {
  Store store = open();
  ASSERT_TRUE(store.put_ban(example()));
  EXPECT_TRUE(store.is_in_place());
  for (const bool is_deleted : {true, false}) {
    if (is_deleted)
      std::filesystem::remove(file());
    else
      std::ofstream(file()) << std::string(100, 'x');
    EXPECT_EQ(store.is_in_place(), !is_deleted);
    ASSERT_TRUE(store.rewrite([](const Store::TakeBan& take) { return take(example()); },
                              {{prefix("192.0.2.0/24"), kNow, "office"}}, {{"mode", "enforce"}}));
    EXPECT_TRUE(store.is_in_place());
    EXPECT_EQ(store.bans()->size(), 1u);
    EXPECT_EQ(store.allowed()->size(), 1u);
    EXPECT_EQ(store.changes()->size(), 1u);
  }
}

TEST_F(StoreTest, ADamagedPageIsFoundWhenOpening) {
  {
    Store store = open();
    std::vector<StoredBan> bans(500, example());
    for (int i = 0; i < 500; ++i) {
      bans[i].prefix =
          prefix(("198.51." + std::to_string(i / 250) + "." + std::to_string(i % 250)).c_str());
    }
    ASSERT_TRUE(store.put_bans(bans));
  }
  std::fstream db(file(), std::ios::in | std::ios::out | std::ios::binary);
  for (std::streamoff page = 4; page < 12; ++page) {
    db.seekp(page * 4096);
    db << std::string(64, '\xff');
  }
  db.close();
  EXPECT_THAT(open().set_aside(), HasSubstr("damaged"));
  EXPECT_THAT(open().set_aside(), IsEmpty()) << "said once";
}

TEST_F(StoreTest, AStoreOfANewerWeirIsRefusedAndLeftAlone) {
  {
    Store store = open();
    ASSERT_TRUE(store.put_ban(example()));
  }
  SQLite::Database(file(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  const Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::kSystem);
  EXPECT_THAT(error.message, HasSubstr("newer Weir (schema 99"));
  SQLite::Database db(file(), SQLite::OPEN_READONLY);
  EXPECT_EQ(db.execAndGet("SELECT count(*) FROM bans").getInt(), 1);
}

TEST_F(StoreTest, ADatabaseOfAnotherProgramIsSetAside) {
  std::filesystem::create_directories(directory_);
  SQLite::Database(file(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec("CREATE TABLE bans(x)");
  EXPECT_THAT(open().set_aside(), HasSubstr("not one of Weir's"));
}

StoredSeries example_series() {
  return {"bytes", "minutes", {{7, kNow, 1.5, 2}, {8, kNow, 3, 4}}, {{kNow, 9}, {kNow, 8}}, 0};
}

TEST_F(StoreTest, SeriesComeBackAndOldPointsGo) {
  Store store = open();
  ASSERT_TRUE(store.put_series({example_series()}));
  ASSERT_TRUE(store.put_series({{"bytes", "minutes", {{9, kNow, 5, 0}}, {{kNow, 10}}, 8}}));
  const auto series = store.series();
  ASSERT_TRUE(series);
  ASSERT_EQ(series->size(), 1u);
  const StoredSeries& one = series->front();
  EXPECT_EQ(one.name + "/" + one.period, "bytes/minutes");
  ASSERT_EQ(one.points.size(), 2u);
  EXPECT_EQ(one.points[0].number, 8u);
  EXPECT_EQ(one.points[0].start, kNow);
  EXPECT_EQ(one.points[0].total, 3);
  EXPECT_EQ(one.points[0].weight, 4);
  EXPECT_EQ(one.points[1].number, 9u);
  ASSERT_EQ(one.peaks.size(), 1u) << "the maxima are those of the last time";
  EXPECT_EQ(one.peaks[0].value, 10);
}

TEST_F(StoreTest, AFileOfTheFirstSchemaKeepsItsBansAndTakesSeries) {
  std::filesystem::create_directories(directory_);
  {
    SQLite::Database db(file(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(kSchema);
    db.exec("PRAGMA user_version = 1");
    db.exec("INSERT INTO bans VALUES('203.0.113.7/32', 1, NULL, NULL, '', 'old', '', 'cli', 0, 1)");
  }
  {
    Store store = open();
    ASSERT_EQ(store.bans()->size(), 1u);
    EXPECT_EQ(store.bans()->front().reason, "old");
    EXPECT_TRUE(store.put_series({example_series()}));
  }
  EXPECT_EQ(open().series()->size(), 1u) << "and is migrated once";
}

TEST_F(StoreTest, ADirectoryThatCannotBeMadeIsNamed) {
  directory_ = root_ + "/file/state";
  std::ofstream(root_ + "/file") << "in the way";
  EXPECT_THAT(refused().message, HasSubstr(directory_));
}

TEST_F(StoreTest, ABanOutlivesAnAgentThatIsKilled) {
  const pid_t child = fork();
  if (child == 0) {
    Store store = open();
    _exit(store.put_ban(example()) ? 0 : 1);  // nothing is closed, nothing is flushed
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  Store store = open();  // nor does a dead agent's lock stay
  EXPECT_EQ(store.bans()->size(), 1u);
}

TEST_F(StoreTest, WritesThroughALog) {
  Store store = open();
  SQLite::Database db(file(), SQLite::OPEN_READONLY);
  EXPECT_EQ(db.execAndGet("PRAGMA journal_mode").getString(), "wal");
}

TEST_F(StoreTest, WhatSQLiteRefusesIsAnErrorOfTheCall) {
  Store store = open();
  SQLite::Database(file(), SQLite::OPEN_READWRITE).exec("DROP TABLE bans; DROP TABLE changes");
  const auto put = store.put_ban(example());
  ASSERT_FALSE(put);
  EXPECT_THAT(put.error().message, HasSubstr("writing bans to " + file()));
  EXPECT_FALSE(store.bans());
  EXPECT_FALSE(store.remove_ban(example().prefix));
  EXPECT_FALSE(store.changes());
  EXPECT_TRUE(store.allowed()) << "the rest goes on";
}

TEST_F(StoreTest, ABatchThatFailsLeavesNothingBehind) {
  Store store = open();
  SQLite::Database(file(), SQLite::OPEN_READWRITE)
      .exec(
          "CREATE TRIGGER stop BEFORE INSERT ON bans WHEN NEW.times = 13 "
          "BEGIN SELECT RAISE(ABORT, 'no'); END");
  StoredBan bad = example();
  bad.prefix = prefix("198.51.100.1");
  bad.times = 13;
  EXPECT_FALSE(store.put_bans({example(), bad}));
  EXPECT_THAT(*store.bans(), IsEmpty());
  EXPECT_TRUE(store.put_ban(example())) << "and the store goes on";
}

TEST_F(StoreTest, TwentyThousandBansAreOneQuickTransaction) {
  std::vector<StoredBan> bans(20'000, example());
  for (std::size_t i = 0; i < bans.size(); ++i) {
    std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
    bytes[6] = static_cast<std::uint8_t>(i >> 8);
    bytes[7] = static_cast<std::uint8_t>(i);
    bans[i].prefix = Prefix::around(Address(bytes), 64);
  }
  Store store = open();
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(store.put_bans(bans));
  // About 0.1 s; one transaction each would take minutes. Room for sanitizers and busy machines.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(store.bans()->size(), bans.size());
}

}  // namespace
}  // namespace weir
