#ifndef TESTS_CONFORMANCE_DATABASE_CONFORMANCE_H_
#define TESTS_CONFORMANCE_DATABASE_CONFORMANCE_H_

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/base/sha256.h"
#include "common/status/error.h"
#include "common/store/database.h"
#include "common/store/migrate.h"
#include "common/store/tables_of.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/child_process.h"

// What every implementation of store::Database holds. To run it on one:
//
//   INSTANTIATE_TEST_SUITE_P(Name, DatabaseConformance, ::testing::Values(DatabaseKind{…}), NameOfKind);
namespace critac::store {

// A place that holds one database, empty at first, gone with it.
class DatabasePlace {
 public:
  virtual ~DatabasePlace() = default;
  // What opens that database.
  virtual DatabaseOptions Options() const = 0;
};

struct DatabaseKind {
  std::string name;
  std::function<std::unique_ptr<DatabasePlace>()> make;
};

inline std::string NameOfKind(const ::testing::TestParamInfo<DatabaseKind>& info) {
  return info.param.name;
}

class DatabaseConformance : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  static constexpr absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

  DatabaseConformance() : place_(GetParam().make()) { Reopen(); }

  std::unique_ptr<Database> Open() {
    DatabaseOptions options = place_->Options();
    options.clock = &clock_;
    auto database = Database::Open(options);
    EXPECT_TRUE(database.ok()) << database.status();
    return database.ok() ? *std::move(database) : nullptr;
  }

  void Close() { database_.reset(); }
  void Reopen() {
    Close();
    database_ = Open();
  }
  Database& database() { return *database_; }

  absl::Status Run(const std::string& sql, const std::vector<Value>& parameters = {}) {
    return database().Write(
        [&](Connection& connection) { return connection.Execute(sql, parameters).status(); });
  }

  // A query's result, columns joined by `|`, NULL as `-`, each row one text.
  std::vector<std::string> Ask(const std::string& sql, const std::vector<Value>& parameters = {}) {
    std::vector<std::string> rows;
    const absl::Status status = database().Read(
        [&](Connection& connection) { return AskOn(connection, sql, parameters, rows); });
    EXPECT_TRUE(status.ok()) << status;
    return rows;
  }

  static absl::Status AskOn(Connection& connection, const std::string& sql,
                            const std::vector<Value>& parameters, std::vector<std::string>& rows) {
    rows.clear();
    return connection.Query(sql, parameters, [&](const Row& row) {
      std::vector<std::string> columns;
      for (size_t i = 0; i < row.size(); ++i) {
        columns.push_back(row.IsNull(i) ? "-" : row.Text(i));
      }
      rows.push_back(absl::StrJoin(columns, "|"));
      return absl::OkStatus();
    });
  }

  // A table of agencies: a key, a unique state, a size that is not negative.
  void MakeAgencies() {
    ASSERT_TRUE(
        Run("CREATE TABLE agency (name TEXT PRIMARY KEY, state TEXT UNIQUE, size BIGINT NOT "
            "NULL CHECK (size >= 0))")
            .ok());
  }

  absl::Status Insert(const std::vector<std::vector<Value>>& rows,
                      OnConflict on_conflict = OnConflict::kFail) {
    return database().Write([&](Connection& connection) {
      return connection.InsertRows("agency", {"name", "state", "size"}, rows, on_conflict,
                                   {"name"});
    });
  }

  std::vector<std::string> Agencies() {
    return Ask("SELECT name, state, size FROM agency ORDER BY 1");
  }

  static Migration Step(int number, const std::string& sql, const std::string& component = "intake",
                        int needs = 0) {
    return {number, component, sql, needs};
  }

  std::vector<std::string> Steps() {
    return Ask("SELECT component, number FROM critac_migration ORDER BY component, number");
  }

  ManualClock clock_{kNow};
  const std::unique_ptr<DatabasePlace> place_;

 private:
  std::unique_ptr<Database> database_;
};

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// ---- Transactions

TEST_P(DatabaseConformance, WhatWasCommittedIsThereAfterReopening) {
  MakeAgencies();
  ASSERT_TRUE(Insert({{"agencies/elm-grove", "NV", int64_t{12}}}).ok());
  Reopen();
  EXPECT_THAT(Agencies(), ElementsAre("agencies/elm-grove|NV|12"));
}

// A child writes and says each number once its commit is acknowledged; it is killed in the middle
// of it. All that it said must be there, and at most one more, whose answer was lost.
TEST_P(DatabaseConformance, WhatWasAcknowledgedSurvivesAKill) {
  ASSERT_TRUE(Run("CREATE TABLE mark (number BIGINT PRIMARY KEY)").ok());
  Close();
  constexpr int kKillAfter = 40;
  int last = 0;
  {
    testing::ChildProcess child([&](const auto& say) {
      const auto database = Open();
      for (int64_t number = 1; database != nullptr; ++number) {
        const absl::Status status = database->Write([&](Connection& connection) {
          return connection.InsertRows("mark", {"number"}, {{number}});
        });
        if (!status.ok()) return;
        say(absl::StrCat(number));
      }
    });
    while (last < kKillAfter) {
      const std::string line = child.Line();
      ASSERT_FALSE(line.empty()) << "the child ended after " << last;
      last = std::stoi(line);
    }
    child.Kill();
    for (std::string line = child.Line(); !line.empty(); line = child.Line())
      last = std::stoi(line);
  }
  Reopen();
  const std::vector<std::string> found = Ask("SELECT count(*), max(number) FROM mark");
  EXPECT_THAT(found, ElementsAre(::testing::AnyOf(absl::StrCat(last, "|", last),
                                                  absl::StrCat(last + 1, "|", last + 1))));
}

TEST_P(DatabaseConformance, ABodyThatReturnsAnErrorIsUndone) {
  MakeAgencies();
  const absl::Status status = database().Write([](Connection& connection) {
    EXPECT_TRUE(
        connection.InsertRows("agency", {"name", "size"}, {{"agencies/a", int64_t{1}}}).ok());
    return absl::AbortedError("not this time");
  });
  EXPECT_EQ(status, absl::AbortedError("not this time"));
  EXPECT_THAT(Agencies(), IsEmpty());
}

TEST_P(DatabaseConformance, ABodyThatThrowsIsUndoneAndTheNextOneRuns) {
  MakeAgencies();
  EXPECT_THROW(
      database()
          .Write([](Connection& connection) -> absl::Status {
            EXPECT_TRUE(
                connection.InsertRows("agency", {"name", "size"}, {{"agencies/a", int64_t{1}}})
                    .ok());
            throw std::runtime_error("out of luck");
          })
          .IgnoreError(),
      std::runtime_error);
  EXPECT_TRUE(Insert({{"agencies/b", nullptr, int64_t{1}}}).ok());
  EXPECT_THAT(Agencies(), ElementsAre("agencies/b|-|1"));
}

TEST_P(DatabaseConformance, AfterAFailedStatementTheTransactionIsLost) {
  MakeAgencies();
  const absl::Status status = database().Write([](Connection& connection) {
    EXPECT_TRUE(
        connection.InsertRows("agency", {"name", "size"}, {{"agencies/a", int64_t{1}}}).ok());
    // Whether it waits for the outcome or not.
    connection.InsertRows("agency", {"name", "size"}, {{"agencies/a", int64_t{2}}}).IgnoreError();
    const absl::Status first = connection.Execute("DELETE FROM agency").status();
    EXPECT_EQ(first.code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(connection.QueryAll("SELECT name FROM agency").status(), first);
    EXPECT_EQ(connection.InsertRows("agency", {"name", "size"}, {{"agencies/b", int64_t{2}}}),
              first);
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Agencies(), IsEmpty());
  EXPECT_TRUE(Insert({{"agencies/c", nullptr, int64_t{1}}}).ok());
}

TEST_P(DatabaseConformance, WhatIsExecutedLaterIsThereForWhatFollowsIt) {
  MakeAgencies();
  const absl::Status status = database().Write([](Connection& connection) -> absl::Status {
    const std::string insert = "INSERT INTO agency (name, state, size) VALUES (:p1, :p2, :p3)";
    for (int64_t i = 0; i < 3; ++i) {
      RETURN_IF_ERROR(
          connection.ExecuteLater(insert, {absl::StrCat("agencies/", i), nullptr, 10 * i}));
    }
    RETURN_IF_ERROR(
        connection.InsertRows("agency", {"name", "size"}, {{"agencies/x", int64_t{1}}}));
    RETURN_IF_ERROR(connection.ExecuteLater("DELETE FROM agency WHERE name = :p1", {"agencies/0"}));
    std::vector<std::string> names;
    RETURN_IF_ERROR(AskOn(connection, "SELECT name FROM agency ORDER BY name", {}, names));
    EXPECT_THAT(names, ElementsAre("agencies/1", "agencies/2", "agencies/x"));
    return connection.ExecuteLater("UPDATE agency SET size = 7 WHERE name = 'agencies/x'");
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Agencies(), ElementsAre("agencies/1|-|10", "agencies/2|-|20", "agencies/x|-|7"));
}

// Each fails alone in a transaction that would be committed otherwise, and is well the next time: what was sent
// after the failure, the commit too, does not take effect, and what was prepared with it is prepared again.
TEST_P(DatabaseConformance, WhatIsExecutedLaterAndFailsLosesTheTransaction) {
  MakeAgencies();
  const auto set = [this](const std::string& name, int64_t size) {
    return database().Write([&](Connection& connection) -> absl::Status {
      connection.ExecuteLater("UPDATE agency SET state = 'NV' WHERE name = 'agencies/a'")
          .IgnoreError();
      connection.ExecuteLater("UPDATE agency SET size = :p1 WHERE name = :p2", {size, name})
          .IgnoreError();
      connection.ExecuteLater("UPDATE agency SET size = size + 1").IgnoreError();
      return absl::OkStatus();
    });
  };
  ASSERT_TRUE(Insert({{"agencies/a", nullptr, int64_t{1}}}).ok());
  EXPECT_EQ(set("agencies/a", -1).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Agencies(), ElementsAre("agencies/a|-|1"));
  EXPECT_EQ(set(std::string("agencies\0a", 10), 1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Agencies(), ElementsAre("agencies/a|-|1"));
  EXPECT_TRUE(set("agencies/a", 5).ok());
  EXPECT_THAT(Agencies(), ElementsAre("agencies/a|NV|6"));
  const absl::Status none = database().Write(
      [](Connection& connection) { return connection.ExecuteLater("UPDATE nothing SET x = 1"); });
  EXPECT_EQ(none.code(), absl::StatusCode::kInternal) << none;
  EXPECT_TRUE(set("agencies/a", 8).ok());
}

TEST_P(DatabaseConformance, AReadThatNeedsNoTransactionSeesEachCommitAndWritesNothing) {
  MakeAgencies();
  const absl::Status read = database().ReadLoosely([&](Connection& connection) -> absl::Status {
    std::vector<std::string> names;
    RETURN_IF_ERROR(AskOn(connection, "SELECT name FROM agency", {}, names));
    EXPECT_THAT(names, IsEmpty());
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  ASSERT_TRUE(Insert({{"agencies/a", nullptr, int64_t{1}}}).ok());
  const auto writes = [](Connection& connection) {
    return connection.InsertRows("agency", {"name", "size"}, {{"agencies/b", int64_t{1}}});
  };
  EXPECT_EQ(database().ReadLoosely(writes).code(), absl::StatusCode::kPermissionDenied);
  const auto fails = [](Connection& connection) {
    return connection.QueryAll("SELECT nothing FROM agency").status();
  };
  EXPECT_EQ(database().ReadLoosely(fails).code(), absl::StatusCode::kInternal);
  std::vector<std::string> names;
  EXPECT_TRUE(database()
                  .ReadLoosely([&](Connection& connection) {
                    return AskOn(connection, "SELECT name FROM agency", {}, names);
                  })
                  .ok());
  EXPECT_THAT(names, ElementsAre("agencies/a"));
}

TEST_P(DatabaseConformance, AReaderSeesOneStateThroughoutAndTheWriterDoesNotWaitForIt) {
  MakeAgencies();
  ASSERT_TRUE(Insert({{"agencies/a", nullptr, int64_t{1}}}).ok());
  const absl::Status status = database().Read([&](Connection& connection) -> absl::Status {
    std::vector<std::string> before;
    std::vector<std::string> after;
    RETURN_IF_ERROR(AskOn(connection, "SELECT name FROM agency", {}, before));
    std::thread writer([&] { EXPECT_TRUE(Insert({{"agencies/b", nullptr, int64_t{1}}}).ok()); });
    writer.join();
    RETURN_IF_ERROR(AskOn(connection, "SELECT name FROM agency", {}, after));
    EXPECT_THAT(before, ElementsAre("agencies/a"));
    EXPECT_EQ(after, before);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Ask("SELECT count(*) FROM agency"), ElementsAre("2"));
}

TEST_P(DatabaseConformance, AReaderDoesNotWaitForTheWriterNorSeeWhatIsNotCommitted) {
  MakeAgencies();
  const absl::Status status = database().Write([&](Connection& connection) -> absl::Status {
    RETURN_IF_ERROR(
        connection.InsertRows("agency", {"name", "size"}, {{"agencies/a", int64_t{1}}}));
    EXPECT_THAT(Agencies(), IsEmpty());
    std::vector<std::string> own;
    RETURN_IF_ERROR(AskOn(connection, "SELECT name FROM agency", {}, own));
    EXPECT_THAT(own, ElementsAre("agencies/a"));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Agencies(), ElementsAre("agencies/a|-|1"));
}

TEST_P(DatabaseConformance, AReadThatWritesIsRefused) {
  MakeAgencies();
  const absl::Status status = database().Read([](Connection& connection) {
    return connection.InsertRows("agency", {"name", "size"}, {{"agencies/a", int64_t{1}}});
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
  EXPECT_THAT(Agencies(), IsEmpty());
}

TEST_P(DatabaseConformance, AWriteWithinAWriteIsRefused) {
  MakeAgencies();
  const absl::Status status = database().Write([&](Connection&) {
    EXPECT_EQ(database().Migrate({}).code(), absl::StatusCode::kInternal);
    return Insert({{"agencies/a", nullptr, int64_t{1}}});
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
  EXPECT_TRUE(Insert({{"agencies/b", nullptr, int64_t{1}}}).ok());
  EXPECT_THAT(Agencies(), ElementsAre("agencies/b|-|1"));
}

TEST_P(DatabaseConformance, WritersTakeTurns) {
  ASSERT_TRUE(Run("CREATE TABLE counter (id BIGINT PRIMARY KEY, value BIGINT NOT NULL)").ok());
  ASSERT_TRUE(Run("INSERT INTO counter (id, value) VALUES (1, 0)").ok());
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < kEach; ++k) {
        // Read, add, write: an update would be lost if two were at it at once.
        const absl::Status status = database().Write([](Connection& connection) -> absl::Status {
          ASSIGN_OR_RETURN(const auto rows, connection.QueryAll("SELECT value FROM counter"));
          return connection.Execute("UPDATE counter SET value = :p1", {rows[0].Int(0) + 1})
              .status();
        });
        EXPECT_TRUE(status.ok()) << status;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Ask("SELECT value FROM counter"), ElementsAre(absl::StrCat(kThreads * kEach)));
}

// Two rows whose sum never changes, as far as anybody may see; more readers than connections.
TEST_P(DatabaseConformance, ManyReadersSeeOnlyWholeTransactions) {
  ASSERT_TRUE(Run("CREATE TABLE load (expert BIGINT PRIMARY KEY, hours BIGINT NOT NULL)").ok());
  ASSERT_TRUE(Run("INSERT INTO load (expert, hours) VALUES (1, 500), (2, 500)").ok());
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 12; ++i) {
    readers.emplace_back([&] {
      do {
        EXPECT_THAT(Ask("SELECT sum(hours), count(*) FROM load"), ElementsAre("1000|2"));
        ++reads;
      } while (!done);
    });
  }
  for (int i = 0; i < 200; ++i) {
    const absl::Status status = database().Write([](Connection& connection) -> absl::Status {
      RETURN_IF_ERROR(
          connection.Execute("UPDATE load SET hours = hours - 1 WHERE expert = 1").status());
      return connection.Execute("UPDATE load SET hours = hours + 1 WHERE expert = 2").status();
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GE(reads, 12);
  EXPECT_THAT(Ask("SELECT hours FROM load ORDER BY expert"), ElementsAre("300", "700"));
}

// ---- Errors

TEST_P(DatabaseConformance, ErrorsOfConstraintsHaveTheirCodes) {
  MakeAgencies();
  ASSERT_TRUE(Run("CREATE TABLE request (name TEXT PRIMARY KEY, agency TEXT NOT NULL REFERENCES "
                  "agency (name))")
                  .ok());
  ASSERT_TRUE(Insert({{"agencies/a", "NV", int64_t{1}}}).ok());
  const struct {
    const char* sql;
    absl::StatusCode code;
    const char* reason;
  } kCases[] = {
      {"INSERT INTO agency (name, size) VALUES ('agencies/a', 1)", absl::StatusCode::kAlreadyExists,
       "DUPLICATE_KEY"},
      {"INSERT INTO agency (name, state, size) VALUES ('agencies/b', 'NV', 1)",
       absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY"},
      {"UPDATE agency SET size = -1", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED"},
      {"INSERT INTO agency (name) VALUES ('agencies/b')", absl::StatusCode::kFailedPrecondition,
       "CONSTRAINT_FAILED"},
      {"INSERT INTO request (name, agency) VALUES ('requests/1', 'agencies/none')",
       absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED"},
      {"DELETE FROM nothing", absl::StatusCode::kInternal, "DATABASE_ERROR"},
      {"SELEKT 1", absl::StatusCode::kInternal, "DATABASE_ERROR"},
  };
  for (const auto& c : kCases) {
    const absl::Status status = Run(c.sql);
    EXPECT_EQ(status.code(), c.code) << c.sql << ": " << status;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.sql;
  }
  EXPECT_THAT(Agencies(), ElementsAre("agencies/a|NV|1"));
}

TEST_P(DatabaseConformance, AnErrorNamesNoValue) {
  MakeAgencies();
  ASSERT_TRUE(Insert({{"agencies/robin-vale", "NV", int64_t{1}}}).ok());
  const absl::Status status = Insert({{"agencies/robin-vale", "NV", int64_t{1}}});
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("agency"), ::testing::Not(HasSubstr("robin-vale"))));
}

TEST_P(DatabaseConformance, AStatementIsGivenExactlyItsParameters) {
  MakeAgencies();
  for (const std::vector<Value>& parameters :
       std::vector<std::vector<Value>>{{}, {"a"}, {"a", int64_t{1}, int64_t{2}}}) {
    const absl::Status status =
        Run("INSERT INTO agency (name, size) VALUES (:p1, :p2)", parameters);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << parameters.size();
    EXPECT_EQ(ReasonOf(status), "WRONG_STATEMENT");
  }
  for (const char* sql : {"INSERT INTO agency (name, size) VALUES (:p2, :p1)",
                          "INSERT INTO agency (name, size) VALUES (:p1, :size)",
                          "DELETE FROM agency; DELETE FROM agency", "", " ; -- nothing"}) {
    EXPECT_EQ(ReasonOf(Run(sql, {"a", int64_t{1}})), "WRONG_STATEMENT") << sql;
  }
  EXPECT_THAT(Agencies(), IsEmpty());
}

// ---- Values

TEST_P(DatabaseConformance, EveryKindOfValueComesBackAsItWas) {
  ASSERT_TRUE(
      Run("CREATE TABLE v (id BIGINT PRIMARY KEY, t TEXT, i BIGINT, r DOUBLE PRECISION)").ok());
  const std::vector<std::string> texts = {
      "",
      "Robin's \"office\"; DROP TABLE v; --",
      ":p1 ? $1 %s \\ \n\t\r",
      "Señor Ünïcode 警察 👮",
      "\x01\x1f\x7f",
      std::string(3 << 20, 'x'),
  };
  const std::vector<int64_t> integers = {0,
                                         -1,
                                         std::numeric_limits<int64_t>::min(),
                                         std::numeric_limits<int64_t>::max(),
                                         std::numeric_limits<int32_t>::max(),
                                         1};
  const std::vector<double> reals = {0, -1.5, 1e300, 1e-300, 0.1, 123456789012.345};
  std::vector<std::vector<Value>> rows;
  for (size_t i = 0; i < texts.size(); ++i) {
    rows.push_back({static_cast<int64_t>(i), texts[i], integers[i], reals[i]});
  }
  rows.push_back({int64_t{99}, nullptr, nullptr, nullptr});
  ASSERT_TRUE(database()
                  .Write([&](Connection& connection) {
                    return connection.InsertRows("v", {"id", "t", "i", "r"}, rows);
                  })
                  .ok());
  size_t i = 0;
  const absl::Status status = database().Read([&](Connection& connection) {
    return connection.Query("SELECT t, i, r FROM v ORDER BY id", {}, [&](const Row& row) {
      EXPECT_EQ(row.size(), 3);
      if (i == texts.size()) {
        for (size_t column = 0; column < 3; ++column) {
          EXPECT_TRUE(row.IsNull(column));
          EXPECT_EQ(row.Text(column), "");
          EXPECT_EQ(row.Int(column), 0);
          EXPECT_EQ(row.Real(column), 0);
        }
      } else {
        EXPECT_FALSE(row.IsNull(0));
        EXPECT_TRUE(row.Text(0) == texts[i]) << i;
        EXPECT_EQ(row.Int(1), integers[i]);
        EXPECT_EQ(row.Text(1), absl::StrCat(integers[i]));
        EXPECT_DOUBLE_EQ(row.Real(2), reals[i]);
      }
      ++i;
      return absl::OkStatus();
    });
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(i, rows.size());
}

TEST_P(DatabaseConformance, ValuesOfOtherKindsFollowEachOtherInOneStatement) {
  ASSERT_TRUE(Run("CREATE TABLE v (id BIGINT PRIMARY KEY, t TEXT)").ok());
  const std::string sql = "INSERT INTO v (id, t) VALUES (:p1, :p2)";
  ASSERT_TRUE(Run(sql, {int64_t{1}, "text"}).ok());
  ASSERT_TRUE(Run(sql, {int64_t{2}, nullptr}).ok());
  ASSERT_TRUE(Run(sql, {int64_t{3}, ""}).ok());
  ASSERT_TRUE(Run(sql, {int64_t{4}, "again"}).ok());
  EXPECT_THAT(Ask("SELECT t FROM v ORDER BY id"), ElementsAre("text", "-", "", "again"));
}

TEST_P(DatabaseConformance, TextWithANulByteIsRefused) {
  MakeAgencies();
  for (const std::string& text :
       {std::string("\0", 1), std::string("a\0", 2), std::string("\0a", 2)}) {
    const absl::Status status =
        Insert({{"agencies/a", nullptr, int64_t{1}}, {text, nullptr, int64_t{1}}});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(ReasonOf(status), "TEXT_WITH_NUL");
  }
  EXPECT_THAT(Agencies(), IsEmpty());
}

TEST_P(DatabaseConformance, TextThatIsNoNumberCountsAsZero) {
  const auto rows = [&] {
    std::vector<Row> result;
    EXPECT_TRUE(database()
                    .Read([&](Connection& connection) -> absl::Status {
                      ASSIGN_OR_RETURN(result,
                                       connection.QueryAll(
                                           "SELECT 'many', '12x', '', '7', '9223372036854775808'"));
                      return absl::OkStatus();
                    })
                    .ok());
    return result;
  }();
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].Int(0), 0);
  EXPECT_EQ(rows[0].Real(0), 0);
  EXPECT_EQ(rows[0].Int(1), 0);
  EXPECT_EQ(rows[0].Int(2), 0);
  EXPECT_EQ(rows[0].Int(3), 7);
  EXPECT_EQ(rows[0].Int(4), 0);
}

// ---- Statements

TEST_P(DatabaseConformance, ExecuteSaysHowManyRowsItChanged) {
  MakeAgencies();
  ASSERT_TRUE(Insert({{"agencies/a", nullptr, int64_t{1}},
                      {"agencies/b", nullptr, int64_t{1}},
                      {"agencies/c", nullptr, int64_t{2}}})
                  .ok());
  const absl::Status status = database().Write([](Connection& connection) {
    const auto changed = [&](const char* sql, const std::vector<Value>& parameters = {}) {
      const auto count = connection.Execute(sql, parameters);
      EXPECT_TRUE(count.ok()) << count.status();
      return count.value_or(-1);
    };
    EXPECT_EQ(changed("UPDATE agency SET size = 5 WHERE size = :p1", {int64_t{1}}), 2);
    EXPECT_EQ(changed("UPDATE agency SET size = 5 WHERE size = 100"), 0);
    EXPECT_EQ(changed("DELETE FROM agency WHERE name = 'agencies/a'"), 1);
    EXPECT_EQ(changed("CREATE TABLE other (id BIGINT)"), 0);
    EXPECT_EQ(changed("INSERT INTO other (id) VALUES (1), (2), (3)"), 3);
    EXPECT_EQ(changed("DELETE FROM agency"), 2);
    EXPECT_EQ(changed("SELECT 1"), 0);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(DatabaseConformance, AQueryStopsAtAnErrorOfItsReaderAndTheTransactionGoesOn) {
  MakeAgencies();
  for (const char* name : {"agencies/a", "agencies/b", "agencies/c"}) {
    ASSERT_TRUE(Insert({{name, nullptr, int64_t{1}}}).ok());
  }
  const absl::Status status = database().Write([](Connection& connection) -> absl::Status {
    // Twice, because the statement is used again.
    for (int i = 0; i < 2; ++i) {
      std::vector<std::string> seen;
      const absl::Status stopped =
          connection.Query("SELECT name FROM agency ORDER BY name", {}, [&](const Row& row) {
            seen.push_back(row.Text(0));
            return seen.size() == 2 ? absl::CancelledError("enough") : absl::OkStatus();
          });
      EXPECT_EQ(stopped, absl::CancelledError("enough"));
      EXPECT_THAT(seen, ElementsAre("agencies/a", "agencies/b"));
    }
    return connection.Execute("DELETE FROM agency WHERE name = 'agencies/a'").status();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Ask("SELECT name FROM agency ORDER BY 1"), ElementsAre("agencies/b", "agencies/c"));
}

// Both sides of each bound, and texts of none; in characters of two bytes, since it is bytes that count.
TEST_P(DatabaseConformance, PagesAreCutByBytesAndByRowsAndTheFirstRowIsOnThemWhateverItHas) {
  ASSERT_TRUE(Run("CREATE TABLE note (number BIGINT PRIMARY KEY, content TEXT NOT NULL)").ok());
  const struct {
    std::vector<int> sizes;
    int64_t rows;
    int64_t bytes;
    std::vector<std::string> pages;
  } cases[] = {{{}, 10, 20, {}},
               {{10, 10, 10}, 10, 30, {"1 2 3"}},
               {{10, 10, 10}, 10, 29, {"1 2", "3"}},
               {{10, 10, 10}, 10, 20, {"1 2", "3"}},
               {{10, 10, 10}, 10, 19, {"1", "2", "3"}},
               {{10, 10, 10}, 2, 30, {"1 2", "3"}},
               {{10, 10, 10}, 1, 30, {"1", "2", "3"}},
               {{100, 4, 4}, 10, 20, {"1", "2 3"}},
               {{4, 100, 4}, 10, 20, {"1", "2", "3"}},
               {{4, 4, 100}, 10, 20, {"1 2", "3"}},
               {{0, 100, 0, 4}, 10, 20, {"1", "2", "3 4"}},
               {{0, 0, 2, 2}, 10, 0, {"1 2", "3", "4"}}};
  for (const auto& example : cases) {
    SCOPED_TRACE(absl::StrCat(absl::StrJoin(example.sizes, ","), " by ", example.rows, " rows and ",
                              example.bytes));
    ASSERT_TRUE(Run("DELETE FROM note").ok());
    std::vector<std::vector<Value>> notes;
    for (const int size : example.sizes) {
      std::string text;
      for (int i = 0; i < size / 2; ++i) text += "é";
      notes.push_back({static_cast<int64_t>(notes.size() + 1), text});
    }
    const absl::Status written = database().Write([&](Connection& connection) {
      return connection.InsertRows("note", {"number", "content"}, notes);
    });
    ASSERT_TRUE(written.ok()) << written;
    const PageQuery page{.columns = {"number", "content"},
                         .long_column = 1,
                         .table = "note",
                         .where = "number > :p1",
                         .order = "number",
                         .rows = example.rows,
                         .bytes = example.bytes};
    std::vector<std::string> found;
    const absl::Status read = database().Read([&](Connection& connection) -> absl::Status {
      for (int64_t last = 0;;) {
        std::vector<int64_t> numbers;
        ASSIGN_OR_RETURN(const bool is_cut, connection.QueryPage(page, {last}, [&](const Row& row) {
          numbers.push_back(row.Int(0));
          EXPECT_EQ(row.Text(1).size(), static_cast<size_t>(example.sizes.at(row.Int(0) - 1)));
          return absl::OkStatus();
        }));
        if (!numbers.empty()) last = numbers.back();
        EXPECT_EQ(is_cut, last < static_cast<int64_t>(example.sizes.size()) &&
                              static_cast<int64_t>(numbers.size()) < example.rows);
        if (numbers.empty()) return absl::OkStatus();
        found.push_back(absl::StrJoin(numbers, " "));
      }
    });
    EXPECT_TRUE(read.ok()) << read;
    EXPECT_EQ(found, example.pages);
  }
}

// What does not meet the condition takes nothing of the bytes.
TEST_P(DatabaseConformance, APageHasTheRowsOfItsConditionInTheOrderOfItsKey) {
  ASSERT_TRUE(Run("CREATE TABLE note (a BIGINT, b BIGINT, kind TEXT NOT NULL, content TEXT NOT "
                  "NULL, PRIMARY KEY (a, b))")
                  .ok());
  const absl::Status written = database().Write([&](Connection& connection) {
    return connection.InsertRows("note", {"a", "b", "kind", "content"},
                                 {{int64_t{2}, int64_t{1}, "one", "four"},
                                  {int64_t{1}, int64_t{2}, "one", "four"},
                                  {int64_t{1}, int64_t{3}, "other", "much longer"},
                                  {int64_t{1}, int64_t{1}, "one", "four"},
                                  {int64_t{2}, int64_t{2}, "one", "four"}});
  });
  ASSERT_TRUE(written.ok()) << written;
  const PageQuery page{.columns = {"a", "content", "b"},
                       .long_column = 1,
                       .table = "note",
                       .where = "(a, b) > (:p1, :p2) AND kind = :p3",
                       .order = "a, b",
                       .rows = 10,
                       .bytes = 8};
  std::vector<std::string> seen;
  const absl::Status read = database().Read([&](Connection& connection) -> absl::Status {
    const auto see = [&](const Row& row) {
      seen.push_back(absl::StrCat(row.Text(0), row.Text(2)));
      return seen.size() == 3 ? absl::CancelledError("enough") : absl::OkStatus();
    };
    RETURN_IF_ERROR(connection.QueryPage(page, {int64_t{1}, int64_t{1}, "one"}, see).status());
    // An error of the reader is passed on, and leaves the transaction whole.
    EXPECT_EQ(connection.QueryPage(page, {int64_t{0}, int64_t{0}, "one"}, see).status(),
              absl::CancelledError("enough"));
    return connection.QueryPage(page, {int64_t{2}, int64_t{1}, "one"}, see).status();
  });
  EXPECT_TRUE(read.ok()) << read;
  EXPECT_THAT(seen, ElementsAre("12", "21", "11", "22"));
}

TEST_P(DatabaseConformance, APageWithoutAConditionMayBeginWithTheLastRow) {
  ASSERT_TRUE(Run("CREATE TABLE note (number BIGINT PRIMARY KEY, content TEXT NOT NULL)").ok());
  const absl::Status written = database().Write([&](Connection& connection) {
    return connection.InsertRows(
        "note", {"number", "content"},
        {{int64_t{1}, "four"}, {int64_t{2}, "four"}, {int64_t{3}, "four"}});
  });
  ASSERT_TRUE(written.ok()) << written;
  const PageQuery page{.columns = {"number", "content"},
                       .long_column = 1,
                       .table = "note",
                       .order = "number DESC",
                       .rows = 10,
                       .bytes = 8};
  std::vector<int64_t> seen;
  const absl::Status read = database().Read([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(const bool is_cut, connection.QueryPage(page, {}, [&](const Row& row) {
      seen.push_back(row.Int(0));
      return absl::OkStatus();
    }));
    EXPECT_TRUE(is_cut);
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
  EXPECT_THAT(seen, ElementsAre(3, 2));
}

TEST_P(DatabaseConformance, AQueryRunsWithinItself) {
  MakeAgencies();
  ASSERT_TRUE(
      Insert({{"agencies/a", nullptr, int64_t{1}}, {"agencies/b", nullptr, int64_t{2}}}).ok());
  const std::string sql = "SELECT name FROM agency WHERE size >= :p1 ORDER BY name";
  std::vector<std::string> seen;
  const absl::Status status = database().Read([&](Connection& connection) {
    return connection.Query(sql, {int64_t{1}}, [&](const Row& outer) -> absl::Status {
      RETURN_IF_ERROR(connection.Query(sql, {int64_t{2}}, [&](const Row& inner) {
        seen.push_back(absl::StrCat(outer.Text(0), " ", inner.Text(0)));
        return absl::OkStatus();
      }));
      seen.push_back(outer.Text(0));
      return absl::OkStatus();
    });
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(seen, ElementsAre("agencies/a agencies/b", "agencies/a", "agencies/b agencies/b",
                                "agencies/b"));
}

TEST_P(DatabaseConformance, MoreStatementsThanAreKeptGiveTheSameAnswers) {
  const absl::Status status = database().Read([](Connection& connection) -> absl::Status {
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 600; ++i) {
        ASSIGN_OR_RETURN(const auto rows, connection.QueryAll(absl::StrCat("SELECT ", i, " + :p1"),
                                                              {int64_t{round}}));
        EXPECT_EQ(rows[0].Int(0), i + round);
      }
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(DatabaseConformance, AStatementTakes32766ParametersAndNotOneMore) {
  const auto count = [&](int parameters) -> absl::StatusOr<int64_t> {
    std::string sql = "SELECT count(*) FROM (SELECT 7 AS x) AS one WHERE x IN (";
    for (int i = 1; i <= parameters; ++i) absl::StrAppend(&sql, i > 1 ? ",:p" : ":p", i);
    std::vector<Value> values(parameters, int64_t{0});
    values.back() = int64_t{7};
    int64_t result = 0;
    RETURN_IF_ERROR(database().Read([&](Connection& connection) -> absl::Status {
      ASSIGN_OR_RETURN(const auto rows, connection.QueryAll(absl::StrCat(sql, ")"), values));
      result = rows[0].Int(0);
      return absl::OkStatus();
    }));
    return result;
  };
  EXPECT_EQ(count(32766).value_or(-1), 1);
  const absl::Status status = count(32767).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("32767"), HasSubstr("32766")));
}

// ---- Inserts

TEST_P(DatabaseConformance, AnyNumberOfRowsIsInsertedInOrder) {
  ASSERT_TRUE(Run("CREATE TABLE line (number BIGINT PRIMARY KEY, half BIGINT, words TEXT)").ok());
  for (const int count : {0, 1, 2, 3, 4, 5, 31, 32, 33, 37, 64, 1000}) {
    ASSERT_TRUE(Run("DELETE FROM line").ok());
    std::vector<std::vector<Value>> rows;
    for (int64_t i = 0; i < count; ++i) {
      rows.push_back({i, i % 2 == 0 ? Value(i / 2) : Value(nullptr), absl::StrCat("line ", i)});
    }
    const absl::Status status = database().Write([&](Connection& connection) {
      return connection.InsertRows("line", {"number", "half", "words"}, rows);
    });
    ASSERT_TRUE(status.ok()) << status;
    std::vector<std::string> expected;
    for (int i = 0; i < count; ++i) {
      expected.push_back(absl::StrCat(i, "|", i % 2 == 0 ? absl::StrCat(i / 2) : "-", "|line ", i));
    }
    EXPECT_EQ(Ask("SELECT number, half, words FROM line ORDER BY number"), expected) << count;
  }
}

TEST_P(DatabaseConformance, RowsSoWideThatFewFitAStatementAreInserted) {
  constexpr int kColumns = 1200;
  std::vector<std::string> columns;
  std::vector<Value> row;
  for (int64_t i = 0; i < kColumns; ++i) {
    columns.push_back(absl::StrCat("c", i));
    row.emplace_back(i);
  }
  ASSERT_TRUE(
      Run(absl::StrCat("CREATE TABLE wide (", absl::StrJoin(columns, " SMALLINT, "), " BIGINT)"))
          .ok());
  const absl::Status status = database().Write([&](Connection& connection) {
    return connection.InsertRows("wide", columns, std::vector<std::vector<Value>>(40, row));
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Ask("SELECT count(*), min(c0), max(c1199) FROM wide"), ElementsAre("40|0|1199"));
}

TEST_P(DatabaseConformance, AKeyThatIsThereLosesTheInsert) {
  MakeAgencies();
  ASSERT_TRUE(Insert({{"agencies/50", "NV", int64_t{1}}}).ok());
  std::vector<std::vector<Value>> rows;
  for (int i = 0; i < 100; ++i) rows.push_back({absl::StrCat("agencies/", i), nullptr, int64_t{2}});
  EXPECT_EQ(Insert(rows).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(Agencies(), ElementsAre("agencies/50|NV|1"));
}

TEST_P(DatabaseConformance, AReplacingInsertTakesTheOldRowsPlace) {
  MakeAgencies();
  std::vector<std::vector<Value>> rows;
  for (int64_t i = 0; i < 40; ++i) rows.push_back({absl::StrCat("agencies/", i), nullptr, i});
  ASSERT_TRUE(Insert(rows, OnConflict::kReplace).ok());
  for (auto& row : rows) row[2] = int64_t{7};
  rows[3][1] = "NV";
  ASSERT_TRUE(Insert(rows, OnConflict::kReplace).ok());
  EXPECT_THAT(Ask("SELECT count(*), min(size), max(size), max(state) FROM agency"),
              ElementsAre("40|7|7|NV"));
  rows[3][1] = nullptr;
  ASSERT_TRUE(Insert({rows[3]}, OnConflict::kReplace).ok());
  EXPECT_THAT(Ask("SELECT state FROM agency WHERE name = 'agencies/3'"), ElementsAre("-"));
}

TEST_P(DatabaseConformance, AnIgnoringInsertLeavesTheOldRow) {
  MakeAgencies();
  ASSERT_TRUE(Insert({{"agencies/a", "NV", int64_t{1}}}).ok());
  ASSERT_TRUE(Insert({{"agencies/a", "TX", int64_t{2}}, {"agencies/b", "TX", int64_t{2}}},
                     OnConflict::kIgnore)
                  .ok());
  EXPECT_THAT(Agencies(), ElementsAre("agencies/a|NV|1", "agencies/b|TX|2"));
}

TEST_P(DatabaseConformance, OnlyTheKeysConflictIsReplacedOrIgnored) {
  MakeAgencies();
  ASSERT_TRUE(Insert({{"agencies/a", "NV", int64_t{1}}}).ok());
  for (const OnConflict on_conflict : {OnConflict::kReplace, OnConflict::kIgnore}) {
    EXPECT_EQ(Insert({{"agencies/b", "NV", int64_t{1}}}, on_conflict).code(),
              absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(Insert({{"agencies/c", nullptr, int64_t{-1}}}, on_conflict).code(),
              absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_THAT(Agencies(), ElementsAre("agencies/a|NV|1"));
}

TEST_P(DatabaseConformance, RowsThatAreAllKeyAreReplacedByThemselves) {
  ASSERT_TRUE(Run("CREATE TABLE held (expert TEXT, topic TEXT, PRIMARY KEY (expert, topic))").ok());
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = database().Write([](Connection& connection) {
      return connection.InsertRows("held", {"expert", "topic"}, {{"experts/a", "topics/x"}},
                                   OnConflict::kReplace, {"expert", "topic"});
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_THAT(Ask("SELECT expert, topic FROM held"), ElementsAre("experts/a|topics/x"));
}

TEST_P(DatabaseConformance, AnInsertThatIsNotWellFormedPutsInNothing) {
  MakeAgencies();
  const std::vector<std::string> columns = {"name", "size"};
  const std::vector<Value> good = {"agencies/a", int64_t{1}};
  const auto reason = [&](const std::string& table, const std::vector<std::string>& names,
                          const std::vector<std::vector<Value>>& rows, OnConflict on_conflict,
                          const std::vector<std::string>& key) {
    return ReasonOf(database().Write([&](Connection& connection) {
      return connection.InsertRows(table, names, rows, on_conflict, key);
    }));
  };
  const OnConflict fail = OnConflict::kFail;
  EXPECT_EQ(reason("agency", columns, {good, {"agencies/b"}}, fail, {}), "WRONG_STATEMENT");
  EXPECT_EQ(reason("agency", columns, {good, {"agencies/b", int64_t{1}, nullptr}}, fail, {}),
            "WRONG_STATEMENT");
  EXPECT_EQ(reason("agency", {}, {good}, fail, {}), "WRONG_STATEMENT");
  EXPECT_EQ(reason("agency; DROP TABLE agency", columns, {good}, fail, {}), "WRONG_STATEMENT");
  EXPECT_EQ(reason("agency", {"name", "size) VALUES (1"}, {good}, fail, {}), "WRONG_STATEMENT");
  EXPECT_EQ(reason("agency", columns, {good}, OnConflict::kReplace, {}), "WRONG_STATEMENT");
  EXPECT_EQ(reason("agency", columns, {good}, OnConflict::kIgnore, {"name) --"}),
            "WRONG_STATEMENT");
  EXPECT_THAT(Agencies(), IsEmpty());
}

// ---- Migrations

TEST_P(DatabaseConformance, StepsAreAppliedOnceInOrderAndRecorded) {
  const std::vector<Migration> steps = {
      Step(1, "CREATE TABLE a (x BIGINT);\nINSERT INTO a (x) VALUES (1);\n", "journal"),
      Step(1, "INSERT INTO a (x) SELECT 2 * x FROM a"),
      Step(2, "INSERT INTO a (x) SELECT 10 * x FROM a"),
  };
  ASSERT_TRUE(database().Migrate(steps).ok());
  ASSERT_TRUE(database().Migrate(steps).ok());
  Reopen();
  ASSERT_TRUE(database().Migrate(steps).ok());
  EXPECT_THAT(Ask("SELECT x FROM a ORDER BY x"), ElementsAre("1", "2", "10", "20"));
  EXPECT_THAT(
      Ask("SELECT component, number, sha256, apply_time FROM critac_migration ORDER BY 1, 2"),
      ElementsAre(
          absl::StrCat("intake|1|", Sha256Hex(steps[1].sql), "|", absl::ToUnixMicros(kNow)),
          absl::StrCat("intake|2|", Sha256Hex(steps[2].sql), "|", absl::ToUnixMicros(kNow)),
          absl::StrCat("journal|1|", Sha256Hex(steps[0].sql), "|", absl::ToUnixMicros(kNow))));
}

TEST_P(DatabaseConformance, ALaterVersionAppliesOnlyItsNewSteps) {
  ASSERT_TRUE(database().Migrate({Step(1, "CREATE TABLE a (x BIGINT)")}).ok());
  ASSERT_TRUE(database()
                  .Migrate({Step(1, "CREATE TABLE a (x BIGINT)"),
                            Step(2, "ALTER TABLE a ADD COLUMN y BIGINT")})
                  .ok());
  EXPECT_THAT(Steps(), ElementsAre("intake|1", "intake|2"));
  EXPECT_THAT(Ask("SELECT x, y FROM a"), IsEmpty());
}

TEST_P(DatabaseConformance, StepsThatAreMissingAreTold) {
  const auto missing = [this](const std::vector<Migration>& steps) {
    std::vector<std::string> names;
    const auto pending = PendingMigrations(database(), steps);
    EXPECT_TRUE(pending.ok()) << pending.status();
    for (const Migration& step : *pending) {
      names.push_back(absl::StrCat(step.component, "/", step.number));
    }
    return names;
  };
  const std::vector<Migration> steps = {Step(1, "CREATE TABLE a (x BIGINT)", "journal"),
                                        Step(1, "CREATE TABLE b (x BIGINT)"),
                                        Step(2, "CREATE TABLE c (x BIGINT)", "intake", 2)};
  EXPECT_THAT(missing(steps), ElementsAre("journal/1", "intake/1", "intake/2"));
  EXPECT_THAT(Steps(), IsEmpty());
  ASSERT_TRUE(database().Migrate({steps[0], steps[1]}).ok());
  EXPECT_THAT(missing(steps), ElementsAre("intake/2"));
  ASSERT_TRUE(database().Migrate(steps).ok());
  EXPECT_THAT(missing(steps), IsEmpty());
  // What Migrate would refuse is refused here too.
  EXPECT_EQ(ReasonOf(PendingMigrations(database(), {steps[1]}).status()), "DATABASE_NEWER");
  EXPECT_EQ(
      ReasonOf(PendingMigrations(database(), {Step(1, "CREATE TABLE d (x BIGINT)")}).status()),
      "MIGRATION_CHANGED");
}

TEST_P(DatabaseConformance, TablesAreListedByName) {
  ASSERT_TRUE(database()
                  .Migrate({Step(1,
                                 "CREATE TABLE b (x BIGINT);CREATE TABLE a (x BIGINT);"
                                 "INSERT INTO b (x) VALUES (1)")})
                  .ok());
  const absl::Status status = database().Read([this](Connection& connection) -> absl::Status {
    const auto tables = TablesOf(connection, database().backend());
    EXPECT_TRUE(tables.ok()) << tables.status();
    EXPECT_THAT(*tables, ElementsAre("a", "b", "critac_migration", "critac_migration_contract"));
    EXPECT_FALSE(*HasRows(connection, "a"));
    EXPECT_TRUE(*HasRows(connection, "b"));
    const auto components = MigratedComponents(connection);
    EXPECT_TRUE(components.ok()) << components.status();
    EXPECT_THAT(*components, ElementsAre("intake"));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(DatabaseConformance, AStepWhoseTextChangedIsRefusedAndNothingIsApplied) {
  ASSERT_TRUE(database().Migrate({Step(1, "CREATE TABLE a (x BIGINT)")}).ok());
  const absl::Status status = database().Migrate(
      {Step(1, "CREATE TABLE b (x BIGINT)", "journal"), Step(1, "CREATE TABLE a (x TEXT)")});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "MIGRATION_CHANGED");
  EXPECT_THAT(std::string(status.message()), HasSubstr("intake/1"));
  EXPECT_THAT(Steps(), ElementsAre("intake|1"));
}

// As in a rolling update, and after one that was rolled back.
TEST_P(DatabaseConformance, WhatALaterVersionAddedStaysAndTheVersionOfBeforeGoesOn) {
  const Migration first = Step(1, "CREATE TABLE a (x BIGINT)");
  const std::vector<Migration> later = {first,
                                        Step(2, "ALTER TABLE a ADD COLUMN y BIGINT DEFAULT 2"),
                                        Step(1, "CREATE TABLE b (x BIGINT)", "new")};
  ASSERT_TRUE(database().Migrate(later).ok());
  for (const std::vector<Migration>& before :
       {std::vector<Migration>{first}, {first, Step(1, "CREATE TABLE c (x BIGINT)", "z")}}) {
    const absl::Status status = database().Migrate(before);
    EXPECT_TRUE(status.ok()) << status;
    const auto pending = PendingMigrations(database(), before);
    ASSERT_TRUE(pending.ok()) << pending.status();
    EXPECT_THAT(*pending, IsEmpty());
    Reopen();
  }
  EXPECT_TRUE(Run("INSERT INTO a (x) VALUES (1)").ok());
  // What is there would not be made a second time.
  const absl::Status again = database().Migrate(later);
  EXPECT_TRUE(again.ok()) << again;
  EXPECT_THAT(Steps(), ElementsAre("intake|1", "intake|2", "new|1", "z|1"));
  EXPECT_THAT(Ask("SELECT x, y FROM a"), ElementsAre("1|2"));
}

TEST_P(DatabaseConformance, WhetherALaterVersionWasThereIsTold) {
  const std::vector<Migration> steps = {Step(1, "CREATE TABLE a (x BIGINT)"),
                                        Step(2, "CREATE TABLE b (x BIGINT)"),
                                        Step(1, "CREATE TABLE c (x BIGINT)", "new")};
  ASSERT_TRUE(database().Migrate(steps).ok());
  const absl::Status status = database().Read([&](Connection& connection) {
    EXPECT_FALSE(*HasLaterSteps(connection, steps));
    EXPECT_TRUE(*HasLaterSteps(connection, {steps[0], steps[1]}));
    EXPECT_TRUE(*HasLaterSteps(connection, {steps[0], steps[2]}));
    // Its own steps may be missing.
    EXPECT_FALSE(*HasLaterSteps(
        connection, {steps[0], steps[1], steps[2], Step(2, "CREATE TABLE d (x BIGINT)", "new")}));
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(DatabaseConformance, WhereALaterStepContractsWhoDoesNotKnowWhatItNeedsIsRefused) {
  const Migration first = Step(1, "CREATE TABLE a (x BIGINT)");
  const Migration second = Step(2, "CREATE TABLE b (x BIGINT)");
  ASSERT_TRUE(database().Migrate({first, second, Step(3, "DROP TABLE a", "intake", 2)}).ok());
  Reopen();
  for (const std::vector<Migration>& before : {std::vector<Migration>{first},
                                               {first, Step(1, "CREATE TABLE c (x BIGINT)", "z")},
                                               {Step(1, "CREATE TABLE c (x BIGINT)", "z")}}) {
    const absl::Status status = database().Migrate(before);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(status), "DATABASE_NEWER");
    EXPECT_THAT(std::string(status.message()), HasSubstr("intake/3"));
    EXPECT_EQ(ReasonOf(PendingMigrations(database(), before).status()), "DATABASE_NEWER");
  }
  const absl::Status enough = database().Migrate({first, second});
  EXPECT_TRUE(enough.ok()) << enough;
  EXPECT_THAT(Steps(), ElementsAre("intake|1", "intake|2", "intake|3"));
}

// A database that was made before it was recorded what steps need.
TEST_P(DatabaseConformance, WhereNothingIsRecordedOfWhatStepsNeedTheyExpand) {
  const Migration first = Step(1, "CREATE TABLE a (x BIGINT)");
  ASSERT_TRUE(database().Migrate({first, Step(2, "CREATE TABLE b (x BIGINT)")}).ok());
  ASSERT_TRUE(Run("DROP TABLE critac_migration_contract").ok());
  Reopen();
  const absl::Status status = database().Migrate({first});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Ask("SELECT count(*) FROM critac_migration_contract"), ElementsAre("0"));
}

TEST_P(DatabaseConformance, ComponentsThatAreNotGivenAreLeftAlone) {
  ASSERT_TRUE(database().Migrate({Step(1, "CREATE TABLE a (x BIGINT)", "journal")}).ok());
  EXPECT_TRUE(database().Migrate({Step(1, "CREATE TABLE b (x BIGINT)")}).ok());
  EXPECT_TRUE(database().Migrate({}).ok());
  EXPECT_THAT(Steps(), ElementsAre("intake|1", "journal|1"));
}

TEST_P(DatabaseConformance, AStepThatFailsIsUndoneWholeAndTriedAgainLater) {
  const Migration first = Step(1, "CREATE TABLE a (x BIGINT)");
  const absl::Status status = database().Migrate(
      {first, Step(2, "CREATE TABLE b (x BIGINT);\nINSERT INTO nothing VALUES (1)")});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("intake/2"));
  EXPECT_THAT(Steps(), ElementsAre("intake|1"));
  EXPECT_TRUE(database().Migrate({first, Step(2, "CREATE TABLE b (x BIGINT)")}).ok());
}

TEST_P(DatabaseConformance, NumbersOfAComponentCountFromOne) {
  const std::string sql = "CREATE TABLE a (x BIGINT)";
  const std::string other = "CREATE TABLE b (x BIGINT)";
  for (const std::vector<Migration>& steps : {std::vector<Migration>{Step(0, sql)},
                                              {Step(2, sql)},
                                              {Step(1, sql), Step(3, other)},
                                              {Step(1, sql), Step(1, other)},
                                              {Step(1, sql, "intake", -1)},
                                              {Step(1, sql), Step(2, other, "intake", 3)}}) {
    EXPECT_EQ(database().Migrate(steps).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_THAT(Steps(), IsEmpty());
}

TEST_P(DatabaseConformance, SemicolonsInQuotesAndCommentsDoNotEndAStatement) {
  ASSERT_TRUE(database()
                  .Migrate({Step(1,
                                 "CREATE TABLE a (x TEXT); -- one; two\n"
                                 "INSERT INTO a (x) VALUES ('it''s; here;\n');/* ; */\n;\n"
                                 "INSERT INTO a (x) VALUES (':p1')")})
                  .ok());
  EXPECT_THAT(Ask("SELECT x FROM a ORDER BY x"), ElementsAre(":p1", "it's; here;\n"));
}

TEST_P(DatabaseConformance, ConnectionsSeeTheColumnsOfTheNewSchema) {
  const Migration first = Step(1, "CREATE TABLE a (x BIGINT);\nINSERT INTO a (x) VALUES (1)");
  ASSERT_TRUE(database().Migrate({first}).ok());
  for (int i = 0; i < 8; ++i) EXPECT_THAT(Ask("SELECT * FROM a"), ElementsAre("1"));
  ASSERT_TRUE(
      database().Migrate({first, Step(2, "ALTER TABLE a ADD COLUMN y BIGINT DEFAULT 2")}).ok());
  for (int i = 0; i < 8; ++i) EXPECT_THAT(Ask("SELECT * FROM a"), ElementsAre("1|2"));
}

TEST_P(DatabaseConformance, TwoWhoMigrateAtOnceApplyEachStepOnce) {
  std::vector<Migration> steps = {Step(1, "CREATE TABLE a (x BIGINT)")};
  for (int i = 2; i <= 12; ++i)
    steps.push_back(Step(i, absl::StrCat("INSERT INTO a (x) VALUES (", i, ")")));
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      const auto own = Open();
      ASSERT_NE(own, nullptr);
      const absl::Status status = own->Migrate(steps);
      EXPECT_TRUE(status.ok()) << status;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Ask("SELECT count(*) FROM a"), ElementsAre("11"));
  EXPECT_THAT(Steps(), SizeIs(12));
}

// ---- Readiness

TEST_P(DatabaseConformance, CheckWritableWritesAndLeavesNothing) {
  ASSERT_TRUE(database().Migrate({Step(1, "CREATE TABLE a (x BIGINT)")}).ok());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(database().CheckWritable().ok());
  EXPECT_THAT(Steps(), ElementsAre("intake|1"));
  EXPECT_TRUE(Run("INSERT INTO a (x) VALUES (1)").ok());
  Reopen();
  EXPECT_THAT(Steps(), ElementsAre("intake|1"));
  EXPECT_THAT(Ask("SELECT x FROM a"), ElementsAre("1"));
}

}  // namespace critac::store

#endif  // TESTS_CONFORMANCE_DATABASE_CONFORMANCE_H_
