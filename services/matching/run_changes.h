#ifndef SERVICES_MATCHING_RUN_CHANGES_H_
#define SERVICES_MATCHING_RUN_CHANGES_H_

#include <string>
#include <vector>

#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

// All that a plan does otherwise than the standing proposals, slot by slot, each change with its reason:
// the gate at which someone is out now, what keeping them would cost the plan or that this is not known,
// what leaves no room in the period someone stood in, or that an open place is filled. Of a request without
// a standing proposal everything is new. Requests whose offers wait for an answer get no proposal, and have
// no changes.
std::vector<v1::RunChange> ChangesFromStanding(const Pool& pool, const Plan& plan);

// The reason of a change in words: what its kind and its facts say, of who stood there. Where the kind is not known,
// the words that the change has.
std::string ReasonText(const v1::RunChange& change);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RUN_CHANGES_H_
