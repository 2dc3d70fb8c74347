#ifndef SERVICES_INTAKE_MATCH_JOBS_H_
#define SERVICES_INTAKE_MATCH_JOBS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/queue/work_queue.h"
#include "common/store/database.h"

// What intake puts into the queue `match`: the names of requests, for matching to look at.
namespace critac::intake {

// What should be queued after these events: edge. Each request once, with the trace of the first
// event that concerns matching.
std::vector<queue::NewJob> MatchJobsOf(absl::Span<const journal::CommittedEvent> events);

// What should be queued by what is on record: level. Not thread-safe.
class DueMatchJobs {
 public:
  // Requests that left matching, looked at in one round. All of them come up in turn.
  static constexpr int kLeftPerRound = 500;

  // `database` must outlive it.
  explicit DueMatchJobs(store::Database& database) : database_(database) {}

  // Every ready request, and of those that left matching the next few, so that none is left out for
  // ever and a round stays small after years.
  absl::StatusOr<std::vector<queue::NewJob>> NextRound();

 private:
  store::Database& database_;
  // The last of those that left matching that was given.
  std::string left_after_;
};

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_MATCH_JOBS_H_
