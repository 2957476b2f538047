// SPDX-License-Identifier: BSD-2-Clause
// A log's file over rotation, deletion, full disks and what is no file.
#include "logs/log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace weir {
namespace {

using testing::HasSubstr;

// A disk that has room for so many bytes in one file.
class FullDisk {
 public:
  explicit FullDisk(rlim_t room) {
    signal_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{room, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    (void)std::signal(SIGXFSZ, signal_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*signal_)(int);
};

class LogFileTest : public testing::Test {
 protected:
  LogFileTest() {
    std::string pattern = testing::TempDir() + "weir-log-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/events.ndjson";
  }
  ~LogFileTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<LogTarget> open() const {
    auto file = LogFile::open(path_);
    EXPECT_TRUE(file) << file.error().message;
    return std::move(*file);
  }
  [[nodiscard]] Error refused() const {
    auto file = LogFile::open(path_);
    EXPECT_FALSE(file);
    return file ? Error{} : file.error();
  }
  static std::string text(const std::string& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string directory_, path_;
};

TEST_F(LogFileTest, HasEveryLineWithAnEndAndIsForOwnerAndGroupWhateverTheUmask) {
  const mode_t before = umask(0077);
  const auto file = open();
  umask(before);
  file->add("one");
  file->add("two");
  EXPECT_EQ(text(path_), "") << "many lines are one write";
  EXPECT_TRUE(file->has_more());
  ASSERT_TRUE(file->flush(0));
  EXPECT_FALSE(file->has_more());
  EXPECT_EQ(text(path_), "one\ntwo\n");
  EXPECT_EQ(file->counts().written, 2u);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
}

TEST_F(LogFileTest, GoesOnWithTheFileThatIsThereAndLeavesItsModeAlone) {
  std::ofstream(path_) << "before\n";
  std::filesystem::permissions(path_, std::filesystem::perms(0600));
  const auto file = open();
  file->add("after");
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(text(path_), "before\nafter\n");
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0600));
}

TEST_F(LogFileTest, ALineThatSomebodyDidNotEndIsNotPartOfTheNext) {
  std::ofstream(path_) << "whole\nhal";
  const auto file = open();
  file->add("next");
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(text(path_), "whole\nhal\nnext\n");
}

TEST_F(LogFileTest, ThatWasMovedAwayOrDeletedIsMadeAnew) {
  const auto file = open();
  file->add("one");
  ASSERT_TRUE(file->flush(0));
  std::filesystem::rename(path_, path_ + ".1");
  file->add("two");
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(text(path_ + ".1"), "one\n");
  EXPECT_EQ(text(path_), "two\n");
  std::filesystem::remove(path_);
  file->add("three");
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(text(path_), "three\n");
}

TEST_F(LogFileTest, ThatWasCutByCopytruncateGoesOnAtItsBegin) {
  const auto file = open();
  file->add("one");
  ASSERT_TRUE(file->flush(0));
  std::filesystem::resize_file(path_, 0);
  file->add("two");
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(text(path_), "two\n");
}

TEST_F(LogFileTest, IsThereAgainAfterReopenEvenWithNothingToSay) {
  const auto file = open();
  std::filesystem::rename(path_, path_ + ".1");
  file->reopen();
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(text(path_), "");
}

TEST_F(LogFileTest, KeepsItsLinesWhileItsDirectoryIsGone) {
  const auto file = open();
  std::filesystem::remove_all(directory_);
  file->add("one");
  const Status written = file->flush(0);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("opening " + path_ + ": No such file"));
  file->add("two");
  EXPECT_FALSE(file->flush(0));
  std::filesystem::create_directory(directory_);
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(text(path_), "one\ntwo\n");
  EXPECT_EQ(file->counts().lost, 0u);
}

TEST_F(LogFileTest, OnAFullDiskNoLineIsTornForGood) {
  const auto file = open();
  {
    const FullDisk disk(6);
    file->add("one");
    file->add("two");
    EXPECT_FALSE(file->flush(0));
    EXPECT_EQ(text(path_), "one\ntw");
    EXPECT_FALSE(file->flush(0));
  }
  file->add("three");
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(text(path_), "one\ntwo\nthree\n");
  EXPECT_EQ(file->counts().written, 3u);
  EXPECT_EQ(file->counts().lost, 0u);
}

TEST_F(LogFileTest, ALineThatWasTornInAFileMovedAwayIsLostAndCounted) {
  const auto file = open();
  file->add("one");
  file->add("two");
  {
    const FullDisk disk(2);
    EXPECT_FALSE(file->flush(0));
  }
  std::filesystem::rename(path_, path_ + ".1");
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(text(path_), "two\n");
  EXPECT_EQ(file->counts().lost, 1u);
}

TEST_F(LogFileTest, WhatItKeepsIsBoundedAndTheRestCounted) {
  const auto file = open();
  const std::string line(1023, 'x');
  const std::size_t room = LogFile::kHeldBytes / 1024;
  for (std::size_t i = 0; i < room + 5; i++) file->add(line);
  EXPECT_EQ(file->counts().lost, 5u);
  ASSERT_TRUE(file->flush(0));
  EXPECT_EQ(file->counts().written, room);
  EXPECT_EQ(std::filesystem::file_size(path_), room * 1024);
}

TEST_F(LogFileTest, WhereNoFileCanBeItIsRefusedAtOnce) {
  path_ = directory_;
  EXPECT_EQ(refused().code, ErrorCode::kInvalid);
  path_ = directory_ + "/none/x.log";
  EXPECT_EQ(refused().code, ErrorCode::kNotFound);
  EXPECT_THAT(refused().message, HasSubstr("opening " + path_ + ": No such file"));
  EXPECT_THAT(refused().hint, HasSubstr("directory"));
  path_ = directory_ + "/pipe";
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(refused().message, HasSubstr("no regular file"));
  path_ = directory_ + "/link";
  std::filesystem::create_symlink(directory_ + "/elsewhere", path_);
  EXPECT_THAT(refused().message, HasSubstr("symbolic link"));
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/elsewhere"));
}

}  // namespace
}  // namespace weir
