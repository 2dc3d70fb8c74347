#include "common/rpc/testing/fake_journal.h"

#include <cstdlib>

#include "common/status/error.h"

namespace critac::rpc::testing {

using google::protobuf::Message;

namespace {

std::unique_ptr<Message> Copy(const Message* message) {
  if (message == nullptr) return nullptr;
  std::unique_ptr<Message> copy(message->New());
  copy->CopyFrom(*message);
  return copy;
}

absl::Status NotHere() { return absl::UnimplementedError("the pipeline does not ask for this"); }

}  // namespace

class FakeJournal::FakeDraft final : public journal::Draft {
 public:
  FakeDraft(absl::Time now, const std::string& actor, IdSource& ids, int64_t sequence,
            StateMap& states)
      : now_(now), actor_(actor), ids_(ids), sequence_(sequence), states_(states) {}

  absl::Time now() const override { return now_; }
  const std::string& actor() const override { return actor_; }
  IdSource& ids() const override { return ids_; }
  int64_t sequence() const override { return sequence_; }
  const Message* FindMessage(absl::string_view name) override {
    const auto found = states_.find(std::string(name));
    return found == states_.end() ? nullptr : found->second.get();
  }
  void ReadTexts(Message&) override {}
  void EmitMessage(absl::string_view subject, std::shared_ptr<Message> payload) override {
    ++sequence_;
    states_[std::string(subject)] = std::move(payload);
  }
  void AnswerWith(absl::string_view name) override { answer_name_ = std::string(name); }
  void AnswerWith(std::unique_ptr<Message> message) override { answer_ = std::move(message); }

  std::shared_ptr<const Message> Answer() const {
    if (answer_name_.empty()) return answer_;
    const auto found = states_.find(answer_name_);
    return found == states_.end() ? nullptr : found->second;
  }

 private:
  const absl::Time now_;
  const std::string& actor_;
  IdSource& ids_;
  int64_t sequence_;
  StateMap& states_;
  std::string answer_name_;
  std::shared_ptr<const Message> answer_;
};

FakeJournal::FakeJournal(const Clock& clock, IdSource& ids)
    : clock_(clock), ids_(ids), loop_([this] { Run(); }) {}

std::vector<FakeJournal::Seen> FakeJournal::seen() const {
  absl::MutexLock lock(&mutex_);
  return seen_;
}

void FakeJournal::Hold() {
  absl::MutexLock lock(&mutex_);
  held_ = true;
}

void FakeJournal::Release() {
  absl::MutexLock lock(&mutex_);
  held_ = false;
}

void FakeJournal::AwaitWaiting() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &FakeJournal::SomeWait));
}

void FakeJournal::Submit(journal::Command command, journal::Done done) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopping_) {
      waiting_.push_back({std::move(command), std::move(done)});
      return;
    }
  }
  done(absl::UnavailableError("the journal stops"));
}

void FakeJournal::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (loop_.joinable()) loop_.join();
}

void FakeJournal::Run() {
  while (true) {
    Waiting next;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &FakeJournal::HasWork));
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      seen_.push_back({next.command.request_id, next.command.fingerprint, next.command.actor});
    }
    next.done(Decide(next.command));
  }
}

absl::StatusOr<journal::Answer> FakeJournal::Decide(journal::Command& command) {
  if (!command.request_id.empty()) {
    if (const auto known = answered_.find(command.request_id); known != answered_.end()) {
      if (known->second.fingerprint != command.fingerprint) {
        return Error(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
                     "the request id was used with other content")
            .ToStatus();
      }
      return journal::Answer{Copy(known->second.message.get()), true};
    }
  }
  absl::MutexLock lock(&mutex_);
  StateMap states = states_;
  FakeDraft draft(clock_.Now(), command.actor, ids_, sequence_, states);
  RETURN_IF_ERROR(command.decide(draft));
  std::shared_ptr<const Message> answer = draft.Answer();
  states_ = std::move(states);
  sequence_ = draft.sequence();
  if (!command.request_id.empty()) answered_[command.request_id] = {command.fingerprint, answer};
  return journal::Answer{Copy(answer.get()), false};
}

store::Database& FakeJournal::database() { std::abort(); }

absl::Status FakeJournal::GetInto(absl::string_view name, Message& state) {
  absl::MutexLock lock(&mutex_);
  const auto found = states_.find(name);
  if (found == states_.end()) return ResourceNotFound(state.GetTypeName(), name);
  state.CopyFrom(*found->second);
  return absl::OkStatus();
}

void FakeJournal::Remember(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  remembered_.insert(name);
}

absl::StatusOr<journal::Look> FakeJournal::LookNow() {
  RETURN_IF_ERROR(on_look());
  return journal::Look{};
}

std::optional<absl::Status> FakeJournal::GetRemembered(const journal::Look&, absl::string_view name,
                                                       Message& state) {
  {
    absl::MutexLock lock(&mutex_);
    if (!remembered_.contains(name)) return std::nullopt;
  }
  return GetInto(name, state);
}

absl::Status FakeJournal::ListInto(const journal::ListQuery&, absl::FunctionRef<Message&()>,
                                   std::string&) {
  return NotHere();
}
absl::StatusOr<journal::Position> FakeJournal::ReadSelected(
    absl::Span<const journal::Selection>, bool,
    absl::FunctionRef<void(const std::string&, const Message&)>) {
  return NotHere();
}
absl::StatusOr<journal::Mark> FakeJournal::ReadChanged(const journal::Mark&,
                                                       absl::Span<const journal::Selection>, bool,
                                                       journal::StateKeeper&) {
  return NotHere();
}
absl::Status FakeJournal::ReadAllAsOf(
    absl::Span<const int64_t>, absl::Span<const std::string>, bool,
    absl::FunctionRef<void(int64_t, const std::string&, const Message&)>, journal::IsWanted) {
  return NotHere();
}
absl::StatusOr<journal::Position> FakeJournal::Head() { return NotHere(); }
absl::StatusOr<std::vector<journal::Event>> FakeJournal::ReadEvents(int64_t, int,
                                                                    absl::Span<const std::string>,
                                                                    absl::string_view) {
  return NotHere();
}
int64_t FakeJournal::AwaitBeyond(int64_t sequence, absl::Duration) { return sequence; }
absl::StatusOr<journal::Verification> FakeJournal::VerifyChain() { return NotHere(); }
absl::Status FakeJournal::Rebuild() { return NotHere(); }

}  // namespace critac::rpc::testing
