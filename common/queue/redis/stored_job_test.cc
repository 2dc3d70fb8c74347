#include "common/queue/redis/stored_job.h"

#include <set>
#include <string>

#include "common/base/limits.h"
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
