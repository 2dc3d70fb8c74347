#ifndef TESTS_CONFORMANCE_WORK_QUEUE_FIXTURE_H_
#define TESTS_CONFORMANCE_WORK_QUEUE_FIXTURE_H_

#include <functional>
#include <memory>
#include <ostream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/queue/work_queue.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::queue {

// What the suite needs of an implementation. Tests assume nothing else: a queue may be on another
// machine and time may be real.
class WorkQueueHarness {
 public:
  virtual ~WorkQueueHarness() = default;

  // A new queue, empty.
  virtual std::unique_ptr<WorkQueue> NewQueue(const std::string& name, const RetryPolicy& retry,
                                              const QueueLimits& limits) = 0;
  // The clock in which the queue tells time to its callers.
  virtual const Clock& clock() const = 0;
  // Returns once `duration` has passed for the queue.
  virtual void AdvanceTime(absl::Duration duration) = 0;
  // The unit in which the suite measures time: long against a handful of calls, short against the
  // patience of those who run it. A test lets some twenty of them pass.
  virtual absl::Duration unit() const = 0;
  // Makes queues impossible to write to until Mend. False: that cannot happen to them.
  virtual bool Break() { return false; }
  virtual void Mend() {}
};

// An implementation, for the suite's parameter.
struct WorkQueueBackend {
  std::string name;
  std::function<std::unique_ptr<WorkQueueHarness>()> make_harness;
};

inline void PrintTo(const WorkQueueBackend& backend, std::ostream* out) { *out << backend.name; }

// A call of Reserve that waits on a thread of its own.
class WaitingReserve {
 public:
  WaitingReserve(WorkQueue& queue, const Clock& clock, absl::Duration wait, absl::Duration lease)
      : thread_([this, &queue, &clock, wait, lease] {
          const absl::Time start = clock.Now();
          result_ = queue.Reserve(1, lease, wait, stop_.get_token());
          waited_ = clock.Now() - start;
          done_.Notify();
        }) {}
  ~WaitingReserve() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  void RequestStop() { stop_.request_stop(); }
  // Whether it has returned; waits for that a moment.
  bool IsDone() { return done_.WaitForNotificationWithTimeout(absl::Milliseconds(1)); }
  // What it returned, once it did; a key, or `none`, or an error.
  std::string Result() {
    done_.WaitForNotification();
    if (!result_.ok()) return result_.status().ToString();
    return result_->empty() ? "none" : result_->front().key;
  }
  // How long it took.
  absl::Duration waited() {
    done_.WaitForNotification();
    return waited_;
  }

 private:
  absl::Notification done_;
  std::stop_source stop_;
  absl::StatusOr<std::vector<Lease>> result_;
  absl::Duration waited_;
  std::thread thread_;
};

class WorkQueueConformance : public ::testing::TestWithParam<WorkQueueBackend> {
 protected:
  void SetUp() override {
    harness_ = GetParam().make_harness();
    Open({});
  }

  absl::Duration Units(double count) const { return harness_->unit() * count; }
  absl::Duration Long() const { return Units(1000); }

  // Times of the policy, in units; short enough to wait for.
  RetryPolicy Policy() const {
    return {.max_attempts = 4,
            .first_backoff = Units(1),
            .max_backoff = Units(3),
            .max_lost_leases = 2,
            .revive_after = Units(4)};
  }

  // Replaces the queue by one with these limits and this policy.
  void Open(const QueueLimits& limits) { Open(limits, Policy()); }
  void Open(const QueueLimits& limits, const RetryPolicy& policy) {
    queue_ = harness_->NewQueue("conformance", policy, limits);
    ASSERT_NE(queue_, nullptr);
  }

  WorkQueue& queue() { return *queue_; }
  WorkQueueHarness& harness() { return *harness_; }
  absl::Time Now() const { return harness_->clock().Now(); }
  void Advance(double units) { harness_->AdvanceTime(Units(units)); }

  // How many were added. The jobs must be accepted.
  int64_t Add(const std::vector<NewJob>& jobs) {
    const absl::StatusOr<int64_t> count = queue_->Enqueue(jobs);
    EXPECT_TRUE(count.ok()) << count.status();
    return count.value_or(-1);
  }
  int64_t Add(const std::string& key) { return Add({NewJob{.key = key}}); }

  // `count` jobs of a priority, with keys that begin with `prefix`.
  int64_t AddMany(const std::string& prefix, int count, Priority priority = Priority::kNormal) {
    std::vector<NewJob> jobs;
    for (int i = 0; i < count; ++i) {
      jobs.push_back({.key = prefix + std::to_string(i), .priority = priority});
    }
    return Add(jobs);
  }

  // What is handed out now, without waiting.
  std::vector<Lease> Take(int max, absl::Duration lease) {
    absl::StatusOr<std::vector<Lease>> leases = queue_->Reserve(max, lease, absl::ZeroDuration());
    EXPECT_TRUE(leases.ok()) << leases.status();
    return leases.ok() ? *std::move(leases) : std::vector<Lease>();
  }
  std::vector<std::string> TakeKeys(int max) {
    std::vector<std::string> keys;
    for (const Lease& lease : Take(max, Long())) keys.push_back(lease.key);
    return keys;
  }
  // The one job that is handed out now.
  Lease TakeOne(absl::Duration lease) {
    std::vector<Lease> leases = Take(1, lease);
    EXPECT_EQ(leases.size(), 1u);
    return leases.empty() ? Lease() : leases.front();
  }
  Lease TakeOne() { return TakeOne(Long()); }

  // Adds a job and gives it up.
  void AddDead(const std::string& key, const std::string& error = "no such agency") {
    Add(key);
    const Lease lease = TakeOne();
    EXPECT_EQ(lease.key, key);
    EXPECT_TRUE(queue_->Fail(lease, error, false).ok());
  }

  QueueStats Stats() {
    const absl::StatusOr<QueueStats> stats = queue_->Stats();
    EXPECT_TRUE(stats.ok()) << stats.status();
    return stats.value_or(QueueStats());
  }
  // "ready delayed leased dead".
  std::string Counts() {
    const QueueStats stats = Stats();
    return std::to_string(stats.ready) + " " + std::to_string(stats.delayed) + " " +
           std::to_string(stats.leased) + " " + std::to_string(stats.dead);
  }

  std::vector<JobInfo> Peek(std::optional<JobState> state, int limit = 100) {
    absl::StatusOr<std::vector<JobInfo>> jobs = queue_->Peek(state, limit);
    EXPECT_TRUE(jobs.ok()) << jobs.status();
    return jobs.ok() ? *std::move(jobs) : std::vector<JobInfo>();
  }
  std::vector<std::string> PeekKeys(std::optional<JobState> state, int limit = 100) {
    std::vector<std::string> keys;
    for (const JobInfo& job : Peek(state, limit)) keys.push_back(job.key);
    return keys;
  }
  // The one job that there is.
  JobInfo Only() {
    const std::vector<JobInfo> jobs = Peek(std::nullopt);
    EXPECT_EQ(jobs.size(), 1u);
    return jobs.empty() ? JobInfo() : jobs.front();
  }

  static void ExpectLeaseLost(const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
    EXPECT_EQ(ReasonOf(status), "LEASE_LOST");
  }
  static void ExpectQueueFull(const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_EQ(ReasonOf(status), "QUEUE_FULL");
  }
  // INVALID_ARGUMENT about one field.
  static void ExpectInvalid(const absl::Status& status, const std::string& field) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    ASSERT_EQ(BadRequestOf(status).field_violations_size(), 1) << status;
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), field);
  }

  // Lets time pass until `waiting` has returned.
  void AdvanceUntilDone(WaitingReserve& waiting) {
    while (!waiting.IsDone()) Advance(0.25);
  }

 private:
  std::unique_ptr<WorkQueueHarness> harness_;
  std::unique_ptr<WorkQueue> queue_;
};

}  // namespace critac::queue

#endif  // TESTS_CONFORMANCE_WORK_QUEUE_FIXTURE_H_
