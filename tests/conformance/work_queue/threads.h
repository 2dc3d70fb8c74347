#ifndef TESTS_CONFORMANCE_WORK_QUEUE_THREADS_H_
#define TESTS_CONFORMANCE_WORK_QUEUE_THREADS_H_

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "tests/conformance/work_queue/fixture.h"

// What a queue promises to many at once.
namespace critac::queue {

// How often each job was completed, told by many threads.
class CompletionCount {
 public:
  explicit CompletionCount(int64_t job_count) : left_(job_count) {}

  // Whether that was the last of all jobs.
  bool Add(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    return ++counts_[key] == 1 && --left_ == 0;
  }
  bool IsComplete() {
    absl::MutexLock lock(&mutex_);
    return left_ == 0;
  }
  std::map<std::string, int> counts() {
    absl::MutexLock lock(&mutex_);
    return counts_;
  }

 private:
  absl::Mutex mutex_;
  std::map<std::string, int> counts_ ABSL_GUARDED_BY(mutex_);
  int64_t left_ ABSL_GUARDED_BY(mutex_);
};

// Many producers and workers; nothing fails. Every job is handed out once and completed once.
TEST_P(WorkQueueConformance, ManyWorkersCompleteEachJobExactlyOnce) {
  constexpr int kProducers = 3;
  constexpr int kWorkers = 5;
  constexpr int kJobsEach = 400;
  CompletionCount handed_out(kProducers * kJobsEach);
  CompletionCount completed(kProducers * kJobsEach);
  std::vector<std::thread> threads;
  for (int producer = 0; producer < kProducers; ++producer) {
    threads.emplace_back([this, producer] {
      for (int i = 0; i < kJobsEach; i += 2) {
        const std::string prefix = std::to_string(producer) + "/";
        const auto priority = static_cast<Priority>(i / 2 % 3);
        Add({{.key = prefix + std::to_string(i), .priority = priority},
             {.key = prefix + std::to_string(i + 1), .priority = priority}});
      }
    });
  }
  for (int worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([this, worker, &handed_out, &completed] {
      while (!completed.IsComplete()) {
        const auto leases = queue().Reserve(1 + worker, Long(), Long());
        ASSERT_TRUE(leases.ok()) << leases.status();
        for (const Lease& lease : *leases) handed_out.Add(lease.key);
        const std::vector<absl::Status> results = queue().CompleteEach(*leases);
        for (size_t i = 0; i < results.size(); ++i) {
          EXPECT_TRUE(results[i].ok()) << results[i];
          if (completed.Add((*leases)[i].key)) queue().Shutdown();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(completed.counts().size(), static_cast<size_t>(kProducers * kJobsEach));
  for (const auto& [key, count] : completed.counts()) EXPECT_EQ(count, 1) << key;
  for (const auto& [key, count] : handed_out.counts()) EXPECT_EQ(count, 1) << key;
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(Stats().completed, kProducers * kJobsEach);
}

// Workers fail, give back, hold on and vanish at random while time passes. A job may be handed out
// more than once, but only one of those who held it may complete it, and each is completed.
TEST_P(WorkQueueConformance, ManyWorkersThatFailAndVanishCompleteEachJobExactlyOnce) {
  constexpr int kWorkers = 4;
  constexpr int kJobs = 200;
  Open({}, {.max_attempts = 1000,
            .first_backoff = Units(0.1),
            .max_backoff = Units(0.2),
            .max_lost_leases = 1000});
  AddMany("a", kJobs);
  CompletionCount completed(kJobs);
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::vector<std::thread> threads;
  for (int worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back([this, worker, seed, &completed] {
      std::mt19937 random(seed + worker);
      while (!completed.IsComplete()) {
        const auto leases = queue().Reserve(3, Units(1), Long());
        ASSERT_TRUE(leases.ok()) << leases.status();
        for (const Lease& lease : *leases) {
          switch (random() % 6) {
            case 0:
              break;  // vanishes
            case 1:
              (void)queue().Fail(lease, "the partner is away", true);
              break;
            case 2:
              (void)queue().Release(lease);
              break;
            case 3:
              (void)queue().Extend(lease, Units(0.5));
              [[fallthrough]];
            default:
              if (queue().Complete(lease).ok() && completed.Add(lease.key)) queue().Shutdown();
          }
        }
      }
    });
  }
  absl::Notification stop_time;
  std::thread time([this, &stop_time] {
    while (!stop_time.WaitForNotificationWithTimeout(absl::Milliseconds(1))) Advance(0.25);
  });
  for (std::thread& thread : threads) thread.join();
  stop_time.Notify();
  time.join();
  EXPECT_EQ(completed.counts().size(), static_cast<size_t>(kJobs));
  for (const auto& [key, count] : completed.counts()) EXPECT_EQ(count, 1) << key;
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(Stats().completed, kJobs);
}

// Threads put the same keys in at the same time: one of them adds each.
TEST_P(WorkQueueConformance, OfManyWhoPutTheSameKeyInOneAddsIt) {
  constexpr int kProducers = 4;
  constexpr int kKeys = 100;
  std::atomic<int64_t> added_count = 0;
  std::vector<std::thread> threads;
  for (int producer = 0; producer < kProducers; ++producer) {
    threads.emplace_back([this, &added_count] {
      for (int i = 0; i < kKeys; ++i) added_count += Add(std::to_string(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(added_count, kKeys);
  EXPECT_EQ(Stats().ready, kKeys);
}

// Calls that an implementation makes together are each all or none: of many that do not all fit, as
// many as fit are put in whole, and the others leave nothing.
TEST_P(WorkQueueConformance, CallsMadeAtOnceAreEachAllOrNone) {
  constexpr int kCallers = 8;
  Open({.jobs = 10});
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> accepted = 0;
    std::vector<std::thread> threads;
    for (int caller = 0; caller < kCallers; ++caller) {
      threads.emplace_back([this, round, caller, &accepted] {
        const std::string prefix = std::to_string(round) + "/" + std::to_string(caller) + "/";
        const absl::StatusOr<int64_t> added = queue().Enqueue(
            {{{.key = prefix + "a"}, {.key = prefix + "b"}, {.key = prefix + "c"}}});
        if (!added.ok()) return ExpectQueueFull(added.status());
        EXPECT_EQ(*added, 3);
        ++accepted;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(accepted, 3);
    std::map<std::string, int> jobs_of;
    for (const Lease& lease : Take(100, Long())) {
      ++jobs_of[lease.key.substr(0, lease.key.rfind('/'))];
      EXPECT_TRUE(queue().Complete(lease).ok());
    }
    EXPECT_THAT(jobs_of, ::testing::SizeIs(3));
    EXPECT_THAT(jobs_of, ::testing::Each(::testing::Pair(::testing::_, 3)));
  }
}

}  // namespace critac::queue

#endif  // TESTS_CONFORMANCE_WORK_QUEUE_THREADS_H_
