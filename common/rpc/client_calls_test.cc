#include "common/rpc/client_calls.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/rpc/channel.h"
#include "common/rpc/testing/sample_server.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::rpc {
namespace {

using ::critac::rpc::testing::AsCoordinator;
using ::critac::rpc::testing::ReadRequest;
using ::critac::rpc::testing::SampleServer;
using ::critac::rpc::testing::v1::ReadSampleRequest;
using ::critac::rpc::testing::v1::Sample;
using ::critac::rpc::testing::v1::WatchSampleRequest;
using SampleStub = ::critac::rpc::testing::v1::SampleService::Stub;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kCallersTrace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class ClientCallsTest : public ::testing::Test {
 protected:
  void Start() {
    server_.Start();
    stub_ = testing::v1::SampleService::NewStub(MakeChannel(
        {.target = server_.address(), .check_health = false},
        ClientCallSteps{steps_, SystemClock::Instance(), [this](const ClientCallRecord& record) {
                          absl::MutexLock lock(&mutex_);
                          told_.push_back(record);
                        }}));
  }
  absl::StatusOr<Sample> Read(const std::string& trace) {
    CallSettings settings = AsCoordinator();
    settings.trace = trace;
    return Invoke(*stub_, &SampleStub::ReadSample, ReadRequest(), settings);
  }
  std::vector<ClientCallRecord> told() {
    absl::MutexLock lock(&mutex_);
    return told_;
  }

  SeededIdSource ids_{3};
  TraceSource steps_{ids_};
  absl::Mutex mutex_;
  std::vector<ClientCallRecord> told_ ABSL_GUARDED_BY(mutex_);
  SampleServer server_;
  std::unique_ptr<SampleStub> stub_;
};

TEST_F(ClientCallsTest, AnIdOfItsOwnIsHandedOnAndTold) {
  Start();
  const absl::Time before = SystemClock::Instance().Now();
  ASSERT_TRUE(Read(kCallersTrace).ok());
  const std::vector<ClientCallRecord> calls = told();
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].method, "critac.rpc.testing.v1.SampleService.ReadSample");
  EXPECT_EQ(calls[0].parent, kCallersTrace);
  EXPECT_EQ(TraceIdOf(calls[0].trace), TraceIdOf(kCallersTrace));
  EXPECT_NE(SpanIdOf(calls[0].trace), SpanIdOf(kCallersTrace));
  EXPECT_TRUE(calls[0].status.ok());
  EXPECT_GE(calls[0].start, before);
  EXPECT_LE(calls[0].start + calls[0].duration, SystemClock::Instance().Now());
  // The server took exactly this one.
  EXPECT_EQ(server_.records.records()[0].call.trace, calls[0].trace);
}

TEST_F(ClientCallsTest, ACallWithoutATraceBeginsOne) {
  Start();
  ASSERT_TRUE(Read("").ok());
  const std::vector<ClientCallRecord> calls = told();
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].parent, "");
  EXPECT_EQ(ParseTrace(calls[0].trace), calls[0].trace);
  EXPECT_EQ(server_.records.records()[0].call.trace, calls[0].trace);
}

TEST_F(ClientCallsTest, ATraceThatIsNotSampledIsHandedOnAsItIs) {
  Start();
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  ASSERT_TRUE(Read(trace).ok());
  EXPECT_EQ(server_.records.records()[0].call.trace, trace);
}

TEST_F(ClientCallsTest, ATracestateIsHandedOnWithItsTrace) {
  Start();
  const std::string sampled = std::string(kCallersTrace) + " a=1,b=2";
  const std::string not_sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00 a=1,b=2";
  ASSERT_TRUE(Read(sampled).ok());
  ASSERT_TRUE(Read(not_sampled).ok());
  const std::vector<ClientCallRecord> calls = told();
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_EQ(calls[0].parent, sampled);
  EXPECT_NE(SpanIdOf(calls[0].trace), SpanIdOf(kCallersTrace));
  EXPECT_EQ(TraceStateOf(calls[0].trace), "a=1,b=2");
  EXPECT_EQ(server_.records.records()[0].call.trace, calls[0].trace);
  EXPECT_EQ(server_.records.records()[1].call.trace, not_sampled);
}

TEST_F(ClientCallsTest, ATracestateWithoutATraceIsNotHandedOn) {
  Start();
  grpc::ClientContext context;
  Prepare(context, AsCoordinator());
  context.AddMetadata(kTraceStateKey, "a=1");
  Sample sample;
  ASSERT_TRUE(stub_->ReadSample(&context, ReadRequest(), &sample).ok());
  ASSERT_THAT(told(), SizeIs(1));
  EXPECT_EQ(TraceStateOf(told()[0].trace), "");
  EXPECT_EQ(server_.records.records()[0].call.trace, told()[0].trace);
}

TEST_F(ClientCallsTest, TheErrorOfACallIsToldWithItsDetails) {
  server_.service.read = [](const Call&, const ReadSampleRequest&, Sample&) {
    return Error(absl::StatusCode::kNotFound, "NO_SAMPLE", "there is none").ToStatus();
  };
  Start();
  EXPECT_FALSE(Read(kCallersTrace).ok());
  const std::vector<ClientCallRecord> calls = told();
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(calls[0].status), "NO_SAMPLE");
}

TEST_F(ClientCallsTest, AStreamIsToldWhenItEnds) {
  Start();
  grpc::ClientContext context;
  Prepare(context, AsCoordinator());
  WatchSampleRequest request;
  request.set_count(3);
  const auto stream = stub_->WatchSample(&context, request);
  Sample message;
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_THAT(told(), IsEmpty());
  while (stream->Read(&message)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_THAT(told(), SizeIs(1));
  EXPECT_TRUE(told()[0].status.ok());
}

TEST_F(ClientCallsTest, ACallWhoseEndNobodyWaitsForIsToldAsCancelled) {
  Start();
  {
    grpc::ClientContext context;
    Prepare(context, AsCoordinator());
    WatchSampleRequest request;
    const auto stream = stub_->WatchSample(&context, request);
    context.TryCancel();
  }
  ASSERT_THAT(told(), SizeIs(1));
  EXPECT_EQ(told()[0].status.code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace critac::rpc
