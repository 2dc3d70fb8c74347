#include "common/server/journal_service.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/base/limits.h"
#include "common/rpc/channel.h"
#include "common/server/testing/fake_journal.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

using journal::v1::GetHeadRequest;
using journal::v1::GetHeadResponse;
using journal::v1::ReadEventsRequest;
using journal::v1::ReadEventsResponse;
using journal::v1::VerifyChainRequest;
using journal::v1::VerifyChainResponse;
using testing::FakeJournal;
using ::testing::HasSubstr;
using Stub = journal::v1::JournalService::Stub;

class JournalServiceTest : public ::testing::Test {
 protected:
  ~JournalServiceTest() override {
    if (server_ == nullptr) return;
    service_->Stop();
    pipeline_.StopStreams();
    server_->Shutdown();
  }

  // Serves these journals.
  void Serve(std::vector<journal::Journal*> journals,
             JournalService::MayFollow may_follow = nullptr) {
    service_ = std::make_unique<JournalService>(pipeline_, std::move(journals),
                                                SystemClock::Instance(), std::move(may_follow));
    grpc::ServerBuilder builder;
    rpc::ConfigureServer(builder);
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = journal::v1::JournalService::NewStub(
        server_->InProcessChannel(rpc::MakeChannelArguments({})));
  }

  static rpc::CallSettings As(type::v1::Role role) {
    rpc::CallSettings settings;
    settings.principal.role = role;
    settings.principal.subject = role == type::v1::ROLE_PARTNER ? "partners/iacp" : "ada";
    return settings;
  }
  absl::StatusOr<GetHeadResponse> Head(const std::string& journal,
                                       type::v1::Role role = type::v1::ROLE_AUDITOR) {
    GetHeadRequest request;
    request.set_journal(journal);
    return rpc::Invoke(*stub_, &Stub::GetHead, request, As(role));
  }
  absl::StatusOr<VerifyChainResponse> Verify(const std::string& journal) {
    VerifyChainRequest request;
    request.set_journal(journal);
    return rpc::Invoke(*stub_, &Stub::VerifyChain, request, As(type::v1::ROLE_AUDITOR));
  }
  // Reads a stream that ends by itself.
  absl::Status ReadAll(const ReadEventsRequest& request, std::vector<int64_t>& sequences,
                       type::v1::Role role = type::v1::ROLE_AUDITOR) {
    grpc::ClientContext context;
    rpc::Prepare(context, As(role));
    const auto stream = stub_->ReadEvents(&context, request);
    ReadEventsResponse batch;
    while (stream->Read(&batch)) {
      for (const auto& event : batch.events()) sequences.push_back(event.sequence());
    }
    return FromGrpcStatus(stream->Finish());
  }

  SeededIdSource ids_{5};
  rpc::Pipeline pipeline_{SystemClock::Instance(), ids_, nullptr};
  FakeJournal intake_{"intake"};
  FakeJournal matching_{"matching"};
  std::unique_ptr<JournalService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(JournalServiceTest, TheHeadIsThatOfTheJournalNamed) {
  intake_.AppendMany(3);
  Serve({&intake_, &matching_});
  const auto head = Head("intake");
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->journal(), "intake");
  EXPECT_EQ(head->sequence(), 3);
  EXPECT_EQ(head->hash(), "hash-3");
  EXPECT_EQ(head->record_time().seconds(), 1'800'000'003);
  const auto empty = Head("matching");
  EXPECT_EQ(empty->sequence(), 0);
  EXPECT_EQ(empty->hash(), "");
  EXPECT_FALSE(empty->has_record_time());
}

TEST_F(JournalServiceTest, AFollowerGetsTheLargestEventThatCanBeWritten) {
  intake_.AppendMany(1);
  intake_.Append("critac.test.Happened", "things/1", std::string(limits::kEventBytes, 'x'));
  intake_.AppendMany(1);
  // As Journal::ReadEvents does it.
  intake_.LimitReads(1);
  Serve({&intake_});
  std::vector<int64_t> sequences;
  const absl::Status status = ReadAll({}, sequences);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(sequences, ::testing::ElementsAre(1, 2, 3));
}

TEST_F(JournalServiceTest, NoNameStandsForTheOnlyJournal) {
  Serve({&intake_});
  EXPECT_EQ(Head("")->journal(), "intake");
}

TEST_F(JournalServiceTest, NoNameAmongSeveralIsRefusedWithTheirNames) {
  Serve({&intake_, &matching_});
  const absl::Status status = Head("").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "journal");
  EXPECT_THAT(std::string(status.message()), HasSubstr("intake, matching"));
}

TEST_F(JournalServiceTest, AnUnknownJournalIsNotFoundByEveryMethod) {
  Serve({&intake_});
  std::vector<int64_t> none;
  ReadEventsRequest read;
  read.set_journal("metrics");
  for (const absl::Status& status :
       {Head("metrics").status(), Verify("metrics").status(), ReadAll(read, none)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ReasonOf(status), "JOURNAL_NOT_FOUND");
    EXPECT_THAT(std::string(status.message()), HasSubstr("`metrics`"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("intake"));
  }
}

TEST_F(JournalServiceTest, WhoMayNotFollowAJournalReadsNoEventOfIt) {
  intake_.AppendMany(2);
  matching_.AppendMany(2);
  Serve({&intake_, &matching_}, [](const rpc::Call& call, const journal::Journal& journal) {
    return journal.name() == "intake" && call.principal.role == type::v1::ROLE_AUDITOR
               ? absl::PermissionDeniedError("not for you")
               : absl::OkStatus();
  });
  ReadEventsRequest read;
  read.set_journal("intake");
  std::vector<int64_t> sequences;
  EXPECT_EQ(ReadAll(read, sequences).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(sequences.empty());
  EXPECT_TRUE(ReadAll(read, sequences, type::v1::ROLE_SERVICE).ok());
  EXPECT_EQ(sequences.size(), 2u);
  read.set_journal("matching");
  EXPECT_TRUE(ReadAll(read, sequences).ok());
  EXPECT_EQ(sequences.size(), 4u);
  EXPECT_TRUE(Head("intake").ok()) << "a position names nothing";
}

TEST_F(JournalServiceTest, AStreamUnderWayEndsWhenItsReaderMayFollowNoMore) {
  std::atomic<bool> allowed = true;
  Serve({&intake_}, [&](const rpc::Call&, const journal::Journal&) {
    return allowed ? absl::OkStatus() : absl::PermissionDeniedError("not for you");
  });
  intake_.AppendMany(1);
  grpc::ClientContext context;
  rpc::Prepare(context, As(type::v1::ROLE_AUDITOR));
  ReadEventsRequest request;
  request.set_follow(true);
  const auto stream = stub_->ReadEvents(&context, request);
  ReadEventsResponse batch;
  ASSERT_TRUE(stream->Read(&batch));
  EXPECT_EQ(batch.events_size(), 1);
  allowed = false;
  intake_.AppendMany(1);
  EXPECT_FALSE(stream->Read(&batch));
  EXPECT_EQ(FromGrpcStatus(stream->Finish()).code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(JournalServiceTest, EventsComeAsTheyAreRecorded) {
  Serve({&intake_});
  intake_.AppendMany(2);
  grpc::ClientContext context;
  rpc::Prepare(context, As(type::v1::ROLE_SERVICE));
  ReadEventsRequest request;
  request.set_follow(true);
  request.set_from_sequence(2);
  const auto stream = stub_->ReadEvents(&context, request);
  ReadEventsResponse batch;
  ASSERT_TRUE(stream->Read(&batch));
  EXPECT_EQ(batch.events(0).sequence(), 2);
  EXPECT_EQ(batch.events(0).hash(), "hash-2");
  intake_.AppendMany(1);
  ASSERT_TRUE(stream->Read(&batch));
  EXPECT_EQ(batch.events(0).sequence(), 3);
  context.TryCancel();
  EXPECT_FALSE(stream->Read(&batch));
}

TEST_F(JournalServiceTest, AStreamWithoutFollowEnds) {
  intake_.AppendMany(1234);
  Serve({&intake_});
  std::vector<int64_t> sequences;
  ASSERT_TRUE(ReadAll(ReadEventsRequest(), sequences).ok());
  ASSERT_EQ(sequences.size(), 1234u);
  for (size_t i = 0; i < sequences.size(); ++i)
    EXPECT_EQ(sequences[i], static_cast<int64_t>(i + 1));
}

TEST_F(JournalServiceTest, BeyondTheHeadIsOutOfRange) {
  Serve({&intake_});
  ReadEventsRequest request;
  request.set_from_sequence(2);
  std::vector<int64_t> sequences;
  EXPECT_EQ(ReadAll(request, sequences).code(), absl::StatusCode::kOutOfRange);
  request.set_from_sequence(-1);
  EXPECT_EQ(ReadAll(request, sequences).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(JournalServiceTest, AFollowedStreamEndsWhenThePipelineStops) {
  Serve({&intake_});
  grpc::ClientContext context;
  rpc::Prepare(context, As(type::v1::ROLE_AUDITOR));
  ReadEventsRequest request;
  request.set_follow(true);
  const auto stream = stub_->ReadEvents(&context, request);
  ReadEventsResponse batch;
  ASSERT_TRUE(stream->Read(&batch));
  pipeline_.StopStreams();
  EXPECT_FALSE(stream->Read(&batch));
  // CANCELLED where the stop came before gRPC had told that the last batch was sent.
  EXPECT_THAT(stream->Finish().error_code(),
              ::testing::AnyOf(grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED));
}

TEST_F(JournalServiceTest, AVerificationTellsWhatItFound) {
  Serve({&intake_});
  intake_.OnVerify([] {
    return journal::Verification{
        .event_count = 7, .broken_sequence = 0, .problem = "", .head_hash = "hash-7"};
  });
  auto answer = Verify("intake");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->journal(), "intake");
  EXPECT_TRUE(answer->intact());
  EXPECT_EQ(answer->event_count(), 7);
  EXPECT_EQ(answer->head_hash(), "hash-7");
  intake_.OnVerify([] {
    return journal::Verification{.event_count = 5,
                                 .broken_sequence = 5,
                                 .problem = "the hash differs",
                                 .head_hash = "hash-4"};
  });
  answer = Verify("intake");
  EXPECT_FALSE(answer->intact());
  EXPECT_EQ(answer->broken_sequence(), 5);
  EXPECT_EQ(answer->problem(), "the hash differs");
}

TEST_F(JournalServiceTest, VerificationsTakeTurnsAndTooManyAreRefused) {
  Serve({&intake_});
  absl::Notification began;
  absl::Notification release;
  std::atomic<int> runs = 0;
  intake_.OnVerify([&] {
    if (++runs == 1) {
      began.Notify();
      release.WaitForNotification();
    }
    return journal::Verification();
  });
  // One runs and eight wait; whoever comes next is refused. Which of the callers that is does not
  // matter: the refused one lets the others go.
  constexpr int kCallers = 10;
  std::atomic<int> refused = 0;
  std::atomic<int> verified = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      const absl::Status status = Verify("intake").status();
      if (status.ok()) {
        ++verified;
        return;
      }
      EXPECT_EQ(ReasonOf(status), "TOO_MANY_VERIFICATIONS");
      EXPECT_GT(RetryInfoOf(status).retry_delay().seconds(), 0);
      if (++refused == 1) release.Notify();
    });
    if (i == 0) began.WaitForNotification();
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(verified, kCallers - 1);
  EXPECT_EQ(runs, kCallers - 1);
}

TEST_F(JournalServiceTest, AStopEndsTheVerificationThatRunsAndRefusesTheRest) {
  Serve({&intake_});
  absl::Notification began;
  absl::Notification release;
  intake_.OnVerify([&] {
    began.Notify();
    release.WaitForNotification();
    return journal::Verification();
  });
  std::thread running([&] { EXPECT_TRUE(Verify("intake").ok()); });
  began.WaitForNotification();
  std::thread releaser([&] { release.Notify(); });
  service_->Stop();
  EXPECT_EQ(ReasonOf(Verify("intake").status()), "STOPPING");
  running.join();
  releaser.join();
}

TEST_F(JournalServiceTest, WhoMayIsAsTheProtoSays) {
  Serve({&intake_});
  EXPECT_TRUE(Head("intake", type::v1::ROLE_COORDINATOR).ok());
  std::vector<int64_t> sequences;
  EXPECT_EQ(ReadAll(ReadEventsRequest(), sequences, type::v1::ROLE_COORDINATOR).code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Head("intake", type::v1::ROLE_PARTNER).status().code(),
            absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace critac::server
