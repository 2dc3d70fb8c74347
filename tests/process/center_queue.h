#ifndef TESTS_PROCESS_CENTER_QUEUE_H_
#define TESTS_PROCESS_CENTER_QUEUE_H_

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/queue/redis/redis_work_queue.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace critac::testing {

// A queue of the center's, as an operator sees it.
class Queue {
 public:
  Queue(const std::string& name, const std::string& url)
      : queue_(name, *queue::redis::ParseUrl(url), queue::RetryPolicy(), SystemClock::Instance(),
               ids_, {}, {.sweep = absl::ZeroDuration()}) {}

  queue::QueueStats Stats() { return queue_.Stats().value_or(queue::QueueStats{.ready = -1}); }
  void Pause() {
    ASSERT_TRUE(Eventually([this] { return queue_.Pause().ok(); }));
  }
  void Resume() {
    ASSERT_TRUE(Eventually([this] { return queue_.Resume().ok(); }));
  }
  void AwaitReady() {
    ASSERT_TRUE(Eventually([this] { return Stats().ready > 0; }));
  }
  void AwaitLeased() {
    ASSERT_TRUE(Eventually([this] { return Stats().leased > 0; }));
  }
  bool IsEmpty() {
    const queue::QueueStats stats = Stats();
    return stats.ready == 0 && stats.delayed == 0 && stats.leased == 0 && stats.dead == 0;
  }
  // Whether this job is in the hands of a worker, who may be dead.
  bool IsLeased(const std::string& key) {
    const auto jobs = queue_.Peek(queue::JobState::kLeased, limits::kPeekJobs);
    return jobs.ok() && std::any_of(jobs->begin(), jobs->end(),
                                    [&](const queue::JobInfo& job) { return job.key == key; });
  }

 private:
  RandomIdSource ids_;
  queue::RedisWorkQueue queue_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_CENTER_QUEUE_H_
