#ifndef COMMON_QUEUE_WORKER_H_
#define COMMON_QUEUE_WORKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/base/trace.h"
#include "common/queue/job.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// How a job left a worker's hands.
enum class JobOutcome {
  kDone,      // completed
  kFailed,    // it will be tried again, unless that was its last attempt
  kGivenUp,   // its failure is permanent
  kReleased,  // given back untried, or stopped half-way
  kLost,      // no longer this worker's, or the queue could not be told in time
};

// What an outcome is called in logs and metrics: `done`, `failed`, `given_up`, `released`, `lost`.
absl::string_view JobOutcomeName(JobOutcome outcome);

// What a worker tells of every job when it leaves its hands: for logs and operational metrics.
struct JobRecord {
  absl::string_view queue;
  const Job& job;
  JobOutcome outcome;
  // What the handler returned; of a job that did not end, why.
  absl::Status status;
  // From when the job was put in until it was begun.
  absl::Duration waited;
  // From when it was begun until its handler returned; zero where it was not begun.
  absl::Duration ran;
  // When it was begun; nothing: it was not.
  std::optional<absl::Time> begun = std::nullopt;
  // The trace it was put in with. Empty: none.
  absl::string_view parent = {};
};

struct WorkerOptions {
  // Begins the names of its threads; ten characters of it are seen.
  std::string name = "worker";
  // Jobs run at once.
  int threads = 1;
  // Jobs taken before a thread is free, so that short ones do not wait for the queue in between.
  int ahead = 0;
  absl::Duration lease = absl::Seconds(30);
  // How long one call waits for jobs.
  absl::Duration poll = absl::Seconds(5);
  // How long Stop lets jobs in hand run, and how long it then waits for those that it cancelled.
  absl::Duration drain = limits::kDrain;
  absl::Duration grace = absl::Seconds(1);
  // How long after it asked a queue that failed the worker asks again, unless the call took longer;
  // doubled after each further failure, up to `max_rest`, plus up to a quarter at random. A queue
  // that is back is found that soon; who waits for jobs at a Redis asks it as often anyway.
  absl::Duration first_rest = absl::Milliseconds(100);
  absl::Duration max_rest = absl::Seconds(1);
  // Called by the worker's threads, several at once. May be null.
  std::function<void(const JobRecord&)> observer;
  // Where it is not null, each job becomes a step of its trace, with an id that the handler hands
  // on. Must outlive the worker.
  TraceSource* steps = nullptr;
};

// Takes jobs from a queue, has them done, and says how they ended. It owns its threads: one that keeps
// leases, and those that work, one more than jobs run at once. Of these one at a time takes jobs, and
// runs the first itself while another goes on taking, so that no thread has to be woken for it.
// Thread-safe.
//
// - A job that its handler did well is completed. One that failed permanently (permanent.h) is given
//   up, any other is tried again.
// - No more jobs are taken than threads are free, and `ahead` more. Completions that come together
//   are told to the queue together.
// - Leases are extended, all in one call, before a third of any is used up. A job whose lease is
//   lost, or could not be extended until it ran out, is cancelled; the others go on.
// - When the queue cannot be told how a job ended, it is told again until the lease runs out.
// - When the queue fails, or has nothing and does not wait, the worker rests before it asks again.
class Worker {
 public:
  // Does a job. Called by several threads at once. A job may come more than once, also while an
  // earlier run of it still goes on: what a handler does must be idempotent.
  using Handler = std::function<absl::Status(const Job&)>;

  // `queue`, `clock` and `ids` must outlive the worker.
  Worker(WorkQueue& queue, Handler handler, WorkerOptions options, const Clock& clock,
         IdSource& ids);
  // Stops.
  ~Worker();

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Begins. Called once, before Stop and BeginStop.
  void Start();

  // The first step of Stop, for who then ends what handlers wait for: takes no more jobs. From here on a
  // handler that returns CANCELLED gives its job back, the attempt not counted. Waits for nothing, and
  // leaves the rest to Stop.
  void BeginStop();

  // Ends, within `drain` + `grace` and the time the queue's own calls take: takes no more jobs (see
  // BeginStop), gives back those not begun, lets those in hand finish, keeping their leases. After
  // `drain` it cancels those that still run, whose handlers do best to return CANCELLED. After `grace`
  // the jobs of handlers that have still not returned are given back, and DEADLINE_EXCEEDED names
  // them: their threads are left behind, touch neither queue nor clock any more, and end when the
  // handler returns, so whatever the handler uses must live until then; a process does best to exit.
  // Otherwise every thread is joined. Stopping again, or without a start, does nothing and returns
  // the same. Not to be called by a handler.
  absl::Status Stop();

 private:
  class Core;

  const WorkerOptions options_;
  // Shared with threads left behind.
  const std::shared_ptr<Core> core_;

  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status stop_status_ ABSL_GUARDED_BY(mutex_);
  std::thread keeper_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_WORKER_H_
