#ifndef COMMON_QUEUE_RECONCILER_H_
#define COMMON_QUEUE_RECONCILER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// What a reconciler tells of every pass: for logs and operational metrics.
struct ReconcilerPass {
  // OK, or why the pass ended early.
  absl::Status status;
  // Jobs that should be known, and those of them that the queue did not know: work that would have
  // been forgotten.
  int64_t derived_count = 0;
  int64_t added_count = 0;
  absl::Time began;
  absl::Time ended;
};

struct ReconcilerOptions {
  // Name of its thread; 15 characters of it are seen.
  std::string name = "reconciler";
  // From the end of a pass to the next.
  absl::Duration interval = absl::Minutes(1);
  // Rest after a pass failed; doubled after each further failure, up to `max_rest` and no longer than
  // `interval`, plus up to a quarter at random: so soon after a queue is back it has what it missed.
  absl::Duration first_rest = absl::Seconds(1);
  absl::Duration max_rest = absl::Seconds(5);
  // Called after every pass by the thread that made it. May be null.
  std::function<void(const ReconcilerPass&)> observer;
};

// Keeps a queue true to the records: derives over and over which jobs should be known and puts them
// in, as derived jobs, so that nothing is lost for good when a producer could not reach the queue or
// the queue forgot. It owns its thread. Thread-safe.
class Reconciler {
 public:
  // What should be queued, according to the records. Called by one thread at a time.
  using Derive = std::function<absl::StatusOr<std::vector<NewJob>>()>;

  // `queue`, `clock` and `ids` must outlive the reconciler.
  Reconciler(WorkQueue& queue, Derive derive, ReconcilerOptions options, const Clock& clock,
             IdSource& ids);
  // Stops.
  ~Reconciler();

  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;

  // Begins, with a pass at once. Called once, before Stop.
  void Start();

  // Asks for a pass now, for example because a producer could not reach the queue. A pass that is
  // going on may have looked too early, so another follows it; of several nudges one is enough.
  // After a pass that failed a nudge does not shorten the rest: those who cannot reach the queue
  // nudge often.
  void Nudge();

  // Makes a pass: derives, and puts in limits::kEnqueueJobs at a time. Ends at the first error,
  // which it returns; what was put in stays. Passes take turns.
  ReconcilerPass MakePass();

  // Ends after the pass that is going on, and joins the thread. Stopping again, or without a start,
  // does nothing.
  void Stop();

 private:
  void Loop();
  // Whether to go on.
  bool AwaitNext(absl::Time next, bool rests);
  absl::Duration RestAfter(int failures);

  WorkQueue& queue_;
  const Derive derive_;
  const ReconcilerOptions options_;
  const Clock& clock_;
  IdSource& ids_;

  absl::Mutex pass_mutex_;

  absl::Mutex mutex_;
  bool nudged_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  absl::Mutex thread_mutex_;
  std::thread thread_ ABSL_GUARDED_BY(thread_mutex_);
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_RECONCILER_H_
