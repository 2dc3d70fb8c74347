#ifndef SERVICES_METRICS_DIMENSIONS_H_
#define SERVICES_METRICS_DIMENSIONS_H_

#include <array>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/metrics/v1/measure.pb.h"
#include "critac/type/v1/agency_profile.pb.h"
#include "services/metrics/facts.h"

namespace critac::metrics {

// Values of a record's dimensions, by dimension. A record can have several values of one, for
// example the partners of an engagement; then it stands in several groups, and once in the total.
// None: the record does not have the dimension, or nothing is known of it.
using DimensionValues = std::array<std::vector<std::string>, v1::Dimension_ARRAYSIZE>;

// Value of a group whose records say nothing in the dimension.
inline constexpr char kUnknownValue[] = "UNKNOWN";

// Values of DIMENSION_UNDER_50_SWORN besides kUnknownValue.
inline constexpr char kUnder50[] = "UNDER_50";
inline constexpr char k50AndMore[] = "50_AND_MORE";

// Values as groups and filters show them: enums without their prefix (`TRIBAL`), size bands as
// `2_9`, days as `2026-11` and `FY2027`, everything else by resource name.
std::string AgencyTypeValue(type::v1::AgencyType type);
// By the size band, or else by the number of sworn officers.
std::string SizeBandValue(const AgencyTraits& agency);
std::string ModeValue(type::v1::DeliveryMode mode);
std::string RequestStateValue(intake::v1::RequestState state);
// `UNDER_50`, `50_AND_MORE` or `UNKNOWN`, as the value of the size band says.
std::string Under50Value(const AgencyTraits& agency);
std::string MonthValue(absl::CivilDay day);
std::string FiscalYearValue(absl::CivilDay day);

// Name of a dimension in a filter: `agency_type` for DIMENSION_AGENCY_TYPE.
std::string DimensionName(v1::Dimension dimension);

// The values that a dimension can take. Empty: any text.
std::vector<std::string> AcceptedValues(v1::Dimension dimension);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_DIMENSIONS_H_
