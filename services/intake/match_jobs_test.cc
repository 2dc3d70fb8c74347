// What intake puts into the queue `match`.
#include "services/intake/match_jobs.h"

#include <algorithm>

#include "common/journal/json_text.h"

#include "services/intake/service_testing.h"

namespace critac::intake {
namespace {

using ::testing::ElementsAre;
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

class MatchJobsTest : public MatchQueueTest {
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
};

TEST_F(MatchJobsTest, EventsThatConcernMatchingGiveEachRequestOnceWithItsTrace) {
  const std::string ready = intake_.ReadyRequest();
  ASSERT_THAT(intake_.Act(ready, v1::REQUEST_ACTION_HOLD, kDana), Succeeds());
  ASSERT_THAT(intake_.CreateRequest(testing::IntakeServer::Wanted(), kLakeChief, true), Succeeds());
  std::vector<journal::CommittedEvent> events = Events();
  for (size_t i = 0; i < events.size(); ++i) events[i].trace = absl::StrCat("trace ", i);
  const std::vector<queue::NewJob> jobs = MatchJobsOf(events);
  ASSERT_THAT(KeysOf(jobs), ElementsAre(ready));
  const auto became_ready =
      std::find_if(events.begin(), events.end(), [](const journal::CommittedEvent& one) {
        return one.event.payload().find("\"to\":\"REQUEST_STATE_READY\"") != std::string::npos;
      });
  ASSERT_NE(became_ready, events.end());
  EXPECT_EQ(jobs[0].trace, became_ready->trace);
}

TEST_F(MatchJobsTest, DueIsWhatIsReadyAndWhatLeftMatching) {
  const std::string ready = intake_.ReadyRequest();
  const std::string matched = intake_.ReadyRequest();
  const std::string held = intake_.ReadyRequest();
  const auto never_ready = intake_.CreateRequest(testing::IntakeServer::Wanted(), kLakeChief, true);
  ASSERT_THAT(intake_.Act(never_ready->name(), v1::REQUEST_ACTION_WITHDRAW, kLakeChief),
              Succeeds());
  ASSERT_THAT(intake_.Act(matched, v1::REQUEST_ACTION_RECORD_MATCH, kMatching), Succeeds());
  ASSERT_THAT(intake_.Act(held, v1::REQUEST_ACTION_HOLD, kDana), Succeeds());
  DueMatchJobs due(database());
  EXPECT_THAT(Sorted(KeysOf(*due.NextRound())), ElementsAre(ready, held));
  EXPECT_THAT(Sorted(KeysOf(*due.NextRound())), ElementsAre(ready, held)) << "again and again";
}

TEST_F(MatchJobsTest, EveryoneThatLeftComesUpInTurn) {
  v1::ImportRequestsRequest import;
  const int count = DueMatchJobs::kLeftPerRound + 100;
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
  DueMatchJobs due(database());
  EXPECT_EQ(due.NextRound()->size(), static_cast<size_t>(DueMatchJobs::kLeftPerRound));
  const auto second = due.NextRound();
  ASSERT_EQ(second->size(), 100u);
  EXPECT_EQ(second->back().key, absl::StrFormat("requests/fy20-%06d", count - 1));
  EXPECT_EQ(due.NextRound()->front().key, "requests/fy20-000000") << "and from the start again";
}

}  // namespace
}  // namespace critac::intake
