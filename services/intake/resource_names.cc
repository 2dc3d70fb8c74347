#include "services/intake/resource_names.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/calendar.h"

namespace critac::intake {

std::string RequestSeries(absl::CivilDay day) {
  return absl::StrFormat("fy%02d", FiscalYear(day) % 100);
}

std::string RequestName(absl::string_view series, int64_t number) {
  return absl::StrFormat("requests/%s-%06d", series, number);
}

std::string AgencyName(int64_t number) {
  return absl::StrFormat("agencies/%s-%06d", kAgencySeries, number);
}

std::string CounterName(absl::string_view series) { return absl::StrCat("counters/", series); }

SeriesNumber SeriesNumberOf(absl::string_view name) {
  const size_t slash = name.find('/');
  const size_t dash = name.rfind('-');
  if (slash == absl::string_view::npos || dash == absl::string_view::npos || dash < slash) {
    return {};
  }
  int64_t number;
  if (!absl::SimpleAtoi(name.substr(dash + 1), &number)) return {};
  return {std::string(name.substr(slash + 1, dash - slash - 1)), number};
}

std::string ExternalRecordName(absl::string_view external_id) {
  return absl::StrCat("externalRecords/", external_id);
}

}  // namespace critac::intake
