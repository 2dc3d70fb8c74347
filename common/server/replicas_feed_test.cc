// One who follows a journal that two processes serve, over one database of a PostgreSQL server.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/journal/journal.h"
#include "common/journal/testing_ledger.h"
#include "common/rpc/journal_feed.h"
#include "common/rpc/pipeline.h"
#include "common/server/journal_service.h"
#include "gmock/gmock.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/postgresql_server.h"

namespace critac::server {
namespace {

using critac::testing::Eventually;
using critac::testing::PostgresqlServer;

constexpr int kEvents = 400;
constexpr int kMoves = 8;

// A process that serves the journal, so to speak.
class FeedReplica {
 public:
  explicit FeedReplica(const std::string& url) {
    auto database = store::Database::Open({.url = url});
    EXPECT_TRUE(database.ok()) << database.status();
    auto journal = journal::Journal::Open(journal::LedgerOptions(), *std::move(database),
                                          SystemClock::Instance(), ids_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    journal_ = *std::move(journal);
    service_ = std::make_unique<JournalService>(
        pipeline_, std::vector<journal::Journal*>{journal_.get()}, SystemClock::Instance());
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
  }
  ~FeedReplica() {
    service_->Stop();
    pipeline_.StopStreams();
    server_->Shutdown();
  }

  journal::Journal& journal() { return *journal_; }
  std::shared_ptr<grpc::Channel> channel() { return server_->InProcessChannel({}); }

 private:
  RandomIdSource ids_;
  std::unique_ptr<journal::Journal> journal_;
  rpc::Pipeline pipeline_{SystemClock::Instance(), ids_, nullptr};
  std::unique_ptr<JournalService> service_;
  std::unique_ptr<grpc::Server> server_;
};

class ReplicasFeed : public ::testing::Test {
 protected:
  ReplicasFeed() : url_(postgresql_.MakeDatabase("ledger")) {
    for (auto& replica : replicas_) replica = std::make_unique<FeedReplica>(url_);
    Follow(0);
    feed_ = std::make_unique<rpc::JournalFeed>(
        "ledger", "metrics",
        [this] {
          absl::MutexLock lock(&mutex_);
          return channel_;
        },
        [this](const rpc::FeedPosition&, absl::Span<const journal::v1::Event> events) {
          absl::MutexLock lock(&mutex_);
          for (const auto& event : events) taken_.push_back(event.sequence());
          return absl::OkStatus();
        },
        clock_);
  }

  // The feed asks this replica when it next has to open a stream.
  void Follow(int replica) {
    absl::MutexLock lock(&mutex_);
    channel_ = replicas_[replica]->channel();
  }
  std::vector<int64_t> Taken() {
    absl::MutexLock lock(&mutex_);
    return taken_;
  }
  // Waits until so many are taken, while time goes on.
  bool AwaitTaken(size_t count) {
    return Eventually([&] {
      clock_.Advance(rpc::kMostFeedRest);
      return Taken().size() >= count || !feed_->Health().ok();
    });
  }

  PostgresqlServer postgresql_;
  const std::string url_;
  ManualClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  std::unique_ptr<FeedReplica> replicas_[2];
  absl::Mutex mutex_;
  std::shared_ptr<grpc::Channel> channel_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> taken_ ABSL_GUARDED_BY(mutex_);
  // Before all that it asks.
  std::unique_ptr<rpc::JournalFeed> feed_;
};

// Others write all the while. Again and again the replica that is followed goes away, in the middle of it,
// and the other one is asked for what follows; the feed checks that each event follows from the one before.
TEST_F(ReplicasFeed, WhoReconnectsToTheOtherMissesNothingAndGetsNothingTwice) {
  FeedReplica writing(url_), writing_too(url_);
  feed_->Start();
  std::atomic<int> next = 0;
  std::vector<std::thread> writers;
  for (FeedReplica* const writer : {&writing, &writing_too}) {
    writers.emplace_back([&next, writer] {
      for (int i = next++; i < kEvents; i = next++) {
        const auto added =
            writer->journal().Execute(journal::AddAgency(absl::StrCat("a", i), "Agency"));
        EXPECT_TRUE(added.ok()) << added.status();
      }
    });
  }
  for (int move = 1; move <= kMoves; ++move) {
    EXPECT_TRUE(AwaitTaken(static_cast<size_t>(move * kEvents / (kMoves + 1))));
    const int left = (move - 1) % 2;
    Follow(1 - left);
    replicas_[left].reset();
    replicas_[left] = std::make_unique<FeedReplica>(url_);
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(AwaitTaken(kEvents));
  feed_->Stop();
  EXPECT_TRUE(feed_->Health().ok()) << feed_->Health();
  const std::vector<int64_t> taken = Taken();
  ASSERT_EQ(taken.size(), static_cast<size_t>(kEvents));
  for (int i = 0; i < kEvents; ++i) ASSERT_EQ(taken[i], i + 1);
}

}  // namespace
}  // namespace critac::server
