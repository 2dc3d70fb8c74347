#ifndef SERVICES_MATCHING_PLAN_DIFFERENCE_H_
#define SERVICES_MATCHING_PLAN_DIFFERENCE_H_

#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

// What changes from one plan to another, each of a pool of its own; rows are compared by name. A
// request that only one pool has has nobody in the other's plan. A score alone changes nothing.
v1::SimulationDifference DifferenceOf(const Pool& pool_before, const Plan& before,
                                      const Pool& pool_after, const Plan& after);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PLAN_DIFFERENCE_H_
