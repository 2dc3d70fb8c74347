#include "services/matching/period.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"

namespace critac::matching {
namespace {

constexpr absl::CivilDay kEpoch(1970, 1, 1);

int MonthsIn(v1::Period length) { return length == v1::PERIOD_MONTH ? 1 : 3; }

v1::Period Known(v1::Period length) {
  return length == v1::PERIOD_MONTH ? v1::PERIOD_MONTH : v1::PERIOD_QUARTER;
}

std::optional<int> ParseYear(absl::string_view text) {
  int year = 0;
  if (!absl::SimpleAtoi(text, &year) || year < 1900 || year > 2199) return std::nullopt;
  return year;
}

}  // namespace

Day DayNumber(absl::CivilDay day) { return static_cast<Day>(day - kEpoch); }

absl::CivilDay CivilDayOf(Day day) { return kEpoch + day; }

std::string DayText(Day day) { return FormatDate(CivilDayOf(day)); }

Period PeriodOf(v1::Period length, Day day) {
  const absl::CivilDay civil = CivilDayOf(day);
  const int months = static_cast<int>(civil.year()) * 12 + civil.month() - 1;
  return {Known(length), months / MonthsIn(length)};
}

DayRange DaysOf(Period period) {
  const int months = MonthsIn(period.length);
  const int first = period.number * months;
  const absl::CivilMonth month(first / 12, first % 12 + 1);
  return {DayNumber(absl::CivilDay(month)), DayNumber(absl::CivilDay(month + months)) - 1};
}

std::string PeriodName(Period period) {
  if (period.length == v1::PERIOD_MONTH) {
    return absl::StrCat(absl::Dec(period.number / 12, absl::kZeroPad4), "-",
                        absl::Dec(period.number % 12 + 1, absl::kZeroPad2));
  }
  return absl::StrCat(absl::Dec(period.number / 4, absl::kZeroPad4), "Q", period.number % 4 + 1);
}

std::optional<Period> ParsePeriod(absl::string_view text) {
  const bool month = text.size() == 7 && text[4] == '-';
  const bool quarter = text.size() == 6 && text[4] == 'Q';
  if (!month && !quarter) return std::nullopt;
  const std::optional<int> year = ParseYear(text.substr(0, 4));
  if (!year.has_value()) return std::nullopt;
  int part = 0;
  for (const char digit : text.substr(5)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    part = part * 10 + (digit - '0');
  }
  if (part < 1 || part > (month ? 12 : 4)) return std::nullopt;
  if (month) return Period{v1::PERIOD_MONTH, *year * 12 + part - 1};
  return Period{v1::PERIOD_QUARTER, *year * 4 + part - 1};
}

}  // namespace critac::matching
