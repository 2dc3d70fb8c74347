#include "absl/strings/str_replace.h"
#include "common/journal/journal.h"

namespace critac::journal {
namespace {

// SQLite keeps a table whose key is text or composed best as one tree by that key, which PostgreSQL
// has no word for; and a 64-bit key that is the row's own number must there be called INTEGER.
std::string ForBackend(absl::string_view sql, store::Backend backend) {
  const bool sqlite = backend == store::Backend::kSqlite;
  return absl::StrReplaceAll(sql, {{"$BY_KEY", sqlite ? " WITHOUT ROWID" : ""},
                                   {"$SEQUENCE", sqlite ? "INTEGER" : "BIGINT"}});
}

constexpr absl::string_view kFirst = R"sql(
CREATE TABLE journal_event (
  sequence $SEQUENCE PRIMARY KEY,
  record_time BIGINT NOT NULL,
  actor TEXT NOT NULL,
  subject TEXT NOT NULL,
  type TEXT NOT NULL,
  payload TEXT NOT NULL,
  request_id TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE INDEX journal_event_subject ON journal_event (subject, sequence);
CREATE TABLE journal_head (
  id $SEQUENCE PRIMARY KEY,
  sequence BIGINT NOT NULL,
  record_time BIGINT NOT NULL,
  hash TEXT NOT NULL
);
INSERT INTO journal_head (id, sequence, record_time, hash) VALUES (1, 0, 0, '');
CREATE TABLE journal_answer (
  request_id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  type TEXT NOT NULL,
  answer TEXT NOT NULL
)$BY_KEY;
CREATE TABLE journal_vault (
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  field TEXT NOT NULL,
  salt TEXT NOT NULL,
  content TEXT NOT NULL
)$BY_KEY;
)sql";

}  // namespace

std::vector<store::Migration> JournalMigrations(store::Backend backend) {
  return {{1, "journal", ForBackend(kFirst, backend)}};
}

}  // namespace critac::journal
