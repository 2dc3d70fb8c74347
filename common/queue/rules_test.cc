#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "common/base/limits.h"
#include "common/queue/backoff.h"
#include "common/queue/job.h"
#include "common/queue/kept_error.h"
#include "common/queue/permanent.h"
#include "gtest/gtest.h"

namespace critac::queue {
namespace {

constexpr uint64_t kLeast = 0;
constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

TEST(Backoff, DoublesAfterEachFailureUpToItsLimit) {
  const auto wait = [](int failures) {
    return Backoff(absl::Seconds(1), absl::Seconds(10), failures, kLeast);
  };
  EXPECT_EQ(wait(1), absl::Seconds(1));
  EXPECT_EQ(wait(2), absl::Seconds(2));
  EXPECT_EQ(wait(3), absl::Seconds(4));
  EXPECT_EQ(wait(4), absl::Seconds(8));
  EXPECT_EQ(wait(5), absl::Seconds(10));
  EXPECT_EQ(wait(std::numeric_limits<int>::max()), absl::Seconds(10));
}

TEST(Backoff, AddsUpToAQuarterAtRandom) {
  EXPECT_EQ(Backoff(absl::Seconds(8), absl::Minutes(1), 1, kLeast), absl::Seconds(8));
  EXPECT_EQ(Backoff(absl::Seconds(8), absl::Minutes(1), 1, uint64_t{1} << 63), absl::Seconds(9));
  const absl::Duration most = Backoff(absl::Seconds(8), absl::Minutes(1), 1, kMost);
  EXPECT_LE(most, absl::Seconds(10));
  EXPECT_GT(most, absl::Seconds(9.99));
  EXPECT_GT(Backoff(absl::Seconds(8), absl::Seconds(8), 5, kMost), absl::Seconds(9.99))
      << "also at the limit";
}

TEST(Backoff, TheFirstWaitIsNoLongerThanTheLimit) {
  EXPECT_EQ(Backoff(absl::Seconds(8), absl::Seconds(3), 1, kLeast), absl::Seconds(3));
}

TEST(Backoff, NoWaitStaysNone) {
  EXPECT_EQ(Backoff(absl::ZeroDuration(), absl::Seconds(3), 1'000'000'000, kMost),
            absl::ZeroDuration());
}

TEST(KeptError, WhatIsShortAndUtf8IsKeptAsItIs) {
  for (const std::string text :
       {"", "no such agency", "Zürich", "\xe6\xb3\x95", "\xf0\x9f\x9a\xa8", "a\nb"}) {
    EXPECT_EQ(KeptError(text), text);
  }
}

TEST(KeptError, NoCharacterIsCutInTwo) {
  constexpr size_t kLimit = limits::kJobErrorBytes;
  for (const std::string character : {"e", "\xc3\xbc", "\xe6\xb3\x95", "\xf0\x9f\x9a\xa8"}) {
    const size_t length = character.size();
    const std::string fits = std::string(kLimit - length, 'x') + character;
    EXPECT_EQ(KeptError(fits), fits) << length;
    const std::string too_long = std::string(kLimit - length + 1, 'x') + character;
    EXPECT_EQ(KeptError(too_long), std::string(kLimit - length + 1, 'x')) << length;
  }
}

TEST(KeptError, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(KeptError("a\xff"
                      "b"),
            "a?b");
  EXPECT_EQ(KeptError("\x80"), "?") << "a byte that goes on with nothing";
  EXPECT_EQ(KeptError("\xc3"), "?") << "cut short";
  EXPECT_EQ(KeptError("\xe6\xb3"), "??");
  EXPECT_EQ(KeptError("\xc3("), "?(");
  EXPECT_EQ(KeptError("\xc0\xaf"), "??") << "longer than needed";
  EXPECT_EQ(KeptError("\xe0\x9f\xbf"), "???") << "longer than needed";
  EXPECT_EQ(KeptError("\xed\xa0\x80"), "???") << "a surrogate";
  EXPECT_EQ(KeptError("\xed\x9f\xbf"), "\xed\x9f\xbf") << "the last before them";
  EXPECT_EQ(KeptError("\xf4\x90\x80\x80"), "????") << "past the last code point";
  EXPECT_EQ(KeptError("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf") << "the last code point";
  EXPECT_EQ(KeptError("\xf5\x80\x80\x80"), "????");
  EXPECT_EQ(KeptError("\xf0\x8f\xbf\xbf"), "????") << "longer than needed";
}

TEST(IsPermanent, FollowsItsTable) {
  using Code = absl::StatusCode;
  for (const Code code :
       {Code::kInvalidArgument, Code::kNotFound, Code::kAlreadyExists, Code::kPermissionDenied,
        Code::kUnauthenticated, Code::kFailedPrecondition, Code::kOutOfRange, Code::kDataLoss}) {
    EXPECT_TRUE(IsPermanent(absl::Status(code, ""))) << absl::StatusCodeToString(code);
  }
  for (const Code code : {Code::kOk, Code::kCancelled, Code::kUnknown, Code::kDeadlineExceeded,
                          Code::kResourceExhausted, Code::kAborted, Code::kUnavailable,
                          Code::kInternal, Code::kUnimplemented}) {
    EXPECT_FALSE(IsPermanent(absl::Status(code, ""))) << absl::StatusCodeToString(code);
  }
}

TEST(Job, SaysWhatItsLeaseSays) {
  const absl::Time enqueued = absl::FromUnixSeconds(1);
  const Job job(
      {.key = "a", .token = 7, .attempt = 3, .expires = {}, .trace = "t", .enqueued = enqueued});
  EXPECT_EQ(job.key(), "a");
  EXPECT_EQ(job.attempt(), 3);
  EXPECT_EQ(job.trace(), "t");
  EXPECT_EQ(job.enqueued(), enqueued);
  EXPECT_FALSE(job.cancelled()) << "nobody can cancel it";
}

TEST(Job, IsCancelledFromOutside) {
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  const Job job(Lease{.key = "a"}, cancelled);
  EXPECT_FALSE(job.cancelled());
  cancelled->store(true);
  EXPECT_TRUE(job.cancelled());
}

}  // namespace
}  // namespace critac::queue
