#include "services/cli/display_width.h"

#include "gtest/gtest.h"

namespace critac::cli {
namespace {

TEST(DisplayWidth, AsciiTakesAColumnACharacter) { EXPECT_EQ(DisplayWidth("Mesa Verde"), 10); }

TEST(DisplayWidth, AccentsTakeOneColumnComposedOrNot) {
  EXPECT_EQ(DisplayWidth("N\xc3\xba\xc3\xb1"
                         "ez"),
            5);  // Núñez
  EXPECT_EQ(DisplayWidth("Nu\xcc\x81n\xcc\x83"
                         "ez"),
            5);  // the same with combining marks
}

TEST(DisplayWidth, EastAsianWideCharactersAndEmojiTakeTwo) {
  EXPECT_EQ(DisplayWidth("\xe8\xad\xa6\xe5\xaf\x9f"), 4);  // 警察
  EXPECT_EQ(DisplayWidth("\xf0\x9f\x9a\x93"), 2);          // a police car
}

TEST(DisplayWidth, ZeroWidthJoinersTakeNone) {
  EXPECT_EQ(DisplayWidth("a\xe2\x80\x8d"
                         "b"),
            2);
}

TEST(Printable, LineBreaksAndTabsBecomeSpaces) { EXPECT_EQ(Printable("a\nb\r\tc"), "a b  c"); }

TEST(Printable, AnEscapeSequenceCannotReachTheTerminal) {
  const std::string shown = Printable("\x1b[2Jgone\x7f");
  EXPECT_EQ(shown, "\xef\xbf\xbd[2Jgone\xef\xbf\xbd");
}

TEST(Printable, C1ControlsAndDirectionOverridesAreReplaced) {
  EXPECT_EQ(Printable("\xc2\x9b"
                      "2J"),
            "\xef\xbf\xbd"
            "2J");  // CSI as U+009B
  EXPECT_EQ(Printable("a\xe2\x80\xae"
                      "b"),
            "a\xef\xbf\xbd"
            "b");  // U+202E
  EXPECT_EQ(Printable("a\xe2\x81\xa6"
                      "b"),
            "a\xef\xbf\xbd"
            "b");  // U+2066
}

TEST(Printable, BytesThatAreNotUtf8AreReplacedOneByOne) {
  EXPECT_EQ(Printable("a\xff\xfe"
                      "b"),
            "a\xef\xbf\xbd\xef\xbf\xbd"
            "b");
  EXPECT_EQ(Printable("\xc3"), "\xef\xbf\xbd");                                  // cut short
  EXPECT_EQ(Printable("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");                  // overlong
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // a surrogate
}

TEST(Printable, GoodTextStaysAsItIs) {
  EXPECT_EQ(Printable("N\xc3\xba\xc3\xb1"
                      "ez \xe2\x80\x94 \xf0\x9f\x9a\x93"),
            "N\xc3\xba\xc3\xb1"
            "ez \xe2\x80\x94 \xf0\x9f\x9a\x93");
}

TEST(IsUtf8, TellsBothSides) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(
      IsUtf8("N\xc3\xba\xc3\xb1"
             "ez"));
  EXPECT_TRUE(IsUtf8("\xf4\x8f\xbf\xbf"));   // U+10FFFF
  EXPECT_FALSE(IsUtf8("\xf4\x90\x80\x80"));  // U+110000
  EXPECT_FALSE(
      IsUtf8("N\xfa"
             "ez"));  // Latin-1
  EXPECT_FALSE(IsUtf8("\x80"));
}

TEST(CutToWidth, WhatFitsIsNotCut) { EXPECT_EQ(CutToWidth("sheriff", 7), "sheriff"); }

TEST(CutToWidth, WhatDoesNotFitEndsInAnEllipsis) {
  EXPECT_EQ(CutToWidth("sheriff", 6), "sheri\xe2\x80\xa6");
  EXPECT_EQ(CutToWidth("sheriff", 1), "\xe2\x80\xa6");
}

TEST(CutToWidth, AWideCharacterIsNotHalved) {
  EXPECT_EQ(CutToWidth("\xe8\xad\xa6\xe5\xaf\x9f\xe7\xbd\xb2", 4), "\xe8\xad\xa6\xe2\x80\xa6");
  EXPECT_EQ(DisplayWidth(CutToWidth("\xe8\xad\xa6\xe5\xaf\x9f\xe7\xbd\xb2", 4)), 3);
}

TEST(CutToWidth, ACombiningMarkStaysWithItsLetter) {
  EXPECT_EQ(CutToWidth("e\xcc\x81"
                       "abc",
                       3),
            "e\xcc\x81"
            "a\xe2\x80\xa6");
}

}  // namespace
}  // namespace critac::cli
