// Two replicas of intake over a PostgreSQL that loses its primary in the middle of the work.
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/ids.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/intake/service_testing.h"
#include "tests/support/eventually.h"
#include "tests/support/postgresql_server.h"

namespace critac::intake {
namespace {

using critac::testing::Eventually;
using critac::testing::PostgresqlServer;
using testing::IntakeServer;
using testing::kLakeChief;
using testing::Succeeds;

// Before the primary is killed, and after the standby has taken its place.
constexpr int kCallsOfAPhase = 60;
constexpr int kCallers = 6;

// What was acknowledged.
struct Acknowledged {
  std::string request_id;
  v1::Request answer;
};

// Callers that make one call after the other, each until it is acknowledged, as a client does that keeps
// its request id: the next attempt goes to the other replica.
class Load {
 public:
  explicit Load(std::vector<IntakeServer*> replicas) : replicas_(std::move(replicas)) {
    for (int caller = 0; caller < kCallers; ++caller) {
      callers_.emplace_back([this, caller] { Call(caller); });
    }
  }
  ~Load() { Stop(); }

  // Waits until so many calls more than now are acknowledged.
  bool AwaitMore(size_t count) {
    const size_t goal = size() + count;
    return Eventually([&] { return size() >= goal; });
  }
  // Ends after the calls in hand, and returns all that was acknowledged.
  std::vector<Acknowledged> Stop() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    for (std::thread& caller : callers_) caller.join();
    callers_.clear();
    absl::MutexLock lock(&mutex_);
    return acknowledged_;
  }

 private:
  size_t size() {
    absl::MutexLock lock(&mutex_);
    return acknowledged_.size();
  }
  bool stopping() {
    absl::MutexLock lock(&mutex_);
    return stopping_;
  }

  void Call(int caller) {
    for (int call = 0; !stopping(); ++call) {
      const std::string id = UuidFromName(absl::StrCat("caller ", caller, " call ", call));
      absl::StatusOr<v1::Request> answer = absl::UnknownError("not called");
      int attempt = caller;
      const bool answered = Eventually([&] {
        answer = replicas_[++attempt % replicas_.size()]->CreateRequest(IntakeServer::Wanted(),
                                                                        kLakeChief, true, id);
        return !absl::IsUnavailable(answer.status());
      });
      ASSERT_TRUE(answered) << answer.status();
      ASSERT_THAT(answer, Succeeds()) << id;
      absl::MutexLock lock(&mutex_);
      acknowledged_.push_back({id, *std::move(answer)});
    }
  }

  const std::vector<IntakeServer*> replicas_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Acknowledged> acknowledged_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> callers_;
};

// The primary answers a commit when its standby has it, is killed while calls are in hand, and the standby
// is promoted. Nobody tells the replicas.
TEST(IntakeFailOver, LosesNothingAcknowledgedAndRecoversByItself) {
  PostgresqlServer primary;
  ASSERT_TRUE(primary.is_up());
  ASSERT_NE(primary.MakeDatabase("intake"), "");
  PostgresqlServer standby(PostgresqlServer::StandbyOf{primary});
  ASSERT_TRUE(standby.is_up());
  ASSERT_TRUE(primary.CommitWith("standby"));
  const std::string url = primary.url_with(standby, "intake");
  IntakeServer first(url);
  first.MakeWorld();
  IntakeServer second(url);

  std::vector<Acknowledged> acknowledged;
  {
    Load load({&first, &second});
    ASSERT_TRUE(load.AwaitMore(kCallsOfAPhase));
    primary.Kill();
    ASSERT_TRUE(standby.Promote());
    ASSERT_TRUE(load.AwaitMore(kCallsOfAPhase));
    acknowledged = load.Stop();
  }

  absl::flat_hash_set<std::string> names;
  for (const Acknowledged& one : acknowledged) {
    EXPECT_TRUE(names.insert(one.answer.name()).second) << one.answer.name() << " was given twice";
    for (IntakeServer* replica : {&first, &second}) {
      const auto again =
          replica->CreateRequest(IntakeServer::Wanted(), kLakeChief, true, one.request_id);
      ASSERT_THAT(again, Succeeds());
      EXPECT_EQ(again->DebugString(), one.answer.DebugString());
    }
    EXPECT_THAT(second.GetRequest(one.answer.name()), Succeeds());
  }
  // And nothing happened twice: every request is one that was acknowledged.
  size_t recorded = 0;
  ASSERT_TRUE(
      first.journal()
          .ReadAll({"requests"}, false,
                   [&](const std::string&, const google::protobuf::Message&) { ++recorded; })
          .ok());
  EXPECT_EQ(recorded, acknowledged.size());
  const auto verified = second.journal().VerifyChain();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->problem, "");
  EXPECT_THAT(first.bound().Ready(), Succeeds());
}

}  // namespace
}  // namespace critac::intake
