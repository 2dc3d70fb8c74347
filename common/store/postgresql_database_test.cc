// What only a server has: other processes, its operator's settings, its end.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "common/store/database.h"
#include "common/store/page_sql.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/postgresql_server.h"

namespace critac::store {
namespace {

using ::testing::ElementsAre;
using testing::Eventually;
using testing::PostgresqlServer;

class PostgresqlDatabaseTest : public ::testing::Test {
 protected:
  static PostgresqlServer& Server() {
    static PostgresqlServer server;
    EXPECT_TRUE(server.is_up());
    return server;
  }

  PostgresqlDatabaseTest() {
    static int number = 0;
    name_ = absl::StrCat("own", ++number);
    url_ = Server().MakeDatabase(name_);
  }

  std::unique_ptr<Database> Open(DatabaseOptions options = {}) const {
    options.url = url_;
    auto database = Database::Open(options);
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }

  // The first column of a query's result.
  static std::vector<std::string> Column(Connection& connection, const std::string& sql) {
    std::vector<std::string> texts;
    const absl::Status status = connection.Query(sql, {}, [&](const Row& row) {
      texts.push_back(row.Text(0));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return texts;
  }

  static absl::Status Announce(Database& database) {
    return database.Write([](Connection& connection) { return connection.Announce(); });
  }

  std::string name_;
  std::string url_;
};

TEST_F(PostgresqlDatabaseTest, WhereNoServerAnswersItsUrlIsSaidWithoutThePassword) {
  for (const char* scheme : {"postgresql", "postgres"}) {
    const absl::Status status =
        Database::Open({.url = absl::StrCat(scheme, "://robin:secret@127.0.0.1:1/intake")})
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(status.message()),
                ::testing::AllOf(::testing::HasSubstr("127.0.0.1:1/intake"),
                                 ::testing::Not(::testing::HasSubstr("secret"))));
  }
}

// Texts that compress to a few bytes too: what is counted is what would be sent.
TEST_F(PostgresqlDatabaseTest, WhatIsPastAPageStaysOnTheServer) {
  const auto database = Open();
  const absl::Status written = database->Write([](Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(
        connection.Execute("CREATE TABLE note (number BIGINT PRIMARY KEY, content TEXT NOT NULL)")
            .status());
    return connection
        .Execute(
            "INSERT INTO note SELECT i, repeat('x', CASE i WHEN 8 THEN 0 ELSE 100000 END) "
            "FROM generate_series(1, 9) AS i")
        .status();
  });
  ASSERT_TRUE(written.ok()) << written;
  const PageQuery page{.columns = {"number", "content"},
                       .long_column = 1,
                       .table = "note",
                       .where = "number > :p1",
                       .order = "number",
                       .rows = 5,
                       .bytes = 0};
  const auto sent = [&](int64_t after, int64_t bytes) {
    std::vector<std::string> numbers;
    const absl::Status status = database->Read([&](Connection& connection) {
      return connection.Query(BoundedPageSql(page, 1), {after, page.rows, bytes},
                              [&](const Row& row) {
                                EXPECT_EQ(row.Text(1).size(), row.Int(0) == 8 ? 0u : 100'000u);
                                numbers.push_back(row.Text(0));
                                return absl::OkStatus();
                              });
    });
    EXPECT_TRUE(status.ok()) << status;
    return numbers;
  };
  EXPECT_THAT(sent(0, 1), ElementsAre("1"));
  EXPECT_THAT(sent(0, 299'999), ElementsAre("1", "2"));
  EXPECT_THAT(sent(2, 300'000), ElementsAre("3", "4", "5"));
  EXPECT_THAT(sent(2, 10'000'000), ElementsAre("3", "4", "5", "6", "7"));
  EXPECT_THAT(sent(7, 99'999), ElementsAre("8")) << "the first has no bytes, the second too many";
  EXPECT_THAT(sent(9, 10'000'000), ElementsAre());
}

// ---- Several processes

// One applies a step that cannot end while the test holds a lock; three wait for it, much longer than a
// statement of theirs may wait for a lock. Who serves meanwhile is not disturbed. (By itself a step gives way to who
// holds what it needs; this one does not.)
TEST_F(PostgresqlDatabaseTest, OneMigratesWhileThreeWaitAndThenAllServe) {
  constexpr char kLock[] = "SELECT pg_advisory_xact_lock(42)";
  const std::vector<Migration> steps = {
      {1, "intake", "CREATE TABLE a (x BIGINT)"},
      {2, "intake", absl::StrCat("SET LOCAL lock_timeout = 0; ", kLock)},
      {3, "intake", "INSERT INTO a (x) VALUES (1)"}};
  const auto serving = Open();
  ASSERT_TRUE(serving->Migrate({steps[0]}).ok());
  const auto holder = Open();
  std::vector<std::unique_ptr<Database>> databases;
  databases.push_back(Open());
  for (int i = 0; i < 3; ++i) databases.push_back(Open({.busy_timeout = absl::Milliseconds(300)}));
  std::vector<std::thread> threads;
  const auto migrate = [&](int i) {
    threads.emplace_back([&, i] {
      const absl::Status status = databases[i]->Migrate(steps);
      EXPECT_TRUE(status.ok()) << status;
    });
  };
  const absl::Status held = holder->Write([&](Connection& connection) -> absl::Status {
    if (auto status = connection.Execute(kLock).status(); !status.ok()) return status;
    migrate(0);
    EXPECT_TRUE(Eventually([&] {
      return Column(connection,
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
                    "objid = 42 AND NOT granted")
                 .at(0) == "1";
    }));
    for (int i : {1, 2, 3}) migrate(i);
    // Each has given up waiting, and begun again, at least once.
    std::map<std::string, std::set<std::string>> tries;
    EXPECT_TRUE(Eventually([&] {
      for (const std::string& text :
           Column(connection,
                  "SELECT pid || ' ' || virtualtransaction FROM pg_locks WHERE NOT granted AND "
                  "relation = (SELECT oid FROM pg_class WHERE relname = 'critac_migration')")) {
        const std::vector<std::string> words = absl::StrSplit(text, ' ');
        tries[words.at(0)].insert(words.at(1));
      }
      int persistent = 0;
      for (const auto& [process, transactions] : tries) persistent += transactions.size() > 1;
      return persistent == 3;
    }));
    EXPECT_TRUE(serving->CheckWritable().ok());
    EXPECT_TRUE(serving
                    ->Write([](Connection& other) {
                      return other.Execute("INSERT INTO a (x) VALUES (0)").status();
                    })
                    .ok());
    return absl::OkStatus();
  });
  EXPECT_TRUE(held.ok()) << held;
  for (std::thread& thread : threads) thread.join();
  for (const auto& database : databases) {
    EXPECT_TRUE(database->CheckWritable().ok());
    EXPECT_TRUE(database
                    ->Read([](Connection& connection) {
                      EXPECT_THAT(Column(connection, "SELECT x FROM a ORDER BY x"),
                                  ElementsAre("0", "1"));
                      return absl::OkStatus();
                    })
                    .ok());
  }
}

// A long read, as of a backup, keeps a step from a table. Whoever comes after the step gets through before its own lock
// timeout, which is less than that of the step's connection, again and again; then the read ends, and the step is
// applied.
TEST_F(PostgresqlDatabaseTest, AStepThatWaitsForALongReadHoldsUpNobodyElse) {
  const Migration first = {1, "intake", "CREATE TABLE a (x BIGINT)"};
  const auto migrating = Open({.busy_timeout = absl::Seconds(60)});
  ASSERT_TRUE(migrating->Migrate({first}).ok());
  const auto reading = Open();
  const auto looking = Open();
  const auto serving = Open({.busy_timeout = absl::Seconds(2)});
  absl::Status migrated = absl::UnknownError("not answered");
  std::thread migration;
  // The transaction that waits for the table, where one does.
  const auto waiting = [&] {
    std::vector<std::string> transactions;
    const absl::Status status = looking->Read([&](Connection& connection) {
      transactions = Column(connection,
                            "SELECT virtualtransaction FROM pg_locks WHERE NOT granted AND "
                            "mode = 'AccessExclusiveLock' AND relation = "
                            "(SELECT oid FROM pg_class WHERE relname = 'a')");
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return transactions.empty() ? std::string() : transactions.at(0);
  };
  const absl::Status read = reading->Read([&](Connection& connection) {
    EXPECT_THAT(Column(connection, "SELECT x FROM a"), ElementsAre());
    migration = std::thread([&] {
      migrated = migrating->Migrate({first, {2, "intake", "ALTER TABLE a ADD COLUMN y BIGINT"}});
    });
    std::set<std::string> tries;
    for (size_t number = 1; number <= 2; ++number) {
      EXPECT_TRUE(Eventually([&] {
        if (const std::string transaction = waiting(); !transaction.empty()) {
          tries.insert(transaction);
        }
        return tries.size() == number;
      }));
      const absl::Status seen = serving->Read([](Connection& other) {
        return other.Query("SELECT x FROM a", {}, [](const Row&) { return absl::OkStatus(); });
      });
      EXPECT_TRUE(seen.ok()) << seen;
      const absl::Status written = serving->Write(
          [](Connection& other) { return other.Execute("INSERT INTO a (x) VALUES (1)").status(); });
      EXPECT_TRUE(written.ok()) << written;
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  if (migration.joinable()) migration.join();
  EXPECT_TRUE(migrated.ok()) << migrated;
  EXPECT_TRUE(serving
                  ->Read([](Connection& connection) {
                    EXPECT_THAT(Column(connection, "SELECT count(*) FROM a WHERE y IS NULL"),
                                ElementsAre("2"));
                    return absl::OkStatus();
                  })
                  .ok());
}

// Two look at the same moment whether they can write: neither waits for the other.
TEST_F(PostgresqlDatabaseTest, WhoLooksWhetherItCanWriteWaitsForNobodyWhoLooksToo) {
  const auto looking = Open();
  const auto other = Open({.busy_timeout = absl::Milliseconds(20)});
  const absl::Status status = looking->Write([&](Connection& connection) -> absl::Status {
    auto inserted = connection.Execute(
        "INSERT INTO critac_migration (component, number, sha256, apply_time) VALUES ('', 0, '', "
        "0)");
    EXPECT_TRUE(inserted.ok()) << inserted.status();
    const absl::Status writable = other->CheckWritable();
    EXPECT_TRUE(writable.ok()) << writable;
    return absl::CancelledError("to be undone");
  });
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
}

// A commit that does not end, as where a standby is away: here one that runs a trigger, which waits.
TEST_F(PostgresqlDatabaseTest, WhereACommitDoesNotEndItIsNotWritable) {
  constexpr char kLock[] = "SELECT pg_advisory_xact_lock(42)";
  Server().Ask("CREATE TABLE t (x BIGINT)", name_);
  Server().Ask(
      "CREATE FUNCTION await() RETURNS trigger LANGUAGE plpgsql AS "
      "'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END'",
      name_);
  Server().Ask(
      "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION await()",
      name_);
  const auto holder = Open();
  const auto writing = Open({.busy_timeout = absl::Minutes(5)});
  const auto patient = Open({.longest_commit = absl::Minutes(5)});
  const auto looking = Open({.longest_commit = absl::Milliseconds(50)});
  std::thread writer;
  absl::Status written = absl::UnknownError("not answered");
  const absl::Status held = holder->Write([&](Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(connection.Execute(kLock).status());
    writer = std::thread([&] {
      written = writing->Write(
          [](Connection& other) { return other.Execute("INSERT INTO t (x) VALUES (1)").status(); });
    });
    absl::Status status;
    EXPECT_TRUE(Eventually([&] {
      status = looking->CheckWritable();
      return !status.ok();
    }));
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()),
                ::testing::HasSubstr("a commit has been under way for "));
    EXPECT_TRUE(patient->CheckWritable().ok()) << "not yet too long";
    return absl::OkStatus();
  });
  EXPECT_TRUE(held.ok()) << held;
  if (writer.joinable()) writer.join();
  EXPECT_TRUE(written.ok()) << written;
  EXPECT_TRUE(looking->CheckWritable().ok());
}

// ---- Statements that are sent without waiting

// The first failure counts, and what was sent after it, however much, is undone with the rest.
TEST_F(PostgresqlDatabaseTest, OfManyStatementsOnTheirWayTheFirstThatFailsCounts) {
  const auto database = Open();
  ASSERT_TRUE(database->Migrate({{1, "t", "CREATE TABLE t (k BIGINT PRIMARY KEY, v TEXT)"}}).ok());
  for (const size_t size : {10u, 3'000u, 100'000u}) {
    const std::string text(size, 'x');
    const auto write = [&](int last_key) {
      return database->Write([&](Connection& connection) -> absl::Status {
        for (int64_t key = 0; key < 50; ++key) {
          RETURN_IF_ERROR(
              connection.ExecuteLater("INSERT INTO t (k, v) VALUES (:p1, :p2)",
                                      {Value(key == 20 ? last_key : key), Value(&text)}));
        }
        // Nothing of it was waited for so far.
        return connection.ExecuteLater("SELECT 1 / CAST(:p1 AS BIGINT)", {Value(int64_t{0})});
      });
    };
    EXPECT_EQ(ReasonOf(write(7)), "DUPLICATE_KEY") << size;
    EXPECT_EQ(ReasonOf(write(20)), "CONSTRAINT_FAILED") << size;
  }
  const absl::Status whole = database->Write([&](Connection& connection) {
    return connection.ExecuteLater("INSERT INTO t (k, v) VALUES (:p1, :p2)",
                                   {Value(int64_t{1}), Value(std::string("y"))});
  });
  EXPECT_TRUE(whole.ok()) << whole;
  ASSERT_TRUE(database
                  ->Read([](Connection& connection) {
                    EXPECT_THAT(Column(connection, "SELECT v FROM t"), ElementsAre("y"));
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(PostgresqlDatabaseTest, AStatementThatIsNotWaitedForNeedsAllItsValues) {
  const auto database = Open();
  for (const auto& values :
       std::vector<std::vector<Value>>{{}, {Value(int64_t{1}), Value(int64_t{2})}}) {
    const absl::Status status = database->Write([&](Connection& connection) {
      return connection.ExecuteLater("SELECT CAST(:p1 AS BIGINT)", values);
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
    EXPECT_EQ(ReasonOf(status), "WRONG_STATEMENT");
  }
  EXPECT_TRUE(database->CheckWritable().ok());
}

// ---- The operator's settings

// They may be such that a commit is answered before it is durable, or that its wait for a standby is cut short.
TEST_F(PostgresqlDatabaseTest, WritesAreDurableWhateverTheDatabaseIsSetTo) {
  Server().Ask(absl::StrCat("ALTER DATABASE ", name_, " SET synchronous_commit = off"));
  Server().Ask(absl::StrCat("ALTER DATABASE ", name_, " SET statement_timeout = '7s'"));
  const auto setting = [](Database& database, const std::string& name) {
    std::string value;
    EXPECT_TRUE(database
                    .Write([&](Connection& connection) {
                      value = Column(connection, absl::StrCat("SHOW ", name)).at(0);
                      return absl::OkStatus();
                    })
                    .ok());
    return value;
  };
  const auto database = Open();
  EXPECT_EQ(setting(*database, "synchronous_commit"), "on");
  EXPECT_EQ(setting(*database, "statement_timeout"), "0");
  // What is more than that stays.
  Server().Ask(absl::StrCat("ALTER DATABASE ", name_, " SET synchronous_commit = remote_apply"));
  EXPECT_EQ(setting(*Open(), "synchronous_commit"), "remote_apply");
}

TEST_F(PostgresqlDatabaseTest, ATransactionMayBeLeftAloneAsLongAsTheOptionsSay) {
  Server().Ask(
      absl::StrCat("ALTER DATABASE ", name_, " SET idle_in_transaction_session_timeout = '7s'"));
  const struct {
    absl::Duration longest_pause;
    std::string of_a_write;
    std::string of_a_read;
  } cases[] = {
      {absl::InfiniteDuration(), "0", "0"},
      {absl::Hours(24) * 365, "2147483647ms", "7s"},
      // No less than this machine may take between two statements, or the server would end the session.
      {absl::Milliseconds(30'001), "30001ms", "7s"}};
  for (const auto& each : cases) {
    const auto database = Open({.longest_pause = each.longest_pause});
    const auto expect = [](std::string setting) {
      return [setting = std::move(setting)](Connection& connection) {
        EXPECT_THAT(Column(connection, "SHOW idle_in_transaction_session_timeout"),
                    ElementsAre(setting));
        return absl::OkStatus();
      };
    };
    const absl::Status written = database->Write(expect(each.of_a_write));
    EXPECT_TRUE(written.ok()) << written;
    const absl::Status read = database->Read(expect(each.of_a_read));
    EXPECT_TRUE(read.ok()) << read;
  }
}

// None at all would be without an end.
TEST_F(PostgresqlDatabaseTest, TheShortestTimeoutIsAMillisecond) {
  const absl::Status read =
      Open({.busy_timeout = absl::Nanoseconds(1)})->Read([](Connection& connection) {
        EXPECT_THAT(Column(connection, "SHOW lock_timeout"), ElementsAre("1ms"));
        return absl::OkStatus();
      });
  EXPECT_TRUE(read.ok()) << read;
}

TEST_F(PostgresqlDatabaseTest, WhatItsOperatorMadeReadOnlyIsNotWrittenTo) {
  PostgresqlServer server;
  ASSERT_TRUE(server.is_up());
  url_ = server.url();
  const auto database = Open();
  ASSERT_TRUE(database->CheckWritable().ok());
  server.Ask("ALTER SYSTEM SET default_transaction_read_only = on");
  server.Ask("SELECT pg_reload_conf()");
  // First told by the transaction; then no server is found that takes writes.
  EXPECT_TRUE(Eventually([&] { return absl::IsPermissionDenied(database->CheckWritable()); }));
  EXPECT_TRUE(absl::IsUnavailable(database->CheckWritable()));
  server.Ask("ALTER SYSTEM RESET default_transaction_read_only");
  server.Ask("SELECT pg_reload_conf()");
  EXPECT_TRUE(Eventually([&] { return database->CheckWritable().ok(); }));
}

// ---- Commits of other processes

TEST_F(PostgresqlDatabaseTest, AWatchHearsOfCommitsAndAgainAfterTheServerWasKilled) {
  PostgresqlServer server({}, true);
  ASSERT_TRUE(server.is_up());
  url_ = server.url();
  const auto database = Open();
  const auto watch = Open()->Watch();
  // The test does not end in time where something is missed.
  const auto await = [&] { watch->Await(absl::Hours(1)); };
  await();  // listens from now on
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Announce(*database).ok());
    await();
  }
  server.Kill();
  await();  // it is gone
  server.Start();
  ASSERT_TRUE(server.is_up());
  await();  // listens again
  ASSERT_TRUE(Announce(*database).ok());
  await();
  watch->Wake();
  await();
}

}  // namespace
}  // namespace critac::store
