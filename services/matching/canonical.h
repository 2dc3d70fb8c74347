#ifndef SERVICES_MATCHING_CANONICAL_H_
#define SERVICES_MATCHING_CANONICAL_H_

#include <vector>

#include "services/matching/flow.h"

namespace critac::matching {

// Exchanges an optimal flow for the one among all optimal flows that takes the arcs of `order` first:
// going through `order`, an arc carries a unit wherever some optimal flow has one on it together
// with all that was settled before. The arcs of `order` have capacity 1. The cost does not change,
// and the flow on these arcs no longer depends on which optimal flow was given, nor on which
// potentials.
//
// It rests on this: a flow is optimal exactly where it differs from the given one by cycles of arcs
// with reduced cost 0. Only those arcs are looked at; a strongly connected component of them that
// a search shows to be split is not searched as a whole again. So it takes a search for each unit
// moved and for each split, at most (units + nodes) of them, and where nothing ties, next to none.
void MakeCanonical(const FlowProblem& problem, const std::vector<int>& order, Flow& flow);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_CANONICAL_H_
