#ifndef COMMON_RPC_TESTING_FAKE_JOURNAL_H_
#define COMMON_RPC_TESTING_FAKE_JOURNAL_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "google/protobuf/message.h"

namespace critac::rpc::testing {

// A journal in memory, with a loop on a thread of its own: as much of one as the pipeline meets. A
// subject's state is the payload it was last given. Thread-safe.
class FakeJournal final : public journal::Journal {
 public:
  FakeJournal(const Clock& clock, IdSource& ids);
  ~FakeJournal() override { Stop(); }

  // What a command said, apart from how it is decided.
  struct Seen {
    std::string request_id;
    std::string fingerprint;
    std::string actor;
    bool operator==(const Seen&) const = default;
  };
  // Commands decided so far, replays included.
  std::vector<Seen> seen() const;

  // While held, commands wait.
  void Hold();
  void Release();
  // Returns when a command waits.
  void AwaitWaiting();

  // Gives the state of `name` from memory too (GetRemembered).
  void Remember(const std::string& name);
  // Called when it is looked at; what it returns is what LookNow does. Set before that.
  std::function<absl::Status()> on_look = [] { return absl::OkStatus(); };

  const std::string& name() const override { return name_; }
  store::Database& database() override;
  void Submit(journal::Command command, journal::Done done) override;
  void AddListener(journal::Listener) override {}
  void Stop() override;

  absl::Status GetInto(absl::string_view name, google::protobuf::Message& state) override;
  absl::StatusOr<journal::Look> LookNow() override;
  std::optional<absl::Status> GetRemembered(const journal::Look& look, absl::string_view name,
                                            google::protobuf::Message& state) override;
  absl::Status ListInto(const journal::ListQuery& query,
                        absl::FunctionRef<google::protobuf::Message&()> add,
                        std::string& next_page_token) override;
  absl::StatusOr<journal::Position> ReadSelected(
      absl::Span<const journal::Selection> selections, bool with_vault,
      absl::FunctionRef<void(const std::string&, const google::protobuf::Message&)> each) override;
  absl::StatusOr<journal::Mark> ReadChanged(const journal::Mark& since,
                                            absl::Span<const journal::Selection> selections,
                                            bool with_vault, journal::StateKeeper& keeper) override;
  absl::Status ReadAllAsOf(
      absl::Span<const int64_t> sequences, absl::Span<const std::string> collections,
      bool with_vault,
      absl::FunctionRef<void(int64_t, const std::string&, const google::protobuf::Message&)> each,
      journal::IsWanted is_wanted) override;
  absl::StatusOr<journal::Position> Head() override;
  absl::StatusOr<std::vector<journal::Event>> ReadEvents(int64_t from_sequence, int limit,
                                                         absl::Span<const std::string> types,
                                                         absl::string_view subject) override;
  int64_t AwaitBeyond(int64_t sequence, absl::Duration timeout) override;
  absl::StatusOr<journal::Verification> VerifyChain() override;
  absl::Status Rebuild() override;

 private:
  using StateMap =
      std::map<std::string, std::shared_ptr<const google::protobuf::Message>, std::less<>>;
  struct Waiting {
    journal::Command command;
    journal::Done done;
  };
  struct Answered {
    std::string fingerprint;
    std::shared_ptr<const google::protobuf::Message> message;
  };
  class FakeDraft;

  void Run();
  absl::StatusOr<journal::Answer> Decide(journal::Command& command);
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || (!held_ && !waiting_.empty());
  }
  bool SomeWait() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !waiting_.empty(); }

  const std::string name_ = "fake";
  const Clock& clock_;
  IdSource& ids_;

  mutable absl::Mutex mutex_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  std::vector<Seen> seen_ ABSL_GUARDED_BY(mutex_);
  StateMap states_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> remembered_ ABSL_GUARDED_BY(mutex_);

  // Of the loop's thread alone.
  std::map<std::string, Answered> answered_;
  int64_t sequence_ = 0;

  std::thread loop_;
};

}  // namespace critac::rpc::testing

#endif  // COMMON_RPC_TESTING_FAKE_JOURNAL_H_
