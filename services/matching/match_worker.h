#ifndef SERVICES_MATCHING_MATCH_WORKER_H_
#define SERVICES_MATCHING_MATCH_WORKER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/queue/job.h"
#include "common/queue/work_queue.h"
#include "services/matching/intake_client.h"
#include "services/matching/pool_reader.h"

namespace critac::matching {

// Key of the job that solves without a request having changed: experts, partners, policy did.
inline constexpr char kSolveJob[] = "demands";

// Does the jobs of the queue "match". A job is keyed by a request, which is followed (see
// FollowRequest), or is kSolveJob; either way all open demands are then solved at once, checked, and
// the proposals recorded. A job done twice changes nothing the second time.
class MatchWorker {
 public:
  MatchWorker(journal::Journal& journal, IntakeClient& intake, PoolReader& pools,
              const Clock& clock)
      : journal_(journal), intake_(intake), pools_(pools), clock_(clock) {}

  absl::Status Handle(const queue::Job& job);

 private:
  absl::Status Follow(const std::string& request);
  absl::Status Solve();

  journal::Journal& journal_;
  IntakeClient& intake_;
  PoolReader& pools_;
  const Clock& clock_;
};

// What should be queued for solving after these events: edge.
std::vector<queue::NewJob> MatchJobsOf(absl::Span<const journal::Event> events);

// What should be queued for solving by what is on record: demands that are open and have no standing
// proposal: level.
absl::StatusOr<std::vector<queue::NewJob>> DeriveMatchJobs(journal::Journal& journal);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MATCH_WORKER_H_
