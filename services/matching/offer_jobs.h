#ifndef SERVICES_MATCHING_OFFER_JOBS_H_
#define SERVICES_MATCHING_OFFER_JOBS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/queue/job.h"
#include "common/queue/work_queue.h"
#include "services/matching/pool_reader.h"

namespace critac::matching {

// Does the jobs of the queue "offers": reminds partners, lets offers expire, takes back those of experts who are not
// eligible any more. Jobs are keyed by offer. What is due follows from the records and the day alone, so a job done
// twice changes nothing the second time, and one that is lost is derived again.
class OfferJobs {
 public:
  OfferJobs(journal::Journal& journal, PoolReader& pools, const Clock& clock)
      : journal_(journal), pools_(pools), clock_(clock) {}

  absl::Status Handle(const queue::Job& job);

  // What should be queued by what is on record, and the day: level.
  absl::StatusOr<std::vector<queue::NewJob>> Due();

 private:
  journal::Journal& journal_;
  PoolReader& pools_;
  const Clock& clock_;
};

// Whether one of these events may make something due at once: a gate may have closed.
bool ConcernsOffers(absl::Span<const journal::CommittedEvent> events);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_OFFER_JOBS_H_
