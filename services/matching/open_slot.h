#ifndef SERVICES_MATCHING_OPEN_SLOT_H_
#define SERVICES_MATCHING_OPEN_SLOT_H_

#include <string>

#include "absl/types/span.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"
#include "services/matching/remedy.h"

namespace critac::matching {

// Says of a slot that the plan leaves open what keeps it so, how many experts are out at which gate, and
// what would fill it, as data and in plain sentences. `finder` is of the same pool and plan. Other requests
// that are `hidden` from who asks, sorted, are not named.
v1::ExplainedOpenSlot ExplainOpenSlot(const Pool& pool, const Plan& plan, int slot,
                                      RemedyFinder& finder,
                                      absl::Span<const std::string> hidden = {});

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_OPEN_SLOT_H_
