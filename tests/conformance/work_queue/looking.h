#ifndef TESTS_CONFORMANCE_WORK_QUEUE_LOOKING_H_
#define TESTS_CONFORMANCE_WORK_QUEUE_LOOKING_H_

#include <limits>
#include <vector>

#include "tests/conformance/work_queue/fixture.h"

// What Stats and Peek show.
namespace critac::queue {

TEST_P(WorkQueueConformance, ANewQueueIsEmpty) {
  const QueueStats stats = Stats();
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(stats.oldest_ready, absl::ZeroDuration());
  EXPECT_FALSE(stats.paused);
  EXPECT_EQ(stats.completed, 0);
  EXPECT_THAT(Peek(std::nullopt), ::testing::IsEmpty());
}

TEST_P(WorkQueueConformance, CompletedJobsAreCounted) {
  AddMany("a", 3);
  for (const Lease& lease : Take(2, Long())) ASSERT_TRUE(queue().Complete(lease).ok());
  EXPECT_EQ(Stats().completed, 2);
  ASSERT_TRUE(queue().Fail(TakeOne(), "no such agency", false).ok());
  EXPECT_EQ(Stats().completed, 2);
}

TEST_P(WorkQueueConformance, TheAgeOfTheOldestReadyJobCountsFromWhenItBecameReady) {
  Add({{.key = "low", .delay = Units(2)}});
  Advance(1);
  EXPECT_EQ(Stats().oldest_ready, absl::ZeroDuration()) << "a delayed job is not ready";
  Advance(3);
  Add({{.key = "high", .priority = Priority::kHigh}});
  const absl::Duration age = Stats().oldest_ready;
  EXPECT_GE(age, Units(2) - absl::Milliseconds(1));
  EXPECT_LT(age, Units(4)) << "not from when it was put in";
  TakeKeys(2);
  EXPECT_EQ(Stats().oldest_ready, absl::ZeroDuration()) << "a leased job is not ready";
}

TEST_P(WorkQueueConformance, PeekShowsEachStateAndLeavesItAsItIs) {
  AddDead("dead1");
  AddDead("dead2");
  Add({{.key = "leased-long"}, {.key = "leased-short"}});
  TakeOne(Units(100));
  TakeOne(Units(50));
  Add({{.key = "ready1", .priority = Priority::kLow},
       {.key = "delayed-long", .delay = Units(100)},
       {.key = "delayed-short", .delay = Units(50)}});
  Add({{.key = "ready2", .priority = Priority::kHigh}});
  for (int look = 0; look < 2; ++look) {
    EXPECT_THAT(PeekKeys(JobState::kLeased), ::testing::ElementsAre("leased-short", "leased-long"));
    EXPECT_THAT(PeekKeys(JobState::kReady), ::testing::ElementsAre("ready1", "ready2"));
    EXPECT_THAT(PeekKeys(JobState::kDelayed),
                ::testing::ElementsAre("delayed-short", "delayed-long"));
    EXPECT_THAT(PeekKeys(JobState::kDead), ::testing::ElementsAre("dead1", "dead2"));
    EXPECT_THAT(PeekKeys(std::nullopt),
                ::testing::ElementsAre("leased-short", "leased-long", "ready1", "ready2",
                                       "delayed-short", "delayed-long", "dead1", "dead2"));
  }
  EXPECT_EQ(Counts(), "2 2 2 2");
}

TEST_P(WorkQueueConformance, PeekShowsNoMoreThanItsLimit) {
  AddMany("a", 5);
  TakeOne();
  EXPECT_THAT(PeekKeys(std::nullopt, 3), ::testing::ElementsAre("a0", "a1", "a2"));
  EXPECT_THAT(PeekKeys(JobState::kReady, 1), ::testing::ElementsAre("a1"));
  EXPECT_THAT(PeekKeys(std::nullopt, 1), ::testing::ElementsAre("a0"));
  for (const int limit : {0, -1, std::numeric_limits<int>::min()}) {
    EXPECT_THAT(PeekKeys(std::nullopt, limit), ::testing::IsEmpty());
  }
}

TEST_P(WorkQueueConformance, PeekShowsNoMoreThanTheLimitOfACall) {
  AddMany("a", limits::kPeekJobs + 1);
  EXPECT_EQ(Peek(JobState::kReady, std::numeric_limits<int>::max()).size(),
            static_cast<size_t>(limits::kPeekJobs));
}

TEST_P(WorkQueueConformance, PeekSaysWhatIsKnownOfAJob) {
  Add({{.key = "a", .priority = Priority::kHigh}});
  JobInfo job = Only();
  EXPECT_EQ(job.key, "a");
  EXPECT_EQ(job.state, JobState::kReady);
  EXPECT_EQ(job.priority, Priority::kHigh);
  EXPECT_EQ(job.attempts, 0);
  EXPECT_EQ(job.due, absl::InfinitePast());
  EXPECT_EQ(job.last_error, "");

  const Lease lease = TakeOne();
  job = Only();
  EXPECT_EQ(job.state, JobState::kLeased);
  EXPECT_EQ(job.attempts, 1);
  EXPECT_GE(job.due, lease.expires) << "a lease errs to the early side";
  EXPECT_EQ(job.last_error, "");

  ASSERT_TRUE(queue().Fail(lease, "the partner is away", true).ok());
  job = Only();
  EXPECT_EQ(job.state, JobState::kDelayed);
  EXPECT_EQ(job.attempts, 1);
  EXPECT_EQ(job.last_error, "the partner is away");
}

}  // namespace critac::queue

#endif  // TESTS_CONFORMANCE_WORK_QUEUE_LOOKING_H_
