#include "common/queue/redis/redis_work_queue.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "tests/conformance/work_queue_conformance.h"
#include "tests/support/faulty_proxy.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_cluster.h"
#include "tests/support/redis_sentinel.h"
#include "tests/support/redis_server.h"
#include "tests/support/shifted_clock.h"

namespace critac::queue {
namespace {

// Where the queues of a back end are. Its servers serve all tests, each of which begins with them
// empty.
struct Place {
  std::string url;
  // Of the servers that have the queues' data.
  std::vector<int> ports;
};

Place OneServer() {
  static const testing::RedisServer server;
  EXPECT_TRUE(server.is_up());
  return {.url = server.url(), .ports = {server.port()}};
}

// No request and no answer arrives whole: whoever reads has to go on in the middle of any of them.
// Pauses are short enough for many threads to keep their leases meanwhile.
Place OneServerThroughASlowProxy() {
  static const testing::RedisServer server;
  EXPECT_TRUE(server.is_up());
  static testing::FaultyProxy proxy(server.port());
  proxy.Dribble(64, absl::Microseconds(50));
  return {.url = absl::StrCat("redis://127.0.0.1:", proxy.port()), .ports = {server.port()}};
}

// Nothing fails here, and nothing is to look like it on a busy machine.
Place Sentinels() {
  static testing::RedisSentinel sentinel(absl::Minutes(1));
  EXPECT_TRUE(sentinel.is_up());
  return {.url = sentinel.url(), .ports = {sentinel.master().port()}};
}

Place Cluster() {
  static const testing::RedisCluster cluster;
  EXPECT_TRUE(cluster.is_up());
  return {.url = cluster.url(), .ports = cluster.ports()};
}

// Queues in one Redis. Time is moved by a shift that the scripts add to the server's clock.
class RedisHarness final : public WorkQueueHarness {
 public:
  explicit RedisHarness(Place place)
      : place_(std::move(place)), target_(*redis::ParseUrl(place_.url)) {
    TellAll({"FLUSHALL"});
  }
  ~RedisHarness() override { TellAll({"FLUSHALL"}); }

  std::unique_ptr<WorkQueue> NewQueue(const std::string& name, const RetryPolicy& retry,
                                      const QueueLimits& limits) override {
    TellAll({"FLUSHALL"});
    RedisOptions options;
    options.sweep = absl::ZeroDuration();
    options.clock_shift = [this] { return clock_.shift(); };
    return std::make_unique<RedisWorkQueue>(name, target_, retry, clock_, ids_, limits, options);
  }
  const Clock& clock() const override { return clock_; }
  void AdvanceTime(absl::Duration duration) override { clock_.Advance(duration); }
  absl::Duration unit() const override { return absl::Seconds(30); }
  bool Break() override {
    TellAll({"CONFIG", "SET", "maxmemory", "1"});
    return true;
  }
  void Mend() override { TellAll({"CONFIG", "SET", "maxmemory", "0"}); }

 private:
  void TellAll(const std::vector<std::string>& words) const {
    for (const int port : place_.ports) {
      const auto reply = testing::AskRedis(port, words);
      EXPECT_TRUE(reply.ok()) << reply.status();
    }
  }

  const Place place_;
  const redis::Target target_;
  testing::ShiftedClock clock_;
  RandomIdSource ids_;
};

WorkQueueBackend In(const std::string& name, Place (*place)()) {
  return {.name = name,
          .make_harness = [place] { return std::make_unique<RedisHarness>(place()); }};
}

INSTANTIATE_TEST_SUITE_P(
    Redis, WorkQueueConformance,
    ::testing::Values(In("redis", OneServer),
                      In("redis_through_a_slow_proxy", OneServerThroughASlowProxy),
                      In("redis_sentinel", Sentinels), In("redis_cluster", Cluster)),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace critac::queue
