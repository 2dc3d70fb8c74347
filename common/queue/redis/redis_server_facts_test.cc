#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/queue/redis/redis_work_queue.h"
#include "common/queue/redis/scripts.h"
#include "common/queue/redis/stored_job.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_queues.h"
#include "tests/support/redis_server.h"

// What a queue does when its Redis forgets, refuses, or is not as the scripts left it.
namespace critac::queue {
namespace {

using testing::AskRedis;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::kLongLease;
using ::testing::Not;
using testing::NumberOfRedis;
using testing::RedisQueues;
using testing::RedisServer;

// How often a queue that does so looks for orphans.
constexpr absl::Duration kSweep = absl::Minutes(5);

// The keys of a queue, as scripts take them.
constexpr const char* kParts[] = {"jobs",       "state",        "errors",    "again",
                                  "delayed",    "leased",       "dead",      "meta",
                                  "ready:high", "ready:normal", "ready:low", "waiting"};

// A queue, and its server by itself.
class RedisServerFacts : public ::testing::Test {
 protected:
  void Start(std::vector<std::string> settings = {}) {
    server_ = std::make_unique<RedisServer>(std::move(settings));
    ASSERT_TRUE(server_->is_up());
    queue_ = queues_.Open(server_->url());
  }

  RedisServer& server() { return *server_; }
  RedisWorkQueue& queue() { return *queue_; }

  void Tell(const std::vector<std::string>& words) {
    const auto reply = AskRedis(server_->port(), words);
    EXPECT_TRUE(reply.ok()) << reply.status();
  }
  int64_t Add(const std::string& key) {
    const absl::StatusOr<int64_t> added = queue_->Enqueue({NewJob{.key = key}});
    EXPECT_TRUE(added.ok()) << added.status();
    return added.value_or(-1);
  }
  Lease TakeOne() {
    const auto leases = queue_->Reserve(1, kLongLease, absl::ZeroDuration());
    EXPECT_TRUE(leases.ok()) << leases.status();
    if (!leases.ok() || leases->size() != 1) {
      ADD_FAILURE() << "no job is handed out";
      return {};
    }
    return leases->front();
  }
  // "ready delayed leased dead".
  std::string Counts() {
    const absl::StatusOr<QueueStats> stats = queue_->Stats();
    if (!stats.ok()) return stats.status().ToString();
    return absl::StrCat(stats->ready, " ", stats->delayed, " ", stats->leased, " ", stats->dead);
  }
  void ExpectLost(const Lease& lease) {
    for (const absl::Status& status :
         {queue_->Extend(lease, kLongLease).status(), queue_->Complete(lease),
          queue_->Fail(lease, "the partner is away", true), queue_->Release(lease)}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
      EXPECT_EQ(ReasonOf(status), "LEASE_LOST");
    }
  }
  // Lets time pass until what a queue does by itself now and then has come about.
  void AwaitSweep(const std::function<bool()>& done) {
    EXPECT_TRUE(Eventually([&] {
      queues_.clock().Advance(kSweep / 8);
      return done();
    }));
  }
  static void ExpectUnavailable(const absl::Status& status, const std::string& why) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(ReasonOf(status), "QUEUE_UNAVAILABLE");
    EXPECT_THAT(status.message(), HasSubstr(why));
  }

  RedisQueues queues_;

 private:
  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<RedisWorkQueue> queue_;
};

// ---- It forgets -----------------------------------------------------------------------------------

TEST_F(RedisServerFacts, LeasesOfAServerThatForgotEverythingAreLostAndTheirTokensDoNotComeBack) {
  Start();
  Add("a");
  const Lease before = TakeOne();
  Tell({"FLUSHALL"});
  ExpectLost(before);
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(Add("a"), 1);
  const Lease after = TakeOne();
  EXPECT_NE(after.token, before.token);
  ExpectLost(before);
  EXPECT_TRUE(queue().Complete(after).ok());
}

TEST_F(RedisServerFacts, EveryCallWorksOnAServerThatForgotTheScripts) {
  Start();
  Lease lease;
  const std::vector<std::function<absl::Status()>> calls = {
      [&] { return queue().Enqueue({NewJob{.key = "a"}}).status(); },
      [&] {
        lease = TakeOne();
        return absl::OkStatus();
      },
      [&] { return queue().Extend(lease, kLongLease).status(); },
      [&] { return queue().Release(lease); },
      [&] {
        lease = TakeOne();
        return absl::OkStatus();
      },
      [&] { return queue().Fail(lease, "no such agency", false); },
      [&] { return queue().Stats().status(); },
      [&] { return queue().Peek(std::nullopt, 10).status(); },
      [&] { return queue().Redrive("a"); },
      [&] { return queue().PurgeDead().status(); },
      [&] { return queue().Pause(); },
      [&] { return queue().Resume(); },
      [&] { return queue().CheckWritable(); },
      [&] { return queue().Sweep().status(); },
      [&] {
        lease = TakeOne();
        return absl::OkStatus();
      },
      [&] { return queue().Complete(lease); },
  };
  for (size_t i = 0; i < calls.size(); ++i) {
    Tell({"SCRIPT", "FLUSH"});
    const absl::Status status = calls[i]();
    EXPECT_TRUE(status.ok()) << "call " << i << ": " << status;
  }
}

TEST_F(RedisServerFacts, JobsAndLeasesOutliveAServerThatWritesThemDown) {
  Start({"--appendonly", "yes", "--appendfsync", "always"});
  Add("a");
  const Lease lease = TakeOne();
  Add("b");
  server().Kill();
  server().Start();
  EXPECT_EQ(Counts(), "1 0 1 0");
  EXPECT_TRUE(queue().Complete(lease).ok());
  EXPECT_EQ(TakeOne().key, "b");
}

TEST_F(RedisServerFacts, AQueueWhoseServerBeginsAnewIsEmptyAndWorks) {
  Start();
  Add("a");
  const Lease lease = TakeOne();
  server().Kill();
  server().Start();
  ExpectLost(lease);
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(Add("a"), 1);
  EXPECT_TRUE(queue().Complete(TakeOne()).ok());
}

// The one who waits hears of the job although the server it listened to is gone.
TEST_F(RedisServerFacts, AReserveThatWaitsWhileItsServerBeginsAnewGetsAJobPutInAfterwards) {
  Start();
  RedisOptions patient;
  patient.link.patience = absl::Hours(1);
  const auto waiters = queues_.Open(server().url(), patient);
  ASSERT_TRUE(waiters->CheckWritable().ok());
  testing::OneJob waiting(*waiters);
  server().Kill();
  server().Start();
  Add("a");
  EXPECT_EQ(waiting.Key(), "a");
}

// ---- One script for many calls --------------------------------------------------------------------

// Method: the script is called as the queue does for calls that come together, since which of them do
// is for their threads to say.
TEST_F(RedisServerFacts, WhatIsRefusedIsForTheCallsThatGoWithItAsIfItHadNotBeenThere) {
  Start();
  std::vector<std::string> words = {"EVAL", redis::kEnqueue.text, "12"};
  for (const char* part : kParts) words.push_back(RedisQueues::Key(part));
  // No two keys of one id are known: the last job is said to have that of another.
  const std::vector<std::pair<std::string, std::string>> jobs = {{"a", "a"}, {"b", "b"}, {"c", "c"},
                                                                 {"b", "b"}, {"a", "a"}, {"c", "c"},
                                                                 {"b", "b"}, {"d", "b"}};
  const std::string two_jobs_at_most = "10 3 2 10 1000 0";
  words.insert(words.end(), {"0", two_jobs_at_most, "1 2 1 1 1 2", ""});
  for (const auto& [key, id_of] : jobs) {
    words.push_back(redis::JobId(id_of));
    words.push_back(redis::EncodeJob({.key = key}, queues_.clock().Now()));
  }
  const auto reply = AskRedis(server().port(), words);
  ASSERT_TRUE(reply.ok()) << reply.status();
  std::vector<int64_t> answers;
  for (size_t i = 0; i < reply->value().size(); ++i) {
    answers.push_back(reply->value()[i].integer());
  }
  EXPECT_THAT(answers, ::testing::ElementsAre(1, -1, 1, 0, -1, -3));
  EXPECT_EQ(TakeOne().key, "a");
  EXPECT_EQ(TakeOne().key, "b");
  EXPECT_EQ(Counts(), "0 0 2 0");
}

// ---- Another version works on it too ---------------------------------------------------------------

// What the README lets a later version add: words of a state, fields of `meta`, a hash by id.
TEST_F(RedisServerFacts, AJobOfWhichALaterVersionKeepsMoreIsHandedOutKeptAndCompleted) {
  Start();
  const std::string id = redis::JobId("a");
  const auto note = [&] {
    return testing::TextOfRedis(server().port(), {"HGET", RedisQueues::Key("notes"), id});
  };
  const auto write_more = [&] {
    Tell({"HSET", RedisQueues::Key("meta"), "later", "more"});
    Tell({"HSET", RedisQueues::Key("notes"), id, "more"});
    const std::string state =
        testing::TextOfRedis(server().port(), {"HGET", RedisQueues::Key("state"), id});
    ASSERT_FALSE(state.empty());
    Tell({"HSET", RedisQueues::Key("state"), id, state + " 7 more"});
  };
  Add("a");
  EXPECT_EQ(TakeOne().attempt, 1);
  write_more();
  // Its lease runs out.
  queues_.clock().Advance(2 * kLongLease);
  EXPECT_EQ(Counts(), "1 0 0 0");
  write_more();
  const Lease second = TakeOne();
  EXPECT_EQ(second.key, "a");
  EXPECT_EQ(second.attempt, 2);
  write_more();
  EXPECT_TRUE(queue().Extend(second, kLongLease).ok());
  EXPECT_TRUE(queue().Fail(second, "the partner is away", true).ok());
  write_more();
  EXPECT_EQ(Counts(), "0 1 0 0");
  EXPECT_EQ(queue().Sweep().value_or(-1), 0) << "nothing is wrong with it";
  queues_.clock().Advance(kLongLease);
  const Lease third = TakeOne();
  EXPECT_EQ(third.attempt, 3);
  write_more();
  EXPECT_TRUE(queue().Complete(third).ok());
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(note(), "more") << "it is the later version's to take away";
}

// ---- It refuses -----------------------------------------------------------------------------------

TEST_F(RedisServerFacts, AServerWithoutMemoryTakesNoJobsAndItsQueueIsStillDrained) {
  Start();
  for (const char* key : {"a", "b", "c"}) Add(key);
  Tell({"CONFIG", "SET", "maxmemory", "1"});
  ExpectUnavailable(queue().Enqueue({NewJob{.key = "d"}}).status(), "Redis refuses writes: OOM");
  ExpectUnavailable(queue().CheckWritable(), "Redis refuses writes: OOM");
  const Lease first = TakeOne();
  EXPECT_TRUE(queue().Extend(first, kLongLease).ok());
  EXPECT_TRUE(queue().Release(first).ok());
  EXPECT_TRUE(queue().Fail(TakeOne(), "no such agency", false).ok());
  EXPECT_TRUE(queue().Complete(TakeOne()).ok());
  EXPECT_TRUE(queue().Complete(TakeOne()).ok());
  EXPECT_EQ(Counts(), "0 0 0 1");
  Tell({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(Add("d"), 1);
}

TEST_F(RedisServerFacts, AServerThatIsAReplicaRefusesWritesAndTheMessageSaysSo) {
  Start();
  Add("a");
  Tell({"REPLICAOF", "127.0.0.1", std::to_string(testing::FreePort())});
  ExpectUnavailable(queue().Enqueue({NewJob{.key = "b"}}).status(),
                    "Redis refuses writes: READONLY");
  ExpectUnavailable(queue().Reserve(1, kLongLease, absl::ZeroDuration()).status(),
                    "Redis refuses writes: READONLY");
  ExpectUnavailable(queue().CheckWritable(), "Redis refuses writes: READONLY");
  Tell({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(queue().Complete(TakeOne()).ok());
}

TEST_F(RedisServerFacts, AServerThatCannotSaveItsDataRefusesWritesAndTheMessageSaysSo) {
  Start();
  Add("a");
  std::filesystem::remove_all(server().folder());
  Tell({"CONFIG", "SET", "save", "3600 1"});
  Tell({"BGSAVE"});
  ASSERT_TRUE(Eventually([this] {
    return absl::StrContains(testing::TextOfRedis(server().port(), {"INFO", "persistence"}),
                             "rdb_last_bgsave_status:err");
  }));
  ExpectUnavailable(queue().Enqueue({NewJob{.key = "b"}}).status(),
                    "Redis refuses writes: MISCONF");
  ExpectUnavailable(queue().CheckWritable(), "Redis refuses writes: MISCONF");
  Tell({"CONFIG", "SET", "stop-writes-on-bgsave-error", "no"});
  EXPECT_TRUE(queue().CheckWritable().ok());
}

// ---- Users ----------------------------------------------------------------------------------------

// The words of the rule that the README gives people, for the one kind of server.
std::vector<std::string> RuleOfReadme() {
  std::ifstream file(std::string(CRITAC_SOURCE_DIR) + "/common/queue/redis/README.md");
  std::vector<std::string> words;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    inside = inside || absl::StartsWith(line, "ACL SETUSER");
    if (inside && absl::StartsWith(line, "```")) break;
    if (!inside) continue;
    for (absl::string_view word : absl::StrSplit(line, ' ', absl::SkipEmpty())) {
      if (word != "\\") words.emplace_back(word);
    }
  }
  return words;
}

TEST_F(RedisServerFacts, AUserWithTheRightsOfTheReadmeCanDoEverything) {
  Start();
  const std::vector<std::string> rule = RuleOfReadme();
  ASSERT_GT(rule.size(), 10u);
  ASSERT_EQ(rule[2], "critac");
  Tell(rule);
  Tell({"ACL", "SETUSER", "critac", ">secret"});
  const auto mine = queues_.Open("redis://critac:secret@" + server().address());
  testing::OneJob waiting(*mine);
  for (const char* key : {"a", "b", "c", "d"}) {
    EXPECT_EQ(mine->Enqueue({NewJob{.key = key}}).value_or(-1), 1);
  }
  EXPECT_EQ(waiting.Key(), "a");
  const NewJob again = {.key = "a", .delay = absl::Seconds(1)};
  EXPECT_TRUE(mine->Enqueue({again, {.key = "e", .delay = absl::Seconds(1)}}).ok());
  const auto leases = mine->Reserve(3, kLongLease, absl::ZeroDuration());
  ASSERT_TRUE(leases.ok()) << leases.status();
  ASSERT_EQ(leases->size(), 3u);
  EXPECT_TRUE(mine->Extend((*leases)[0], kLongLease).ok());
  EXPECT_TRUE(mine->Complete((*leases)[0]).ok());
  EXPECT_TRUE(mine->Fail((*leases)[1], "no such agency", false).ok());
  EXPECT_TRUE(mine->Release((*leases)[2]).ok());
  EXPECT_EQ(mine->RedriveAll().value_or(-1), 1);
  queues_.clock().Advance(2 * kLongLease);
  EXPECT_TRUE(mine->Peek(std::nullopt, 10).ok());
  for (int i = 0; i < 10; ++i) {
    const auto lost = mine->Reserve(10, kLongLease, absl::ZeroDuration());
    ASSERT_TRUE(lost.ok()) << lost.status();
    queues_.clock().Advance(2 * kLongLease);
  }
  EXPECT_GT(mine->Stats()->dead, 0);
  EXPECT_TRUE(mine->PurgeDead().ok());
  EXPECT_TRUE(mine->Pause().ok());
  EXPECT_TRUE(mine->Resume().ok());
  EXPECT_TRUE(mine->LimitRate(5).ok());
  EXPECT_TRUE(mine->CheckWritable().ok());
  // Each kind of orphan.
  EXPECT_TRUE(mine->Enqueue({NewJob{.key = "x"}}).ok());
  Tell({"DEL", RedisQueues::Key("ready:normal")});
  EXPECT_GT(mine->Sweep().value_or(-1), 0);
  Tell({"DEL", RedisQueues::Key("jobs")});
  EXPECT_GT(mine->Sweep().value_or(-1), 0);
  // And by itself.
  const auto sweeping = queues_.OpenSweeping("redis://critac:secret@" + server().address(), kSweep);
  EXPECT_TRUE(mine->Enqueue({NewJob{.key = "y"}}).ok());
  Tell({"DEL", RedisQueues::Key("ready:normal")});
  AwaitSweep([&] { return mine->Stats().value_or(QueueStats()).ready == 1; });
  const auto denied = AskRedis(server().port(), {"ACL", "LOG"});
  ASSERT_TRUE(denied.ok()) << denied.status();
  EXPECT_EQ(denied->value().size(), 0u);
}

TEST_F(RedisServerFacts, AUserWithoutARightIsToldWhichAndAWrongPasswordIsNotShown) {
  Start();
  Tell({"ACL", "SETUSER", "critac", "on", ">secret", "~critac:*", "&critac:*", "+@all", "-eval",
        "-evalsha"});
  const auto mine = queues_.Open("redis://critac:secret@" + server().address());
  ExpectUnavailable(mine->CheckWritable(), "Redis refuses the user: NOPERM");
  RedisOptions hasty;
  hasty.link.patience = absl::ZeroDuration();
  const auto wrong = queues_.Open("redis://critac:open-sesame@" + server().address(), hasty);
  const absl::Status status = wrong->CheckWritable();
  ExpectUnavailable(status, "it refuses the user: WRONGPASS");
  EXPECT_THAT(status.ToString(), Not(HasSubstr("open-sesame")));
}

TEST_F(RedisServerFacts, AServerThatWantsAPasswordSaysSo) {
  Start();
  Tell({"CONFIG", "SET", "requirepass", "secret"});
  const auto nobody = queues_.Open(server().url());
  ExpectUnavailable(nobody->CheckWritable(), "Redis refuses the user: ");
  const auto somebody = queues_.Open("redis://:secret@" + server().address());
  EXPECT_TRUE(somebody->CheckWritable().ok());
}

// ---- Orphans --------------------------------------------------------------------------------------

class RedisOrphans : public RedisServerFacts {
 protected:
  void SetUp() override { Start(); }

  // How often the server was asked to do this, by whomever.
  int64_t CallsOf(const std::string& command) {
    const std::string all = testing::TextOfRedis(server().port(), {"INFO", "commandstats"});
    const std::string line = absl::StrCat("cmdstat_", command, ":calls=");
    const size_t place = all.find(line);
    return place == std::string::npos ? 0 : std::stoll(all.substr(place + line.size()));
  }

  // The id of the one job there is.
  std::string Id() {
    const auto ids = AskRedis(server().port(), {"HKEYS", RedisQueues::Key("jobs")});
    EXPECT_TRUE(ids.ok() && ids->value().size() == 1);
    return ids.ok() ? std::string(ids->value()[0].text()) : "";
  }
  void Sweep(int64_t healed_count) {
    EXPECT_EQ(queue().Sweep().value_or(-1), healed_count);
    EXPECT_EQ(queue().Sweep().value_or(-1), 0);
  }
  // The keys there are, but the one that the round is in.
  int64_t KeyCount() {
    return NumberOfRedis(server().port(), {"DBSIZE"}) -
           NumberOfRedis(server().port(), {"EXISTS", RedisQueues::Key("meta")});
  }
};

TEST_F(RedisOrphans, AJobThatStandsInNoLineBecomesReady) {
  Add("a");
  Tell({"DEL", RedisQueues::Key("ready:normal")});
  Sweep(1);
  EXPECT_EQ(TakeOne().key, "a");
}

TEST_F(RedisOrphans, ALeasedJobWithoutItsLeaseBecomesReadyWithItsAttemptsAndTheLeaseIsLost) {
  Add("a");
  const Lease before = TakeOne();
  Tell({"ZREM", RedisQueues::Key("leased"), Id()});
  Sweep(1);
  ExpectLost(before);
  const Lease after = TakeOne();
  EXPECT_EQ(after.key, "a");
  EXPECT_EQ(after.attempt, 2);
}

TEST_F(RedisOrphans, ALeaseThatNobodyHoldsEndsAndItsJobBecomesReady) {
  Add("a");
  const Lease before = TakeOne();
  Tell({"HDEL", RedisQueues::Key("state"), Id()});
  ExpectLost(before);
  Sweep(1);
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_TRUE(queue().Complete(TakeOne()).ok());
}

TEST_F(RedisOrphans, AStateThatIsNoneIsAsNoneAndHealsToo) {
  Add("a");
  const Lease before = TakeOne();
  Tell({"HSET", RedisQueues::Key("state"), Id(), "0000000000000000 nonsense"});
  ExpectLost(before);
  Sweep(1);
  EXPECT_TRUE(queue().Complete(TakeOne()).ok());
}

TEST_F(RedisOrphans, AJobThatIsHeldAndStandsInAnotherLineTooStaysWithWhoHoldsIt) {
  for (const char* line : {"ready:high", "ready:normal", "ready:low"}) {
    Add("a");
    const Lease lease = TakeOne();
    Tell({"RPUSH", RedisQueues::Key(line), Id()});
    Sweep(1);
    EXPECT_EQ(Counts(), "0 0 1 0");
    EXPECT_TRUE(queue().Complete(lease).ok());
  }
  for (const char* line : {"delayed", "dead"}) {
    Add("a");
    const Lease lease = TakeOne();
    Tell({"ZADD", RedisQueues::Key(line), "4e15", Id()});
    Sweep(1);
    EXPECT_EQ(Counts(), "0 0 1 0");
    EXPECT_TRUE(queue().Complete(lease).ok());
  }
  EXPECT_EQ(Counts(), "0 0 0 0");
}

TEST_F(RedisOrphans, AJobThatIsReadyTwiceStaysReadyOnceAtItsPlaceAndPriority) {
  Add("a");
  const std::string id = Id();
  Add("b");
  Tell({"RPUSH", RedisQueues::Key("ready:normal"), id, id});
  Tell({"RPUSH", RedisQueues::Key("ready:high"), id});
  Sweep(1);
  EXPECT_EQ(Counts(), "2 0 0 0");
  EXPECT_EQ(NumberOfRedis(server().port(), {"LLEN", RedisQueues::Key("ready:high")}), 0);
  EXPECT_EQ(TakeOne().key, "a");
  EXPECT_EQ(TakeOne().key, "b");
}

TEST_F(RedisOrphans, AJobThatIsReadyAndWaitsTooStaysReady) {
  ASSERT_TRUE(queue().Enqueue({NewJob{.key = "a", .delay = absl::Minutes(1)}}).ok());
  Tell({"RPUSH", RedisQueues::Key("ready:normal"), Id()});
  Tell({"ZADD", RedisQueues::Key("leased"), "4e15", Id()});
  Sweep(1);
  EXPECT_EQ(Counts(), "1 0 0 0");
}

TEST_F(RedisOrphans, AJobThatIsDeadAndReadyTooIsReadyAndItsBytesAreFreed) {
  Add("a");
  ASSERT_TRUE(queue().Fail(TakeOne(), "no such agency", false).ok());
  Tell({"RPUSH", RedisQueues::Key("ready:normal"), Id()});
  Sweep(1);
  EXPECT_EQ(Counts(), "1 0 0 0");
  EXPECT_EQ(testing::TextOfRedis(server().port(), {"HGET", RedisQueues::Key("meta"), "dead_bytes"}),
            "0");
  EXPECT_EQ(TakeOne().key, "a");
}

TEST_F(RedisOrphans, AJobThatIsDelayedAndDeadTooStaysDelayed) {
  ASSERT_TRUE(queue().Enqueue({NewJob{.key = "a", .delay = absl::Minutes(1)}}).ok());
  Tell({"ZADD", RedisQueues::Key("dead"), "1", Id()});
  Sweep(1);
  EXPECT_EQ(Counts(), "0 1 0 0");
}

TEST_F(RedisOrphans, ANameOfNoJobLeavesTheLineOfTheReady) {
  Add("a");
  Tell({"DEL", RedisQueues::Key("jobs")});
  Sweep(1);
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(KeyCount(), 0);
}

TEST_F(RedisOrphans, ANameOfNoJobLeavesTheLineOfTheDelayed) {
  ASSERT_TRUE(queue().Enqueue({NewJob{.key = "a", .delay = absl::Minutes(1)}}).ok());
  Tell({"DEL", RedisQueues::Key("jobs")});
  Sweep(1);
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(KeyCount(), 0);
}

TEST_F(RedisOrphans, ANameOfNoJobLeavesTheLineOfTheLeased) {
  Add("a");
  const Lease lease = TakeOne();
  Tell({"DEL", RedisQueues::Key("jobs")});
  Sweep(1);
  ExpectLost(lease);
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(KeyCount(), 0);
}

TEST_F(RedisOrphans, ANameOfNoJobLeavesTheLineOfTheDead) {
  Add("a");
  ASSERT_TRUE(queue().Fail(TakeOne(), "no such agency", false).ok());
  Tell({"DEL", RedisQueues::Key("jobs")});
  Sweep(1);
  EXPECT_EQ(Counts(), "0 0 0 0");
  EXPECT_EQ(KeyCount(), 0);
}

// More than one page of what the sweep reads, and than one script of what it heals.
TEST_F(RedisOrphans, ManyAreHealedAtOnce) {
  constexpr int kOrphans = 2500;
  std::vector<NewJob> jobs;
  for (int i = 0; i < kOrphans; ++i) {
    jobs.push_back({.key = std::to_string(i)});
    if (jobs.size() < 500) continue;
    ASSERT_TRUE(queue().Enqueue(jobs).ok());
    jobs.clear();
  }
  Tell({"DEL", RedisQueues::Key("ready:normal")});
  Sweep(kOrphans);
  EXPECT_EQ(Counts(), absl::StrCat(kOrphans, " 0 0 0"));
}

TEST_F(RedisOrphans, AQueueHealsThemByItselfNowAndThen) {
  const auto sweeping = queues_.OpenSweeping(server().url(), kSweep);
  for (const char* key : {"a", "b"}) {
    Add(key);
    Tell({"DEL", RedisQueues::Key("ready:normal")});
    EXPECT_EQ(Counts(), "0 0 0 0") << "it is in no line";
    AwaitSweep([this] { return Counts() == "1 0 0 0"; });
    const Lease lease = TakeOne();
    EXPECT_EQ(lease.key, key);
    EXPECT_TRUE(queue().Complete(lease).ok());
  }
}

// Goal: of all processes one looks for orphans in an interval, and the others spare the server that.
// Method: each of two asks for its turn by one script, and who has it reads the names of the jobs by
// one HSCAN; nobody else asks the server anything, and it counts.
TEST_F(RedisOrphans, OfSeveralProcessesOneLooksForThemInAnInterval) {
  constexpr int kTurnsAskedFor = 20;
  const absl::Time began = queues_.clock().Now();
  const auto one = queues_.OpenSweeping(server().url(), kSweep);
  const auto other = queues_.OpenSweeping(server().url(), kSweep);
  AwaitSweep([this] { return CallsOf("evalsha") >= kTurnsAskedFor; });
  const int64_t sweeps = CallsOf("hscan");
  EXPECT_GT(sweeps, 0);
  // A turn is held for three quarters of an interval.
  const absl::Duration passed = queues_.clock().Now() - began;
  EXPECT_LE(sweeps, 1 + absl::FDivDuration(passed, kSweep * 3 / 4));
}

TEST_F(RedisOrphans, ATurnToLookForThemIsHeldForItsTimeAndNoLonger) {
  std::vector<std::string> words = {"EVAL", redis::kClaimSweep.text, "12"};
  for (const char* part : kParts) words.push_back(RedisQueues::Key(part));
  // Whether there is a turn so long after the first of all; one is held for a minute.
  const auto is_given = [&](absl::Duration later) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {absl::StrCat(absl::ToInt64Microseconds(later)), "", "60000000"});
    return NumberOfRedis(server().port(), all) == 1;
  };
  EXPECT_TRUE(is_given(absl::ZeroDuration()));
  EXPECT_FALSE(is_given(absl::ZeroDuration()));
  EXPECT_FALSE(is_given(absl::Seconds(30)));
  EXPECT_TRUE(is_given(absl::Minutes(1)));
  EXPECT_FALSE(is_given(absl::Seconds(90)));
  // A server whose clock was set back is not without sweeps until it is as late again.
  EXPECT_TRUE(is_given(absl::ZeroDuration()));
}

TEST_F(RedisOrphans, ASweepOfAHealthyBusyQueueHealsNothing) {
  std::atomic<bool> over = false;
  std::atomic<int64_t> completed_count = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([this, thread, &over, &completed_count] {
      for (int i = 0; !over; ++i) {
        std::vector<NewJob> jobs;
        for (int job = 0; job < 20; ++job) {
          jobs.push_back({.key = absl::StrCat(thread, "/", i, "/", job),
                          .priority = static_cast<Priority>(job % 3),
                          .delay = job % 5 == 0 ? absl::Microseconds(1) : absl::ZeroDuration()});
        }
        EXPECT_TRUE(queue().Enqueue(jobs).ok());
        const auto leases = queue().Reserve(19, kLongLease, absl::ZeroDuration());
        ASSERT_TRUE(leases.ok()) << leases.status();
        for (size_t job = 0; job < leases->size(); ++job) {
          const Lease& lease = (*leases)[job];
          if (job % 7 == 0) {
            EXPECT_TRUE(queue().Release(lease).ok());
          } else if (job % 11 == 0) {
            EXPECT_TRUE(queue().Fail(lease, "the partner is away", job % 2 == 0).ok());
          } else if (queue().Complete(lease).ok()) {
            ++completed_count;
          }
        }
      }
    });
  }
  int sweeps = 0;
  for (; sweeps < 30 || completed_count < 2000; ++sweeps) {
    EXPECT_EQ(queue().Sweep().value_or(-1), 0);
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(queue().Sweep().value_or(-1), 0);
}

}  // namespace
}  // namespace critac::queue
