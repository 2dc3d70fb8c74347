#include "services/matching/distance.h"

#include <cmath>
#include <iostream>
#include <random>

#include "gtest/gtest.h"
#include "services/matching/region.h"

namespace critac::matching {
namespace {

// Haversine in floating point, to compare with.
double Haversine(double lat1, double lon1, double lat2, double lon2) {
  const double to_radians = std::acos(-1.0) / 180e6;
  const double dlat = std::sin((lat2 - lat1) * to_radians / 2);
  const double dlon = std::sin((lon2 - lon1) * to_radians / 2);
  const double a =
      dlat * dlat + std::cos(lat1 * to_radians) * std::cos(lat2 * to_radians) * dlon * dlon;
  return 2 * 6371.009 * std::asin(std::min(1.0, std::sqrt(a)));
}

TEST(Distance, KnownPlacesAreAsFarApartAsTheyAre) {
  const SpherePoint washington = PointAt(38895000, -77036600);
  const SpherePoint salt_lake_city = PointAt(40760800, -111891000);
  const SpherePoint hagatna = PointAt(13475600, 144748900);
  EXPECT_EQ(DistanceKm(washington, salt_lake_city), 2964);
  EXPECT_EQ(DistanceKm(washington, hagatna), 12755);
  EXPECT_EQ(DistanceKm(hagatna, washington), 12755);
}

TEST(Distance, TheSamePlaceIsNotAwayAndTheOtherSideIsHalfAround) {
  const SpherePoint place = PointAt(40000000, -100000000);
  EXPECT_EQ(DistanceKm(place, place), 0);
  EXPECT_EQ(DistanceKm(place, PointAt(-40000000, 80000000)), 20015);
  EXPECT_EQ(DistanceKm(PointAt(90000000, 0), PointAt(-90000000, 123)), 20015);
  EXPECT_EQ(DistanceKm(PointAt(90000000, 0), PointAt(90000000, 170000000)), 0);
}

TEST(Distance, HalfAKilometerIsRoundedUp) {
  // 4,496 millionths of a degree of latitude are 499.9 m, 4,497 are 500.05 m.
  const SpherePoint origin = PointAt(0, 0);
  EXPECT_EQ(DistanceKm(origin, PointAt(4496, 0)), 0);
  EXPECT_EQ(DistanceKm(origin, PointAt(4497, 0)), 1);
}

TEST(Distance, ItCrossesTheDateLineAndTakesAnyLongitude) {
  EXPECT_EQ(DistanceKm(PointAt(0, 179900000), PointAt(0, -179900000)), 22);
  EXPECT_EQ(DistanceKm(PointAt(0, 540000000), PointAt(0, 180000000)), 0);
  EXPECT_EQ(DistanceKm(PointAt(95000000, 0), PointAt(90000000, 0)), 0);
}

TEST(Distance, NothingIsFartherThanHalfAround) {
  EXPECT_TRUE(IsWithinKm(PointAt(90000000, 0), PointAt(-90000000, 0), 20015));
  EXPECT_FALSE(IsWithinKm(PointAt(90000000, 0), PointAt(-90000000, 0), 20014));
  EXPECT_TRUE(IsWithinKm(PointAt(90000000, 0), PointAt(-90000000, 0), INT32_MAX));
  EXPECT_TRUE(IsWithinKm(PointAt(1, 1), PointAt(1, 1), 0));
  EXPECT_FALSE(IsWithinKm(PointAt(1, 1), PointAt(1, 1), INT32_MIN));
}

TEST(Distance, ItIsTheHaversineOfRandomPlacesToTheMeter) {
  constexpr uint32_t kSeed = 7;
  std::cout << "seed " << kSeed << "\n";
  std::mt19937 engine(kSeed);
  std::uniform_int_distribution<int> latitude(-90000000, 90000000);
  std::uniform_int_distribution<int> longitude(-180000000, 180000000);
  for (int i = 0; i < 20000; ++i) {
    const int lat1 = latitude(engine), lon1 = longitude(engine);
    // Half of them near each other, where the error of a chord would show most.
    const int lat2 = i % 2 == 0 ? latitude(engine) : lat1 / 10 * 10 + static_cast<int>(i);
    const int lon2 = i % 2 == 0 ? longitude(engine) : lon1 / 10 * 10 - static_cast<int>(i);
    const double exact = Haversine(lat1, lon1, lat2, lon2);
    const int32_t km = DistanceKm(PointAt(lat1, lon1), PointAt(lat2, lon2));
    // Near the other side of the globe a chord says little of the angle.
    const double slack = exact > 19900 ? 0.6 : 0.001;
    EXPECT_LE(std::abs(km - exact), 0.5 + slack)
        << lat1 << " " << lon1 << " " << lat2 << " " << lon2;
    EXPECT_TRUE(IsWithinKm(PointAt(lat1, lon1), PointAt(lat2, lon2), km));
    EXPECT_FALSE(IsWithinKm(PointAt(lat1, lon1), PointAt(lat2, lon2), km - 1));
  }
}

TEST(Region, StatesAreFoundByTheirCodeInEitherCase) {
  EXPECT_EQ(StateCode(FindState("UT")), "UT");
  EXPECT_EQ(FindState("ut"), FindState("UT"));
  for (const char* text : {"", "U", "XX", "UTA", "Utah", "AA", "ZZ"}) {
    EXPECT_EQ(FindState(text), kUnknownState) << text;
  }
  EXPECT_EQ(StateCode(kUnknownState), "unknown");
}

TEST(Region, DivisionsAndRegionsAreThoseOfTheCensus) {
  const auto division = [](const char* a, const char* b) {
    return DivisionOf(FindState(a)) == DivisionOf(FindState(b));
  };
  const auto region = [](const char* a, const char* b) {
    return RegionOf(FindState(a)) == RegionOf(FindState(b));
  };
  EXPECT_TRUE(division("UT", "MT"));
  EXPECT_FALSE(division("UT", "CA"));
  EXPECT_TRUE(region("UT", "CA"));
  EXPECT_FALSE(region("UT", "TX"));
  EXPECT_TRUE(division("DC", "FL"));
  EXPECT_TRUE(region("DE", "OK"));
  EXPECT_FALSE(region("PA", "OH"));
  EXPECT_TRUE(division("GU", "AS"));
  EXPECT_FALSE(division("GU", "PR"));
  EXPECT_TRUE(region("GU", "VI"));
  EXPECT_FALSE(region("GU", "HI"));
}

}  // namespace
}  // namespace critac::matching
