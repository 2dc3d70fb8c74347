#include "common/journal/command_loop.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/base/sha256.h"
#include "common/journal/json_text.h"
#include "common/journal/tables.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"

namespace critac::journal {
namespace {

using google::protobuf::Message;

absl::Status Stopping() {
  return Error(absl::StatusCode::kUnavailable, "STOPPING",
               "the service is stopping; make the call again elsewhere")
      .RetryAfter(absl::Seconds(1))
      .ToStatus();
}

absl::Status TooManyWaiting() {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_COMMANDS",
               absl::StrCat("more than ", limits::kWaitingCommands,
                            " commands wait; make the call again later"))
      .RetryAfter(absl::Milliseconds(200))
      .Fact("limit", absl::StrCat(limits::kWaitingCommands))
      .ToStatus();
}

absl::Status RequestIdReused(absl::string_view request_id) {
  return Error(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
               absl::StrCat(
                   "request_id: ", request_id,
                   " was used before for a call with other content; a new call takes a new UUID"))
      .Field("request_id",
             "was used before for a call with other content; a new call takes a new UUID")
      .ToStatus();
}

absl::Status EventTooLarge(const Event& event) {
  return Error(absl::StatusCode::kFailedPrecondition, "EVENT_TOO_LARGE",
               absl::StrCat("what would be recorded of ", event.subject(), " (", event.type(),
                            ") has ", event.payload().size(), " bytes of JSON; accepted: at most ",
                            limits::kEventBytes,
                            ", so that whoever follows the journal can read it; "
                            "nothing was recorded"))
      .Fact("bytes", absl::StrCat(event.payload().size()))
      .Fact("limit", absl::StrCat(limits::kEventBytes))
      .ToStatus();
}

// How often a transaction is tried that the database undoes because of others: a migration of another
// process takes locks in an order of its own.
constexpr int kTries = 5;

// Whether the database as a whole does not take writes now, whatever the commands.
bool IsOutage(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted ||
         code == absl::StatusCode::kPermissionDenied || code == absl::StatusCode::kAborted;
}

// What callers are told when their batch could not be committed.
absl::Status CommitFailed(const absl::Status& cause) {
  absl::string_view why = "the database does not answer";
  if (ReasonOf(cause) == "DATABASE_BUSY") {
    why = "the database is busy, as while another process derives the records or migrates";
  }
  if (cause.code() == absl::StatusCode::kResourceExhausted) why = "its disk is full";
  if (cause.code() == absl::StatusCode::kPermissionDenied) why = "it is read-only";
  if (absl::IsAborted(cause)) why = "the database undid it over and over";
  return Error(absl::StatusCode::kUnavailable, "COMMIT_FAILED",
               absl::StrCat("the record cannot be written now: ", why,
                            "; make the call again with the same request_id"))
      .RetryAfter(absl::Seconds(1))
      .ToStatus();
}

absl::StatusOr<StatePtr> ParseAnswer(const AnswerRow& row) {
  if (row.type.empty()) return StatePtr();
  const auto* type =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(row.type);
  if (type == nullptr)
    return absl::DataLossError(absl::StrCat("unknown type of a stored answer: ", row.type));
  std::shared_ptr<Message> answer(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  RETURN_IF_ERROR(FromJsonText(row.answer, *answer));
  return StatePtr(std::move(answer));
}

// Completes what a batch has decided and writes it, some commands at a time, so that a server is at it while the next
// are decided.
class BatchWriter {
 public:
  // `hash` is the head's.
  BatchWriter(store::Connection& connection, std::string hash)
      : connection_(connection), hash_(std::move(hash)) {}

  // Writes the events that were not written yet, and what they brought to the vault. FAILED_PRECONDITION,
  // EVENT_TOO_LARGE: one cannot be written.
  absl::Status Write(Batch& batch) {
    const auto events = absl::MakeSpan(batch.events()).subspan(event_count_);
    for (auto& [event, payload, trace] : events) {
      event.set_payload(ToJsonText(*payload));
      if (event.payload().size() > limits::kEventBytes) return EventTooLarge(event);
      hash_ = HashEvent(event, hash_);
      event.set_hash(hash_);
    }
    event_count_ += events.size();
    RETURN_IF_ERROR(WriteEvents(connection_, events));
    const auto texts = absl::MakeSpan(batch.vault()).subspan(text_count_);
    text_count_ += texts.size();
    return WriteVault(connection_, texts);
  }

  // Of the last event.
  const std::string& hash() const { return hash_; }

 private:
  store::Connection& connection_;
  std::string hash_;
  size_t event_count_ = 0;
  size_t text_count_ = 0;
};

}  // namespace

CommandLoop::CommandLoop(store::Database& database, const Projections& projections,
                         const Apply& apply, RecordCache& records, const Clock& clock,
                         IdSource& ids, int64_t head)
    : database_(database),
      projections_(projections),
      shape_(Sha256Hex(projections.shape())),
      apply_(apply),
      records_(records),
      clock_(clock),
      ids_(ids),
      head_(head) {
  decider_ = std::thread([this] { DecideLoop(); });
  answerer_ = std::thread([this] { AnswerLoop(); });
  pthread_setname_np(decider_.native_handle(), "journal-decide");
  pthread_setname_np(answerer_.native_handle(), "journal-answer");
}

CommandLoop::~CommandLoop() { Stop(); }

void CommandLoop::Submit(Command command, Done done) {
  absl::Status refused;
  {
    absl::MutexLock lock(&waiting_mutex_);
    if (stopping_) {
      refused = Stopping();
    } else if (waiting_.size() >= limits::kWaitingCommands) {
      refused = TooManyWaiting();
    } else {
      waiting_.push_back({std::move(command), std::move(done)});
      return;
    }
  }
  done(refused);
}

void CommandLoop::AddListener(Listener listener) {
  absl::MutexLock lock(&listeners_mutex_);
  listeners_.push_back(std::move(listener));
}

int64_t CommandLoop::AwaitBeyond(int64_t sequence, absl::Duration timeout) {
  absl::MutexLock lock(&head_mutex_);
  const auto beyond = [this, sequence]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(head_mutex_) {
    return head_ > sequence || stopped_;
  };
  clock_.AwaitFor(head_mutex_, absl::Condition(&beyond), timeout);
  return head_;
}

void CommandLoop::Advance(int64_t sequence) {
  absl::MutexLock lock(&head_mutex_);
  head_ = std::max(head_, sequence);
}

void CommandLoop::Stop() {
  {
    absl::MutexLock lock(&waiting_mutex_);
    stopping_ = true;
  }
  if (decider_.joinable()) decider_.join();
  if (answerer_.joinable()) answerer_.join();
  absl::MutexLock lock(&head_mutex_);
  stopped_ = true;
}

void CommandLoop::ForgetStates() { forget_ = true; }

void CommandLoop::DecideLoop() {
  while (true) {
    std::vector<Waiting> waiting = TakeWaiting();
    const bool last = waiting.empty();
    Decided decided;
    if (!last) decided = DecideAll(std::move(waiting));
    absl::MutexLock lock(&decided_mutex_);
    if (last) {
      decided_all_ = true;
      return;
    }
    decided_.push_back(std::move(decided));
  }
}

// All that wait, up to the size of a transaction, or one that is alone. Empty: the loop is to end.
std::vector<CommandLoop::Waiting> CommandLoop::TakeWaiting() {
  absl::MutexLock lock(&waiting_mutex_);
  const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(waiting_mutex_) {
    return !waiting_.empty() || stopping_;
  };
  waiting_mutex_.Await(absl::Condition(&something));
  std::vector<Waiting> taken;
  TakeLockedInto(taken);
  return taken;
}

void CommandLoop::TakeWaitingInto(std::vector<Waiting>& taken) {
  absl::MutexLock lock(&waiting_mutex_);
  TakeLockedInto(taken);
}

void CommandLoop::TakeLockedInto(std::vector<Waiting>& taken) {
  while (!waiting_.empty() && taken.size() < limits::kCommandsPerTransaction) {
    // Between what came before it and what came after.
    const bool apart =
        waiting_.front().command.alone || (!taken.empty() && taken.front().command.alone);
    if (apart && !taken.empty()) return;
    taken.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

CommandLoop::Decided CommandLoop::DecideAll(std::vector<Waiting> waiting) {
  Decided decided;
  decided.waiting = std::move(waiting);
  const auto all = [&]() -> Part {
    TakeWaitingInto(decided.waiting);
    decided.outcomes.resize(decided.waiting.size());
    return {absl::MakeSpan(decided.waiting), absl::MakeSpan(decided.outcomes)};
  };
  const absl::Status status = DecideInTransaction(all, decided);
  if (status.ok()) return decided;
  decided.outcomes.resize(decided.waiting.size());
  if (IsOutage(status.code()) || decided.waiting.size() == 1) {
    for (Outcome& outcome : decided.outcomes) {
      outcome = {IsOutage(status.code()) ? CommitFailed(status) : status, nullptr, false};
    }
    return decided;
  }
  // One of them cannot be written. Alone, each fails or succeeds for itself.
  for (size_t i = 0; i < decided.waiting.size(); ++i) {
    const auto one = [&]() -> Part {
      return {absl::MakeSpan(&decided.waiting[i], 1), absl::MakeSpan(&decided.outcomes[i], 1)};
    };
    const absl::Status alone = DecideInTransaction(one, decided);
    if (!alone.ok())
      decided.outcomes[i] = {IsOutage(alone.code()) ? CommitFailed(alone) : alone, nullptr, false};
  }
  return decided;
}

// Decides commands in one transaction and commits it. Where that fails, none of them took effect,
// or at worst the outcome is unknown, which a call with the same request id settles.
absl::Status CommandLoop::DecideInTransaction(TakePart take, Decided& decided) {
  absl::Status status = TryInTransaction(take, decided);
  // Aborted: certainly undone, so that also a command without a request id can be decided again.
  for (int i = 1; i < kTries && absl::IsAborted(status); ++i) {
    status = TryInTransaction(take, decided);
  }
  return status;
}

absl::Status CommandLoop::TryInTransaction(TakePart take, Decided& decided) {
  Decided here;
  absl::Status status = database_.Write(
      [&](store::Connection& connection) { return DecideOn(connection, take, here); });
  if (!status.ok()) {
    cache_.Clear();
    cache_head_ = {};
    return status;
  }
  std::move(here.events.begin(), here.events.end(), std::back_inserter(decided.events));
  std::move(here.vault.begin(), here.vault.end(), std::back_inserter(decided.vault));
  return absl::OkStatus();
}

absl::Status CommandLoop::DecideOn(store::Connection& connection, TakePart take, Decided& decided) {
  ASSIGN_OR_RETURN(const HeadRow head, LockHead(connection));
  const Mark before = MarkOf(head);
  const auto [waiting, outcomes] = take();
  std::vector<std::string> reads;
  ASSIGN_OR_RETURN(const bool is_current, FollowOthers(connection, before, reads));
  if (forget_.exchange(false) || !is_current || cache_.full()) {
    cache_.Clear();
    // Read together, not one by one.
    reads.assign(asked_for_.begin(), asked_for_.end());
  }
  const absl::Time now =
      std::max(absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now())), head.time);
  Batch batch(connection, projections_, cache_, head, now);

  std::vector<std::string> request_ids;
  for (const Waiting& one : waiting) {
    if (!one.command.request_id.empty()) request_ids.push_back(one.command.request_id);
    reads.insert(reads.end(), one.command.reads.begin(), one.command.reads.end());
  }
  StoredAnswers known;
  RETURN_IF_ERROR(ReadAnswers(connection, request_ids, [&](AnswerRow row) -> absl::Status {
    ASSIGN_OR_RETURN(StatePtr answer, ParseAnswer(row));
    known[row.request_id] = {row.fingerprint, row.sequence, std::move(answer)};
    return absl::OkStatus();
  }));
  batch.Prefetch(reads);

  BatchWriter writer(connection, head.hash);
  std::vector<std::string> answered;
  for (size_t i = 0; i < waiting.size(); ++i) {
    outcomes[i] = DecideOne(connection, batch, waiting[i], known, answered);
    RETURN_IF_ERROR(batch.status());
    if ((i + 1) % limits::kCommandsWrittenTogether == 0) RETURN_IF_ERROR(writer.Write(batch));
  }
  RETURN_IF_ERROR(writer.Write(batch));

  asked_for_ = batch.found();

  // Most answers are states as they are saved too: printed once.
  absl::flat_hash_map<const Message*, std::string> texts;
  for (const auto& [name, state] : batch.changes()) {
    if (state == nullptr) {
      cache_.Put(name, nullptr, 0);
      continue;
    }
    std::string text = ToJsonText(*state);
    cache_.Put(name, state, text.size());
    texts[state.get()] = std::move(text);
  }
  // The cache runs ahead of the commit here; a failed commit empties it.
  cache_head_ = before;
  if (!batch.events().empty()) {
    cache_head_.sequence = batch.sequence();
    cache_head_.hash = writer.hash();
    std::vector<std::string> changed;
    for (const auto& [name, state] : batch.changes()) changed.push_back(name);
    RETURN_IF_ERROR(WriteChange(connection, before, cache_head_, changed));
    records_.Expect(before, cache_head_, std::move(changed));
  }
  std::vector<AnswerRow> rows;
  rows.reserve(answered.size());
  for (const std::string& request_id : answered) {
    const StoredAnswer& stored = known[request_id];
    AnswerRow row{request_id, stored.fingerprint, stored.sequence, "", ""};
    if (stored.answer != nullptr) {
      row.type = stored.answer->GetDescriptor()->full_name();
      const auto printed = texts.find(stored.answer.get());
      row.answer = printed != texts.end() ? printed->second : ToJsonText(*stored.answer);
    }
    rows.push_back(std::move(row));
  }
  if (!batch.events().empty()) {
    RETURN_IF_ERROR(WriteHead(connection, batch.events().back().event));
  }
  RETURN_IF_ERROR(WriteAnswers(connection, rows));
  RETURN_IF_ERROR(projections_.Save(connection, batch.changes(), std::move(texts)));
  if (!batch.changes().empty() && head.shape != shape_) {
    RETURN_IF_ERROR(WriteBehind(connection, now));
  }

  decided.events = std::move(batch.events());
  decided.vault = std::move(batch.vault());
  return absl::OkStatus();
}

// Forgets the states that other processes changed since the head that they are of. Whether those that are left are
// those of `head`; `reads` are those that are likely to be asked for again.
absl::StatusOr<bool> CommandLoop::FollowOthers(store::Connection& connection, const Mark& head,
                                               std::vector<std::string>& reads) {
  if (head == cache_head_) return true;
  ASSIGN_OR_RETURN(const auto changed, ReadChanges(connection, cache_head_, head));
  if (!changed.has_value()) return false;
  for (const std::string& name : *changed) {
    if (cache_.Find(name) == nullptr) continue;
    cache_.Erase(name);
    reads.push_back(name);
  }
  cache_head_ = head;
  return true;
}

CommandLoop::Outcome CommandLoop::DecideOne(store::Connection& connection, Batch& batch,
                                            Waiting& waiting, StoredAnswers& known,
                                            std::vector<std::string>& answered) {
  Command& command = waiting.command;
  if (const auto before = known.find(command.request_id); before != known.end()) {
    if (before->second.fingerprint != command.fingerprint)
      return {RequestIdReused(command.request_id), nullptr, false};
    return {absl::OkStatus(), before->second.answer, true};
  }
  if (command.guard != nullptr) {
    if (absl::Status status = command.guard(connection); !status.ok())
      return {std::move(status), nullptr, false};
  }
  BatchDraft draft(batch, projections_, apply_, command, ids_);
  if (absl::Status status = command.decide(draft); !status.ok())
    return {std::move(status), nullptr, false};
  Outcome outcome{absl::OkStatus(), draft.Accept(), false};
  if (!command.request_id.empty()) {
    known[command.request_id] = {command.fingerprint, batch.sequence(), outcome.answer};
    answered.push_back(command.request_id);
  }
  return outcome;
}

void CommandLoop::AnswerLoop() {
  while (true) {
    Decided decided;
    {
      absl::MutexLock lock(&decided_mutex_);
      const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(decided_mutex_) {
        return !decided_.empty() || decided_all_;
      };
      decided_mutex_.Await(absl::Condition(&something));
      if (decided_.empty()) return;
      decided = std::move(decided_.front());
      decided_.pop_front();
    }
    Answer(std::move(decided));
  }
}

void CommandLoop::Answer(Decided decided) {
  if (!decided.events.empty()) {
    absl::MutexLock lock(&head_mutex_);
    head_ = std::max(head_, decided.events.back().event.sequence());
  }
  std::vector<journal::Answer> answers;
  const absl::Status joined = JoinAnswers(decided, answers);
  for (size_t i = 0; i < decided.waiting.size(); ++i) {
    const absl::Status& status =
        decided.outcomes[i].status.ok() ? joined : decided.outcomes[i].status;
    if (status.ok()) {
      decided.waiting[i].done(std::move(answers[i]));
    } else {
      decided.waiting[i].done(status);
    }
  }
  if (decided.events.empty()) return;
  absl::MutexLock lock(&listeners_mutex_);
  for (const Listener& listener : listeners_) listener(decided.events);
}

// Makes the answers as callers get them: with the texts of the vault.
absl::Status CommandLoop::JoinAnswers(const Decided& decided,
                                      std::vector<journal::Answer>& answers) {
  answers.resize(decided.outcomes.size());
  std::vector<Message*> messages;
  for (size_t i = 0; i < decided.outcomes.size(); ++i) {
    const Outcome& outcome = decided.outcomes[i];
    answers[i].replayed = outcome.replayed;
    if (outcome.answer == nullptr) continue;
    std::unique_ptr<Message> copy(outcome.answer->New());
    copy->CopyFrom(*outcome.answer);
    messages.push_back(copy.get());
    answers[i].message = std::move(copy);
  }
  if (JoinKnownTexts(messages, [&](VaultId id) { return FindText(decided.vault, id); }).empty()) {
    return absl::OkStatus();
  }
  const absl::Status status = database_.Read(
      [&](store::Connection& connection) { return JoinVault(connection, messages); });
  // The commands are durable all the same; a call with the same request id gets the answer.
  return status.ok() ? status : CommitFailed(status);
}

}  // namespace critac::journal
