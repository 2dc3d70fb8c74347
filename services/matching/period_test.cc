#include "services/matching/period.h"

#include <string>

#include "gtest/gtest.h"

namespace critac::matching {
namespace {

Day On(int year, int month, int day) { return DayNumber(absl::CivilDay(year, month, day)); }

TEST(Period, ADayFallsInItsMonthOrQuarter) {
  EXPECT_EQ(PeriodName(PeriodOf(v1::PERIOD_MONTH, On(2026, 11, 1))), "2026-11");
  EXPECT_EQ(PeriodName(PeriodOf(v1::PERIOD_MONTH, On(2026, 10, 31))), "2026-10");
  EXPECT_EQ(PeriodName(PeriodOf(v1::PERIOD_QUARTER, On(2026, 9, 30))), "2026Q3");
  EXPECT_EQ(PeriodName(PeriodOf(v1::PERIOD_QUARTER, On(2026, 10, 1))), "2026Q4");
  EXPECT_EQ(PeriodName(PeriodOf(v1::PERIOD_QUARTER, On(1969, 12, 31))), "1969Q4");
}

TEST(Period, AnUnspecifiedOrUnknownLengthIsAQuarter) {
  EXPECT_EQ(PeriodName(PeriodOf(v1::PERIOD_UNSPECIFIED, On(2026, 11, 1))), "2026Q4");
  EXPECT_EQ(PeriodName(PeriodOf(static_cast<v1::Period>(77), On(2026, 11, 1))), "2026Q4");
}

TEST(Period, ItsDaysAreThoseThatFallInIt) {
  for (const v1::Period length : {v1::PERIOD_MONTH, v1::PERIOD_QUARTER}) {
    const Period period = PeriodOf(length, On(2027, 2, 10));
    const DayRange days = DaysOf(period);
    EXPECT_EQ(PeriodOf(length, days.first), period);
    EXPECT_EQ(PeriodOf(length, days.last), period);
    EXPECT_EQ(PeriodOf(length, days.first - 1).number, period.number - 1);
    EXPECT_EQ(PeriodOf(length, days.last + 1).number, period.number + 1);
  }
  EXPECT_EQ(DaysOf(PeriodOf(v1::PERIOD_MONTH, On(2028, 2, 10))),
            (DayRange{On(2028, 2, 1), On(2028, 2, 29)}));
  EXPECT_EQ(DaysOf(PeriodOf(v1::PERIOD_QUARTER, On(2026, 12, 31))),
            (DayRange{On(2026, 10, 1), On(2026, 12, 31)}));
}

TEST(Period, WhatIsWrittenCanBeRead) {
  for (Day day = On(2026, 1, 15); day < On(2028, 1, 1); day += 20) {
    for (const v1::Period length : {v1::PERIOD_MONTH, v1::PERIOD_QUARTER}) {
      const Period period = PeriodOf(length, day);
      EXPECT_EQ(ParsePeriod(PeriodName(period)), period);
    }
  }
}

TEST(Period, NothingElseCanBeRead) {
  for (const std::string text :
       {"",       "open",   "2026",    "2026Q0",  "2026Q5", "2026-00", "2026-13",
        "2026q4", "2026-1", "2026Q04", "1899Q4",  "2200Q1", "1899-12", "2200-01",
        "+026Q4", " 026Q4", "2026--1", "2026-+1", "20264Q", "2026Q4 ", "2026-11-01"}) {
    EXPECT_EQ(ParsePeriod(text), std::nullopt) << text;
  }
  EXPECT_TRUE(ParsePeriod("1900Q1").has_value());
  EXPECT_TRUE(ParsePeriod("2199-12").has_value());
}

TEST(Day, TheFirstAndLastAreThoseThatDatesCanBe) {
  EXPECT_EQ(DayText(kFirstDay), "1900-01-01");
  EXPECT_EQ(DayText(kLastDay), "2199-12-31");
  EXPECT_EQ(DayNumber(CivilDayOf(20000)), 20000);
}

TEST(DayRange, AReversedRangeIsEmpty) {
  EXPECT_TRUE((DayRange{2, 1}).empty());
  EXPECT_FALSE((DayRange{1, 1}).empty());
  EXPECT_TRUE((DayRange{1, 3}).Contains(3));
  EXPECT_FALSE((DayRange{1, 3}).Contains(4));
}

}  // namespace
}  // namespace critac::matching
