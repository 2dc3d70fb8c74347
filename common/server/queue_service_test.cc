#include "common/server/queue_service.h"

#include <memory>
#include <string>

#include "common/queue/memory/memory_work_queue.h"
#include "common/rpc/channel.h"
#include "common/rpc/testing/sample_server.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

using ::critac::rpc::testing::AsCoordinator;
using queue::v1::ListQueuesRequest;
using queue::v1::PeekQueueRequest;
using queue::v1::PeekQueueResponse;
using ::testing::HasSubstr;
using QueueServiceStub = queue::v1::QueueService::Stub;

rpc::CallSettings AsOperator() {
  rpc::CallSettings settings = AsCoordinator();
  settings.principal = {type::v1::ROLE_OPERATOR, "ops"};
  return settings;
}

// Who must not see jobs.
constexpr char kRecused[] = "ana@x.org";

absl::Status MayPeek(const rpc::Call& call) {
  if (call.principal.subject != kRecused) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "RECUSED", "is recused").ToStatus();
}

class QueueServiceTest : public ::testing::Test {
 protected:
  QueueServiceTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = queue::v1::QueueService::NewStub(server_->InProcessChannel({}));
  }
  ~QueueServiceTest() override { server_->Shutdown(); }

  absl::StatusOr<PeekQueueResponse> Peek(const PeekQueueRequest& request) {
    return rpc::Invoke(*stub_, &QueueServiceStub::PeekQueue, request, AsCoordinator());
  }
  static PeekQueueRequest Of(const std::string& queue,
                             queue::v1::JobState state = queue::v1::JOB_STATE_UNSPECIFIED,
                             int limit = 0) {
    PeekQueueRequest request;
    request.set_queue(queue);
    request.set_state(state);
    request.set_limit(limit);
    return request;
  }
  // Puts in jobs `PREFIX0`, `PREFIX1`, …
  void Enqueue(queue::WorkQueue& queue, const std::string& prefix, int count,
               absl::Duration delay = absl::ZeroDuration()) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(queue.Enqueue({{.key = prefix + std::to_string(i), .delay = delay}}).ok());
    }
  }

  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SeededIdSource ids_{3};
  Queues queues_{[this](const std::string& name) {
    return std::make_unique<queue::MemoryWorkQueue>(name, queue::RetryPolicy(), clock_, ids_);
  }};
  rpc::Pipeline pipeline_{SystemClock::Instance(), ids_, nullptr};
  QueueService service_{pipeline_, queues_, MayPeek};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<QueueServiceStub> stub_;
};

TEST_F(QueueServiceTest, TheFiguresOfEveryQueueComeByName) {
  queue::WorkQueue& sync = **queues_.Get("sync");
  queue::WorkQueue& match = **queues_.Get("match");
  Enqueue(match, "ready-", 4);
  Enqueue(match, "later-", 2, absl::Minutes(1));
  const auto leases = match.Reserve(2, absl::Minutes(5), absl::ZeroDuration());
  ASSERT_EQ(leases->size(), 2u);
  ASSERT_TRUE(match.Complete(leases->at(0)).ok());
  ASSERT_TRUE(sync.Pause().ok());
  clock_.Advance(absl::Milliseconds(1500));

  const auto answer =
      rpc::Invoke(*stub_, &QueueServiceStub::ListQueues, ListQueuesRequest(), AsCoordinator());
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->queues_size(), 2);
  const auto& stats = answer->queues(0);
  EXPECT_EQ(stats.queue(), "match");
  EXPECT_EQ(stats.ready(), 2);
  EXPECT_EQ(stats.delayed(), 2);
  EXPECT_EQ(stats.leased(), 1);
  EXPECT_EQ(stats.dead(), 0);
  EXPECT_EQ(stats.completed(), 1);
  EXPECT_EQ(stats.oldest_ready_milliseconds(), 1500);
  EXPECT_FALSE(stats.paused());
  EXPECT_EQ(answer->queues(1).queue(), "sync");
  EXPECT_TRUE(answer->queues(1).paused());
}

TEST_F(QueueServiceTest, AProcessWithoutQueuesListsNone) {
  EXPECT_EQ(rpc::Invoke(*stub_, &QueueServiceStub::ListQueues, ListQueuesRequest(), AsCoordinator())
                ->queues_size(),
            0);
}

TEST_F(QueueServiceTest, JobsAreShownWithTheirStateAndWhy) {
  queue::WorkQueue& match = **queues_.Get("match");
  Enqueue(match, "dead-", 1);
  ASSERT_TRUE(match
                  .Fail(match.Reserve(1, absl::Minutes(1), absl::ZeroDuration())->at(0),
                        "no such request", false)
                  .ok());
  Enqueue(match, "leased-", 1);
  ASSERT_EQ(match.Reserve(1, absl::Minutes(1), absl::ZeroDuration())->size(), 1u);
  Enqueue(match, "later-", 1, absl::Minutes(2));
  Enqueue(match, "ready-", 1);

  const auto dead = Peek(Of("match", queue::v1::JOB_STATE_DEAD));
  ASSERT_TRUE(dead.ok()) << dead.status();
  ASSERT_EQ(dead->jobs_size(), 1);
  EXPECT_EQ(dead->jobs(0).key(), "dead-0");
  EXPECT_EQ(dead->jobs(0).state(), queue::v1::JOB_STATE_DEAD);
  EXPECT_EQ(dead->jobs(0).attempts(), 1);
  EXPECT_EQ(dead->jobs(0).last_error(), "no such request");
  EXPECT_EQ(dead->jobs(0).enqueue_time().seconds(), 1'800'000'000);
  EXPECT_FALSE(dead->jobs(0).has_due_time());

  EXPECT_EQ(Peek(Of("match", queue::v1::JOB_STATE_LEASED))->jobs(0).due_time().seconds(),
            1'800'000'060);
  EXPECT_EQ(Peek(Of("match", queue::v1::JOB_STATE_DELAYED))->jobs(0).due_time().seconds(),
            1'800'000'120);
  EXPECT_EQ(Peek(Of("match", queue::v1::JOB_STATE_READY))->jobs(0).key(), "ready-0");
  EXPECT_EQ(Peek(Of("match"))->jobs_size(), 4);
}

TEST_F(QueueServiceTest, JobsAreShownToThoseAloneWhoMaySeeThem) {
  Enqueue(**queues_.Get("match"), "requests/fy27-00000", 1);
  EXPECT_TRUE(Peek(Of("match")).ok());
  rpc::CallSettings recused = AsCoordinator();
  recused.principal.subject = kRecused;
  for (const char* queue : {"match", "mtach"}) {
    const absl::Status refused =
        rpc::Invoke(*stub_, &QueueServiceStub::PeekQueue, Of(queue), recused).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << queue;
    EXPECT_EQ(ReasonOf(refused), "RECUSED") << queue;
  }
  EXPECT_TRUE(rpc::Invoke(*stub_, &QueueServiceStub::ListQueues, ListQueuesRequest(), recused).ok())
      << "figures name nothing";
}

TEST_F(QueueServiceTest, TheLimitHasADefaultAndATop) {
  Enqueue(**queues_.Get("match"), "job-", 250);
  const struct {
    int limit;
    int shown;
  } cases[] = {{0, 20}, {1, 1}, {200, 200}, {201, 200}, {1'000'000, 200}};
  for (const auto& c : cases) {
    EXPECT_EQ(Peek(Of("match", queue::v1::JOB_STATE_UNSPECIFIED, c.limit))->jobs_size(), c.shown)
        << c.limit;
  }
  EXPECT_EQ(Peek(Of("match", queue::v1::JOB_STATE_UNSPECIFIED, -1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(QueueServiceTest, AnUnknownQueueIsNotFoundWithThoseThatAre) {
  EXPECT_THAT(std::string(Peek(Of("match")).status().message()), HasSubstr("none"));
  ASSERT_TRUE(queues_.Get("match").ok());
  const absl::Status status = Peek(Of("mach")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "QUEUE_NOT_FOUND");
  EXPECT_THAT(std::string(status.message()), HasSubstr("match"));
  EXPECT_EQ(Peek(Of("")).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(QueueServiceTest, AStateThatIsNoneIsRefused) {
  ASSERT_TRUE(queues_.Get("match").ok());
  EXPECT_EQ(Peek(Of("match", static_cast<queue::v1::JobState>(99))).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// ---- What operators do

TEST_F(QueueServiceTest, AnOperatorPausesResumesAndLimitsAQueue) {
  queue::WorkQueue& match = **queues_.Get("match");
  queue::v1::PauseQueueRequest pause;
  pause.set_queue("match");
  const auto paused = rpc::Invoke(*stub_, &QueueServiceStub::PauseQueue, pause, AsOperator());
  ASSERT_TRUE(paused.ok()) << paused.status();
  EXPECT_TRUE(paused->paused());
  EXPECT_TRUE(match.Stats()->paused);

  queue::v1::LimitQueueRequest limit;
  limit.set_queue("match");
  limit.set_jobs_per_second(5);
  const auto limited = rpc::Invoke(*stub_, &QueueServiceStub::LimitQueue, limit, AsOperator());
  ASSERT_TRUE(limited.ok()) << limited.status();
  EXPECT_EQ(limited->jobs_per_second(), 5);

  queue::v1::ResumeQueueRequest resume;
  resume.set_queue("match");
  const auto resumed = rpc::Invoke(*stub_, &QueueServiceStub::ResumeQueue, resume, AsOperator());
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_FALSE(resumed->paused());
  EXPECT_EQ(resumed->jobs_per_second(), 5);
}

TEST_F(QueueServiceTest, AnOperatorBringsDeadJobsBackAndForgetsThem) {
  queue::WorkQueue& match = **queues_.Get("match");
  Enqueue(match, "job", 3);
  const auto leases = match.Reserve(3, absl::Minutes(1), absl::ZeroDuration());
  for (const queue::Lease& lease : *leases) {
    ASSERT_TRUE(match.Fail(lease, "no such agency", false).ok());
  }
  queue::v1::RedriveJobsRequest redrive;
  redrive.set_queue("match");
  redrive.set_key("job1");
  redrive.set_reason("the agency was added");
  const auto one = rpc::Invoke(*stub_, &QueueServiceStub::RedriveJobs, redrive, AsOperator());
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->redriven_count(), 1);
  EXPECT_EQ(match.Peek(queue::JobState::kReady, 1)->front().last_error,
            "brought back: the agency was added; it had failed: no such agency");
  EXPECT_EQ(
      ReasonOf(rpc::Invoke(*stub_, &QueueServiceStub::RedriveJobs, redrive, AsOperator()).status()),
      "RESOURCE_NOT_FOUND")
      << "it is not dead any more";

  queue::v1::PurgeJobsRequest purge;
  purge.set_queue("match");
  redrive.clear_key();
  EXPECT_EQ(
      rpc::Invoke(*stub_, &QueueServiceStub::RedriveJobs, redrive, AsOperator())->redriven_count(),
      2);
  EXPECT_EQ(rpc::Invoke(*stub_, &QueueServiceStub::PurgeJobs, purge, AsOperator())->purged_count(),
            0);
}

TEST_F(QueueServiceTest, OnlyAnOperatorChangesAQueue) {
  queues_.Get("match").IgnoreError();
  queue::v1::PauseQueueRequest pause;
  pause.set_queue("match");
  const auto refused = rpc::Invoke(*stub_, &QueueServiceStub::PauseQueue, pause, AsCoordinator());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_FALSE((*queues_.Get("match"))->Stats()->paused);
}

TEST_F(QueueServiceTest, WhatIsNoChangeIsRefused) {
  queues_.Get("match").IgnoreError();
  queue::v1::LimitQueueRequest limit;
  limit.set_queue("match");
  limit.set_jobs_per_second(-1);
  EXPECT_EQ(rpc::Invoke(*stub_, &QueueServiceStub::LimitQueue, limit, AsOperator()).status().code(),
            absl::StatusCode::kInvalidArgument);
  limit.set_queue("mtach");
  limit.set_jobs_per_second(1);
  EXPECT_EQ(
      ReasonOf(rpc::Invoke(*stub_, &QueueServiceStub::LimitQueue, limit, AsOperator()).status()),
      "QUEUE_NOT_FOUND");
  queue::v1::RedriveJobsRequest redrive;
  redrive.set_queue("match");
  EXPECT_EQ(
      rpc::Invoke(*stub_, &QueueServiceStub::RedriveJobs, redrive, AsOperator()).status().code(),
      absl::StatusCode::kInvalidArgument)
      << "a reason is asked for";
}

}  // namespace
}  // namespace critac::server
