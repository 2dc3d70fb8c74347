#ifndef SERVICES_METRICS_FOLLOWER_H_
#define SERVICES_METRICS_FOLLOWER_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/base/task_pool.h"
#include "common/rpc/journal_feed.h"
#include "common/store/database.h"
#include "grpcpp/channel.h"
#include "services/metrics/facts.h"
#include "services/metrics/journal_follower.h"

namespace critac::metrics {

// Names of the journals that facts are made from, in the order of a snapshot.
inline constexpr const char* kJournals[] = {"intake", "matching", "metrics"};

// How often it is written down how far the journals were read. It serves a check only, so it need not
// be often.
inline constexpr absl::Duration kStoreEvery = absl::Seconds(10);

// Follows the journals and keeps the facts that they tell, in memory. Nothing is lost with them: at
// every start the journals are read again from their first event, so facts can be thrown away at any
// time. What is kept between starts is how far each journal was read, with the hash there: a journal
// that is another than the one read before (a backup put back, a history rewritten) is noticed, and
// followed no further. It owns its threads: one a journal (rpc::JournalFeed), and one that calls those
// who wait. Thread-safe.
class Follower {
 public:
  using Channels = std::function<std::shared_ptr<grpc::Channel>(const std::string& service)>;
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // `database` and `clock` must outlive it.
  Follower(Channels channels, store::Database& database, const Clock& clock);
  // Stops.
  ~Follower();

  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Begins. Called once, before Stop.
  void Start();
  // Ends the streams, calls those who wait with UNAVAILABLE, joins the threads. Stopping again, or
  // without a start, does nothing.
  void Stop();

  // Calls `look` with the facts, and returns the positions at which they hold. `look` must not call
  // the follower.
  v1::Snapshot Read(absl::FunctionRef<void(const Facts&)> look) const;

  // Calls `done`, on a thread of the follower, once the facts follow the journals at least as far as
  // `positions`: OK. INVALID_ARGUMENT, at once: no such journal, a position twice.
  // DEADLINE_EXCEEDED, naming how far the facts are: `deadline` passed. FAILED_PRECONDITION, reason
  // SNAPSHOT_MISMATCH: the journal has another hash at a position that names one.
  void WhenReached(std::vector<Position> positions, absl::Time deadline, Done done);

  // The same with the heads of the journals as they are now: what was acknowledged before the call
  // is in the facts. UNAVAILABLE and the like: a journal cannot be reached.
  void WhenCaughtUp(absl::Time deadline, Done done);

  // OK, or why a journal is followed no further. A journal that cannot be reached is no fault.
  absl::Status Health() const;
  // The same of each journal.
  std::vector<std::pair<std::string, absl::Status>> Followed() const;

 private:
  // One journal as it is followed.
  struct Followee {
    std::string name;
    // How far it was read before the start, which must be seen again. Sequence 0: not known.
    Position before;
    std::unique_ptr<rpc::JournalFeed> feed;
  };
  struct Waiter {
    std::vector<Position> positions;
    absl::Time deadline;
    Done done;
  };
  // Someone whose wait is over.
  struct Call {
    Waiter waiter;
    absl::Status outcome;
  };

  absl::Status TakeIn(const Followee& journal, const Position& position,
                      absl::Span<const journal::v1::Event> events);

  // Calls those whose wait is over, and stores positions now and then, until Stop.
  void CallWaiters();
  std::vector<Call> TakeCalls(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Reached(const Waiter& waiter) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string HowFar() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Asks the journals for the hashes that `positions` name.
  absl::Status CheckHashes(const std::vector<Position>& positions) const;
  absl::StatusOr<std::vector<Position>> Heads(absl::Time deadline) const;
  // Runs `task` where it may block, and then `done`; with RESOURCE_EXHAUSTED where too many wait.
  void RunTask(absl::AnyInvocable<absl::Status()> task, Done done);

  void LoadPositions();
  void StorePositions(const v1::Snapshot& snapshot);

  const Channels channels_;
  store::Database& database_;
  const Clock& clock_;
  TaskPool tasks_;

  mutable absl::Mutex facts_mutex_;
  Facts facts_ ABSL_GUARDED_BY(facts_mutex_);
  // The positions at which the facts hold, one a journal, in the order of kJournals.
  v1::Snapshot positions_ ABSL_GUARDED_BY(facts_mutex_);

  mutable absl::Mutex mutex_;
  // The same, for those who wait; at most a moment behind.
  v1::Snapshot reached_ ABSL_GUARDED_BY(mutex_);
  std::vector<Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
  // There may be someone to call.
  bool changed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // Filled before the threads begin, and not changed in size.
  std::vector<Followee> journals_;
  std::thread caller_;
};

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_FOLLOWER_H_
