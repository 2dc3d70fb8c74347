#include "common/server/address.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::server {
namespace {

TEST(Address, IsReadAndWrittenTheSame) {
  for (const char* text :
       {"127.0.0.1:7400", "0.0.0.0:0", "localhost:1", "critac-intake.center.svc:7401",
        "[::1]:65535", "[::]:7400", "unix:/run/critac.sock"}) {
    const absl::StatusOr<Address> address = ParseAddress(text);
    ASSERT_TRUE(address.ok()) << text << ": " << address.status();
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(Address, WhatIsNoneIsRefusedWithWhatIsAccepted) {
  const std::string texts[] = {"",
                               "7400",
                               ":7400",
                               "127.0.0.1",
                               "127.0.0.1:",
                               "127.0.0.1:65536",
                               "127.0.0.1:-1",
                               "127.0.0.1:+1",
                               "127.0.0.1: 1",
                               "127.0.0.1:0x10",
                               "127.0.0.1:99999999999999999999",
                               "::1:7400",
                               "[::1]",
                               "[::g]:1",
                               "[127.0.0.1]:1",
                               "http://localhost:7400",
                               "localhost/path:1",
                               "dns:///localhost:7400",
                               "a b:1",
                               "unix:relative.sock",
                               "unix:",
                               "unix:/" + std::string(107, 'x'),
                               std::string(254, 'x') + ":1"};
  for (const std::string& text : texts) {
    const absl::StatusOr<Address> address = ParseAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(address.status().message()),
                ::testing::HasSubstr("accepted: HOST:PORT"));
  }
}

TEST(Address, OnlyThisMachineReachesLoopback) {
  for (const char* text :
       {"127.0.0.1:1", "127.255.255.254:1", "[::1]:1", "localhost:1", "unix:/x"}) {
    EXPECT_TRUE(ParseAddress(text)->IsLoopback()) << text;
  }
  for (const char* text :
       {"0.0.0.0:1", "126.255.255.255:1", "128.0.0.1:1", "10.0.0.1:1", "[::]:1", "[::2]:1",
        "[::ffff:10.0.0.1]:1", "127.1:1", "localhost.example.org:1", "intake:1"}) {
    EXPECT_FALSE(ParseAddress(text)->IsLoopback()) << text;
  }
}

}  // namespace
}  // namespace critac::server
