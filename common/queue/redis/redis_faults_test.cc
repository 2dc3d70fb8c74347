#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/queue/redis/redis_work_queue.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/faulty_proxy.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_queues.h"
#include "tests/support/redis_server.h"

// What a queue in a Redis does while the connections to it break.
//
// CRITAC_CUTS=N has them break after N different bytes of each direction, in place of some hundreds;
// where N is more than the bytes there are, which are some tens of thousands, after every one.
namespace critac::queue {
namespace {

using testing::FaultyProxy;

constexpr absl::Duration kLeaseOverFaults = absl::Seconds(30);

testing::RedisServer& Server() {
  static testing::RedisServer server;
  EXPECT_TRUE(server.is_up());
  return server;
}

// Times short enough to wait for, where nothing answers, and where nobody says that there is a job.
RedisOptions Hasty() {
  RedisOptions options;
  options.look = absl::Milliseconds(10);
  options.link.sockets = {.connect = absl::Milliseconds(500),
                          .write = absl::Milliseconds(500),
                          .reply = absl::Milliseconds(500)};
  options.link.patience = absl::Milliseconds(300);
  options.link.first_backoff = absl::Milliseconds(1);
  options.link.max_backoff = absl::Milliseconds(20);
  return options;
}

// A call may do what it was asked to, find its lease lost, or be UNAVAILABLE.
void ExpectAllowed(const absl::Status& status) {
  if (status.ok() || status.code() == absl::StatusCode::kUnavailable) return;
  EXPECT_EQ(ReasonOf(status), "LEASE_LOST") << status;
}

// After how many bytes of a direction connections break, one after the other: CRITAC_CUTS, else
// `by_default`.
int64_t BreakCount(int64_t by_default) {
  const char* const wanted = std::getenv("CRITAC_CUTS");
  if (wanted == nullptr) return by_default;
  int64_t count = 0;
  if (absl::SimpleAtoi(wanted, &count) && count > 0) return count;
  ADD_FAILURE() << "CRITAC_CUTS is a whole number above 0, not " << wanted;
  return by_default;
}

// What producers, workers and operators know of a queue's jobs.
struct Ledger {
  std::map<std::string, int> acknowledged;
  std::map<std::string, int> handed_out;
  std::map<std::string, int> completed;
  std::map<std::string, int> purged;
  // Completed or purged by a call of which it is not known whether it took effect.
  std::set<std::string> in_doubt;
};

class RedisFaults : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(testing::TellRedis(Server().port(), {"FLUSHALL"})); }

  std::string ProxyUrl() const { return absl::StrCat("redis://127.0.0.1:", proxy_.port()); }

  // Puts jobs in, again where it is not known whether they are.
  static void Put(WorkQueue& queue, const std::vector<NewJob>& jobs, Ledger& ledger) {
    for (int tries = 0; tries < 5; ++tries) {
      const absl::StatusOr<int64_t> added = queue.Enqueue(jobs);
      ExpectAllowed(added.status());
      if (!added.ok()) continue;
      for (const NewJob& job : jobs) ++ledger.acknowledged[job.key];
      return;
    }
    ADD_FAILURE() << "a connection was cut once, and five calls failed";
  }

  static std::vector<Lease> Note(const absl::StatusOr<std::vector<Lease>>& leases, Ledger& ledger) {
    ExpectAllowed(leases.status());
    if (!leases.ok()) return {};
    for (const Lease& lease : *leases) ++ledger.handed_out[lease.key];
    return *leases;
  }

  static std::vector<Lease> Take(WorkQueue& queue, int most, Ledger& ledger) {
    return Note(queue.Reserve(most, kLeaseOverFaults, absl::ZeroDuration()), ledger);
  }

  // Puts a job in while another thread waits for one. Returns what that got.
  static std::vector<Lease> TakeByWaiting(WorkQueue& queue, Ledger& ledger) {
    absl::StatusOr<std::vector<Lease>> leases;
    std::thread waits([&] { leases = queue.Reserve(1, kLeaseOverFaults, kLeaseOverFaults); });
    // By when this has its answer, the other thread most likely waits.
    ExpectAllowed(queue.CheckWritable());
    // Derived: it may be in hand by the time that it is put in again, and is not to be run twice.
    Put(queue, {{.key = "a", .derived = true}}, ledger);
    waits.join();
    return Note(leases, ledger);
  }

  static void Finish(WorkQueue& queue, const std::vector<Lease>& leases, Ledger& ledger) {
    const std::vector<absl::Status> results = queue.CompleteEach(leases);
    for (size_t i = 0; i < results.size(); ++i) {
      ExpectAllowed(results[i]);
      if (results[i].ok()) ++ledger.completed[leases[i].key];
      if (absl::IsUnavailable(results[i])) ledger.in_doubt.insert(leases[i].key);
    }
  }

  // Forgets the one job that may be dead.
  static void Purge(WorkQueue& queue, const std::string& key, Ledger& ledger) {
    const absl::StatusOr<int64_t> count = queue.PurgeDead();
    ExpectAllowed(count.status());
    if (!count.ok()) {
      ledger.in_doubt.insert(key);
    } else if (*count > 0) {
      ++ledger.purged[key];
    }
  }

  // Every kind of call, once. Returns the leases there were.
  static std::vector<Lease> MakeCalls(WorkQueue& queue, Ledger& ledger) {
    std::vector<Lease> leases = TakeByWaiting(queue, ledger);
    Finish(queue, leases, ledger);
    Put(queue, {{.key = "b"}, {.key = "c"}, {.key = "d"}, {.key = "e"}, {.key = "f"}, {.key = "g"}},
        ledger);
    Put(queue, {{.key = "h", .priority = Priority::kLow, .delay = absl::Seconds(5)}}, ledger);
    ExpectAllowed(queue.Pause());
    ExpectAllowed(queue.Resume());
    ExpectAllowed(queue.LimitRate(100));
    const std::vector<Lease> taken = Take(queue, 6, ledger);
    ExpectAllowed(queue.LimitRate(0));
    if (taken.size() == 6) EndEach(queue, taken, ledger);
    ExpectAllowed(queue.Stats().status());
    ExpectAllowed(queue.Peek(std::nullopt, 10).status());
    leases.insert(leases.end(), taken.begin(), taken.end());
    return leases;
  }

  // Ends six leases, each in its own way; those given up are dealt with as operators do.
  static void EndEach(WorkQueue& queue, absl::Span<const Lease> leases, Ledger& ledger) {
    const std::string why = "no such agency";
    ExpectAllowed(queue.Extend(leases[0], kLeaseOverFaults).status());
    Finish(queue, {leases[0]}, ledger);
    ExpectAllowed(queue.Fail(leases[1], "the partner is away", true));
    ExpectAllowed(queue.Release(leases[2]));
    ExpectAllowed(queue.Fail(leases[3], why, false));
    Purge(queue, leases[3].key, ledger);
    const absl::Status given_up = queue.Fail(leases[4], why, false);
    ExpectAllowed(given_up);
    const absl::Status redriven = queue.Redrive(leases[4].key, "the agency was added");
    if (given_up.ok() || !absl::IsNotFound(redriven)) ExpectAllowed(redriven);
    ExpectAllowed(queue.Fail(leases[5], why, false));
    ExpectAllowed(queue.RedriveAll("the agency was added").status());
  }

  // Works until nothing is left, however the calls before left the queue.
  void Drain(WorkQueue& queue, Ledger& ledger) {
    ASSERT_TRUE(queue.Resume().ok());
    ASSERT_TRUE(queue.LimitRate(0).ok());
    for (int rounds = 0; rounds < 100; ++rounds) {
      const std::vector<Lease> leases = Take(queue, 10, ledger);
      Finish(queue, leases, ledger);
      if (!leases.empty()) continue;
      ExpectAllowed(queue.RedriveAll().status());
      const absl::StatusOr<QueueStats> stats = queue.Stats();
      ASSERT_TRUE(stats.ok()) << stats.status();
      if (stats->ready + stats->delayed + stats->leased + stats->dead == 0) return;
      queues_.clock().Advance(kLeaseOverFaults);
    }
    ADD_FAILURE() << "jobs are left";
  }

  // Others take over what was held: whoever held it can end none of it any more.
  void TakeOver(WorkQueue& queue, const std::vector<Lease>& before, Ledger& ledger) {
    queues_.clock().Advance(kLeaseOverFaults);
    const std::vector<Lease> leases = Take(queue, 10, ledger);
    for (const absl::Status& status : queue.CompleteEach(before)) {
      EXPECT_EQ(ReasonOf(status), "LEASE_LOST") << status;
    }
    Finish(queue, leases, ledger);
  }

  static int CountOf(const std::string& key, const std::map<std::string, int>& counts) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }

  static void ExpectAllDoneOnce(const Ledger& ledger) {
    EXPECT_EQ(ledger.acknowledged.size(), kKeys);
    for (const auto& [key, count] : ledger.acknowledged) {
      EXPECT_TRUE(ledger.handed_out.contains(key)) << key << " was never handed out";
      const int ends = CountOf(key, ledger.completed) + CountOf(key, ledger.purged);
      EXPECT_LE(ends, 1) << key;
      EXPECT_TRUE(ends == 1 || ledger.in_doubt.contains(key)) << key << " was lost";
    }
    // Of the queue, the round is left.
    EXPECT_EQ(testing::NumberOfRedis(Server().port(), {"DBSIZE"}), 1);
  }

  // How connections break: FaultyProxy::CutAfter, HalfCloseAfter.
  using BreakAfter = void (FaultyProxy::*)(FaultyProxy::Direction direction, int64_t bytes);

  // Makes the calls with connections that break after so many bytes.
  void CallWithBreak(BreakAfter break_after, FaultyProxy::Direction direction, int64_t bytes) {
    ASSERT_TRUE(testing::TellRedis(Server().port(), {"FLUSHALL"}));
    Ledger ledger;
    (proxy_.*break_after)(direction, bytes);
    const std::vector<Lease> leases = MakeCalls(*queues_.Open(ProxyUrl(), Hasty()), ledger);
    proxy_.CutNever();
    const auto others = queues_.Open(Server().url());
    TakeOver(*others, leases, ledger);
    Drain(*others, ledger);
    ExpectAllDoneOnce(ledger);
  }

  // Breaks them `count` times, after bytes from all over what goes in a direction.
  void BreakEverywhere(BreakAfter break_after, FaultyProxy::Direction direction, int64_t count) {
    constexpr int64_t kNever = 1'000'000'000;
    CallWithBreak(break_after, direction, kNever);  // the server learns the scripts
    const int64_t before = proxy_.passed(direction);
    CallWithBreak(break_after, direction, kNever);
    const int64_t whole = proxy_.passed(direction) - before;
    const unsigned seed = std::random_device()();
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    const int64_t step = std::max<int64_t>(1, whole / count);
    for (int64_t first = 0; first < whole && !HasFailure(); first += step) {
      const int64_t bytes = first + static_cast<int64_t>(random() % static_cast<uint64_t>(step));
      SCOPED_TRACE(absl::StrCat("broken after byte ", bytes, " of ", whole));
      CallWithBreak(break_after, direction, bytes);
    }
  }

  // Jobs that MakeCalls puts in.
  static constexpr size_t kKeys = 8;
  // A half-closed connection takes the same ways through the queue as a cut one, but for the moment
  // in which only one side knows.
  static constexpr int64_t kCuts = 500;
  static constexpr int64_t kHalfCloses = 100;

  testing::RedisQueues queues_;
  FaultyProxy proxy_{Server().port()};
};

// Method: the same calls over and over, the connections cut at another byte each time; then a worker
// does what is left, and what all of them were told is held against what must be.
TEST_F(RedisFaults, RequestsCutAnywhereLoseNoJobAndCompleteNoneTwice) {
  BreakEverywhere(&FaultyProxy::CutAfter, FaultyProxy::kToServer, BreakCount(kCuts));
}

TEST_F(RedisFaults, RepliesCutAnywhereLoseNoJobAndCompleteNoneTwice) {
  BreakEverywhere(&FaultyProxy::CutAfter, FaultyProxy::kToClient, BreakCount(kCuts));
}

TEST_F(RedisFaults, RequestsThatEndAnywhereLoseNoJobAndCompleteNoneTwice) {
  BreakEverywhere(&FaultyProxy::HalfCloseAfter, FaultyProxy::kToServer, BreakCount(kHalfCloses));
}

TEST_F(RedisFaults, RepliesThatEndAnywhereLoseNoJobAndCompleteNoneTwice) {
  BreakEverywhere(&FaultyProxy::HalfCloseAfter, FaultyProxy::kToClient, BreakCount(kHalfCloses));
}

// Each call at once and by many threads: those behind the first do not wait for it over and over.
TEST_F(RedisFaults, CallsToAServerThatNeverAnswersAreUnavailableInTime) {
  constexpr int kThreads = 4;
  RedisOptions options = Hasty();
  options.link.sockets.reply = absl::Milliseconds(200);
  const auto queue = queues_.Open(ProxyUrl(), options);
  Ledger ledger;
  Put(*queue, {{.key = "a"}}, ledger);
  const std::vector<Lease> leases = Take(*queue, 1, ledger);
  ASSERT_EQ(leases.size(), 1u);
  const Lease& lease = leases.front();
  proxy_.Hold();
  const std::vector<std::function<absl::Status()>> calls = {
      [&] { return queue->Enqueue({NewJob{.key = "b"}}).status(); },
      [&] { return queue->Reserve(1, kLeaseOverFaults, absl::Hours(1)).status(); },
      [&] { return queue->Extend(lease, kLeaseOverFaults).status(); },
      [&] { return queue->Complete(lease); },
      [&] { return queue->Fail(lease, "the partner is away", true); },
      [&] { return queue->Release(lease); },
      [&] { return queue->Stats().status(); },
      [&] { return queue->Peek(std::nullopt, 10).status(); },
      [&] { return queue->CheckWritable(); },
  };
  for (size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(absl::StrCat("call ", i));
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&calls, i] {
        const absl::Time began = absl::Now();
        const absl::Status status = calls[i]();
        EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
        EXPECT_EQ(ReasonOf(status), "QUEUE_UNAVAILABLE");
        // A reply's time, a call before it, and a second of a busy machine.
        EXPECT_LT(absl::Now() - began, absl::Seconds(3));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  proxy_.Pass();
  queues_.clock().Advance(kLeaseOverFaults);
  EXPECT_TRUE(testing::Eventually([&] { return queue->Stats().ok(); }));
}

TEST_F(RedisFaults, CallsGoOnAfterAConnectionIsHalfClosed) {
  const auto queue = queues_.Open(ProxyUrl(), Hasty());
  Ledger ledger;
  for (const auto direction : {FaultyProxy::kToServer, FaultyProxy::kToClient}) {
    for (int i = 0; i < 20; ++i) {
      proxy_.HalfClose(direction);
      MakeCalls(*queue, ledger);
      Drain(*queue, ledger);
    }
  }
  EXPECT_EQ(ledger.handed_out.size(), kKeys);
}

// The ear's connection is half-closed too: the one who waits hears of the job all the same.
TEST_F(RedisFaults, AReserveThatWaitsOverAHalfClosedConnectionGetsAJobPutInByAnother) {
  const auto other = queues_.Open(Server().url());
  for (const auto direction : {FaultyProxy::kToServer, FaultyProxy::kToClient}) {
    const auto queue = queues_.Open(ProxyUrl());
    testing::OneJob waiting(*queue);
    proxy_.HalfClose(direction);
    ASSERT_TRUE(other->Enqueue({NewJob{.key = "a"}}).ok());
    EXPECT_EQ(waiting.Key(), "a");
    ASSERT_TRUE(testing::TellRedis(Server().port(), {"FLUSHALL"}));
  }
}

// The server hands a job out, and its answer does not arrive: nobody knows that he has it.
TEST_F(RedisFaults, WhatALostAnswerHandedOutIsGivenBackByTheNextReserve) {
  const auto other = queues_.Open(Server().url());
  std::unique_ptr<RedisWorkQueue> queue;
  // Again where it was an answer of the ear's that was cut.
  ASSERT_TRUE(testing::Eventually([&] {
    queue = queues_.Open(ProxyUrl());
    EXPECT_TRUE(testing::TellRedis(Server().port(), {"FLUSHALL"}));
    EXPECT_TRUE(other->Enqueue({NewJob{.key = "a"}}).ok());
    EXPECT_TRUE(queue->CheckWritable().ok());
    proxy_.CutAfter(FaultyProxy::kToClient, 1);
    const auto lost = queue->Reserve(1, kLeaseOverFaults, absl::ZeroDuration());
    proxy_.CutNever();
    return !lost.ok() && other->Stats()->leased == 1;
  }));
  const auto leases = queue->Reserve(1, kLeaseOverFaults, absl::ZeroDuration());
  ASSERT_TRUE(leases.ok()) << leases.status();
  ASSERT_EQ(leases->size(), 1u);
  EXPECT_EQ(leases->front().attempt, 1) << "the lost one does not count";
}

TEST_F(RedisFaults, WhereConnectionsAreRefusedCallsSaySoAndWorkAgainAfterwards) {
  const auto queue = queues_.Open(ProxyUrl(), Hasty());
  ASSERT_TRUE(queue->CheckWritable().ok());
  proxy_.Refuse();
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = queue->CheckWritable();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(status.message(), ::testing::HasSubstr("cannot be reached"));
  }
  proxy_.Accept();
  EXPECT_TRUE(queue->CheckWritable().ok());
}

// A queue may be opened before its server is there.
TEST_F(RedisFaults, AQueueOpenedWhereConnectionsAreRefusedWorksOnceTheyAreNot) {
  proxy_.Refuse();
  const auto queue = queues_.Open(ProxyUrl(), Hasty());
  EXPECT_EQ(queue->Stats().status().code(), absl::StatusCode::kUnavailable);
  proxy_.Accept();
  EXPECT_TRUE(queue->Stats().ok());
}

TEST_F(RedisFaults, AReserveThatWaitsWhileConnectionsAreRefusedGetsAJobPutInAfterwards) {
  const auto other = queues_.Open(Server().url());
  RedisOptions patient;
  patient.link.patience = absl::Hours(1);
  const auto queue = queues_.Open(ProxyUrl(), patient);
  ASSERT_TRUE(queue->CheckWritable().ok());
  testing::OneJob waiting(*queue);
  proxy_.Refuse();
  ASSERT_TRUE(other->Enqueue({NewJob{.key = "a"}}).ok());
  proxy_.Accept();
  EXPECT_EQ(waiting.Key(), "a");
}

}  // namespace
}  // namespace critac::queue
