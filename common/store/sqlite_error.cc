#include "common/store/sqlite_error.h"

#include <sqlite3.h>

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::store {
namespace {

struct Meaning {
  absl::StatusCode code;
  absl::string_view reason;
  absl::string_view words;
};

constexpr Meaning kDuplicate = {absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY",
                                "a row with this key is there already"};
constexpr Meaning kConstraint = {absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED",
                                 "a constraint does not hold"};
constexpr Meaning kBusy = {absl::StatusCode::kUnavailable, "DATABASE_BUSY",
                           "another process holds the lock"};
constexpr Meaning kAborted = {absl::StatusCode::kAborted, "TRANSACTION_ABORTED",
                              "the transaction was undone; begin it anew"};
constexpr Meaning kFull = {absl::StatusCode::kResourceExhausted, "DATABASE_FULL",
                           "the disk is full"};
constexpr Meaning kReadOnly = {absl::StatusCode::kPermissionDenied, "DATABASE_READ_ONLY",
                               "it cannot be written to"};
constexpr Meaning kCorrupt = {absl::StatusCode::kDataLoss, "DATABASE_CORRUPT",
                              "the file is damaged, or no database"};
constexpr Meaning kCannotOpen = {absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                                 "it cannot be opened"};
constexpr Meaning kOther = {absl::StatusCode::kInternal, "DATABASE_ERROR", "the statement failed"};

struct Entry {
  int result;
  Meaning meaning;
};

// By extended result code; a primary code stands for all of its kind that are not named.
constexpr Entry kMeanings[] = {
    {SQLITE_CONSTRAINT_PRIMARYKEY, kDuplicate},
    {SQLITE_CONSTRAINT_UNIQUE, kDuplicate},
    {SQLITE_CONSTRAINT_ROWID, kDuplicate},
    {SQLITE_CONSTRAINT, kConstraint},
    {SQLITE_MISMATCH, kConstraint},
    {SQLITE_BUSY_SNAPSHOT, kAborted},
    {SQLITE_BUSY, kBusy},
    {SQLITE_LOCKED, kBusy},
    {SQLITE_ABORT, kAborted},
    {SQLITE_FULL, kFull},
    {SQLITE_NOMEM, {absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY", "memory ran out"}},
    {SQLITE_READONLY, kReadOnly},
    {SQLITE_PERM, kReadOnly},
    {SQLITE_AUTH, kReadOnly},
    {SQLITE_CORRUPT, kCorrupt},
    {SQLITE_NOTADB, kCorrupt},
    {SQLITE_IOERR_CORRUPTFS, kCorrupt},
    {SQLITE_CANTOPEN, kCannotOpen},
};

// A failed system call says more than the result code, which is SQLITE_IOERR for most of them.
constexpr Entry kSystemMeanings[] = {
    {ENOSPC, kFull},     {EDQUOT, kFull},    {EFBIG, kFull},
    {EACCES, kReadOnly}, {EPERM, kReadOnly}, {EROFS, kReadOnly},
};

template <size_t N>
const Meaning* Find(const Entry (&entries)[N], int result) {
  for (const Entry& entry : entries) {
    if (entry.result == result) return &entry.meaning;
  }
  return nullptr;
}

// Of other results the system error is a stale one.
bool HasSystemError(int result) {
  const int primary = result & 0xff;
  return primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
}

const Meaning& MeaningOf(int result, int system_error) {
  if (HasSystemError(result)) {
    if (const Meaning* meaning = Find(kSystemMeanings, system_error)) return *meaning;
  }
  if (const Meaning* meaning = Find(kMeanings, result)) return *meaning;
  if (const Meaning* meaning = Find(kMeanings, result & 0xff)) return *meaning;
  return kOther;
}

}  // namespace

absl::Status SqliteStatus(int result, int system_error, absl::string_view said,
                          absl::string_view database) {
  const Meaning& meaning = MeaningOf(result, system_error);
  std::string message = absl::StrCat(database, ": ", meaning.words, " (", said);
  if (HasSystemError(result) && system_error != 0) {
    absl::StrAppend(&message, ", ", std::generic_category().message(system_error));
  }
  absl::StrAppend(&message, ")");
  return Error(meaning.code, meaning.reason, message).ToStatus();
}

}  // namespace critac::store
