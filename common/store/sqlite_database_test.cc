#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "common/store/checkpointer.h"
#include "common/store/database.h"
#include "common/store/sql_connection.h"
#include "common/store/sqlite_back_end.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tight_places.h"

namespace critac::store {
namespace {

using ::testing::AllOf;
using testing::ChildProcess;
using ::testing::HasSubstr;
using testing::InOneLine;
using testing::SmallDisk;
using testing::TempFolder;

std::unique_ptr<Database> MustOpen(const std::string& path, DatabaseOptions options = {}) {
  options.url = "sqlite:" + path;
  auto database = Database::Open(options);
  EXPECT_TRUE(database.ok()) << database.status();
  return database.ok() ? *std::move(database) : nullptr;
}

absl::Status OpenError(const std::string& url) { return Database::Open({.url = url}).status(); }

absl::Status Do(Database& database, const std::string& sql) {
  return database.Write([&](Connection& connection) { return connection.Execute(sql).status(); });
}

// One value out of the database; empty where there is an error.
std::string Ask(Database& database, const std::string& sql) {
  std::string answer;
  const absl::Status status = database.Read([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(const auto rows, connection.QueryAll(sql));
    answer = rows.at(0).Text(0);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return answer;
}

// ---- Opening

TEST(SqliteDatabase, OtherUrlsAreRefused) {
  for (const char* url :
       {"", "center.db", "sqlite", "mysql://x", "sqlite:", "sqlite::memory:", "SQLITE:x"}) {
    const absl::Status status = OpenError(url);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "database") << url;
    EXPECT_THAT(std::string(status.message()), HasSubstr("sqlite:")) << url;
  }
}

TEST(SqliteDatabase, OptionsHaveTheirRanges) {
  const TempFolder folder;
  const auto code = [&](int readers, absl::Duration busy_timeout) {
    return Database::Open({.url = "sqlite:" + folder.file("a.db"),
                           .readers = readers,
                           .busy_timeout = busy_timeout})
        .status()
        .code();
  };
  EXPECT_EQ(code(0, absl::ZeroDuration()), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(1, absl::ZeroDuration()), absl::StatusCode::kOk);
  EXPECT_EQ(code(64, absl::Minutes(10)), absl::StatusCode::kOk);
  EXPECT_EQ(code(65, absl::ZeroDuration()), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(1, -absl::Milliseconds(1)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(1, absl::InfiniteDuration()), absl::StatusCode::kInvalidArgument);
}

TEST(SqliteDatabase, AnyCharacterMayBeInItsPath) {
  const TempFolder folder;
  for (const char* name : {"a b.db", "a=b c=d.db", "a\"b'.db", "50%25.db", "a?mode=memory", "a#b",
                           "señor 警察.db", "file:x", "-", "a\\b;c&d"}) {
    const std::string path = folder.file(name);
    {
      const auto database = MustOpen(path);
      ASSERT_NE(database, nullptr);
      ASSERT_TRUE(Do(*database, "CREATE TABLE t (x BIGINT)").ok());
    }
    EXPECT_TRUE(std::filesystem::is_regular_file(path)) << path;
    EXPECT_EQ(Ask(*MustOpen(path), "SELECT count(*) FROM t"), "0") << path;
  }
}

TEST(SqliteDatabase, APathIsRelativeToWhereTheProcessIs) {
  const TempFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const auto database = MustOpen("center.db");
  std::filesystem::current_path(before);
  ASSERT_NE(database, nullptr);
  EXPECT_TRUE(database->CheckWritable().ok());
  EXPECT_TRUE(std::filesystem::exists(folder.file("center.db")));
}

TEST(SqliteDatabase, WithoutItsFolderSaysWhichAndWhy) {
  const TempFolder folder;
  const absl::Status status = OpenError("sqlite:" + folder.file("none/center.db"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(folder.file("none")), HasSubstr("No such file or directory")));
}

TEST(SqliteDatabase, AFolderInItsPlaceIsRefused) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.file("center.db"));
  const absl::Status status = OpenError("sqlite:" + folder.file("center.db"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("it is not a file"));
}

TEST(SqliteDatabase, AFileThatIsNoDatabaseIsRefusedAndLeftAsItIs) {
  const TempFolder folder;
  const std::string text(8192, 'x');
  std::ofstream(folder.file("center.db")) << text;
  const absl::Status status = OpenError("sqlite:" + folder.file("center.db"));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder.file("center.db")));
  std::ifstream file(folder.file("center.db"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST(SqliteDatabase, ADamagedFileIsDataLoss) {
  const TempFolder folder;
  const std::string path = folder.file("center.db");
  {
    const auto database = MustOpen(path);
    ASSERT_TRUE(Do(*database, "CREATE TABLE t (x TEXT)").ok());
    ASSERT_TRUE(Do(*database,
                   "INSERT INTO t (x) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                   "FROM n WHERE i < 2000) SELECT printf('%0100d', i) FROM n")
                    .ok());
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const std::string noise(4096, '\x5a');
    for (int page = 4; page < 40; ++page) {
      file.seekp(page * 4096);
      file.write(noise.data(), static_cast<std::streamsize>(noise.size()));
    }
  }
  const auto database = MustOpen(path);
  ASSERT_NE(database, nullptr);
  const absl::Status status = database->Read([](Connection& connection) {
    return connection.QueryAll("SELECT sum(length(x)) FROM t").status();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_EQ(ReasonOf(status), "DATABASE_CORRUPT");
}

// ---- Settings

TEST(SqliteDatabase, IsDurableAndKeepsItsConstraints) {
  const TempFolder folder;
  const auto database = MustOpen(folder.file("center.db"));
  const auto setting = [&](const std::string& name) {
    std::string value;
    EXPECT_TRUE(database
                    ->Write([&](Connection& connection) -> absl::Status {
                      ASSIGN_OR_RETURN(const auto rows, connection.QueryAll("PRAGMA " + name));
                      value = rows.at(0).Text(0);
                      return absl::OkStatus();
                    })
                    .ok());
    return value;
  };
  EXPECT_EQ(setting("journal_mode"), "wal");
  EXPECT_EQ(setting("synchronous"), "2");
  EXPECT_EQ(setting("foreign_keys"), "1");
  EXPECT_EQ(setting("secure_delete"), "1");
  EXPECT_EQ(setting("busy_timeout"), "5000");
  EXPECT_EQ(database->backend(), Backend::kSqlite);
}

// ---- Locks

TEST(SqliteDatabase, AWriteWaitsForAnotherProcessesLockUpToTheTimeout) {
  const TempFolder folder;
  const auto holder = MustOpen(folder.file("center.db"));
  const auto other = MustOpen(folder.file("center.db"), {.busy_timeout = absl::Milliseconds(20)});
  ASSERT_TRUE(Do(*holder, "CREATE TABLE t (x BIGINT)").ok());
  const absl::Status status = holder->Write([&](Connection& connection) {
    // The lock is held from the start, before anything is written.
    const absl::Status refused = Do(*other, "INSERT INTO t (x) VALUES (1)");
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
    EXPECT_EQ(ReasonOf(refused), "DATABASE_BUSY");
    EXPECT_EQ(other->CheckWritable().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(other->Migrate({{1, "x", "SELECT 1"}}).code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(Ask(*other, "SELECT count(*) FROM t"), "0");
    return connection.Execute("INSERT INTO t (x) VALUES (2)").status();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(Do(*other, "INSERT INTO t (x) VALUES (3)").ok());
  EXPECT_EQ(Ask(*holder, "SELECT count(*) FROM t"), "2");
}

TEST(SqliteDatabase, AWriteGoesOnOnceTheLockIsFree) {
  const TempFolder folder;
  const auto holder = MustOpen(folder.file("center.db"));
  const auto other = MustOpen(folder.file("center.db"), {.busy_timeout = absl::Seconds(60)});
  ASSERT_TRUE(Do(*holder, "CREATE TABLE t (x BIGINT)").ok());
  absl::Notification begun;
  std::thread waiting;
  const absl::Status status = holder->Write([&](Connection&) {
    waiting = std::thread([&] {
      begun.Notify();
      EXPECT_TRUE(Do(*other, "INSERT INTO t (x) VALUES (1)").ok());
    });
    begun.WaitForNotification();
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  waiting.join();
  EXPECT_EQ(Ask(*holder, "SELECT count(*) FROM t"), "1");
}

// ---- Places that cannot be written to

TEST(SqliteDatabase, InAReadOnlyPlaceSaysSo) {
  const TempFolder folder;
  const std::string path = folder.file("center.db");
  ASSERT_NE(MustOpen(path), nullptr);
  ASSERT_NE(MustOpen(folder.file("locked.db")), nullptr);
  using std::filesystem::perms;
  std::filesystem::permissions(folder.path(), perms(0777));
  std::filesystem::permissions(path, perms(0666));
  std::filesystem::permissions(folder.file("locked.db"), perms(0444));
  ChildProcess child([&](const auto& say) {
    testing::BecomeNobody();
    const auto database = MustOpen(path);
    say(database == nullptr ? "not opened" : InOneLine(database->CheckWritable()));
    say(InOneLine(OpenError("sqlite:" + folder.file("locked.db"))));
    say("next");
    pause();
  });
  EXPECT_EQ(child.Line(), "OK  ");
  EXPECT_THAT(child.Line(), AllOf(HasSubstr("PERMISSION_DENIED DATABASE_READ_ONLY"),
                                  HasSubstr(folder.file("locked.db"))));
  EXPECT_EQ(child.Line(), "next");
  child.Kill();

  std::filesystem::permissions(folder.path(), perms(0555));
  ChildProcess other([&](const auto& say) {
    testing::BecomeNobody();
    say(InOneLine(OpenError("sqlite:" + path)));
    say(InOneLine(OpenError("sqlite:" + folder.file("new.db"))));
  });
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(other.Line(),
                AllOf(HasSubstr("PERMISSION_DENIED DATABASE_READ_ONLY"), HasSubstr(folder.path())));
  }
}

TEST(SqliteDatabase, WhoseFolderBecameReadOnlyIsNotWritable) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.file("data"));
  using std::filesystem::perms;
  std::filesystem::permissions(folder.path(), perms(0755));
  std::filesystem::permissions(folder.file("data"), perms(0777));
  ChildProcess child([&](const auto& say) {
    testing::BecomeNobody();
    // The folder is made by nobody, so that nobody can change it.
    const std::string own = folder.file("data/own");
    std::filesystem::create_directory(own);
    const auto database = MustOpen(own + "/center.db");
    say(InOneLine(database->CheckWritable()));
    std::filesystem::permissions(own, perms(0555));
    say(InOneLine(database->CheckWritable()));
    std::filesystem::permissions(own, perms(0755));
    say(InOneLine(database->CheckWritable()));
  });
  EXPECT_EQ(child.Line(), "OK  ");
  EXPECT_THAT(child.Line(), AllOf(HasSubstr("PERMISSION_DENIED DATABASE_READ_ONLY"),
                                  HasSubstr(folder.file("data/own"))));
  EXPECT_EQ(child.Line(), "OK  ");
}

// ---- Full disks

const char kInsertMuch[] =
    "INSERT INTO t (x) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
    "200000) SELECT printf('%0100d', i) FROM n";

TEST(SqliteDatabase, WithLittleRoomOnItsDiskIsNotReady) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk needs the rights of root";
  const auto database = MustOpen(disk.file("center.db"));
  EXPECT_TRUE(database->CheckWritable().ok());
  disk.Fill(limits::kSpareDiskBytes / 2);
  const absl::Status status = database->CheckWritable();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(ReasonOf(status), "DATABASE_FULL");
  EXPECT_TRUE(Do(*database, "CREATE TABLE t (x TEXT)").ok());
}

// On a full disk: a clear error, not ready, nothing lost; and all is well once there is room again.
TEST(SqliteDatabase, OnAFullDiskRefusesWritesAndLosesNothing) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk needs the rights of root";
  const auto database = MustOpen(disk.file("center.db"));
  ASSERT_TRUE(Do(*database, "CREATE TABLE t (x TEXT)").ok());
  ASSERT_TRUE(Do(*database, "INSERT INTO t (x) VALUES ('kept')").ok());
  ASSERT_TRUE(database->CheckWritable().ok());
  disk.Fill();
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = Do(*database, kInsertMuch);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_EQ(ReasonOf(status), "DATABASE_FULL");
    EXPECT_THAT(std::string(status.message()), HasSubstr(disk.file("center.db")));
    const absl::Status ready = database->CheckWritable();
    EXPECT_EQ(ready.code(), absl::StatusCode::kResourceExhausted) << ready;
  }
  EXPECT_EQ(Ask(*database, "SELECT x FROM t"), "kept");
  disk.Free();
  EXPECT_TRUE(database->CheckWritable().ok());
  EXPECT_TRUE(Do(*database, "INSERT INTO t (x) VALUES ('later')").ok());
  EXPECT_EQ(Ask(*database, "SELECT count(*) FROM t"), "2");
  EXPECT_EQ(Ask(*database, "PRAGMA integrity_check"), "ok");
}

TEST(SqliteDatabase, OnADiskThatIsFullFromTheStartIsRefused) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "mounting a small disk needs the rights of root";
  disk.Fill();
  const absl::Status status = OpenError("sqlite:" + disk.file("center.db"));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
}

// The same by a limit on the size of files, which needs no rights: as a quota does, it fails writes
// with another error than a full disk.
TEST(SqliteDatabase, PastTheAllowedSizeOfAFileRefusesWrites) {
  const TempFolder folder;
  ChildProcess child([&](const auto& say) {
    const auto database = MustOpen(folder.file("center.db"));
    say(InOneLine(Do(*database, "CREATE TABLE t (x TEXT)")));
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {256 << 10, 256 << 10};
    setrlimit(RLIMIT_FSIZE, &limit);
    say(InOneLine(Do(*database, kInsertMuch)));
    say(Ask(*database, "SELECT count(*) FROM t"));
    say(InOneLine(Do(*database, "INSERT INTO t (x) VALUES ('small')")));
  });
  EXPECT_EQ(child.Line(), "OK  ");
  EXPECT_THAT(child.Line(), HasSubstr("RESOURCE_EXHAUSTED DATABASE_FULL"));
  EXPECT_EQ(child.Line(), "0");
  EXPECT_EQ(child.Line(), "OK  ");
}

// Nothing but a write that reaches the file can notice this limit.
TEST(SqliteDatabase, CheckWritableReachesTheDisk) {
  const TempFolder folder;
  ChildProcess child([&](const auto& say) {
    const auto database = MustOpen(folder.file("center.db"));
    say(InOneLine(database->CheckWritable()));
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1, 1};
    setrlimit(RLIMIT_FSIZE, &limit);
    say(InOneLine(database->CheckWritable()));
  });
  EXPECT_EQ(child.Line(), "OK  ");
  EXPECT_THAT(child.Line(), AllOf(HasSubstr("RESOURCE_EXHAUSTED DATABASE_FULL"),
                                  HasSubstr(folder.file("center.db"))));
}

// ---- The log

std::uintmax_t LogSize(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path + "-wal", error);
  return error ? 0 : size;
}

std::unique_ptr<SqlConnection> Raw(const std::string& path) {
  auto session = Session::Connect(SqliteBackEnd(), SqliteConnectString(path), path);
  EXPECT_TRUE(session.ok()) << session.status();
  return std::make_unique<SqlConnection>(*std::move(session));
}

TEST(Checkpointer, MovesTheLogIntoTheFileOnceItIsLong) {
  const TempFolder folder;
  const std::string path = folder.file("center.db");
  const auto writer = Raw(path);
  for (const char* sql : {"PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0",
                          "CREATE TABLE t (x TEXT)", "INSERT INTO t (x) VALUES ('a')"}) {
    ASSERT_TRUE(writer->Execute(sql).ok());
  }
  const auto checkpoint = [&](int pages) {
    Checkpointer checkpointer(Raw(path));
    checkpointer.Committed(pages);
  };
  const auto before = std::filesystem::file_size(path);
  checkpoint(Checkpointer::kDuePages - 1);
  EXPECT_EQ(std::filesystem::file_size(path), before);
  checkpoint(Checkpointer::kDuePages);
  EXPECT_GT(std::filesystem::file_size(path), before);
}

TEST(SqliteDatabase, TheLogStaysBoundedWhileItIsWrittenTo) {
  const TempFolder folder;
  const std::string path = folder.file("center.db");
  const auto database = MustOpen(path);
  ASSERT_TRUE(Do(*database, "CREATE TABLE t (id BIGINT PRIMARY KEY, x TEXT)").ok());
  const std::string text(1 << 20, 'x');
  std::uintmax_t largest = 0;
  for (int64_t i = 0; i < 90; ++i) {
    const absl::Status status = database->Write([&](Connection& connection) {
      return connection.InsertRows("t", {"id", "x"}, {{i % 8, text}}, OnConflict::kReplace, {"id"});
    });
    ASSERT_TRUE(status.ok()) << status;
    largest = std::max(largest, LogSize(path));
  }
  EXPECT_LT(largest, 80u << 20);
}

TEST(SqliteDatabase, LeavesNoLogBehindWhenClosed) {
  const TempFolder folder;
  const std::string path = folder.file("center.db");
  {
    const auto database = MustOpen(path);
    ASSERT_TRUE(Do(*database, "CREATE TABLE t (x TEXT)").ok());
    EXPECT_GT(LogSize(path), 0u);
  }
  EXPECT_EQ(LogSize(path), 0u);
  EXPECT_EQ(Ask(*MustOpen(path), "SELECT count(*) FROM t"), "0");
}

// ---- Prepared statements

TEST(SqlConnection, KeepsTheStatementsUsedLastAndNoMore) {
  const TempFolder folder;
  const auto connection = Raw(folder.file("center.db"));
  for (size_t i = 0; i < SqlConnection::kStatements + 50; ++i) {
    ASSERT_TRUE(connection->QueryAll(absl::StrCat("SELECT ", i)).ok());
    ASSERT_TRUE(connection->QueryAll("SELECT 0").ok());
  }
  EXPECT_EQ(connection->statement_count(), SqlConnection::kStatements);
}

TEST(SqlConnection, TheSameTextIsPreparedOnce) {
  const TempFolder folder;
  const auto connection = Raw(folder.file("center.db"));
  const absl::Status status = connection->Transact("BEGIN", [](Connection& inside) -> absl::Status {
    RETURN_IF_ERROR(inside.Execute("CREATE TABLE t (x BIGINT)").status());
    for (int64_t i = 0; i < 100; ++i) {
      RETURN_IF_ERROR(inside.Execute("INSERT INTO t (x) VALUES (:p1)", {i}).status());
      RETURN_IF_ERROR(inside.InsertRows("t", {"x"}, std::vector<std::vector<Value>>(37, {i})));
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  // BEGIN, COMMIT, the two above, and inserts of 32, 4 and 1 rows.
  EXPECT_EQ(connection->statement_count(), 7u);
}

TEST(SqlConnection, AStatementThatFailsIsNotKept) {
  const TempFolder folder;
  const auto connection = Raw(folder.file("center.db"));
  EXPECT_FALSE(connection->Execute("SELECT * FROM nothing").ok());
  EXPECT_EQ(connection->statement_count(), 0u);
}

}  // namespace
}  // namespace critac::store
