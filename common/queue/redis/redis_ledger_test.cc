#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/queue/reconciler.h"
#include "common/queue/redis/redis_work_queue.h"
#include "common/queue/worker.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_sentinel.h"
#include "tests/support/redis_server.h"

// What a producer's record, a reconciler, workers and a queue come to together, whatever becomes of
// the queue's Redis and of workers: every effect that the record demands is there once, and the queue
// is empty.
namespace critac::queue {
namespace {

using testing::Eventually;
using testing::RedisSentinel;
using testing::RedisServer;

constexpr int kProducers = 2;
constexpr int kJobsEach = 1500;
constexpr int kJobsAtOnce = 10;
constexpr int64_t kJobs = int64_t{kProducers} * kJobsEach;

// The truth: what is demanded, and what was done about it. An effect is idempotent by the key of its
// job, as the commands of services are by their request id.
class Record {
 public:
  void Demand(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    due_.insert(key);
  }

  // Whether that was news.
  bool Do(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    ++runs_;
    if (due_.erase(key) == 0) return false;
    ++effects_[key];
    return true;
  }

  std::vector<NewJob> Due() {
    absl::MutexLock lock(&mutex_);
    std::vector<NewJob> jobs;
    for (const std::string& key : due_) jobs.push_back({.key = key});
    return jobs;
  }

  void AwaitEffects(int64_t count) {
    absl::MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return static_cast<int64_t>(effects_.size()) >= count;
    };
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&there), absl::Minutes(1)));
  }

  std::map<std::string, int> effects() {
    absl::MutexLock lock(&mutex_);
    return effects_;
  }
  int64_t runs() {
    absl::MutexLock lock(&mutex_);
    return runs_;
  }

 private:
  absl::Mutex mutex_;
  std::set<std::string> due_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> effects_ ABSL_GUARDED_BY(mutex_);
  int64_t runs_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Producers, a reconciler and workers, each with a connection of its own, as in processes apart.
class Works {
 public:
  explicit Works(const std::string& url) : target_(*redis::ParseUrl(url)) {
    reconciler_ = std::make_unique<Reconciler>(
        *NewQueue(), [this] { return record_.Due(); },
        ReconcilerOptions{.interval = absl::Milliseconds(200),
                          .first_rest = absl::Milliseconds(50)},
        clock(), ids_);
    for (int i = 0; i < 2; ++i) {
      workers_.push_back(std::make_unique<Worker>(
          *NewQueue(), [this](const Job& job) { return Handle(job); },
          WorkerOptions{
              .threads = 2, .ahead = 20, .lease = absl::Seconds(1), .poll = absl::Seconds(1)},
          clock(), ids_));
    }
    reconciler_->Start();
    for (const auto& worker : workers_) worker->Start();
    for (int i = 0; i < kProducers; ++i) {
      producers_.emplace_back([this, i, queue = NewQueue()] { Produce(*queue, i); });
    }
  }
  ~Works() {
    for (std::thread& producer : producers_) producer.join();
    for (const auto& worker : workers_) worker->Stop().IgnoreError();
    reconciler_->Stop();
  }

  Record& record() { return record_; }
  uint64_t seed() const { return seed_; }

  // Waits until somewhere in this quarter of the effects, of four.
  void AwaitQuarter(int quarter) {
    record_.AwaitEffects(quarter * kJobs / 4 + static_cast<int64_t>(random_() % (kJobs / 4)));
  }

  // A worker that takes jobs and is not heard of any more.
  void TakeAndVanish(int jobs) {
    ASSERT_TRUE(Eventually([this, jobs, &queue = *NewQueue()] {
      const auto leases = queue.Reserve(jobs, absl::Seconds(1), absl::Milliseconds(50));
      return leases.ok() && (!leases->empty() || record_.effects().size() == kJobs);
    }));
  }

  void ExpectEveryEffectOnce() {
    record_.AwaitEffects(kJobs);
    const auto effects = record_.effects();
    EXPECT_EQ(static_cast<int64_t>(effects.size()), kJobs);
    for (const auto& [key, count] : effects) EXPECT_EQ(count, 1) << key;
    EXPECT_GE(record_.runs(), kJobs);
    EXPECT_TRUE(Eventually([&queue = *NewQueue()] {
      const auto stats = queue.Stats();
      return stats.ok() && stats->ready + stats->delayed + stats->leased + stats->dead == 0;
    }));
  }

 private:
  static const Clock& clock() { return SystemClock::Instance(); }

  WorkQueue* NewQueue() {
    // Jobs here lose more leases than they should by rights: none of them kills its workers.
    const RetryPolicy retry = {.max_attempts = 1000,
                               .first_backoff = absl::Milliseconds(20),
                               .max_backoff = absl::Milliseconds(200),
                               .max_lost_leases = 1000};
    queues_.push_back(
        std::make_unique<RedisWorkQueue>("ledger", target_, retry, clock(), ids_, QueueLimits(),
                                         RedisOptions{.sweep = absl::ZeroDuration()}));
    return queues_.back().get();
  }

  // First the record, then the queue, which may fail: then the reconciler is asked to look.
  void Produce(WorkQueue& queue, int producer) {
    for (int first = 0; first < kJobsEach; first += kJobsAtOnce) {
      std::vector<NewJob> jobs;
      for (int i = first; i < first + kJobsAtOnce; ++i) {
        jobs.push_back({.key = absl::StrCat(producer, "/", i)});
        record_.Demand(jobs.back().key);
      }
      if (!queue.Enqueue(jobs).ok()) reconciler_->Nudge();
      // No further ahead than that, so that what happens happens in the middle.
      record_.AwaitEffects(static_cast<int64_t>(first) - 500);
    }
  }

  // One job in twenty fails after its effect and one before: both come again.
  absl::Status Handle(const Job& job) {
    const size_t kind = absl::Hash<std::string>()(job.key()) % 20;
    if (kind == 0 && job.attempt() == 1) return absl::UnavailableError("the partner is away");
    record_.Do(job.key());
    if (kind == 1 && job.attempt() == 1) return absl::UnavailableError("the answer was lost");
    return absl::OkStatus();
  }

  const redis::Target target_;
  RandomIdSource ids_;
  Record record_;
  const uint64_t seed_ = std::random_device()();
  std::mt19937_64 random_{seed_};
  std::vector<std::unique_ptr<RedisWorkQueue>> queues_;
  std::unique_ptr<Reconciler> reconciler_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> producers_;
};

TEST(RedisLedger, EveryEffectIsThereOnceThoughTheServerForgetsEverythingAgainAndAgain) {
  RedisServer server;
  ASSERT_TRUE(server.is_up());
  Works works(server.url());
  SCOPED_TRACE(absl::StrCat("seed ", works.seed()));
  for (int quarter = 0; quarter < 4; ++quarter) {
    works.AwaitQuarter(quarter);
    ASSERT_TRUE(testing::TellRedis(server.port(), {"FLUSHALL"}));
  }
  works.ExpectEveryEffectOnce();
}

void ExpectEveryEffectOnceThoughItIsKilledTwice(RedisServer& server) {
  ASSERT_TRUE(server.is_up());
  Works works(server.url());
  SCOPED_TRACE(absl::StrCat("seed ", works.seed()));
  for (const int quarter : {0, 2}) {
    works.AwaitQuarter(quarter);
    server.Kill();
    server.Start();
    ASSERT_TRUE(server.is_up());
  }
  works.ExpectEveryEffectOnce();
}

TEST(RedisLedger, EveryEffectIsThereOnceThoughTheServerIsKilledAndBeginsWithItsFile) {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "everysec"});
  ExpectEveryEffectOnceThoughItIsKilledTwice(server);
}

TEST(RedisLedger, EveryEffectIsThereOnceThoughTheServerIsKilledAndBeginsEmpty) {
  RedisServer server;
  ExpectEveryEffectOnceThoughItIsKilledTwice(server);
}

TEST(RedisLedger, EveryEffectIsThereOnceThoughAFailOverLosesTheLastThatTheMasterTook) {
  RedisSentinel sentinel(absl::Milliseconds(300));
  ASSERT_TRUE(sentinel.is_up());
  Works works(sentinel.url());
  SCOPED_TRACE(absl::StrCat("seed ", works.seed()));
  works.AwaitQuarter(0);
  sentinel.CutReplication();
  works.AwaitQuarter(1);
  EXPECT_GT(sentinel.MissingBytes(), 0) << "nothing to lose";
  sentinel.master().Kill();
  works.ExpectEveryEffectOnce();
  EXPECT_TRUE(sentinel.IsMaster(sentinel.replica()));
}

TEST(RedisLedger, EveryEffectIsThereOnceThoughWorkersVanishWithJobsInTheirHands) {
  RedisServer server;
  ASSERT_TRUE(server.is_up());
  Works works(server.url());
  SCOPED_TRACE(absl::StrCat("seed ", works.seed()));
  for (int quarter = 0; quarter < 3; ++quarter) {
    works.AwaitQuarter(quarter);
    works.TakeAndVanish(20);
  }
  works.ExpectEveryEffectOnce();
}

}  // namespace
}  // namespace critac::queue
