#ifndef COMMON_BASE_CALENDAR_H_
#define COMMON_BASE_CALENDAR_H_

#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace critac {

// Days are those of UTC throughout, so that a figure does not depend on where it is computed.

// Reads an ISO 8601 calendar date, `2026-10-01`, of the years 1900 to 2199; nothing for any other
// text, also for a day that does not exist.
std::optional<absl::CivilDay> ParseDate(absl::string_view text);

// Writes a date as ParseDate reads it.
std::string FormatDate(absl::CivilDay day);

// The day on which `time` falls.
absl::CivilDay DayOf(absl::Time time);

// The federal fiscal year of a day: 2027 begins on 2026-10-01.
int FiscalYear(absl::CivilDay day);

// Whether US federal offices are closed on a weekday: the eleven holidays of 5 U.S.C. 6103(a), with
// Juneteenth from 2021 on, on the day on which they are observed (a Saturday's on the Friday
// before, a Sunday's on the Monday after).
bool IsFederalHoliday(absl::CivilDay day);

// Counts business days: weekdays that are neither federal holidays nor closed by the center itself.
class BusinessCalendar {
 public:
  BusinessCalendar() = default;
  explicit BusinessCalendar(absl::flat_hash_set<absl::CivilDay> closed)
      : closed_(std::move(closed)) {}

  bool IsBusinessDay(absl::CivilDay day) const;

  // Business days after `start`, up to and including `end`. 0 where `end` is not after `start`. The
  // day on which something begins does not count; so what is due in one business day and begins on
  // a Friday is due on Monday.
  int DaysBetween(absl::CivilDay start, absl::CivilDay end) const;

  // The `days`-th business day after `start`; `start` itself for 0. `days` must not be negative.
  absl::CivilDay AddDays(absl::CivilDay start, int days) const;

 private:
  absl::flat_hash_set<absl::CivilDay> closed_;
};

}  // namespace critac

#endif  // COMMON_BASE_CALENDAR_H_
