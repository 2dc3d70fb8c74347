#ifndef TESTS_CONFORMANCE_WORK_QUEUE_LEASES_H_
#define TESTS_CONFORMANCE_WORK_QUEUE_LEASES_H_

#include <set>
#include <vector>

#include "tests/conformance/work_queue/fixture.h"

// What a lease promises: it ends, it is taken over, and who lost it changes nothing any more.
namespace critac::queue {

TEST_P(WorkQueueConformance, ALeaseSaysWhenItRunsOutAndNeverTooLate) {
  Add("a");
  const absl::Time before = Now();
  const Lease lease = TakeOne(Units(10));
  EXPECT_LE(lease.expires, Now() + Units(10));
  // A queue on another machine may keep time in milliseconds.
  EXPECT_GE(lease.expires, before + Units(10) - absl::Milliseconds(1));
}

TEST_P(WorkQueueConformance, EachLeaseHasATokenOfItsOwn) {
  RetryPolicy policy = Policy();
  policy.max_attempts = 100;
  policy.max_lost_leases = 100;
  policy.first_backoff = policy.max_backoff = Units(0.5);
  Open({}, policy);
  Add("a");
  std::set<uint64_t> tokens;
  const auto take = [&](absl::Duration lease) {
    const Lease taken = TakeOne(lease);
    EXPECT_TRUE(tokens.insert(taken.token).second) << "token " << taken.token << " came twice";
    return taken;
  };
  EXPECT_TRUE(queue().Release(take(Long())).ok());
  EXPECT_TRUE(queue().Fail(take(Long()), "the partner is away", true).ok());
  Advance(1);
  take(Units(1));
  Advance(1);
  EXPECT_TRUE(queue().Fail(take(Long()), "no such agency", false).ok());
  EXPECT_TRUE(queue().Redrive("a").ok());
  EXPECT_TRUE(queue().Complete(take(Long())).ok());
  Add("a");
  take(Long());
}

TEST_P(WorkQueueConformance, AJobIsTakenOverWhenItsLeaseRanOut) {
  Add("a");
  const Lease first = TakeOne(Units(4));
  Advance(2);
  EXPECT_THAT(TakeKeys(1), ::testing::IsEmpty());
  EXPECT_EQ(Counts(), "0 0 1 0");
  Advance(2);
  EXPECT_EQ(Counts(), "1 0 0 0") << "ready from the moment on, whether or not anyone looks";
  const Lease second = TakeOne();
  EXPECT_EQ(second.key, "a");
  EXPECT_EQ(second.attempt, 2);
  EXPECT_NE(second.token, first.token);
  EXPECT_TRUE(queue().Complete(second).ok());
}

TEST_P(WorkQueueConformance, AKeyWhoseLeaseRanOutIsLeftAsItIs) {
  Add({{.key = "a", .trace = "first"}});
  TakeOne(Units(1));
  Advance(1);
  EXPECT_EQ(Add({{.key = "a", .trace = "second"}}), 0);
  const Lease lease = TakeOne();
  EXPECT_EQ(lease.trace, "first");
  EXPECT_TRUE(queue().Complete(lease).ok());
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_P(WorkQueueConformance, AJobCanBeCompletedUntilItsLeaseRunsOut) {
  Add("a");
  const Lease lease = TakeOne(Units(4));
  Advance(2);
  EXPECT_TRUE(queue().Complete(lease).ok());
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_P(WorkQueueConformance, CompletingWithAnExpiredLeaseIsRefused) {
  Add("a");
  const Lease lease = TakeOne(Units(1));
  Advance(1);
  ExpectLeaseLost(queue().Complete(lease));
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_EQ(Stats().completed, 0);
}

TEST_P(WorkQueueConformance, FailingWithAnExpiredLeaseIsRefused) {
  Add("a");
  const Lease lease = TakeOne(Units(1));
  Advance(1);
  ExpectLeaseLost(queue().Fail(lease, "no such agency", false));
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_NE(Only().last_error, "no such agency");
}

TEST_P(WorkQueueConformance, ReleasingWithAnExpiredLeaseIsRefused) {
  Add("a");
  const Lease lease = TakeOne(Units(1));
  Advance(1);
  ExpectLeaseLost(queue().Release(lease));
  EXPECT_EQ(TakeOne().attempt, 2);
}

TEST_P(WorkQueueConformance, ExtendingAnExpiredLeaseIsRefused) {
  Add("a");
  const Lease lease = TakeOne(Units(1));
  Advance(1);
  ExpectLeaseLost(queue().Extend(lease, Long()).status());
  EXPECT_EQ(Counts(), "1 0 0 0");
}

TEST_P(WorkQueueConformance, WhoseJobWasTakenOverChangesNothing) {
  Add("a");
  const Lease stale = TakeOne(Units(1));
  Advance(1);
  const Lease held = TakeOne();
  ExpectLeaseLost(queue().Complete(stale));
  ExpectLeaseLost(queue().Fail(stale, "no such agency", false));
  ExpectLeaseLost(queue().Release(stale));
  ExpectLeaseLost(queue().Extend(stale, Long()).status());
  EXPECT_EQ(Counts(), "0 0 1 0");
  EXPECT_TRUE(queue().Complete(held).ok());
}

TEST_P(WorkQueueConformance, AnEndedLeaseChangesNothing) {
  Add({{.key = "completed"}, {.key = "failed"}, {.key = "released"}, {.key = "dead"}});
  const std::vector<Lease> leases = Take(4, Long());
  ASSERT_EQ(leases.size(), 4u);
  ASSERT_TRUE(queue().Complete(leases[0]).ok());
  ASSERT_TRUE(queue().Fail(leases[1], "the partner is away", true).ok());
  ASSERT_TRUE(queue().Release(leases[2]).ok());
  ASSERT_TRUE(queue().Fail(leases[3], "no such agency", false).ok());
  for (const Lease& lease : leases) {
    ExpectLeaseLost(queue().Complete(lease));
    ExpectLeaseLost(queue().Fail(lease, "again", true));
    ExpectLeaseLost(queue().Release(lease));
    ExpectLeaseLost(queue().Extend(lease, Long()).status());
  }
  EXPECT_EQ(Counts(), "1 1 0 1");
  EXPECT_EQ(Stats().completed, 1);
}

TEST_P(WorkQueueConformance, ALeaseThatNobodyGaveChangesNothing) {
  Add("a");
  const Lease held = TakeOne();
  Lease forged = held;
  forged.token += 1;
  ExpectLeaseLost(queue().Complete(forged));
  forged = held;
  forged.key = "b";
  ExpectLeaseLost(queue().Complete(forged));
  ExpectLeaseLost(queue().Complete(Lease()));
  EXPECT_EQ(Counts(), "0 0 1 0");
}

TEST_P(WorkQueueConformance, ALeaseOfAnEarlierJobOfTheSameKeyChangesNothing) {
  Add("a");
  const Lease earlier = TakeOne();
  ASSERT_TRUE(queue().Complete(earlier).ok());
  Add("a");
  const Lease later = TakeOne();
  ExpectLeaseLost(queue().Complete(earlier));
  EXPECT_TRUE(queue().Complete(later).ok());
}

// ---- Extending

TEST_P(WorkQueueConformance, AnExtendedLeaseLastsFromNowAndKeepsItsToken) {
  Add("a");
  const Lease lease = TakeOne(Units(4));
  Advance(2);
  const absl::Time before = Now();
  const absl::StatusOr<Lease> extended = queue().Extend(lease, Units(4));
  const absl::Time after = Now();
  ASSERT_TRUE(extended.ok()) << extended.status();
  EXPECT_EQ(extended->key, "a");
  EXPECT_EQ(extended->token, lease.token);
  EXPECT_EQ(extended->attempt, 1);
  EXPECT_GE(extended->expires, before + Units(4) - absl::Milliseconds(1));
  EXPECT_LE(extended->expires, after + Units(4));
  Advance(2);
  EXPECT_EQ(Counts(), "0 0 1 0") << "past the end of the first lease";
  EXPECT_TRUE(queue().Complete(lease).ok()) << "the token is the same";
}

TEST_P(WorkQueueConformance, AnExtendedLeaseRunsOutToo) {
  Add("a");
  const Lease lease = TakeOne(Units(1));
  ASSERT_TRUE(queue().Extend(lease, Units(2)).ok());
  Advance(2);
  ExpectLeaseLost(queue().Complete(lease));
}

TEST_P(WorkQueueConformance, ExtendingByLessShortensALease) {
  Add("a");
  const Lease lease = TakeOne(Long());
  ASSERT_TRUE(queue().Extend(lease, Units(1)).ok());
  Advance(1);
  ExpectLeaseLost(queue().Complete(lease));
}

TEST_P(WorkQueueConformance, EachLeaseIsExtendedForItself) {
  Add({{.key = "a"}, {.key = "b"}, {.key = "c"}});
  const std::vector<Lease> leases = Take(3, Units(1));
  ASSERT_EQ(leases.size(), 3u);
  ASSERT_TRUE(queue().Complete(leases[1]).ok());
  const std::vector<absl::StatusOr<Lease>> results = queue().ExtendEach(leases, Long());
  ASSERT_EQ(results.size(), 3u);
  ASSERT_TRUE(results[0].ok());
  EXPECT_EQ(results[0]->key, "a");
  ExpectLeaseLost(results[1].status());
  ASSERT_TRUE(results[2].ok());
  EXPECT_EQ(results[2]->key, "c");
  Advance(1);
  EXPECT_EQ(Counts(), "0 0 2 0");
}

TEST_P(WorkQueueConformance, EachLeaseIsCompletedForItself) {
  Add({{.key = "a"}, {.key = "b"}, {.key = "c"}});
  const std::vector<Lease> leases = Take(3, Long());
  ASSERT_EQ(leases.size(), 3u);
  ASSERT_TRUE(queue().Release(leases[1]).ok());
  const std::vector<absl::Status> results = queue().CompleteEach(leases);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_TRUE(results[0].ok());
  ExpectLeaseLost(results[1]);
  EXPECT_TRUE(results[2].ok());
  EXPECT_THAT(PeekKeys(std::nullopt), ::testing::ElementsAre("b"));
}

TEST_P(WorkQueueConformance, TheSameLeaseTwiceInOneCallIsCompletedOnce) {
  Add("a");
  const Lease lease = TakeOne();
  const std::vector<Lease> twice = {lease, lease};
  const std::vector<absl::Status> results = queue().CompleteEach(twice);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_TRUE(results[0].ok());
  ExpectLeaseLost(results[1]);
  EXPECT_EQ(Stats().completed, 1);
}

TEST_P(WorkQueueConformance, NoLeasesHaveNoResults) {
  EXPECT_THAT(queue().CompleteEach({}), ::testing::IsEmpty());
  EXPECT_THAT(queue().ExtendEach({}, Long()), ::testing::IsEmpty());
}

// ---- Releasing

TEST_P(WorkQueueConformance, AReleasedJobIsReadyAtOnceAndItsAttemptNotCounted) {
  Add("a");
  const Lease first = TakeOne();
  EXPECT_TRUE(queue().Release(first).ok());
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_EQ(Only().attempts, 0);
  const Lease second = TakeOne();
  EXPECT_EQ(second.attempt, 1);
}

TEST_P(WorkQueueConformance, AJobCanBeReleasedAnyNumberOfTimes) {
  Add("a");
  for (int i = 0; i < Policy().max_attempts * 2; ++i) {
    ASSERT_TRUE(queue().Release(TakeOne()).ok());
  }
  EXPECT_EQ(Counts(), "1 0 0 0");
}

}  // namespace critac::queue

#endif  // TESTS_CONFORMANCE_WORK_QUEUE_LEASES_H_
