#ifndef COMMON_JOURNAL_COMMAND_LOOP_H_
#define COMMON_JOURNAL_COMMAND_LOOP_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/batch.h"
#include "common/journal/command.h"
#include "common/journal/journal.h"
#include "common/journal/projections.h"
#include "common/journal/record_cache.h"
#include "common/store/database.h"

namespace critac::journal {

// Takes all commands that wait, decides and writes them in one transaction, and answers them: one
// fsync serves many calls, and their order is total. One that is to be alone (Command::alone) has a
// transaction of its own. Two threads: one decides and commits; the other answers, while the first
// goes on.
class CommandLoop {
 public:
  // All must outlive the loop. `records` is told of what it changes; `head` is the journal's at the start.
  CommandLoop(store::Database& database, const Projections& projections, const Apply& apply,
              RecordCache& records, const Clock& clock, IdSource& ids, int64_t head);
  ~CommandLoop();

  // See Journal.
  void Submit(Command command, Done done);
  void AddListener(Listener listener);
  int64_t AwaitBeyond(int64_t sequence, absl::Duration timeout);
  // Another process has written up to `sequence`.
  void Advance(int64_t sequence);
  void Stop();

  // Forgets what it remembers of states: after the projections were written by someone else.
  void ForgetStates();

 private:
  struct Waiting {
    Command command;
    Done done;
  };
  // What became of one command.
  struct Outcome {
    absl::Status status;
    StatePtr answer;  // vault fields hold references
    bool replayed = false;
  };
  struct StoredAnswer {
    std::string fingerprint;
    int64_t sequence = 0;
    StatePtr answer;
  };
  using StoredAnswers = absl::flat_hash_map<std::string, StoredAnswer>;
  // A batch that was decided: what the answering thread needs.
  struct Decided {
    std::vector<Waiting> waiting;
    std::vector<Outcome> outcomes;
    std::vector<CommittedEvent> events;
    // What the batch put into the vault, in order.
    std::vector<VaultEntry> vault;
  };

  void DecideLoop();
  void AnswerLoop();
  // Those of a batch that one transaction decides.
  struct Part {
    absl::Span<Waiting> waiting;
    absl::Span<Outcome> outcomes;
  };
  // Says which they are, once the head is locked: while another process has it, more may come.
  using TakePart = absl::FunctionRef<Part()>;

  std::vector<Waiting> TakeWaiting();
  void TakeWaitingInto(std::vector<Waiting>& taken);
  void TakeLockedInto(std::vector<Waiting>& taken) ABSL_EXCLUSIVE_LOCKS_REQUIRED(waiting_mutex_);
  Decided DecideAll(std::vector<Waiting> waiting);
  absl::Status DecideInTransaction(TakePart take, Decided& decided);
  absl::Status TryInTransaction(TakePart take, Decided& decided);
  absl::Status DecideOn(store::Connection& connection, TakePart take, Decided& decided);
  absl::StatusOr<bool> FollowOthers(store::Connection& connection, const Mark& head,
                                    std::vector<std::string>& reads);
  Outcome DecideOne(store::Connection& connection, Batch& batch, Waiting& waiting,
                    StoredAnswers& known, std::vector<std::string>& answered);
  void Answer(Decided decided);
  absl::Status JoinAnswers(const Decided& decided, std::vector<journal::Answer>& answers);

  store::Database& database_;
  const Projections& projections_;
  // Digest of its shape.
  const std::string shape_;
  const Apply& apply_;
  RecordCache& records_;
  const Clock& clock_;
  IdSource& ids_;
  // Held while they are told.
  absl::Mutex listeners_mutex_;
  std::vector<Listener> listeners_ ABSL_GUARDED_BY(listeners_mutex_);

  absl::Mutex waiting_mutex_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(waiting_mutex_);
  bool stopping_ ABSL_GUARDED_BY(waiting_mutex_) = false;

  absl::Mutex decided_mutex_;
  std::deque<Decided> decided_ ABSL_GUARDED_BY(decided_mutex_);
  bool decided_all_ ABSL_GUARDED_BY(decided_mutex_) = false;

  absl::Mutex head_mutex_;
  int64_t head_ ABSL_GUARDED_BY(head_mutex_);
  bool stopped_ ABSL_GUARDED_BY(head_mutex_) = false;

  // States as they are at `cache_head_`: this loop's own last commit, or one of others up to which it has followed.
  // Touched by the deciding thread alone.
  StateCache cache_;
  Mark cache_head_;
  std::atomic<bool> forget_{false};
  // By the batch before.
  absl::flat_hash_set<std::string> asked_for_;

  std::thread decider_;
  std::thread answerer_;
};

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_COMMAND_LOOP_H_
