#ifndef SERVICES_MATCHING_RECUSAL_SYNC_H_
#define SERVICES_MATCHING_RECUSAL_SYNC_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/queue/work_queue.h"
#include "critac/intake/v1/recusal.pb.h"
#include "services/matching/intake_client.h"

namespace critac::matching {

// The job of the queue "sync" that tells intake of recusals. Its name is that of an engagement which is
// not there, since replicas of an older version take every job there for an engagement's: they find none,
// and give it up until it is put in again.
inline constexpr char kTellRecusals[] = "engagements/recusals";

// Tells intake who is recused from which agency, so that their requests are hidden there too. Every call
// tells all that holds, and is derived from the records alone: what was told before, by whom, and whether
// it arrived, does not matter. Intake is read first, then the records, and it takes what it is told only
// if nobody told it something else since; so what is older never takes the place of what is newer,
// whichever replica tells, and whatever backup was put back, on either side. Thread-safe.
class RecusalSync {
 public:
  RecusalSync(journal::Journal& journal, IntakeClient& intake, const Clock& clock)
      : journal_(journal), intake_(intake), clock_(clock) {}

  // Does the job: nothing where intake knows. ABORTED: another told meanwhile; to be done again.
  absl::Status Tell(const std::string& trace);

 private:
  struct Notice {
    int64_t revision = 0;
    absl::CivilDay day;
    std::vector<intake::v1::Recusal> recusals;
  };
  absl::StatusOr<std::shared_ptr<const Notice>> Read();

  journal::Journal& journal_;
  IntakeClient& intake_;
  const Clock& clock_;
  absl::Mutex mutex_;
  // That of the records last read; they are read again when they, or the day, have changed.
  std::shared_ptr<const Notice> notice_ ABSL_GUARDED_BY(mutex_);
};

// What should be queued after these events: edge. One job where who is recused may have changed.
std::vector<queue::NewJob> TellJobsOf(absl::Span<const journal::CommittedEvent> events);

// What should be queued whatever is on record: level. Intake is asked whether it knows, so that it is told
// also when a recusal has expired, or when intake lost what it knew.
queue::NewJob TellJob();

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RECUSAL_SYNC_H_
