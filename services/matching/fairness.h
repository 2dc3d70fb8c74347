#ifndef SERVICES_MATCHING_FAIRNESS_H_
#define SERVICES_MATCHING_FAIRNESS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

// How evenly a plan treats partners and agencies: the work that each partner has and gets, and what
// its minimum share misses; how the requests of each agency type, size band and state fare, and how
// far apart they are.
v1::Fairness FairnessOf(const Pool& pool, const Plan& plan);

// Says in `fairness` what the Gini coefficient and each disparity were in a run before. A disparity that was not
// measured then says nothing of it.
void AddPrevious(const v1::Fairness& before, v1::Fairness& fairness);

// The Gini coefficient of amounts, in millionths, rounded to the nearest: 0 where all are the same,
// near the whole where one has everything; with amounts x sorted ascending
//     (2 × sum of i × x_i) / (n × sum of x_i) - (n + 1) / n.
// 0 where there is nothing to share. Negative amounts count as 0.
int64_t GiniE6(absl::Span<const int64_t> amounts);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_FAIRNESS_H_
