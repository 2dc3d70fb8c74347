#include "common/store/sqlite_holder.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/store/database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/running_program.h"
#include "tests/support/temp_folder.h"

namespace critac::store {
namespace {

using ::testing::HasSubstr;

TEST(SqliteHolder, ADatabaseThatNobodyHasIsFree) {
  const testing::TempFolder folder;
  EXPECT_TRUE(CheckNobodyHasSqlite(folder.file("none.db")).ok());
  { ASSERT_TRUE(Database::Open({.url = "sqlite:" + folder.file("a.db")}).ok()); }
  EXPECT_TRUE(CheckNobodyHasSqlite(folder.file("a.db")).ok());
}

// The other process reads and writes nothing once it has the database; it ends with its input.
TEST(SqliteHolder, NamesTheProcessThatHasItThoughItDoesNothing) {
  const testing::TempFolder folder;
  const std::string path = folder.file("a.db");
  { ASSERT_TRUE(Database::Open({.url = "sqlite:" + path}).ok()); }
  testing::RunningProgram other(
      "/usr/bin/python3", {"-c",
                           "import sqlite3, sys\n"
                           "database = sqlite3.connect(sys.argv[1])\n"
                           "database.execute('SELECT count(*) FROM critac_migration').fetchall()\n"
                           "print('has it', flush=True)\n"
                           "sys.stdin.read()\n",
                           path});
  ASSERT_EQ(other.OutLine(), "has it");
  const absl::Status status = CheckNobodyHasSqlite(path);
  EXPECT_EQ(ReasonOf(status), "DATABASE_IN_USE") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("process ", other.pid())));
  other.CloseStdin();
  EXPECT_EQ(other.Wait(), 0);
  EXPECT_TRUE(CheckNobodyHasSqlite(path).ok());
}

}  // namespace
}  // namespace critac::store
