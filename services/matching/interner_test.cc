#include "services/matching/interner.h"

#include "gtest/gtest.h"

namespace critac::matching {
namespace {

TEST(Interner, NumbersTextsInTheOrderInWhichTheyCome) {
  Interner texts;
  EXPECT_EQ(texts.size(), 0);
  EXPECT_EQ(texts.Number("oak"), 0);
  EXPECT_EQ(texts.Number("elm"), 1);
  EXPECT_EQ(texts.Number("oak"), 0);
  EXPECT_EQ(texts.size(), 2);
  EXPECT_EQ(texts.TextOf(0), "oak");
  EXPECT_EQ(texts.TextOf(1), "elm");
}

TEST(Interner, KeepsTheNumbersOfTextsThatAreSettled) {
  Interner texts;
  texts.Number("oak");
  texts.Number("elm");
  texts.Settle();
  EXPECT_EQ(texts.size(), 2);
  EXPECT_EQ(texts.Number("elm"), 1);
  EXPECT_EQ(texts.Number("ash"), 2);
  EXPECT_EQ(texts.Number("ash"), 2);
  EXPECT_EQ(texts.TextOf(0), "oak");
  EXPECT_EQ(texts.TextOf(2), "ash");
}

TEST(Interner, ACopyHasItsOwnLaterTexts) {
  Interner texts;
  texts.Number("oak");
  texts.Settle();
  Interner one = texts, other = texts;
  EXPECT_EQ(one.Number("elm"), 1);
  EXPECT_EQ(other.Number("ash"), 1);
  EXPECT_EQ(one.TextOf(1), "elm");
  EXPECT_EQ(other.TextOf(1), "ash");
  EXPECT_EQ(texts.size(), 1);
}

}  // namespace
}  // namespace critac::matching
