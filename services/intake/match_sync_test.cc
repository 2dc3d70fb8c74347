// What intake puts into the queue `match`.
#include "services/intake/match_sync.h"

#include <algorithm>

#include "absl/synchronization/notification.h"
#include "common/journal/json_text.h"

#include "services/intake/service_testing.h"

namespace critac::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDana;
using testing::kLakeChief;
using testing::kMatching;
using testing::Succeeds;

std::vector<std::string> Sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> KeysOf(const std::vector<queue::NewJob>& jobs) {
  std::vector<std::string> keys;
  for (const queue::NewJob& job : jobs) keys.push_back(job.key);
  return keys;
}

// ---- In the service

class MatchQueueTest : public ::testing::Test {
 protected:
  void SetUp() override { intake_.MakeWorld(); }

  // Takes the next job and completes it; waits for it.
  std::string NextJob() {
    const auto leases = intake_.queue().Reserve(1, absl::Minutes(1), absl::InfiniteDuration());
    EXPECT_TRUE(leases.ok() && leases->size() == 1);
    if (!leases.ok() || leases->empty()) return "";
    EXPECT_TRUE(intake_.queue().Complete(leases->front()).ok());
    return leases->front().key;
  }

  testing::IntakeServer intake_;
};

TEST_F(MatchQueueTest, ARequestThatBecomesReadyIsQueued) {
  const std::string name = intake_.ReadyRequest();
  EXPECT_EQ(NextJob(), name);
}

TEST_F(MatchQueueTest, SoIsOneThatLeavesMatching) {
  const std::string name = intake_.ReadyRequest();
  EXPECT_EQ(NextJob(), name);
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_HOLD, kDana), Succeeds());
  EXPECT_EQ(NextJob(), name);
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_RESUME, kDana), Succeeds());
  EXPECT_EQ(NextJob(), name);
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_WITHDRAW, kLakeChief), Succeeds());
  EXPECT_EQ(NextJob(), name);
}

TEST_F(MatchQueueTest, AfterARestartReadyRequestsAreQueuedAgain) {
  const std::string first = intake_.ReadyRequest();
  const std::string second = intake_.ReadyRequest();
  intake_.Restart();
  const std::string one = NextJob();
  EXPECT_THAT(Sorted({one, NextJob()}), ElementsAre(first, second));
}

TEST_F(MatchQueueTest, WhatLeftMatchingIsQueuedAgainToo) {
  const std::string name = intake_.ReadyRequest();
  ASSERT_THAT(intake_.Act(name, v1::REQUEST_ACTION_WITHDRAW, kLakeChief), Succeeds());
  intake_.Restart();
  EXPECT_EQ(NextJob(), name);
}

// ---- By itself

// A queue that keeps what was put in, and fails on demand.
class FakeQueue final : public queue::WorkQueue {
 public:
  absl::string_view name() const override { return "match"; }
  absl::StatusOr<int64_t> Enqueue(absl::Span<const queue::NewJob> jobs) override {
    absl::MutexLock lock(&mutex_);
    if (failing_) return absl::UnavailableError("the queue is away");
    for (const queue::NewJob& job : jobs) keys_.push_back(job.key);
    return static_cast<int64_t>(jobs.size());
  }
  std::vector<std::string> keys() {
    absl::MutexLock lock(&mutex_);
    return keys_;
  }
  void set_failing(bool failing) {
    absl::MutexLock lock(&mutex_);
    failing_ = failing;
  }

  using WorkQueue::Reserve;
  absl::StatusOr<std::vector<queue::Lease>> Reserve(int, absl::Duration, absl::Duration,
                                                    const std::stop_token&) override {
    return std::vector<queue::Lease>();
  }
  std::vector<absl::StatusOr<queue::Lease>> ExtendEach(absl::Span<const queue::Lease>,
                                                       absl::Duration) override {
    return {};
  }
  std::vector<absl::Status> CompleteEach(absl::Span<const queue::Lease>) override { return {}; }
  absl::Status Fail(const queue::Lease&, absl::string_view, bool) override { return {}; }
  absl::Status Release(const queue::Lease&) override { return {}; }
  absl::Status Pause() override { return {}; }
  absl::Status LimitRate(int64_t) override { return {}; }
  absl::Status Resume() override { return {}; }
  absl::StatusOr<queue::QueueStats> Stats() override { return queue::QueueStats(); }
  absl::StatusOr<std::vector<queue::JobInfo>> Peek(std::optional<queue::JobState>, int) override {
    return std::vector<queue::JobInfo>();
  }
  absl::Status Redrive(absl::string_view, absl::string_view) override { return {}; }
  absl::StatusOr<int64_t> RedriveAll(absl::string_view) override { return 0; }
  absl::StatusOr<int64_t> PurgeDead() override { return 0; }
  absl::Status CheckWritable() override { return {}; }
  void Shutdown() override {}

 private:
  absl::Mutex mutex_;
  std::vector<std::string> keys_ ABSL_GUARDED_BY(mutex_);
  bool failing_ ABSL_GUARDED_BY(mutex_) = false;
};

class MatchSyncTest : public MatchQueueTest {
 protected:
  // The events that were recorded so far.
  std::vector<journal::CommittedEvent> Events() {
    std::vector<journal::CommittedEvent> committed;
    const auto events = *intake_.journal().ReadEvents(1, 500);
    for (const journal::Event& event : events) {
      const auto* type =
          google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(event.type());
      std::shared_ptr<google::protobuf::Message> payload(
          google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
      EXPECT_THAT(journal::FromJsonText(event.payload(), *payload), Succeeds());
      committed.push_back({event, std::move(payload)});
    }
    return committed;
  }
  store::Database& database() { return intake_.journal().database(); }

  FakeQueue queue_;
};

TEST_F(MatchSyncTest, NoticesOnlyWhatConcernsMatchingAndEachNameOnce) {
  const std::string ready = intake_.ReadyRequest();
  ASSERT_THAT(intake_.Act(ready, v1::REQUEST_ACTION_HOLD, kDana), Succeeds());
  ASSERT_THAT(intake_.CreateRequest(testing::IntakeServer::Wanted(), kLakeChief, true), Succeeds());
  MatchSync sync(database(), queue_);
  sync.Notice(Events());
  EXPECT_THAT(queue_.keys(), IsEmpty()) << "the journal's thread does not wait for the queue";
  sync.Start(nullptr);
  sync.AwaitIdle();
  EXPECT_THAT(queue_.keys(), ElementsAre(ready));
}

TEST_F(MatchSyncTest, AQueueThatIsAwayIsToldOf) {
  const std::string ready = intake_.ReadyRequest();
  MatchSync sync(database(), queue_);
  queue_.set_failing(true);
  absl::Notification failed;
  sync.Start([&failed] { failed.Notify(); });
  sync.Notice(Events());
  failed.WaitForNotification();
  EXPECT_THAT(queue_.keys(), IsEmpty());
  queue_.set_failing(false);
  EXPECT_THAT(KeysOf(*sync.Due()), ElementsAre(ready)) << "and what it missed is still due";
}

TEST_F(MatchSyncTest, DropsWhatWaitsPastItsLimit) {
  intake_.ReadyRequest();
  const std::vector<journal::CommittedEvent> events = Events();
  const auto became_ready =
      std::find_if(events.begin(), events.end(), [](const journal::CommittedEvent& one) {
        return one.event.payload().find("\"to\":\"REQUEST_STATE_READY\"") != std::string::npos;
      });
  ASSERT_NE(became_ready, events.end());
  MatchSync sync(database(), queue_);
  std::vector<journal::CommittedEvent> many(MatchSync::kWaiting + 1, *became_ready);
  for (size_t i = 0; i < many.size(); ++i) many[i].event.set_subject(absl::StrCat("requests/r", i));
  sync.Notice(many);
  sync.Start(nullptr);
  sync.AwaitIdle();
  EXPECT_EQ(queue_.keys().size(), MatchSync::kWaiting);
}

TEST_F(MatchSyncTest, DueIsWhatIsReadyAndWhatLeftMatching) {
  const std::string ready = intake_.ReadyRequest();
  const std::string matched = intake_.ReadyRequest();
  const std::string held = intake_.ReadyRequest();
  const auto never_ready = intake_.CreateRequest(testing::IntakeServer::Wanted(), kLakeChief, true);
  ASSERT_THAT(intake_.Act(never_ready->name(), v1::REQUEST_ACTION_WITHDRAW, kLakeChief),
              Succeeds());
  ASSERT_THAT(intake_.Act(matched, v1::REQUEST_ACTION_RECORD_MATCH, kMatching), Succeeds());
  ASSERT_THAT(intake_.Act(held, v1::REQUEST_ACTION_HOLD, kDana), Succeeds());
  MatchSync sync(database(), queue_);
  EXPECT_THAT(Sorted(KeysOf(*sync.Due())), ElementsAre(ready, held));
  EXPECT_THAT(Sorted(KeysOf(*sync.Due())), ElementsAre(ready, held)) << "again and again";
}

TEST_F(MatchSyncTest, EveryoneThatLeftComesUpInTurn) {
  v1::ImportRequestsRequest import;
  const int count = MatchSync::kLeftPerRound + 100;
  // Rows in the table are enough: what is looked at is a column of theirs.
  const absl::Status written = database().Write([&](store::Connection& connection) -> absl::Status {
    std::vector<std::vector<store::Value>> rows;
    for (int i = 0; i < count; ++i) {
      rows.push_back({absl::StrFormat("requests/fy20-%06d", i), "{}", "REQUEST_STATE_WITHDRAWN", "",
                      "", "", "", nullptr, int64_t{0}, "", int64_t{2}});
    }
    return connection.InsertRows("intake_request",
                                 {"name", "body", "state", "agency", "primary_topic", "coordinator",
                                  "urgency", "needed_by", "create_time", "external_id", "matching"},
                                 rows);
  });
  ASSERT_TRUE(written.ok()) << written;
  MatchSync sync(database(), queue_);
  EXPECT_EQ(sync.Due()->size(), static_cast<size_t>(MatchSync::kLeftPerRound));
  const auto second = sync.Due();
  ASSERT_EQ(second->size(), 100u);
  EXPECT_EQ(second->back().key, absl::StrFormat("requests/fy20-%06d", count - 1));
  EXPECT_EQ(sync.Due()->front().key, "requests/fy20-000000") << "and from the start again";
}

}  // namespace
}  // namespace critac::intake
