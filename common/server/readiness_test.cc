#include "common/server/readiness.h"

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
              ++asked_;
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
  // Lets time pass until this many changes were told. A wait that begins just as the clock moves
  // counts from then, so one interval may not be enough.
  void PassTimeUntilChanges(size_t count) {
    const auto reached = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return changes_.size() >= count;
    };
    PassTimeUntil(absl::Condition(&reached));
  }
  void PassTimeUntilAsked(int count) {
    const auto reached = [this, count]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return asked_ >= count; };
    PassTimeUntil(absl::Condition(&reached));
  }
  void PassTimeUntil(const absl::Condition& condition) {
    absl::MutexLock lock(&mutex_);
    do {
      clock_.Advance(Readiness::kInterval);
    } while (!mutex_.AwaitWithTimeout(condition, absl::Milliseconds(50)));
  }
  std::vector<std::pair<std::string, bool>> Changes() {
    absl::MutexLock lock(&mutex_);
    return changes_;
  }

  ManualClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  absl::Mutex mutex_;
  std::map<std::string, absl::Status> statuses_ ABSL_GUARDED_BY(mutex_);
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
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
  // A round of questions begins only after the one before was told of.
  PassTimeUntilAsked(3);
  EXPECT_EQ(Changes().size(), 1u);
  EXPECT_EQ(readiness.Answers()[0].status.message(), "the disk is gone");
}

TEST_F(ReadinessTest, AServiceThatDoesNotComeBackIsNotReadyAfterAWhile) {
  absl::Notification release;
  int calls = 0;
  Readiness readiness({{"intake",
                        [&] {
                          {
                            absl::MutexLock lock(&mutex_);
                            ++asked_;
                          }
                          if (++calls == 2) release.WaitForNotification();
                          return absl::OkStatus();
                        }}},
                      clock_, Record());
  readiness.Start();
  const absl::Time answered = clock_.Now();
  PassTimeUntilAsked(2);
  clock_.Advance(answered + Readiness::kLongestSilence - clock_.Now());
  EXPECT_TRUE(readiness.Answers()[0].status.ok());
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_THAT(std::string(readiness.Answers()[0].status.message()), HasSubstr("has not answered"));
  release.Notify();
}

TEST_F(ReadinessTest, WhileDrainingNothingIsReady) {
  Readiness readiness({Service("intake")}, clock_, Record());
  readiness.Start();
  readiness.Drain();
  EXPECT_THAT(std::string(readiness.Answers()[0].status.message()), HasSubstr("stopping"));
}

}  // namespace
}  // namespace critac::server
