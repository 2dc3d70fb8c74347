// Goal: the in-process queue does what the contract says after any sequence of calls. Method: random
// calls, with leases both held and lost, at times before, at and after those at which something
// happens by itself; after each, the answer and every job are compared with those of a model.
#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/queue/memory/memory_work_queue.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/conformance/work_queue/model.h"

namespace critac::queue {
namespace {

constexpr int kRuns = 10;
constexpr int kCallsPerRun = 1000;

constexpr RetryPolicy kPolicy = {.max_attempts = 3,
                                 .first_backoff = absl::Seconds(1),
                                 .max_backoff = absl::Milliseconds(1500),
                                 .max_lost_leases = 2,
                                 .revive_after = absl::Seconds(3)};
constexpr QueueLimits kLimits = {.jobs = 25, .dead_jobs = 5};

class RandomRun {
 public:
  explicit RandomRun(uint32_t seed) : random_(seed), ids_(seed) {}

  void Call() {
    static constexpr auto kCalls = std::to_array<void (RandomRun::*)()>(
        {&RandomRun::Enqueue, &RandomRun::Enqueue, &RandomRun::Enqueue, &RandomRun::Reserve,
         &RandomRun::Reserve, &RandomRun::Complete, &RandomRun::Complete, &RandomRun::Fail,
         &RandomRun::Fail, &RandomRun::Release, &RandomRun::Extend, &RandomRun::Redrive,
         &RandomRun::Advance, &RandomRun::Advance, &RandomRun::Seldom});
    (this->*kCalls[Below(kCalls.size())])();
    Compare();
  }

 private:
  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t count) { return Below(count) == 0; }
  std::string Key() { return "job" + std::to_string(Below(30)); }
  absl::Duration Time() { return absl::Milliseconds(250 * (1 + Below(12))); }

  // A lease given lately, held or not.
  const Lease* SomeLease() {
    if (leases_.empty()) return nullptr;
    return &leases_[leases_.size() - 1 - Below(std::min<size_t>(leases_.size(), 12))];
  }

  void Enqueue() {
    std::vector<NewJob> jobs;
    for (size_t left = 1 + Below(4); left > 0; --left) {
      jobs.push_back({.key = Key(),
                      .priority = static_cast<Priority>(Below(3)),
                      .delay = OneIn(3) ? Time() : absl::ZeroDuration(),
                      .trace = std::to_string(Below(1000)),
                      .derived = OneIn(4)});
    }
    const std::optional<int64_t> expected = model_.Enqueue(jobs);
    const absl::StatusOr<int64_t> count = queue_.Enqueue(jobs);
    if (expected.has_value()) {
      ASSERT_TRUE(count.ok()) << count.status();
      EXPECT_EQ(*count, *expected);
    } else {
      EXPECT_EQ(ReasonOf(count.status()), "QUEUE_FULL");
    }
  }

  void Reserve() {
    const int max = 1 + static_cast<int>(Below(4));
    const absl::Duration duration = Time();
    const auto leases = queue_.Reserve(max, duration, absl::ZeroDuration());
    ASSERT_TRUE(leases.ok()) << leases.status();
    for (const Lease& lease : *leases) {
      ASSERT_FALSE(paused_);
      const ModelQueue::Job* expected = model_.NextReady();
      ASSERT_NE(expected, nullptr);
      ASSERT_EQ(lease.key, expected->key);
      EXPECT_EQ(lease.trace, expected->trace);
      EXPECT_EQ(lease.attempt, expected->attempts + 1);
      EXPECT_EQ(lease.enqueued, expected->enqueued);
      EXPECT_EQ(lease.expires, clock_.Now() + duration);
      EXPECT_TRUE(tokens_.insert(lease.token).second);
      model_.Lease(lease.key, lease.token, duration);
      leases_.push_back(lease);
    }
    if (!paused_ && static_cast<int>(leases->size()) < max) {
      ASSERT_EQ(model_.Stats().ready, 0);
    }
  }

  void ExpectHeld(const Lease& lease, const absl::Status& status) {
    EXPECT_EQ(status.ok(), model_.IsHeld(lease.key, lease.token)) << status;
    if (!status.ok()) EXPECT_EQ(ReasonOf(status), "LEASE_LOST");
  }

  void Complete() {
    const Lease* lease = SomeLease();
    if (lease == nullptr) return;
    const absl::Status status = queue_.Complete(*lease);
    ExpectHeld(*lease, status);
    if (status.ok()) model_.Complete(lease->key);
  }

  void Fail() {
    const Lease* lease = SomeLease();
    if (lease == nullptr) return;
    const std::string error = "error " + std::to_string(Below(1000));
    const bool retry = !OneIn(3);
    const absl::Status status = queue_.Fail(*lease, error, retry);
    ExpectHeld(*lease, status);
    if (!status.ok()) return;
    absl::Time due;
    if (retry && model_.WouldRetry(lease->key)) due = DueAfterFailure(*lease);
    model_.Fail(lease->key, error, retry, due);
  }

  // When the queue, which waits for a random time, tries the job again: within the bounds of that.
  absl::Time DueAfterFailure(const Lease& lease) {
    const absl::Duration wait = lease.attempt == 1 ? kPolicy.first_backoff : kPolicy.max_backoff;
    const std::vector<JobInfo> delayed = *queue_.Peek(JobState::kDelayed, 100);
    for (const JobInfo& job : delayed) {
      if (job.key != lease.key) continue;
      EXPECT_GE(job.due, clock_.Now() + wait);
      EXPECT_LE(job.due, clock_.Now() + wait * 1.25);
      return job.due;
    }
    ADD_FAILURE() << lease.key << " is not delayed";
    return absl::InfinitePast();
  }

  void Release() {
    const Lease* lease = SomeLease();
    if (lease == nullptr) return;
    const absl::Status status = queue_.Release(*lease);
    ExpectHeld(*lease, status);
    if (status.ok()) model_.Release(lease->key);
  }

  void Extend() {
    const Lease* lease = SomeLease();
    if (lease == nullptr) return;
    const absl::Duration duration = Time();
    const absl::StatusOr<Lease> extended = queue_.Extend(*lease, duration);
    ExpectHeld(*lease, extended.status());
    if (!extended.ok()) return;
    EXPECT_EQ(extended->expires, clock_.Now() + duration);
    model_.Extend(lease->key, duration);
  }

  void Redrive() {
    const std::string key = Key();
    EXPECT_EQ(queue_.Redrive(key).code(), model_.Redrive(key));
  }

  void Advance() {
    absl::Duration by = Time();
    const absl::Duration to_next = model_.NextDue() - clock_.Now();
    if (OneIn(2) && to_next < absl::Hours(1)) {
      by = OneIn(2) ? to_next : to_next - absl::Nanoseconds(1);
    }
    clock_.Advance(by);
    model_.AdvanceTo(clock_.Now());
  }

  void Seldom() {
    switch (Below(4)) {
      case 0:
        EXPECT_EQ(queue_.RedriveAll().value_or(-1), model_.RedriveAll());
        return;
      case 1:
        EXPECT_EQ(queue_.PurgeDead().value_or(-1), model_.PurgeDead());
        return;
      default:
        paused_ = !paused_;
        EXPECT_TRUE((paused_ ? queue_.Pause() : queue_.Resume()).ok());
    }
  }

  void Compare() {
    const QueueStats stats = *queue_.Stats();
    const QueueStats expected = model_.Stats();
    EXPECT_EQ(stats.ready, expected.ready);
    EXPECT_EQ(stats.delayed, expected.delayed);
    EXPECT_EQ(stats.leased, expected.leased);
    EXPECT_EQ(stats.dead, expected.dead);
    EXPECT_EQ(stats.oldest_ready, expected.oldest_ready);
    EXPECT_EQ(stats.completed, expected.completed);
    EXPECT_EQ(stats.paused, paused_);
    const std::vector<JobInfo> jobs = *queue_.Peek(std::nullopt, 100);
    const std::vector<ModelQueue::Job> expected_jobs = model_.All();
    ASSERT_EQ(jobs.size(), expected_jobs.size());
    for (size_t i = 0; i < jobs.size(); ++i) CompareJob(jobs[i], expected_jobs[i]);
  }

  static void CompareJob(const JobInfo& job, const ModelQueue::Job& expected) {
    const bool waits = expected.state == JobState::kDelayed || expected.state == JobState::kLeased;
    EXPECT_EQ(job.key, expected.key);
    EXPECT_EQ(job.state, expected.state);
    EXPECT_EQ(job.priority, expected.priority);
    EXPECT_EQ(job.attempts, expected.attempts);
    EXPECT_EQ(job.enqueued, expected.enqueued);
    EXPECT_EQ(job.due, waits ? expected.time : absl::InfinitePast());
    // The model does not say in which words a lost lease is told.
    if (expected.error == "lease lost") {
      EXPECT_THAT(job.last_error, ::testing::HasSubstr("ran out"));
    } else {
      EXPECT_EQ(job.last_error, expected.error);
    }
  }

  std::mt19937 random_;
  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SeededIdSource ids_;
  MemoryWorkQueue queue_{"model", kPolicy, clock_, ids_, kLimits};
  ModelQueue model_ = [this] {
    ModelQueue model(kPolicy, kLimits);
    model.AdvanceTo(clock_.Now());
    return model;
  }();
  bool paused_ = false;
  std::vector<Lease> leases_;
  std::set<uint64_t> tokens_;
};

// CRITAC_TEST_SEED repeats a run.
uint32_t FirstSeed() {
  const char* given = std::getenv("CRITAC_TEST_SEED");
  uint32_t seed = 0;
  if (given != nullptr && absl::SimpleAtoi(given, &seed)) return seed;
  return std::random_device()();
}

TEST(MemoryWorkQueueModel, AnySequenceOfCallsDoesWhatTheModelDoes) {
  const uint32_t first_seed = FirstSeed();
  for (uint32_t run = 0; run < kRuns; ++run) {
    const uint32_t seed = first_seed + run;
    SCOPED_TRACE("CRITAC_TEST_SEED=" + std::to_string(seed));
    RandomRun random_run(seed);
    for (int call = 0; call < kCallsPerRun; ++call) {
      random_run.Call();
      ASSERT_FALSE(::testing::Test::HasFailure()) << "after call " << call;
    }
  }
}

}  // namespace
}  // namespace critac::queue
