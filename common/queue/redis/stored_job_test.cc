#include "common/queue/redis/stored_job.h"

#include <cstdint>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/base/trace.h"
#include "gtest/gtest.h"

namespace critac::queue::redis {
namespace {

const absl::Time kTime = absl::FromUnixMicros(1'800'000'000'123'456);

TEST(StoredJob, IsReadAsItWasWritten) {
  for (const std::string& trace : {std::string(), std::string(limits::kJobTraceBytes, 't')}) {
    for (const std::string& key : {std::string("k"), std::string(limits::kJobKeyBytes, 'k')}) {
      const NewJob job = {.key = key, .priority = Priority::kLow, .trace = trace};
      const auto stored = DecodeJob(EncodeJob(job, kTime));
      ASSERT_TRUE(stored.has_value());
      EXPECT_EQ(stored->key, key);
      EXPECT_EQ(stored->trace, trace);
      EXPECT_EQ(stored->priority, Priority::kLow);
      EXPECT_EQ(stored->enqueued, kTime);
    }
  }
}

constexpr char kParentOfJob[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string TraceReadBack(const std::string& trace) {
  const auto stored = DecodeJob(EncodeJob({.key = "k", .trace = trace}, kTime));
  if (!stored.has_value()) return "not read";
  EXPECT_EQ(stored->key, "k");
  return stored->trace;
}

TEST(StoredJob, IsReadWithItsTracestate) {
  for (const std::string& state : {std::string("a=1"), std::string("t@v=of a kind,b=2"),
                                   "a=" + std::string(limits::kJobTraceStateBytes - 2, 'v')}) {
    const std::string trace = JoinTrace(kParentOfJob, state);
    EXPECT_EQ(TraceReadBack(trace), trace);
  }
}

TEST(StoredJob, OfATracestateThatIsTooLongAsMuchIsReadAsFits) {
  const std::string most =
      absl::StrCat("a=1,b=", std::string(limits::kJobTraceStateBytes - 6, 'v'));
  EXPECT_EQ(TraceReadBack(JoinTrace(kParentOfJob, most)), JoinTrace(kParentOfJob, most));
  EXPECT_EQ(TraceReadBack(JoinTrace(kParentOfJob, most + "v")), JoinTrace(kParentOfJob, "a=1"));
  const std::string one_large(limits::kJobTraceStateBytes - 1, 'v');
  EXPECT_EQ(TraceReadBack(JoinTrace(kParentOfJob, "a=" + one_large)), kParentOfJob);
}

TEST(StoredJob, KeepsNoTracestateOfWhatIsNoTrace) {
  EXPECT_EQ(TraceReadBack("first a=1"), "first");
}

// Goal: a process of a version that knows of no tracestate hands on the trace. Method: the bytes of
// the trace, by the length before them, are read as such a version reads them.
TEST(StoredJob, HasWhatIsATraceparentForThoseWhoKnowOfNoTracestate) {
  const std::string record =
      EncodeJob({.key = "k", .trace = JoinTrace(kParentOfJob, "a=1,b=2")}, kTime);
  const size_t length = static_cast<uint8_t>(record[9]);
  ASSERT_EQ(record.size(), 10 + length + 1);
  EXPECT_EQ(ParseTrace(record.substr(10, length)), kParentOfJob);
}

TEST(StoredJob, BeginsWithThePriorityThatTheScriptsRead) {
  EXPECT_EQ(EncodeJob({.key = "k", .priority = Priority::kHigh}, kTime)[0], '0');
  EXPECT_EQ(EncodeJob({.key = "k", .priority = Priority::kNormal}, kTime)[0], '1');
  EXPECT_EQ(EncodeJob({.key = "k", .priority = Priority::kLow}, kTime)[0], '2');
}

TEST(StoredJob, WhatIsNoneIsNotRead) {
  const std::string record = EncodeJob({.key = "k", .trace = "trace"}, kTime);
  for (size_t length = 0; length < 15; ++length) {
    EXPECT_FALSE(DecodeJob(record.substr(0, length)).has_value()) << length;
  }
  EXPECT_TRUE(DecodeJob(record.substr(0, 15)).has_value()) << "an empty key";
  EXPECT_FALSE(DecodeJob("3" + record.substr(1)).has_value()) << "no such priority";
}

TEST(StoredJob, KeysHaveIdsOfTheirOwn) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(JobId(std::to_string(i)));
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_EQ(JobId("a"), JobId("a"));
  EXPECT_EQ(JobId("a").size(), 14u);
}

}  // namespace
}  // namespace critac::queue::redis
