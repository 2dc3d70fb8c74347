#include "services/cli/client.h"

#include <atomic>
#include <thread>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/status/error.h"
#include "critac/intake/v1/agency.grpc.pb.h"
#include "critac/journal/v1/journal.grpc.pb.h"
#include "critac/queue/v1/queue.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/cli/testing/fake_center.h"
#include "tests/support/faulty_proxy.h"

namespace critac::cli {
namespace {

using intake::v1::Agency;
using intake::v1::AgencyService;
using intake::v1::CreateAgencyRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kCreate[] = "critac.intake.v1.AgencyService/CreateAgency";
constexpr char kRedrive[] = "critac.queue.v1.QueueService/RedriveJobs";

class ClientTest : public ::testing::Test {
 protected:
  Client MakeClient(const std::string& server) {
    ClientOptions options;
    options.servers = *Servers::Parse(server);
    options.principal = "coordinator:dana";
    return Client(options, [this](absl::Duration duration) { slept_.push_back(duration); });
  }

  absl::StatusOr<Agency> Create(const std::string& request_id = "id") {
    CreateAgencyRequest request;
    request.set_request_id(request_id);
    return MakeClient(center_.address())
        .Call(&AgencyService::Stub::CreateAgency, request, absl::Seconds(30));
  }

  absl::Status Redrive() {
    return MakeClient(center_.address())
        .CallAt(center_.address(), &queue::v1::QueueService::Stub::RedriveJobs,
                queue::v1::RedriveJobsRequest(), absl::Seconds(30))
        .status();
  }

  FakeCenter center_;
  std::vector<absl::Duration> slept_;
};

TEST_F(ClientTest, SendsThePrincipalWithEveryCall) {
  center_.On<CreateAgencyRequest, Agency>(kCreate, [](const auto&, Agency& agency) {
    agency.set_name("agencies/ag-1");
    return absl::OkStatus();
  });
  EXPECT_EQ(Create()->name(), "agencies/ag-1");
  EXPECT_EQ(center_.CallsOf(kCreate)[0].principal, "coordinator:dana");
}

TEST_F(ClientTest, TriesAgainWithTheSameRequestIdAndLongerWaits) {
  std::atomic<int> calls = 0;
  center_.On<CreateAgencyRequest, Agency>(kCreate, [&](const auto&, Agency& agency) {
    if (++calls < 4) return absl::UnavailableError("starting");
    agency.set_name("agencies/ag-1");
    return absl::OkStatus();
  });
  EXPECT_TRUE(Create("the-same").ok());
  EXPECT_THAT(slept_, ElementsAre(absl::Milliseconds(100), absl::Milliseconds(200),
                                  absl::Milliseconds(400)));
  for (const auto& request : center_.RequestsOf<CreateAgencyRequest>(kCreate)) {
    EXPECT_EQ(request.request_id(), "the-same");
  }
}

TEST_F(ClientTest, GivesUpAfterFiveAttemptsAndSaysSo) {
  center_.On<CreateAgencyRequest, Agency>(
      kCreate, [](const auto&, auto&) { return absl::UnavailableError("down"); });
  const auto answer = Create();
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("gave up after 5 attempts: down"));
  EXPECT_EQ(center_.CallsOf(kCreate).size(), 5u);
}

TEST_F(ClientTest, IsMorePatientWithACenterThatSaysWhenToComeBack) {
  center_.On<CreateAgencyRequest, Agency>(kCreate, [](const auto&, auto&) {
    return Error(absl::StatusCode::kUnavailable, "COMMIT_FAILED", "the database fails over")
        .RetryAfter(absl::Seconds(1))
        .ToStatus();
  });
  EXPECT_THAT(std::string(Create().status().message()), HasSubstr("gave up after 20 attempts"));
  EXPECT_EQ(center_.CallsOf(kCreate).size(), 20u);
  EXPECT_GT(absl::c_accumulate(slept_, absl::ZeroDuration()), absl::Seconds(30));
}

// A replica that goes away in between does not end the patience.
TEST_F(ClientTest, StaysPatientAfterACenterHasSaidOnceWhenToComeBack) {
  std::atomic<int> calls = 0;
  center_.On<CreateAgencyRequest, Agency>(kCreate, [&](const auto&, Agency& agency) {
    if (++calls == 1) {
      return Error(absl::StatusCode::kUnavailable, "COMMIT_FAILED", "the database fails over")
          .RetryAfter(absl::Seconds(1))
          .ToStatus();
    }
    if (calls < 10) return absl::UnavailableError("the connection broke");
    agency.set_name("agencies/ag-1");
    return absl::OkStatus();
  });
  EXPECT_TRUE(Create().ok());
  EXPECT_EQ(center_.CallsOf(kCreate).size(), 10u);
}

TEST_F(ClientTest, WhatWouldFailAgainIsNotTriedAgain) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound, absl::StatusCode::kAborted,
        absl::StatusCode::kFailedPrecondition, absl::StatusCode::kPermissionDenied,
        absl::StatusCode::kInternal, absl::StatusCode::kResourceExhausted}) {
    center_.On<CreateAgencyRequest, Agency>(
        kCreate, [&](const auto&, auto&) { return absl::Status(code, "no"); });
    EXPECT_EQ(Create().status().code(), code);
  }
  EXPECT_EQ(center_.CallsOf(kCreate).size(), 7u);
  EXPECT_TRUE(slept_.empty());
}

TEST_F(ClientTest, ComesBackWhenABusyCenterSaysButNotLaterThanItsOwnLimit) {
  std::atomic<int> calls = 0;
  center_.On<CreateAgencyRequest, Agency>(kCreate, [&](const auto&, Agency&) {
    const int call = ++calls;
    if (call == 3) return absl::OkStatus();
    return Error(absl::StatusCode::kResourceExhausted, "TOO_BUSY", "the queue is full")
        .RetryAfter(call == 1 ? absl::Milliseconds(700) : absl::Hours(1))
        .ToStatus();
  });
  EXPECT_TRUE(Create().ok());
  EXPECT_THAT(slept_, ElementsAre(absl::Milliseconds(700), absl::Seconds(2)));
}

// Its answer may be what was lost: a second call would find no dead job, and say so.
TEST_F(ClientTest, WhatMayHaveBeenDoneAndIsNotTheSameTwiceIsNotTriedAgain) {
  center_.On<queue::v1::RedriveJobsRequest, queue::v1::RedriveJobsResponse>(
      kRedrive, [](const auto&, auto&) { return absl::UnavailableError("the connection broke"); });
  const absl::Status status = Redrive();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "not tried again, as it may have been done: the connection broke");
  EXPECT_EQ(center_.CallsOf(kRedrive).size(), 1u);
  EXPECT_TRUE(slept_.empty());
}

TEST_F(ClientTest, WhatABusyCenterDidNotTakeIsTriedAgainWhateverItIs) {
  std::atomic<int> calls = 0;
  center_.On<queue::v1::RedriveJobsRequest, queue::v1::RedriveJobsResponse>(
      kRedrive, [&](const auto&, auto&) {
        if (++calls == 2) return absl::OkStatus();
        return Error(absl::StatusCode::kResourceExhausted, "TOO_BUSY", "too many calls")
            .RetryAfter(absl::Milliseconds(300))
            .ToStatus();
      });
  EXPECT_TRUE(Redrive().ok());
  EXPECT_THAT(slept_, ElementsAre(absl::Milliseconds(300)));
}

TEST_F(ClientTest, WhatIsTheSameDoneTwiceIsTriedAgainThoughNoRequestIdGoesWithIt) {
  std::atomic<int> calls = 0;
  center_.On<queue::v1::PauseQueueRequest, queue::v1::QueueStats>(
      "critac.queue.v1.QueueService/PauseQueue", [&](const auto&, auto& stats) {
        stats.set_paused(true);
        return ++calls == 1 ? absl::UnavailableError("the connection broke") : absl::OkStatus();
      });
  EXPECT_TRUE(MakeClient(center_.address())
                  .Call(&queue::v1::QueueService::Stub::PauseQueue, queue::v1::PauseQueueRequest(),
                        absl::Seconds(30))
                  .ok());
  EXPECT_EQ(calls, 2);
}

TEST_F(ClientTest, ErrorsComeWithTheirDetails) {
  center_.On<CreateAgencyRequest, Agency>(
      kCreate, [](const auto&, auto&) { return InvalidField("agency.state", "must be present"); });
  const absl::Status status = Create().status();
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
  EXPECT_EQ(ErrorInfoOf(status).domain(), "critac.intake.v1");
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "agency.state");
}

TEST_F(ClientTest, NobodyThereIsUnavailable) {
  Client client = MakeClient("127.0.0.1:1");
  const auto answer =
      client.Call(&AgencyService::Stub::CreateAgency, CreateAgencyRequest(), absl::Seconds(30));
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(slept_.size(), 4u);
}

// Goal: a center on a busy machine, which takes a connection and says nothing on it yet, is waited
// for. Method: what goes between the two is held until the client gives up, or for several times as
// long as a connection on loopback takes.
TEST_F(ClientTest, ACenterThatIsSlowToTakeAConnectionIsWaitedFor) {
  center_.On<CreateAgencyRequest, Agency>(kCreate,
                                          [](const auto&, auto&) { return absl::OkStatus(); });
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(center_.address().substr(center_.address().find(':') + 1), &port));
  critac::testing::FaultyProxy proxy(port);
  proxy.Hold();
  ClientOptions options;
  options.servers = *Servers::Parse(absl::StrCat("127.0.0.1:", proxy.port()));
  absl::Notification gave_up;
  Client client(options, [&gave_up](absl::Duration) {
    if (!gave_up.HasBeenNotified()) gave_up.Notify();
  });
  absl::Status status;
  std::thread call([&] {
    status =
        client.Call(&AgencyService::Stub::CreateAgency, CreateAgencyRequest(), absl::Seconds(30))
            .status();
  });
  EXPECT_FALSE(gave_up.WaitForNotificationWithTimeout(absl::Milliseconds(500)));
  proxy.Pass();
  call.join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ClientTest, AStreamIsReadToItsEndOrUntilTheReaderHasEnough) {
  center_.OnStream<journal::v1::ReadEventsRequest, journal::v1::ReadEventsResponse>(
      "critac.journal.v1.JournalService/ReadEvents", [](const auto&, auto& responses) {
        for (int i = 1; i <= 3; ++i) responses.emplace_back().set_head_sequence(i);
        return absl::OkStatus();
      });
  Client client = MakeClient(center_.address());
  std::vector<int64_t> heads;
  const auto read = [&](size_t enough) {
    heads.clear();
    return client.Stream(&journal::v1::JournalService::Stub::ReadEvents,
                         journal::v1::ReadEventsRequest(), absl::Seconds(30),
                         [&](const journal::v1::ReadEventsResponse& batch) {
                           heads.push_back(batch.head_sequence());
                           return heads.size() < enough;
                         });
  };
  EXPECT_TRUE(read(10).ok());
  EXPECT_THAT(heads, ElementsAre(1, 2, 3));
  EXPECT_TRUE(read(2).ok());
  EXPECT_THAT(heads, ElementsAre(1, 2));
}

}  // namespace
}  // namespace critac::cli
