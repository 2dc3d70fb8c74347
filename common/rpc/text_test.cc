#include "common/rpc/text.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace critac::rpc {
namespace {

using Problem = TextScan::Problem;

TEST(ScanText, CountsCodePoints) {
  EXPECT_EQ(ScanText("").characters, 0U);
  EXPECT_EQ(ScanText("abc").characters, 3U);
  EXPECT_EQ(ScanText("a\n\tb").characters, 4U);
  EXPECT_EQ(ScanText("\xc3\xa9").characters, 1U);                    // é
  EXPECT_EQ(ScanText("\xe2\x82\xac").characters, 1U);                // €
  EXPECT_EQ(ScanText("\xf0\x9f\x9a\x93").characters, 1U);            // U+1F693
  EXPECT_EQ(ScanText("12345678\xc3\xa9 12345678").characters, 18U);  // across words of eight bytes
}

TEST(ScanText, AcceptsTheEdgesOfUtf8) {
  for (const char* text : {"\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(ScanText(text).problem, Problem::kNone) << ::testing::PrintToString(text);
    EXPECT_EQ(ScanText(text).characters, 1U);
  }
}

TEST(ScanText, RefusesWhatIsNotUtf8) {
  for (const std::string text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xe2\x82",
        "\xe2(\xa1", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x9a",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    for (const std::string& around : {std::string(), std::string("12345678"), std::string("123")}) {
      const TextScan scan = ScanText(around + text + around);
      EXPECT_EQ(scan.problem, Problem::kNotUtf8) << ::testing::PrintToString(text);
      EXPECT_EQ(scan.characters, around.size());
    }
  }
}

// Every byte alone, in every place of a word: only newline and tab are accepted below a space.
TEST(ScanText, RefusesControlCharactersInAnyPlace) {
  for (int byte = 0; byte < 0x80; ++byte) {
    const bool control = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f;
    for (size_t place = 0; place < 20; ++place) {
      std::string text(20, 'x');
      text[place] = static_cast<char>(byte);
      const TextScan scan = ScanText(text);
      ASSERT_EQ(scan.problem, control ? Problem::kControlCharacter : Problem::kNone)
          << byte << " at " << place;
      ASSERT_EQ(scan.characters, control ? place : 20U);
      if (control) ASSERT_EQ(scan.control_character, static_cast<uint32_t>(byte));
    }
  }
  EXPECT_EQ(ScanText("\xc2\x80").problem, Problem::kControlCharacter);
  EXPECT_EQ(ScanText("\xc2\x9f").problem, Problem::kControlCharacter);
  EXPECT_EQ(ScanText("\xc2\x9f").control_character, 0x9fU);
}

// Goal: the fast way over eight bytes and the slow one agree. Method: any text, read whole and read
// byte by byte in pieces of one code point, which never takes the fast way.
TEST(ScanText, ReadsAnyTextAsItsPieces) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    size_t expected = 0;
    bool control = false;
    const size_t pieces = random() % 40;
    for (size_t i = 0; i < pieces; ++i) {
      static const char* const kPieces[] = {
          "a", " ", "~", "\n", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\x93", "\x1f", "\x7f"};
      const size_t piece = random() % (round % 2 == 0 ? 7 : 9);
      text += kPieces[piece];
      control = control || piece >= 7;
      if (!control) ++expected;
    }
    const TextScan scan = ScanText(text);
    ASSERT_EQ(scan.problem, control ? Problem::kControlCharacter : Problem::kNone);
    ASSERT_EQ(scan.characters, expected);
  }
}

TEST(IsState, KnowsFiftyStatesTheDistrictAndFiveTerritories) {
  int states = 0;
  for (char a = 'A'; a <= 'Z'; ++a) {
    for (char b = 'A'; b <= 'Z'; ++b) states += IsState(std::string{a, b}) ? 1 : 0;
  }
  EXPECT_EQ(states, 56);
  for (const char* state : {"UT", "DC", "AS", "GU", "MP", "PR", "VI", "AK", "WY"}) {
    EXPECT_TRUE(IsState(state)) << state;
  }
  for (const char* other :
       {"", "U", "ut", "Ut", "UTA", "K ", " A", "NB", "CZ", "XX", "FM", "AK AL"}) {
    EXPECT_FALSE(IsState(other)) << other;
  }
}

TEST(IsEmail, AcceptsOrdinaryAddresses) {
  for (const std::string& email :
       {std::string("a@b.co"), std::string("first.last+tag@police.city.gov"),
        std::string("o'brien@xn--bcher-kva.example"), std::string("a@1.2"),
        std::string(64, 'l') + "@" + std::string(63, 'd') + ".gov"}) {
    EXPECT_TRUE(IsEmail(email)) << email;
  }
}

TEST(IsEmail, RefusesEverythingElse) {
  for (const std::string& text :
       {std::string(""),
        std::string("a"),
        std::string("a@"),
        std::string("@b.co"),
        std::string("a@b"),
        std::string("a@b."),
        std::string("a@.b"),
        std::string("a@b..c"),
        std::string(".a@b.co"),
        std::string("a.@b.co"),
        std::string("a..b@c.co"),
        std::string("a b@c.co"),
        std::string("a@b c.co"),
        std::string("a@-b.co"),
        std::string("a@b-.co"),
        std::string("a@b@c.co"),
        std::string("\"a\"@b.co"),
        std::string("a@b_c.co"),
        std::string("\xc3\xa9@b.co"),
        std::string("a@b.co\n"),
        std::string(65, 'l') + "@b.co",
        "a@" + std::string(64, 'd') + ".co",
        "a@" + std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') +
            "." + std::string(60, 'd') + "." + std::string(20, 'e')}) {
    EXPECT_FALSE(IsEmail(text)) << text;
  }
}

TEST(IsLanguage, IsAWellFormedTag) {
  for (const char* tag : {"en", "es", "nv", "haw", "es-MX", "zh-Hant", "zh-cmn-Hans-CN", "sl-rozaj",
                          "de-CH-1901", "en-US-u-islamcal", "en-x-us", "EN", "es-419"}) {
    EXPECT_TRUE(IsLanguage(tag)) << tag;
  }
  for (const char* text : {"", "e", "English", "english-language", "en_US", "en-", "-en", "en--US",
                           "12", "en-x", "en-u", "es-MX ", "es-\xc3\xa9", "i-navajo"}) {
    EXPECT_FALSE(IsLanguage(text)) << text;
  }
}

TEST(IsResourceName, IsACollectionAndOneId) {
  for (const std::string& name :
       {std::string("agencies/a"), std::string("agencies/ag-000001"), std::string("agencies/A.b_c"),
        std::string("agencies/experts-e001@2026Q4"), "agencies/" + std::string(100, 'a')}) {
    EXPECT_TRUE(IsResourceName(name, "agencies")) << name;
  }
  for (const std::string& name :
       {std::string(""), std::string("agencies"), std::string("agencies/"), std::string("a"),
        std::string("partners/a"), std::string("agencies/a/b"), std::string("agencies/a b"),
        std::string("agencies/-a"), std::string("agencies/.."), std::string("/agencies/a"),
        std::string("agenciesx/a"), std::string("agencies/\xc3\xa9"), std::string("agencies/a#b"),
        "agencies/" + std::string(101, 'a')}) {
    EXPECT_FALSE(IsResourceName(name, "agencies")) << name;
  }
}

TEST(IsFieldPath, IsNamesWithDots) {
  for (const char* path : {"a", "display_name", "agency.display_name", "a1.b2.c3"}) {
    EXPECT_TRUE(IsFieldPath(path)) << path;
  }
  for (const char* text : {"", ".", "a.", ".a", "a..b", "displayName", "a b", "1a", "*", "_a"}) {
    EXPECT_FALSE(IsFieldPath(text)) << text;
  }
}

}  // namespace
}  // namespace critac::rpc
