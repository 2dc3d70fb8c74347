// Redis is disposable: whatever happens to it while a center works, and to who works with it, what was
// acknowledged has its consequences, each once.
//
// Method: three processes share a Redis, and people make calls all the time (traffic.h), so that all
// queues carry jobs. While they do, something happens. Afterwards nobody does anything for the
// jobs, and the ledger (ledger.h), which knows what was acknowledged and reads the three journals,
// must balance.
#include <signal.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/process/center_queue.h"
#include "tests/process/ledger.h"
#include "tests/process/separate_center.h"
#include "tests/process/small_program.h"
#include "tests/process/traffic.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_sentinel.h"
#include "tests/support/redis_server.h"

namespace critac::testing {
namespace {

// A center at work, whose queues are in the Redis of `url`.
class CenterAtWork {
 public:
  explicit CenterAtWork(const std::string& url)
      : match("match", url),
        sync("sync", url),
        report("report", url),
        offers("offers", url),
        center(url),
        program_(Started(center), kExperts),
        traffic_(center, program_) {}

  // A moment that the seed chooses, while people make calls.
  void AwaitSomeCalls(int most) { traffic_.AwaitCalls(1 + static_cast<int>(random_() % most)); }
  void Bring(int requests) { traffic_.Bring(requests); }
  uint64_t seed() const { return seed_; }

  // Every effect comes about, and none twice, also when all jobs come again afterwards. `forget`
  // has the Redis lose everything.
  void ExpectEveryEffectOnce(const std::function<void()>& forget) {
    AwaitBalance();
    forget();
    // Intake has matching look again at every request that left it.
    match.AwaitReady();
    ASSERT_TRUE(Eventually([this] { return match.IsEmpty(); }));
    ASSERT_TRUE(
        Eventually([this] { return sync.IsEmpty() && report.IsEmpty() && offers.IsEmpty(); }));
    AwaitBalance();
    center.ExpectWholeJournals();
  }

  std::vector<Queue*> EveryQueue() { return {&match, &sync, &report, &offers}; }

  Queue match;
  Queue sync;
  Queue report;
  Queue offers;
  SeparateCenter center;

 private:
  // Enough for some to leave.
  static constexpr int kExperts = 40;

  static SeparateCenter& Started(SeparateCenter& center) {
    for (const std::string service : {"intake", "matching", "metrics"}) center.Start(service);
    return center;
  }

  void AwaitBalance() {
    std::vector<std::string> amiss;
    EXPECT_TRUE(Eventually([&] {
      amiss = Amiss(traffic_.acknowledged(), traffic_.ReadJournals());
      return amiss.empty();
    })) << absl::StrJoin(amiss, "\n");
  }

  const SmallProgram program_;
  const uint64_t seed_ = std::random_device()();
  std::mt19937_64 random_{seed_};
  Traffic traffic_;
};

void FlushAll(const RedisServer& server) { ASSERT_TRUE(TellRedis(server.port(), {"FLUSHALL"})); }

TEST(DisposableRedis, FlushedAgainAndAgainWhileItHoldsJobsOfEveryQueueNothingIsLostOrDoubled) {
  RedisServer server;
  ASSERT_TRUE(server.is_up());
  CenterAtWork work(server.url());
  SCOPED_TRACE(absl::StrCat("seed ", work.seed()));
  for (Queue* const queue : work.EveryQueue()) {
    // So that there is something to lose for certain. That it is paused is forgotten as well.
    queue->Pause();
    work.Bring(8);
    queue->AwaitReady();
    work.AwaitSomeCalls(5);
    FlushAll(server);
    work.AwaitSomeCalls(20);
    FlushAll(server);
  }
  work.ExpectEveryEffectOnce([&] { FlushAll(server); });
}

// Kills the server while it holds jobs; `restarted` is called when it is back.
void KillWhileItHoldsJobs(RedisServer& server, CenterAtWork& work,
                          const std::function<void(const queue::QueueStats& before)>& restarted) {
  for (Queue* const queue : work.EveryQueue()) {
    queue->Pause();
    work.Bring(8);
    queue->AwaitReady();
    const queue::QueueStats before = queue->Stats();
    server.Kill();
    // People go on meanwhile.
    work.AwaitSomeCalls(5);
    server.Start();
    ASSERT_TRUE(server.is_up());
    restarted(before);
    queue->Resume();
    work.AwaitSomeCalls(20);
  }
}

TEST(DisposableRedis, KilledAndStartedAgainWithItsFileNothingIsLostOrDoubled) {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "everysec"});
  ASSERT_TRUE(server.is_up());
  CenterAtWork work(server.url());
  SCOPED_TRACE(absl::StrCat("seed ", work.seed()));
  KillWhileItHoldsJobs(server, work, [&](const queue::QueueStats&) {
    EXPECT_GT(NumberOfRedis(server.port(), {"DBSIZE"}), 0) << "it kept its file";
  });
  work.ExpectEveryEffectOnce([&] { FlushAll(server); });
}

TEST(DisposableRedis, KilledAndStartedAgainEmptyNothingIsLostOrDoubled) {
  RedisServer server;
  ASSERT_TRUE(server.is_up());
  CenterAtWork work(server.url());
  SCOPED_TRACE(absl::StrCat("seed ", work.seed()));
  KillWhileItHoldsJobs(server, work, [&](const queue::QueueStats& before) {
    EXPECT_GT(before.ready, 0) << "there was something to lose";
  });
  work.ExpectEveryEffectOnce([&] { FlushAll(server); });
}

// The replica is kept from what the master takes during its last second, jobs put in and jobs done:
// the ones are gone afterwards, the others come again.
TEST(DisposableRedis, AFailOverThatLosesTheLastSecondLosesAndDoublesNothing) {
  RedisSentinel sentinel(absl::Milliseconds(300));
  ASSERT_TRUE(sentinel.is_up());
  CenterAtWork work(sentinel.url());
  SCOPED_TRACE(absl::StrCat("seed ", work.seed()));
  work.Bring(16);
  work.AwaitSomeCalls(40);
  sentinel.CutReplication();
  work.Bring(8);
  work.AwaitSomeCalls(20);
  // A call or two need not have put a job in yet.
  EXPECT_TRUE(Eventually([&] { return sentinel.MissingBytes() > 0; })) << "nothing to lose";
  sentinel.master().Kill();
  ASSERT_TRUE(Eventually([&] { return sentinel.IsMaster(sentinel.replica()); }));
  work.Bring(8);
  work.AwaitSomeCalls(20);
  sentinel.master().Start();
  work.ExpectEveryEffectOnce([&] { FlushAll(sentinel.replica()); });
}

// Matching asks intake in each of its jobs. While intake is stopped, matching holds the leases of
// those it has begun, for certain.
TEST(DisposableRedis, WhenTheWorkerIsKilledWithLeasesInItsHandsAnotherDoesTheJobsOnce) {
  RedisServer server;
  ASSERT_TRUE(server.is_up());
  CenterAtWork work(server.url());
  SCOPED_TRACE(absl::StrCat("seed ", work.seed()));
  work.sync.Pause();
  work.Bring(16);
  work.sync.AwaitReady();
  work.match.Pause();
  work.Bring(8);
  work.match.AwaitReady();
  work.center.Signal("intake", SIGSTOP);
  work.sync.Resume();
  work.match.Resume();
  work.sync.AwaitLeased();
  work.match.AwaitLeased();
  work.center.Kill("matching");
  EXPECT_GT(work.sync.Stats().leased, 0);
  EXPECT_GT(work.match.Stats().leased, 0);
  work.center.Signal("intake", SIGCONT);
  work.center.Start("matching");
  work.Bring(8);
  work.ExpectEveryEffectOnce([&] { FlushAll(server); });
}

}  // namespace
}  // namespace critac::testing
