// The services as shipped, each a process of its own over one Redis: started in any order, killed at
// any step of the road.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "common/server/testing/raw_call.h"
#include "tests/process/road.h"
#include "tests/process/separate_center.h"
#include "tests/process/traced_hold.h"
#include "tests/support/collector.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"

namespace critac::testing {
namespace {

using matching::v1::Proposal;
using server::testing::HealthOf;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kRedis[] = "redis";
const std::vector<std::string>& Services() {
  static const auto* const services = new std::vector<std::string>{"intake", "matching", "metrics"};
  return *services;
}

// Who calls others goes first, so that what it has in hand can end.
void StopAll(SeparateCenter& center) {
  for (const std::string service : {"metrics", "matching", "intake"}) {
    EXPECT_EQ(center.Stop(service), 0) << service;
  }
}

// A start of everything, in the order given.
class SeparateProcessesInOrder : public ::testing::TestWithParam<std::vector<std::string>> {};

// Goal: processes need no order. Method: they are started in one, each serving before the next
// begins; while there is no Redis, each says so, and none goes; then the road is walked.
TEST_P(SeparateProcessesInOrder, TheyBecomeReadyByThemselvesAndTheRoadIsWalked) {
  RedisServer redis;
  ASSERT_TRUE(redis.is_up());
  SeparateCenter center(redis.url());
  redis.Kill();
  bool redis_is_up = false;
  for (const std::string& part : GetParam()) {
    if (part == kRedis) {
      redis.Start();
      ASSERT_TRUE(redis.is_up());
      redis_is_up = true;
      continue;
    }
    center.Start(part);
    if (redis_is_up) continue;
    const auto readiness = center.Readiness(part);
    EXPECT_EQ(readiness.status, 503);
    EXPECT_THAT(readiness.body,
                AllOf(HasSubstr("\"name\":\"" + part + "\",\"ready\":false"),
                      HasSubstr("the queue "), HasSubstr("Redis cannot be reached")));
  }
  for (const std::string& service : Services()) center.AwaitReady(service);

  Road road(center);
  const std::string request = road.Ready(1);
  const Proposal proposal = road.AwaitProposal(request);
  ASSERT_THAT(proposal.assignments(), SizeIs(1));
  const auto decided = road.Approve(proposal);
  ASSERT_TRUE(decided.ok()) << decided.status();
  const auto accepted = road.Accept(decided->assignments(0).offer());
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  road.AwaitState(request, intake::v1::REQUEST_STATE_MATCHED);
  ASSERT_TRUE(road.ApprovePlan(request).ok());
  const auto delivered = road.Deliver(road.EngagementOf(request));
  ASSERT_TRUE(delivered.ok()) << delivered.status();
  EXPECT_EQ(road.CountedDeliveries(), 1);
  center.ExpectWholeJournals();
  StopAll(center);
}

INSTANTIATE_TEST_SUITE_P(
    Orders, SeparateProcessesInOrder,
    ::testing::Values(std::vector<std::string>{kRedis, "intake", "matching", "metrics"},
                      std::vector<std::string>{kRedis, "matching", "metrics", "intake"},
                      std::vector<std::string>{kRedis, "metrics", "matching", "intake"},
                      std::vector<std::string>{"metrics", "matching", "intake", kRedis}),
    [](const ::testing::TestParamInfo<std::vector<std::string>>& order) {
      return absl::StrJoin(order.param, "_");
    });

// Goal: a kill of any process at any step costs time and nothing else. Method: the one that is to
// act next is killed, with its work waiting in another's records or in the Redis.
TEST(SeparateProcesses, EachIsKilledOnTheWayAndTheRoadGoesOn) {
  RedisServer redis;
  ASSERT_TRUE(redis.is_up());
  SeparateCenter center(redis.url());
  const auto restart = [&center](const std::string& service) {
    center.Kill(service);
    center.Start(service);
  };
  for (const std::string& service : Services()) center.Start(service);
  for (const std::string& service : Services()) center.AwaitReady(service);
  Road road(center);

  const std::string request = road.Ready(1);
  restart("matching");  // its job of the request is waiting, or in hand
  const Proposal proposal = road.AwaitProposal(request);
  ASSERT_THAT(proposal.assignments(), SizeIs(1));
  restart("intake");
  const auto decided = road.Approve(proposal);
  ASSERT_TRUE(decided.ok()) << decided.status();

  center.Kill("intake");  // which is to be told of the acceptance
  const auto accepted = road.Accept(decided->assignments(0).offer());
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  restart("matching");
  center.Start("intake");
  road.AwaitState(request, intake::v1::REQUEST_STATE_MATCHED);

  center.Kill("metrics");
  ASSERT_TRUE(road.ApprovePlan(request).ok());
  const auto delivered = road.Deliver(road.EngagementOf(request));
  ASSERT_TRUE(delivered.ok()) << delivered.status();
  center.Start("metrics");
  EXPECT_EQ(road.CountedDeliveries(), 1);
  road.AwaitState(request, intake::v1::REQUEST_STATE_DELIVERED);

  for (const std::string& service : Services()) center.AwaitReady(service);
  center.ExpectWholeJournals();
  StopAll(center);
}

// Expects gRPC's health service to come to say this of a service, and of its process as a whole.
void ExpectHealth(SeparateCenter& center, const std::string& service, const std::string& health) {
  for (const std::string& name : {service, std::string()}) {
    EXPECT_TRUE(Eventually([&] { return HealthOf(center.ChannelTo(service), name) == health; }))
        << service << " is not " << health;
  }
}

// Goal: a Redis that takes no more jobs is told to operators and to those who direct calls, with the
// reason, and costs nobody who calls anything: what is acknowledged meanwhile is done afterwards.
TEST(SeparateProcesses, WhileRedisRefusesJobsEachSaysSoAndTheRoadGoesOnAfterwards) {
  RedisServer redis;
  ASSERT_TRUE(redis.is_up());
  SeparateCenter center(redis.url());
  for (const std::string& service : Services()) center.Start(service);
  for (const std::string& service : Services()) {
    center.AwaitReady(service);
    ExpectHealth(center, service, "SERVING");
  }
  Road road(center);

  ASSERT_TRUE(TellRedis(redis.port(), {"CONFIG", "SET", "maxmemory", "1"}));
  for (const std::string& service : Services()) {
    EXPECT_TRUE(Eventually([&] { return center.Readiness(service).status == 503; })) << service;
    EXPECT_THAT(center.Readiness(service).body,
                AllOf(HasSubstr("\"name\":\"" + service + "\",\"ready\":false"),
                      HasSubstr("the queue "), HasSubstr("Redis refuses writes: OOM")));
    ExpectHealth(center, service, "NOT_SERVING");
  }
  const std::string request = road.Ready(1);

  ASSERT_TRUE(TellRedis(redis.port(), {"CONFIG", "SET", "maxmemory", "0"}));
  for (const std::string& service : Services()) {
    center.AwaitReady(service);
    ExpectHealth(center, service, "SERVING");
  }
  EXPECT_THAT(road.AwaitProposal(request).assignments(), SizeIs(1));
  StopAll(center);
}

// Jobs in its memory would never be seen by those they are for.
TEST(SeparateProcesses, AServiceByItselfRefusesQueuesInItsMemory) {
  for (const std::string& service : Services()) {
    RunningProgram program(CRITAC_PROGRAMS "/critac-" + service, {"--queue", "memory:"});
    EXPECT_EQ(program.Wait(), 2);
    EXPECT_THAT(program.RestOfError(), AllOf(HasSubstr("critac-" + service + ": --queue: "),
                                             HasSubstr("never see its jobs")));
  }
}

// Goal: a trace hangs together through processes and a Redis between them. Method: see HoldInOneTrace. What is due is
// derived so seldom that no job of the reconciler, which has no trace, comes before the one with the trace.
TEST(SeparateProcesses, TheirSpansHangTogetherInACollector) {
  RedisServer redis;
  ASSERT_TRUE(redis.is_up());
  Collector collector;
  SeparateCenter center(redis.url(), {"--otlp-endpoint", collector.endpoint()}, "1m");
  for (const std::string& service : Services()) center.Start(service);
  for (const std::string& service : Services()) center.AwaitReady(service);
  EXPECT_THAT(HoldInOneTrace(center, collector),
              ::testing::ElementsAre("critac-intake", "critac-intake", "critac-matching",
                                     "critac-matching", "critac-intake"));
}

// Goal: nobody restarts a process because something that it needs is away. Method: intake runs without
// the Redis it needs.
TEST(SeparateProcesses, AreAliveWithoutTheRedisThatTheyMiss) {
  RedisServer redis;
  ASSERT_TRUE(redis.is_up());
  SeparateCenter center(redis.url());
  redis.Kill();
  center.Start("intake");
  EXPECT_EQ(HealthOf(center.ChannelTo("intake"), "live"), "SERVING");
  EXPECT_EQ(HealthOf(center.ChannelTo("intake"), "intake"), "NOT_SERVING");
}

}  // namespace
}  // namespace critac::testing
