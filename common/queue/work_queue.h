#ifndef COMMON_QUEUE_WORK_QUEUE_H_
#define COMMON_QUEUE_WORK_QUEUE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace critac::queue {

// Three priorities. Under load each level still gets its turn (8 : 4 : 1), so that none starves.
enum class Priority { kHigh, kNormal, kLow };

// Work to be done. A job carries names, never records: whoever does it reads the record.
struct NewJob {
  // What is to be done, unique in the queue while it is not done. At most limits::kJobKeyBytes.
  std::string key;
  Priority priority = Priority::kNormal;
  // How long it must wait first.
  absl::Duration delay = absl::ZeroDuration();
  // W3C traceparent of the call that caused it. Empty: none.
  std::string trace;
};

// A job in the hands of one worker until `expires`.
struct Lease {
  std::string key;
  // Distinguishes this lease from every earlier and later one of the same job.
  uint64_t token = 0;
  // 1 at the first attempt.
  int attempt = 0;
  absl::Time expires;
  std::string trace;
};

// What a queue does with jobs that fail.
struct RetryPolicy {
  // Attempts before a job is given up.
  int max_attempts = 10;
  // Wait after the first failure; doubled after each, up to `max_backoff`, plus up to a quarter at
  // random.
  absl::Duration first_backoff = absl::Seconds(1);
  absl::Duration max_backoff = absl::Minutes(5);
  // Leases of a job that may run out before it counts as one that kills its workers and is given
  // up.
  int max_lost_leases = 3;
};

struct QueueStats {
  int64_t ready = 0;
  int64_t delayed = 0;
  int64_t leased = 0;
  int64_t dead = 0;
  // Age of the oldest ready job; zero where none.
  absl::Duration oldest_ready = absl::ZeroDuration();
  bool paused = false;
  // Jobs completed since the queue was opened.
  int64_t completed = 0;
};

enum class JobState { kReady, kDelayed, kLeased, kDead };

struct JobInfo {
  std::string key;
  JobState state = JobState::kReady;
  Priority priority = Priority::kNormal;
  int attempts = 0;
  absl::Time enqueued;
  // Delayed: when it is due. Leased: when the lease runs out. Otherwise absl::InfinitePast().
  absl::Time due;
  std::string last_error;
};

// A queue of jobs, at least once. Thread-safe. Every sentence here has a test in the conformance
// suite, which every implementation passes.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;

  virtual absl::string_view name() const = 0;

  // Puts jobs in, all or none. A key that is in the queue and not dead is left as it is, also when
  // leased: then the job is run once more after the current run ends, because what it was asked for
  // may have changed since it began. A dead job of the same key comes back to life. Returns how
  // many were added or brought back. INVALID_ARGUMENT: an empty or too long key.
  // RESOURCE_EXHAUSTED: the queue would pass limits::kQueueJobs. UNAVAILABLE: the queue cannot be
  // written to.
  virtual absl::StatusOr<int64_t> Enqueue(absl::Span<const NewJob> jobs) = 0;

  // Takes up to `max` ready jobs for `lease`; waits up to `wait` for the first. By priority, then
  // oldest first. Jobs whose lease ran out are taken over, with a new token. Empty: none came, the
  // queue is paused, or Shutdown was called.
  virtual absl::StatusOr<std::vector<Lease>> Reserve(int max, absl::Duration lease,
                                                     absl::Duration wait) = 0;

  // Holds a job for `lease` from now. ABORTED, reason LEASE_LOST: it is no longer this worker's.
  virtual absl::StatusOr<Lease> Extend(const Lease& lease, absl::Duration duration) = 0;

  // Marks a job done. ABORTED, reason LEASE_LOST: it is no longer this worker's, and nothing
  // changed.
  virtual absl::Status Complete(const Lease& lease) = 0;

  // Says that an attempt failed: the job waits and is tried again, or is given up after the last
  // attempt or where `retry` is false. ABORTED, reason LEASE_LOST: it is no longer this worker's.
  virtual absl::Status Fail(const Lease& lease, absl::string_view error, bool retry) = 0;

  // Gives a job back untried: ready at once, the attempt not counted. ABORTED, reason LEASE_LOST.
  virtual absl::Status Release(const Lease& lease) = 0;

  // No job is handed out until Resume; jobs in hand go on, jobs still come in.
  virtual absl::Status Pause() = 0;
  virtual absl::Status Resume() = 0;

  virtual absl::StatusOr<QueueStats> Stats() = 0;

  // Shows up to `limit` jobs without touching them, oldest first; of one state, or all.
  virtual absl::StatusOr<std::vector<JobInfo>> Peek(std::optional<JobState> state, int limit) = 0;

  // Brings a dead job back, with its attempts forgotten. NOT_FOUND: no dead job of this key.
  virtual absl::Status Redrive(absl::string_view key) = 0;
  // Brings all dead jobs back; returns how many.
  virtual absl::StatusOr<int64_t> RedriveAll() = 0;
  // Forgets all dead jobs; returns how many.
  virtual absl::StatusOr<int64_t> PurgeDead() = 0;

  // Whether jobs can be put in now, for readiness. OK, or why not.
  virtual absl::Status CheckWritable() = 0;

  // Wakes those who wait in Reserve; from now on Reserve hands out nothing.
  virtual void Shutdown() = 0;
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_WORK_QUEUE_H_
