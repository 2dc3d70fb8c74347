#ifndef SERVICES_MATCHING_MATCH_WORKER_H_
#define SERVICES_MATCHING_MATCH_WORKER_H_

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/queue/job.h"
#include "common/queue/work_queue.h"
#include "services/matching/intake_client.h"
#include "services/matching/pool_reader.h"
#include "services/matching/solve_lease.h"
#include "services/matching/solve_store.h"

namespace critac::matching {

// Key of the job that solves.
inline constexpr char kSolveJob[] = "demands";

// Does the jobs of the queue "match". A job is keyed by a request, which is followed (see
// FollowRequest), or is kSolveJob: then all open demands are solved at once, checked, and the proposals
// recorded, where the records or the day have changed since that was last done. For that it waits for a turn of the
// lease, which another worker or a call may have; many changes that come meanwhile are solved
// together. A job done twice changes nothing the second time. After each start of a process all is
// solved once, since a new version may plan otherwise, and by one of them for all. Thread-safe.
class MatchWorker {
 public:
  MatchWorker(journal::Journal& journal, IntakeClient& intake, PoolReader& pools, SolveLease& lease,
              const Clock& clock)
      : journal_(journal),
        intake_(intake),
        pools_(pools),
        lease_(lease),
        clock_(clock),
        store_(journal.database()) {}

  // CANCELLED: it would have waited for a turn, and the process stops.
  absl::Status Handle(const queue::Job& job);

  // What should be queued by what is on record: kSolveJob where there is something to solve.
  absl::StatusOr<std::vector<queue::NewJob>> Due();

 private:
  absl::Status Follow(const std::string& request, const std::string& trace);
  absl::Status Solve(const std::string& trace);
  // Whether a demand is open and the solver's input, or the day, is not the one that was last solved.
  absl::StatusOr<bool> IsSolveDue();
  // Once in the life of a process: what others solved before does not count.
  absl::Status ForgetSolvedBefore();

  journal::Journal& journal_;
  IntakeClient& intake_;
  PoolReader& pools_;
  SolveLease& lease_;
  const Clock& clock_;
  // The input of the last plan whose proposals are on record.
  SolveStore store_;
  absl::Mutex mutex_;
  bool forgot_ ABSL_GUARDED_BY(mutex_) = false;
};

// kSolveJob where one of these events may change the plan. A job that is leased when it is put in is
// run once more afterwards, so what changes while it runs is not overlooked.
std::vector<queue::NewJob> SolveJobOf(absl::Span<const journal::CommittedEvent> events);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MATCH_WORKER_H_
