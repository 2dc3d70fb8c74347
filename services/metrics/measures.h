#ifndef SERVICES_METRICS_MEASURES_H_
#define SERVICES_METRICS_MEASURES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "critac/metrics/v1/measure.pb.h"
#include "services/metrics/dimensions.h"
#include "services/metrics/facts.h"

namespace critac::metrics {

// One record that a measure looks at.
struct Row {
  // What is counted once: rows of the same key are the same thing, for example an agency that asked
  // twice. Where their values differ, the greatest counts.
  std::string key;
  // Name of the record, for lineage.
  std::string name;
  // The agency behind it; how many there are behind a figure decides whether it can be published.
  std::string agency;
  // The day the measure goes by. Absent: the record counts whatever the dates asked for.
  std::optional<absl::CivilDay> day;
  // Absent: the record lacks the field.
  std::optional<double> value;
  DimensionValues dimensions;
};

// How the values of the records become the figure. An unknown value is left out of all but kCount.
enum class Aggregation {
  kCount,         // how many
  kSum,           // their sum
  kMean,          // their mean
  kShare,         // their mean, in percent; values are 0 and 1
  kDistribution,  // their median and 90th percentile, both by nearest rank
};

// A measure. The table of them is the one place that says what is counted; services, reports,
// documentation and tests read it.
struct MeasureDefinition {
  std::string id;
  std::string title;
  std::string definition;
  v1::Unit unit = v1::UNIT_UNSPECIFIED;
  std::string numerator;
  std::string denominator;
  std::vector<std::string> source_events;
  // One more with each change of what is counted.
  int version = 1;
  std::string owner;
  std::vector<v1::Dimension> dimensions;
  Aggregation aggregation = Aggregation::kCount;
  std::function<void(const Facts& facts, absl::FunctionRef<void(Row)> each)> rows;
};

// All measures, by id.
const std::vector<MeasureDefinition>& Measures();

// Null: no measure of this id.
const MeasureDefinition* FindMeasure(absl::string_view id);

v1::Measure ToProto(const MeasureDefinition& definition);

struct MeasureQuery {
  std::string measure;
  std::vector<v1::Dimension> group_by;
  // Both included. A record without a day counts whatever they are.
  std::optional<absl::CivilDay> start;
  std::optional<absl::CivilDay> end;
  std::string filter;
  // Most names of records in each figure.
  int lineage_limit = 0;
};

// A figure of one group.
struct Figure {
  // Values of the dimensions in the order asked for. Empty: the total.
  std::vector<std::string> group;
  // Absent: nothing to compute it from.
  std::optional<double> value;
  std::optional<double> percentile_90;
  // Records it was computed from, and those that lacked the field.
  int64_t record_count = 0;
  int64_t missing_count = 0;
  // Distinct agencies behind it.
  int64_t agency_count = 0;
  // Names of records, sorted, each once, those that lacked the field included.
  std::vector<std::string> records;
};

struct MeasureAnswer {
  const MeasureDefinition* measure = nullptr;
  // Each record once, in however many groups it stands.
  Figure total;
  // Sorted by group. Only groups that have records.
  std::vector<Figure> figures;
};

// Computes a measure. A function of its arguments alone. INVALID_ARGUMENT: no such measure, a
// dimension it does not have, a filter that cannot be read, an end before the start.
absl::StatusOr<MeasureAnswer> Evaluate(const Facts& facts, const MeasureQuery& query);

v1::MeasureValue ToProto(const Figure& figure);

// The `percent`-th percentile (1 to 100) of sorted values by the nearest-rank method: the value at
// rank ceil(percent / 100 * n), counted from 1. That is the inverse of the empirical distribution
// function, definition 1 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The
// American Statistician 50 (1996) 361-365. The figure is always a value that occurred; the median
// of an even number of values is the lower of the middle two. `sorted` must not be empty.
double Percentile(absl::Span<const double> sorted, int percent);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_MEASURES_H_
