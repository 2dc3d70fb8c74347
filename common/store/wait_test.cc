#include "common/store/wait.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A wait by a clock that moves with its pauses.
class WaitTest : public ::testing::Test {
 protected:
  Wait WaitFor(absl::Duration at_most) {
    return Wait("the server", at_most,
                {.clock = &clock_,
                 .sleep =
                     [this](absl::Duration pause) {
                       slept_.push_back(pause);
                       clock_.Advance(pause);
                     },
                 .tell = [this](const std::string& line) { told_.push_back(line); }});
  }

  ManualClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  std::vector<absl::Duration> slept_;
  std::vector<std::string> told_;
};

TEST_F(WaitTest, SaysWhatItIsForAtOnceAndAgainEveryTenSeconds) {
  Wait wait = WaitFor(absl::Minutes(1));
  for (int i = 0; i <= 25; ++i) {
    const absl::Status why = absl::UnavailableError(i < 10 ? "no answer" : "it starts");
    ASSERT_TRUE(wait.Pause(absl::Seconds(1), why));
  }
  EXPECT_THAT(told_, ElementsAre("waiting for the server, at most 1m: no answer",
                                 "still waiting for the server, 10s of at most 1m: it starts",
                                 "still waiting for the server, 20s of at most 1m: it starts"));
}

TEST_F(WaitTest, CountsTheTimeOfTheTriesToo) {
  Wait wait = WaitFor(absl::Minutes(1));
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Milliseconds(5500));
    ASSERT_TRUE(wait.Pause(absl::Seconds(1), absl::UnavailableError("no answer")));
  }
  EXPECT_THAT(told_, ElementsAre("waiting for the server, at most 1m: no answer",
                                 "still waiting for the server, 18s of at most 1m: no answer"));
}

TEST_F(WaitTest, EndsBeforeAPauseThatWouldTakeTooLong) {
  Wait wait = WaitFor(absl::Seconds(2));
  const absl::Status why = absl::UnavailableError("no answer");
  EXPECT_TRUE(wait.Pause(absl::Milliseconds(500), why));
  EXPECT_FALSE(wait.Pause(absl::Milliseconds(1501), why));
  EXPECT_TRUE(wait.Pause(absl::Milliseconds(1500), why));
  EXPECT_FALSE(wait.Pause(absl::Milliseconds(1), why));
  EXPECT_THAT(slept_, ElementsAre(absl::Milliseconds(500), absl::Milliseconds(1500)));
  EXPECT_THAT(told_, SizeIs(1));
}

TEST_F(WaitTest, ThatMayNotWaitSaysNothing) {
  Wait wait = WaitFor(absl::ZeroDuration());
  EXPECT_FALSE(wait.Pause(absl::Seconds(1), absl::UnavailableError("no answer")));
  EXPECT_THAT(slept_, IsEmpty());
  EXPECT_THAT(told_, IsEmpty());
}

}  // namespace
}  // namespace critac::store
