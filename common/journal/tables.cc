#include "common/journal/tables.h"

#include <algorithm>
#include <limits>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/limits.h"
#include "common/base/sha256.h"
#include "common/journal/chain.h"
#include "common/journal/event_time.h"
#include "common/journal/sql_list.h"
#include "common/status/error.h"

namespace critac::journal {
namespace {

using store::Row;
using store::Value;

// The columns of an event, and the place of its payload among them.
const std::vector<std::string>& EventColumns() {
  static const auto& columns = *new std::vector<std::string>{
      "sequence", "record_time", "actor", "subject", "type", "payload", "request_id", "hash"};
  return columns;
}
constexpr size_t kPayload = 5;

Event EventOf(const Row& row) {
  Event event;
  event.set_sequence(row.Int(0));
  *event.mutable_record_time() = ToTimestamp(absl::FromUnixMicros(row.Int(1)));
  event.set_actor(row.Text(2));
  event.set_subject(row.Text(3));
  event.set_type(row.Text(4));
  event.set_payload(row.Text(kPayload));
  event.set_request_id(row.Text(6));
  event.set_hash(row.Text(7));
  return event;
}

// For how many of the last events it is kept which records they changed: seconds of the fastest import, and hours of
// an office day.
constexpr int64_t kEventsWithChanges = 4096;

// How many are read at a time where all are.
constexpr int64_t kEventsOfAPage = 1000;

// What the index of answers knows a request id by: the first 8 bytes of its SHA-256, a number.
int64_t RequestKey(absl::string_view request_id) {
  const std::array<uint8_t, 32> digest = Sha256(request_id);
  uint64_t key = 0;
  for (size_t i = 0; i < 8; ++i) key = key << 8 | digest[i];
  return static_cast<int64_t>(key);
}

}  // namespace

namespace {

constexpr char kHeadSql[] =
    "SELECT sequence, record_time, hash, shape, behind, generation FROM journal_head WHERE id = 1";

absl::Status TakeHead(const Row& row, HeadRow& head) {
  head = {{row.Int(0), row.Text(2), absl::FromUnixMicros(row.Int(1))},
          row.Text(3),
          row.Int(4),
          row.Int(5)};
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HeadRow> ReadHead(store::Connection& connection) {
  HeadRow head;
  RETURN_IF_ERROR(
      connection.Query(kHeadSql, {}, [&](const Row& row) { return TakeHead(row, head); }));
  return head;
}

absl::StatusOr<HeadRow> LockHead(store::Connection& connection) {
  HeadRow head;
  RETURN_IF_ERROR(
      connection.QueryForUpdate(kHeadSql, {}, [&](const Row& row) { return TakeHead(row, head); }));
  return head;
}

absl::Status WriteShape(store::Connection& connection, absl::string_view shape) {
  return connection
      .Execute(
          "UPDATE journal_head SET shape = :p1, behind = 0, generation = generation + 1 WHERE id = "
          "1",
          {std::string(shape)})
      .status();
}

absl::Status WriteBehind(store::Connection& connection, absl::Time now) {
  return connection.ExecuteLater("UPDATE journal_head SET behind = :p1 WHERE id = 1",
                                 {absl::ToUnixMicros(now)});
}

absl::Status WriteEvents(store::Connection& connection, absl::Span<const CommittedEvent> events) {
  if (events.empty()) return absl::OkStatus();
  std::vector<std::vector<Value>> rows;
  rows.reserve(events.size());
  for (const auto& [event, payload, trace] : events) {
    rows.push_back({event.sequence(), RecordMicros(event), &event.actor(), &event.subject(),
                    &event.type(), &event.payload(), &event.request_id(), &event.hash()});
  }
  return connection.InsertRows("journal_event", EventColumns(), rows);
}

absl::Status WriteHead(store::Connection& connection, const Event& last) {
  RETURN_IF_ERROR(connection.ExecuteLater(
      "UPDATE journal_head SET sequence = :p1, record_time = :p2, hash = :p3 WHERE id = 1",
      {last.sequence(), RecordMicros(last), last.hash()}));
  return connection.Announce();
}

absl::Status WriteChange(store::Connection& connection, const Mark& before, const Mark& after,
                         absl::Span<const std::string> names) {
  static const std::vector<std::string> kColumns = {"sequence",        "hash",        "generation",
                                                    "sequence_before", "hash_before", "names"};
  const std::vector<Value> row = {after.sequence,  after.hash,  after.generation,
                                  before.sequence, before.hash, absl::StrJoin(names, "\n")};
  // After a commit was lost, another one may have its number.
  RETURN_IF_ERROR(connection.InsertRows("journal_change", kColumns, {row},
                                        store::OnConflict::kReplace, {"sequence"}));
  return connection.ExecuteLater("DELETE FROM journal_change WHERE sequence <= :p1",
                                 {after.sequence - kEventsWithChanges});
}

absl::StatusOr<std::optional<std::vector<std::string>>> ReadChanges(store::Connection& connection,
                                                                    const Mark& before,
                                                                    const Mark& after) {
  if (before.generation != after.generation || before.sequence >= after.sequence ||
      before.sequence < after.sequence - kEventsWithChanges) {
    return std::nullopt;
  }
  std::vector<std::string> names;
  Mark at = before;
  RETURN_IF_ERROR(connection.Query(
      "SELECT sequence, hash, generation, sequence_before, hash_before, names FROM journal_change "
      "WHERE sequence > :p1 AND sequence <= :p2 ORDER BY sequence",
      {before.sequence, after.sequence}, [&](const Row& row) {
        if (at == Mark{row.Int(3), row.Text(4), row.Int(2)}) {
          at = {row.Int(0), row.Text(1), row.Int(2)};
          for (const absl::string_view name : absl::StrSplit(row.Text(5), '\n')) {
            names.emplace_back(name);
          }
        }
        return absl::OkStatus();
      }));
  if (at != after) return std::nullopt;
  return names;
}

absl::Status WriteVault(store::Connection& connection, absl::Span<const VaultEntry> entries) {
  if (entries.empty()) return absl::OkStatus();
  std::vector<std::vector<Value>> rows;
  rows.reserve(entries.size());
  for (const VaultEntry& entry : entries) {
    rows.push_back({entry.id.sequence, entry.id.place, &entry.field, &entry.salt, &entry.text});
  }
  static const std::vector<std::string> kColumns = {"sequence", "place", "field", "salt",
                                                    "content"};
  return connection.InsertRows("journal_vault", kColumns, rows);
}

absl::Status ReadAnswers(store::Connection& connection, absl::Span<const std::string> request_ids,
                         absl::FunctionRef<absl::Status(AnswerRow)> each) {
  const absl::flat_hash_set<absl::string_view> wanted(request_ids.begin(), request_ids.end());
  std::vector<Value> keys;
  keys.reserve(request_ids.size());
  for (const std::string& request_id : request_ids) keys.push_back(RequestKey(request_id));
  return QueryInList(
      connection,
      "SELECT request_id, fingerprint, sequence, type, answer FROM journal_answer WHERE "
      "request_key IN ",
      keys, [&](const Row& row) -> absl::Status {
        // Another id may have the same key.
        std::string request_id = row.Text(0);
        if (!wanted.contains(request_id)) return absl::OkStatus();
        return each({std::move(request_id), row.Text(1), row.Int(2), row.Text(3), row.Text(4)});
      });
}

absl::Status WriteAnswers(store::Connection& connection, absl::Span<const AnswerRow> answers) {
  if (answers.empty()) return absl::OkStatus();
  std::vector<std::vector<Value>> rows;
  rows.reserve(answers.size());
  for (const AnswerRow& row : answers) {
    rows.push_back({&row.request_id, &row.fingerprint, row.sequence, &row.type, &row.answer,
                    RequestKey(row.request_id)});
  }
  static const std::vector<std::string> kColumns = {"request_id", "fingerprint", "sequence",
                                                    "type",       "answer",      "request_key"};
  return connection.InsertRows("journal_answer", kColumns, rows);
}

absl::Status ReadEvents(store::Connection& connection, int64_t from_sequence, int64_t limit,
                        int64_t bytes, absl::Span<const std::string> types,
                        absl::string_view subject,
                        absl::FunctionRef<absl::StatusOr<bool>(Event)> each) {
  store::PageQuery page{.columns = EventColumns(),
                        .long_column = kPayload,
                        .table = "journal_event",
                        .where = "sequence >= :p1",
                        .order = "sequence",
                        .rows = limit,
                        .bytes = bytes};
  std::vector<Value> parameters = {from_sequence};
  const auto bind = [&](Value value) {
    parameters.push_back(std::move(value));
    return absl::StrCat(":p", parameters.size());
  };
  if (!subject.empty()) {
    absl::StrAppend(&page.where, " AND subject = ", bind(std::string(subject)));
  }
  for (size_t i = 0; i < types.size(); ++i) {
    absl::StrAppend(&page.where, i == 0 ? " AND type IN (" : ", ", bind(types[i]));
  }
  if (!types.empty()) absl::StrAppend(&page.where, ")");
  // An error of `each` and its wish to end both stop the query; only the first is passed on.
  bool ended = false;
  const absl::StatusOr<bool> is_cut =
      connection.QueryPage(page, parameters, [&](const Row& row) -> absl::Status {
        ASSIGN_OR_RETURN(const bool more, each(EventOf(row)));
        ended = !more;
        return more ? absl::OkStatus() : absl::CancelledError("enough");
      });
  return ended ? absl::OkStatus() : is_cut.status();
}

absl::Status ReadAllEvents(store::Connection& connection, int64_t after, int64_t until,
                           absl::FunctionRef<absl::StatusOr<bool>(const Event&)> each) {
  bool more = true;
  while (more && after < until) {
    const int64_t limit = std::min(until - after, kEventsOfAPage);
    int64_t read = 0;
    RETURN_IF_ERROR(ReadEvents(connection, after + 1, limit, limits::kJournalPageBytes, {}, "",
                               [&](const Event& event) -> absl::StatusOr<bool> {
                                 ++read;
                                 after = event.sequence();
                                 ASSIGN_OR_RETURN(more, each(event));
                                 return more;
                               }));
    if (read == 0) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<Verification> VerifyEvents(store::Connection& connection) {
  Verification result;
  ASSIGN_OR_RETURN(const Position head, ReadHead(connection));
  ChainCheck chain;
  RETURN_IF_ERROR(ReadAllEvents(connection, 0, std::numeric_limits<int64_t>::max(),
                                [&](const Event& event) -> absl::StatusOr<bool> {
                                  result.problem = chain.Add(event);
                                  if (!result.problem.empty()) {
                                    result.broken_sequence = event.sequence();
                                    return false;
                                  }
                                  ++result.event_count;
                                  return true;
                                }));
  const Position& last = chain.head();
  result.head_hash = last.hash;
  if (result.problem.empty() && (head.sequence != last.sequence || head.hash != last.hash)) {
    result.broken_sequence = last.sequence + 1;
    result.problem = absl::StrCat("the journal ends at event ", last.sequence, ", its head says ",
                                  head.sequence);
  }
  return result;
}

}  // namespace critac::journal
