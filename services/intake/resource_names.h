#ifndef SERVICES_INTAKE_RESOURCE_NAMES_H_
#define SERVICES_INTAKE_RESOURCE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"

// How intake names what it keeps. Numbers are given out in order, without gaps, and never twice: a
// person can say `ag-000017` on the telephone, and a missing number would be a question to answer.
namespace critac::intake {

// Series that requests written down on `day` are numbered in: one for each federal fiscal year,
// `fy27`.
std::string RequestSeries(absl::CivilDay day);

// `requests/fy27-000123`. Numbers past six digits are written out.
std::string RequestName(absl::string_view series, int64_t number);

// Series of all agencies.
inline constexpr char kAgencySeries[] = "ag";

// `agencies/ag-000017`.
std::string AgencyName(int64_t number);

// `counters/SERIES`.
std::string CounterName(absl::string_view series);

// Series and number of a numbered name: `fy27` and 123 of `requests/fy27-000123`.
struct SeriesNumber {
  std::string series;
  int64_t number = 0;
};
// Of another form of name: an empty series.
SeriesNumber SeriesNumberOf(absl::string_view name);

// `externalRecords/SYSTEM:ID`.
std::string ExternalRecordName(absl::string_view external_id);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_RESOURCE_NAMES_H_
