#include "services/matching/shared_rows.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using Texts = SharedRows<std::string, 4>;

Texts TextsUpTo(int count) {
  Texts texts;
  for (int i = 0; i < count; ++i) texts.Add(absl::StrCat("t", i));
  return texts;
}

std::vector<std::string> All(const Texts& texts) {
  std::vector<std::string> all;
  for (const std::string& text : texts) all.push_back(text);
  return all;
}

TEST(SharedRows, AreInTheOrderInWhichTheyWereAdded) {
  EXPECT_TRUE(Texts().empty());
  for (const int count : {1, 3, 4, 5, 8, 9}) {
    const Texts texts = TextsUpTo(count);
    ASSERT_EQ(texts.size(), static_cast<size_t>(count));
    std::vector<std::string> expected;
    for (int i = 0; i < count; ++i) {
      expected.push_back(absl::StrCat("t", i));
      EXPECT_EQ(texts[i], expected.back());
    }
    EXPECT_EQ(All(texts), expected);
  }
}

TEST(SharedRows, ReservingChangesNothingButTheMemory) {
  for (const size_t reserved : {size_t{0}, size_t{2}, size_t{6}, size_t{100}}) {
    Texts texts;
    texts.Reserve(reserved);
    for (int i = 0; i < 10; ++i) texts.Add(absl::StrCat("t", i));
    EXPECT_EQ(All(texts), All(TextsUpTo(10))) << reserved;
  }
}

TEST(SharedRows, ACopySharesTheChunksThatItDoesNotChange) {
  const Texts texts = TextsUpTo(10);
  Texts copy = texts;
  copy.Mutable(5) = "other";
  copy.Mutable(4) = "another";
  EXPECT_EQ(copy[5], "other");
  EXPECT_EQ(copy[4], "another");
  EXPECT_EQ(copy[6], "t6");
  EXPECT_EQ(All(texts), All(TextsUpTo(10)));
  for (const int row : {0, 3, 8, 9}) EXPECT_EQ(&copy[row], &texts[row]) << row;
  for (const int row : {4, 5, 6, 7}) EXPECT_NE(&copy[row], &texts[row]) << row;
}

TEST(SharedRows, AddingToACopyLeavesTheOtherAsItIs) {
  for (const int count : {4, 6}) {
    const Texts texts = TextsUpTo(count);
    Texts copy = texts;
    copy.Add(absl::StrCat("t", count));
    EXPECT_EQ(All(copy), All(TextsUpTo(count + 1)));
    EXPECT_EQ(All(texts), All(TextsUpTo(count)));
  }
}

}  // namespace
}  // namespace critac::matching
