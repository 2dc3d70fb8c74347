#ifndef TESTS_PROCESS_CENTER_QUEUE_H_
#define TESTS_PROCESS_CENTER_QUEUE_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
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
  // Puts jobs in that have to wait first.
  void Put(const std::vector<std::string>& keys, absl::Duration delay) {
    std::vector<queue::NewJob> jobs;
    for (const std::string& key : keys) jobs.push_back({.key = key, .delay = delay});
    const auto added = queue_.Enqueue(jobs);
    ASSERT_TRUE(added.ok()) << added.status();
    ASSERT_EQ(*added, static_cast<int64_t>(keys.size()));
  }
  // Jobs in the hands of workers, who may be dead.
  std::vector<std::string> Leased() {
    std::vector<std::string> keys;
    const auto jobs = queue_.Peek(queue::JobState::kLeased, limits::kPeekJobs);
    if (!jobs.ok()) return keys;
    for (const queue::JobInfo& job : *jobs) keys.push_back(job.key);
    return keys;
  }
  // All that it says of itself, for the report of a failure: a line of counts, then one for each job.
  std::string Description() {
    const queue::QueueStats stats = Stats();
    std::string text =
        absl::StrCat("ready ", stats.ready, ", delayed ", stats.delayed, ", leased ", stats.leased,
                     ", dead ", stats.dead, stats.paused ? ", paused\n" : "\n");
    const auto jobs = queue_.Peek(std::nullopt, limits::kPeekJobs);
    if (!jobs.ok()) return absl::StrCat(text, jobs.status().ToString(), "\n");
    constexpr const char* kStates[] = {"ready", "delayed", "leased", "dead"};
    for (const queue::JobInfo& job : *jobs) {
      absl::StrAppend(&text, "  ", kStates[static_cast<int>(job.state)], " ", job.key,
                      ", attempts ", job.attempts, ", due ",
                      absl::FormatTime(job.due, absl::UTCTimeZone()), " ", job.last_error, "\n");
    }
    return text;
  }
  bool IsLeased(const std::string& key) {
    const std::vector<std::string> keys = Leased();
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  }

 private:
  RandomIdSource ids_;
  queue::RedisWorkQueue queue_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_CENTER_QUEUE_H_
