#include "services/metrics/wording.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "services/metrics/dimensions.h"

namespace critac::metrics {
namespace {

TEST(Wording, NumbersHaveThousandsAndAreRoundedHalfAwayFromZero) {
  EXPECT_EQ(NumberText(0), "0");
  EXPECT_EQ(NumberText(999), "999");
  EXPECT_EQ(NumberText(1000), "1,000");
  EXPECT_EQ(NumberText(125314), "125,314");
  EXPECT_EQ(NumberText(1234567), "1,234,567");
  EXPECT_EQ(NumberText(0.5), "1");
  EXPECT_EQ(NumberText(-0.4), "0");
  EXPECT_EQ(NumberText(-1234.5), "−1,235");
  EXPECT_EQ(NumberText(4.65, 1), "4.7");
  EXPECT_EQ(NumberText(1034.25, 2), "1,034.25");
}

TEST(Wording, ValuesCarryTheirUnit) {
  EXPECT_EQ(ValueText(1234, v1::UNIT_COUNT), "1,234");
  EXPECT_EQ(ValueText(92.6, v1::UNIT_PERCENT), "93%");
  EXPECT_EQ(ValueText(4.5, v1::UNIT_POINTS), "4.5 points");
  EXPECT_EQ(ValueText(1, v1::UNIT_DAYS), "1 day");
  EXPECT_EQ(ValueText(12, v1::UNIT_DAYS), "12 days");
  EXPECT_EQ(ValueText(1, v1::UNIT_HOURS), "1 hour");
  EXPECT_EQ(ValueText(30.75, v1::UNIT_HOURS), "30.75 hours");
}

TEST(Wording, ACellIsRoundedAsItsTextIs) {
  EXPECT_EQ(ValueCell(92.6374, v1::UNIT_PERCENT).value, 93);
  EXPECT_EQ(ValueCell(4.5678, v1::UNIT_POINTS).value, 4.6);
  EXPECT_EQ(ValueCell(30.75, v1::UNIT_HOURS).value, 30.75);
}

TEST(Wording, APeriodThatIsAFiscalYearIsCalledByIt) {
  EXPECT_EQ(PeriodText(absl::CivilDay(2025, 10, 1), absl::CivilDay(2026, 9, 30)),
            "fiscal year 2026");
  EXPECT_EQ(PeriodText(absl::CivilDay(2025, 10, 1), absl::CivilDay(2026, 9, 29)),
            "October 1, 2025 to September 29, 2026");
  EXPECT_EQ(PeriodText(absl::CivilDay(2024, 10, 1), absl::CivilDay(2026, 9, 30)),
            "October 1, 2024 to September 30, 2026");
}

TEST(Wording, CountsAndLists) {
  EXPECT_EQ(Counted(1, "request", "requests"), "1 request");
  EXPECT_EQ(Counted(0, "request", "requests"), "0 requests");
  EXPECT_EQ(Counted(1200, "request", "requests"), "1,200 requests");
  EXPECT_EQ(Listed({}), "");
  EXPECT_EQ(Listed({"a"}), "a");
  EXPECT_EQ(Listed({"a", "b"}), "a and b");
  EXPECT_EQ(Listed({"a", "b", "c"}), "a, b and c");
}

TEST(Wording, ValuesOfDimensionsHaveNamesForPeople) {
  Facts facts;
  facts.intake.titles["topics/x"] = "De-escalation";
  facts.matching.titles["partners/x"] = "The Association";
  EXPECT_EQ(DimensionLabel(facts, v1::DIMENSION_TOPIC, "topics/x"), "De-escalation");
  EXPECT_EQ(DimensionLabel(facts, v1::DIMENSION_TOPIC, "topics/y"), "topics/y");
  EXPECT_EQ(DimensionLabel(facts, v1::DIMENSION_TOPIC, "UNKNOWN"), "Not named");
  EXPECT_EQ(DimensionLabel(facts, v1::DIMENSION_PARTNER, "partners/x"), "The Association");
  EXPECT_EQ(DimensionLabel(facts, v1::DIMENSION_STATE, "UT"), "Utah");
  EXPECT_EQ(DimensionLabel(facts, v1::DIMENSION_SIZE_BAND, "1000_PLUS"), "1,000+");
}

TEST(Wording, EveryValueThatADimensionCanTakeHasALabel) {
  for (const v1::Dimension dimension :
       {v1::DIMENSION_AGENCY_TYPE, v1::DIMENSION_SIZE_BAND, v1::DIMENSION_MODE,
        v1::DIMENSION_UNDER_50_SWORN, v1::DIMENSION_REQUEST_STATE}) {
    for (const std::string& value : AcceptedValues(dimension)) {
      if (dimension == v1::DIMENSION_REQUEST_STATE && value == kUnknownValue) continue;
      EXPECT_NE(DimensionLabel(Facts(), dimension, value), value) << value;
    }
  }
}

TEST(Wording, TheMapHasEveryStateAndTerritoryInAPlaceOfItsOwn) {
  std::set<std::string> codes;
  std::set<std::pair<int, int>> places;
  std::map<std::string, int> regions;
  for (const StateTile& tile : StateTiles()) {
    EXPECT_TRUE(codes.insert(std::string(tile.code)).second) << tile.code;
    EXPECT_TRUE(places.insert({tile.column, tile.row}).second) << tile.code;
    EXPECT_GE(tile.column, 0);
    EXPECT_LT(tile.column, 12);
    ++regions[std::string(tile.region)];
    EXPECT_EQ(RegionOf(tile.code), tile.region);
  }
  EXPECT_EQ(codes.size(), 56u);
  const std::map<std::string, int> expected = {
      {"Northeast", 9}, {"Midwest", 12}, {"South", 17}, {"West", 13}, {"Territories", 5}};
  EXPECT_EQ(regions, expected);
  EXPECT_EQ(RegionOf("UNKNOWN"), "Not known");
}

}  // namespace
}  // namespace critac::metrics
