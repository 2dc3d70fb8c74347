#include "common/rpc/journal_feed.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/journal/journal.h"
#include "common/status/error.h"
#include "critac/journal/v1/journal.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace critac::rpc {
namespace {

using critac::testing::Eventually;
using ::testing::ElementsAre;

// Serves a journal, and keeps streams that follow it open until another one is put in its place.
class ShortJournal final : public journal::v1::JournalService::Service {
 public:
  // Puts a journal with these payloads in the place of the one before, and ends its streams.
  void Put(const std::vector<std::string>& payloads) {
    absl::MutexLock lock(&mutex_);
    ++generation_;
    events_.clear();
    for (const std::string& payload : payloads) {
      journal::v1::Event event;
      event.set_sequence(static_cast<int64_t>(events_.size()) + 1);
      event.set_payload(payload);
      event.set_hash(journal::HashEvent(event, events_.empty() ? "" : events_.back().hash()));
      events_.push_back(event);
    }
  }

  grpc::Status ReadEvents(grpc::ServerContext* context,
                          const journal::v1::ReadEventsRequest* request,
                          grpc::ServerWriter<journal::v1::ReadEventsResponse>* writer) override {
    journal::v1::ReadEventsResponse response;
    int generation = 0;
    {
      absl::MutexLock lock(&mutex_);
      generation = generation_;
      if (request->from_sequence() > static_cast<int64_t>(events_.size()) + 1) {
        return {grpc::StatusCode::OUT_OF_RANGE, "beyond the head"};
      }
      for (size_t i = request->from_sequence() - 1; i < events_.size(); ++i) {
        *response.add_events() = events_[i];
      }
    }
    if (response.events_size() > 0) writer->Write(response);
    Eventually([&] {
      absl::MutexLock lock(&mutex_);
      return context->IsCancelled() || generation != generation_;
    });
    return grpc::Status::OK;
  }

 private:
  absl::Mutex mutex_;
  int generation_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<journal::v1::Event> events_ ABSL_GUARDED_BY(mutex_);
};

class JournalFeedTest : public ::testing::Test {
 protected:
  JournalFeedTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&journal_);
    server_ = builder.BuildAndStart();
    journal_.Put({"a1", "a2", "a3"});
  }

  void Start(WhenBroken when_broken) {
    feed_ = std::make_unique<JournalFeed>(
        "metrics", "matching", [this] { return server_->InProcessChannel({}); },
        [this](const FeedPosition&, absl::Span<const journal::v1::Event> events) {
          absl::MutexLock lock(&mutex_);
          for (const auto& event : events) {
            if (event.payload() == "unreadable") return absl::DataLossError("it cannot be read");
            taken_.push_back(event.payload());
          }
          return absl::OkStatus();
        },
        clock_, when_broken);
    feed_->Start();
  }

  std::vector<std::string> Taken() {
    absl::MutexLock lock(&mutex_);
    return taken_;
  }
  // Waits until so many events are taken, while time goes on.
  bool AwaitTaken(size_t count) {
    return Eventually([&] {
      clock_.Advance(kMostFeedRest);
      return Taken().size() >= count;
    });
  }
  bool AwaitFault() {
    return Eventually([&] {
      clock_.Advance(kMostFeedRest);
      return !feed_->Health().ok();
    });
  }

  ManualClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  ShortJournal journal_;
  std::unique_ptr<grpc::Server> server_;
  absl::Mutex mutex_;
  std::vector<std::string> taken_ ABSL_GUARDED_BY(mutex_);
  // Before the server, whose calls it cancels.
  std::unique_ptr<JournalFeed> feed_;
};

TEST_F(JournalFeedTest, EndsWhereTheJournalDoesNotContinue) {
  Start(WhenBroken::kEnd);
  ASSERT_TRUE(AwaitTaken(3));
  journal_.Put({"b1", "b2", "b3", "b4"});
  ASSERT_TRUE(AwaitFault());
  EXPECT_EQ(ReasonOf(feed_->Health()), "CHAIN_BROKEN");
  clock_.Advance(2 * kFeedAgainRest);
  feed_->Stop();
  EXPECT_THAT(Taken(), ElementsAre("a1", "a2", "a3"));
}

TEST_F(JournalFeedTest, BeginsAgainWhereABackupWasPutBack) {
  Start(WhenBroken::kBegin);
  ASSERT_TRUE(AwaitTaken(3));
  journal_.Put({"b1"});
  ASSERT_TRUE(AwaitFault());
  ASSERT_TRUE(AwaitTaken(4));
  EXPECT_TRUE(Eventually([&] { return feed_->Health().ok(); }));
  feed_->Stop();
  EXPECT_THAT(Taken(), ElementsAre("a1", "a2", "a3", "b1"));
}

TEST_F(JournalFeedTest, EndsWhereAnEventCannotBeTaken) {
  journal_.Put({"a1", "unreadable"});
  Start(WhenBroken::kBegin);
  ASSERT_TRUE(AwaitFault());
  clock_.Advance(2 * kFeedAgainRest);
  feed_->Stop();
  EXPECT_THAT(Taken(), ElementsAre("a1"));
}

}  // namespace
}  // namespace critac::rpc
