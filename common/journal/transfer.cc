#include "common/journal/transfer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/limits.h"
#include "common/journal/derivation.h"
#include "common/journal/event_time.h"
#include "common/journal/projections.h"
#include "common/status/error.h"
#include "common/store/migrate.h"
#include "common/store/tables_of.h"

namespace critac::journal {
namespace {

using v1::BackupRecord;
using v1::JournalContent;

// Rows read or written at a time, where they have no more than limits::kJournalPageBytes.
constexpr int64_t kRecordsOfAPage = 500;

absl::Status Damaged(absl::string_view journal, absl::string_view what) {
  return Error(absl::StatusCode::kDataLoss, "JOURNAL_DAMAGED", absl::StrCat(journal, ": ", what))
      .ToStatus();
}

absl::StatusOr<int64_t> CountRows(store::Connection& connection, absl::string_view table) {
  ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                   connection.QueryAll(absl::StrCat("SELECT count(*) FROM ", table)));
  return rows.at(0).Int(0);
}

// Of a journal that another version may have written too: by the columns that every version has.
absl::StatusOr<Position> ReadLast(store::Connection& connection) {
  ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      connection.QueryAll("SELECT sequence, hash, record_time FROM journal_head WHERE id = 1"));
  if (rows.empty()) return absl::DataLossError("the journal has no head");
  return Position{rows[0].Int(0), rows[0].Text(1), absl::FromUnixMicros(rows[0].Int(2))};
}

void SetHead(const Position& head, JournalContent& content) {
  content.set_head_sequence(head.sequence);
  content.set_head_hash(head.hash);
  content.clear_head_time();
  if (head.sequence > 0) *content.mutable_head_time() = ToTimestamp(head.time);
}

std::string ToText(const JournalContent& content) {
  return absl::StrCat(content.head_sequence(), " events with the head ",
                      content.head_hash().empty() ? "-" : content.head_hash(), ", ",
                      content.vault_text_count(), " texts, ", content.answer_count(), " answers");
}

// ---- Reading ------------------------------------------------------------------------------------

// Reads page after page until one is empty; `after` says behind which row the next one begins.
absl::Status ReadPages(store::Connection& connection, const store::PageQuery& page,
                       absl::FunctionRef<std::vector<store::Value>()> after,
                       absl::FunctionRef<absl::Status(const store::Row&)> each) {
  for (bool is_empty = false; !is_empty;) {
    is_empty = true;
    RETURN_IF_ERROR(connection
                        .QueryPage(page, after(),
                                   [&](const store::Row& row) {
                                     is_empty = false;
                                     return each(row);
                                   })
                        .status());
  }
  return absl::OkStatus();
}

absl::Status ReadVaultRecords(store::Connection& connection,
                              absl::FunctionRef<absl::Status(const BackupRecord&)> each) {
  BackupRecord record;
  v1::VaultText& text = *record.mutable_vault_text();
  const store::PageQuery page{.columns = {"sequence", "place", "field", "salt", "content"},
                              .long_column = 4,
                              .table = "journal_vault",
                              .where = "(sequence, place) > (:p1, :p2)",
                              .order = "sequence, place",
                              .rows = kRecordsOfAPage,
                              .bytes = limits::kJournalPageBytes};
  const auto after = [&] { return std::vector<store::Value>{text.sequence(), text.place()}; };
  return ReadPages(connection, page, after, [&](const store::Row& row) {
    text.set_sequence(row.Int(0));
    text.set_place(row.Int(1));
    text.set_field(row.Text(2));
    text.set_salt(row.Text(3));
    text.set_content(row.Text(4));
    return each(record);
  });
}

absl::Status ReadAnswerRecords(store::Connection& connection,
                               absl::FunctionRef<absl::Status(const BackupRecord&)> each) {
  BackupRecord record;
  v1::StoredAnswer& answer = *record.mutable_answer();
  int64_t number = std::numeric_limits<int64_t>::min();
  const store::PageQuery page{
      .columns = {"number", "request_id", "fingerprint", "sequence", "type", "answer"},
      .long_column = 5,
      .table = "journal_answer",
      .where = "number > :p1",
      .order = "number",
      .rows = kRecordsOfAPage,
      .bytes = limits::kJournalPageBytes};
  const auto after = [&] { return std::vector<store::Value>{number}; };
  return ReadPages(connection, page, after, [&](const store::Row& row) {
    number = row.Int(0);
    answer.set_request_id(row.Text(1));
    answer.set_fingerprint(row.Text(2));
    answer.set_sequence(row.Int(3));
    answer.set_type(row.Text(4));
    answer.set_answer(row.Text(5));
    return each(record);
  });
}

// Whether an empty journal has rows in a table too.
bool IsOfEveryJournal(const std::string& table) {
  return table == store::kMigrationTable || table == store::kContractTable ||
         table == "journal_head" || table == "journal_shape";
}

}  // namespace

absl::StatusOr<JournalContent> ReadContent(store::Connection& connection, store::Backend backend,
                                           const std::string& name) {
  ASSIGN_OR_RETURN(const std::vector<std::string> tables, store::TablesOf(connection, backend));
  for (const char* needed : {"journal_event", "journal_head", "journal_vault", "journal_answer"}) {
    if (!absl::c_linear_search(tables, needed)) {
      return FailedPrecondition(
          "NO_JOURNAL", name,
          absl::StrCat("its database holds no journal: ", needed,
                       " is missing, and what is there is: ", absl::StrJoin(tables, ", ")));
    }
  }
  JournalContent content;
  content.set_journal(name);
  ASSIGN_OR_RETURN(const Position head, ReadLast(connection));
  SetHead(head, content);
  ASSIGN_OR_RETURN(const int64_t texts, CountRows(connection, "journal_vault"));
  content.set_vault_text_count(texts);
  ASSIGN_OR_RETURN(const int64_t answers, CountRows(connection, "journal_answer"));
  content.set_answer_count(answers);
  return content;
}

absl::Status ReadRecords(store::Connection& connection,
                         absl::FunctionRef<absl::Status(const BackupRecord&)> each,
                         Progress progress) {
  BackupRecord record;
  RETURN_IF_ERROR(ReadAllEvents(connection, 0, std::numeric_limits<int64_t>::max(),
                                [&](const Event& event) -> absl::StatusOr<bool> {
                                  *record.mutable_event() = event;
                                  RETURN_IF_ERROR(each(record));
                                  if (event.sequence() % kProgressEvents == 0) {
                                    progress(event.sequence());
                                  }
                                  return true;
                                }));
  RETURN_IF_ERROR(ReadVaultRecords(connection, each));
  return ReadAnswerRecords(connection, each);
}

absl::Status CheckTakesJournal(store::Connection& connection, store::Backend backend,
                               const JournalOptions& options) {
  const auto refused = [&](absl::string_view what) {
    return FailedPrecondition("DATABASE_NOT_EMPTY", options.name,
                              absl::StrCat("its database is not empty: it holds ", what));
  };
  ASSIGN_OR_RETURN(const std::vector<std::string> tables, store::TablesOf(connection, backend));
  std::vector<std::string> filled;
  for (const std::string& table : tables) {
    if (IsOfEveryJournal(table)) continue;
    ASSIGN_OR_RETURN(const bool has_rows, store::HasRows(connection, table));
    if (has_rows) filled.push_back(table);
  }
  if (absl::c_linear_search(filled, "journal_event")) {
    ASSIGN_OR_RETURN(const Position head, ReadLast(connection));
    return refused(absl::StrCat("a journal of ", head.sequence, " events up to ",
                                absl::FormatTime(head.time, absl::UTCTimeZone())));
  }
  if (!filled.empty()) return refused(absl::StrCat("rows in ", absl::StrJoin(filled, ", ")));
  ASSIGN_OR_RETURN(const std::vector<std::string> components,
                   store::MigratedComponents(connection));
  for (const std::string& component : components) {
    const bool known =
        absl::c_any_of(AllMigrations(options, backend),
                       [&](const store::Migration& step) { return step.component == component; });
    if (!known) return refused(absl::StrCat("the tables of ", component));
  }
  return absl::OkStatus();
}

// ---- Checking -----------------------------------------------------------------------------------

RecordCheck::RecordCheck(std::string journal, absl::Time until)
    : journal_(std::move(journal)), until_(until) {
  whole_.set_journal(journal_);
  counted_.set_journal(journal_);
}

absl::Status RecordCheck::AddEvent(const Event& event) {
  if (const std::string problem = chain_.Add(event); !problem.empty()) {
    return Damaged(journal_,
                   absl::StrCat("the chain breaks at event ", event.sequence(), ": ", problem));
  }
  if (chain_.head().time <= until_) cut_ = chain_.head();
  return absl::OkStatus();
}

absl::Status RecordCheck::Count(int64_t sequence, int64_t& whole, int64_t& until) {
  if (sequence < 0 || sequence > chain_.head().sequence) {
    return Damaged(journal_,
                   absl::StrCat("a record belongs to event ", sequence, ", which is not there"));
  }
  ++whole;
  if (sequence <= cut_.sequence) ++until;
  return absl::OkStatus();
}

absl::Status RecordCheck::Add(const BackupRecord& record) {
  const int part = record.record_case();
  if (part == BackupRecord::RECORD_NOT_SET) return Damaged(journal_, "a record says nothing");
  if (part < part_) return Damaged(journal_, "the records are not in order");
  part_ = part;
  if (record.has_event()) return AddEvent(record.event());
  const bool is_text = record.has_vault_text();
  int64_t whole = is_text ? whole_.vault_text_count() : whole_.answer_count();
  int64_t until = is_text ? counted_.vault_text_count() : counted_.answer_count();
  RETURN_IF_ERROR(
      Count(is_text ? record.vault_text().sequence() : record.answer().sequence(), whole, until));
  if (is_text) {
    whole_.set_vault_text_count(whole);
    counted_.set_vault_text_count(until);
  } else {
    whole_.set_answer_count(whole);
    counted_.set_answer_count(until);
  }
  return absl::OkStatus();
}

JournalContent RecordCheck::whole() const {
  JournalContent content = whole_;
  SetHead(chain_.head(), content);
  return content;
}

JournalContent RecordCheck::until() const {
  JournalContent content = counted_;
  SetHead(cut_, content);
  return content;
}

// ---- Writing ------------------------------------------------------------------------------------

absl::StatusOr<JournalLoader> JournalLoader::Begin(store::Connection& connection, int64_t last) {
  ASSIGN_OR_RETURN(const Position head, LockHead(connection));
  if (head.sequence != 0) {
    return FailedPrecondition(
        "DATABASE_NOT_EMPTY", "journal",
        absl::StrCat("somebody else has written ", head.sequence, " events meanwhile"));
  }
  return JournalLoader(connection, last);
}

absl::Status JournalLoader::Add(const BackupRecord& record) {
  if (record.has_event() && record.event().sequence() <= last_) {
    events_.push_back({record.event(), nullptr});
    waiting_bytes_ += record.event().payload().size();
  } else if (record.has_vault_text() && record.vault_text().sequence() <= last_) {
    const v1::VaultText& text = record.vault_text();
    vault_.push_back({{text.sequence(), text.place()}, text.field(), text.salt(), text.content()});
    waiting_bytes_ += text.content().size();
  } else if (record.has_answer() && record.answer().sequence() <= last_) {
    const v1::StoredAnswer& answer = record.answer();
    answers_.push_back({answer.request_id(), answer.fingerprint(), answer.sequence(), answer.type(),
                        answer.answer()});
    waiting_bytes_ += answer.answer().size();
  }
  const size_t waiting = events_.size() + vault_.size() + answers_.size();
  const bool is_full = waiting >= kRecordsOfAPage || waiting_bytes_ >= limits::kJournalPageBytes;
  return is_full ? Flush() : absl::OkStatus();
}

absl::Status JournalLoader::Flush() {
  RETURN_IF_ERROR(WriteEvents(*connection_, events_));
  if (!events_.empty()) RETURN_IF_ERROR(WriteHead(*connection_, events_.back().event));
  RETURN_IF_ERROR(WriteVault(*connection_, vault_));
  RETURN_IF_ERROR(WriteAnswers(*connection_, answers_));
  events_.clear();
  vault_.clear();
  answers_.clear();
  waiting_bytes_ = 0;
  return absl::OkStatus();
}

absl::Status JournalLoader::Finish(const JournalOptions& options, const JournalContent& expected,
                                   store::Backend backend, Progress progress) {
  RETURN_IF_ERROR(Flush());
  RETURN_IF_ERROR(DeriveAndTell(*connection_, Projections(options.projections), options.apply,
                                {.journal = options.name, .observer = options.derivation_observer},
                                progress));
  ASSIGN_OR_RETURN(const Verification verification, VerifyEvents(*connection_));
  if (!verification.problem.empty()) {
    return Damaged(options.name,
                   absl::StrCat("the chain breaks at event ", verification.broken_sequence, ": ",
                                verification.problem));
  }
  ASSIGN_OR_RETURN(const JournalContent content, ReadContent(*connection_, backend, options.name));
  if (ToText(content) != ToText(expected)) {
    return Damaged(options.name, absl::StrCat("there are ", ToText(content), "; expected were ",
                                              ToText(expected)));
  }
  return absl::OkStatus();
}

}  // namespace critac::journal
