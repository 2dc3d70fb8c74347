#include "common/queue/memory/memory_work_queue.h"

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/queue/refusal.h"
#include "common/status/error.h"

namespace critac::queue {

MemoryWorkQueue::MemoryWorkQueue(std::string name, const RetryPolicy& retry, const Clock& clock,
                                 IdSource& ids, const QueueLimits& limits)
    : name_(std::move(name)), clock_(clock), ids_(ids), table_(name_, retry, limits) {}

JobTable& MemoryWorkQueue::Table() {
  table_.AdvanceTo(clock_.Now());
  return table_;
}

absl::StatusOr<int64_t> MemoryWorkQueue::Enqueue(absl::Span<const NewJob> jobs) {
  RETURN_IF_ERROR(CheckNewJobs(jobs));
  absl::MutexLock lock(&mutex_);
  return Table().Enqueue(jobs);
}

absl::StatusOr<std::vector<Lease>> MemoryWorkQueue::Reserve(int max, absl::Duration lease,
                                                            absl::Duration wait,
                                                            const std::stop_token& stop) {
  RETURN_IF_ERROR(CheckReserve(max, lease));
  max = std::min(max, limits::kReserveJobs);
  // Taking the mutex makes those who wait on it look at their conditions again.
  const std::stop_callback wake(stop, [this] { absl::MutexLock look_again(&mutex_); });
  absl::MutexLock lock(&mutex_);
  const absl::Time deadline = clock_.Now() + wait;
  for (;;) {
    const absl::Time now = clock_.Now();
    table_.AdvanceTo(now);
    if (shut_down_ || stop.stop_requested()) return std::vector<Lease>();
    if (!paused_ && table_.may_take()) return table_.Take(max, lease);
    if (now >= deadline) return std::vector<Lease>();
    const absl::Time until = std::min({deadline, table_.next_due(), table_.next_allowed()});
    const auto look = [this, &stop, until] {
      mutex_.AssertHeld();
      return shut_down_ || stop.stop_requested() || (!paused_ && table_.may_take()) ||
             std::min(table_.next_due(), table_.next_allowed()) < until;
    };
    clock_.AwaitUntil(mutex_, absl::Condition(&look), until);
  }
}

std::vector<absl::StatusOr<Lease>> MemoryWorkQueue::ExtendEach(absl::Span<const Lease> leases,
                                                               absl::Duration duration) {
  std::vector<absl::StatusOr<Lease>> results;
  results.reserve(leases.size());
  const absl::Status accepted = CheckLease("duration", duration);
  absl::MutexLock lock(&mutex_);
  JobTable& table = Table();
  for (const Lease& lease : leases) {
    results.push_back(accepted.ok() ? table.Extend(lease, duration) : accepted);
  }
  return results;
}

std::vector<absl::Status> MemoryWorkQueue::CompleteEach(absl::Span<const Lease> leases) {
  std::vector<absl::Status> results;
  results.reserve(leases.size());
  absl::MutexLock lock(&mutex_);
  JobTable& table = Table();
  for (const Lease& lease : leases) results.push_back(table.Complete(lease));
  return results;
}

absl::Status MemoryWorkQueue::Fail(const Lease& lease, absl::string_view error, bool retry) {
  const uint64_t bits = ids_.NextBits();
  absl::MutexLock lock(&mutex_);
  return Table().Fail(lease, error, retry, bits);
}

absl::Status MemoryWorkQueue::Release(const Lease& lease) {
  absl::MutexLock lock(&mutex_);
  return Table().Release(lease);
}

absl::Status MemoryWorkQueue::Pause() {
  absl::MutexLock lock(&mutex_);
  paused_ = true;
  return absl::OkStatus();
}

absl::Status MemoryWorkQueue::Resume() {
  absl::MutexLock lock(&mutex_);
  paused_ = false;
  return absl::OkStatus();
}

absl::Status MemoryWorkQueue::LimitRate(int64_t jobs_per_second) {
  RETURN_IF_ERROR(CheckRate(jobs_per_second));
  absl::MutexLock lock(&mutex_);
  Table().LimitRate(jobs_per_second);
  return absl::OkStatus();
}

absl::StatusOr<QueueStats> MemoryWorkQueue::Stats() {
  absl::MutexLock lock(&mutex_);
  QueueStats stats = Table().Stats();
  stats.paused = paused_;
  return stats;
}

absl::StatusOr<std::vector<JobInfo>> MemoryWorkQueue::Peek(std::optional<JobState> state,
                                                           int limit) {
  absl::MutexLock lock(&mutex_);
  return Table().Peek(state, std::min(limit, limits::kPeekJobs));
}

absl::Status MemoryWorkQueue::Redrive(absl::string_view key, absl::string_view reason) {
  absl::MutexLock lock(&mutex_);
  return Table().Redrive(key, reason);
}

absl::StatusOr<int64_t> MemoryWorkQueue::RedriveAll(absl::string_view reason) {
  absl::MutexLock lock(&mutex_);
  return Table().RedriveAll(reason);
}

absl::StatusOr<int64_t> MemoryWorkQueue::PurgeDead() {
  absl::MutexLock lock(&mutex_);
  return Table().PurgeDead();
}

absl::Status MemoryWorkQueue::CheckWritable() { return absl::OkStatus(); }

void MemoryWorkQueue::Shutdown() {
  absl::MutexLock lock(&mutex_);
  shut_down_ = true;
}

}  // namespace critac::queue
