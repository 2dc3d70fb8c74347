#ifndef TESTS_SUPPORT_REDIS_QUEUES_H_
#define TESTS_SUPPORT_REDIS_QUEUES_H_

#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/ids.h"
#include "common/queue/redis/redis_url.h"
#include "common/queue/redis/redis_work_queue.h"
#include "tests/support/eventually.h"
#include "tests/support/shifted_clock.h"

namespace critac::testing {

// Ends after any test.
inline constexpr absl::Duration kLongLease = absl::Hours(1);

// Opens queues in a Redis, with a time that the test moves for all of them.
class RedisQueues {
 public:
  static constexpr absl::string_view kName = "faults";

  // One that looks for orphans only when it is told to.
  std::unique_ptr<queue::RedisWorkQueue> Open(const std::string& url,
                                              queue::RedisOptions options = {},
                                              const queue::QueueLimits& limits = {}) {
    options.sweep = absl::ZeroDuration();
    return Make(url, options, limits);
  }

  // One that looks for orphans by itself, as those of services do.
  std::unique_ptr<queue::RedisWorkQueue> OpenSweeping(const std::string& url,
                                                      absl::Duration sweep) {
    queue::RedisOptions options;
    options.sweep = sweep;
    return Make(url, options, {});
  }

  // The name of a key of theirs, as scripts/lines.lua calls it.
  static std::string Key(absl::string_view part) {
    return absl::StrCat("critac:{", kName, "}:", part);
  }

  ShiftedClock& clock() { return clock_; }

 private:
  std::unique_ptr<queue::RedisWorkQueue> Make(const std::string& url, queue::RedisOptions options,
                                              const queue::QueueLimits& limits) {
    options.clock_shift = [this] { return clock_.shift(); };
    return std::make_unique<queue::RedisWorkQueue>(std::string(kName), *queue::redis::ParseUrl(url),
                                                   queue::RetryPolicy(), clock_, ids_, limits,
                                                   options);
  }

  ShiftedClock clock_;
  RandomIdSource ids_;
};

// A worker on a thread of its own that takes one job, whatever becomes of its calls before.
class OneJob {
 public:
  explicit OneJob(queue::WorkQueue& queue)
      : thread_([this, &queue] {
          Eventually([this, &queue] {
            const auto leases = queue.Reserve(1, absl::Hours(1), absl::Hours(1), stop_.get_token());
            if (leases.ok() && !leases->empty()) key_ = leases->front().key;
            return !key_.empty() || stop_.stop_requested();
          });
        }) {}
  ~OneJob() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  // Waits for it.
  std::string Key() {
    thread_.join();
    return key_;
  }

 private:
  std::stop_source stop_;
  std::string key_;
  std::thread thread_;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_REDIS_QUEUES_H_
