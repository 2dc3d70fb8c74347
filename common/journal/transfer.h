#ifndef COMMON_JOURNAL_TRANSFER_H_
#define COMMON_JOURNAL_TRANSFER_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/journal/chain.h"
#include "common/journal/journal.h"
#include "common/journal/tables.h"
#include "common/journal/vault.h"
#include "common/store/database.h"
#include "critac/journal/v1/backup.pb.h"

// A journal on its way from a database to a file or to another database: the records that nothing else could
// tell again. Everything else is derived from them.
namespace critac::journal {

// Head and counts of a journal, within one transaction. FAILED_PRECONDITION, reason NO_JOURNAL: the database
// holds none.
absl::StatusOr<v1::JournalContent> ReadContent(store::Connection& connection,
                                               store::Backend backend, const std::string& name);

// Hands over every record, within one read transaction: events in order, then texts of the vault by event,
// then answers as they were given. Memory does not grow with the journal, nor past limits::kJournalPageBytes and one
// record.
absl::Status ReadRecords(store::Connection& connection,
                         absl::FunctionRef<absl::Status(const v1::BackupRecord&)> each,
                         Progress progress = NoProgress);

// Why a database cannot take in a journal: FAILED_PRECONDITION, reason DATABASE_NOT_EMPTY, naming what is there.
// OK: it has no tables, or those of this journal without anything in them.
absl::Status CheckTakesJournal(store::Connection& connection, store::Backend backend,
                               const JournalOptions& options);

// Checks records in the order in which ReadRecords hands them over, and counts them up to a moment.
class RecordCheck {
 public:
  // Counts what was recorded at `until` or before.
  explicit RecordCheck(std::string journal, absl::Time until = absl::InfiniteFuture());

  // DATA_LOSS: the chain is broken, records are out of order, or one is none.
  absl::Status Add(const v1::BackupRecord& record);

  // All that there is.
  v1::JournalContent whole() const;
  // What there was at the moment.
  v1::JournalContent until() const;

 private:
  absl::Status AddEvent(const Event& event);
  // Counts a record that belongs to an event.
  absl::Status Count(int64_t sequence, int64_t& whole, int64_t& until);

  const std::string journal_;
  const absl::Time until_;
  ChainCheck chain_;
  // Of the last event up to `until_`.
  Position cut_;
  // 1: events, 2: texts, 3: answers.
  int part_ = 1;
  v1::JournalContent whole_;
  v1::JournalContent counted_;
};

// Writes records into an empty journal, within a write transaction. The tables are there.
class JournalLoader {
 public:
  // Locks the journal. What belongs to events after `last` is left out.
  static absl::StatusOr<JournalLoader> Begin(store::Connection& connection, int64_t last);

  absl::Status Add(const v1::BackupRecord& record);

  // Writes what waits, derives the projections, reads everything back and checks the chain. DATA_LOSS: what is in
  // the database is not `expected`.
  absl::Status Finish(const JournalOptions& options, const v1::JournalContent& expected,
                      store::Backend backend, Progress progress = NoProgress);

 private:
  JournalLoader(store::Connection& connection, int64_t last)
      : connection_(&connection), last_(last) {}
  absl::Status Flush();

  store::Connection* connection_;
  int64_t last_;
  std::vector<CommittedEvent> events_;
  std::vector<VaultEntry> vault_;
  std::vector<AnswerRow> answers_;
  // Of their payloads, contents and answers.
  size_t waiting_bytes_ = 0;
};

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_TRANSFER_H_
