#include "common/store/migrate.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/store/sqlite_back_end.h"
#include "gtest/gtest.h"

namespace critac::store {
namespace {

// No step was applied, and every statement that alters a table fails.
class FailingConnection final : public Connection {
 public:
  explicit FailingConnection(absl::Status status) : status_(std::move(status)) {}

  absl::StatusOr<int64_t> Execute(absl::string_view sql, absl::Span<const Value>) override {
    if (absl::StartsWith(sql, "ALTER TABLE")) return status_;
    return 0;
  }
  absl::Status ExecuteLater(absl::string_view, absl::Span<const Value>) override {
    return Nothing();
  }
  absl::Status Query(absl::string_view, absl::Span<const Value>,
                     absl::FunctionRef<absl::Status(const Row&)>) override {
    return Nothing();
  }
  absl::Status QueryPage(const PageQuery&, absl::Span<const Value>,
                         absl::FunctionRef<absl::Status(const Row&)>) override {
    return Nothing();
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

}  // namespace
}  // namespace critac::store
