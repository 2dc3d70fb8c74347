#include "services/cli/number_text.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace critac::cli {
namespace {

TEST(NumberText, ThousandsAreSetOff) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1000), "1,000");
  EXPECT_EQ(WithThousands(-125'314), "-125,314");
}

TEST(NumberText, FractionsAreBarsOfTheNearestOfEightHeights) {
  struct Case {
    std::vector<int64_t> fractions_e6;
    std::string bars;
  };
  const std::vector<Case> cases = {
      {{}, ""},
      {{0, 1'000'000}, "▁█"},
      {{71'428, 71'429, 928'571, 928'572}, "▁▂▇█"},
      {{0, 142'857, 285'714, 428'571, 571'429, 714'286, 857'143, 1'000'000}, "▁▂▃▄▅▆▇█"},
      {{-1, 500'000, -1}, "·▅·"},
      {{1'000'001, INT64_MAX}, "██"},
  };
  for (const Case& one : cases) EXPECT_EQ(FractionBars(one.fractions_e6), one.bars);
}

}  // namespace
}  // namespace critac::cli
