#include <cctype>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "common/store/filter.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::string_view kCall = "requests state=TX";

std::string Refusal(absl::string_view token, absl::string_view arguments = kCall,
                    size_t key_count = 2) {
  const absl::Status status = ReadPageToken(token, arguments, key_count).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << token;
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "page_token");
  return std::string(status.message());
}

TEST(PageToken, GivesBackItsKeys) {
  const auto keys =
      ReadPageToken(MakePageToken(kCall, {"2026-10-01", "requests/fy27-1"}), kCall, 2);
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_THAT(*keys, ElementsAre("2026-10-01", "requests/fy27-1"));
}

TEST(PageToken, KeepsEveryByteOfAKey) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const auto keys = ReadPageToken(MakePageToken("", {"", all, std::string(3000, 'x')}), "", 3);
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_THAT(*keys, ElementsAre("", all, std::string(3000, 'x')));
  EXPECT_THAT(ReadPageToken(MakePageToken("", {}), "", 0).value_or(std::vector<std::string>{"x"}),
              IsEmpty());
}

TEST(PageToken, CanStandInAUrl) {
  for (int i = 0; i < 200; ++i) {
    const std::string token = MakePageToken(absl::StrCat(i), {absl::StrCat("key ", i * i)});
    for (const char c : token) EXPECT_TRUE(absl::ascii_isalnum(c) || c == '-' || c == '_') << token;
  }
}

TEST(PageToken, OfOtherArgumentsIsRefused) {
  const std::string token = MakePageToken(kCall, {"a", "b"});
  EXPECT_THAT(Refusal(token, "requests state=NV"), HasSubstr("other arguments"));
}

TEST(PageToken, OfAnotherNumberOfKeysIsRefused) {
  const std::string token = MakePageToken(kCall, {"a", "b"});
  Refusal(token, kCall, 1);
  Refusal(token, kCall, 3);
  Refusal(token, kCall, 0);
}

TEST(PageToken, AnyChangeIsRefused) {
  const std::string token = MakePageToken(kCall, {"a", "b"});
  for (size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'A', 'z', '0', '_', ' ', '=', '\xff'}) {
      std::string changed = token;
      if (changed[i] == c) continue;
      changed[i] = c;
      Refusal(changed);
    }
    Refusal(token.substr(0, i));
    Refusal(token.substr(i + 1));
  }
  Refusal(token + "A");
  Refusal(token + "=");
  Refusal(" " + token);
}

TEST(PageToken, WhatIsNoTokenIsRefused) {
  for (const char* token : {"", "a", "next", "%%%", "AAAA", "\xff\xfe"}) Refusal(token);
  // One that would be good, but for its length.
  Refusal(MakePageToken(kCall, {"a", std::string(limits::kPageTokenBytes, 'x')}));
}

TEST(PageSize, IsTheDefaultOrWhatIsAskedUpToTheMost) {
  EXPECT_EQ(PageSize(0), limits::kDefaultPageSize);
  EXPECT_EQ(PageSize(-1), limits::kDefaultPageSize);
  EXPECT_EQ(PageSize(1), 1);
  EXPECT_EQ(PageSize(limits::kMaxPageSize), limits::kMaxPageSize);
  EXPECT_EQ(PageSize(limits::kMaxPageSize + 1), limits::kMaxPageSize);
}

}  // namespace
}  // namespace critac::store
