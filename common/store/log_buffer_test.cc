// The log as it is written through the buffer: what was committed is in the file, what was not is
// nowhere. That a process killed at any moment loses nothing that it acknowledged, and that a full
// disk fails the commit, is tested with whole processes (tests/process) and with a small disk
// (sqlite_database_test.cc).
#include "common/store/log_buffer.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/store/database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace critac::store {
namespace {

using testing::TempFolder;

class LogBufferTest : public ::testing::Test {
 protected:
  LogBufferTest() { database_ = Open(path_); }

  static std::unique_ptr<Database> Open(const std::string& path) {
    auto database = Database::Open({.url = "sqlite:" + path});
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }

  // Writes rows of 1 KB, `from` up to before `to`, in one transaction, which ends as `outcome` says.
  absl::Status Write(int from, int to, const absl::Status& outcome = absl::OkStatus()) {
    return database_->Write([&](Connection& connection) -> absl::Status {
      std::vector<std::vector<Value>> rows;
      for (int i = from; i < to; ++i) rows.push_back({int64_t{i}, std::string(1000, 'x')});
      if (absl::Status status = connection.InsertRows("t", {"id", "text"}, rows); !status.ok()) {
        return status;
      }
      return outcome;
    });
  }

  // What another opening of the file sees: number of rows, and what SQLite finds wrong with it.
  static std::string Seen(const std::string& path) {
    auto database = Open(path);
    std::string seen;
    EXPECT_TRUE(database
                    ->Read([&](Connection& connection) {
                      for (const char* sql :
                           {"SELECT count(*) FROM t", "SELECT * FROM pragma_integrity_check()"}) {
                        const auto rows = connection.QueryAll(sql);
                        absl::StrAppend(&seen, rows.ok() ? rows->at(0).Text(0) : "?", " ");
                      }
                      return absl::OkStatus();
                    })
                    .ok());
    return seen;
  }

  // The files as they are on disk at this moment, in a folder of their own: what a process finds
  // that starts after this one was killed.
  std::string Copy(const std::string& name) {
    const std::string to = folder_.file(name);
    for (const char* end : {"", "-wal"}) std::filesystem::copy_file(path_ + end, to + end);
    return to;
  }

  void Prepare() {
    ASSERT_TRUE(database_
                    ->Write([](Connection& connection) {
                      return connection.Execute("CREATE TABLE t (id BIGINT PRIMARY KEY, text TEXT)")
                          .status();
                    })
                    .ok());
  }

  TempFolder folder_;
  const std::string path_ = folder_.file("center.db");
  std::unique_ptr<Database> database_;
};

TEST_F(LogBufferTest, WhatIsCommittedIsInTheFilesAtOnce) {
  Prepare();
  ASSERT_TRUE(Write(0, 1).ok());
  EXPECT_EQ(Seen(Copy("one")), "1 ok ");
  ASSERT_TRUE(Write(1, 200).ok());
  EXPECT_EQ(Seen(Copy("two")), "200 ok ");
}

// Larger than SQLite's cache, so that pages go to the log before the commit, and than the buffer.
TEST_F(LogBufferTest, ALargeTransactionIsWholeOrNotThere) {
  Prepare();
  ASSERT_TRUE(Write(0, 10).ok());
  EXPECT_FALSE(Write(10, 30'000, absl::CancelledError("no")).ok());
  EXPECT_EQ(Seen(Copy("undone")), "10 ok ");
  ASSERT_TRUE(Write(10, 30'000).ok());
  EXPECT_EQ(Seen(Copy("done")), "30000 ok ");
}

TEST_F(LogBufferTest, SmallTransactionsAfterOneThatWasUndoneAreWhole) {
  Prepare();
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(Write(i, i + 500, absl::CancelledError("no")).ok());
    ASSERT_TRUE(Write(i, i + 1).ok());
  }
  EXPECT_EQ(Seen(Copy("after")), "50 ok ");
}

}  // namespace
}  // namespace critac::store
