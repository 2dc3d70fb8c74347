#ifndef SERVICES_MATCHING_SOLVE_LEASE_H_
#define SERVICES_MATCHING_SOLVE_LEASE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/journal/command.h"
#include "common/store/commit_watch.h"
#include "common/store/database.h"

namespace critac::matching {

// Whose turn it is to solve and record: one at a time among all replicas that share a database, be it a worker or a
// call. A row beside the records says who it is, in which turn, and until when. Those of one process wait in the
// order in which they came, and the first of them for those of other processes. Turns are numbered; a plan is
// recorded only where the row says in the same transaction that its turn lasts. So a holder that stood still, or
// could not reach the database, until its lease ran out records nothing, whether another has followed it or not.
// The clocks of replicas decide only when another may follow: where they disagree, somebody may follow early, and
// what was begun is lost, not recorded twice. Thread-safe.
class SolveLease {
 public:
  // Who died is followed once so much time has passed, by the clock, since it last renewed its lease.
  static constexpr absl::Duration kTerm = absl::Seconds(15);
  // A holder renews its lease so often, however long it solves.
  static constexpr absl::Duration kRenewEvery = absl::Seconds(5);

  // A turn that is had. Kept for as long as it lives, by a thread of its own; given back at its end.
  class Turn {
   public:
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // Refuses a command when the turn is over: UNAVAILABLE, reason SOLVE_LEASE_LOST. To be used while the turn lives.
    journal::Guard guard() const;

   private:
    friend class SolveLease;
    Turn(SolveLease& lease, int64_t place, int64_t number);
    void Keep();

    SolveLease& lease_;
    // In the line of the process, and among all turns ever.
    const int64_t place_;
    const int64_t number_;
    const absl::Time take_time_;
    absl::Mutex mutex_;
    bool ended_ ABSL_GUARDED_BY(mutex_) = false;
    std::thread keeper_;
  };

  // `database` is matching's; both must outlive the lease.
  SolveLease(store::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

  // Waits until it is the turn of `who`, a principal. RESOURCE_EXHAUSTED: reason SOLVE_UNDER_WAY, with who solves, or
  // did last (fact `holder`), since when (fact `since`), and RetryInfo: it was not until `deadline`, or that is past
  // already. UNAVAILABLE: reason STOPPING: it would have to wait, after Stop. What the database said, where it cannot
  // be asked.
  absl::StatusOr<std::unique_ptr<Turn>> Take(const std::string& who, absl::Time deadline);

  // As if nobody had it. For the start of a process whose database no other process has: whoever had it is gone.
  absl::Status Forget();

  // Ends all waits at once, and lets nobody wait any more. Turns that are had go on.
  void Stop();

  // How many of this process wait or have the turn.
  size_t line_length() const;

 private:
  // Who has it, or had it last.
  struct Holder {
    int64_t turn = 0;
    std::string who;
    absl::Time take_time;
    // When its lease runs out; past where it was given back.
    absl::Time expire_time;
  };

  // Waits until `place` is the first in line.
  absl::Status AwaitPlace(int64_t place, absl::Time deadline);
  // Waits until other processes leave it to the first in line, and takes it. Returns the number of the turn.
  absl::StatusOr<int64_t> TakeFromOthers(const std::string& who, absl::Time deadline);
  // Returns when it may have been given back, at `until`, or after Stop, or sooner.
  void AwaitGivenBack(store::CommitWatch* watch, absl::Time until);
  absl::StatusOr<Holder> Look();
  // 0: another was quicker.
  absl::StatusOr<int64_t> TryTake(const std::string& who);
  // Whether the turn lasts.
  absl::StatusOr<bool> Renew(int64_t turn);
  absl::Status GiveBack(int64_t turn);
  absl::Status CheckLasts(store::Connection& connection, int64_t turn) const;
  absl::Status UnderWay(const Holder& holder) const;
  int64_t JoinLine();
  void LeaveLine(int64_t place);

  store::Database& database_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t last_place_ ABSL_GUARDED_BY(mutex_) = 0;
  // Places of this process; the first has the turn, or is about to.
  std::deque<int64_t> line_ ABSL_GUARDED_BY(mutex_);
  // What the first in line waits at. Null: it does not.
  store::CommitWatch* watch_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SOLVE_LEASE_H_
