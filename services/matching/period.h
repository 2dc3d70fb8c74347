#ifndef SERVICES_MATCHING_PERIOD_H_
#define SERVICES_MATCHING_PERIOD_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "critac/matching/v1/match.pb.h"

namespace critac::matching {

// A day as a number: days since 1970-01-01.
using Day = int32_t;

// First and last day that ParseDate reads. They stand for "from always" and "open".
inline constexpr Day kFirstDay = -25567;  // 1900-01-01
inline constexpr Day kLastDay = 84005;    // 2199-12-31

Day DayNumber(absl::CivilDay day);
absl::CivilDay CivilDayOf(Day day);
// The day as FormatDate writes it.
std::string DayText(Day day);

// A span of days, both included. Empty where `last` is before `first`.
struct DayRange {
  Day first = kFirstDay;
  Day last = kLastDay;

  bool empty() const { return last < first; }
  bool Contains(Day day) const { return first <= day && day <= last; }
  friend bool operator==(const DayRange&, const DayRange&) = default;
};

// A stretch of time by which capacity is counted: a calendar month or a calendar quarter. Periods
// of one length are numbered without gaps: the number of a month is 12 × year + month - 1, that of
// a quarter 4 × year + quarter - 1.
struct Period {
  v1::Period length = v1::PERIOD_QUARTER;
  int32_t number = 0;

  friend bool operator==(const Period&, const Period&) = default;
};

// The period in which a day falls. PERIOD_UNSPECIFIED, and any value this build does not know,
// counts as a quarter.
Period PeriodOf(v1::Period length, Day day);

// The days of a period.
DayRange DaysOf(Period period);

// `2026-11` for a month, `2026Q4` for a quarter.
std::string PeriodName(Period period);

// Reads what PeriodName writes, for the years 1900 to 2199; nothing for any other text.
std::optional<Period> ParsePeriod(absl::string_view text);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PERIOD_H_
