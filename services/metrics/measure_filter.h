#ifndef SERVICES_METRICS_MEASURE_FILTER_H_
#define SERVICES_METRICS_MEASURE_FILTER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "critac/metrics/v1/measure.pb.h"
#include "services/metrics/dimensions.h"

namespace critac::metrics {

// Conditions on the dimensions of a measure's records, a subset of AIP-160:
//
//   state = "UT" AND agency_type = TRIBAL OR agency_type = CAMPUS AND NOT month = "2026-11"
//
// Comparisons by `=` and `!=`, joined by AND and OR (OR binds tighter, as there), NOT or `-` before
// one, parentheses, values bare or in double quotes with `\"` and `\\`. A record with several
// values in a dimension equals each of them; one with none equals UNKNOWN.
class MeasureFilter {
 public:
  // Lets everything pass.
  MeasureFilter() = default;

  // Reads a filter over `dimensions`; empty text lets everything pass. INVALID_ARGUMENT, field
  // `filter`: where in the text, what is wrong, what is accepted. At most 50 comparisons, nested at
  // most 10 deep.
  static absl::StatusOr<MeasureFilter> Parse(absl::string_view text,
                                             absl::Span<const v1::Dimension> dimensions);

  bool Passes(const DimensionValues& values) const;

 private:
  friend class MeasureFilterParser;

  // A comparison, or what joins the `operands` nodes before it: the tree in postfix order.
  struct Node {
    enum class Kind { kEquals, kNot, kAnd, kOr };
    Kind kind;
    v1::Dimension dimension = v1::DIMENSION_UNSPECIFIED;
    std::string value = {};
  };
  std::vector<Node> nodes_;
};

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_MEASURE_FILTER_H_
