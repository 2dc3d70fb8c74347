#ifndef SERVICES_MATCHING_INTAKE_SYNC_H_
#define SERVICES_MATCHING_INTAKE_SYNC_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/queue/job.h"
#include "common/queue/work_queue.h"
#include "critac/intake/v1/request.pb.h"
#include "services/matching/intake_client.h"

namespace critac::matching {

// Does the jobs of the queue "sync": leads the request of an engagement through intake as far as the
// engagement is (see ActionsDue), and tells it the newest version of the plan (see PlanToTell). Jobs
// are keyed by engagement. Every call to intake is idempotent, so a job done twice changes nothing the
// second time.
class IntakeSync {
 public:
  IntakeSync(journal::Journal& journal, IntakeClient& intake)
      : journal_(journal), intake_(intake) {}

  absl::Status Handle(const queue::Job& job);

 private:
  // Tells of the plan of an engagement, if there is something to tell. `request` was read before.
  absl::Status TellPlan(const std::string& engagement, const intake::v1::Request& request,
                        const std::string& trace);

  journal::Journal& journal_;
  IntakeClient& intake_;
};

// What should be queued after these events: edge. Each engagement once, with the trace of the first.
std::vector<queue::NewJob> SyncJobsOf(absl::Span<const journal::CommittedEvent> events);

// What should be queued by what is on record: engagements that are not settled: level.
absl::StatusOr<std::vector<queue::NewJob>> DeriveSyncJobs(journal::Journal& journal);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_INTAKE_SYNC_H_
