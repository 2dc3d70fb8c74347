#include "common/queue/worker.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/queue/memory/memory_work_queue.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/faulty_queue.h"

namespace critac::queue {
namespace {

using Call = FaultyQueue::Call;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::UnorderedElementsAre;

// Handlers that a test holds up and answers for.
class Handlers {
 public:
  absl::Status Run(const Job& job) {
    absl::MutexLock lock(&mutex_);
    running_.push_back(job.key());
    ++begun_count_;
    while (!IsAnswered(job.key())) {
      if (job.cancelled()) cancelled_.insert(job.key());
      if (heed_cancel_ && job.cancelled()) break;
      const auto answered = [this, &job] {
        mutex_.AssertHeld();
        return IsAnswered(job.key());
      };
      // The cancellation wakes nobody, so the wait is in slices.
      mutex_.AwaitWithTimeout(absl::Condition(&answered), absl::Milliseconds(1));
    }
    running_.erase(std::find(running_.begin(), running_.end(), job.key()));
    const auto answer = answers_.find(job.key());
    if (answer != answers_.end()) return answer->second;
    return all_answer_.has_value() ? *all_answer_ : absl::CancelledError("stopped half-way");
  }

  // What the handler of a job, or of every other job, returns; until then it goes on.
  void Answer(const std::string& key, absl::Status status) {
    absl::MutexLock lock(&mutex_);
    answers_[key] = std::move(status);
  }
  void AnswerAll(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    all_answer_ = std::move(status);
  }
  // Handlers return CANCELLED when their job is cancelled.
  void HeedCancel() {
    absl::MutexLock lock(&mutex_);
    heed_cancel_ = true;
  }

  // Waits until so many handlers run.
  void AwaitRunning(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count] {
      mutex_.AssertHeld();
      return running_.size() == count;
    };
    mutex_.Await(absl::Condition(&enough));
  }
  // Waits until the handler of a job has seen that it is cancelled.
  void AwaitCancelled(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    const auto seen = [this, &key] {
      mutex_.AssertHeld();
      return cancelled_.contains(key);
    };
    mutex_.Await(absl::Condition(&seen));
  }
  // Waits until so many handlers have begun.
  void AwaitBegun(int count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count] {
      mutex_.AssertHeld();
      return begun_count_ >= count;
    };
    mutex_.Await(absl::Condition(&enough));
  }
  int begun_count() {
    absl::MutexLock lock(&mutex_);
    return begun_count_;
  }

 private:
  bool IsAnswered(const std::string& key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return all_answer_.has_value() || answers_.contains(key);
  }

  absl::Mutex mutex_;
  std::map<std::string, absl::Status> answers_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> all_answer_ ABSL_GUARDED_BY(mutex_);
  bool heed_cancel_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::string> cancelled_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> running_ ABSL_GUARDED_BY(mutex_);
  int begun_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// What a worker told of its jobs.
class Records {
 public:
  struct Record {
    std::string queue;
    std::string key;
    int attempt;
    JobOutcome outcome;
    absl::Status status;
    absl::Duration waited;
    absl::Duration ran;
  };

  void Add(const JobRecord& record) {
    absl::MutexLock lock(&mutex_);
    records_.push_back({std::string(record.queue), record.job.key(), record.job.attempt(),
                        record.outcome, record.status, record.waited, record.ran});
  }
  // The first `count` records; waits for them.
  std::vector<Record> Await(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count] {
      mutex_.AssertHeld();
      return records_.size() >= count;
    };
    mutex_.Await(absl::Condition(&enough));
    return records_;
  }
  size_t count() {
    absl::MutexLock lock(&mutex_);
    return records_.size();
  }

 private:
  absl::Mutex mutex_;
  std::vector<Record> records_ ABSL_GUARDED_BY(mutex_);
};

class WorkerTest : public ::testing::Test {
 protected:
  static constexpr absl::Duration kLease = absl::Seconds(12);
  static constexpr absl::Duration kQuarter = absl::Seconds(3);

  // Lets every handler return, so that the worker can stop.
  ~WorkerTest() override { handlers_.AnswerAll(absl::OkStatus()); }

  WorkerOptions Options() {
    return {.name = "match",
            .lease = kLease,
            .drain = absl::Seconds(20),
            .grace = absl::Seconds(2),
            .observer = [this](const JobRecord& record) { records_.Add(record); }};
  }

  // A worker that runs, until the end of the test.
  Worker& Start(const WorkerOptions& options) {
    worker_ = std::make_unique<Worker>(
        queue_, [this](const Job& job) { return handlers_.Run(job); }, options, clock_, ids_);
    worker_->Start();
    return *worker_;
  }

  void Add(const std::vector<std::string>& keys) {
    std::vector<NewJob> jobs;
    for (const std::string& key : keys) jobs.push_back({.key = key});
    ASSERT_TRUE(memory_.Enqueue(jobs).ok());
  }
  // "ready delayed leased dead".
  std::string Counts() {
    const QueueStats stats = *memory_.Stats();
    return std::to_string(stats.ready) + " " + std::to_string(stats.delayed) + " " +
           std::to_string(stats.leased) + " " + std::to_string(stats.dead);
  }
  JobInfo Only() {
    const std::vector<JobInfo> jobs = *memory_.Peek(std::nullopt, 10);
    EXPECT_EQ(jobs.size(), 1u);
    return jobs.empty() ? JobInfo() : jobs.front();
  }
  // Lets `times` quarters of a lease pass; waits each time until leases are extended.
  void PassQuarters(int times) {
    for (int i = 0; i < times; ++i) {
      clock_.Advance(kQuarter);
      queue_.AwaitEnded(Call::kExtend, ++quarter_count_);
    }
  }

  // Sees the worker, whose call was in vain, rest for `least` and at most a quarter more, and then
  // make the next.
  void ExpectRest(absl::Duration least) {
    queue_.AwaitEnded(Call::kReserve, ++rest_count_);
    clock_.Advance(least - absl::Milliseconds(1));
    EXPECT_FALSE(queue_.BeganSoon(Call::kReserve, rest_count_ + 1)) << least;
    clock_.Advance(least / 4 + absl::Milliseconds(1));
    queue_.AwaitBegun(Call::kReserve, rest_count_ + 1);
  }

  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SeededIdSource ids_{13};
  MemoryWorkQueue memory_{"match", RetryPolicy(), clock_, ids_};
  FaultyQueue queue_{memory_, clock_};
  Handlers handlers_;
  Records records_;
  std::unique_ptr<Worker> worker_;
  int quarter_count_ = 0;
  int64_t rest_count_ = 0;
};

// A call of Stop on a thread of its own.
class Stopping {
 public:
  explicit Stopping(Worker& worker)
      : thread_([this, &worker] {
          status_ = worker.Stop();
          done_.Notify();
        }) {}
  ~Stopping() { thread_.join(); }

  // Whether it has returned; waits for that a moment.
  bool IsDone() { return done_.WaitForNotificationWithTimeout(absl::Milliseconds(1)); }
  // Lets time pass until it has returned.
  absl::Status AdvanceUntilDone(ManualClock& clock) {
    while (!IsDone()) clock.Advance(absl::Milliseconds(500));
    return status_;
  }
  absl::Status Result() {
    done_.WaitForNotification();
    return status_;
  }

 private:
  absl::Notification done_;
  absl::Status status_;
  std::thread thread_;
};

// ---- How jobs end

TEST_F(WorkerTest, AJobThatItsHandlerDidWellIsCompleted) {
  handlers_.AnswerAll(absl::OkStatus());
  Start(Options());
  Add({"a"});
  const auto records = records_.Await(1);
  EXPECT_EQ(records[0].key, "a");
  EXPECT_EQ(records[0].outcome, JobOutcome::kDone);
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(memory_.Stats()->completed, 1);
}

TEST_F(WorkerTest, AHandlerIsToldWhatTheQueueKnowsOfItsJob) {
  absl::Notification seen;
  const absl::Time enqueued = clock_.Now();
  const std::vector<NewJob> jobs = {{.key = "a", .trace = "00-aa-bb-01"}};
  ASSERT_TRUE(memory_.Enqueue(jobs).ok());
  clock_.Advance(absl::Seconds(5));
  Worker worker(
      queue_,
      [&](const Job& job) {
        EXPECT_EQ(job.key(), "a");
        EXPECT_EQ(job.attempt(), 1);
        EXPECT_EQ(job.trace(), "00-aa-bb-01");
        EXPECT_EQ(job.enqueued(), enqueued);
        EXPECT_FALSE(job.cancelled());
        seen.Notify();
        return absl::OkStatus();
      },
      Options(), clock_, ids_);
  worker.Start();
  seen.WaitForNotification();
}

TEST_F(WorkerTest, WhereJobsAreStepsAHandlerHandsOnAnIdOfItsOwn) {
  constexpr char kTrace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 a=1,b=2";
  TraceSource steps(ids_);
  std::string seen_trace;
  std::string told_trace;
  std::string parent;
  std::optional<absl::Time> begun;
  absl::Notification told;
  WorkerOptions options = Options();
  options.steps = &steps;
  options.observer = [&](const JobRecord& record) {
    told_trace = record.job.trace();
    parent = std::string(record.parent);
    begun = record.begun;
    told.Notify();
  };
  const std::vector<NewJob> jobs = {{.key = "a", .trace = kTrace}};
  ASSERT_TRUE(memory_.Enqueue(jobs).ok());
  Worker worker(
      queue_,
      [&](const Job& job) {
        seen_trace = job.trace();
        return absl::OkStatus();
      },
      options, clock_, ids_);
  worker.Start();
  told.WaitForNotification();
  EXPECT_EQ(TraceIdOf(seen_trace), TraceIdOf(kTrace));
  EXPECT_NE(SpanIdOf(seen_trace), SpanIdOf(kTrace));
  EXPECT_EQ(TraceStateOf(seen_trace), "a=1,b=2");
  EXPECT_EQ(told_trace, seen_trace);
  EXPECT_EQ(parent, kTrace);
  EXPECT_EQ(begun, clock_.Now());
}

TEST_F(WorkerTest, AJobThatFailedForNowIsTriedAgain) {
  handlers_.AnswerAll(absl::UnavailableError("the partner is away"));
  Start(Options());
  Add({"a"});
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kFailed);
  EXPECT_EQ(Counts(), "0 1 0 0");
  EXPECT_EQ(Only().last_error, "UNAVAILABLE: the partner is away");
  handlers_.AnswerAll(absl::OkStatus());
  clock_.Advance(absl::Seconds(1.25));
  const auto records = records_.Await(2);
  EXPECT_EQ(records[1].outcome, JobOutcome::kDone);
  EXPECT_EQ(records[1].attempt, 2);
}

TEST_F(WorkerTest, AJobThatFailedPermanentlyIsGivenUp) {
  handlers_.AnswerAll(absl::NotFoundError("no such request"));
  Start(Options());
  Add({"a"});
  const auto records = records_.Await(1);
  EXPECT_EQ(records[0].outcome, JobOutcome::kGivenUp);
  EXPECT_EQ(records[0].status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Counts(), "0 0 0 1");
  EXPECT_EQ(Only().last_error, "NOT_FOUND: no such request");
}

TEST_F(WorkerTest, AJobPutInAgainWhileItRunsIsRunOnceMore) {
  Start(Options());
  Add({"a"});
  handlers_.AwaitRunning(1);
  Add({"a"});
  handlers_.AnswerAll(absl::OkStatus());
  const auto records = records_.Await(2);
  EXPECT_EQ(records[1].key, "a");
  EXPECT_EQ(memory_.Stats()->completed, 2);
}

TEST_F(WorkerTest, ARecordSaysHowLongAJobWaitedAndRan) {
  Add({"a"});
  clock_.Advance(absl::Seconds(7));
  Start(Options());
  handlers_.AwaitRunning(1);
  clock_.Advance(absl::Seconds(2));
  handlers_.AnswerAll(absl::OkStatus());
  const auto records = records_.Await(1);
  EXPECT_EQ(records[0].queue, "match");
  EXPECT_EQ(records[0].waited, absl::Seconds(7));
  EXPECT_EQ(records[0].ran, absl::Seconds(2));
  EXPECT_TRUE(records[0].status.ok());
}

TEST_F(WorkerTest, AWorkerWithoutAnObserverWorksToo) {
  handlers_.AnswerAll(absl::OkStatus());
  WorkerOptions options = Options();
  options.observer = nullptr;
  Worker& worker = Start(options);
  Add({"a"});
  queue_.AwaitEnded(Call::kComplete, 1);
  EXPECT_TRUE(worker.Stop().ok());
  EXPECT_EQ(Counts(), "0 0 0 0");
}

// ---- How many at once

TEST_F(WorkerTest, AsManyJobsRunAtOnceAsThereAreThreads) {
  WorkerOptions options = Options();
  options.threads = 3;
  Start(options);
  Add({"a", "b", "c", "d", "e"});
  handlers_.AwaitRunning(3);
  EXPECT_EQ(Counts(), "2 0 3 0") << "no more are taken than threads are free";
  handlers_.AnswerAll(absl::OkStatus());
  records_.Await(5);
  EXPECT_THAT(queue_.sizes(Call::kReserve), Each(Le(3u)));
}

TEST_F(WorkerTest, JobsAreTakenAheadOfAFreeThread) {
  Add({"a", "b", "c", "d"});
  WorkerOptions options = Options();
  options.ahead = 2;
  Start(options);
  handlers_.AwaitRunning(1);
  EXPECT_EQ(Counts(), "1 0 3 0");
  handlers_.AnswerAll(absl::OkStatus());
  records_.Await(4);
  EXPECT_EQ(queue_.sizes(Call::kReserve)[0], 3u);
}

// Method: the queue is held up in the first completion until three more jobs have ended.
TEST_F(WorkerTest, CompletionsThatComeTogetherAreToldTogether) {
  queue_.Hold(Call::kComplete);
  WorkerOptions options = Options();
  options.threads = 4;
  Add({"a", "b", "c", "d"});
  Start(options);
  handlers_.AwaitRunning(4);
  handlers_.Answer("a", absl::OkStatus());
  queue_.AwaitBegun(Call::kComplete, 1);
  handlers_.AnswerAll(absl::OkStatus());
  // A thread whose job has ended takes up one more.
  Add({"e", "f", "g"});
  handlers_.AwaitBegun(7);
  queue_.LetGo(Call::kComplete);
  records_.Await(7);
  const std::vector<size_t> sizes = queue_.sizes(Call::kComplete);
  ASSERT_GE(sizes.size(), 2u);
  EXPECT_EQ(sizes[0], 1u);
  EXPECT_GE(sizes[1], 3u);
}

TEST_F(WorkerTest, ManyWorkersDoEachJobOnce) {
  absl::Mutex mutex;
  std::map<std::string, int> counts;
  const auto handler = [&](const Job& job) {
    absl::MutexLock lock(&mutex);
    ++counts[job.key()];
    return absl::OkStatus();
  };
  WorkerOptions options = Options();
  options.threads = 3;
  options.ahead = 4;
  Worker one(queue_, handler, options, clock_, ids_);
  Worker two(queue_, handler, options, clock_, ids_);
  one.Start();
  two.Start();
  for (int i = 0; i < 500; ++i) Add({std::to_string(i)});
  records_.Await(500);
  EXPECT_TRUE(one.Stop().ok());
  EXPECT_TRUE(two.Stop().ok());
  EXPECT_EQ(records_.count(), 500u);
  EXPECT_EQ(counts.size(), 500u);
  for (const auto& [key, count] : counts) EXPECT_EQ(count, 1) << key;
  EXPECT_EQ(memory_.Stats()->completed, 500);
  EXPECT_EQ(Counts(), "0 0 0 0");
}

// ---- Leases

TEST_F(WorkerTest, LeasesAreExtendedBeforeAThirdIsUsedUp) {
  Add({"a"});
  Start(Options());
  handlers_.AwaitRunning(1);
  for (int i = 0; i < 10; ++i) {
    PassQuarters(1);
    EXPECT_EQ(Only().due, clock_.Now() + kLease);
  }
  handlers_.AnswerAll(absl::OkStatus());
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kDone);
}

TEST_F(WorkerTest, AllLeasesAreExtendedInOneCall) {
  WorkerOptions options = Options();
  options.threads = 2;
  options.ahead = 1;
  Add({"a", "b", "c"});
  Start(options);
  handlers_.AwaitRunning(2);
  PassQuarters(3);
  EXPECT_THAT(queue_.sizes(Call::kExtend), ElementsAre(3, 3, 3));
}

TEST_F(WorkerTest, AJobWhoseLeaseIsLostIsCancelledAndTheOthersGoOn) {
  handlers_.HeedCancel();
  WorkerOptions options = Options();
  options.threads = 2;
  Add({"lost", "held"});
  Start(options);
  handlers_.AwaitRunning(2);
  ASSERT_TRUE(memory_.Fail(queue_.LeaseOf("lost"), "taken away", false).ok());
  PassQuarters(1);
  const auto records = records_.Await(1);
  EXPECT_EQ(records[0].key, "lost");
  EXPECT_EQ(records[0].outcome, JobOutcome::kLost);
  PassQuarters(1);
  handlers_.Answer("held", absl::OkStatus());
  EXPECT_EQ(records_.Await(2)[1].outcome, JobOutcome::kDone);
  EXPECT_EQ(queue_.begun_count(Call::kRelease), 0) << "what is lost is not given back";
}

TEST_F(WorkerTest, WhatTheHandlerOfALostJobReturnsDoesNotCount) {
  Add({"a"});
  Start(Options());
  handlers_.AwaitRunning(1);
  ASSERT_TRUE(memory_.Fail(queue_.LeaseOf("a"), "taken away", false).ok());
  PassQuarters(1);
  handlers_.AwaitCancelled("a");
  handlers_.Answer("a", absl::OkStatus());
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kLost);
  EXPECT_EQ(queue_.begun_count(Call::kComplete), 0);
  EXPECT_EQ(memory_.Stats()->completed, 0);
}

TEST_F(WorkerTest, AJobThatWasLostUnnoticedIsNotCompleted) {
  Add({"a"});
  Start(Options());
  handlers_.AwaitRunning(1);
  ASSERT_TRUE(memory_.Fail(queue_.LeaseOf("a"), "taken away", false).ok());
  handlers_.Answer("a", absl::OkStatus());
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kLost);
  EXPECT_EQ(memory_.Stats()->completed, 0);
}

TEST_F(WorkerTest, AJobLostBeforeItWasBegunIsNotBegun) {
  WorkerOptions options = Options();
  options.ahead = 1;
  Add({"running", "waiting"});
  Start(options);
  handlers_.AwaitRunning(1);
  ASSERT_TRUE(memory_.Fail(queue_.LeaseOf("waiting"), "taken away", false).ok());
  PassQuarters(1);
  const auto records = records_.Await(1);
  EXPECT_EQ(records[0].key, "waiting");
  EXPECT_EQ(records[0].outcome, JobOutcome::kLost);
  EXPECT_EQ(handlers_.begun_count(), 1);
}

TEST_F(WorkerTest, AnExtensionThatFailedIsTriedAgainBeforeAThirdIsUsedUp) {
  Add({"a"});
  Start(Options());
  handlers_.AwaitRunning(1);
  queue_.SetFault(Call::kExtend, absl::UnavailableError("connection refused"));
  PassQuarters(1);
  queue_.SetFault(Call::kExtend, absl::OkStatus());
  while (!queue_.BeganSoon(Call::kExtend, 2)) clock_.Advance(kLease / 100);
  queue_.AwaitEnded(Call::kExtend, 2);
  const std::vector<absl::Time> times = queue_.times(Call::kExtend);
  EXPECT_GE(times[1] - times[0], kLease / 12);
  handlers_.AnswerAll(absl::OkStatus());
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kDone);
}

TEST_F(WorkerTest, AJobThatCouldNotBeExtendedUntilItsLeaseRanOutIsCancelled) {
  handlers_.HeedCancel();
  Add({"a"});
  Start(Options());
  handlers_.AwaitRunning(1);
  queue_.SetFault(Call::kExtend, absl::UnavailableError("connection refused"));
  const absl::Time begun = clock_.Now();
  while (records_.count() == 0) {
    clock_.Advance(kLease / 100);
    queue_.BeganSoon(Call::kExtend, 1000);
  }
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kLost);
  EXPECT_GE(clock_.Now() - begun, kLease);
}

// ---- Telling the queue

TEST_F(WorkerTest, WhenTheQueueCannotBeToldHowAJobEndedItIsToldAgain) {
  queue_.SetFault(Call::kComplete, absl::UnavailableError("connection refused"));
  queue_.SetFault(Call::kFail, absl::UnavailableError("connection refused"));
  WorkerOptions options = Options();
  options.threads = 2;
  Add({"done", "failed"});
  handlers_.Answer("done", absl::OkStatus());
  handlers_.Answer("failed", absl::InternalError("a defect"));
  Start(options);
  queue_.AwaitEnded(Call::kComplete, 1);
  queue_.AwaitEnded(Call::kFail, 1);
  EXPECT_EQ(records_.count(), 0u);
  EXPECT_EQ(Counts(), "0 0 2 0");
  queue_.SetFault(Call::kComplete, absl::OkStatus());
  queue_.SetFault(Call::kFail, absl::OkStatus());
  while (records_.count() < 2) {
    clock_.Advance(kLease / 100);
    queue_.BeganSoon(Call::kComplete, 1000);
  }
  const auto records = records_.Await(2);
  std::vector<std::pair<std::string, JobOutcome>> outcomes;
  for (const auto& record : records) outcomes.emplace_back(record.key, record.outcome);
  EXPECT_THAT(outcomes, UnorderedElementsAre(std::pair("done", JobOutcome::kDone),
                                             std::pair("failed", JobOutcome::kFailed)));
  EXPECT_EQ(memory_.Stats()->completed, 1);
  EXPECT_EQ(handlers_.begun_count(), 2) << "telling again is not running again";
}

TEST_F(WorkerTest, WhatTheQueueCannotBeToldUntilTheLeaseRunsOutIsLost) {
  queue_.SetFault(Call::kComplete, absl::UnavailableError("connection refused"));
  handlers_.Answer("a", absl::OkStatus());
  Add({"a"});
  Start(Options());
  queue_.AwaitEnded(Call::kComplete, 1);
  const absl::Time begun = clock_.Now();
  while (records_.count() == 0) {
    clock_.Advance(kLease / 100);
    queue_.BeganSoon(Call::kComplete, 1000);
  }
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kLost);
  EXPECT_GE(clock_.Now() - begun, kLease);
}

// ---- Rest

// What the README says of a queue that is back: the longest of the rests bounds it.
TEST_F(WorkerTest, AWorkerRestsLongerEachTimeTheQueueFailsUpToASecondAndAQuarter) {
  queue_.SetFault(Call::kReserve, absl::UnavailableError("connection refused"));
  Start(Options());
  for (const int rest_ms : {100, 200, 400, 800, 1000, 1000, 1000}) {
    ExpectRest(absl::Milliseconds(rest_ms));
  }
}

TEST_F(WorkerTest, ARestCountsFromWhenTheQueueWasAsked) {
  queue_.SetFault(Call::kReserve, absl::UnavailableError("no answer in time"));
  queue_.Hold(Call::kReserve);
  Start(Options());
  queue_.AwaitBegun(Call::kReserve, 1);
  clock_.Advance(absl::Milliseconds(125));
  queue_.LetGo(Call::kReserve);
  queue_.AwaitBegun(Call::kReserve, 2);
}

TEST_F(WorkerTest, AWorkerGoesOnWhenTheQueueIsBack) {
  handlers_.AnswerAll(absl::OkStatus());
  queue_.SetFault(Call::kReserve, absl::UnavailableError("connection refused"));
  Start(Options());
  Add({"a"});
  queue_.AwaitEnded(Call::kReserve, 1);
  queue_.SetFault(Call::kReserve, absl::OkStatus());
  clock_.Advance(absl::Milliseconds(125));
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kDone);
}

TEST_F(WorkerTest, AWorkerDoesNotSpinOnAQueueThatWasShutDown) {
  memory_.Shutdown();
  Start(Options());
  for (const int rest_ms : {100, 200, 400}) ExpectRest(absl::Milliseconds(rest_ms));
}

TEST_F(WorkerTest, AWorkerThatWaitedInVainAsksAgainAtOnce) {
  WorkerOptions options = Options();
  options.poll = absl::Seconds(5);
  Start(options);
  while (!queue_.BeganSoon(Call::kReserve, 5)) clock_.Advance(absl::Seconds(1));
  const std::vector<absl::Time> times = queue_.times(Call::kReserve);
  for (int i = 0; i < 4; ++i) EXPECT_GE(times[i + 1] - times[i], absl::Seconds(5)) << i;
}

// ---- Stop

// Method: once the job that waits is given back, the worker is seen to stop.
TEST_F(WorkerTest, StopTakesNoMoreJobsAndLetsThoseInHandFinish) {
  WorkerOptions options = Options();
  options.ahead = 1;
  Add({"a", "b"});
  Worker& worker = Start(options);
  handlers_.AwaitRunning(1);
  Stopping stopping(worker);
  EXPECT_EQ(records_.Await(1)[0].key, "b");
  Add({"c"});
  EXPECT_FALSE(stopping.IsDone());
  handlers_.AnswerAll(absl::OkStatus());
  EXPECT_TRUE(stopping.Result().ok());
  EXPECT_EQ(memory_.Stats()->completed, 1);
  EXPECT_EQ(Counts(), "2 0 0 0");
  EXPECT_EQ(records_.Await(2)[1].outcome, JobOutcome::kDone);
}

TEST_F(WorkerTest, StopEndsAWorkerThatWaitsForJobs) {
  Worker& worker = Start(Options());
  queue_.AwaitBegun(Call::kReserve, 1);
  EXPECT_TRUE(worker.Stop().ok());
}

TEST_F(WorkerTest, StopEndsAWorkerThatRests) {
  queue_.SetFault(Call::kReserve, absl::UnavailableError("connection refused"));
  Worker& worker = Start(Options());
  queue_.AwaitEnded(Call::kReserve, 1);
  EXPECT_TRUE(worker.Stop().ok());
}

TEST_F(WorkerTest, StopGivesBackWhatWasNotBegun) {
  WorkerOptions options = Options();
  options.ahead = 2;
  Add({"running", "waiting1", "waiting2"});
  Worker& worker = Start(options);
  handlers_.AwaitRunning(1);
  Stopping stopping(worker);
  const auto records = records_.Await(2);
  EXPECT_EQ(records[0].outcome, JobOutcome::kReleased);
  EXPECT_EQ(records[1].outcome, JobOutcome::kReleased);
  EXPECT_EQ(Counts(), "2 0 1 0");
  const std::vector<JobInfo> ready = *memory_.Peek(JobState::kReady, 10);
  EXPECT_EQ(ready[0].attempts, 0);
  handlers_.AnswerAll(absl::OkStatus());
  EXPECT_TRUE(stopping.Result().ok());
}

TEST_F(WorkerTest, StopKeepsTheLeasesOfJobsInHand) {
  WorkerOptions options = Options();
  options.drain = absl::Hours(1);
  Add({"a"});
  Worker& worker = Start(options);
  handlers_.AwaitRunning(1);
  Stopping stopping(worker);
  PassQuarters(10);
  handlers_.AnswerAll(absl::OkStatus());
  EXPECT_TRUE(stopping.Result().ok());
  EXPECT_EQ(memory_.Stats()->completed, 1);
}

TEST_F(WorkerTest, StopCancelsWhatStillRunsAndItIsGivenBack) {
  handlers_.HeedCancel();
  WorkerOptions options = Options();
  options.lease = absl::Hours(1);
  Add({"a"});
  Worker& worker = Start(options);
  handlers_.AwaitRunning(1);
  const absl::Time begun = clock_.Now();
  Stopping stopping(worker);
  EXPECT_TRUE(stopping.AdvanceUntilDone(clock_).ok());
  EXPECT_GE(clock_.Now() - begun, options.drain);
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kReleased);
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_EQ(Only().attempts, 0);
}

// Long before it is cancelled.
TEST_F(WorkerTest, AHandlerThatReturnsCancelledGivesItsJobBackFromTheBeginOfStop) {
  Add({"a"});
  Worker& worker = Start(Options());
  handlers_.AwaitRunning(1);
  worker.BeginStop();
  handlers_.Answer("a", absl::CancelledError("what it waited for stops"));
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kReleased);
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_EQ(Only().attempts, 0);
  EXPECT_TRUE(worker.Stop().ok());
  EXPECT_EQ(handlers_.begun_count(), 1) << "it takes no more";
}

TEST_F(WorkerTest, FromTheBeginOfStopAnyOtherFailureCounts) {
  Add({"a"});
  Worker& worker = Start(Options());
  handlers_.AwaitRunning(1);
  worker.BeginStop();
  handlers_.Answer("a", absl::UnavailableError("the partner is away"));
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kFailed);
  EXPECT_EQ(Only().attempts, 1);
  EXPECT_TRUE(worker.Stop().ok());
}

TEST_F(WorkerTest, AHandlerThatReturnsCancelledThoughNobodyAskedForThatFailed) {
  handlers_.AnswerAll(absl::CancelledError("a call was cut short"));
  Start(Options());
  Add({"a"});
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kFailed);
  EXPECT_EQ(Only().attempts, 1);
}

TEST_F(WorkerTest, AJobThatEndsWellThoughCancelledByStopIsCompleted) {
  WorkerOptions options = Options();
  options.lease = absl::Hours(1);
  Add({"a"});
  Worker worker(
      queue_,
      [&](const Job& job) {
        handlers_.HeedCancel();
        (void)handlers_.Run(job);
        return absl::OkStatus();
      },
      options, clock_, ids_);
  worker.Start();
  handlers_.AwaitRunning(1);
  Stopping stopping(worker);
  EXPECT_TRUE(stopping.AdvanceUntilDone(clock_).ok());
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kDone);
  EXPECT_EQ(memory_.Stats()->completed, 1);
}

// Goal: a handler that never returns does not keep a process from stopping. Method: it returns only
// after Stop did; that its thread then ends is seen by the end of what the handler holds.
TEST_F(WorkerTest, AHandlerThatDoesNotReturnIsLeftBehindAndItsJobGivenBack) {
  absl::Notification thread_ended;
  struct Last {
    absl::Notification* ended;
    ~Last() { ended->Notify(); }
  };
  WorkerOptions options = Options();
  options.lease = absl::Hours(1);
  options.threads = 3;
  Add({"stuck1", "stuck2", "good"});
  auto worker = std::make_unique<Worker>(
      queue_,
      [this, last = std::make_shared<Last>(&thread_ended)](const Job& job) {
        return handlers_.Run(job);
      },
      options, clock_, ids_);
  worker->Start();
  handlers_.AwaitRunning(3);
  handlers_.Answer("good", absl::OkStatus());
  records_.Await(1);
  const absl::Time begun = clock_.Now();
  {
    Stopping stopping(*worker);
    const absl::Status status = stopping.AdvanceUntilDone(clock_);
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_THAT(std::string(status.message()), HasSubstr("stuck1, stuck2"));
  }
  EXPECT_GE(clock_.Now() - begun, options.drain + options.grace);
  EXPECT_EQ(Counts(), "2 0 0 0") << "others can do them";
  const auto records = records_.Await(3);
  EXPECT_EQ(records[1].outcome, JobOutcome::kReleased);
  EXPECT_EQ(records[2].outcome, JobOutcome::kReleased);
  EXPECT_EQ(worker->Stop().code(), absl::StatusCode::kDeadlineExceeded) << "the same again";
  worker.reset();
  EXPECT_FALSE(thread_ended.HasBeenNotified());
  const int64_t calls = queue_.begun_count(Call::kComplete) + queue_.begun_count(Call::kFail);
  handlers_.AnswerAll(absl::OkStatus());
  thread_ended.WaitForNotification();
  EXPECT_EQ(queue_.begun_count(Call::kComplete) + queue_.begun_count(Call::kFail), calls)
      << "what it returned was told to nobody";
  EXPECT_EQ(records_.count(), 3u);
}

TEST_F(WorkerTest, StopTellsTheQueueOnceMoreWhatItCouldNotBeTold) {
  queue_.SetFault(Call::kComplete, absl::UnavailableError("connection refused"));
  handlers_.AnswerAll(absl::OkStatus());
  Add({"a"});
  Worker& worker = Start(Options());
  queue_.AwaitEnded(Call::kComplete, 1);
  queue_.SetFault(Call::kComplete, absl::OkStatus());
  EXPECT_TRUE(worker.Stop().ok());
  EXPECT_EQ(memory_.Stats()->completed, 1);
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kDone);
}

TEST_F(WorkerTest, StopDoesNotWaitForAQueueThatIsAway) {
  queue_.SetFault(Call::kComplete, absl::UnavailableError("connection refused"));
  handlers_.AnswerAll(absl::OkStatus());
  Add({"a"});
  Worker& worker = Start(Options());
  queue_.AwaitEnded(Call::kComplete, 1);
  EXPECT_TRUE(worker.Stop().ok());
  EXPECT_EQ(records_.Await(1)[0].outcome, JobOutcome::kLost);
  EXPECT_EQ(Counts(), "0 0 1 0") << "until its lease runs out";
}

TEST_F(WorkerTest, StoppingAgainDoesNothing) {
  Worker& worker = Start(Options());
  EXPECT_TRUE(worker.Stop().ok());
  EXPECT_TRUE(worker.Stop().ok());
}

TEST_F(WorkerTest, StoppingWithoutAStartDoesNothing) {
  Worker worker(
      queue_, [](const Job&) { return absl::OkStatus(); }, Options(), clock_, ids_);
  EXPECT_TRUE(worker.Stop().ok());
  EXPECT_EQ(queue_.begun_count(Call::kReserve), 0);
}

TEST_F(WorkerTest, AWorkerThatEndsStops) {
  Add({"a"});
  handlers_.AnswerAll(absl::OkStatus());
  Start(Options());
  worker_.reset();
  EXPECT_EQ(memory_.Stats()->leased, 0);
}

}  // namespace
}  // namespace critac::queue
