#ifndef COMMON_QUEUE_WORKER_CORE_H_
#define COMMON_QUEUE_WORKER_CORE_H_

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/queue/job.h"
#include "common/queue/work_queue.h"
#include "common/queue/worker.h"

namespace critac::queue {

// What the threads of a worker do and share. Only worker.cc uses it.
//
// The way of a job: a thread that works reserves it (waiting) → the same or another takes it up
// (running) → its handler returns (ending) → the queue is told. Those who end while another tells
// the queue leave that to the other, which so tells of many at once. KeepLeases extends what is
// waiting or running, and tells again what the queue could not be told.
class Worker::Core {
 public:
  Core(WorkQueue& queue, Handler handler, const WorkerOptions& options, const Clock& clock,
       IdSource& ids)
      : queue_(queue), handler_(std::move(handler)), options_(options), clock_(clock), ids_(ids) {}

  // ---- Bodies of threads; each returns once told to.
  // Of as many as jobs may run, and one: then there is always one that can take.
  void Work(int thread);
  void KeepLeases();

  // ---- Steps of Stop, in this order.
  void BeginStop();
  // Returns once no thread takes any more.
  void StopTaking();
  void ReleaseWaiting();
  // A handler that did not return in time.
  struct LeftBehind {
    int thread;
    std::string key;
  };
  std::vector<LeftBehind> Drain();
  void StopKeeping();
  // After KeepLeases returned: a last attempt to tell the queue what it could not be told.
  void TellTheRest();

 private:
  enum class Stage { kWaiting, kRunning, kEnding };

  // A job in hand. What is not const is guarded by mutex_, except `cancelled`.
  struct Held {
    Held(const Lease& held_lease, std::string trace)
        : lease(held_lease), job(lease, cancelled, std::move(trace)), expires(held_lease.expires) {}

    const std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
    const Lease lease;
    const Job job;
    Stage stage = Stage::kWaiting;
    // By the latest extension.
    absl::Time expires;
    absl::Time keep_at;
    // The queue said that the lease is lost.
    bool lost = false;
    // Its handler did not return in time, and nobody waits for it.
    bool left_behind = false;
    int thread = 0;
    std::optional<absl::Time> begun;
    JobOutcome outcome = JobOutcome::kReleased;
    absl::Status status;
    absl::Duration waited;
    absl::Duration ran;
  };
  using HeldPtr = std::shared_ptr<Held>;

  // Working.
  std::optional<HeldPtr> AwaitTurn(int thread);
  bool CanRun() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool CanTake() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Taking.
  void TakeJobs();
  int Room() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Accept(absl::Span<const Lease> leases);
  void Rest(absl::Time asked, int failures);

  // Running and ending.
  HeldPtr NextJob(int thread) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool End(const HeldPtr& held, absl::Status status);
  JobOutcome OutcomeOf(const Held& held, const absl::Status& status) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndAll();
  std::vector<absl::Status> Tell(absl::Span<const HeldPtr> batch);
  absl::Status TellOne(const Held& held);
  enum class OnError { kTellAgain, kDrop };
  void Settle(absl::Span<const HeldPtr> batch, absl::Span<const absl::Status> results,
              OnError on_error);
  void Report(absl::Span<const HeldPtr> batch);

  // Keeping leases.
  bool AwaitKeeping();
  std::vector<HeldPtr> Kept();
  void Extend(absl::Span<const HeldPtr> batch);
  void SeeExtension(const HeldPtr& held, const absl::StatusOr<Lease>& result,
                    std::vector<HeldPtr>& dropped) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PlanKeeping() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Soon enough to try a second time before a third of a lease is used up.
  absl::Time SoonAgain() const { return clock_.Now() + options_.lease / 12; }

  // Stopping.
  bool AwaitIdle(absl::Duration patience);
  void CancelRunning();
  std::vector<LeftBehind> LeaveBehind();

  WorkQueue& queue_;
  const Handler handler_;
  const WorkerOptions options_;
  const Clock& clock_;
  IdSource& ids_;
  std::stop_source stop_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool keeping_ ABSL_GUARDED_BY(mutex_) = true;
  // Every job in hand.
  absl::flat_hash_set<HeldPtr> held_ ABSL_GUARDED_BY(mutex_);
  // Those of them that no thread has taken up.
  std::deque<HeldPtr> waiting_ ABSL_GUARDED_BY(mutex_);
  // Some thread takes jobs; it alone uses `failures_`.
  bool taking_ ABSL_GUARDED_BY(mutex_) = false;
  int failures_ = 0;
  // Threads that run or end a job.
  int busy_ ABSL_GUARDED_BY(mutex_) = 0;
  // Jobs whose handler has not returned.
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  // Ended, and the queue not told; `telling_` says that some thread is about it.
  std::vector<HeldPtr> to_tell_ ABSL_GUARDED_BY(mutex_);
  bool telling_ ABSL_GUARDED_BY(mutex_) = false;
  // Ended, and the queue could not be told; KeepLeases tries again.
  std::vector<HeldPtr> untold_ ABSL_GUARDED_BY(mutex_);
  // When KeepLeases has something to do.
  absl::Time next_keeping_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_WORKER_CORE_H_
