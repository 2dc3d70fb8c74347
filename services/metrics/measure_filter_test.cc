#include "services/metrics/measure_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::metrics {
namespace {

using ::testing::HasSubstr;

const std::vector<v1::Dimension> kDimensions = {v1::DIMENSION_STATE, v1::DIMENSION_AGENCY_TYPE,
                                                v1::DIMENSION_PARTNER, v1::DIMENSION_TOPIC};

bool Passes(absl::string_view filter, const DimensionValues& values) {
  const auto parsed = MeasureFilter::Parse(filter, kDimensions);
  EXPECT_TRUE(parsed.ok()) << filter << ": " << parsed.status();
  return parsed.ok() && parsed->Passes(values);
}

DimensionValues Values() {
  DimensionValues values;
  values[v1::DIMENSION_STATE] = {"UT"};
  values[v1::DIMENSION_AGENCY_TYPE] = {"TRIBAL"};
  values[v1::DIMENSION_PARTNER] = {"partners/iacp", "partners/nsa"};
  return values;
}

TEST(MeasureFilter, ComparesValuesBareOrQuoted) {
  struct Row {
    const char* filter;
    bool passes;
  };
  const Row rows[] = {
      {"", true},
      {"   ", true},
      {"state = \"UT\"", true},
      {"state=UT", true},
      {"state = NV", false},
      {"state != NV", true},
      {"state != UT", false},
      {"state = \"UT\" AND agency_type = TRIBAL", true},
      {"state = \"UT\" AND agency_type = CAMPUS", false},
      {"state = NV OR agency_type = TRIBAL", true},
      {"NOT state = UT", false},
      {"-state = UT", false},
      {"NOT (state = NV OR state = CA)", true},
      // OR binds tighter than AND: UT AND (CAMPUS OR TRIBAL).
      {"state = UT AND agency_type = CAMPUS OR agency_type = TRIBAL", true},
      {"state = NV AND agency_type = CAMPUS OR agency_type = TRIBAL", false},
      {"(state = NV AND agency_type = CAMPUS) OR agency_type = TRIBAL", true},
      {"partner = partners/nsa", true},
      {"partner = \"partners/iacp\"", true},
      {"partner = partners/fop", false},
      {"partner != partners/nsa", false},
      // Nothing is known of its topic.
      {"topic = UNKNOWN", true},
      {"topic != UNKNOWN", false},
      {"topic = \"a \\\"quoted\\\" \\\\ one\"", false},
  };
  for (const Row& row : rows) EXPECT_EQ(Passes(row.filter, Values()), row.passes) << row.filter;
}

TEST(MeasureFilter, SaysWhereAndWhatIsWrong) {
  struct Row {
    const char* filter;
    const char* problem;
  };
  const Row rows[] = {
      {"month = \"2026-01\"", "at character 1: `month` is no dimension of it; it has state, "},
      {"= UT", "at character 1: a dimension is expected"},
      {"state", "at character 6: `=` or `!=` is expected"},
      {"state < UT", "at character 7: `=` or `!=` is expected"},
      {"state = ", "at character 9: a value is expected"},
      {"state = \"UT", "the closing `\"` is missing"},
      {"state = \"UT\\", "the closing `\"` is missing"},
      {"state = UT agency_type = TRIBAL", "at character 12: AND, OR or the end is expected"},
      {"state = UT AND", "at character 15: a dimension is expected"},
      {"(state = UT", "at character 12: `)` is expected"},
      {"state = UT)", "at character 11: AND, OR or the end is expected"},
      {"agency_type = TRIBEL", "at character 15: `TRIBEL` is no agency_type; there are MUNICIPAL"},
  };
  for (const Row& row : rows) {
    const auto parsed = MeasureFilter::Parse(row.filter, kDimensions);
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << row.filter;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(row.problem)) << row.filter;
    EXPECT_EQ(BadRequestOf(parsed.status()).field_violations(0).field(), "filter");
  }
}

TEST(MeasureFilter, NestsTenDeepAndNoDeeper) {
  const auto nested = [](int depth) {
    return absl::StrCat(std::string(depth, '('), "state = UT", std::string(depth, ')'));
  };
  EXPECT_TRUE(MeasureFilter::Parse(nested(9), kDimensions).ok());
  EXPECT_FALSE(MeasureFilter::Parse(nested(10), kDimensions).ok());
  EXPECT_FALSE(MeasureFilter::Parse(nested(5000), kDimensions).ok());
}

TEST(MeasureFilter, HoldsFiftyComparisonsAndNoMore) {
  std::string filter = "state = UT";
  for (int i = 1; i < 50; ++i) absl::StrAppend(&filter, " AND state = UT");
  EXPECT_TRUE(Passes(filter, Values()));
  absl::StrAppend(&filter, " AND state = UT");
  EXPECT_FALSE(MeasureFilter::Parse(filter, kDimensions).ok());
}

}  // namespace
}  // namespace critac::metrics
