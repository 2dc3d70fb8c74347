#include "services/matching/fairness_trend.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/repeated_field.h"

namespace critac::matching {
namespace {

using google::protobuf::RepeatedPtrField;

constexpr int64_t kWholeE6 = 1'000'000;
constexpr int64_t kNotMeasured = -1;

// What is followed: a measure, and by what requests are grouped.
using TrendKey = std::pair<v1::FairnessMeasure, v1::GroupDimension>;

// Runs, oldest first, and of everything followed a value for each of them.
struct TrendWindow {
  std::vector<std::string> runs;
  std::map<TrendKey, std::vector<int64_t>> series;
};

void AddRatios(v1::FairnessMeasure measure, const RepeatedPtrField<v1::Disparity>& disparities,
               std::map<TrendKey, int64_t>& measured) {
  for (const v1::Disparity& one : disparities) {
    measured[{measure, one.dimension()}] = one.ratio_e6();
  }
}

std::map<TrendKey, int64_t> MeasuredIn(const v1::Fairness& fairness) {
  std::map<TrendKey, int64_t> measured;
  if (fairness.partners_size() > 0) {
    measured[{v1::FAIRNESS_MEASURE_PARTNER_GINI, v1::GROUP_DIMENSION_UNSPECIFIED}] =
        fairness.partner_gini_e6();
  }
  AddRatios(v1::FAIRNESS_MEASURE_SHARE_PLACED, fairness.disparities(), measured);
  AddRatios(v1::FAIRNESS_MEASURE_DAYS_WAITED, fairness.waiting_disparities(), measured);
  AddRatios(v1::FAIRNESS_MEASURE_SCORE, fairness.score_disparities(), measured);
  return measured;
}

// Adds a run as the newest, and leaves out the oldest where there are too many.
void AddRun(const v1::SolveRun& run, TrendWindow& window) {
  const std::map<TrendKey, int64_t> measured = MeasuredIn(run.fairness());
  for (const auto& [key, value] : measured) {
    window.series.try_emplace(key, window.runs.size(), kNotMeasured);
  }
  const bool full = window.runs.size() == kMostTrendRuns;
  for (auto& [key, series] : window.series) {
    const auto found = measured.find(key);
    series.push_back(found == measured.end() ? kNotMeasured : found->second);
    if (full) series.erase(series.begin());
  }
  window.runs.push_back(run.name());
  if (full) window.runs.erase(window.runs.begin());
}

TrendWindow WindowOf(const v1::SolveRun& run) {
  TrendWindow window;
  const v1::Fairness& fairness = run.fairness();
  if (fairness.trend_runs().empty()) {
    if (run.has_fairness()) AddRun(run, window);
    return window;
  }
  window.runs.assign(fairness.trend_runs().begin(), fairness.trend_runs().end());
  for (const v1::FairnessTrend& trend : fairness.trends()) {
    window.series[{trend.measure(), trend.dimension()}].assign(trend.values_e6().begin(),
                                                               trend.values_e6().end());
  }
  return window;
}

// Inequality falls and likeness rises where things become more even.
v1::FairnessDirection DirectionOf(v1::FairnessMeasure measure, const MannKendall& test) {
  if (test.p_value_e6 > kTrendLevelE6) return v1::FAIRNESS_DIRECTION_NO_TREND;
  const bool rises = test.s > 0;
  return rises == (measure != v1::FAIRNESS_MEASURE_PARTNER_GINI) ? v1::FAIRNESS_DIRECTION_MORE_EVEN
                                                                 : v1::FAIRNESS_DIRECTION_LESS_EVEN;
}

void SetDirection(v1::FairnessTrend& trend) {
  std::vector<int64_t> values(trend.values_e6().begin(), trend.values_e6().end());
  values.erase(std::remove(values.begin(), values.end(), kNotMeasured), values.end());
  if (values.size() < kLeastTrendValues) {
    trend.set_direction(v1::FAIRNESS_DIRECTION_TOO_FEW_RUNS);
    return;
  }
  const MannKendall test = MannKendallOf(values);
  trend.set_direction(DirectionOf(trend.measure(), test));
  trend.set_mann_kendall_s(test.s);
  trend.set_p_value_e6(test.p_value_e6);
}

}  // namespace

MannKendall MannKendallOf(absl::Span<const int64_t> values) {
  MannKendall test;
  int64_t unequal_pairs = 0;
  std::map<int64_t, int64_t> counts;
  for (size_t later = 0; later < values.size(); ++later) {
    ++counts[values[later]];
    for (size_t earlier = 0; earlier < later; ++earlier) {
      if (values[earlier] == values[later]) continue;
      ++unequal_pairs;
      test.s += values[later] > values[earlier] ? 1 : -1;
    }
  }
  // How many orders of the values have so many pairs the wrong way round: the coefficients of the Gaussian multinomial,
  // the product of 1 - q^i for every place divided by the same product for each group of equal values.
  std::vector<int64_t> orders(unequal_pairs + 1, 0);
  orders[0] = 1;
  int64_t place = 0;
  for (const auto& [value, count] : counts) {
    for (int64_t in_group = 1; in_group <= count; ++in_group) {
      ++place;
      for (int64_t i = unequal_pairs; i >= place; --i) orders[i] -= orders[i - place];
      for (int64_t i = in_group; i <= unequal_pairs; ++i) orders[i] += orders[i - in_group];
    }
  }
  if (test.s == 0) {
    test.p_value_e6 = kWholeE6;
    return test;
  }
  int64_t all = 0;
  for (const int64_t count : orders) all += count;
  // The distribution is symmetric: as many orders are as far from 0 on the other side.
  int64_t as_far = 0;
  for (int64_t i = 0; i <= (unequal_pairs - std::abs(test.s)) / 2; ++i) as_far += 2 * orders[i];
  test.p_value_e6 = (as_far * kWholeE6 + all - 1) / all;
  return test;
}

void AddTrends(const v1::SolveRun* before, v1::SolveRun& run) {
  TrendWindow window = before == nullptr ? TrendWindow() : WindowOf(*before);
  AddRun(run, window);
  v1::Fairness& fairness = *run.mutable_fairness();
  fairness.mutable_trend_runs()->Assign(window.runs.begin(), window.runs.end());
  fairness.clear_trends();
  for (const auto& [key, series] : window.series) {
    const auto is_measured = [](int64_t value) { return value != kNotMeasured; };
    if (std::none_of(series.begin(), series.end(), is_measured)) continue;
    v1::FairnessTrend& trend = *fairness.add_trends();
    trend.set_measure(key.first);
    trend.set_dimension(key.second);
    trend.mutable_values_e6()->Assign(series.begin(), series.end());
    SetDirection(trend);
  }
}

}  // namespace critac::matching
