#ifndef SERVICES_MATCHING_FAIRNESS_TREND_H_
#define SERVICES_MATCHING_FAIRNESS_TREND_H_

#include <cstdint>

#include "absl/types/span.h"
#include "critac/matching/v1/match.pb.h"

namespace critac::matching {

// Runs that a trend looks at: the newest, that which is recorded among them.
inline constexpr int kMostTrendRuns = 12;
// Values of which a trend says anything. Of four that differ, even the two orders that are all up or all down come by
// chance in 2 of 24 cases; of five, in 2 of 120.
inline constexpr int kLeastTrendValues = 5;
// Chance, in millionths, up to which an order is not taken for one: 5 %, both directions together.
inline constexpr int64_t kTrendLevelE6 = 50'000;

// What the Mann–Kendall test says of a series.
struct MannKendall {
  // Pairs of which the later value is the greater, less those of which it is the less.
  int64_t s = 0;
  // Chance that an order of the same values, all being as likely, has an s as far from 0, in millionths, rounded up.
  // Exact, also where values are equal.
  int64_t p_value_e6 = 0;
};

// The test (H. B. Mann, Nonparametric tests against trend, Econometrica 13, 1945; M. G. Kendall, Rank correlation
// methods) on at most kMostTrendRuns values, oldest first. It asks for their order alone, so that neither the size of a
// step nor the time between runs counts. Where all are equal, or there is none: s is 0, and the chance the whole.
MannKendall MannKendallOf(absl::Span<const int64_t> values);

// Says in the fairness of `run`, which has its name, what each measure was in the newest runs, its own last, and in
// which direction it goes: `trend_runs` and `trends`. `before`: the run recorded before, whose series go on; null:
// there was none. One without series of its own gives what it measured.
void AddTrends(const v1::SolveRun* before, v1::SolveRun& run);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_FAIRNESS_TREND_H_
