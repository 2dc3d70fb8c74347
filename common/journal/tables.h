#ifndef COMMON_JOURNAL_TABLES_H_
#define COMMON_JOURNAL_TABLES_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/journal/journal.h"
#include "common/journal/record_cache.h"
#include "common/journal/vault.h"
#include "common/store/database.h"

// The SQL of the journal's own tables.
namespace critac::journal {

// The last event's position, and how the projections stand to it.
struct HeadRow : Position {
  // Digest of the columns and fields that the projections have (Projections::shape).
  std::string shape;
  // When a process with others last wrote rows, as one of an older version does while a newer one takes its place:
  // they lack what that one knows nothing of. 0: none did since they were derived.
  int64_t behind_micros = 0;
  // One more each time that the projections are derived anew, or texts of the vault are purged.
  int64_t generation = 0;
};
inline Mark MarkOf(const HeadRow& head) { return {head.sequence, head.hash, head.generation}; }
absl::StatusOr<HeadRow> ReadHead(store::Connection& connection);

// The same, and lets no other process write to the journal until the transaction ends: the first thing
// that one does that writes.
absl::StatusOr<HeadRow> LockHead(store::Connection& connection);

// Says that the projections were derived anew, with this shape.
absl::Status WriteShape(store::Connection& connection, absl::string_view shape);
// Says that a process with another shape has written rows.
absl::Status WriteBehind(store::Connection& connection, absl::Time now);

// Writes events, which follow the head or those that were written before; then the head, which is the last of them.
absl::Status WriteEvents(store::Connection& connection, absl::Span<const CommittedEvent> events);

absl::Status WriteHead(store::Connection& connection, const Event& last);

// Says which records the commit changes that takes the head from `before` to `after`. Kept for a while.
absl::Status WriteChange(store::Connection& connection, const Mark& before, const Mark& after,
                         absl::Span<const std::string> names);
// Which records the commits changed that took the head from `before` to `after`. None: there were others among them, or
// more than are kept.
absl::StatusOr<std::optional<std::vector<std::string>>> ReadChanges(store::Connection& connection,
                                                                    const Mark& before,
                                                                    const Mark& after);

absl::Status WriteVault(store::Connection& connection, absl::Span<const VaultEntry> entries);

// What was answered to a command.
struct AnswerRow {
  std::string request_id;
  std::string fingerprint;
  int64_t sequence = 0;
  // Full name of the answer's message; empty where there was none.
  std::string type;
  // Its JSON.
  std::string answer;
};

absl::Status ReadAnswers(store::Connection& connection, absl::Span<const std::string> request_ids,
                         absl::FunctionRef<absl::Status(AnswerRow)> each);
absl::Status WriteAnswers(store::Connection& connection, absl::Span<const AnswerRow> rows);

// Events from `from_sequence` on, in order, up to `limit`, and with up to `bytes` of payload but for one that passes
// them alone; see Journal::ReadEvents. `each` may end the reading by returning false.
absl::Status ReadEvents(store::Connection& connection, int64_t from_sequence, int64_t limit,
                        int64_t bytes, absl::Span<const std::string> types,
                        absl::string_view subject,
                        absl::FunctionRef<absl::StatusOr<bool>(Event)> each);

// Events after `after` up to `until`, in order, a page of them at a time, so that memory does not grow
// with the journal, nor past limits::kJournalPageBytes and one event. Within one transaction that sees one
// state. `each` as above.
absl::Status ReadAllEvents(store::Connection& connection, int64_t after, int64_t until,
                           absl::FunctionRef<absl::StatusOr<bool>(const Event&)> each);

// Recomputes every hash from the first event on, and compares the last one with the head.
absl::StatusOr<Verification> VerifyEvents(store::Connection& connection);

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_TABLES_H_
