#include "services/intake/resource_names.h"

#include "gtest/gtest.h"

namespace critac::intake {
namespace {

TEST(ResourceNames, RequestsAreNumberedByFederalFiscalYear) {
  EXPECT_EQ(RequestSeries(absl::CivilDay(2026, 9, 30)), "fy26");
  EXPECT_EQ(RequestSeries(absl::CivilDay(2026, 10, 1)), "fy27");
  EXPECT_EQ(RequestSeries(absl::CivilDay(2099, 10, 1)), "fy00");
  EXPECT_EQ(RequestName("fy27", 123), "requests/fy27-000123");
  EXPECT_EQ(RequestName("fy27", 1234567), "requests/fy27-1234567");
}

TEST(ResourceNames, ANumberedNameGivesSeriesAndNumberBack) {
  EXPECT_EQ(SeriesNumberOf("requests/fy27-000123").series, "fy27");
  EXPECT_EQ(SeriesNumberOf("requests/fy27-000123").number, 123);
  EXPECT_EQ(SeriesNumberOf(AgencyName(17)).series, kAgencySeries);
  EXPECT_EQ(SeriesNumberOf(AgencyName(17)).number, 17);
}

TEST(ResourceNames, AnotherFormHasNoSeries) {
  for (const char* name :
       {"", "requests", "requests/", "requests/fy27", "requests/fy27-x", "a-1"}) {
    EXPECT_EQ(SeriesNumberOf(name).series, "") << name;
  }
}

TEST(ResourceNames, OfOtherStates) {
  EXPECT_EQ(AgencyName(17), "agencies/ag-000017");
  EXPECT_EQ(CounterName("fy27"), "counters/fy27");
  EXPECT_EQ(ExternalRecordName("legacy:17"), "externalRecords/legacy:17");
}

}  // namespace
}  // namespace critac::intake
