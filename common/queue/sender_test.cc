#include "common/queue/sender.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/queue/memory/memory_work_queue.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/faulty_queue.h"

namespace critac::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Call = FaultyQueue::Call;

class SenderTest : public ::testing::Test {
 protected:
  std::vector<std::string> KeysInQueue() {
    std::vector<std::string> keys;
    const auto jobs = memory_.Peek(std::nullopt, limits::kPeekJobs);
    for (const JobInfo& job : *jobs) {
      keys.push_back(job.key);
    }
    return keys;
  }

  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SeededIdSource ids_{1};
  MemoryWorkQueue memory_{"match", RetryPolicy(), clock_, ids_};
  FaultyQueue queue_{memory_, clock_};
};

TEST_F(SenderTest, TakesJobsToTheQueueInTheirOrderWithTheirTrace) {
  Sender sender("sender", queue_, [] { ADD_FAILURE() << "nothing was dropped"; });
  sender.Send({{.key = "b", .trace = "00-1"}, {.key = "a"}});
  sender.Start();
  sender.AwaitIdle();
  EXPECT_THAT(KeysInQueue(), ElementsAre("b", "a"));
  EXPECT_EQ((*memory_.Reserve(1, absl::Minutes(1), absl::ZeroDuration()))[0].trace, "00-1");
}

// Goal: where that is asked for, putting a job in is a step of its trace, which the job goes on with.
// Method: two jobs that the queue takes late, one of them with a trace; then one it does not take.
TEST_F(SenderTest, PuttingInIsAStepOfTheTraceWhereThatIsAskedFor) {
  struct Told {
    std::string key;
    std::string trace;
    std::string parent;
    absl::Duration duration;
    absl::Status status;
  };
  constexpr char kTrace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 a=1,b=2";
  TraceSource steps(ids_);
  std::vector<Told> told;
  Sender sender("sender", queue_, [] {},
                {.steps = &steps, .clock = &clock_, .observer = [&told](const SendRecord& record) {
                   EXPECT_EQ(record.queue, "match");
                   told.push_back({std::string(record.key), std::string(record.trace),
                                   std::string(record.parent), record.duration, record.status});
                 }});
  sender.Send({{.key = "a", .trace = kTrace}, {.key = "b"}});
  clock_.Advance(absl::Seconds(3));
  sender.Start();
  sender.AwaitIdle();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].key, "a");
  EXPECT_EQ(told[0].parent, kTrace);
  EXPECT_EQ(TraceIdOf(told[0].trace), TraceIdOf(kTrace));
  EXPECT_NE(SpanIdOf(told[0].trace), SpanIdOf(kTrace));
  EXPECT_EQ(TraceStateOf(told[0].trace), "a=1,b=2");
  EXPECT_EQ(told[0].duration, absl::Seconds(3));
  EXPECT_TRUE(told[0].status.ok());
  EXPECT_EQ(told[1].parent, "");
  const auto leases = memory_.Reserve(2, absl::Minutes(1), absl::ZeroDuration());
  EXPECT_EQ((*leases)[0].trace, told[0].trace);
  EXPECT_EQ((*leases)[1].trace, told[1].trace);

  queue_.SetFault(Call::kEnqueue, absl::UnavailableError("the queue is away"));
  sender.Send({{.key = "c", .trace = kTrace}});
  sender.AwaitIdle();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[2].status.code(), absl::StatusCode::kUnavailable);
}

TEST_F(SenderTest, WhoSendsDoesNotWaitForTheQueue) {
  Sender sender("sender", queue_, [] {});
  queue_.Hold(Call::kEnqueue);
  sender.Start();
  sender.Send({{.key = "a"}});
  queue_.AwaitBegun(Call::kEnqueue, 1);
  sender.Send({{.key = "b"}});
  sender.Send({{.key = "c"}, {.key = "b", .trace = "the first stays"}});
  EXPECT_THAT(KeysInQueue(), IsEmpty());
  queue_.LetGo(Call::kEnqueue);
  sender.AwaitIdle();
  EXPECT_THAT(KeysInQueue(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(queue_.sizes(Call::kEnqueue), ElementsAre(1, 2)) << "what waits goes together";
}

TEST_F(SenderTest, WhatTheQueueDoesNotTakeIsDroppedAndTold) {
  absl::Notification dropped;
  Sender sender("sender", queue_, [&dropped] { dropped.Notify(); });
  queue_.SetFault(Call::kEnqueue, absl::UnavailableError("the queue is away"));
  sender.Start();
  sender.Send({{.key = "a"}});
  dropped.WaitForNotification();
  queue_.SetFault(Call::kEnqueue, absl::OkStatus());
  sender.Send({{.key = "b"}});
  sender.AwaitIdle();
  EXPECT_THAT(KeysInQueue(), ElementsAre("b"));
}

TEST_F(SenderTest, WhatIsPastTheLimitIsDroppedAndTold) {
  int told = 0;
  Sender sender("sender", queue_, [&told] { ++told; });
  std::vector<NewJob> jobs;
  for (size_t i = 0; i < limits::kUnsentJobs; ++i) jobs.push_back({.key = absl::StrCat(i)});
  sender.Send(jobs);
  sender.Send({{.key = "one too many"}});
  sender.Start();
  sender.AwaitIdle();
  sender.Stop();
  EXPECT_EQ(memory_.Stats()->ready, static_cast<int64_t>(limits::kUnsentJobs));
  EXPECT_EQ(told, 1);
}

TEST_F(SenderTest, StopsWithoutAStartAndTwice) {
  Sender sender("sender", queue_, [] {});
  sender.Send({{.key = "a"}});
  sender.Stop();
  sender.Stop();
  EXPECT_THAT(KeysInQueue(), IsEmpty());
}

}  // namespace
}  // namespace critac::queue
