#include "common/rpc/stream.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/base/limits.h"
#include "common/rpc/testing/sample_server.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace critac::rpc {
namespace {

using ::critac::rpc::testing::AsCoordinator;
using ::critac::rpc::testing::KeptRecord;
using ::critac::rpc::testing::SampleServer;
using ::critac::rpc::testing::v1::Sample;
using ::critac::rpc::testing::v1::WatchSampleRequest;
using Stub = ::critac::rpc::testing::v1::SampleService::Stub;
using Writer = absl::FunctionRef<bool(const Sample&)>;
using ::testing::SizeIs;

// ---- StreamState, with a hand in place of gRPC

class StreamStateTest : public ::testing::Test {
 protected:
  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::atomic<int> aborted_{0};
  StreamState state_{clock_, clock_.Now() + absl::Seconds(10), [this] {
                       ++aborted_;
                       state_.OnWriteDone(false);
                     }};
};

TEST_F(StreamStateTest, AWriteEndsWhenItIsSent) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(state_.Write([&] { state_.OnWriteDone(true); }));
  EXPECT_FALSE(state_.ended()->load());
  EXPECT_EQ(state_.Outcome(absl::NotFoundError("x")), absl::NotFoundError("x"));
  EXPECT_EQ(aborted_, 0);
}

TEST_F(StreamStateTest, AWriteWaitsUntilItIsSent) {
  std::thread sender;
  std::atomic<bool> sent = false;
  EXPECT_TRUE(state_.Write([&] {
    sender = std::thread([&] {
      sent = true;
      state_.OnWriteDone(true);
    });
  }));
  EXPECT_TRUE(sent);
  sender.join();
}

TEST_F(StreamStateTest, AWriteThatFailsEndsTheStream) {
  EXPECT_FALSE(state_.Write([&] { state_.OnWriteDone(false); }));
  EXPECT_TRUE(state_.ended()->load());
  EXPECT_FALSE(state_.Write([&] { FAIL() << "no more writes begin"; }));
  EXPECT_EQ(state_.Outcome(absl::OkStatus()).code(), absl::StatusCode::kCancelled);
}

TEST_F(StreamStateTest, FromTheDeadlineOnNothingIsWritten) {
  clock_.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_TRUE(state_.Write([&] { state_.OnWriteDone(true); }));
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_FALSE(state_.Write([&] { FAIL() << "no more writes begin"; }));
  EXPECT_EQ(ReasonOf(state_.Outcome(absl::OkStatus())), "DEADLINE_PAST");
  EXPECT_EQ(state_.Outcome(absl::OkStatus()).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(StreamStateTest, AWriteUnderWayAtTheDeadlineIsGivenUp) {
  EXPECT_FALSE(state_.Write([&] { clock_.Advance(absl::Seconds(10)); }));
  EXPECT_EQ(aborted_, 1);
  EXPECT_EQ(state_.Outcome(absl::OkStatus()).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(StreamStateTest, AWriteUnderWayAtTheStopMayEnd) {
  EXPECT_FALSE(state_.Write([&] {
    state_.Finish(StreamState::End::kStopped);
    clock_.Advance(limits::kLastWrite - absl::Nanoseconds(1));
    state_.OnWriteDone(true);
  }));
  EXPECT_EQ(aborted_, 0);
  EXPECT_EQ(ReasonOf(state_.Outcome(absl::OkStatus())), "STOPPING");
}

// Goal: the time for the last write runs from the stop on. Method: the body is stopped while it
// writes, and the clock moves on while it waits, which it does once the stop is noticed.
TEST_F(StreamStateTest, AWriteUnderWayAtTheStopIsGivenUpAfterAWhile) {
  std::atomic<bool> over = false;
  std::thread time;
  EXPECT_FALSE(state_.Write([&] {
    state_.Finish(StreamState::End::kStopped);
    time = std::thread([&] {
      while (!over) {
        clock_.Advance(absl::Milliseconds(10));
        std::this_thread::yield();
      }
    });
  }));
  over = true;
  time.join();
  EXPECT_EQ(aborted_, 1);
  EXPECT_EQ(state_.Outcome(absl::OkStatus()).code(), absl::StatusCode::kUnavailable);
}

TEST_F(StreamStateTest, AWriteOfACallerThatIsGoneIsGivenUpAtOnce) {
  EXPECT_FALSE(state_.Write([&] { state_.Finish(StreamState::End::kCallerGone); }));
  EXPECT_EQ(aborted_, 1);
  EXPECT_EQ(state_.Outcome(absl::OkStatus()).code(), absl::StatusCode::kCancelled);
}

TEST_F(StreamStateTest, TheFirstReasonStays) {
  state_.Finish(StreamState::End::kCallerGone);
  state_.Finish(StreamState::End::kStopped);
  EXPECT_EQ(ReasonOf(state_.Outcome(absl::OkStatus())), "CALLER_GONE");
}

// ---- Streams over gRPC

// A message large enough that a few of them fill every buffer on the way.
Sample LargeSample() {
  Sample sample;
  sample.set_plain(std::string(1 << 20, 'x'));
  return sample;
}

class StreamTest : public ::testing::Test {
 protected:
  void Start() {
    server_.Start();
    stub_ = server_.stub();
  }

  // Makes the body write until it is told to end, and notify `writing` once it has written.
  void WriteOnAndOn(absl::Notification& writing) {
    server_.service.watch = [&writing](const Call&, const WatchSampleRequest&, Writer write) {
      const Sample large = LargeSample();
      if (write(large)) writing.Notify();
      while (write(large)) {
      }
      return absl::OkStatus();
    };
  }

  // A stream as a client has it.
  struct Watch {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<Sample>> reader;
    // Reads to the end; returns what the stream ended with.
    absl::Status Drain() {
      Sample message;
      while (reader->Read(&message)) {
      }
      return FromGrpcStatus(reader->Finish());
    }
  };
  std::unique_ptr<Watch> Open(int count, CallSettings settings = AsCoordinator()) {
    auto watch = std::make_unique<Watch>();
    Prepare(watch->context, settings);
    WatchSampleRequest request;
    request.set_count(count);
    watch->reader = stub_->WatchSample(&watch->context, request);
    return watch;
  }

  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SampleServer server_{clock_};
  std::unique_ptr<Stub> stub_;
};

int CountStreamThreads() {
  int count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    count += name == "critac-stream" ? 1 : 0;
  }
  return count;
}

TEST_F(StreamTest, MessagesArriveInOrderAndTheStatusAfterThem) {
  Start();
  const auto watch = Open(500);
  Sample message;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(watch->reader->Read(&message));
    ASSERT_EQ(message.count(), i);
  }
  EXPECT_FALSE(watch->reader->Read(&message));
  EXPECT_TRUE(watch->reader->Finish().ok());
  const std::vector<KeptRecord> records = server_.records.records();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].status, absl::OkStatus());
  EXPECT_EQ(records[0].call.method, "critac.rpc.testing.v1.SampleService.WatchSample");
}

TEST_F(StreamTest, AnEmptyStreamEndsWithItsStatus) {
  server_.service.watch = [](const Call&, const WatchSampleRequest&, Writer) {
    return Error(absl::StatusCode::kOutOfRange, "BEYOND_HEAD", "beyond the head").ToStatus();
  };
  Start();
  const absl::Status status = Open(0)->Drain();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ReasonOf(status), "BEYOND_HEAD");
  EXPECT_EQ(ErrorInfoOf(status).domain(), "critac.rpc.testing.v1");
}

TEST_F(StreamTest, ARefusedStreamRunsNoBody) {
  std::atomic<bool> ran = false;
  server_.service.watch = [&](const Call&, const WatchSampleRequest&, Writer) {
    ran = true;
    return absl::OkStatus();
  };
  Start();
  CallSettings settings = AsCoordinator();
  settings.principal = {type::v1::ROLE_AUDITOR, "ann"};
  EXPECT_EQ(ReasonOf(Open(1, settings)->Drain()), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Open(-1)->Drain()), "INVALID_FIELDS");
  EXPECT_FALSE(ran);
  EXPECT_THAT(server_.records.records(), SizeIs(2));
}

TEST_F(StreamTest, ACallerThatCancelsEndsTheBody) {
  std::atomic<bool> refused = false;
  server_.service.watch = [&](const Call&, const WatchSampleRequest&, Writer write) {
    while (write(Sample())) {
    }
    refused = true;
    return absl::OkStatus();
  };
  Start();
  const auto watch = Open(0);
  Sample message;
  ASSERT_TRUE(watch->reader->Read(&message));
  watch->context.TryCancel();
  EXPECT_EQ(watch->Drain().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(server_.records.Await(1)[0].status.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(refused);
}

TEST_F(StreamTest, ABodyThatWaitsSeesThatItsCallerIsGone) {
  absl::Notification waiting;
  server_.service.watch = [&](const Call& call, const WatchSampleRequest&, Writer) {
    EXPECT_FALSE(call.HasEnded());
    waiting.Notify();
    while (!call.HasEnded()) std::this_thread::yield();
    return absl::OkStatus();
  };
  Start();
  const auto watch = Open(0);
  waiting.WaitForNotification();
  watch->context.TryCancel();
  EXPECT_EQ(server_.records.Await(1)[0].status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(watch->Drain().code(), absl::StatusCode::kCancelled);
}

TEST_F(StreamTest, ACallerThatVanishesInTheMiddleOfAWriteEndsTheBody) {
  absl::Notification writing;
  WriteOnAndOn(writing);
  Start();
  auto watch = Open(0);
  writing.WaitForNotification();
  // The connection goes with its last user; the caller has read nothing.
  watch->context.TryCancel();
  watch->reader->Finish();
  watch.reset();
  stub_.reset();
  EXPECT_EQ(server_.records.Await(1)[0].status.code(), absl::StatusCode::kCancelled);
}

TEST_F(StreamTest, TheCallersDeadlineEndsTheBody) {
  server_.service.watch = [&](const Call& call, const WatchSampleRequest&, Writer write) {
    while (write(Sample())) {
    }
    return absl::OkStatus();
  };
  Start();
  CallSettings settings = AsCoordinator();
  settings.timeout = absl::Milliseconds(100);
  EXPECT_EQ(Open(0, settings)->Drain().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(server_.records.Await(1)[0].status.code(),
              ::testing::AnyOf(absl::StatusCode::kCancelled, absl::StatusCode::kDeadlineExceeded));
}

TEST_F(StreamTest, TheMethodsDeadlineEndsAStreamWithoutOne) {
  server_.service.watch = [&](const Call& call, const WatchSampleRequest&, Writer write) {
    EXPECT_EQ(call.deadline, clock_.Now() + absl::Hours(1));
    EXPECT_TRUE(write(Sample()));
    clock_.Advance(absl::Hours(1));
    EXPECT_FALSE(write(Sample()));
    EXPECT_TRUE(call.HasEnded());
    return absl::OkStatus();
  };
  Start();
  CallSettings settings = AsCoordinator();
  settings.timeout = absl::InfiniteDuration();
  const absl::Status status = Open(0, settings)->Drain();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(status), "DEADLINE_PAST");
}

// Goal: a caller that takes nothing cannot keep a thread past the deadline. Method: the body writes
// more than the way holds, nobody reads, and the clock is put past the deadline.
TEST_F(StreamTest, ACallerThatDoesNotReadIsGivenUpAtTheDeadline) {
  absl::Notification writing;
  WriteOnAndOn(writing);
  Start();
  const auto watch = Open(0);
  writing.WaitForNotification();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(server_.records.Await(1)[0].status.code(), absl::StatusCode::kDeadlineExceeded);
  // The call was given up, whatever the caller does now.
  EXPECT_FALSE(watch->Drain().ok());
}

TEST_F(StreamTest, StoppingEndsStreamsAndRefusesNewOnes) {
  server_.service.watch = [&](const Call&, const WatchSampleRequest&, Writer write) {
    while (write(Sample())) {
    }
    return absl::OkStatus();
  };
  Start();
  const auto watch = Open(0);
  Sample message;
  ASSERT_TRUE(watch->reader->Read(&message));
  std::thread stopper([&] { server_.pipeline.StopStreams(); });
  const absl::Status ended = watch->Drain();
  stopper.join();
  EXPECT_EQ(ended.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(ended), "STOPPING");
  EXPECT_EQ(server_.records.records()[0].status.code(), absl::StatusCode::kUnavailable);

  const absl::Status refused = Open(0)->Drain();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused), "STOPPING");
  EXPECT_TRUE(RetryInfoOf(refused).has_retry_delay());
}

// Goal: a caller that has just read learns of the stop, whatever moment gRPC tells of the write.
TEST_F(StreamTest, AStopRightAfterAMessageIsUnavailableNotCancelled) {
  server_.service.watch = [&](const Call& call, const WatchSampleRequest&, Writer write) {
    write(Sample());
    while (!call.HasEnded()) std::this_thread::yield();
    return absl::OkStatus();
  };
  Start();
  const auto watch = Open(0);
  Sample message;
  ASSERT_TRUE(watch->reader->Read(&message));
  server_.pipeline.StopStreams();
  EXPECT_EQ(watch->Drain().code(), absl::StatusCode::kUnavailable);
}

TEST_F(StreamTest, AStopDoesNotWaitLongForACallerThatDoesNotRead) {
  absl::Notification writing;
  WriteOnAndOn(writing);
  Start();
  const auto watch = Open(0);
  writing.WaitForNotification();
  std::atomic<bool> stopped = false;
  std::thread time([&] {
    while (!stopped) {
      clock_.Advance(absl::Milliseconds(10));
      std::this_thread::yield();
    }
  });
  server_.pipeline.StopStreams();
  stopped = true;
  time.join();
  EXPECT_FALSE(watch->Drain().ok());
}

TEST_F(StreamTest, AStoppedStreamThatOnlyWaitsEndsWithUnavailable) {
  absl::Notification waiting;
  server_.service.watch = [&](const Call& call, const WatchSampleRequest&, Writer) {
    waiting.Notify();
    while (!call.HasEnded()) std::this_thread::yield();
    return absl::OkStatus();
  };
  Start();
  const auto watch = Open(0);
  waiting.WaitForNotification();
  server_.pipeline.StopStreams();
  const absl::Status status = watch->Drain();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "STOPPING");
}

TEST_F(StreamTest, StoppingLeavesNoThread) {
  server_.service.watch = [&](const Call& call, const WatchSampleRequest&, Writer write) {
    write(Sample());
    while (!call.HasEnded()) std::this_thread::yield();
    return absl::OkStatus();
  };
  Start();
  std::vector<std::unique_ptr<Watch>> watches;
  Sample message;
  for (int i = 0; i < 5; ++i) {
    watches.push_back(Open(0));
    ASSERT_TRUE(watches.back()->reader->Read(&message));
  }
  EXPECT_EQ(CountStreamThreads(), 5);
  server_.pipeline.StopStreams();
  // The system lists a thread that was joined for a moment more.
  EXPECT_TRUE(critac::testing::Eventually([] { return CountStreamThreads() == 0; }));
  for (const auto& watch : watches) EXPECT_FALSE(watch->Drain().ok());
}

TEST_F(StreamTest, OneMoreThanTheLimitIsRefusedUntilOneEnds) {
  absl::Notification let_go;
  server_.service.watch = [&](const Call&, const WatchSampleRequest& request, Writer write) {
    EXPECT_TRUE(write(Sample()));
    if (request.count() == 0) let_go.WaitForNotification();
    return absl::OkStatus();
  };
  Start();
  std::vector<std::unique_ptr<Watch>> watches;
  Sample message;
  for (int i = 0; i < limits::kFollowers; ++i) {
    watches.push_back(Open(0));
    ASSERT_TRUE(watches.back()->reader->Read(&message));
  }
  const absl::Status refused = Open(1)->Drain();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "TOO_MANY_STREAMS");
  EXPECT_TRUE(RetryInfoOf(refused).has_retry_delay());

  let_go.Notify();
  for (const auto& watch : watches) EXPECT_EQ(watch->Drain(), absl::OkStatus());
  // The place is free once the thread has said so, a moment after its caller has the status.
  absl::Status status;
  do {
    status = Open(1)->Drain();
  } while (status.code() == absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status, absl::OkStatus());
}

TEST_F(StreamTest, ThePipelineStopsItsStreamsWhenItGoesAway) {
  auto pipeline = std::make_unique<Pipeline>(clock_, server_.ids, nullptr);
  testing::SampleService service(*pipeline, server_.journal);
  std::atomic<bool> ended = false;
  service.watch = [&](const Call& call, const WatchSampleRequest&, Writer write) {
    write(Sample());
    while (!call.HasEnded()) std::this_thread::yield();
    ended = true;
    return absl::OkStatus();
  };
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  stub_ = testing::v1::SampleService::NewStub(server->InProcessChannel({}));
  const auto watch = Open(0);
  Sample message;
  ASSERT_TRUE(watch->reader->Read(&message));
  pipeline.reset();
  EXPECT_TRUE(ended);
  EXPECT_EQ(watch->Drain().code(), absl::StatusCode::kUnavailable);
  server->Shutdown();
}

// Goal: no use after the end, whatever the moment in which a caller goes away. Method: many callers
// that read a little and go, some by cancelling, some by dropping the connection as well, while
// bodies write; the sanitizers watch.
TEST_F(StreamTest, CallersMayGoAwayAtAnyMoment) {
  server_.service.watch = [&](const Call&, const WatchSampleRequest& request, Writer write) {
    Sample sample;
    sample.set_plain(std::string(static_cast<size_t>(request.count()), 'x'));
    while (write(sample)) {
    }
    return absl::OkStatus();
  };
  Start();
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([this, i] {
      for (int j = 0; j < 40; ++j) {
        const auto stub = server_.stub();
        grpc::ClientContext context;
        Prepare(context, AsCoordinator());
        WatchSampleRequest request;
        request.set_count(j % 4 == 0 ? 200'000 : j);
        const auto reader = stub->WatchSample(&context, request);
        Sample message;
        for (int k = 0; k < (i + j) % 5; ++k) reader->Read(&message);
        context.TryCancel();
        EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  server_.pipeline.StopStreams();
  EXPECT_TRUE(critac::testing::Eventually([] { return CountStreamThreads() == 0; }));
}

}  // namespace
}  // namespace critac::rpc
