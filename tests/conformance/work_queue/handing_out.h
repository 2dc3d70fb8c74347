#ifndef TESTS_CONFORMANCE_WORK_QUEUE_HANDING_OUT_H_
#define TESTS_CONFORMANCE_WORK_QUEUE_HANDING_OUT_H_

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "tests/conformance/work_queue/fixture.h"

// What Reserve promises: order, rounds, waiting, pausing, the end.
namespace critac::queue {

TEST_P(WorkQueueConformance, AnEmptyQueueHandsOutNothing) {
  EXPECT_THAT(TakeKeys(10), ::testing::IsEmpty());
}

TEST_P(WorkQueueConformance, NoMoreJobsAreHandedOutThanAskedFor) {
  AddMany("a", 5);
  EXPECT_THAT(TakeKeys(2), ::testing::ElementsAre("a0", "a1"));
  EXPECT_EQ(Counts(), "3 0 2 0");
}

TEST_P(WorkQueueConformance, AJobIsInOneHandAtATime) {
  Add("a");
  EXPECT_THAT(TakeKeys(1), ::testing::ElementsAre("a"));
  EXPECT_THAT(TakeKeys(1), ::testing::IsEmpty());
}

TEST_P(WorkQueueConformance, ThoseThatHaveBeenReadyLongestGoFirst) {
  for (const char* key : {"b", "c", "a"}) Add(key);
  const Lease first = TakeOne();
  EXPECT_EQ(first.key, "b");
  ASSERT_TRUE(queue().Release(first).ok());
  EXPECT_THAT(TakeKeys(10), ::testing::ElementsAre("c", "a", "b"));
}

// ---- Rounds

TEST_P(WorkQueueConformance, WithinARoundTheHigherGoFirst) {
  Add({{.key = "low", .priority = Priority::kLow},
       {.key = "normal", .priority = Priority::kNormal},
       {.key = "high", .priority = Priority::kHigh}});
  EXPECT_THAT(TakeKeys(10), ::testing::ElementsAre("high", "normal", "low"));
}

TEST_P(WorkQueueConformance, ARoundHasRoomForEightHighFourNormalAndOneLow) {
  AddMany("low", 30, Priority::kLow);
  AddMany("normal", 30, Priority::kNormal);
  AddMany("high", 30, Priority::kHigh);
  const std::vector<std::string> expected_round = {"high", "high", "high", "high", "high",
                                                   "high", "high", "high", "norm", "norm",
                                                   "norm", "norm", "low"};
  std::vector<std::string> levels;
  for (const std::string& key : TakeKeys(13))
    levels.push_back(key.substr(0, key[0] == 'l' ? 3 : 4));
  EXPECT_EQ(levels, expected_round);
  levels.clear();
  for (int i = 0; i < 13; ++i) {
    const std::string key = TakeOne().key;
    levels.push_back(key.substr(0, key[0] == 'l' ? 3 : 4));
  }
  EXPECT_EQ(levels, expected_round) << "taken one by one it must be the same";
}

TEST_P(WorkQueueConformance, ARoundEndsWhenNoReadyJobHasRoomLeft) {
  AddMany("high", 10, Priority::kHigh);
  AddMany("low", 3, Priority::kLow);
  EXPECT_THAT(TakeKeys(20),
              ::testing::ElementsAre("high0", "high1", "high2", "high3", "high4", "high5", "high6",
                                     "high7", "low0", "high8", "high9", "low1", "low2"));
}

TEST_P(WorkQueueConformance, NoRoomIsLeftUnused) {
  AddMany("low", 40, Priority::kLow);
  EXPECT_EQ(TakeKeys(100).size(), 40u);
}

TEST_P(WorkQueueConformance, NoPriorityStarvesWhileHigherOnesKeepComing) {
  AddMany("high", 20, Priority::kHigh);
  AddMany("normal", 20, Priority::kNormal);
  Add({{.key = "low", .priority = Priority::kLow}});
  int before_low = 0;
  for (std::string key = TakeOne().key; key != "low"; key = TakeOne().key, ++before_low) {
    ASSERT_LT(before_low, 12);
    AddMany("more" + std::to_string(before_low), 1, Priority::kHigh);
  }
  EXPECT_EQ(before_low, 12);
}

// ---- Arguments

TEST_P(WorkQueueConformance, ReservingNoJobIsRefused) {
  for (const int max : {0, -1, std::numeric_limits<int>::min()}) {
    ExpectInvalid(queue().Reserve(max, Long(), absl::ZeroDuration()).status(), "max");
  }
}

TEST_P(WorkQueueConformance, ALeaseIsLongerThanZeroAndNoLongerThanItsLimit) {
  Add({{.key = "a"}, {.key = "b"}});
  for (const absl::Duration lease :
       {absl::ZeroDuration(), -absl::Seconds(1), limits::kJobLease + absl::Nanoseconds(1),
        absl::InfiniteDuration()}) {
    ExpectInvalid(queue().Reserve(1, lease, absl::ZeroDuration()).status(), "lease");
  }
  EXPECT_EQ(Counts(), "2 0 0 0");
  const Lease lease = TakeOne(limits::kJobLease);
  EXPECT_EQ(lease.key, "a");
  for (const absl::Duration duration :
       {absl::ZeroDuration(), -absl::Seconds(1), limits::kJobLease + absl::Nanoseconds(1)}) {
    ExpectInvalid(queue().Extend(lease, duration).status(), "duration");
  }
  EXPECT_TRUE(queue().Extend(lease, limits::kJobLease).ok());
}

TEST_P(WorkQueueConformance, ReservingMoreThanTheLimitIsReservingAsManyAsThat) {
  AddMany("a", limits::kReserveJobs + 1);
  EXPECT_EQ(Take(std::numeric_limits<int>::max(), Long()).size(),
            static_cast<size_t>(limits::kReserveJobs));
  EXPECT_EQ(Take(limits::kReserveJobs + 1, Long()).size(), 1u);
}

TEST_P(WorkQueueConformance, ANegativeWaitIsNone) {
  const auto leases = queue().Reserve(1, Long(), -absl::InfiniteDuration());
  ASSERT_TRUE(leases.ok()) << leases.status();
  EXPECT_THAT(*leases, ::testing::IsEmpty());
}

// ---- Waiting

TEST_P(WorkQueueConformance, WhoWaitsGetsTheFirstJobThatComes) {
  WaitingReserve waiting(queue(), harness().clock(), Long(), Long());
  Add("a");
  EXPECT_EQ(waiting.Result(), "a");
}

TEST_P(WorkQueueConformance, WhoWouldTakeMoreGetsWhatIsThereAtOnce) {
  AddMany("a", 2);
  const absl::Time before = Now();
  const auto leases = queue().Reserve(10, Long(), Long());
  ASSERT_TRUE(leases.ok()) << leases.status();
  EXPECT_EQ(leases->size(), 2u);
  EXPECT_LT(Now() - before, Long());
}

TEST_P(WorkQueueConformance, WhoWaitsGetsADelayedJobWhenItIsDue) {
  Add({{.key = "a", .delay = Units(2)}});
  WaitingReserve waiting(queue(), harness().clock(), Long(), Long());
  AdvanceUntilDone(waiting);
  EXPECT_EQ(waiting.Result(), "a");
}

TEST_P(WorkQueueConformance, WhoWaitsGetsADelayedJobThatComesWhileItWaits) {
  Add({{.key = "later", .delay = Long() / 2}});
  WaitingReserve waiting(queue(), harness().clock(), Long(), Long());
  Add({{.key = "a", .delay = Units(2)}});
  AdvanceUntilDone(waiting);
  EXPECT_EQ(waiting.Result(), "a");
}

TEST_P(WorkQueueConformance, WhoWaitsTakesOverAJobWhoseLeaseRunsOut) {
  Add("a");
  TakeOne(Units(2));
  WaitingReserve waiting(queue(), harness().clock(), Long(), Long());
  AdvanceUntilDone(waiting);
  EXPECT_EQ(waiting.Result(), "a");
}

TEST_P(WorkQueueConformance, WhoWaitsInVainGetsNothingWhenTheTimeIsOver) {
  WaitingReserve waiting(queue(), harness().clock(), Units(3), Long());
  AdvanceUntilDone(waiting);
  EXPECT_EQ(waiting.Result(), "none");
  EXPECT_GE(waiting.waited(), Units(3));
}

TEST_P(WorkQueueConformance, EachOfThoseWhoWaitGetsAJob) {
  WaitingReserve one(queue(), harness().clock(), Long(), Long());
  WaitingReserve two(queue(), harness().clock(), Long(), Long());
  WaitingReserve three(queue(), harness().clock(), Long(), Long());
  AddMany("a", 3);
  std::vector<std::string> keys = {one.Result(), two.Result(), three.Result()};
  EXPECT_THAT(keys, ::testing::UnorderedElementsAre("a0", "a1", "a2"));
}

TEST_P(WorkQueueConformance, WhoWaitsIsLetGoWhenAskedToStop) {
  WaitingReserve waiting(queue(), harness().clock(), Long(), Long());
  waiting.RequestStop();
  EXPECT_EQ(waiting.Result(), "none");
}

TEST_P(WorkQueueConformance, WhoWasAskedToStopGetsNothing) {
  Add("a");
  std::stop_source stop;
  stop.request_stop();
  const auto leases = queue().Reserve(1, Long(), Long(), stop.get_token());
  ASSERT_TRUE(leases.ok()) << leases.status();
  EXPECT_THAT(*leases, ::testing::IsEmpty());
  EXPECT_EQ(Counts(), "1 0 0 0");
}

TEST_P(WorkQueueConformance, StoppingOneOfThoseWhoWaitLeavesTheOthers) {
  WaitingReserve stopped(queue(), harness().clock(), Long(), Long());
  WaitingReserve other(queue(), harness().clock(), Long(), Long());
  stopped.RequestStop();
  EXPECT_EQ(stopped.Result(), "none");
  Add("a");
  EXPECT_EQ(other.Result(), "a");
}

// ---- Pausing

TEST_P(WorkQueueConformance, APausedQueueHandsOutNothing) {
  Add("a");
  ASSERT_TRUE(queue().Pause().ok());
  EXPECT_TRUE(Stats().paused);
  EXPECT_THAT(TakeKeys(1), ::testing::IsEmpty());
  ASSERT_TRUE(queue().Resume().ok());
  EXPECT_FALSE(Stats().paused);
  EXPECT_THAT(TakeKeys(1), ::testing::ElementsAre("a"));
}

TEST_P(WorkQueueConformance, JobsComeIntoAPausedQueueAndThoseInHandGoOn) {
  Add({{.key = "a"}, {.key = "b"}, {.key = "c"}});
  const Lease a = TakeOne();
  const Lease b = TakeOne();
  const Lease c = TakeOne();
  ASSERT_TRUE(queue().Pause().ok());
  EXPECT_EQ(Add("d"), 1);
  EXPECT_TRUE(queue().Extend(a, Long()).ok());
  EXPECT_TRUE(queue().Complete(a).ok());
  EXPECT_TRUE(queue().Fail(b, "the partner is away", true).ok());
  EXPECT_TRUE(queue().Release(c).ok());
  EXPECT_EQ(Counts(), "2 1 0 0");
}

TEST_P(WorkQueueConformance, WhoWaitsWhileAQueueIsPausedGetsItsJobWhenItResumes) {
  Add("a");
  ASSERT_TRUE(queue().Pause().ok());
  WaitingReserve waiting(queue(), harness().clock(), Long(), Long());
  EXPECT_FALSE(waiting.IsDone());
  ASSERT_TRUE(queue().Resume().ok());
  EXPECT_EQ(waiting.Result(), "a");
}

TEST_P(WorkQueueConformance, WhoWaitsWhileAQueueIsPausedWaitsNoLongerThanItMeant) {
  Add("a");
  ASSERT_TRUE(queue().Pause().ok());
  WaitingReserve waiting(queue(), harness().clock(), Units(2), Long());
  AdvanceUntilDone(waiting);
  EXPECT_EQ(waiting.Result(), "none");
  EXPECT_GE(waiting.waited(), Units(2));
}

TEST_P(WorkQueueConformance, PausingTwiceIsPausingOnce) {
  Add("a");
  ASSERT_TRUE(queue().Pause().ok());
  ASSERT_TRUE(queue().Pause().ok());
  ASSERT_TRUE(queue().Resume().ok());
  EXPECT_THAT(TakeKeys(1), ::testing::ElementsAre("a"));
  EXPECT_TRUE(queue().Resume().ok());
}

// ---- Rate. Time may also pass by itself: what that adds must not reach a whole job.

TEST_P(WorkQueueConformance, NoMoreJobsAreHandedOutThanTheRateAllows) {
  ASSERT_TRUE(queue().LimitRate(5).ok());
  EXPECT_EQ(Stats().jobs_per_second, 5);
  AddMany("a", 100);
  const size_t at_once = Take(100, Long()).size();
  EXPECT_EQ(at_once, 5u) << "a second's worth";
  harness().AdvanceTime(absl::Seconds(1));
  const size_t a_second_later = Take(100, Long()).size();
  EXPECT_EQ(a_second_later, 5u);
  harness().AdvanceTime(absl::Seconds(60));
  EXPECT_EQ(Take(100, Long()).size(), 5u) << "what is not used is not saved up";
}

TEST_P(WorkQueueConformance, ARateHoldsForAllWhoTakeAndUntilItIsLifted) {
  ASSERT_TRUE(queue().LimitRate(1).ok());
  AddMany("a", 20);
  EXPECT_EQ(Take(1, Long()).size(), 1u);
  EXPECT_EQ(Take(1, Long()).size(), 0u);
  EXPECT_EQ(Counts(), "19 0 1 0") << "they stay ready";
  ASSERT_TRUE(queue().LimitRate(0).ok());
  EXPECT_EQ(Stats().jobs_per_second, 0);
  EXPECT_EQ(Take(100, Long()).size(), 19u);
}

TEST_P(WorkQueueConformance, WhoWaitsGetsItsJobWhenTheRateAllows) {
  ASSERT_TRUE(queue().LimitRate(1).ok());
  AddMany("a", 2);
  EXPECT_THAT(TakeKeys(2), ::testing::ElementsAre("a0"));
  WaitingReserve waiting(queue(), harness().clock(), Long(), Long());
  AdvanceUntilDone(waiting);
  EXPECT_EQ(waiting.Result(), "a1");
}

TEST_P(WorkQueueConformance, WhoWaitsForTheRateGetsItsJobWhenItIsLifted) {
  ASSERT_TRUE(queue().LimitRate(1).ok());
  AddMany("a", 2);
  EXPECT_THAT(TakeKeys(2), ::testing::ElementsAre("a0"));
  WaitingReserve waiting(queue(), harness().clock(), Long(), Long());
  ASSERT_TRUE(queue().LimitRate(0).ok());
  EXPECT_EQ(waiting.Result(), "a1");
}

TEST_P(WorkQueueConformance, ARateIsFromZeroToItsLimit) {
  ExpectInvalid(queue().LimitRate(-1), "jobs_per_second");
  ExpectInvalid(queue().LimitRate(limits::kJobRate + 1), "jobs_per_second");
  EXPECT_EQ(Stats().jobs_per_second, 0);
  EXPECT_TRUE(queue().LimitRate(limits::kJobRate).ok());
}

// ---- The end

TEST_P(WorkQueueConformance, ShutdownWakesThoseWhoWait) {
  WaitingReserve one(queue(), harness().clock(), Long(), Long());
  WaitingReserve two(queue(), harness().clock(), Long(), Long());
  queue().Shutdown();
  EXPECT_EQ(one.Result(), "none");
  EXPECT_EQ(two.Result(), "none");
}

TEST_P(WorkQueueConformance, AfterShutdownNothingIsHandedOutAndNobodyWaits) {
  Add("a");
  queue().Shutdown();
  WaitingReserve waiting(queue(), harness().clock(), Long(), Long());
  EXPECT_EQ(waiting.Result(), "none");
  EXPECT_EQ(Counts(), "1 0 0 0");
}

TEST_P(WorkQueueConformance, AfterShutdownJobsInHandCanStillEnd) {
  Add({{.key = "a"}, {.key = "b"}, {.key = "c"}});
  const Lease a = TakeOne();
  const Lease b = TakeOne();
  const Lease c = TakeOne();
  queue().Shutdown();
  EXPECT_TRUE(queue().Complete(a).ok());
  EXPECT_TRUE(queue().Fail(b, "the partner is away", true).ok());
  EXPECT_TRUE(queue().Release(c).ok());
  EXPECT_EQ(Add("d"), 1);
  EXPECT_EQ(Counts(), "2 1 0 0");
}

}  // namespace critac::queue

#endif  // TESTS_CONFORMANCE_WORK_QUEUE_HANDING_OUT_H_
