#include <signal.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/queue/redis/redis_work_queue.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_cluster.h"
#include "tests/support/redis_queues.h"
#include "tests/support/redis_sentinel.h"

// What a queue does while another server takes its keys over.
namespace critac::queue {
namespace {

using testing::AskRedis;
using testing::Eventually;
using testing::kLongLease;
using testing::NumberOfRedis;
using testing::OneJob;
using testing::RedisCluster;
using testing::RedisQueues;
using testing::RedisSentinel;

// ---- Sentinel -------------------------------------------------------------------------------------

class RedisFailover : public ::testing::Test {
 protected:
  // Waits until the replica is the master, and calls work again.
  void AwaitPromotion(WorkQueue& queue) {
    ASSERT_TRUE(Eventually([this] { return sentinel_.IsMaster(sentinel_.replica()); }));
    ASSERT_TRUE(Eventually([&queue] { return queue.CheckWritable().ok(); }));
  }
  static int64_t JobsOn(const testing::RedisServer& server) {
    return NumberOfRedis(server.port(), {"HLEN", RedisQueues::Key("jobs")});
  }
  void ExpectWritesGoToTheNewMaster(WorkQueue& queue) {
    ASSERT_TRUE(Eventually([this] { return RedisSentinel::IsReplica(sentinel_.master()); }));
    const int64_t before = JobsOn(sentinel_.replica());
    EXPECT_EQ(queue.Enqueue({NewJob{.key = "later"}}).value_or(-1), 1);
    EXPECT_EQ(JobsOn(sentinel_.replica()), before + 1);
  }

  RedisSentinel sentinel_{absl::Milliseconds(300)};
  RedisQueues queues_;
};

TEST_F(RedisFailover, CallsAndWaitersFindTheReplicaThatIsPromotedWhenTheMasterIsKilled) {
  ASSERT_TRUE(sentinel_.is_up());
  const auto waiters = queues_.Open(sentinel_.url());
  const auto callers = queues_.Open(sentinel_.url());
  OneJob waiting(*waiters);
  std::atomic<bool> over = false;
  std::thread calls([&callers, &over] {
    while (!over) {
      const absl::Status status = callers->Stats().status();
      EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kUnavailable) << status;
    }
  });
  sentinel_.master().Kill();
  AwaitPromotion(*callers);
  over = true;
  calls.join();
  // Put in once the fail-over is over: so it cannot be lost with the old master.
  ASSERT_EQ(callers->Enqueue({NewJob{.key = "after"}}).value_or(-1), 1);
  EXPECT_EQ(waiting.Key(), "after");
  sentinel_.master().Start();
  ExpectWritesGoToTheNewMaster(*callers);
}

// A master that hangs closes no connection, and is back afterwards as if nothing had been.
TEST_F(RedisFailover, CallsAndWaitersFindTheReplicaThatIsPromotedWhenTheMasterHangs) {
  ASSERT_TRUE(sentinel_.is_up());
  const auto waiters = queues_.Open(sentinel_.url());
  const auto callers = queues_.Open(sentinel_.url());
  const auto idle = queues_.Open(sentinel_.url());
  ASSERT_TRUE(idle->CheckWritable().ok());
  ASSERT_TRUE(callers->CheckWritable().ok());
  OneJob waiting(*waiters);
  sentinel_.master().Signal(SIGSTOP);
  AwaitPromotion(*callers);
  ASSERT_EQ(callers->Enqueue({NewJob{.key = "after"}}).value_or(-1), 1);
  EXPECT_EQ(waiting.Key(), "after");
  sentinel_.master().Signal(SIGCONT);
  ExpectWritesGoToTheNewMaster(*idle);
}

// ---- Cluster --------------------------------------------------------------------------------------

// Moves the slot of the queue's keys from node to node.
class SlotMover {
 public:
  explicit SlotMover(RedisCluster& cluster)
      : cluster_(cluster), slot_(cluster.SlotOf(RedisQueues::Key("jobs"))) {}

  // To the next node. `half_way` is called when some keys are here and some there, `arrived` when all
  // are there and nobody has been told.
  void Move(const std::function<void()>& half_way, const std::function<void()>& arrived) {
    const int from = cluster_.NodeOf(slot_);
    ASSERT_GE(from, 0);
    const int to = (from + 1) % RedisCluster::kNodes;
    Set(to, "IMPORTING", from);
    Set(from, "MIGRATING", to);
    for (bool first = true; MoveKey(from, to); first = false) {
      if (first) half_way();
    }
    arrived();
    Set(to, "NODE", to);
    Set(from, "NODE", to);
    ASSERT_TRUE(Eventually([this, to] { return cluster_.NodeOf(slot_) == to; }));
  }

  // How many errors of a kind the nodes have answered with.
  int64_t ErrorCount(const std::string& kind) const {
    int64_t total = 0;
    for (const int port : cluster_.ports()) {
      const std::string info = testing::TextOfRedis(port, {"INFO", "errorstats"});
      const std::string field = absl::StrCat("errorstat_", kind, ":count=");
      const size_t at = info.find(field);
      int64_t count = 0;
      if (at == std::string::npos) continue;
      const size_t number = at + field.size();
      if (absl::SimpleAtoi(info.substr(number, info.find('\r', number) - number), &count)) {
        total += count;
      }
    }
    return total;
  }

 private:
  void Set(int node, const std::string& what, int other) {
    const auto reply = AskRedis(cluster_.port(node), {"CLUSTER", "SETSLOT", std::to_string(slot_),
                                                      what, cluster_.id(other)});
    EXPECT_TRUE(reply.ok()) << reply.status();
  }

  // Moves one key; false where none is left.
  bool MoveKey(int from, int to) {
    const auto keys =
        AskRedis(cluster_.port(from), {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot_), "1"});
    EXPECT_TRUE(keys.ok()) << keys.status();
    if (!keys.ok() || keys->value().size() == 0) return false;
    const auto moved =
        AskRedis(cluster_.port(from), {"MIGRATE", "127.0.0.1", std::to_string(cluster_.port(to)),
                                       std::string(keys->value()[0].text()), "0", "5000"});
    EXPECT_TRUE(moved.ok()) << moved.status();
    return moved.ok();
  }

  RedisCluster& cluster_;
  const int slot_;
};

// How often each job was handed out and completed.
class Counts {
 public:
  void HandedOut(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    ++handed_out_[key];
  }
  void Completed(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    ++completed_[key];
  }
  size_t done() {
    absl::MutexLock lock(&mutex_);
    return completed_.size();
  }
  void ExpectEachOnce() {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, count] : handed_out_) EXPECT_EQ(count, 1) << key;
    for (const auto& [key, count] : completed_) EXPECT_EQ(count, 1) << key;
  }

 private:
  absl::Mutex mutex_;
  std::map<std::string, int> handed_out_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> completed_ ABSL_GUARDED_BY(mutex_);
};

// Method: a producer and two workers go on while the slot moves; what they are refused is made again
// by the queue, so that no call fails, and each job is handed out and completed once.
TEST(RedisClusterMoves, JobsAreHandedOutAndCompletedOnceWhileTheirSlotMovesFromNodeToNode) {
  RedisCluster cluster;
  ASSERT_TRUE(cluster.is_up());
  RedisQueues queues;
  RedisOptions patient;
  patient.link.patience = absl::Minutes(1);
  const auto producers = queues.Open(cluster.url(), patient);
  const auto workers = queues.Open(cluster.url(), patient);
  std::atomic<bool> over = false;
  size_t put_in = 0;
  Counts counts;
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (; !over; ++put_in) {
      // No more than the workers keep up with.
      Eventually([&] { return over || put_in < counts.done() + 200; });
      const auto added = producers->Enqueue({NewJob{.key = std::to_string(put_in)}});
      EXPECT_EQ(added.value_or(-1), 1) << added.status();
    }
  });
  for (int worker = 0; worker < 2; ++worker) {
    threads.emplace_back([&] {
      for (;;) {
        const auto leases = workers->Reserve(5, kLongLease, absl::Hours(1));
        ASSERT_TRUE(leases.ok()) << leases.status();
        if (leases->empty()) return;
        for (const Lease& lease : *leases) {
          counts.HandedOut(lease.key);
          const absl::Status status = workers->Complete(lease);
          EXPECT_TRUE(status.ok()) << status;
          counts.Completed(lease.key);
        }
      }
    });
  }
  SlotMover mover(cluster);
  for (int move = 0; move < 4; ++move) {
    SCOPED_TRACE(absl::StrCat("move ", move));
    const size_t before = counts.done();
    ASSERT_TRUE(Eventually([&] { return counts.done() > before + 50; }));
    const int64_t asks = mover.ErrorCount("ASK");
    const int64_t try_agains = mover.ErrorCount("TRYAGAIN");
    mover.Move(
        [&] { ASSERT_TRUE(Eventually([&] { return mover.ErrorCount("TRYAGAIN") > try_agains; })); },
        [&] { ASSERT_TRUE(Eventually([&] { return mover.ErrorCount("ASK") > asks; })); });
  }
  EXPECT_GT(mover.ErrorCount("MOVED"), 0);
  const size_t before = counts.done();
  EXPECT_TRUE(Eventually([&] { return counts.done() > before + 50; }));
  over = true;
  threads[0].join();
  EXPECT_TRUE(Eventually([&] { return counts.done() == put_in; }));
  workers->Shutdown();
  threads[1].join();
  threads[2].join();
  counts.ExpectEachOnce();
}

// A node that keeps half of the keys keeps the calls from all: they say so, and do not wait for ever.
TEST(RedisClusterMoves, WhereASlotIsStuckBetweenTwoNodesCallsAreUnavailableUntilItIsNot) {
  RedisCluster cluster;
  ASSERT_TRUE(cluster.is_up());
  RedisQueues queues;
  RedisOptions options;
  options.link.patience = absl::Milliseconds(200);
  const auto queue = queues.Open(cluster.url(), options);
  ASSERT_EQ(queue->Enqueue({NewJob{.key = "a"}}).value_or(-1), 1);
  ASSERT_EQ(queue->Reserve(1, kLongLease, absl::ZeroDuration())->size(), 1u);
  SlotMover mover(cluster);
  const auto expect_unavailable = [&queue] {
    const absl::Status status = queue->Enqueue({NewJob{.key = "b"}}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ReasonOf(status), "QUEUE_UNAVAILABLE");
    EXPECT_THAT(status.message(), ::testing::HasSubstr("TRYAGAIN"));
  };
  mover.Move(expect_unavailable, expect_unavailable);
  EXPECT_EQ(queue->Enqueue({NewJob{.key = "b"}}).value_or(-1), 1);
  EXPECT_EQ(queue->Stats()->leased, 1);
}

}  // namespace
}  // namespace critac::queue
