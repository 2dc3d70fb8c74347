#include "common/server/task_thread.h"

#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

using ::testing::ElementsAre;

TEST(TaskThread, RunsTasksInTheirOrderOneAtATime) {
  std::vector<int> ran;
  absl::Notification done;
  TaskThread thread(10);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(thread
                    .Add([&, i](bool run) {
                      ASSERT_TRUE(run);
                      ran.push_back(i);
                      if (i == 2) done.Notify();
                    })
                    .ok());
  }
  done.WaitForNotification();
  EXPECT_THAT(ran, ElementsAre(0, 1, 2));
}

TEST(TaskThread, RefusesATaskWhenTooManyWait) {
  absl::Notification began;
  absl::Notification release;
  TaskThread thread(2);
  ASSERT_TRUE(thread
                  .Add([&](bool) {
                    began.Notify();
                    release.WaitForNotification();
                  })
                  .ok());
  began.WaitForNotification();
  int turns = 0;
  const auto count = [&turns](bool) { ++turns; };
  EXPECT_TRUE(thread.Add(count).ok());
  EXPECT_TRUE(thread.Add(count).ok());
  EXPECT_EQ(thread.Add(count).code(), absl::StatusCode::kResourceExhausted);
  release.Notify();
  thread.Stop();
  EXPECT_EQ(turns, 2);
}

TEST(TaskThread, AStopDropsThoseThatWaitAndEndsTheOneThatRuns) {
  absl::Notification began;
  absl::Notification dropped;
  bool ended = false;
  TaskThread thread(2);
  ASSERT_TRUE(thread
                  .Add([&](bool) {
                    began.Notify();
                    // The other task is dropped while this one still runs.
                    dropped.WaitForNotification();
                    ended = true;
                  })
                  .ok());
  began.WaitForNotification();
  ASSERT_TRUE(thread
                  .Add([&](bool run) {
                    EXPECT_FALSE(run);
                    dropped.Notify();
                  })
                  .ok());
  thread.Stop();
  EXPECT_TRUE(ended);
  EXPECT_EQ(thread.Add([](bool) { FAIL() << "taken after the stop"; }).code(),
            absl::StatusCode::kUnavailable);
}

TEST(TaskThread, AStopWithoutTasksIsNothing) {
  TaskThread thread(1);
  thread.Stop();
  thread.Stop();
}

}  // namespace
}  // namespace critac::server
