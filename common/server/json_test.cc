#include "common/server/json.h"

#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace critac::server {
namespace {

std::string Quoted(absl::string_view text, size_t max_bytes = 2000) {
  std::string out;
  AppendJsonString(out, text, max_bytes);
  return out;
}

// What an independent reader makes of it; throws, and so fails the test, where it is not JSON.
std::string ReadBack(const std::string& json) {
  return nlohmann::json::parse(json).get<std::string>();
}

TEST(JsonString, KeepsWhatIsWellFormed) {
  const std::string texts[] = {
      "",
      "plain",
      "quote \" backslash \\ slash /",
      "line\nfeed\rreturn\ttab\bback\fform",
      std::string("nul\0inside", 10),
      "\x01\x1f\x7f",
      "accents é, han 漢, emoji \xF0\x9F\x9A\x93",
      "separators \xE2\x80\xA8 and \xE2\x80\xA9",
      "highest \xF4\x8F\xBF\xBF, before the surrogates \xED\x9F\xBF, after \xEE\x80\x80",
  };
  for (const std::string& text : texts) EXPECT_EQ(ReadBack(Quoted(text)), text) << text;
}

TEST(JsonString, HoldsNoByteThatEndsALine) {
  const std::string quoted = Quoted("a\nb\rc\x7f\xE2\x80\xA8\xE2\x80\xA9");
  EXPECT_EQ(quoted, R"("a\nb\u000dc\u007f\u2028\u2029")");
}

TEST(JsonString, ReplacesEveryByteThatIsNotUtf8) {
  const std::string replacement = "\xEF\xBF\xBD";
  const struct {
    std::string text;
    size_t replaced;
  } cases[] = {
      {"\xFF", 1},              // never in UTF-8
      {"\x80", 1},              // continuation without a beginning
      {"\xC3", 1},              // beginning without continuation
      {"\xC0\xAF", 2},          // overlong /
      {"\xE0\x80\x80", 3},      // overlong NUL
      {"\xED\xA0\x80", 3},      // surrogate
      {"\xF4\x90\x80\x80", 4},  // past U+10FFFF
      {"\xF0\x9F\x9A", 3},      // cut short
      {"\xE2\x28\xA1", 2},      // the middle one is `(`
  };
  for (const auto& c : cases) {
    const std::string back = ReadBack(Quoted(c.text));
    size_t replaced = 0;
    for (size_t at = back.find(replacement); at != std::string::npos;
         at = back.find(replacement, at + 1)) {
      ++replaced;
    }
    EXPECT_EQ(replaced, c.replaced) << Quoted(c.text);
  }
}

TEST(JsonString, CutsALongTextAtACharacter) {
  EXPECT_EQ(ReadBack(Quoted("12345", 5)), "12345");
  EXPECT_EQ(ReadBack(Quoted("123456", 5)), "12345…");
  EXPECT_EQ(ReadBack(Quoted("1234é", 6)), "1234é");
  EXPECT_EQ(ReadBack(Quoted("1234é", 5)), "1234…");
}

TEST(JsonString, IsValidForEveryPairOfBytes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second)};
      EXPECT_TRUE(nlohmann::json::accept(Quoted(text))) << first << ", " << second;
    }
  }
}

}  // namespace
}  // namespace critac::server
