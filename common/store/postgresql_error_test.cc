#include "common/store/postgresql_error.h"

#include "common/status/error.h"
#include "common/store/postgresql_database.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PostgresqlStatus, EveryStateHasItsCode) {
  struct Case {
    const char* sqlstate;
    absl::StatusCode code;
    const char* reason;
  };
  for (const Case& one : {Case{"23505", absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY"},
                          {"23502", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED"},
                          {"23503", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED"},
                          {"22P02", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED"},
                          {"40001", absl::StatusCode::kAborted, "TRANSACTION_ABORTED"},
                          {"40P01", absl::StatusCode::kAborted, "TRANSACTION_ABORTED"},
                          {"40003", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
                          {"25P03", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
                          {"0A000", absl::StatusCode::kAborted, "TRANSACTION_ABORTED"},
                          {"55P03", absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
                          {"57014", absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
                          {"53100", absl::StatusCode::kResourceExhausted, "DATABASE_FULL"},
                          {"53200", absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY"},
                          {"53300", absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
                          {"25006", absl::StatusCode::kPermissionDenied, "DATABASE_READ_ONLY"},
                          {"XX001", absl::StatusCode::kDataLoss, "DATABASE_CORRUPT"},
                          {"57P01", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
                          {"08P01", absl::StatusCode::kInternal, "DATABASE_ERROR"},
                          {"08006", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
                          {"28P01", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
                          {"3D000", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
                          {"", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
                          {"     ", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
                          {"42601", absl::StatusCode::kInternal, "DATABASE_ERROR"},
                          {"XX000", absl::StatusCode::kInternal, "DATABASE_ERROR"}}) {
    const absl::Status status = PostgresqlStatus(one.sqlstate, "said", "postgresql://h/d");
    EXPECT_EQ(status.code(), one.code) << one.sqlstate;
    EXPECT_EQ(ReasonOf(status), one.reason) << one.sqlstate;
    EXPECT_THAT(std::string(status.message()), HasSubstr("postgresql://h/d: "));
    EXPECT_EQ(RetryInfoOf(status).has_retry_delay(), one.code == absl::StatusCode::kUnavailable)
        << one.sqlstate;
  }
}

TEST(PostgresqlStatus, PassesOnWhatHoldsNoValue) {
  EXPECT_THAT(
      std::string(PostgresqlStatus("42601", "syntax error at or near \"SELEKT\"\nLINE 1: …", "db")
                      .message()),
      "db: the statement failed (syntax error at or near \"SELEKT\")");
  EXPECT_THAT(
      std::string(PostgresqlStatus("22P02", "invalid input syntax for type bigint: \"robin\"", "db")
                      .message()),
      Not(HasSubstr("robin")));
}

TEST(PostgresqlName, HoldsNoPassword) {
  EXPECT_EQ(PostgresqlName("postgresql://critac:s3cr@t@db1:5432,db2/center?sslmode=require"),
            "postgresql://db1:5432,db2/center");
  EXPECT_EQ(PostgresqlName("postgres://db1"), "postgres://db1");
  EXPECT_EQ(PostgresqlName("postgresql:///center?host=/run/pg&user=x&password=y"),
            "postgresql:///center?host=/run/pg");
}

}  // namespace
}  // namespace critac::store
