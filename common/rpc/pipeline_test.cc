#include "common/rpc/pipeline.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/limits.h"
#include "common/base/task_pool.h"
#include "common/rpc/testing/sample_server.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace critac::rpc {
namespace {

using ::critac::rpc::testing::AsCoordinator;
using ::critac::rpc::testing::KeptRecord;
using ::critac::rpc::testing::ReadRequest;
using ::critac::rpc::testing::SampleServer;
using ::critac::rpc::testing::WriteRequest;
using ::critac::rpc::testing::v1::ClosedSampleRequest;
using ::critac::rpc::testing::v1::Leaf;
using ::critac::rpc::testing::v1::ReadSampleRequest;
using ::critac::rpc::testing::v1::Sample;
using ::critac::rpc::testing::v1::TouchSampleRequest;
using ::critac::rpc::testing::v1::WriteSampleRequest;
using Stub = ::critac::rpc::testing::v1::SampleService::Stub;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kReadSample[] = "critac.rpc.testing.v1.SampleService.ReadSample";
constexpr char kTrace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class PipelineTest : public ::testing::Test {
 protected:
  // Handlers are set before it.
  void Start() {
    server_.Start();
    stub_ = server_.stub();
  }
  absl::StatusOr<Sample> Read(const ReadSampleRequest& request,
                              const CallSettings& settings = AsCoordinator()) {
    return Invoke(*stub_, &Stub::ReadSample, request, settings);
  }
  absl::StatusOr<Sample> Write(const WriteSampleRequest& request,
                               const CallSettings& settings = AsCoordinator()) {
    return Invoke(*stub_, &Stub::WriteSample, request, settings);
  }
  absl::StatusOr<Sample> Touch() {
    return Invoke(*stub_, &Stub::TouchSample, TouchSampleRequest(), AsCoordinator());
  }
  // Calls ReadSample with metadata put in by hand.
  absl::Status ReadWith(const std::vector<std::pair<std::string, std::string>>& metadata) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
    Sample response;
    return FromGrpcStatus(stub_->ReadSample(&context, ReadRequest(), &response));
  }
  // Counts calls of the read handler.
  void CountReads() {
    server_.service.read = [this](const Call&, const ReadSampleRequest&, Sample&) {
      ++reads_;
      return absl::OkStatus();
    };
  }

  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SampleServer server_{clock_};
  std::unique_ptr<Stub> stub_;
  std::atomic<int> reads_{0};
};

TEST_F(PipelineTest, ACallGoesTheWholeRoad) {
  server_.service.read = [this](const Call& call, const ReadSampleRequest& request,
                                Sample& response) {
    EXPECT_EQ(call.method, kReadSample);
    EXPECT_EQ(call.domain, "critac.rpc.testing.v1");
    EXPECT_EQ(call.principal.ToString(), "coordinator:dana");
    EXPECT_EQ(call.start, clock_.Now());
    EXPECT_FALSE(call.HasEnded());
    response.set_plain(request.name());
    clock_.Advance(absl::Milliseconds(3));
    return absl::OkStatus();
  };
  Start();
  const absl::StatusOr<Sample> response = Read(ReadRequest());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->plain(), "samples/a");

  const std::vector<KeptRecord> records = server_.records.records();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].call.method, kReadSample);
  EXPECT_EQ(records[0].call.principal.ToString(), "coordinator:dana");
  EXPECT_EQ(records[0].status, absl::OkStatus());
  EXPECT_EQ(records[0].incident, "");
  EXPECT_EQ(records[0].request_id, "");
  EXPECT_EQ(records[0].duration, absl::Milliseconds(3));
}

TEST_F(PipelineTest, ItWorksInProcessAsWell) {
  Start();
  const auto stub = testing::v1::SampleService::NewStub(
      server_.server->InProcessChannel(MakeChannelArguments({})));
  EXPECT_EQ(Invoke(*stub, &Stub::ReadSample, ReadRequest(), AsCoordinator())->name(), "samples/a");
  EXPECT_EQ(Invoke(*stub, &Stub::WriteSample, WriteRequest(), AsCoordinator())->name(),
            "samples/a");
}

TEST_F(PipelineTest, APipelineWithoutAnObserverServes) {
  Pipeline pipeline(clock_, server_.ids, nullptr);
  testing::SampleService service(pipeline, server_.journal);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const auto stub = testing::v1::SampleService::NewStub(server->InProcessChannel({}));
  EXPECT_TRUE(Invoke(*stub, &Stub::ReadSample, ReadRequest(), AsCoordinator()).ok());
  server->Shutdown();
}

// ---- Who

TEST_F(PipelineTest, ACallWithoutAPrincipalIsUnauthenticated) {
  CountReads();
  Start();
  const absl::Status status = ReadWith({});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(status), "PRINCIPAL_MISSING");
  EXPECT_THAT(status.message(), HasSubstr("critac-principal"));
  EXPECT_EQ(reads_, 0);
  EXPECT_EQ(server_.records.records()[0].status.code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(PipelineTest, APrincipalThatCannotBeReadIsUnauthenticated) {
  CountReads();
  Start();
  for (const char* principal : {"", "dana", "chief:dana", "agency:dana", "coordinator:"}) {
    const absl::Status status = ReadWith({{kPrincipalKey, principal}});
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << principal;
    EXPECT_EQ(ReasonOf(status), "PRINCIPAL_INVALID") << principal;
  }
  EXPECT_EQ(reads_, 0);
}

TEST_F(PipelineTest, TwoPrincipalsAreNoPrincipal) {
  CountReads();
  Start();
  const absl::Status status =
      ReadWith({{kPrincipalKey, "coordinator:dana"}, {kPrincipalKey, "coordinator:eli"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(status.message(), HasSubstr("more than once"));
  EXPECT_EQ(reads_, 0);
}

// ---- May they

TEST_F(PipelineTest, ARoleThatMayNotIsToldWhichMay) {
  CountReads();
  Start();
  CallSettings settings = AsCoordinator();
  settings.principal = {type::v1::ROLE_AUDITOR, "ann"};
  const absl::Status status = Read(ReadRequest(), settings).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "ROLE_NOT_ALLOWED");
  EXPECT_THAT(status.message(), HasSubstr("role auditor may not call"));
  EXPECT_THAT(status.message(), HasSubstr("the roles that may: coordinator, agency"));
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("roles"), "coordinator, agency");
  EXPECT_EQ(ErrorInfoOf(status).domain(), "critac.rpc.testing.v1");
  EXPECT_EQ(reads_, 0);
}

TEST_F(PipelineTest, AMethodWithoutRulesIsClosed) {
  Start();
  const absl::Status status =
      Invoke(*stub_, &Stub::ClosedSample, ClosedSampleRequest(), AsCoordinator()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "METHOD_CLOSED");
}

TEST_F(PipelineTest, AuthorizationComesBeforeValidation) {
  Start();
  CallSettings settings = AsCoordinator();
  settings.principal = {type::v1::ROLE_AUDITOR, "ann"};
  EXPECT_EQ(Read(ReadSampleRequest(), settings).status().code(),
            absl::StatusCode::kPermissionDenied);
}

// ---- Is it well-formed

TEST_F(PipelineTest, EveryViolationIsListedWithItsPath) {
  Start();
  WriteSampleRequest request;
  request.mutable_leaf()->set_id("123456789");
  request.set_request_id("1");
  const absl::Status status = Write(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELDS");
  ASSERT_THAT(BadRequestOf(status).field_violations(), SizeIs(2));
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "leaf.id");
  EXPECT_EQ(BadRequestOf(status).field_violations(1).field(), "request_id");
  EXPECT_THAT(server_.journal.seen(), IsEmpty());
}

TEST_F(PipelineTest, WhatACallerSendsInOutputOnlyFieldsDoesNotReachTheHandler) {
  std::string seen_etag = "unset";
  std::string seen_text;
  server_.service.read = [&](const Call&, const ReadSampleRequest& request, Sample&) {
    seen_etag = request.etag();
    seen_text = request.text();
    return absl::OkStatus();
  };
  Start();
  ReadSampleRequest request = ReadRequest();
  request.set_etag("forged");
  request.set_text("kept");
  EXPECT_TRUE(Read(request).ok());
  EXPECT_EQ(seen_etag, "");
  EXPECT_EQ(seen_text, "kept");
}

// ---- Reads that run aside

// As many as gRPC never has threads for: each waits for all others.
TEST_F(PipelineTest, ReadsThatRunAsideDoNotWaitForEachOther) {
  std::atomic<int> come = 0;
  absl::Notification all_have;
  server_.pipeline.ReadAside();
  server_.service.read = [&](const Call& call, const ReadSampleRequest&, Sample& out) {
    if (++come == limits::kReadThreads) all_have.Notify();
    all_have.WaitForNotification();
    out.set_name(call.principal.ToString());
    return absl::OkStatus();
  };
  Start();
  std::vector<std::thread> callers;
  for (int i = 0; i < limits::kReadThreads; ++i) {
    callers.emplace_back([&] {
      const absl::StatusOr<Sample> got = Read(ReadRequest());
      ASSERT_TRUE(got.ok()) << got.status();
      EXPECT_EQ(got->name(), AsCoordinator().principal.ToString());
    });
  }
  for (std::thread& caller : callers) caller.join();
}

// One thread, held by a first read, and room for one that waits: of two more, one is refused at once.
TEST_F(PipelineTest, AReadThatFindsTooManyWaitingIsRefused) {
  absl::Notification held;
  absl::Notification refused;
  server_.pipeline.ReadAside(1, 1);
  server_.service.read = [&](const Call&, const ReadSampleRequest&, Sample&) {
    if (++reads_ == 1) {
      held.Notify();
      refused.WaitForNotification();
    }
    return absl::OkStatus();
  };
  Start();
  std::thread first([&] { EXPECT_TRUE(Read(ReadRequest()).ok()); });
  held.WaitForNotification();
  std::atomic<int> answered = 0;
  std::vector<std::thread> more;
  for (int i = 0; i < 2; ++i) {
    more.emplace_back([&] {
      const absl::Status status = Read(ReadRequest()).status();
      if (status.ok()) {
        ++answered;
        return;
      }
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
      EXPECT_EQ(ReasonOf(status), "TOO_MANY_TASKS");
      EXPECT_TRUE(RetryInfoOf(status).has_retry_delay());
      refused.Notify();
    });
  }
  first.join();
  for (std::thread& caller : more) caller.join();
  EXPECT_EQ(answered, 1);
  EXPECT_EQ(reads_, 2);
}

// One thread runs the reads, and a first one has it until after the deadlines of two more, by the pipeline's clock or
// by the caller's.
class LateReads : public PipelineTest {
 protected:
  void ExpectNotBegun() {
    absl::Notification held;
    absl::Notification may_end;
    server_.service.read = [&](const Call&, const ReadSampleRequest&, Sample&) {
      if (++reads_ == 1) {
        held.Notify();
        may_end.WaitForNotification();
      }
      return absl::OkStatus();
    };
    Start();
    std::thread first([&] { EXPECT_TRUE(Read(ReadRequest()).ok()); });
    held.WaitForNotification();
    CallSettings settings = AsCoordinator();
    settings.timeout = absl::Milliseconds(50);
    EXPECT_TRUE(absl::IsDeadlineExceeded(Read(ReadRequest(), settings).status()));
    std::thread late([&] {
      const absl::Status status = Read(ReadRequest()).status();
      EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
      EXPECT_EQ(ReasonOf(status), "DEADLINE_PAST");
    });
    EXPECT_TRUE(
        critac::testing::Eventually([&] { return server_.pipeline.calls_in_flight() == 3; }));
    clock_.Advance(absl::Hours(1));
    may_end.Notify();
    first.join();
    late.join();
    EXPECT_EQ(reads_, 1);
    for (const KeptRecord& record : server_.records.Await(3)) {
      if (!record.status.ok()) {
        EXPECT_TRUE(absl::IsCancelled(record.status) || absl::IsDeadlineExceeded(record.status))
            << record.status;
      }
    }
  }
};

TEST_F(LateReads, ThatRunAsideAreNotBegun) {
  server_.pipeline.ReadAside(1);
  ExpectNotBegun();
}

TEST_F(LateReads, ThatRunInTasksAreNotBegun) {
  TaskPool tasks("sample", 1, 3);
  server_.service.tasks = &tasks;
  ExpectNotBegun();
}

TEST_F(PipelineTest, WhatIsNotWantedAnyMoreInTheMiddleOfItsWorkEndsTheSameWay) {
  TaskPool tasks("sample", 1, 3);
  server_.service.tasks = &tasks;
  server_.service.work = [&](journal::IsWanted is_wanted) {
    EXPECT_TRUE(is_wanted());
    if (++reads_ == 1) return absl::OkStatus();
    clock_.Advance(absl::Hours(1));
    EXPECT_FALSE(is_wanted());
    return absl::AbortedError("stopped");
  };
  Start();
  EXPECT_TRUE(Read(ReadRequest()).ok());
  const absl::Status status = Read(ReadRequest()).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(ReasonOf(status), "DEADLINE_PAST");
  EXPECT_THAT(std::string(status.message()), HasSubstr("in the middle of the work"));
}

// ---- Gets

// Reads a sample that the caller names, and counts how often it is tried.
class PipelineGetTest : public PipelineTest {
 protected:
  PipelineGetTest() {
    server_.service.get = [this](const Call&, const ReadSampleRequest& request,
                                 journal::Records& records, Sample& out) -> absl::Status {
      ++reads_;
      absl::StatusOr<Sample> found = records.Get<Sample>(request.name());
      // What is left here by a try from memory is not to be seen.
      out.add_tags(absl::StrCat("try ", reads_.load()));
      RETURN_IF_ERROR(found.status());
      out.set_name(found->name());
      return absl::OkStatus();
    };
  }
  void StartWithSample() {
    Start();
    WriteSampleRequest request = WriteRequest();
    request.mutable_leaf()->set_id("a");
    const absl::StatusOr<Sample> written = Write(request);
    ASSERT_TRUE(written.ok()) << written.status();
    ASSERT_EQ(written->name(), ReadRequest().name());
  }
};

TEST_F(PipelineGetTest, WhatIsRememberedIsReadOnce) {
  server_.pipeline.ReadAside();
  server_.journal.Remember(ReadRequest().name());
  StartWithSample();
  const absl::StatusOr<Sample> got = Read(ReadRequest());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->name(), ReadRequest().name());
  EXPECT_EQ(reads_, 1);
}

TEST_F(PipelineGetTest, WhatIsNotRememberedIsReadAnewAside) {
  server_.pipeline.ReadAside();
  StartWithSample();
  const absl::StatusOr<Sample> got = Read(ReadRequest());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->name(), ReadRequest().name());
  EXPECT_THAT(got->tags(), ElementsAre("try 2"));
  EXPECT_EQ(server_.records.records().size(), 2) << "the write, and one get";
}

TEST_F(PipelineGetTest, WhereTheJournalCannotBeLookedAtTheCallerIsToldWhy) {
  server_.pipeline.ReadAside();
  server_.journal.Remember(ReadRequest().name());
  server_.journal.on_look = [] {
    return Error(absl::StatusCode::kPermissionDenied, "AWAY", "it is away").ToStatus();
  };
  StartWithSample();
  EXPECT_EQ(ReasonOf(Read(ReadRequest()).status()), "AWAY");
  EXPECT_EQ(reads_, 0);
}

TEST_F(PipelineGetTest, WithoutReadsAsideItIsReadAtOnce) {
  server_.journal.on_look = [] { return absl::InternalError("nobody looks"); };
  StartWithSample();
  const absl::StatusOr<Sample> got = Read(ReadRequest());
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_THAT(got->tags(), ElementsAre("try 1"));
}

// Each of the threads takes one or more and looks; what has come when they have gone in is taken with one look more. A
// call that is in flight may not stand in the line yet, and then has a look of its own: few do.
TEST_F(PipelineGetTest, ThoseThatWaitGoWithOneLook) {
  constexpr int kCallers = 20;
  std::atomic<int> looks = 0;
  server_.pipeline.ReadAside();
  server_.journal.Remember(ReadRequest().name());
  server_.journal.on_look = [&] {
    ++looks;
    EXPECT_TRUE(critac::testing::Eventually(
        [&] { return server_.pipeline.calls_in_flight() == kCallers || reads_ > 0; }));
    return absl::OkStatus();
  };
  StartWithSample();
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(Read(ReadRequest()).ok()); });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(reads_, kCallers);
  EXPECT_LE(looks, kCallers / 2);
}

TEST_F(PipelineGetTest, OneThatComesToItsTurnTooLateIsNotBegun) {
  server_.pipeline.ReadAside();
  server_.journal.Remember(ReadRequest().name());
  server_.journal.on_look = [this] {
    clock_.Advance(absl::Hours(1));
    return absl::OkStatus();
  };
  StartWithSample();
  const absl::Status status = Read(ReadRequest()).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(ReasonOf(status), "DEADLINE_PAST");
  EXPECT_EQ(reads_, 0);
}

// ---- Deadline

TEST_F(PipelineTest, ACallWithoutADeadlineGetsTheMethods) {
  Start();
  CallSettings settings = AsCoordinator();
  settings.timeout = absl::InfiniteDuration();
  EXPECT_TRUE(Read(ReadRequest(), settings).ok());
  EXPECT_TRUE(Write(WriteRequest(), settings).ok());
  const std::vector<KeptRecord> records = server_.records.records();
  EXPECT_EQ(records[0].call.deadline - records[0].call.start, absl::Seconds(20));
  EXPECT_EQ(records[1].call.deadline - records[1].call.start, limits::kDefaultCall);
}

TEST_F(PipelineTest, ADeadlineIsCappedByTheMethods) {
  Start();
  CallSettings settings = AsCoordinator();
  settings.timeout = absl::Hours(1);
  EXPECT_TRUE(Read(ReadRequest(), settings).ok());
  settings.timeout = absl::Seconds(15);
  EXPECT_TRUE(Read(ReadRequest(), settings).ok());
  const std::vector<KeptRecord> records = server_.records.records();
  EXPECT_EQ(records[0].call.deadline - records[0].call.start, absl::Seconds(20));
  // gRPC rounds a deadline up by up to a tenth on its way.
  EXPECT_LE(records[1].call.deadline - records[1].call.start, absl::Seconds(16.5));
  EXPECT_GT(records[1].call.deadline - records[1].call.start, absl::Seconds(5));
}

// A clock that can be made to answer only from some moment of the machine's clock on.
class LateClock final : public Clock {
 public:
  absl::Time Now() const override {
    while (absl::ToUnixNanos(absl::Now()) < answers_from_nanos_) std::this_thread::yield();
    return absl::FromUnixSeconds(1'800'000'000);
  }
  bool AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                  absl::Time deadline) const override {
    return mutex.AwaitWithDeadline(condition, deadline);
  }
  void AnswerFrom(absl::Time moment) { answers_from_nanos_ = absl::ToUnixNanos(moment); }

 private:
  std::atomic<int64_t> answers_from_nanos_ = 0;
};

TEST(PipelineDeadline, ACallWhoseDeadlineIsPastOnArrivalDoesNothing) {
  LateClock clock;
  SampleServer server(clock);
  std::atomic<int> handled = 0;
  server.service.read = [&](const Call&, const ReadSampleRequest&, Sample&) {
    ++handled;
    return absl::OkStatus();
  };
  server.Start();
  const auto stub = server.stub();
  // The connection is there before the call under test, which has not long to arrive.
  EXPECT_TRUE(Invoke(*stub, &Stub::ReadSample, ReadRequest(), AsCoordinator()).ok());

  CallSettings settings = AsCoordinator();
  settings.timeout = absl::Milliseconds(300);
  // The pipeline looks at its clock first; gRPC rounds a deadline up by up to a tenth on its way.
  clock.AnswerFrom(absl::Now() + settings.timeout * 2);
  EXPECT_EQ(Invoke(*stub, &Stub::ReadSample, ReadRequest(), settings).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  const std::vector<KeptRecord> records = server.records.Await(2);
  EXPECT_EQ(records[1].status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(records[1].status), "DEADLINE_PAST");
  EXPECT_EQ(handled, 1);
}

// ---- Trace

TEST_F(PipelineTest, TheCallersTraceIsKept) {
  Start();
  CallSettings settings = AsCoordinator();
  settings.trace = kTrace;
  EXPECT_TRUE(Read(ReadRequest(), settings).ok());
  EXPECT_EQ(server_.records.records()[0].call.trace, kTrace);
}

TEST_F(PipelineTest, ACallWithoutAValidTraceGetsANewOne) {
  Start();
  const std::pair<std::string, std::string> principal{kPrincipalKey, "coordinator:dana"};
  EXPECT_TRUE(ReadWith({principal}).ok());
  EXPECT_TRUE(ReadWith({principal, {kTraceKey, "00-nonsense"}}).ok());
  EXPECT_TRUE(ReadWith({principal, {kTraceKey, kTrace}, {kTraceKey, kTrace}}).ok());
  const std::vector<KeptRecord> records = server_.records.records();
  ASSERT_THAT(records, SizeIs(3));
  for (const KeptRecord& record : records) {
    EXPECT_EQ(ParseTrace(record.call.trace), record.call.trace);
    EXPECT_NE(record.call.trace, kTrace);
  }
  EXPECT_NE(records[0].call.trace, records[1].call.trace);
}

TEST_F(PipelineTest, TheCallersTracestateIsKeptWithItsTraceparent) {
  Start();
  const std::pair<std::string, std::string> principal{kPrincipalKey, "coordinator:dana"};
  const std::pair<std::string, std::string> parent{kTraceKey, kTrace};
  EXPECT_TRUE(ReadWith({principal, parent, {kTraceStateKey, "a=1, b=2"}}).ok());
  EXPECT_TRUE(ReadWith({principal, parent, {kTraceStateKey, "a=1"}, {kTraceStateKey, "b=2"}}).ok());
  EXPECT_TRUE(ReadWith({principal, parent, {kTraceStateKey, "a=1,B=2"}}).ok());
  const std::vector<KeptRecord> records = server_.records.records();
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[0].call.trace, std::string(kTrace) + " a=1,b=2");
  EXPECT_EQ(records[0].call.parent, records[0].call.trace);
  EXPECT_EQ(records[1].call.trace, std::string(kTrace) + " a=1,b=2");
  EXPECT_EQ(records[2].call.trace, kTrace) << "one that is not valid is dropped alone";
}

TEST_F(PipelineTest, ATracestateWithoutAValidTraceparentIsDropped) {
  Start();
  const std::pair<std::string, std::string> principal{kPrincipalKey, "coordinator:dana"};
  const std::pair<std::string, std::string> state{kTraceStateKey, "a=1"};
  EXPECT_TRUE(ReadWith({principal, state}).ok());
  EXPECT_TRUE(ReadWith({principal, {kTraceKey, "00-nonsense"}, state}).ok());
  const std::vector<KeptRecord> records = server_.records.records();
  ASSERT_THAT(records, SizeIs(2));
  for (const KeptRecord& record : records) {
    EXPECT_EQ(record.call.parent, "");
    EXPECT_EQ(ParseTrace(record.call.trace), record.call.trace);
  }
}

// Goal: where calls are steps, each hands on an id of its own, and remembers whose it got. Method:
// the same call four times, with a trace, with one that is not sampled, with none, and with one that
// has a tracestate.
TEST(Pipeline, ACallBecomesAStepOfItsTraceWhereThatIsAskedFor) {
  const std::string not_sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
  SeededIdSource ids(5);
  TraceSource steps(ids);
  testing::RecordKeeper records;
  Pipeline pipeline(SystemClock::Instance(), ids, records.observer(), &steps);
  testing::FakeJournal journal(SystemClock::Instance(), ids);
  testing::SampleService service(pipeline, journal);
  grpc::ServerBuilder builder;
  pipeline.Configure(builder);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const auto stub = testing::v1::SampleService::NewStub(server->InProcessChannel({}));
  const std::string with_state = std::string(kTrace) + " a=1,b=2";
  for (const std::string& trace : {std::string(kTrace), not_sampled, std::string(), with_state}) {
    CallSettings settings = AsCoordinator();
    settings.trace = trace;
    EXPECT_TRUE(Invoke(*stub, &Stub::ReadSample, ReadRequest(), settings).ok());
  }
  const std::vector<KeptRecord> kept = records.records();
  ASSERT_THAT(kept, SizeIs(4));
  EXPECT_EQ(kept[0].call.parent, kTrace);
  EXPECT_EQ(TraceIdOf(kept[0].call.trace), TraceIdOf(kTrace));
  EXPECT_NE(SpanIdOf(kept[0].call.trace), SpanIdOf(kTrace));
  EXPECT_EQ(kept[1].call.trace, not_sampled);
  EXPECT_EQ(kept[2].call.parent, "");
  EXPECT_EQ(ParseTrace(kept[2].call.trace), kept[2].call.trace);
  EXPECT_EQ(kept[3].call.parent, with_state);
  EXPECT_EQ(TraceIdOf(kept[3].call.trace), TraceIdOf(kTrace));
  EXPECT_NE(SpanIdOf(kept[3].call.trace), SpanIdOf(kTrace));
  EXPECT_EQ(TraceStateOf(kept[3].call.trace), "a=1,b=2");
  server->Shutdown();
}

TEST_F(PipelineTest, ARefusedCallIsRecordedWithMethodAndTrace) {
  Start();
  EXPECT_FALSE(ReadWith({{kTraceKey, kTrace}}).ok());
  const KeptRecord record = server_.records.records()[0];
  EXPECT_EQ(record.call.method, kReadSample);
  EXPECT_EQ(record.call.trace, kTrace);
}

// ---- The handler's answer

TEST_F(PipelineTest, AHandlersErrorReachesTheCallerWithItsDetails) {
  server_.service.read = [](const Call&, const ReadSampleRequest&, Sample&) {
    return Error(absl::StatusCode::kAborted, "ETAG_MISMATCH", "the etag is not the current one")
        .Resource("critac.rpc.testing.v1.Sample", "samples/a")
        .RetryAfter(absl::Seconds(2))
        .ToStatus();
  };
  Start();
  const absl::Status status = Read(ReadRequest()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "the etag is not the current one");
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
  EXPECT_EQ(ErrorInfoOf(status).domain(), "critac.rpc.testing.v1");
  EXPECT_EQ(ResourceInfoOf(status).resource_name(), "samples/a");
  EXPECT_EQ(RetryInfoOf(status).retry_delay().seconds(), 2);
}

TEST_F(PipelineTest, OfAnInternalErrorTheCallerGetsTheIncidentThatTheRecordHas) {
  server_.service.read = [](const Call&, const ReadSampleRequest&, Sample&) {
    return absl::InternalError("SELECT secret FROM vault");
  };
  Start();
  const absl::Status status = Read(ReadRequest()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(status.message(), Not(HasSubstr("secret")));
  const KeptRecord record = server_.records.records()[0];
  EXPECT_THAT(record.incident, SizeIs(12));
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("incident"), record.incident);
  EXPECT_EQ(record.status.message(), "SELECT secret FROM vault");
}

TEST_F(PipelineTest, AHandlerCanEndLaterOnAnotherThread) {
  std::thread later;
  server_.service.touch = [&](const Call& call, const TouchSampleRequest&, Sample& response,
                              Pipeline::Finish finish) {
    later = std::thread([&call, &response, finish = std::move(finish)]() mutable {
      response.set_plain(call.principal.subject);
      finish(absl::OkStatus());
    });
  };
  Start();
  const absl::StatusOr<Sample> response = Touch();
  later.join();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->plain(), "dana");
}

TEST_F(PipelineTest, AFinishThatIsDroppedEndsTheCallAsInternal) {
  server_.service.touch = [](const Call&, const TouchSampleRequest&, Sample&, Pipeline::Finish) {};
  Start();
  EXPECT_EQ(Touch().status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(server_.records.records(), SizeIs(1));
}

TEST_F(PipelineTest, ASecondFinishDoesNothing) {
  server_.service.touch = [](const Call&, const TouchSampleRequest&, Sample&,
                             Pipeline::Finish finish) {
    finish(absl::OkStatus());
    finish(absl::InternalError("again"));
  };
  Start();
  EXPECT_TRUE(Touch().ok());
  EXPECT_THAT(server_.records.records(), SizeIs(1));
}

TEST(PipelineUnary, ACallThatFailsLeavesTheResponseEmpty) {
  // The observer sees the response between the handler and gRPC.
  SeededIdSource ids(1);
  testing::FakeJournal journal(SystemClock::Instance(), ids);
  const Sample* response = nullptr;
  std::string left = "unset";
  Pipeline pipeline(SystemClock::Instance(), ids,
                    [&](const CallRecord&) { left = response->SerializeAsString(); });
  testing::SampleService service(pipeline, journal);
  service.touch = [&](const Call&, const TouchSampleRequest&, Sample& out,
                      Pipeline::Finish finish) {
    out.set_plain("half done");
    response = &out;
    finish(absl::NotFoundError("gone"));
  };
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const auto stub = testing::v1::SampleService::NewStub(server->InProcessChannel({}));
  EXPECT_FALSE(Invoke(*stub, &Stub::TouchSample, TouchSampleRequest(), AsCoordinator()).ok());
  server->Shutdown();
  EXPECT_EQ(left, "");
}

TEST_F(PipelineTest, ACallerThatGoesAwayLeavesTheHandlerToEnd) {
  absl::Notification handling;
  Pipeline::Finish kept;
  server_.service.touch = [&](const Call&, const TouchSampleRequest&, Sample&,
                              Pipeline::Finish finish) {
    kept = std::move(finish);
    handling.Notify();
  };
  Start();
  grpc::ClientContext context;
  Prepare(context, AsCoordinator());
  absl::Notification ended;
  grpc::Status status;
  TouchSampleRequest request;
  Sample response;
  stub_->async()->TouchSample(&context, &request, &response, [&](grpc::Status result) {
    status = std::move(result);
    ended.Notify();
  });
  handling.WaitForNotification();
  context.TryCancel();
  ended.WaitForNotification();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_THAT(server_.records.records(), IsEmpty());
  kept(absl::OkStatus());
  EXPECT_THAT(server_.records.records(), SizeIs(1));
}

// ---- Commands

TEST_F(PipelineTest, AWriteGivesItsCommandToTheJournal) {
  Start();
  const absl::StatusOr<Sample> response = Write(WriteRequest());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->name(), "samples/a");
  const auto seen = server_.journal.seen();
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].request_id, WriteRequest().request_id());
  EXPECT_EQ(seen[0].actor, "coordinator:dana");
  EXPECT_THAT(seen[0].fingerprint, ::testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(server_.records.records()[0].request_id, WriteRequest().request_id());
}

TEST_F(PipelineTest, TheSameWriteAgainGetsTheFirstAnswer) {
  std::atomic<int> decided = 0;
  server_.service.write = [&](const Call&, const WriteSampleRequest&) -> journal::Decide {
    return [&](journal::Draft& draft) {
      auto answer = std::make_unique<Sample>();
      answer->set_count(++decided);
      draft.AnswerWith(std::move(answer));
      return absl::OkStatus();
    };
  };
  Start();
  EXPECT_EQ(Write(WriteRequest())->count(), 1);
  EXPECT_EQ(Write(WriteRequest())->count(), 1);
  EXPECT_EQ(decided, 1);

  WriteSampleRequest other = WriteRequest();
  other.mutable_leaf()->set_id("b");
  EXPECT_EQ(ReasonOf(Write(other).status()), "REQUEST_ID_REUSED");
}

TEST_F(PipelineTest, TheFingerprintIsOfTheContentThatCounts) {
  Start();
  // The same labels put in in another order, and something that only the server sets.
  WriteSampleRequest first = WriteRequest();
  WriteSampleRequest second = WriteRequest();
  for (int i = 0; i < 20; ++i) (*first.mutable_labels())[std::to_string(i)] = "x";
  for (int i = 19; i >= 0; --i) (*second.mutable_labels())[std::to_string(i)] = "x";
  second.mutable_leaf()->set_etag("forged");
  EXPECT_TRUE(Write(first).ok());
  EXPECT_TRUE(Write(second).ok());
  (*second.mutable_labels())["0"] = "y";
  EXPECT_FALSE(Write(second).ok());
  const auto seen = server_.journal.seen();
  EXPECT_EQ(seen[0].fingerprint, seen[1].fingerprint);
  EXPECT_NE(seen[0].fingerprint, seen[2].fingerprint);
}

TEST_F(PipelineTest, ARefusedCommandIsTheCallersError) {
  server_.service.write = [](const Call&, const WriteSampleRequest&) -> journal::Decide {
    return
        [](journal::Draft&) { return FailedPrecondition("WRONG_STATE", "samples/a", "is closed"); };
  };
  Start();
  const absl::Status status = Write(WriteRequest()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(PreconditionFailureOf(status).violations(0).subject(), "samples/a");
}

TEST_F(PipelineTest, TheResponseGetsItsLastHandForThisCaller) {
  server_.service.polish = [](const Call& call, Sample& response) {
    response.add_actions(call.principal.subject + " may close " + response.name());
    return absl::OkStatus();
  };
  Start();
  EXPECT_THAT(Write(WriteRequest())->actions(), ElementsAre("dana may close samples/a"));
}

TEST_F(PipelineTest, ALastHandThatFailsIsTheCallersError) {
  server_.service.polish = [](const Call&, Sample&) { return absl::NotFoundError("gone"); };
  Start();
  EXPECT_EQ(Write(WriteRequest()).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(PipelineTest, ACommandWithoutAnAnswerGivesAnEmptyResponse) {
  server_.service.write = [](const Call&, const WriteSampleRequest&) -> journal::Decide {
    return [](journal::Draft&) { return absl::OkStatus(); };
  };
  Start();
  const absl::StatusOr<Sample> response = Write(WriteRequest());
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->SerializeAsString(), "");
}

TEST_F(PipelineTest, AnAnswerOfAnotherTypeIsInternal) {
  server_.service.write = [](const Call&, const WriteSampleRequest&) -> journal::Decide {
    return [](journal::Draft& draft) {
      draft.AnswerWith(std::make_unique<Leaf>());
      return absl::OkStatus();
    };
  };
  Start();
  EXPECT_EQ(Write(WriteRequest()).status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(server_.records.records()[0].status.message(), HasSubstr("Leaf"));
}

TEST_F(PipelineTest, ACallerThatGoesAwayDoesNotUndoItsCommand) {
  Start();
  server_.journal.Hold();
  grpc::ClientContext context;
  Prepare(context, AsCoordinator());
  absl::Notification ended;
  const WriteSampleRequest request = WriteRequest();
  Sample response;
  stub_->async()->WriteSample(&context, &request, &response, [&](grpc::Status) { ended.Notify(); });
  server_.journal.AwaitWaiting();
  context.TryCancel();
  ended.WaitForNotification();
  server_.journal.Release();
  EXPECT_EQ(server_.records.Await(1)[0].status, absl::OkStatus());
  EXPECT_EQ(Write(WriteRequest())->name(), "samples/a");
}

TEST_F(PipelineTest, ACommandMadeByItselfIsTheOneThatAWriteGives) {
  journal::Command made;
  server_.service.write = [&](const Call& call, const WriteSampleRequest& request) {
    made = Pipeline::MakeCommand(call, request, [](journal::Draft&) { return absl::OkStatus(); });
    return [](journal::Draft&) { return absl::OkStatus(); };
  };
  Start();
  EXPECT_TRUE(Write(WriteRequest()).ok());
  const auto seen = server_.journal.seen();
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(made.request_id, seen[0].request_id);
  EXPECT_EQ(made.fingerprint, seen[0].fingerprint);
  EXPECT_EQ(made.actor, seen[0].actor);
  EXPECT_TRUE(made.decide);
}

TEST_F(PipelineTest, ACallIsInFlightFromItsBeginToItsEnd) {
  Start();
  EXPECT_EQ(server_.pipeline.calls_in_flight(), 0);
  server_.journal.Hold();
  std::thread caller([this] { EXPECT_TRUE(Write(WriteRequest()).ok()); });
  server_.journal.AwaitWaiting();
  EXPECT_EQ(server_.pipeline.calls_in_flight(), 1);
  server_.journal.Release();
  caller.join();
  EXPECT_EQ(server_.pipeline.calls_in_flight(), 0);
}

TEST_F(PipelineTest, AJournalThatStoppedIsUnavailable) {
  Start();
  server_.journal.Stop();
  EXPECT_EQ(Write(WriteRequest()).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(PipelineTest, ManyCallsAtOnceEachGetTheirOwnAnswer) {
  Start();
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([this, i] {
      SeededIdSource ids(static_cast<uint64_t>(i));
      for (int j = 0; j < 25; ++j) {
        WriteSampleRequest request = WriteRequest();
        request.mutable_leaf()->set_id(std::to_string(i * 100 + j));
        request.set_request_id(ids.NewUuid());
        EXPECT_EQ(Write(request)->name(), "samples/" + request.leaf().id());
        ReadSampleRequest read = ReadRequest();
        read.set_name("samples/" + request.leaf().id());
        EXPECT_EQ(Read(read)->name(), read.name());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(server_.records.records(), SizeIs(8 * 25 * 2));
}

// ---- Hostile calls

class HostileTest : public PipelineTest {
 protected:
  // Sends bytes as they are.
  absl::Status Send(const std::string& bytes, const std::string& method = "ReadSample") {
    grpc::GenericStub generic(server_.plain_channel());
    grpc::ClientContext context;
    Prepare(context, AsCoordinator());
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    absl::Notification ended;
    grpc::Status status;
    generic.UnaryCall(&context, "/critac.rpc.testing.v1.SampleService/" + method, {}, &request,
                      &response, [&](grpc::Status result) {
                        status = std::move(result);
                        ended.Notify();
                      });
    ended.WaitForNotification();
    return FromGrpcStatus(status);
  }
};

TEST_F(HostileTest, WellFormedBytesAreAccepted) {
  CountReads();
  Start();
  EXPECT_EQ(Send(ReadRequest().SerializeAsString()), absl::OkStatus());
  EXPECT_EQ(reads_, 1);
}

TEST_F(HostileTest, AMessagePastTheLimitIsRefused) {
  CountReads();
  Start();
  ReadSampleRequest request = ReadRequest();
  request.set_text(std::string(limits::kMessageBytes - 100, 'x'));
  EXPECT_EQ(Send(request.SerializeAsString()), absl::OkStatus());
  request.set_text(std::string(limits::kMessageBytes, 'x'));
  EXPECT_EQ(Send(request.SerializeAsString()).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(reads_, 1);
}

TEST_F(HostileTest, BytesThatAreNoMessageAreRefused) {
  CountReads();
  Start();
  ReadSampleRequest deep = ReadRequest();
  testing::v1::Nest* nest = deep.mutable_nest();
  for (int i = 0; i < 200; ++i) nest = nest->mutable_nest();
  for (const std::string& bytes : {std::string("\xff\xff\xff\xff"), std::string("\x0a\x7f short"),
                                   std::string("\x0a\x02\xff\xfe"), deep.SerializeAsString()}) {
    const absl::Status status = Send(bytes);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), "MALFORMED_MESSAGE");
    EXPECT_EQ(ErrorInfoOf(status).domain(), "critac.rpc.testing.v1");
    EXPECT_THAT(status.message(),
                HasSubstr("the bytes are no critac.rpc.testing.v1.ReadSampleRequest"));
  }
  EXPECT_EQ(reads_, 0);
  const std::vector<KeptRecord> records = server_.records.records();
  ASSERT_THAT(records, SizeIs(4));
  EXPECT_EQ(records[0].call.method, kReadSample);
  EXPECT_EQ(records[0].call.principal.ToString(), "coordinator:dana");
  EXPECT_EQ(ReasonOf(records[0].status), "MALFORMED_MESSAGE");
}

TEST_F(HostileTest, AMalformedStreamIsRefusedTheSameWay) {
  Start();
  EXPECT_EQ(ReasonOf(Send("\xff\xff", "WatchSample")), "MALFORMED_MESSAGE");
}

TEST_F(HostileTest, AMethodThatIsNotThereIsUnimplemented) {
  Start();
  EXPECT_EQ(Send("", "NoSample").code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(server_.records.records(), IsEmpty());
}

// Answers everything with OK, once the caller has sent all.
class GenericEcho final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    class Reactor final : public grpc::ServerGenericBidiReactor {
     public:
      Reactor() { StartRead(&message_); }
      void OnReadDone(bool ok) override {
        if (ok) return StartRead(&message_);
        Finish(grpc::Status::OK);
      }
      void OnDone() override { delete this; }

     private:
      grpc::ByteBuffer message_;
    };
    return new Reactor;
  }
};

TEST(PipelineConfigure, AStreamOfNoRequestsIsNotMalformed) {
  RandomIdSource ids;
  Pipeline pipeline(SystemClock::Instance(), ids, nullptr);
  GenericEcho service;
  grpc::ServerBuilder builder;
  pipeline.Configure(builder);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  grpc::GenericStub stub(server->InProcessChannel({}));
  class Caller final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    void OnDone(const grpc::Status& result) override {
      status = result;
      done.Notify();
    }
    grpc::Status status;
    absl::Notification done;
  } caller;
  grpc::ClientContext context;
  stub.PrepareBidiStreamingCall(&context, "/other.Service/Talk", {}, &caller);
  caller.StartCall();
  caller.StartWritesDone();
  caller.done.WaitForNotification();
  EXPECT_EQ(FromGrpcStatus(caller.status), absl::OkStatus());
  server->Shutdown();
}

TEST_F(HostileTest, ANestThatProtobufReadsIsRefusedPastTheLimit) {
  CountReads();
  Start();
  ReadSampleRequest request = ReadRequest();
  testing::v1::Nest* nest = request.mutable_nest();
  for (int i = 0; i < 90; ++i) nest = nest->mutable_nest();
  const absl::Status status = Send(request.SerializeAsString());
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELDS");
  EXPECT_THAT(status.message(), HasSubstr("is nested deeper than 16 messages"));
  EXPECT_EQ(reads_, 0);
}

TEST_F(HostileTest, ControlCharactersAreRefused) {
  CountReads();
  Start();
  ReadSampleRequest request = ReadRequest();
  request.set_text(std::string("a\0b", 3));
  EXPECT_EQ(ReasonOf(Send(request.SerializeAsString())), "INVALID_FIELDS");
  EXPECT_EQ(reads_, 0);
}

}  // namespace
}  // namespace critac::rpc
