#ifndef COMMON_QUEUE_MEMORY_MEMORY_WORK_QUEUE_H_
#define COMMON_QUEUE_MEMORY_MEMORY_WORK_QUEUE_H_

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/queue/memory/job_table.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// A queue inside one process. Its jobs end with the process: a reconciler derives them anew. It is
// always writable and never UNAVAILABLE; waits are on conditions, nothing polls.
class MemoryWorkQueue final : public WorkQueue {
 public:
  // `clock` and `ids` must outlive the queue.
  MemoryWorkQueue(std::string name, const RetryPolicy& retry, const Clock& clock, IdSource& ids,
                  const QueueLimits& limits = {});

  absl::string_view name() const override { return name_; }
  absl::StatusOr<int64_t> Enqueue(absl::Span<const NewJob> jobs) override;
  using WorkQueue::Reserve;
  absl::StatusOr<std::vector<Lease>> Reserve(int max, absl::Duration lease, absl::Duration wait,
                                             const std::stop_token& stop) override;
  std::vector<absl::StatusOr<Lease>> ExtendEach(absl::Span<const Lease> leases,
                                                absl::Duration duration) override;
  std::vector<absl::Status> CompleteEach(absl::Span<const Lease> leases) override;
  absl::Status Fail(const Lease& lease, absl::string_view error, bool retry) override;
  absl::Status Release(const Lease& lease) override;
  absl::Status Pause() override;
  absl::Status Resume() override;
  absl::Status LimitRate(int64_t jobs_per_second) override;
  absl::StatusOr<QueueStats> Stats() override;
  absl::StatusOr<std::vector<JobInfo>> Peek(std::optional<JobState> state, int limit) override;
  using WorkQueue::Redrive;
  absl::Status Redrive(absl::string_view key, absl::string_view reason) override;
  using WorkQueue::RedriveAll;
  absl::StatusOr<int64_t> RedriveAll(absl::string_view reason) override;
  absl::StatusOr<int64_t> PurgeDead() override;
  absl::Status CheckWritable() override;
  void Shutdown() override;

 private:
  // The table as it is now.
  JobTable& Table() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string name_;
  const Clock& clock_;
  IdSource& ids_;

  absl::Mutex mutex_;
  JobTable table_ ABSL_GUARDED_BY(mutex_);
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_MEMORY_MEMORY_WORK_QUEUE_H_
