#ifndef SERVICES_MATCHING_OPEN_SLOT_H_
#define SERVICES_MATCHING_OPEN_SLOT_H_

#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"
#include "services/matching/remedy.h"

namespace critac::matching {

// Says of a slot that the plan leaves open what keeps it so, how many experts are out at which gate, and
// what would fill it, as data and in plain sentences. `finder` is of the same pool and plan.
v1::ExplainedOpenSlot ExplainOpenSlot(const Pool& pool, const Plan& plan, int slot,
                                      RemedyFinder& finder);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_OPEN_SLOT_H_
