#ifndef COMMON_SERVER_TESTING_FAKE_JOURNAL_H_
#define COMMON_SERVER_TESTING_FAKE_JOURNAL_H_

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/journal/journal.h"

namespace critac::server::testing {

// A journal of events kept in memory: the reading half of journal::Journal. Commands and records
// are UNIMPLEMENTED.
class FakeJournal final : public journal::Journal {
 public:
  explicit FakeJournal(std::string name) : name_(std::move(name)) {}

  // Records an event.
  void Append(absl::string_view type, absl::string_view subject, std::string payload = "") {
    absl::MutexLock lock(&mutex_);
    journal::Event& event = events_.emplace_back();
    event.set_sequence(static_cast<int64_t>(events_.size()));
    event.set_type(std::string(type));
    event.set_subject(std::string(subject));
    event.set_payload(std::move(payload));
    event.set_hash(absl::StrCat("hash-", events_.size()));
    event.mutable_record_time()->set_seconds(1'800'000'000 + event.sequence());
  }
  void AppendMany(int count) {
    for (int i = 0; i < count; ++i) Append("critac.test.Happened", "things/1");
  }

  // No read returns more than this: stands for the limit of bytes.
  void LimitReads(int events) {
    absl::MutexLock lock(&mutex_);
    most_read_ = events;
  }
  // AwaitBeyond speaks of this head once, though Head and ReadEvents do not know of it.
  void TellOnce(int64_t head) {
    absl::MutexLock lock(&mutex_);
    told_ = head;
  }
  // What Head and ReadEvents answer from now on, when it is not OK.
  void Fail(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    failure_ = std::move(status);
  }
  // Called in each AwaitBeyond that would have to wait, instead of waiting; returns at once.
  void OnWait(std::function<void(absl::Duration timeout)> on_wait) {
    on_wait_ = std::move(on_wait);
  }
  // Called in each VerifyChain.
  void OnVerify(std::function<journal::Verification()> on_verify) {
    on_verify_ = std::move(on_verify);
  }

  const std::string& name() const override { return name_; }
  absl::StatusOr<journal::Position> Head() override {
    absl::MutexLock lock(&mutex_);
    if (!failure_.ok()) return failure_;
    journal::Position head;
    head.sequence = static_cast<int64_t>(events_.size());
    if (head.sequence > 0) {
      head.hash = events_.back().hash();
      head.time = absl::FromUnixSeconds(events_.back().record_time().seconds());
    }
    return head;
  }
  absl::StatusOr<std::vector<journal::Event>> ReadEvents(int64_t from_sequence, int limit,
                                                         absl::Span<const std::string> types,
                                                         absl::string_view subject) override {
    absl::MutexLock lock(&mutex_);
    if (!failure_.ok()) return failure_;
    limit = std::min(limit, most_read_);
    std::vector<journal::Event> read;
    for (const journal::Event& event : events_) {
      if (static_cast<int>(read.size()) == limit) break;
      if (event.sequence() < from_sequence) continue;
      if (!types.empty() && std::find(types.begin(), types.end(), event.type()) == types.end()) {
        continue;
      }
      if (!subject.empty() && event.subject() != subject) continue;
      read.push_back(event);
    }
    return read;
  }
  int64_t AwaitBeyond(int64_t sequence, absl::Duration timeout) override {
    {
      absl::MutexLock lock(&mutex_);
      if (const int64_t told = std::exchange(told_, 0); told > sequence) return told;
    }
    const auto head = [this] {
      absl::MutexLock lock(&mutex_);
      return static_cast<int64_t>(events_.size());
    };
    if (head() > sequence) return head();
    if (on_wait_) {
      on_wait_(timeout);
      return head();
    }
    const auto beyond = [this, sequence]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return static_cast<int64_t>(events_.size()) > sequence;
    };
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&beyond), timeout);
    return static_cast<int64_t>(events_.size());
  }
  absl::StatusOr<journal::Verification> VerifyChain() override {
    if (on_verify_) return on_verify_();
    return journal::Verification();
  }

  store::Database& database() override { std::abort(); }
  void Submit(journal::Command, journal::Done done) override { done(Unimplemented()); }
  void AddListener(journal::Listener) override {}
  void Stop() override {}
  absl::Status GetInto(absl::string_view, google::protobuf::Message&) override {
    return Unimplemented();
  }
  absl::Status ListInto(const journal::ListQuery&, absl::FunctionRef<google::protobuf::Message&()>,
                        std::string&) override {
    return Unimplemented();
  }
  absl::StatusOr<journal::Position> ReadSelected(
      absl::Span<const journal::Selection>, bool,
      absl::FunctionRef<void(const std::string&, const google::protobuf::Message&)>) override {
    return Unimplemented();
  }
  absl::StatusOr<journal::Mark> ReadChanged(const journal::Mark&,
                                            absl::Span<const journal::Selection>, bool,
                                            journal::StateKeeper&) override {
    return Unimplemented();
  }
  absl::Status ReadAllAsOf(
      absl::Span<const int64_t>, absl::Span<const std::string>, bool,
      absl::FunctionRef<void(int64_t, const std::string&, const google::protobuf::Message&)>,
      journal::IsWanted) override {
    return Unimplemented();
  }
  absl::Status Rebuild() override { return Unimplemented(); }

 private:
  static absl::Status Unimplemented() { return absl::UnimplementedError("a fake journal"); }

  const std::string name_;
  absl::Mutex mutex_;
  std::vector<journal::Event> events_ ABSL_GUARDED_BY(mutex_);
  int64_t told_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_read_ ABSL_GUARDED_BY(mutex_) = 1'000'000;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::function<void(absl::Duration)> on_wait_;
  std::function<journal::Verification()> on_verify_;
};

}  // namespace critac::server::testing

#endif  // COMMON_SERVER_TESTING_FAKE_JOURNAL_H_
