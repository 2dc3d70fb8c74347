#include "common/store/sqlite_error.h"

#include <sqlite3.h>

#include <cerrno>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SqliteError, EachResultHasItsCodeAndReason) {
  const struct {
    int result;
    int system_error;
    absl::StatusCode code;
    const char* reason;
  } kCases[] = {
      {SQLITE_CONSTRAINT_PRIMARYKEY, 0, absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY"},
      {SQLITE_CONSTRAINT_UNIQUE, 0, absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY"},
      {SQLITE_CONSTRAINT_ROWID, 0, absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY"},
      {SQLITE_CONSTRAINT_NOTNULL, 0, absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED"},
      {SQLITE_CONSTRAINT_FOREIGNKEY, 0, absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED"},
      {SQLITE_CONSTRAINT_TRIGGER, 0, absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED"},
      {SQLITE_MISMATCH, 0, absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED"},
      {SQLITE_BUSY, 0, absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
      {SQLITE_BUSY_RECOVERY, 0, absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
      {SQLITE_LOCKED, 0, absl::StatusCode::kUnavailable, "DATABASE_BUSY"},
      {SQLITE_BUSY_SNAPSHOT, 0, absl::StatusCode::kAborted, "TRANSACTION_ABORTED"},
      {SQLITE_ABORT_ROLLBACK, 0, absl::StatusCode::kAborted, "TRANSACTION_ABORTED"},
      {SQLITE_FULL, 0, absl::StatusCode::kResourceExhausted, "DATABASE_FULL"},
      {SQLITE_IOERR_WRITE, ENOSPC, absl::StatusCode::kResourceExhausted, "DATABASE_FULL"},
      {SQLITE_IOERR_SHMSIZE, EDQUOT, absl::StatusCode::kResourceExhausted, "DATABASE_FULL"},
      {SQLITE_IOERR_WRITE, EFBIG, absl::StatusCode::kResourceExhausted, "DATABASE_FULL"},
      {SQLITE_NOMEM, 0, absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY"},
      {SQLITE_READONLY, 0, absl::StatusCode::kPermissionDenied, "DATABASE_READ_ONLY"},
      {SQLITE_READONLY_DBMOVED, 0, absl::StatusCode::kPermissionDenied, "DATABASE_READ_ONLY"},
      {SQLITE_CANTOPEN, EACCES, absl::StatusCode::kPermissionDenied, "DATABASE_READ_ONLY"},
      {SQLITE_IOERR_WRITE, EROFS, absl::StatusCode::kPermissionDenied, "DATABASE_READ_ONLY"},
      {SQLITE_CORRUPT, 0, absl::StatusCode::kDataLoss, "DATABASE_CORRUPT"},
      {SQLITE_CORRUPT_INDEX, 0, absl::StatusCode::kDataLoss, "DATABASE_CORRUPT"},
      {SQLITE_NOTADB, 0, absl::StatusCode::kDataLoss, "DATABASE_CORRUPT"},
      {SQLITE_IOERR_CORRUPTFS, EIO, absl::StatusCode::kDataLoss, "DATABASE_CORRUPT"},
      {SQLITE_CANTOPEN, ENOENT, absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE"},
      {SQLITE_IOERR_READ, EIO, absl::StatusCode::kInternal, "DATABASE_ERROR"},
      {SQLITE_ERROR, 0, absl::StatusCode::kInternal, "DATABASE_ERROR"},
      {SQLITE_TOOBIG, 0, absl::StatusCode::kInternal, "DATABASE_ERROR"},
      {12345 << 8 | 99, 0, absl::StatusCode::kInternal, "DATABASE_ERROR"},
  };
  for (const auto& c : kCases) {
    const absl::Status status = SqliteStatus(c.result, c.system_error, "said", "center.db");
    EXPECT_EQ(status.code(), c.code) << c.result;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.result;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("center.db: "), HasSubstr("said")));
  }
}

TEST(SqliteError, OnlyAFailedSystemCallIsBlamedOnTheSystem) {
  EXPECT_THAT(std::string(SqliteStatus(SQLITE_IOERR_WRITE, ENOSPC, "said", "db").message()),
              HasSubstr("No space left"));
  // An errno left over from an earlier call.
  const absl::Status status = SqliteStatus(SQLITE_ERROR, ENOSPC, "said", "db");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("No space left")));
}

}  // namespace
}  // namespace critac::store
