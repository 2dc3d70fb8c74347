#include "common/base/calendar.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace critac {
namespace {

// The day on which a holiday of a fixed date is observed.
absl::CivilDay Observed(absl::CivilDay day) {
  switch (absl::GetWeekday(day)) {
    case absl::Weekday::saturday:
      return day - 1;
    case absl::Weekday::sunday:
      return day + 1;
    default:
      return day;
  }
}

// The n-th `weekday` of a month, n from 1.
absl::CivilDay NthWeekday(int64_t year, int month, absl::Weekday weekday, int n) {
  const absl::CivilDay before_first = absl::CivilDay(year, month, 1) - 1;
  return absl::NextWeekday(before_first, weekday) + 7 * (n - 1);
}

// Whether `day`, a weekday, is where a holiday of the fixed date `month`-`of_month` is observed.
bool IsObserved(absl::CivilDay day, int month, int of_month) {
  // New Year's Day on a Saturday is observed in the year before.
  for (const int64_t year : {day.year(), day.year() + 1}) {
    if (day == Observed(absl::CivilDay(year, month, of_month))) return true;
  }
  return false;
}

}  // namespace

std::optional<absl::CivilDay> ParseDate(absl::string_view text) {
  int year, month, day;
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  for (const size_t i : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
  }
  if (!absl::SimpleAtoi(text.substr(0, 4), &year) || !absl::SimpleAtoi(text.substr(5, 2), &month) ||
      !absl::SimpleAtoi(text.substr(8, 2), &day)) {
    return std::nullopt;
  }
  if (year < 1900 || year > 2199) return std::nullopt;
  const absl::CivilDay parsed(year, month, day);
  if (parsed.month() != month || parsed.day() != day) return std::nullopt;  // it was normalized
  return parsed;
}

std::string FormatDate(absl::CivilDay day) {
  return absl::StrCat(absl::Dec(day.year(), absl::kZeroPad4), "-",
                      absl::Dec(day.month(), absl::kZeroPad2), "-",
                      absl::Dec(day.day(), absl::kZeroPad2));
}

absl::CivilDay DayOf(absl::Time time) { return absl::ToCivilDay(time, absl::UTCTimeZone()); }

int FiscalYear(absl::CivilDay day) {
  return static_cast<int>(day.year()) + (day.month() >= 10 ? 1 : 0);
}

bool IsFederalHoliday(absl::CivilDay day) {
  using absl::Weekday;
  switch (const int64_t year = day.year(); day.month()) {
    case 1:  // New Year's Day; Birthday of Martin Luther King, Jr.
      return IsObserved(day, 1, 1) || day == NthWeekday(year, 1, Weekday::monday, 3);
    case 2:  // Washington's Birthday
      return day == NthWeekday(year, 2, Weekday::monday, 3);
    case 5:  // Memorial Day
      return day == absl::PrevWeekday(absl::CivilDay(year, 6, 1), Weekday::monday);
    case 6:  // Juneteenth National Independence Day
      return year >= 2021 && IsObserved(day, 6, 19);
    case 7:  // Independence Day
      return IsObserved(day, 7, 4);
    case 9:  // Labor Day
      return day == NthWeekday(year, 9, Weekday::monday, 1);
    case 10:  // Columbus Day
      return day == NthWeekday(year, 10, Weekday::monday, 2);
    case 11:  // Veterans Day; Thanksgiving Day
      return IsObserved(day, 11, 11) || day == NthWeekday(year, 11, Weekday::thursday, 4);
    case 12:  // Christmas Day; New Year's Day of the year after
      return IsObserved(day, 12, 25) || IsObserved(day, 1, 1);
    default:
      return false;
  }
}

bool BusinessCalendar::IsBusinessDay(absl::CivilDay day) const {
  const absl::Weekday weekday = absl::GetWeekday(day);
  return weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday &&
         !IsFederalHoliday(day) && !closed_.contains(day);
}

int BusinessCalendar::DaysBetween(absl::CivilDay start, absl::CivilDay end) const {
  int days = 0;
  for (absl::CivilDay day = start + 1; day <= end; ++day) days += IsBusinessDay(day) ? 1 : 0;
  return days;
}

absl::CivilDay BusinessCalendar::AddDays(absl::CivilDay start, int days) const {
  absl::CivilDay day = start;
  while (days > 0) {
    ++day;
    if (IsBusinessDay(day)) --days;
  }
  return day;
}

}  // namespace critac
