#include "common/server/readiness.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class ReadinessTest : public ::testing::Test {
 protected:
  Readiness::Service Service(const std::string& name) {
    return {name, [this, name] {
              absl::MutexLock lock(&mutex_);
              ++asked_[name];
              return statuses_[name];
            }};
  }
  void Set(const std::string& name, absl::Status status) {
    absl::MutexLock lock(&mutex_);
    statuses_[name] = std::move(status);
  }
  Readiness::OnChange Record() {
    return [this](const std::string& service, const absl::Status& status) {
      absl::MutexLock lock(&mutex_);
      changes_.push_back({service, status.ok()});
    };
  }
  // Lets time pass until this many changes were told. An answer that is given just as the clock moves
  // counts from then, so one interval may not be enough.
  void PassTimeUntilChanges(size_t count) {
    const auto reached = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return changes_.size() >= count;
    };
    PassTimeUntil(absl::Condition(&reached));
  }
  void PassTimeUntilAsked(int count) {
    const auto reached = [this, count]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return Asked() >= count; };
    PassTimeUntil(absl::Condition(&reached));
  }
  void PassTimeUntil(const absl::Condition& condition) {
    absl::MutexLock lock(&mutex_);
    while (!condition.Eval()) {
      const std::map<std::string, int> before = asked_;
      const auto went_on = [this, &before, &condition]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return condition.Eval() ||
               (!before.empty() &&
                std::all_of(before.begin(), before.end(),
                            [this](const auto& one) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                              return asked_[one.first] > one.second;
                            }));
      };
      clock_.Advance(Readiness::kInterval);
      // No oftener: a service that did not come to answer in between would be taken for silent.
      mutex_.AwaitWithTimeout(absl::Condition(&went_on), absl::Seconds(1));
    }
  }
  // How often services were asked, all together.
  int Asked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    int sum = 0;
    for (const auto& [name, times] : asked_) sum += times;
    return sum;
  }
  std::vector<std::pair<std::string, bool>> Changes() {
    absl::MutexLock lock(&mutex_);
    return changes_;
  }

  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  absl::Mutex mutex_;
  std::map<std::string, absl::Status> statuses_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> asked_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<std::string, bool>> changes_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(ReadinessTest, NothingIsReadyBeforeTheStart) {
  Readiness readiness({Service("intake")}, clock_, Record());
  ASSERT_EQ(readiness.Answers().size(), 1u);
  EXPECT_THAT(std::string(readiness.Answers()[0].status.message()), HasSubstr("starting"));
}

TEST_F(ReadinessTest, TheStartAsksEveryServiceAndTellsTheirFirstAnswers) {
  Set("matching", absl::UnavailableError("the disk is full"));
  Readiness readiness({Service("intake"), Service("matching")}, clock_, Record());
  readiness.Start();
  const auto answers = readiness.Answers();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].service, "intake");
  EXPECT_TRUE(answers[0].status.ok());
  EXPECT_EQ(answers[1].status.message(), "the disk is full");
  EXPECT_THAT(Changes(), ElementsAre(Pair("intake", true), Pair("matching", false)));
}

TEST_F(ReadinessTest, AChangeIsTold) {
  Readiness readiness({Service("intake"), Service("matching")}, clock_, Record());
  readiness.Start();
  Set("intake", absl::UnavailableError("the disk is full"));
  PassTimeUntilChanges(3);
  EXPECT_FALSE(readiness.Answers()[0].status.ok());
  Set("intake", absl::OkStatus());
  PassTimeUntilChanges(4);
  EXPECT_TRUE(readiness.Answers()[0].status.ok());
  EXPECT_THAT(Changes(), ElementsAre(Pair("intake", true), Pair("matching", true),
                                     Pair("intake", false), Pair("intake", true)));
}

TEST_F(ReadinessTest, AnotherReasonIsNoChange) {
  Set("intake", absl::UnavailableError("the disk is full"));
  Readiness readiness({Service("intake")}, clock_, Record());
  readiness.Start();
  Set("intake", absl::UnavailableError("the disk is gone"));
  PassTimeUntilAsked(3);
  EXPECT_EQ(Changes().size(), 1u);
  EXPECT_EQ(readiness.Answers()[0].status.message(), "the disk is gone");
}

TEST_F(ReadinessTest, HoweverOftenAnswersAreReadServicesAreAskedOnceAnInterval) {
  Readiness readiness({Service("intake"), Service("matching")}, clock_, Record());
  readiness.Start();
  clock_.Advance(Readiness::kInterval - absl::Nanoseconds(1));
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(readiness.Answers()[0].status.ok());
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(Asked(), 2) << "each at the start";
}

// A service that answers once, and then hangs.
class HangingService {
 public:
  Readiness::Service Get(const std::string& name) {
    return {name, [this] {
              if (++calls_ == 2) {
                asked_.Notify();
                release_.WaitForNotification();
              }
              return absl::OkStatus();
            }};
  }
  void AwaitAsked() { asked_.WaitForNotification(); }
  void Release() { release_.Notify(); }

 private:
  int calls_ = 0;
  absl::Notification asked_;
  absl::Notification release_;
};

TEST_F(ReadinessTest, NoAnswerIsOlderThanTwoSeconds) {
  HangingService hanging;
  Readiness readiness({hanging.Get("intake")}, clock_, Record());
  readiness.Start();
  clock_.Advance(Readiness::kInterval);
  hanging.AwaitAsked();
  clock_.Advance(Readiness::kLongestSilence - Readiness::kInterval);
  EXPECT_TRUE(readiness.Answers()[0].status.ok());
  EXPECT_LE(Readiness::kLongestSilence, absl::Seconds(2));
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_THAT(std::string(readiness.Answers()[0].status.message()), HasSubstr("has not answered"));
  hanging.Release();
}

TEST_F(ReadinessTest, ThatAServiceDoesNotComeBackIsToldAndThatItDoes) {
  HangingService hanging;
  Readiness readiness({hanging.Get("intake")}, clock_, Record());
  readiness.Start();
  clock_.Advance(Readiness::kInterval);
  hanging.AwaitAsked();
  clock_.Advance(Readiness::kLongestSilence);
  PassTimeUntilChanges(2);
  hanging.Release();
  PassTimeUntilChanges(3);
  EXPECT_THAT(Changes(),
              ElementsAre(Pair("intake", true), Pair("intake", false), Pair("intake", true)));
}

TEST_F(ReadinessTest, AServiceThatDoesNotComeBackKeepsNoneFromBeingAsked) {
  HangingService hanging;
  Readiness readiness({hanging.Get("intake"), Service("matching")}, clock_, Record());
  readiness.Start();
  PassTimeUntilAsked(2);
  hanging.AwaitAsked();
  PassTimeUntilAsked(6);
  const auto answers = readiness.Answers();
  EXPECT_FALSE(answers[0].status.ok());
  EXPECT_TRUE(answers[1].status.ok());
  hanging.Release();
}

TEST_F(ReadinessTest, WhileDrainingNothingIsReady) {
  Readiness readiness({Service("intake")}, clock_, Record());
  readiness.Start();
  readiness.Drain();
  EXPECT_THAT(std::string(readiness.Answers()[0].status.message()), HasSubstr("stopping"));
}

}  // namespace
}  // namespace critac::server
