#ifndef SERVICES_MATCHING_RUN_CHANGES_H_
#define SERVICES_MATCHING_RUN_CHANGES_H_

#include <vector>

#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

// What a plan does otherwise than the standing proposals, slot by slot, each change with its reason:
// the gate at which someone is out now, or what keeping them would cost the plan. A request without a
// standing proposal has no changes: what it gets is new.
std::vector<v1::RunChange> ChangesFromStanding(const Pool& pool, const Plan& plan);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RUN_CHANGES_H_
