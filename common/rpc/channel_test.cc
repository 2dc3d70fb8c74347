#include "common/rpc/channel.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/base/trace.h"
#include "common/rpc/testing/sample_server.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "grpcpp/ext/health_check_service_server_builder_option.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/test/client_context_test_peer.h"
#include "gtest/gtest.h"

namespace critac::rpc {
namespace {

using ::critac::rpc::testing::AsCoordinator;
using ::critac::rpc::testing::ReadRequest;
using ::critac::rpc::testing::SampleServer;
using ::critac::rpc::testing::WriteRequest;
using ::critac::rpc::testing::v1::ReadSampleRequest;
using ::critac::rpc::testing::v1::Sample;
using ::critac::rpc::testing::v1::TouchSampleRequest;
using ::critac::rpc::testing::v1::WriteSampleRequest;
using Stub = ::critac::rpc::testing::v1::SampleService::Stub;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

std::unique_ptr<Stub> StubAt(const ChannelOptions& options) {
  return testing::v1::SampleService::NewStub(MakeChannel(options));
}

// ---- The policies as gRPC reads them

google::protobuf::Struct Parse(const std::string& json) {
  google::protobuf::Struct parsed;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok()) << json;
  return parsed;
}

TEST(ServiceConfig, RetriesTheMethodsThatMayBeRepeatedAndNoOthers) {
  const google::protobuf::Struct config = Parse(MakeServiceConfig({.attempts = 3}));
  ASSERT_EQ(config.fields().at("methodConfig").list_value().values_size(), 1);
  const auto& methods =
      config.fields().at("methodConfig").list_value().values(0).struct_value().fields();
  std::set<std::string> names;
  for (const auto& name : methods.at("name").list_value().values()) {
    const auto& fields = name.struct_value().fields();
    if (fields.at("service").string_value() != "critac.rpc.testing.v1.SampleService") continue;
    names.insert(fields.at("method").string_value());
  }
  EXPECT_THAT(names, ::testing::ElementsAre("ReadSample", "WatchSample", "WriteSample"));
  const auto& policy = methods.at("retryPolicy").struct_value().fields();
  EXPECT_EQ(policy.at("maxAttempts").number_value(), 3);
  ASSERT_EQ(policy.at("retryableStatusCodes").list_value().values_size(), 1);
  EXPECT_EQ(policy.at("retryableStatusCodes").list_value().values(0).string_value(), "UNAVAILABLE");
}

TEST(ServiceConfig, OneAttemptMeansNoRetryPolicyAndFiveAreTheMost) {
  EXPECT_THAT(MakeServiceConfig({.attempts = 1}), Not(HasSubstr("retryPolicy")));
  Parse(MakeServiceConfig({.attempts = 1}));
  EXPECT_THAT(MakeServiceConfig({.attempts = 9}), HasSubstr("\"maxAttempts\":5"));
}

TEST(ServiceConfig, HealthIsCheckedWhereAskedFor) {
  EXPECT_TRUE(Parse(MakeServiceConfig({})).fields().contains("healthCheckConfig"));
  EXPECT_FALSE(
      Parse(MakeServiceConfig({.check_health = false})).fields().contains("healthCheckConfig"));
}

// ---- Settings of a call

TEST(Prepare, PutsPrincipalTraceAndDeadlineOnTheContext) {
  grpc::ClientContext context;
  CallSettings settings = AsCoordinator();
  settings.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  settings.timeout = absl::Seconds(7);
  const auto before = std::chrono::system_clock::now();
  Prepare(context, settings);
  const auto after = std::chrono::system_clock::now();
  EXPECT_GE(context.deadline(), before + std::chrono::seconds(7) - std::chrono::milliseconds(1));
  EXPECT_LE(context.deadline(), after + std::chrono::seconds(7) + std::chrono::milliseconds(1));
  const auto metadata = grpc::testing::ClientContextTestPeer(&context).GetSendInitialMetadata();
  EXPECT_THAT(metadata, Contains(Pair(kPrincipalKey, "coordinator:dana")));
  EXPECT_THAT(metadata, Contains(Pair(kTraceKey, settings.trace)));
}

TEST(Prepare, PutsATracestateBesideItsTraceparent) {
  const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  grpc::ClientContext context;
  CallSettings settings = AsCoordinator();
  settings.trace = parent + " a=1,b=2";
  Prepare(context, settings);
  const auto metadata = grpc::testing::ClientContextTestPeer(&context).GetSendInitialMetadata();
  EXPECT_THAT(metadata, Contains(Pair(kTraceKey, parent)));
  EXPECT_THAT(metadata, Contains(Pair(kTraceStateKey, "a=1,b=2")));

  grpc::ClientContext without;
  settings.trace = parent;
  Prepare(without, settings);
  EXPECT_THAT(grpc::testing::ClientContextTestPeer(&without).GetSendInitialMetadata(),
              Not(Contains(Pair(kTraceStateKey, ::testing::_))));
}

TEST(Prepare, AnInfiniteTimeoutIsNoDeadlineAndNoTraceIsNoMetadata) {
  grpc::ClientContext context;
  CallSettings settings = AsCoordinator();
  settings.timeout = absl::InfiniteDuration();
  Prepare(context, settings);
  EXPECT_EQ(gpr_time_cmp(context.raw_deadline(), gpr_inf_future(GPR_CLOCK_REALTIME)), 0);
  EXPECT_THAT(grpc::testing::ClientContextTestPeer(&context).GetSendInitialMetadata(),
              Not(Contains(Pair(kTraceKey, ::testing::_))));
}

// ---- Retries

class RetryTest : public ::testing::Test {
 protected:
  // Every method fails `failures` times with `code`, then succeeds.
  void FailFirst(int failures, absl::StatusCode code) {
    const auto attempt = [this, failures, code] {
      return ++attempts_ <= failures ? absl::Status(code, "not now") : absl::OkStatus();
    };
    server_.service.read = [attempt](const rpc::Call&, const ReadSampleRequest&, Sample&) {
      return attempt();
    };
    server_.service.write = [attempt](const rpc::Call&,
                                      const WriteSampleRequest&) -> journal::Decide {
      return [attempt](journal::Draft&) { return attempt(); };
    };
    server_.service.touch = [attempt](const rpc::Call&, const TouchSampleRequest&, Sample&,
                                      Pipeline::Finish finish) { finish(attempt()); };
    server_.Start();
    stub_ = StubAt({.target = server_.address()});
  }

  SampleServer server_;
  std::unique_ptr<Stub> stub_;
  std::atomic<int> attempts_{0};
};

TEST_F(RetryTest, AReadIsTriedAgainWhenUnavailable) {
  FailFirst(2, absl::StatusCode::kUnavailable);
  EXPECT_EQ(Invoke(*stub_, &Stub::ReadSample, ReadRequest(), AsCoordinator()).status(),
            absl::OkStatus());
  EXPECT_EQ(attempts_, 3);
}

TEST_F(RetryTest, AWriteWithARequestIdIsTriedAgainWithTheSame) {
  FailFirst(2, absl::StatusCode::kUnavailable);
  EXPECT_EQ(Invoke(*stub_, &Stub::WriteSample, WriteRequest(), AsCoordinator()).status(),
            absl::OkStatus());
  const auto seen = server_.journal.seen();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(seen[0], seen[2]);
}

TEST_F(RetryTest, AWriteWithoutARequestIdIsNotTriedAgain) {
  FailFirst(1, absl::StatusCode::kUnavailable);
  EXPECT_EQ(
      Invoke(*stub_, &Stub::TouchSample, TouchSampleRequest(), AsCoordinator()).status().code(),
      absl::StatusCode::kUnavailable);
  EXPECT_EQ(attempts_, 1);
}

TEST_F(RetryTest, OtherCodesAreNotTriedAgain) {
  FailFirst(1, absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Invoke(*stub_, &Stub::ReadSample, ReadRequest(), AsCoordinator()).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(attempts_, 1);
}

TEST_F(RetryTest, AttemptsEndAtTheLimitAndTheLastErrorIsTheCallers) {
  FailFirst(100, absl::StatusCode::kUnavailable);
  stub_ = StubAt({.target = server_.address(), .attempts = 2});
  const absl::Status status =
      Invoke(*stub_, &Stub::ReadSample, ReadRequest(), AsCoordinator()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "not now");
  EXPECT_EQ(ErrorInfoOf(status).domain(), "critac.rpc.testing.v1");
  EXPECT_EQ(attempts_, 2);
}

// ---- Addresses and their health

// Two servers behind one name; counts which gets the calls.
class TwoServersTest : public ::testing::Test {
 protected:
  void Start(bool with_health) {
    grpc::EnableDefaultHealthCheckService(with_health);
    for (int i = 0; i < 2; ++i) {
      servers_[i].service.read = [this, i](const rpc::Call&, const ReadSampleRequest&, Sample&) {
        ++calls_[i];
        return absl::OkStatus();
      };
      servers_[i].Start();
    }
    grpc::EnableDefaultHealthCheckService(false);
  }
  void Read(int times) {
    const auto stub = StubAt(
        {.target = absl::StrCat("ipv4:", servers_[0].address(), ",", servers_[1].address())});
    CallSettings settings = AsCoordinator();
    settings.wait_for_ready = true;
    // Both connections are there once both servers had a call; a server that is to get none has
    // said so before.
    for (int i = 0; i < times; ++i) {
      ASSERT_EQ(Invoke(*stub, &Stub::ReadSample, ReadRequest(), settings).status(),
                absl::OkStatus());
    }
  }

  SampleServer servers_[2];
  std::atomic<int> calls_[2] = {0, 0};
};

TEST_F(TwoServersTest, CallsGoToAllAddressesInTurn) {
  Start(true);
  const auto stub =
      StubAt({.target = absl::StrCat("ipv4:", servers_[0].address(), ",", servers_[1].address())});
  CallSettings settings = AsCoordinator();
  settings.wait_for_ready = true;
  while (calls_[0] == 0 || calls_[1] == 0) {
    ASSERT_TRUE(Invoke(*stub, &Stub::ReadSample, ReadRequest(), settings).ok());
  }
  const int before[2] = {calls_[0], calls_[1]};
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Invoke(*stub, &Stub::ReadSample, ReadRequest(), settings).ok());
  }
  EXPECT_EQ(calls_[0] - before[0], 10);
  EXPECT_EQ(calls_[1] - before[1], 10);
}

TEST_F(TwoServersTest, AnAddressThatSaysItDoesNotServeGetsNoCalls) {
  Start(true);
  servers_[0].server->GetHealthCheckService()->SetServingStatus(false);
  Read(50);
  EXPECT_EQ(calls_[0], 0);
  EXPECT_EQ(calls_[1], 50);
}

TEST_F(TwoServersTest, AnAddressWithoutAHealthServiceGetsCalls) {
  Start(false);
  Read(10);
  EXPECT_EQ(calls_[0] + calls_[1], 10);
}

TEST(Channel, TakesAHostAndAPort) {
  SampleServer server;
  server.Start();
  const auto stub = StubAt({.target = server.address()});
  EXPECT_EQ(Invoke(*stub, &Stub::ReadSample, ReadRequest(), AsCoordinator())->name(), "samples/a");
}

TEST(Channel, ErrorsKeepTheirDetails) {
  SampleServer server;
  server.Start();
  const auto stub = StubAt({.target = server.address()});
  const absl::Status status =
      Invoke(*stub, &Stub::ReadSample, ReadSampleRequest(), AsCoordinator()).status();
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELDS");
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "name");
}

TEST(Channel, NeitherSideSendsMoreThanTheLimit) {
  SampleServer server;
  size_t bytes = limits::kAnswerBytes - 100;
  server.service.read = [&bytes](const rpc::Call&, const ReadSampleRequest&, Sample& response) {
    response.set_plain(std::string(bytes, 'x'));
    return absl::OkStatus();
  };
  server.Start();
  const auto stub = StubAt({.target = server.address()});
  const auto largest = Invoke(*stub, &Stub::ReadSample, ReadRequest(), AsCoordinator());
  ASSERT_TRUE(largest.ok()) << largest.status();
  EXPECT_EQ(largest->plain().size(), bytes);
  bytes = limits::kAnswerBytes;
  EXPECT_EQ(Invoke(*stub, &Stub::ReadSample, ReadRequest(), AsCoordinator()).status().code(),
            absl::StatusCode::kResourceExhausted);
  ReadSampleRequest large = ReadRequest();
  large.set_text(std::string(limits::kMessageBytes, 'x'));
  EXPECT_EQ(Invoke(*stub, &Stub::ReadSample, large, AsCoordinator()).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(server.records.records().size(), 2U);
}

class SocketTest : public ::testing::Test {
 protected:
  SocketTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "critac-rpc-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    target_ = absl::StrCat("unix:", folder_, "/socket");
  }
  ~SocketTest() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  std::string target_;
};

TEST_F(SocketTest, AServerThatCannotBeReachedIsUnavailable) {
  const auto stub = StubAt({.target = target_, .attempts = 1});
  EXPECT_EQ(Invoke(*stub, &Stub::ReadSample, ReadRequest(), AsCoordinator()).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(SocketTest, ACallCanWaitForItsServer) {
  const std::shared_ptr<grpc::Channel> channel = MakeChannel({.target = target_});
  const auto stub = testing::v1::SampleService::NewStub(channel);
  CallSettings settings = AsCoordinator();
  settings.wait_for_ready = true;
  absl::Status status;
  std::thread caller(
      [&] { status = Invoke(*stub, &Stub::ReadSample, ReadRequest(), settings).status(); });
  // The first connection fails before there is a server.
  grpc_connectivity_state state = channel->GetState(true);
  while (state != GRPC_CHANNEL_TRANSIENT_FAILURE) {
    channel->WaitForStateChange(state, std::chrono::system_clock::now() + std::chrono::seconds(20));
    state = channel->GetState(true);
  }
  SampleServer server;
  server.Start(target_);
  caller.join();
  EXPECT_EQ(status, absl::OkStatus());
}

}  // namespace
}  // namespace critac::rpc
