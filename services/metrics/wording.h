#ifndef SERVICES_METRICS_WORDING_H_
#define SERVICES_METRICS_WORDING_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "critac/metrics/v1/measure.pb.h"
#include "services/metrics/document.h"
#include "services/metrics/facts.h"

namespace critac::metrics {

// How reports write numbers, days and values of dimensions, for readers in the United States.

// `value` with `decimals` digits after the point, rounded half away from zero.
double Rounded(double value, int decimals);

// `1,234`, rounded as above.
std::string NumberText(double value, int decimals = 0);

// A figure with its unit: `1,234`, `93%`, `4.6 points`, `12 days`, `30.5 hours`.
std::string ValueText(double value, v1::Unit unit);

// The same as a cell of a table, without the unit's name, which the column says. The cell's value
// is rounded as its text is, in whatever form it is published: means and shares are given to one
// point in ten and to the percent, hours to the quarter, everything else whole.
TableCell ValueCell(double value, v1::Unit unit);

// `October 1, 2025`.
std::string DayText(absl::CivilDay day);

// `fiscal year 2026` where the days are exactly one, otherwise `October 1, 2025 to March 31, 2026`.
std::string PeriodText(absl::CivilDay start, absl::CivilDay end);

// `1 request`, `2 requests`.
std::string Counted(int64_t count, absl::string_view one, absl::string_view many);

// `a`, `a and b`, `a, b and c`.
std::string Listed(const std::vector<std::string>& items);

// What a dimension's value is called: titles of the catalog and of partners, `Municipal police`,
// `2–9`, `Utah`. A value without a title is shown as it is.
std::string DimensionLabel(const Facts& facts, v1::Dimension dimension, absl::string_view value);

// A state or territory, its region as the Census Bureau draws them, and where its tile stands in
// the map.
struct StateTile {
  absl::string_view code;
  absl::string_view name;
  absl::string_view region;
  int column;
  int row;
};
// The 50 states, the District of Columbia and the five territories, by code.
const std::vector<StateTile>& StateTiles();

// `Northeast`, `Midwest`, `South`, `West`, `Territories`, or `Not known`.
std::string RegionOf(absl::string_view state);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_WORDING_H_
