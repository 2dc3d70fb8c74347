#include "absl/strings/str_replace.h"
#include "common/journal/journal.h"

namespace critac::journal {
namespace {

// SQLite keeps a table whose key is composed best as one tree by that key, which PostgreSQL has no
// word for; and a 64-bit key that is the row's own number must there be called INTEGER.
std::string ForBackend(absl::string_view sql, store::Backend backend) {
  const bool sqlite = backend == store::Backend::kSqlite;
  return absl::StrReplaceAll(sql, {{"$BY_KEY", sqlite ? " WITHOUT ROWID" : ""},
                                   {"$SEQUENCE", sqlite ? "INTEGER" : "BIGINT"},
                                   {"$COUNTED", sqlite ? "INTEGER PRIMARY KEY"
                                                       : "BIGINT GENERATED ALWAYS AS IDENTITY "
                                                         "PRIMARY KEY"}});
}

// All tables grow at their end, so that a commit writes few pages, however much was written before.
// Request ids come in no order; their index therefore holds no more of them than a number
// (RequestKey).
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
  number $COUNTED,
  request_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  type TEXT NOT NULL,
  answer TEXT NOT NULL,
  request_key BIGINT NOT NULL
);
CREATE INDEX journal_answer_key ON journal_answer (request_key);
CREATE TABLE journal_vault (
  sequence BIGINT NOT NULL,
  place BIGINT NOT NULL,
  field TEXT NOT NULL,
  salt TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (sequence, place)
)$BY_KEY;
)sql";

// With which shape the projections' rows were written.
constexpr absl::string_view kShape = R"sql(
CREATE TABLE journal_shape (
  id $SEQUENCE PRIMARY KEY,
  shape TEXT NOT NULL
);
)sql";

// What processes that have the journal together have to know of its projections (tables.h).
constexpr absl::string_view kShared = R"sql(
ALTER TABLE journal_head ADD COLUMN shape TEXT NOT NULL DEFAULT '';
ALTER TABLE journal_head ADD COLUMN behind BIGINT NOT NULL DEFAULT 0;
ALTER TABLE journal_head ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
)sql";

// Which records the last commits changed: so that other processes forget these, and not all that they remember.
constexpr absl::string_view kChanges = R"sql(
CREATE TABLE journal_change (
  sequence $SEQUENCE PRIMARY KEY,
  hash TEXT NOT NULL,
  generation BIGINT NOT NULL,
  sequence_before BIGINT NOT NULL,
  hash_before TEXT NOT NULL,
  names TEXT NOT NULL
);
)sql";

// Who has read a text of the vault and sees the head unchanged knows that it is still there: a purge, be it by hand,
// changes the head. On PostgreSQL it takes the head before the texts, as those who write do.
constexpr absl::string_view kPurgesOnSqlite = R"sql(
CREATE TRIGGER journal_vault_delete AFTER DELETE ON journal_vault BEGIN
  UPDATE journal_head SET generation = generation + 1 WHERE id = 1;
END;
CREATE TRIGGER journal_vault_update AFTER UPDATE ON journal_vault BEGIN
  UPDATE journal_head SET generation = generation + 1 WHERE id = 1;
END;
)sql";
constexpr absl::string_view kPurgesOnPostgresql = R"sql(
CREATE FUNCTION journal_vault_purge() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
  EXECUTE format(''UPDATE %I.journal_head SET generation = generation + 1 WHERE id = 1'', TG_TABLE_SCHEMA);
  RETURN NULL;
END';
CREATE TRIGGER journal_vault_purge BEFORE DELETE OR UPDATE OR TRUNCATE ON journal_vault
FOR EACH STATEMENT EXECUTE FUNCTION journal_vault_purge()
)sql";

// Changes nothing. From here on shapes name fields too. Programs of before, which compare columns alone, tell by a step
// that they do not know that the rows are a later version's, and leave them as they are.
constexpr absl::string_view kFields = R"sql(
UPDATE journal_shape SET shape = shape;
)sql";

}  // namespace

std::vector<store::Migration> JournalMigrations(store::Backend backend) {
  return {{1, "journal", ForBackend(kFirst, backend)},
          {2, "journal", ForBackend(kShape, backend)},
          {3, "journal", ForBackend(kShared, backend)},
          {4, "journal",
           std::string(backend == store::Backend::kSqlite ? kPurgesOnSqlite : kPurgesOnPostgresql)},
          {5, "journal", ForBackend(kChanges, backend)},
          {6, "journal", ForBackend(kFields, backend)}};
}

}  // namespace critac::journal
