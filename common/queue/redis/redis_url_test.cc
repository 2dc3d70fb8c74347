#include "common/queue/redis/redis_url.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::queue::redis {
namespace {

using ::testing::ElementsAre;

TEST(RedisUrl, OfOneServer) {
  const auto target = ParseUrl("redis://127.0.0.1:7000/3");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->kind, Target::Kind::kSingle);
  EXPECT_THAT(target->endpoints, ElementsAre(Endpoint{"127.0.0.1", 7000}));
  EXPECT_EQ(target->database, 3);
  EXPECT_EQ(target->user, "");
  EXPECT_EQ(target->password, "");
}

TEST(RedisUrl, LeavesOutWhatHasADefault) {
  const auto target = ParseUrl("redis://queue.critac");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_THAT(target->endpoints, ElementsAre(Endpoint{"queue.critac", 6379}));
  EXPECT_EQ(target->database, 0);
  EXPECT_EQ(ParseUrl("redis://queue/")->database, 0);
}

TEST(RedisUrl, OfSentinels) {
  const auto target = ParseUrl("redis+sentinel://s1,s2:5000,s3/center/2");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->kind, Target::Kind::kSentinel);
  EXPECT_THAT(target->endpoints,
              ElementsAre(Endpoint{"s1", 26379}, Endpoint{"s2", 5000}, Endpoint{"s3", 26379}));
  EXPECT_EQ(target->master, "center");
  EXPECT_EQ(target->database, 2);
}

TEST(RedisUrl, OfACluster) {
  const auto target = ParseUrl("redis+cluster://[::1]:7001,n2");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->kind, Target::Kind::kCluster);
  EXPECT_THAT(target->endpoints, ElementsAre(Endpoint{"::1", 7001}, Endpoint{"n2", 6379}));
  EXPECT_EQ(ToString(target->endpoints[0]), "[::1]:7001");
  EXPECT_EQ(ToString(target->endpoints[1]), "n2:6379");
}

TEST(RedisUrl, UserAndPasswordArePercentDecoded) {
  const auto target = ParseUrl("redis://critac:p%40ss%2fw:rd@h");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->user, "critac");
  EXPECT_EQ(target->password, "p@ss/w:rd");
  EXPECT_EQ(ParseUrl("redis://:secret@h")->user, "");
}

TEST(RedisUrl, SaysWhatIsWrongButNeverThePassword) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"memcached://h", "no known scheme"},
      {"redis://", "a host is empty"},
      {"redis://a,b", "one host"},
      {"redis://h:0", "port `0`"},
      {"redis://h:65536", "port `65536`"},
      {"redis://h:x", "port `x`"},
      {"redis://[::1", "no closing bracket"},
      {"redis://[::1]x", "after `]`"},
      {"redis://h/x", "database `x`"},
      {"redis://h/-1", "database `-1`"},
      {"redis://h/1/2", "database"},
      {"redis://user:hidden%4@h", "hexadecimal"},
      {"redis://user:hidden@h:0", "port"},
      {"redis://user@h", "no password"},
      {"redis+sentinel://h", "name of the master is missing"},
      {"redis+sentinel:///center", "a host is empty"},
      {"redis+cluster://h/1", "no databases"},
      {"redis+cluster://h,,i", "a host is empty"},
  };
  for (const auto& [url, expected] : cases) {
    const auto target = ParseUrl(url);
    ASSERT_FALSE(target.ok()) << url;
    EXPECT_EQ(target.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(target.status().message()), ::testing::HasSubstr(expected)) << url;
    EXPECT_THAT(std::string(target.status().message()), ::testing::HasSubstr("accepted: redis://"));
    EXPECT_FALSE(absl::StrContains(target.status().message(), "hidden"));
  }
}

}  // namespace
}  // namespace critac::queue::redis
