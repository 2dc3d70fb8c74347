#ifndef TESTS_SUPPORT_FAULTY_QUEUE_H_
#define TESTS_SUPPORT_FAULTY_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// A queue before another, through which a test sees the calls that its workers make, waits for
// them, holds them up and lets them fail.
class FaultyQueue final : public WorkQueue {
 public:
  enum class Call { kEnqueue, kReserve, kExtend, kComplete, kFail, kRelease };

  // `inner` and `clock` must outlive the queue.
  FaultyQueue(WorkQueue& inner, const Clock& clock) : inner_(inner), clock_(clock) {}

  // Calls of this kind fail with `status` and do nothing, until it is OK again.
  void SetFault(Call call, absl::Status status) {
    absl::MutexLock lock(&mutex_);
    At(call).fault = std::move(status);
  }
  // Calls of this kind wait, before they do anything, until they are let go.
  void Hold(Call call) {
    absl::MutexLock lock(&mutex_);
    At(call).held = true;
  }
  void LetGo(Call call) {
    absl::MutexLock lock(&mutex_);
    At(call).held = false;
  }

  // How many calls of this kind began.
  int64_t begun_count(Call call) const {
    absl::MutexLock lock(&mutex_);
    return static_cast<int64_t>(At(call).sizes.size());
  }
  // How many jobs each call of this kind was about; for Reserve, at most.
  std::vector<size_t> sizes(Call call) const {
    absl::MutexLock lock(&mutex_);
    return At(call).sizes;
  }
  // When each call of this kind began.
  std::vector<absl::Time> times(Call call) const {
    absl::MutexLock lock(&mutex_);
    return At(call).times;
  }
  // Waits a moment for `count` calls of this kind to begin; returns whether they did.
  bool BeganSoon(Call call, int64_t count) const {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, call, count] {
      mutex_.AssertHeld();
      return static_cast<int64_t>(At(call).sizes.size()) >= count;
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Milliseconds(1));
  }
  // Waits until `count` calls of this kind began, or ended.
  void AwaitBegun(Call call, int64_t count) const {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, call, count] {
      mutex_.AssertHeld();
      return static_cast<int64_t>(At(call).sizes.size()) >= count;
    };
    mutex_.Await(absl::Condition(&enough));
  }
  void AwaitEnded(Call call, int64_t count) const {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, call, count] {
      mutex_.AssertHeld();
      return At(call).ended_count >= count;
    };
    mutex_.Await(absl::Condition(&enough));
  }
  // The latest lease of a job that was handed out.
  Lease LeaseOf(const std::string& key) const {
    absl::MutexLock lock(&mutex_);
    return leases_.at(key);
  }

  absl::string_view name() const override { return inner_.name(); }

  absl::StatusOr<int64_t> Enqueue(absl::Span<const NewJob> jobs) override {
    const Passage passage(*this, Call::kEnqueue, jobs.size());
    if (!passage.fault().ok()) return passage.fault();
    return inner_.Enqueue(jobs);
  }
  using WorkQueue::Reserve;
  absl::StatusOr<std::vector<Lease>> Reserve(int max, absl::Duration lease, absl::Duration wait,
                                             const std::stop_token& stop) override {
    const Passage passage(*this, Call::kReserve, static_cast<size_t>(max));
    if (!passage.fault().ok()) return passage.fault();
    absl::StatusOr<std::vector<Lease>> leases = inner_.Reserve(max, lease, wait, stop);
    absl::MutexLock lock(&mutex_);
    if (leases.ok()) {
      for (const Lease& one : *leases) leases_[one.key] = one;
    }
    return leases;
  }
  std::vector<absl::StatusOr<Lease>> ExtendEach(absl::Span<const Lease> leases,
                                                absl::Duration duration) override {
    const Passage passage(*this, Call::kExtend, leases.size());
    if (!passage.fault().ok()) {
      return std::vector<absl::StatusOr<Lease>>(leases.size(), passage.fault());
    }
    return inner_.ExtendEach(leases, duration);
  }
  std::vector<absl::Status> CompleteEach(absl::Span<const Lease> leases) override {
    const Passage passage(*this, Call::kComplete, leases.size());
    if (!passage.fault().ok()) return std::vector<absl::Status>(leases.size(), passage.fault());
    return inner_.CompleteEach(leases);
  }
  absl::Status Fail(const Lease& lease, absl::string_view error, bool retry) override {
    const Passage passage(*this, Call::kFail, 1);
    if (!passage.fault().ok()) return passage.fault();
    return inner_.Fail(lease, error, retry);
  }
  absl::Status Release(const Lease& lease) override {
    const Passage passage(*this, Call::kRelease, 1);
    if (!passage.fault().ok()) return passage.fault();
    return inner_.Release(lease);
  }
  absl::Status Pause() override { return inner_.Pause(); }
  absl::Status LimitRate(int64_t rate) override { return inner_.LimitRate(rate); }
  absl::Status Resume() override { return inner_.Resume(); }
  absl::StatusOr<QueueStats> Stats() override { return inner_.Stats(); }
  absl::StatusOr<std::vector<JobInfo>> Peek(std::optional<JobState> state, int limit) override {
    return inner_.Peek(state, limit);
  }
  absl::Status Redrive(absl::string_view key, absl::string_view reason) override {
    return inner_.Redrive(key, reason);
  }
  absl::StatusOr<int64_t> RedriveAll(absl::string_view reason) override {
    return inner_.RedriveAll(reason);
  }
  absl::StatusOr<int64_t> PurgeDead() override { return inner_.PurgeDead(); }
  absl::Status CheckWritable() override { return inner_.CheckWritable(); }
  void Shutdown() override { inner_.Shutdown(); }

 private:
  struct Kind {
    absl::Status fault;
    bool held = false;
    std::vector<size_t> sizes;
    std::vector<absl::Time> times;
    int64_t ended_count = 0;
  };

  // A call on its way through: counted, held up, and given its fault.
  class Passage {
   public:
    Passage(FaultyQueue& queue, Call call, size_t size) : queue_(queue), call_(call) {
      absl::MutexLock lock(&queue_.mutex_);
      queue_.At(call).sizes.push_back(size);
      queue_.At(call).times.push_back(queue_.clock_.Now());
      const auto is_free = [this] {
        queue_.mutex_.AssertHeld();
        return !queue_.At(call_).held;
      };
      queue_.mutex_.Await(absl::Condition(&is_free));
      fault_ = queue_.At(call).fault;
    }
    ~Passage() {
      absl::MutexLock lock(&queue_.mutex_);
      ++queue_.At(call_).ended_count;
    }
    const absl::Status& fault() const { return fault_; }

   private:
    FaultyQueue& queue_;
    const Call call_;
    absl::Status fault_;
  };

  Kind& At(Call call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return kinds_[static_cast<size_t>(call)];
  }
  const Kind& At(Call call) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return kinds_[static_cast<size_t>(call)];
  }

  WorkQueue& inner_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  std::array<Kind, 6> kinds_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Lease> leases_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::queue

#endif  // TESTS_SUPPORT_FAULTY_QUEUE_H_
