#include "common/store/migrate.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/store/postgresql_back_end.h"
#include "common/store/sqlite_back_end.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// No step was applied, and every statement that begins so fails.
class FailingConnection final : public Connection {
 public:
  explicit FailingConnection(absl::Status status, std::string beginning = "ALTER TABLE")
      : status_(std::move(status)), beginning_(std::move(beginning)) {}

  absl::StatusOr<int64_t> Execute(absl::string_view sql, absl::Span<const Value>) override {
    if (absl::StartsWith(sql, beginning_)) return status_;
    return 0;
  }
  absl::Status ExecuteLater(absl::string_view, absl::Span<const Value>) override {
    return Nothing();
  }
  absl::Status Query(absl::string_view, absl::Span<const Value>,
                     absl::FunctionRef<absl::Status(const Row&)>) override {
    return Nothing();
  }
  absl::StatusOr<bool> QueryPage(const PageQuery&, absl::Span<const Value>,
                                 absl::FunctionRef<absl::Status(const Row&)>) override {
    return false;
  }
  absl::Status QueryForUpdate(absl::string_view, absl::Span<const Value>,
                              absl::FunctionRef<absl::Status(const Row&)>) override {
    return Nothing();
  }
  absl::Status Announce() override { return Nothing(); }
  absl::Status InsertRows(absl::string_view, absl::Span<const std::string>,
                          absl::Span<const std::vector<Value>>, OnConflict,
                          absl::Span<const std::string>) override {
    return Nothing();
  }

 private:
  static absl::Status Nothing() { return absl::OkStatus(); }

  const absl::Status status_;
  const std::string beginning_;
};

std::string MessageOfStep(const std::string& sql, absl::string_view reason) {
  FailingConnection connection(Error(absl::StatusCode::kUnavailable, reason, "why").ToStatus());
  const absl::Status status =
      Migrate({{1, "intake", sql}}, SqliteBackEnd(), SystemClock::Instance(),
              [&](absl::FunctionRef<absl::Status(Connection&)> body) { return body(connection); });
  EXPECT_EQ(ReasonOf(status), reason);
  return std::string(status.message());
}

TEST(Migrate, WhatOthersHoldIsSaidByTheStatementThatNeedsIt) {
  EXPECT_EQ(MessageOfStep("SELECT 1;\nALTER TABLE a\n  ADD COLUMN y BIGINT;", "DATABASE_BUSY"),
            "migration intake/1, ALTER TABLE a ADD COLUMN y BIGINT: why");
  const std::string most = absl::StrCat("ALTER TABLE a ADD COLUMN ", std::string(55, 'y'));
  EXPECT_EQ(MessageOfStep(most, "DATABASE_BUSY"),
            absl::StrCat("migration intake/1, ", most, ": why"));
  EXPECT_EQ(MessageOfStep(most + "z", "DATABASE_BUSY"),
            absl::StrCat("migration intake/1, ", most, "…: why"));
}

TEST(Migrate, WhatFailsOtherwiseIsSaidByTheNumberOfTheStep) {
  EXPECT_EQ(MessageOfStep("ALTER TABLE a ADD COLUMN y BIGINT", "DATABASE_FULL"),
            "migration intake/1: why");
}

// What a migration says while it waits, by a clock that moves with its pauses.
class PatientMigration {
 public:
  // Others hold what it needs during so many tries.
  absl::Status Run(FailingConnection& connection, int failing_tries) {
    int tries = 0;
    return Migrate({{1, "intake", "ALTER TABLE a ADD COLUMN y BIGINT"}}, PostgresqlBackEnd(),
                   clock_,
                   [&](absl::FunctionRef<absl::Status(Connection&)> body) {
                     const absl::Status status = body(connection);
                     return (status.ok() || ++tries <= failing_tries) ? status : absl::OkStatus();
                   },
                   {.clock = &clock_,
                    .sleep = [this](absl::Duration pause) { clock_.Advance(pause); },
                    .tell = [this](const std::string& line) { told_.push_back(line); }});
  }
  const std::vector<std::string>& told() const { return told_; }

 private:
  ManualClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  std::vector<std::string> told_;
};

TEST(Migrate, AStepThatWaitsForATableSaysSoAtOnceAndAgainEveryTenSeconds) {
  FailingConnection connection(
      Error(absl::StatusCode::kUnavailable, "DATABASE_BUSY", "why").ToStatus());
  PatientMigration migration;
  const absl::Status status = migration.Run(connection, 12);
  EXPECT_TRUE(status.ok()) << status;
  const std::string why = ": migration intake/1, ALTER TABLE a ADD COLUMN y BIGINT: why";
  EXPECT_THAT(migration.told(),
              ElementsAre("waiting for other processes, at most 10m" + why,
                          "still waiting for other processes, 10s of at most 10m" + why));
}

TEST(Migrate, WhereOthersMigrateTheTurnIsWaitedForTenMinutes) {
  FailingConnection connection(
      Error(absl::StatusCode::kUnavailable, "DATABASE_BUSY", "why").ToStatus(), "LOCK TABLE");
  PatientMigration migration;
  const absl::Status status = migration.Run(connection, 1000);
  EXPECT_EQ(ReasonOf(status), "DATABASE_BUSY");
  EXPECT_EQ(status.message(), "the turn to migrate: why");
  ASSERT_EQ(migration.told().size(), 60u);
  EXPECT_EQ(migration.told().back(),
            "still waiting for other processes, 9m50s of at most 10m: the turn to migrate: why");
}

TEST(Migrate, WhatFailsOtherwiseIsNotWaitedFor) {
  FailingConnection connection(
      Error(absl::StatusCode::kResourceExhausted, "DATABASE_FULL", "why").ToStatus());
  PatientMigration migration;
  EXPECT_EQ(ReasonOf(migration.Run(connection, 1)), "DATABASE_FULL");
  EXPECT_THAT(migration.told(), IsEmpty());
}

}  // namespace
}  // namespace critac::store
