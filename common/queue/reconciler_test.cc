#include "common/queue/reconciler.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/base/limits.h"
#include "common/queue/memory/memory_work_queue.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/faulty_queue.h"

namespace critac::queue {
namespace {

using Call = FaultyQueue::Call;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReconcilerTest : public ::testing::Test {
 protected:
  // Collects what passes tell, and waits for them.
  class Passes {
   public:
    void Add(const ReconcilerPass& pass) {
      absl::MutexLock lock(&mutex_);
      passes_.push_back(pass);
    }
    ReconcilerPass Await(size_t number) {
      absl::MutexLock lock(&mutex_);
      const auto enough = [this, number] {
        mutex_.AssertHeld();
        return passes_.size() >= number;
      };
      mutex_.Await(absl::Condition(&enough));
      return passes_[number - 1];
    }
    size_t count() {
      absl::MutexLock lock(&mutex_);
      return passes_.size();
    }

   private:
    absl::Mutex mutex_;
    std::vector<ReconcilerPass> passes_ ABSL_GUARDED_BY(mutex_);
  };

  ReconcilerOptions Options() {
    return {.name = "reconcile-match",
            .interval = absl::Seconds(60),
            .first_rest = absl::Seconds(4),
            .max_rest = absl::Seconds(20),
            .observer = [this](const ReconcilerPass& pass) { passes_.Add(pass); }};
  }

  static Reconciler::Derive Always(std::vector<NewJob> jobs) {
    return [jobs = std::move(jobs)] { return jobs; };
  }

  std::vector<std::string> Keys(JobState state) {
    std::vector<std::string> keys;
    const std::vector<JobInfo> jobs = *memory_.Peek(state, 100);
    for (const JobInfo& job : jobs) keys.push_back(job.key);
    return keys;
  }

  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SeededIdSource ids_{11};
  MemoryWorkQueue memory_{"match", RetryPolicy(), clock_, ids_};
  FaultyQueue queue_{memory_, clock_};
  Passes passes_;
};

TEST_F(ReconcilerTest, PutsInWhatShouldBeQueuedAtTheStart) {
  Reconciler reconciler(queue_, Always({{.key = "a"}, {.key = "b"}}), Options(), clock_, ids_);
  reconciler.Start();
  const ReconcilerPass pass = passes_.Await(1);
  EXPECT_TRUE(pass.status.ok()) << pass.status;
  EXPECT_EQ(pass.derived_count, 2);
  EXPECT_EQ(pass.added_count, 2);
  EXPECT_THAT(Keys(JobState::kReady), ElementsAre("a", "b"));
}

TEST_F(ReconcilerTest, LooksAgainAfterEachInterval) {
  Reconciler reconciler(queue_, Always({{.key = "a"}}), Options(), clock_, ids_);
  reconciler.Start();
  passes_.Await(1);
  const Lease lease = memory_.Reserve(1, absl::Seconds(30), absl::ZeroDuration())->front();
  ASSERT_TRUE(memory_.Complete(lease).ok());
  clock_.Advance(absl::Seconds(59));
  EXPECT_EQ(passes_.count(), 1u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(passes_.Await(2).added_count, 1) << "the queue had forgotten it";
  clock_.Advance(absl::Seconds(60));
  EXPECT_EQ(passes_.Await(3).added_count, 0) << "the queue knows it";
}

TEST_F(ReconcilerTest, LooksWhenNudged) {
  Reconciler reconciler(queue_, Always({}), Options(), clock_, ids_);
  reconciler.Start();
  passes_.Await(1);
  reconciler.Nudge();
  passes_.Await(2);
  reconciler.Nudge();
  passes_.Await(3);
}

TEST_F(ReconcilerTest, ANudgeDuringAPassIsFollowedByOneMore) {
  queue_.Hold(Call::kEnqueue);
  Reconciler reconciler(queue_, Always({{.key = "a"}}), Options(), clock_, ids_);
  reconciler.Start();
  queue_.AwaitBegun(Call::kEnqueue, 1);
  reconciler.Nudge();
  reconciler.Nudge();
  queue_.LetGo(Call::kEnqueue);
  passes_.Await(2);
  reconciler.Stop();
  EXPECT_EQ(passes_.count(), 2u) << "of several nudges one is enough";
}

TEST_F(ReconcilerTest, APassThatFailsIsMadeAgainAfterARestThatGrows) {
  queue_.SetFault(Call::kEnqueue, absl::UnavailableError("connection refused"));
  Reconciler reconciler(queue_, Always({{.key = "a"}}), Options(), clock_, ids_);
  reconciler.Start();
  const ReconcilerPass failed = passes_.Await(1);
  EXPECT_EQ(failed.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(failed.status.message()), HasSubstr("connection refused"));
  EXPECT_EQ(failed.derived_count, 1);
  EXPECT_EQ(failed.added_count, 0);
  clock_.Advance(absl::Seconds(5));  // four and up to a quarter
  passes_.Await(2);
  clock_.Advance(absl::Seconds(7.9));  // less than eight
  EXPECT_EQ(passes_.count(), 2u);
  queue_.SetFault(Call::kEnqueue, absl::OkStatus());
  clock_.Advance(absl::Seconds(2.1));
  EXPECT_EQ(passes_.Await(3).added_count, 1);
}

TEST_F(ReconcilerTest, ARestIsNoLongerThanTheLongestAndAQuarter) {
  queue_.SetFault(Call::kEnqueue, absl::UnavailableError("connection refused"));
  Reconciler reconciler(queue_, Always({{.key = "a"}}), Options(), clock_, ids_);
  reconciler.Start();
  for (size_t pass = 1; pass < 10; ++pass) {
    passes_.Await(pass);
    clock_.Advance(absl::Seconds(25));
  }
  passes_.Await(10);
}

TEST_F(ReconcilerTest, ARestIsNoLongerThanTheIntervalAndAQuarter) {
  queue_.SetFault(Call::kEnqueue, absl::UnavailableError("connection refused"));
  ReconcilerOptions options = Options();
  options.interval = absl::Seconds(2);
  Reconciler reconciler(queue_, Always({{.key = "a"}}), options, clock_, ids_);
  reconciler.Start();
  for (size_t pass = 1; pass < 10; ++pass) {
    passes_.Await(pass);
    clock_.Advance(absl::Seconds(2.5));
  }
  passes_.Await(10);
}

TEST_F(ReconcilerTest, AfterAFailedPassANudgeDoesNotShortenTheRest) {
  queue_.SetFault(Call::kEnqueue, absl::UnavailableError("connection refused"));
  Reconciler reconciler(queue_, Always({{.key = "a"}}), Options(), clock_, ids_);
  reconciler.Start();
  passes_.Await(1);
  for (int i = 0; i < 100; ++i) reconciler.Nudge();
  clock_.Advance(absl::Seconds(5));
  passes_.Await(2);
  reconciler.Stop();
  EXPECT_EQ(passes_.count(), 2u);
}

TEST_F(ReconcilerTest, WhatCannotBeDerivedIsReportedAndTriedAgain) {
  std::atomic<bool> fails = true;
  Reconciler reconciler(
      queue_,
      [&fails]() -> absl::StatusOr<std::vector<NewJob>> {
        if (fails) return absl::ResourceExhaustedError("disk full");
        return std::vector<NewJob>{{.key = "a"}};
      },
      Options(), clock_, ids_);
  reconciler.Start();
  const ReconcilerPass failed = passes_.Await(1);
  EXPECT_EQ(failed.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(failed.status.message()), HasSubstr("disk full"));
  EXPECT_EQ(queue_.begun_count(Call::kEnqueue), 0);
  fails = false;
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(passes_.Await(2).added_count, 1);
}

TEST_F(ReconcilerTest, DoesNotRunOnceMoreWhatIsInHandNorWakeTheDead) {
  const std::vector<NewJob> jobs = {{.key = "dead"}, {.key = "leased"}};
  ASSERT_TRUE(memory_.Enqueue(jobs).ok());
  const std::vector<Lease> leases = *memory_.Reserve(2, absl::Seconds(30), absl::ZeroDuration());
  ASSERT_TRUE(memory_.Fail(leases[0], "no such agency", false).ok());
  Reconciler reconciler(queue_, Always(jobs), Options(), clock_, ids_);
  EXPECT_EQ(reconciler.MakePass().added_count, 0);
  ASSERT_TRUE(memory_.Complete(leases[1]).ok());
  EXPECT_THAT(Keys(JobState::kReady), IsEmpty());
  EXPECT_THAT(Keys(JobState::kDead), ElementsAre("dead"));
  clock_.Advance(RetryPolicy().revive_after);
  EXPECT_EQ(reconciler.MakePass().added_count, 2);
}

TEST_F(ReconcilerTest, PutsInAsManyJobsAtATimeAsACallTakes) {
  std::vector<NewJob> jobs;
  for (int i = 0; i < 2 * limits::kEnqueueJobs + 1; ++i) jobs.push_back({.key = std::to_string(i)});
  Reconciler reconciler(queue_, Always(jobs), Options(), clock_, ids_);
  const ReconcilerPass pass = reconciler.MakePass();
  EXPECT_TRUE(pass.status.ok()) << pass.status;
  EXPECT_EQ(pass.derived_count, 2 * limits::kEnqueueJobs + 1);
  EXPECT_EQ(pass.added_count, 2 * limits::kEnqueueJobs + 1);
  EXPECT_THAT(queue_.sizes(Call::kEnqueue),
              ElementsAre(limits::kEnqueueJobs, limits::kEnqueueJobs, 1));
}

TEST_F(ReconcilerTest, NothingToQueueIsNoCall) {
  Reconciler reconciler(queue_, Always({}), Options(), clock_, ids_);
  EXPECT_TRUE(reconciler.MakePass().status.ok());
  EXPECT_EQ(queue_.begun_count(Call::kEnqueue), 0);
}

TEST_F(ReconcilerTest, AFullQueueEndsThePassAndWhatWasPutInStays) {
  MemoryWorkQueue small("match", RetryPolicy(), clock_, ids_, {.jobs = limits::kEnqueueJobs});
  std::vector<NewJob> jobs;
  for (int i = 0; i < limits::kEnqueueJobs + 1; ++i) jobs.push_back({.key = std::to_string(i)});
  Reconciler reconciler(small, Always(jobs), Options(), clock_, ids_);
  const ReconcilerPass pass = reconciler.MakePass();
  EXPECT_EQ(pass.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(pass.added_count, limits::kEnqueueJobs);
  EXPECT_EQ(small.Stats()->ready, limits::kEnqueueJobs);
}

TEST_F(ReconcilerTest, APassSaysWhenItBeganAndEnded) {
  Reconciler reconciler(
      queue_,
      [this]() -> absl::StatusOr<std::vector<NewJob>> {
        clock_.Advance(absl::Seconds(3));
        return std::vector<NewJob>();
      },
      Options(), clock_, ids_);
  const absl::Time before = clock_.Now();
  const ReconcilerPass pass = reconciler.MakePass();
  EXPECT_EQ(pass.began, before);
  EXPECT_EQ(pass.ended, before + absl::Seconds(3));
}

TEST_F(ReconcilerTest, StopEndsAfterThePassThatIsGoingOn) {
  queue_.Hold(Call::kEnqueue);
  Reconciler reconciler(queue_, Always({{.key = "a"}}), Options(), clock_, ids_);
  reconciler.Start();
  queue_.AwaitBegun(Call::kEnqueue, 1);
  std::thread stopping([&reconciler] { reconciler.Stop(); });
  queue_.LetGo(Call::kEnqueue);
  stopping.join();
  EXPECT_EQ(passes_.count(), 1u);
  EXPECT_THAT(Keys(JobState::kReady), ElementsAre("a"));
}

TEST_F(ReconcilerTest, StopEndsTheWaitAndTheRest) {
  Reconciler waiting(queue_, Always({}), Options(), clock_, ids_);
  waiting.Start();
  passes_.Await(1);
  waiting.Stop();
  queue_.SetFault(Call::kEnqueue, absl::UnavailableError("connection refused"));
  Reconciler resting(queue_, Always({{.key = "a"}}), Options(), clock_, ids_);
  resting.Start();
  passes_.Await(2);
  resting.Stop();
  resting.Stop();
  EXPECT_EQ(passes_.count(), 2u);
}

TEST_F(ReconcilerTest, StoppingWithoutAStartDoesNothing) {
  Reconciler reconciler(queue_, Always({{.key = "a"}}), Options(), clock_, ids_);
  reconciler.Stop();
  EXPECT_EQ(passes_.count(), 0u);
}

}  // namespace
}  // namespace critac::queue
