#ifndef TESTS_CONFORMANCE_WORK_QUEUE_FAILING_H_
#define TESTS_CONFORMANCE_WORK_QUEUE_FAILING_H_

#include <string>
#include <vector>

#include "tests/conformance/work_queue/fixture.h"

// What becomes of jobs that fail: retries, quarantine, and what is kept of the dead.
namespace critac::queue {

TEST_P(WorkQueueConformance, AFailedJobWaitsAndIsTriedAgain) {
  Add({{.key = "a", .trace = "first"}});
  ASSERT_TRUE(queue().Fail(TakeOne(), "the partner is away", true).ok());
  EXPECT_EQ(Counts(), "0 1 0 0");
  EXPECT_EQ(Only().last_error, "the partner is away");
  EXPECT_EQ(Only().attempts, 1);
  EXPECT_THAT(TakeKeys(1), ::testing::IsEmpty());
  Advance(1.25);
  const Lease lease = TakeOne();
  EXPECT_EQ(lease.key, "a");
  EXPECT_EQ(lease.attempt, 2);
  EXPECT_EQ(lease.trace, "first");
}

TEST_P(WorkQueueConformance, TheWaitDoublesUpToItsLimitPlusUpToAQuarter) {
  Add("a");
  for (const double expected_units : {1.0, 2.0, 3.0}) {
    const Lease lease = TakeOne();
    const absl::Time before = Now();
    ASSERT_TRUE(queue().Fail(lease, "the partner is away", true).ok());
    const absl::Time after = Now();
    EXPECT_GE(Only().due, before + Units(expected_units) - absl::Milliseconds(1));
    EXPECT_LE(Only().due, after + Units(expected_units * 1.25) + absl::Milliseconds(1));
    Advance(expected_units * 1.25);
  }
}

TEST_P(WorkQueueConformance, JobsThatFailTogetherDoNotComeBackTogether) {
  AddMany("a", 20);
  for (const Lease& lease : Take(20, Long())) {
    ASSERT_TRUE(queue().Fail(lease, "the partner is away", true).ok());
  }
  const std::vector<JobInfo> delayed = Peek(JobState::kDelayed);
  ASSERT_EQ(delayed.size(), 20u);
  EXPECT_GT(delayed.back().due - delayed.front().due, Units(0.02));
}

TEST_P(WorkQueueConformance, AFailedJobIsGivenUpAfterItsLastAttempt) {
  RetryPolicy policy = Policy();
  policy.max_attempts = 3;
  policy.first_backoff = policy.max_backoff = Units(0.4);
  Open({}, policy);
  Add("a");
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(Counts(), "1 0 0 0") << attempt;
    const Lease lease = TakeOne();
    EXPECT_EQ(lease.attempt, attempt);
    ASSERT_TRUE(queue().Fail(lease, "failure " + std::to_string(attempt), true).ok());
    Advance(0.5);
  }
  EXPECT_EQ(Counts(), "0 0 0 1");
  EXPECT_EQ(Only().last_error, "failure 3");
  EXPECT_EQ(Only().attempts, 3);
  EXPECT_EQ(Only().due, absl::InfinitePast());
}

TEST_P(WorkQueueConformance, AJobThatMayNotBeRetriedIsGivenUpAtOnce) {
  AddDead("a", "no such agency");
  EXPECT_EQ(Counts(), "0 0 0 1");
  EXPECT_EQ(Only().last_error, "no such agency");
  EXPECT_THAT(TakeKeys(1), ::testing::IsEmpty());
}

TEST_P(WorkQueueConformance, AJobWhoseLeasesRunOutIsGivenUpAsOneThatKillsItsWorkers) {
  Add("a");
  for (int lost = 1; lost <= Policy().max_lost_leases; ++lost) {
    EXPECT_EQ(Counts(), "1 0 0 0") << lost;
    EXPECT_EQ(TakeOne(Units(1)).attempt, lost);
    Advance(1);
  }
  EXPECT_THAT(TakeKeys(1), ::testing::IsEmpty());
  EXPECT_EQ(Counts(), "0 0 0 1");
  EXPECT_NE(Only().last_error, "") << "an operator must see why";
}

TEST_P(WorkQueueConformance, LostLeasesAreCountedAcrossFailures) {
  Add("a");
  TakeOne(Units(1));
  Advance(1);
  ASSERT_TRUE(queue().Fail(TakeOne(), "the partner is away", true).ok());
  Advance(2.5);
  TakeOne(Units(1));
  Advance(1);
  EXPECT_THAT(TakeKeys(1), ::testing::IsEmpty());
  EXPECT_EQ(Counts(), "0 0 0 1");
}

TEST_P(WorkQueueConformance, AReleasedLeaseIsNotALostOne) {
  Add("a");
  for (int i = 0; i < Policy().max_lost_leases + 1; ++i) {
    ASSERT_TRUE(queue().Release(TakeOne(Units(1))).ok());
  }
  Advance(1);
  EXPECT_EQ(Counts(), "1 0 0 0");
}

TEST_P(WorkQueueConformance, AJobWhoseLastAttemptIsLostIsGivenUp) {
  RetryPolicy policy = Policy();
  policy.max_attempts = 2;
  policy.max_lost_leases = 10;
  policy.first_backoff = policy.max_backoff = Units(0.4);
  Open({}, policy);
  Add("a");
  ASSERT_TRUE(queue().Fail(TakeOne(), "the partner is away", true).ok());
  Advance(0.5);
  EXPECT_EQ(TakeOne(Units(1)).attempt, 2);
  Advance(1);
  EXPECT_THAT(TakeKeys(1), ::testing::IsEmpty());
  EXPECT_EQ(Counts(), "0 0 0 1");
}

TEST_P(WorkQueueConformance, ACompletedJobForgetsItsFailures) {
  Add("a");
  ASSERT_TRUE(queue().Fail(TakeOne(), "the partner is away", true).ok());
  Advance(1.25);
  const Lease lease = TakeOne();
  Add("a");
  ASSERT_TRUE(queue().Complete(lease).ok());
  EXPECT_EQ(Only().attempts, 0);
  EXPECT_EQ(Only().last_error, "");
}

// ---- Errors

TEST_P(WorkQueueConformance, OfAnErrorItsBeginningIsKept) {
  const std::string error(limits::kJobErrorBytes, 'e');
  AddDead("a", error);
  AddDead("b", error + "x");
  for (const JobInfo& job : Peek(JobState::kDead)) EXPECT_EQ(job.last_error, error);
}

TEST_P(WorkQueueConformance, AnErrorIsCutBetweenCharacters) {
  AddDead("a", std::string(limits::kJobErrorBytes - 1, 'e') + "ü");
  EXPECT_EQ(Only().last_error, std::string(limits::kJobErrorBytes - 1, 'e'));
}

// ---- The dead

TEST_P(WorkQueueConformance, ADeadJobCanBeBroughtBackWithItsAttemptsForgotten) {
  Add("a");
  TakeOne(Units(1));
  Advance(1);
  ASSERT_TRUE(queue().Fail(TakeOne(), "no such agency", false).ok());
  EXPECT_TRUE(queue().Redrive("a").ok());
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_EQ(Only().attempts, 0);
  EXPECT_EQ(Only().last_error, "no such agency") << "kept, until it is tried again";
  EXPECT_EQ(TakeOne(Units(1)).attempt, 1);
  Advance(1);
  EXPECT_EQ(Counts(), "1 0 0 0") << "the lease lost before must be forgotten too";
}

TEST_P(WorkQueueConformance, AReasonIsKeptBeforeTheErrorOfAJobThatIsBroughtBack) {
  AddDead("a", "no such agency");
  ASSERT_TRUE(queue().Redrive("a", "the agency was added").ok());
  EXPECT_EQ(Only().last_error, "brought back: the agency was added; it had failed: no such agency");
  ASSERT_TRUE(queue().Complete(TakeOne()).ok());
  AddDead("b", std::string(limits::kJobErrorBytes, 'e'));
  EXPECT_EQ(queue().RedriveAll("again").value_or(-1), 1);
  EXPECT_EQ(Only().last_error.size(), static_cast<size_t>(limits::kJobErrorBytes));
}

TEST_P(WorkQueueConformance, OnlyADeadJobCanBeBroughtBack) {
  Add({{.key = "ready"},
       {.key = "delayed", .delay = Long()},
       {.key = "leased", .priority = Priority::kHigh}});
  TakeOne();
  for (const char* key : {"ready", "delayed", "leased", "unknown", ""}) {
    const absl::Status status = queue().Redrive(key);
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << key;
    EXPECT_EQ(ReasonOf(status), "RESOURCE_NOT_FOUND") << key;
  }
  EXPECT_EQ(Counts(), "1 1 1 0");
}

TEST_P(WorkQueueConformance, AFullQueueBringsNoDeadJobBack) {
  Open({.jobs = 1});
  AddDead("a");
  Add("b");
  ExpectQueueFull(queue().Redrive("a"));
  EXPECT_EQ(Counts(), "1 0 0 1");
}

TEST_P(WorkQueueConformance, AllDeadJobsCanBeBroughtBack) {
  for (const char* key : {"a", "b", "c"}) AddDead(key);
  Add("d");
  const absl::StatusOr<int64_t> count = queue().RedriveAll();
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(*count, 3);
  EXPECT_THAT(TakeKeys(10), ::testing::ElementsAre("d", "a", "b", "c"));
  EXPECT_EQ(queue().RedriveAll().value_or(-1), 0);
}

TEST_P(WorkQueueConformance, AsManyDeadJobsComeBackAsTheQueueHasRoomFor) {
  Open({.jobs = 2});
  for (const char* key : {"a", "b", "c"}) AddDead(key);
  EXPECT_EQ(queue().RedriveAll().value_or(-1), 2);
  EXPECT_THAT(PeekKeys(JobState::kReady), ::testing::ElementsAre("a", "b"));
  EXPECT_THAT(PeekKeys(JobState::kDead), ::testing::ElementsAre("c"));
}

TEST_P(WorkQueueConformance, DeadJobsCanBeForgotten) {
  AddDead("a");
  AddDead("b");
  Add("c");
  EXPECT_EQ(queue().PurgeDead().value_or(-1), 2);
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_EQ(queue().PurgeDead().value_or(-1), 0);
  EXPECT_EQ(Add("a"), 1);
}

TEST_P(WorkQueueConformance, OfDeadJobsThoseGivenUpFirstAreForgottenPastTheirCount) {
  Open({.dead_jobs = 2});
  for (const char* key : {"c", "a", "b"}) AddDead(key);
  EXPECT_THAT(PeekKeys(JobState::kDead), ::testing::ElementsAre("a", "b"));
  EXPECT_EQ(Add("c"), 1) << "what is forgotten is unknown";
}

TEST_P(WorkQueueConformance, OfDeadJobsThoseGivenUpFirstAreForgottenPastTheirBytes) {
  Open({.dead_bytes = 30});
  const std::string nine_bytes = "too large";
  for (const char* key : {"a", "b", "c"}) AddDead(key, nine_bytes);
  EXPECT_EQ(Counts(), "0 0 0 3") << "three times ten bytes fit";
  AddDead("d", "");
  EXPECT_THAT(PeekKeys(JobState::kDead), ::testing::ElementsAre("b", "c", "d"));
  AddDead("e", std::string(30, 'e'));
  EXPECT_EQ(Counts(), "0 0 0 0") << "one that alone is too large is forgotten like the rest";
}

TEST_P(WorkQueueConformance, BytesOfDeadJobsThatComeBackAreFreed) {
  Open({.dead_bytes = 20});
  const std::string nine_bytes = "too large";
  AddDead("a", nine_bytes);
  AddDead("b", nine_bytes);
  ASSERT_TRUE(queue().Redrive("a").ok());
  ASSERT_TRUE(queue().Complete(TakeOne()).ok());
  AddDead("c", nine_bytes);
  EXPECT_THAT(PeekKeys(JobState::kDead), ::testing::ElementsAre("b", "c"));
  EXPECT_EQ(queue().PurgeDead().value_or(-1), 2);
  AddDead("d", nine_bytes);
  AddDead("e", nine_bytes);
  EXPECT_THAT(PeekKeys(JobState::kDead), ::testing::ElementsAre("d", "e"));
}

}  // namespace critac::queue

#endif  // TESTS_CONFORMANCE_WORK_QUEUE_FAILING_H_
