#ifndef TESTS_CONFORMANCE_WORK_QUEUE_PUTTING_IN_H_
#define TESTS_CONFORMANCE_WORK_QUEUE_PUTTING_IN_H_

#include <string>
#include <vector>

#include "common/base/trace.h"
#include "tests/conformance/work_queue/fixture.h"

// What Enqueue promises.
namespace critac::queue {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(WorkQueueConformance, AQueueKnowsItsName) { EXPECT_EQ(queue().name(), "conformance"); }

TEST_P(WorkQueueConformance, AJobPutInIsHandedOut) {
  EXPECT_EQ(Add("requests/fy27-000001"), 1);
  EXPECT_THAT(TakeKeys(10), ElementsAre("requests/fy27-000001"));
}

TEST_P(WorkQueueConformance, JobsOfOneCallBecomeReadyInTheOrderGiven) {
  EXPECT_EQ(Add({{.key = "c"}, {.key = "a"}, {.key = "b"}}), 3);
  EXPECT_THAT(TakeKeys(10), ElementsAre("c", "a", "b"));
}

TEST_P(WorkQueueConformance, NoJobsAreAccepted) {
  EXPECT_EQ(Add(std::vector<NewJob>()), 0);
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_P(WorkQueueConformance, AKeyThatIsReadyIsLeftAsItIs) {
  Add({{.key = "a", .priority = Priority::kLow, .trace = "first"}});
  EXPECT_EQ(Add({{.key = "a", .priority = Priority::kHigh, .delay = Long(), .trace = "second"}}),
            0);
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_EQ(Only().priority, Priority::kLow);
  const Lease lease = TakeOne();
  EXPECT_EQ(lease.trace, "first");
  ASSERT_TRUE(queue().Complete(lease).ok());
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_P(WorkQueueConformance, AKeyThatIsDelayedIsLeftAsItIs) {
  Add({{.key = "a", .delay = Long()}});
  EXPECT_EQ(Add("a"), 0);
  EXPECT_EQ(Counts(), "0 1 0 0");
  EXPECT_THAT(TakeKeys(1), IsEmpty());
}

TEST_P(WorkQueueConformance, AKeyTwiceInOneCallIsOneJob) {
  EXPECT_EQ(Add({{.key = "a", .trace = "first"}, {.key = "b"}, {.key = "a", .trace = "second"}}),
            2);
  EXPECT_EQ(Counts(), "2 0 0 0");
  EXPECT_EQ(TakeOne().trace, "first");
}

TEST_P(WorkQueueConformance, AKeyThatIsDoneCanBePutInAgain) {
  Add("a");
  ASSERT_TRUE(queue().Complete(TakeOne()).ok());
  EXPECT_EQ(Add("a"), 1);
  EXPECT_EQ(TakeOne().attempt, 1);
}

TEST_P(WorkQueueConformance, AJobIsNotHandedOutBeforeItsDelayIsOver) {
  const absl::Time before = Now();
  Add({{.key = "a", .delay = Units(4)}});
  const absl::Time after = Now();
  EXPECT_EQ(Counts(), "0 1 0 0");
  EXPECT_GE(Only().due, before + Units(4));
  EXPECT_LE(Only().due, after + Units(4));
  EXPECT_THAT(TakeKeys(1), IsEmpty());
  Advance(2);
  EXPECT_THAT(TakeKeys(1), IsEmpty());
  Advance(2);
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_THAT(TakeKeys(1), ElementsAre("a"));
}

TEST_P(WorkQueueConformance, ATraceTravelsWithItsJob) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  Add({{.key = "a", .trace = trace}, {.key = "b"}});
  EXPECT_EQ(TakeOne().trace, trace);
  EXPECT_EQ(TakeOne().trace, "");
}

TEST_P(WorkQueueConformance, ATracestateTravelsWithItsJob) {
  const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const std::string trace = JoinTrace(parent, "tenant@vendor=of a kind,other=2");
  const std::string longest =
      JoinTrace(parent, "a=" + std::string(limits::kJobTraceStateBytes - 2, 'v'));
  Add({{.key = "a", .trace = trace}, {.key = "b", .trace = longest}, {.key = "c"}});
  EXPECT_EQ(TakeOne().trace, trace);
  EXPECT_EQ(TakeOne().trace, longest);
  EXPECT_EQ(TakeOne().trace, "");
}

TEST_P(WorkQueueConformance, OfALongTracestateAtLeastWhatFitsTravelsWithItsJob) {
  const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  std::string state = "a=1";
  while (state.size() + 4 <= limits::kTraceStateBytes) state += ",b=2";
  Add({{.key = "a", .trace = JoinTrace(parent, state)}});
  const Lease lease = TakeOne();
  EXPECT_EQ(TraceParentOf(lease.trace), parent);
  const std::string least = FitTraceState(state, limits::kJobTraceStateBytes);
  EXPECT_FALSE(least.empty());
  EXPECT_EQ(std::string(TraceStateOf(lease.trace)).substr(0, least.size()), least);
}

TEST_P(WorkQueueConformance, ALeaseSaysWhenItsJobWasPutIn) {
  const absl::Time before = Now();
  Add({{.key = "a", .delay = Units(1)}});
  const absl::Time after = Now();
  Advance(1);
  const Lease lease = TakeOne();
  // A queue on another machine may keep time in milliseconds.
  EXPECT_GE(lease.enqueued, before - absl::Milliseconds(1));
  EXPECT_LE(lease.enqueued, after);
  EXPECT_EQ(Only().enqueued, lease.enqueued);
}

// ---- Refusals

TEST_P(WorkQueueConformance, AKeyOfTheGreatestLengthIsAccepted) {
  const std::string key(limits::kJobKeyBytes, 'k');
  EXPECT_EQ(Add(key), 1);
  EXPECT_EQ(TakeOne().key, key);
}

TEST_P(WorkQueueConformance, AKeyMayHaveAnyPrintableAsciiCharacter) {
  std::string key;
  for (char c = '!'; c <= '~'; ++c) key += c;
  EXPECT_EQ(Add(key), 1);
  EXPECT_EQ(TakeOne().key, key);
}

TEST_P(WorkQueueConformance, AKeyThatIsNoNameIsRefused) {
  for (const std::string& key :
       {std::string(), std::string(limits::kJobKeyBytes + 1, 'k'), std::string("a b"),
        std::string("a\n"), std::string("a\0b", 3), std::string("\x7f"), std::string("ä")}) {
    const std::vector<NewJob> jobs = {{.key = "good"}, {.key = key}};
    ExpectInvalid(queue().Enqueue(jobs).status(), "jobs[1].key");
  }
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_P(WorkQueueConformance, ADelayIsFromZeroToItsLimit) {
  for (const absl::Duration delay :
       {-absl::Nanoseconds(1), -absl::InfiniteDuration(), limits::kJobDelay + absl::Nanoseconds(1),
        absl::InfiniteDuration()}) {
    const std::vector<NewJob> jobs = {{.key = "a", .delay = delay}};
    ExpectInvalid(queue().Enqueue(jobs).status(), "jobs[0].delay");
  }
  EXPECT_EQ(Add({{.key = "a"}, {.key = "b", .delay = limits::kJobDelay}}), 2);
  EXPECT_EQ(Counts(), "1 1 0 0");
}

TEST_P(WorkQueueConformance, ATraceThatIsTooLongIsRefused) {
  const std::vector<NewJob> jobs = {
      {.key = "a", .trace = std::string(limits::kJobTraceBytes + 1, 't')}};
  ExpectInvalid(queue().Enqueue(jobs).status(), "jobs[0].trace");
  const std::vector<NewJob> with_state = {
      {.key = "b", .trace = JoinTrace("t", std::string(limits::kTraceStateBytes + 1, 's'))}};
  ExpectInvalid(queue().Enqueue(with_state).status(), "jobs[0].trace");
  EXPECT_EQ(
      Add({{.key = "a", .trace = std::string(limits::kJobTraceBytes, 't')},
           {.key = "b", .trace = JoinTrace("t", std::string(limits::kTraceStateBytes, 's'))}}),
      2);
}

TEST_P(WorkQueueConformance, ACallPutsInNoMoreThanItsLimit) {
  std::vector<NewJob> jobs;
  for (int i = 0; i <= limits::kEnqueueJobs; ++i) jobs.push_back({.key = std::to_string(i)});
  ExpectInvalid(queue().Enqueue(jobs).status(), "jobs");
  EXPECT_EQ(Counts(), "0 0 0 0");
  jobs.pop_back();
  EXPECT_EQ(Add(jobs), limits::kEnqueueJobs);
}

TEST_P(WorkQueueConformance, AQueueTakesNoMoreJobsThanItsLimit) {
  Open({.jobs = 3});
  Add({{.key = "ready"},
       {.key = "delayed", .delay = Long()},
       {.key = "leased", .priority = Priority::kHigh}});
  EXPECT_THAT(TakeKeys(1), ElementsAre("leased"));
  const std::vector<NewJob> one = {{.key = "d"}};
  ExpectQueueFull(queue().Enqueue(one).status());
  EXPECT_EQ(Counts(), "1 1 1 0");
}

TEST_P(WorkQueueConformance, AFullQueueTakesAllJobsOfACallOrNone) {
  Open({.jobs = 3});
  Add({{.key = "a"}, {.key = "b"}});
  const Lease lease = TakeOne();
  const std::vector<NewJob> jobs = {{.key = "a", .trace = "again"}, {.key = "c"}, {.key = "d"}};
  ExpectQueueFull(queue().Enqueue(jobs).status());
  EXPECT_EQ(Counts(), "1 0 1 0");
  ASSERT_TRUE(queue().Complete(lease).ok());
  EXPECT_EQ(Counts(), "1 0 0 0") << "the refused call must not have asked for another run";
}

TEST_P(WorkQueueConformance, AFullQueueAcceptsWhatItKnows) {
  Open({.jobs = 2});
  Add({{.key = "a"}, {.key = "b"}});
  EXPECT_EQ(Add({{.key = "a"}, {.key = "b"}}), 0);
  EXPECT_EQ(Add(std::vector<NewJob>()), 0);
}

TEST_P(WorkQueueConformance, DeadJobsTakeNoRoomFromOthers) {
  Open({.jobs = 1});
  AddDead("dead");
  EXPECT_EQ(Add("a"), 1);
  const std::vector<NewJob> dead = {{.key = "dead"}};
  ExpectQueueFull(queue().Enqueue(dead).status());
  EXPECT_EQ(Counts(), "1 0 0 1");
}

// ---- A key that is leased

TEST_P(WorkQueueConformance, AKeyThatIsLeasedIsRunOnceMoreAfterItIsDone) {
  Add({{.key = "a", .trace = "first"}});
  const Lease first = TakeOne();
  EXPECT_EQ(Add({{.key = "a", .priority = Priority::kLow, .trace = "second"}}), 0);
  EXPECT_EQ(Counts(), "0 0 1 0");
  EXPECT_THAT(TakeKeys(1), IsEmpty()) << "one run at a time";
  ASSERT_TRUE(queue().Complete(first).ok());
  EXPECT_EQ(Only().priority, Priority::kLow);
  const Lease second = TakeOne();
  EXPECT_EQ(second.key, "a");
  EXPECT_EQ(second.trace, "second");
  EXPECT_EQ(second.attempt, 1);
  EXPECT_NE(second.token, first.token);
  EXPECT_GE(second.enqueued, first.enqueued);
  ASSERT_TRUE(queue().Complete(second).ok());
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_P(WorkQueueConformance, OfSeveralRequestsForAnotherRunTheFirstCounts) {
  Add("a");
  const Lease lease = TakeOne();
  Add({{.key = "a", .trace = "first"}, {.key = "a", .trace = "second"}});
  Add({{.key = "a", .delay = Long(), .trace = "third"}});
  ASSERT_TRUE(queue().Complete(lease).ok());
  EXPECT_EQ(Counts(), "1 0 0 0");
  const Lease next = TakeOne();
  EXPECT_EQ(next.trace, "first");
  ASSERT_TRUE(queue().Complete(next).ok());
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_P(WorkQueueConformance, TheDelayOfAnotherRunCountsFromWhenItWasAskedFor) {
  Add({{.key = "a"}, {.key = "b"}});
  const std::vector<Lease> leases = Take(2, Long());
  ASSERT_EQ(leases.size(), 2u);
  Add({{.key = "a", .delay = Units(4)}, {.key = "b", .delay = Units(1)}});
  Advance(2);
  for (const absl::Status& status : queue().CompleteEach(leases)) EXPECT_TRUE(status.ok());
  EXPECT_THAT(PeekKeys(JobState::kReady), ElementsAre("b"));
  EXPECT_THAT(PeekKeys(JobState::kDelayed), ElementsAre("a"));
  Advance(2);
  EXPECT_THAT(PeekKeys(JobState::kDelayed), IsEmpty());
}

TEST_P(WorkQueueConformance, AKeyThatIsLeasedComesBackThoughItsRunIsGivenUp) {
  Add("a");
  const Lease lease = TakeOne();
  Add({{.key = "a", .trace = "second"}});
  ASSERT_TRUE(queue().Fail(lease, "no such agency", false).ok());
  EXPECT_EQ(Counts(), "1 0 0 0");
  const Lease next = TakeOne();
  EXPECT_EQ(next.trace, "second");
  EXPECT_EQ(next.attempt, 1);
}

TEST_P(WorkQueueConformance, AKeyThatIsLeasedComesBackThoughItsRunKillsItsWorkers) {
  RetryPolicy policy = Policy();
  policy.max_lost_leases = 1;
  Open({}, policy);
  Add("a");
  TakeOne(Units(1));
  Add({{.key = "a", .trace = "second"}});
  Advance(1);
  const Lease next = TakeOne();
  EXPECT_EQ(next.trace, "second");
  EXPECT_EQ(next.attempt, 1);
}

TEST_P(WorkQueueConformance, ARunThatIsTriedAgainIsTheOtherRun) {
  Add({{.key = "failed"}, {.key = "released"}, {.key = "lost"}});
  const Lease failed = TakeOne();
  const Lease released = TakeOne();
  TakeOne(Units(1));
  Add({{.key = "failed"}, {.key = "released"}, {.key = "lost"}});
  ASSERT_TRUE(queue().Fail(failed, "the partner is away", true).ok());
  ASSERT_TRUE(queue().Release(released).ok());
  Advance(2);
  const std::vector<Lease> next = Take(10, Long());
  ASSERT_EQ(next.size(), 3u);
  for (const absl::Status& status : queue().CompleteEach(next)) EXPECT_TRUE(status.ok());
  EXPECT_EQ(Counts(), "0 0 0 0");
}

// ---- A key that is dead

TEST_P(WorkQueueConformance, ADeadJobPutInAgainComesBackToLifeWithItsAttemptsForgotten) {
  AddDead("a");
  EXPECT_EQ(Counts(), "0 0 0 1");
  EXPECT_EQ(Add({{.key = "a", .priority = Priority::kHigh, .trace = "second"}}), 1);
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_EQ(Only().attempts, 0);
  EXPECT_EQ(Only().priority, Priority::kHigh);
  const Lease lease = TakeOne();
  EXPECT_EQ(lease.attempt, 1);
  EXPECT_EQ(lease.trace, "second");
}

TEST_P(WorkQueueConformance, ADeadJobComesBackWithTheDelayAskedFor) {
  AddDead("a");
  EXPECT_EQ(Add({{.key = "a", .delay = Units(2)}}), 1);
  EXPECT_EQ(Counts(), "0 1 0 0");
  Advance(2);
  EXPECT_THAT(TakeKeys(1), ElementsAre("a"));
}

// ---- Derived jobs

TEST_P(WorkQueueConformance, ADerivedJobOfAnUnknownKeyIsAdded) {
  EXPECT_EQ(Add({{.key = "a", .derived = true}}), 1);
  EXPECT_THAT(TakeKeys(1), ElementsAre("a"));
}

TEST_P(WorkQueueConformance, ADerivedJobLeavesAKeyThatIsReadyOrDelayedAsItIs) {
  Add({{.key = "ready", .priority = Priority::kLow, .trace = "first"},
       {.key = "delayed", .delay = Long()}});
  EXPECT_EQ(Add({{.key = "ready", .priority = Priority::kHigh, .trace = "second", .derived = true},
                 {.key = "delayed", .derived = true}}),
            0);
  EXPECT_EQ(Counts(), "1 1 0 0");
  EXPECT_EQ(Peek(JobState::kReady).front().priority, Priority::kLow);
  EXPECT_EQ(TakeOne().trace, "first");
}

TEST_P(WorkQueueConformance, ADerivedJobDoesNotRunOnceMoreWhatIsInHand) {
  Add("a");
  const Lease lease = TakeOne();
  EXPECT_EQ(Add({{.key = "a", .derived = true}}), 0);
  ASSERT_TRUE(queue().Complete(lease).ok());
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_P(WorkQueueConformance, ADerivedJobLeavesTheDeadDeadUntilTheyWereSoForLong) {
  AddDead("a");
  EXPECT_EQ(Add({{.key = "a", .derived = true}}), 0);
  Advance(2);
  EXPECT_EQ(Add({{.key = "a", .derived = true}}), 0);
  EXPECT_EQ(Counts(), "0 0 0 1");
  Advance(2);
  EXPECT_EQ(Add({{.key = "a", .derived = true}}), 1);
  EXPECT_EQ(TakeOne().attempt, 1);
}

// ---- A queue that cannot be written to

TEST_P(WorkQueueConformance, AQueueThatCanBeWrittenToSaysSo) {
  EXPECT_TRUE(queue().CheckWritable().ok());
  EXPECT_EQ(Counts(), "0 0 0 0") << "the check must leave nothing behind";
}

TEST_P(WorkQueueConformance, AQueueThatCannotBeWrittenToSaysSoAndIsAsItWasAfterwards) {
  Add("a");
  if (!harness().Break()) GTEST_SKIP() << "this queue can always be written to";
  EXPECT_FALSE(queue().CheckWritable().ok());
  const std::vector<NewJob> jobs = {{.key = "b"}};
  EXPECT_EQ(queue().Enqueue(jobs).status().code(), absl::StatusCode::kUnavailable);
  harness().Mend();
  EXPECT_TRUE(queue().CheckWritable().ok());
  EXPECT_THAT(TakeKeys(10), ElementsAre("a"));
}

}  // namespace critac::queue

#endif  // TESTS_CONFORMANCE_WORK_QUEUE_PUTTING_IN_H_
