#include "common/queue/redis/redis_work_queue.h"

#include <memory>
#include <string>

#include "common/base/ids.h"
#include "tests/conformance/work_queue_conformance.h"
#include "tests/support/redis_server.h"
#include "tests/support/shifted_clock.h"

namespace critac::queue {
namespace {

// The server of all tests; each begins with it empty.
const testing::RedisServer& Server() {
  static const auto* const server = new testing::RedisServer();
  return *server;
}

// One Redis. Time is moved by a shift that the scripts add to the server's clock.
class RedisHarness final : public WorkQueueHarness {
 public:
  RedisHarness() : target_(*redis::ParseUrl(Server().url())) { Empty(); }
  ~RedisHarness() override { EXPECT_TRUE(Ask({"FLUSHALL"})); }

  std::unique_ptr<WorkQueue> NewQueue(const std::string& name, const RetryPolicy& retry,
                                      const QueueLimits& limits) override {
    Empty();
    RedisOptions options;
    options.sweep = absl::ZeroDuration();
    options.clock_shift = [this] { return clock_.shift(); };
    return std::make_unique<RedisWorkQueue>(name, target_, retry, clock_, ids_, limits, options);
  }
  const Clock& clock() const override { return clock_; }
  void AdvanceTime(absl::Duration duration) override { clock_.Advance(duration); }
  absl::Duration unit() const override { return absl::Seconds(30); }
  bool Break() override { return Ask({"CONFIG", "SET", "maxmemory", "1"}); }
  void Mend() override { Ask({"CONFIG", "SET", "maxmemory", "0"}); }

 private:
  void Empty() { ASSERT_TRUE(Ask({"FLUSHALL"})); }
  bool Ask(std::initializer_list<absl::string_view> words) {
    auto connection = redis::Connection::Open(target_.endpoints.front(), target_, {});
    return connection.ok() && (*connection)->Ask(words).ok();
  }

  const redis::Target target_;
  testing::ShiftedClock clock_;
  RandomIdSource ids_;
};

INSTANTIATE_TEST_SUITE_P(Redis, WorkQueueConformance,
                         ::testing::Values(WorkQueueBackend{
                             "redis", [] { return std::make_unique<RedisHarness>(); }}));

}  // namespace
}  // namespace critac::queue
