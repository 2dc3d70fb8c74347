#include "common/store/postgresql_error.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"

namespace critac::store {
namespace {

constexpr absl::Duration kRetryPause = absl::Seconds(1);

struct Meaning {
  absl::string_view sqlstate;  // or a class of them: its first two characters
  absl::StatusCode code;
  absl::string_view reason;
  absl::string_view words;
};

// The first that the SQLSTATE begins with counts.
constexpr Meaning kMeanings[] = {
    {"23505", absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY",
     "a row with this key is there already"},
    {"23", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED",
     "a constraint does not hold"},
    {"22", absl::StatusCode::kFailedPrecondition, "CONSTRAINT_FAILED",
     "a value is not of the column's type"},
    // Of class 40, and yet not undone for certain: a distributed database that lost sight of a commit.
    {"40003", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
     "whether the transaction was committed is not known"},
    {"40", absl::StatusCode::kAborted, "TRANSACTION_ABORTED",
     "the transaction was undone; begin it anew"},
    // A prepared statement's columns are not those of the schema any more.
    {"0A000", absl::StatusCode::kAborted, "TRANSACTION_ABORTED",
     "the schema has changed; begin the transaction anew"},
    {"55P03", absl::StatusCode::kUnavailable, "DATABASE_BUSY",
     "another transaction holds the lock"},
    {"57014", absl::StatusCode::kUnavailable, "DATABASE_BUSY", "the statement took too long"},
    {"53100", absl::StatusCode::kResourceExhausted, "DATABASE_FULL", "the disk is full"},
    {"53200", absl::StatusCode::kResourceExhausted, "OUT_OF_MEMORY", "memory ran out"},
    {"53", absl::StatusCode::kUnavailable, "DATABASE_BUSY", "the server has no room left"},
    // A transaction that its process left alone for too long; the server has ended the session.
    {"25P", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "the connection was lost"},
    {"25006", absl::StatusCode::kPermissionDenied, "DATABASE_READ_ONLY", "it cannot be written to"},
    {"42501", absl::StatusCode::kPermissionDenied, "DATABASE_READ_ONLY",
     "the database's user may not do this"},
    {"XX001", absl::StatusCode::kDataLoss, "DATABASE_CORRUPT", "its data is damaged"},
    {"XX002", absl::StatusCode::kDataLoss, "DATABASE_CORRUPT", "an index is damaged"},
    {"28", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "it refuses this user"},
    {"3D000", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "it is not there"},
    // What this process sent was wrong; the connection is whole.
    {"08P01", absl::StatusCode::kInternal, "DATABASE_ERROR", "the statement failed"},
    {"08", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "the connection was lost"},
    {"57", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "the server is going down"},
    {"58", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE", "the server's disk failed"},
};
constexpr Meaning kLost = {"", absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                           "the connection was lost"};
constexpr Meaning kOther = {"", absl::StatusCode::kInternal, "DATABASE_ERROR",
                            "the statement failed"};

const Meaning& MeaningOf(absl::string_view sqlstate) {
  if (absl::StripAsciiWhitespace(sqlstate).empty()) return kLost;
  for (const Meaning& meaning : kMeanings) {
    if (absl::StartsWith(sqlstate, meaning.sqlstate)) return meaning;
  }
  return kOther;
}

// Messages of these classes quote what a caller sent; of a duplicate key or a broken constraint the
// server's name of it says which one.
bool MayHoldValues(absl::string_view sqlstate) { return absl::StartsWith(sqlstate, "22"); }

}  // namespace

absl::Status PostgresqlStatus(absl::string_view sqlstate, absl::string_view said,
                              absl::string_view database) {
  const Meaning& meaning = MeaningOf(sqlstate);
  std::string message = absl::StrCat(database, ": ", meaning.words);
  // The first line: further ones are details, which hold values.
  const absl::string_view line = absl::StripAsciiWhitespace(said.substr(0, said.find('\n')));
  if (!line.empty() && !MayHoldValues(sqlstate)) absl::StrAppend(&message, " (", line, ")");
  Error error(meaning.code, meaning.reason, message);
  // Another server takes over, or this one comes back, within seconds.
  if (meaning.code == absl::StatusCode::kUnavailable) error.RetryAfter(kRetryPause);
  return error.ToStatus();
}

}  // namespace critac::store
