#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/queue/redis/redis_connection.h"
#include "common/queue/redis/redis_work_queue.h"
#include "common/queue/redis/stored_job.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_queues.h"
#include "tests/support/redis_server.h"

// How what becomes ready is handed to those who want it, in whichever process they are, and that
// nothing is lost on the way.
namespace critac::queue {
namespace {

using testing::AskRedis;
using ::testing::ElementsAre;
using testing::Eventually;
using testing::NumberOfRedis;
using testing::OneJob;
using testing::RedisQueues;
using testing::RedisServer;
using testing::TellRedis;

class RedisHandOver : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.is_up()); }

  // One whose waiters look by themselves only after a time that no test waits.
  std::unique_ptr<RedisWorkQueue> Open() {
    RedisOptions options;
    options.look = absl::Hours(1);
    return queues_.Open(server_.url(), options);
  }

  int64_t Number(const std::vector<std::string>& words) {
    return NumberOfRedis(server_.port(), words);
  }
  // Waits until so many wait, and can be told.
  void AwaitWaiting(int64_t count) {
    ASSERT_TRUE(Eventually([&] { return Number({"ZCARD", kWaiting}) == count; }));
    for (const std::string& ear : Ears()) AwaitListening(ear);
  }
  void AwaitListening(const std::string& ear) {
    const std::vector<std::string> ask = {"PUBSUB", "NUMSUB", absl::StrCat(kMeta, ":", ear)};
    ASSERT_TRUE(Eventually([&] {
      const auto reply = AskRedis(server_.port(), ask);
      return reply.ok() && reply->value()[1].integer() > 0;
    }));
  }
  // What the server knows of those who wait: "TOKEN MAX LEASE EAR".
  std::vector<std::string> Waiting() {
    std::vector<std::string> waiting;
    const auto reply = AskRedis(server_.port(), {"ZRANGE", kWaiting, "0", "-1"});
    for (size_t i = 0; reply.ok() && i < reply->value().size(); ++i) {
      waiting.emplace_back(reply->value()[i].text());
    }
    return waiting;
  }
  std::vector<std::string> Ears() {
    std::vector<std::string> ears;
    for (const std::string& one : Waiting()) {
      ears.push_back(std::vector<std::string>(absl::StrSplit(one, ' ')).at(3));
    }
    return ears;
  }
  // Puts a job in as if it had been handed to one who waits, and nobody had told him.
  void HandOverSilently(const std::string& key, const std::string& token) {
    const std::string id = redis::JobId(key);
    const std::string record = redis::EncodeJob({.key = key}, queues_.clock().Now());
    const int64_t expires = absl::ToUnixMicros(absl::Now() + absl::Minutes(30));
    ASSERT_TRUE(TellRedis(server_.port(), {"HSET", RedisQueues::Key("jobs"), id, record}));
    ASSERT_TRUE(TellRedis(server_.port(),
                          {"HSET", RedisQueues::Key("state"), id, absl::StrCat(token, " 1 0 0")}));
    ASSERT_TRUE(
        TellRedis(server_.port(), {"ZADD", RedisQueues::Key("leased"), absl::StrCat(expires), id}));
  }
  // Tells of a job that was handed over, as the scripts do.
  void TellOf(const std::string& key, const std::string& token, const std::string& ear) {
    const std::string record = redis::EncodeJob({.key = key}, queues_.clock().Now());
    ASSERT_TRUE(
        TellRedis(server_.port(), {"PUBLISH", absl::StrCat(kMeta, ":", ear),
                                   absl::StrCat(token, " 1 ", record.size(), " ", record)}));
  }
  static std::vector<std::string> Keys(WorkQueue& queue, JobState state) {
    std::vector<std::string> keys;
    const auto jobs = queue.Peek(state, 10);
    EXPECT_TRUE(jobs.ok()) << jobs.status();
    if (!jobs.ok()) return keys;
    for (const JobInfo& job : *jobs) keys.push_back(job.key);
    return keys;
  }
  static void Add(WorkQueue& queue, const std::string& key) {
    const absl::StatusOr<int64_t> added = queue.Enqueue({NewJob{.key = key}});
    EXPECT_TRUE(added.ok()) << added.status();
  }

  const std::string kWaiting = RedisQueues::Key("waiting");
  const std::string kMeta = RedisQueues::Key("meta");
  // The token of one who waits no more.
  const std::string kGone = "00000000000000ab";
  RedisServer server_;
  RedisQueues queues_;
};

TEST_F(RedisHandOver, WhoHasWaitedLongestGetsAJobAndTheOthersGoOnWaiting) {
  const auto first_queue = Open();
  const auto second_queue = Open();
  OneJob first(*first_queue);
  AwaitWaiting(1);
  OneJob second(*second_queue);
  AwaitWaiting(2);
  Add(*second_queue, "a");
  EXPECT_EQ(first.Key(), "a");
  EXPECT_EQ(Number({"ZCARD", kWaiting}), 1);
  Add(*second_queue, "b");
  EXPECT_EQ(second.Key(), "b");
  EXPECT_EQ(Number({"ZCARD", kWaiting}), 0);
}

TEST_F(RedisHandOver, OneWhoseProcessIsGoneGetsNothing) {
  const auto queue = Open();
  // As one leaves it who is killed while he waits.
  ASSERT_TRUE(TellRedis(server_.port(), {"ZADD", kWaiting, "9000000000000000",
                                         "00000000000000ab 1 3600000000 00000000000000cd"}));
  Add(*queue, "a");
  EXPECT_EQ(queue->Stats()->ready, 1);
  EXPECT_EQ(Number({"ZCARD", kWaiting}), 0) << "and is forgotten";
}

TEST_F(RedisHandOver, OneWhoHasNotLookedForLongGetsNothing) {
  const auto queue = Open();
  const auto ear = redis::Connection::Open({.host = "127.0.0.1", .port = server_.port()}, {}, {});
  ASSERT_TRUE(ear.ok() && (*ear)->Ask({"SUBSCRIBE", absl::StrCat(kMeta, ":cd")}).ok());
  ASSERT_TRUE(
      TellRedis(server_.port(), {"ZADD", kWaiting, "1000", "00000000000000ab 1 3600000000 cd"}));
  Add(*queue, "a");
  EXPECT_EQ(queue->Stats()->ready, 1);
  ASSERT_TRUE(TellRedis(
      server_.port(), {"ZADD", kWaiting, "9000000000000000", "00000000000000ab 2 3600000000 cd"}));
  Add(*queue, "b");
  EXPECT_EQ(queue->Stats()->leased, 0) << "a line that was not empty has waiters only by chance";
  EXPECT_EQ(queue->Reserve(2, absl::Hours(1), absl::ZeroDuration())->size(), 2u);
  Add(*queue, "c");
  const absl::StatusOr<redis::Reply> told = (*ear)->Read();
  ASSERT_TRUE(told.ok()) << told.status();
  const std::string record = redis::EncodeJob({.key = "c"}, absl::UnixEpoch());
  EXPECT_THAT(std::string(told->value()[2].text()),
              ::testing::StartsWith(absl::StrCat("00000000000000ab 1 ", record.size(), " ")));
  EXPECT_EQ(queue->Stats()->leased, 3);
}

// What is published while the connection breaks reaches nobody. The job is in the waiter's hands by
// then, and its next look finds it there.
TEST_F(RedisHandOver, WhatWasHandedOverAndDidNotArriveIsFoundByTheNextLook) {
  const auto queue = Open();
  OneJob waits(*queue);
  AwaitWaiting(1);
  const std::string waiter = Waiting().at(0);
  ASSERT_TRUE(TellRedis(server_.port(), {"ZREM", kWaiting, waiter}));
  HandOverSilently("a", waiter.substr(0, 16));
  // The ear connects again, and has those who wait look.
  ASSERT_TRUE(TellRedis(server_.port(), {"CLIENT", "KILL", "TYPE", "pubsub"}));
  EXPECT_EQ(waits.Key(), "a");
  EXPECT_EQ(queue->Stats()->leased, 1);
  EXPECT_EQ(queue->Peek(JobState::kLeased, 1)->at(0).attempts, 1);
}

TEST_F(RedisHandOver, WhoLeavesIsHandedNothingMore) {
  const auto queue = Open();
  { const OneJob waits(*queue); }
  {
    const OneJob waits(*queue);
    AwaitWaiting(1);
  }
  EXPECT_EQ(Number({"ZCARD", kWaiting}), 0);
  Add(*queue, "a");
  EXPECT_EQ(queue->Stats()->ready, 1);
}

TEST_F(RedisHandOver, WhatComesTooLateForOneWhoLeftIsGivenBack) {
  const auto queue = Open();
  OneJob waits(*queue);
  AwaitWaiting(1);
  HandOverSilently("a", kGone);
  TellOf("a", kGone, Ears().at(0));
  EXPECT_EQ(waits.Key(), "a") << "it was ready again, untried";
  EXPECT_EQ(queue->Peek(JobState::kLeased, 1)->at(0).attempts, 1);
}

// Who looks at the moment at which a job is handed to him has it twice: by the look's answer, and by what is published,
// which his process may hear when he has gone to work. Method: the look has the answer before anything is published;
// what is heard in order after that is given back, and shows that the message before it was heard.
TEST_F(RedisHandOver, WhatALookFoundStaysInHandThoughTheMessageOfItComesLater) {
  const auto queue = Open();
  OneJob waits(*queue);
  AwaitWaiting(1);
  const std::string waiter = Waiting().at(0);
  const std::string token = waiter.substr(0, 16);
  const std::string ear = Ears().at(0);
  ASSERT_TRUE(TellRedis(server_.port(), {"ZREM", kWaiting, waiter}));
  HandOverSilently("a", token);
  HandOverSilently("b", kGone);
  ASSERT_TRUE(TellRedis(server_.port(), {"CLIENT", "KILL", "TYPE", "pubsub"}));
  ASSERT_EQ(waits.Key(), "a");
  AwaitListening(ear);
  TellOf("a", token, ear);
  TellOf("b", kGone, ear);
  ASSERT_TRUE(Eventually([&] { return !Keys(*queue, JobState::kReady).empty(); }));
  EXPECT_THAT(Keys(*queue, JobState::kLeased), ElementsAre("a"));
  EXPECT_THAT(Keys(*queue, JobState::kReady), ElementsAre("b"));
  // By one who has it in hand it can be given back all the same.
  uint64_t number = 0;
  ASSERT_TRUE(absl::SimpleHexAtoi(token, &number));
  EXPECT_TRUE(queue->Release({.key = "a", .token = number}).ok());
  EXPECT_THAT(Keys(*queue, JobState::kReady), ElementsAre("b", "a"));
}

TEST_F(RedisHandOver, AMessageThatIsNoneIsPassedOver) {
  const auto queue = Open();
  OneJob waits(*queue);
  AwaitWaiting(1);
  const std::string waiter = Waiting().at(0);
  const std::string channel = absl::StrCat(kMeta, ":", Ears().at(0));
  for (const std::string message :
       {"x", "00000000000000ab 1 9999 short", " ", "00000000000000ab 1"}) {
    ASSERT_TRUE(TellRedis(server_.port(), {"PUBLISH", channel, message}));
    ASSERT_TRUE(TellRedis(server_.port(), {"PUBLISH", channel, waiter.substr(0, 16) + message}));
  }
  AwaitWaiting(1);
  Add(*queue, "a");
  EXPECT_EQ(waits.Key(), "a");
}

// Method: two processes take in turn what they get, again and again. Time also passes by itself: what
// that adds is allowed for.
TEST_F(RedisHandOver, TwoProcessesTogetherGetWhatTheRateAllowsAndNoMore) {
  constexpr int kRate = 4;
  constexpr int kSteps = 10;
  const std::array<std::unique_ptr<RedisWorkQueue>, 2> processes = {Open(), Open()};
  ASSERT_TRUE(processes[0]->LimitRate(kRate).ok());
  for (int i = 0; i < 100; ++i) Add(*processes[1], absl::StrCat(i));
  std::array<int64_t, 2> taken = {};
  const absl::Time began = queues_.clock().Now();
  for (int step = 0; step <= kSteps; ++step) {
    if (step > 0) queues_.clock().Advance(absl::Milliseconds(500));
    for (bool more = true; more;) {
      more = false;
      for (size_t i = 0; i < processes.size(); ++i) {
        const auto leases = processes[i]->Reserve(1, absl::Hours(1), absl::ZeroDuration());
        ASSERT_TRUE(leases.ok()) << leases.status();
        taken[i] += static_cast<int64_t>(leases->size());
        more = more || !leases->empty();
      }
    }
  }
  const double seconds = absl::ToDoubleSeconds(queues_.clock().Now() - began);
  EXPECT_GT(taken[0], 0);
  EXPECT_GT(taken[1], 0);
  EXPECT_GE(taken[0] + taken[1], kRate + kSteps * kRate / 2);
  EXPECT_LE(taken[0] + taken[1], kRate + seconds * kRate) << "a second's worth at once";
}

}  // namespace
}  // namespace critac::queue
