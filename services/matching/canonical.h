#ifndef SERVICES_MATCHING_CANONICAL_H_
#define SERVICES_MATCHING_CANONICAL_H_

#include <cstdint>
#include <vector>

#include "services/matching/transport.h"

namespace critac::matching {

// A pair of a transport problem, or an arc that carries at most one unit, or neither.
struct UnitArc {
  enum Kind { kPair, kArc, kNone } kind = kNone;
  int32_t index = 0;
};

// Exchanges a cheapest transport for the one among all the cheapest that takes the arcs of `order`
// first: going through `order`, an arc carries a unit wherever some cheapest transport has one on it
// together with all that was settled before. Pairs that are not in `order` come after it, in their
// own. The cost and the prices stay, and the units on these arcs no longer depend on which cheapest
// transport was given, nor on its prices.
//
// It rests on this: a flow is cheapest exactly where it differs from the given one by cycles of arcs
// with reduced cost 0. Only those arcs are looked at; a strongly connected component of them that
// a search shows to be split is not searched as a whole again. So it takes a search for each unit
// moved and for each split, at most (units + nodes) of them, and where nothing ties, next to none.
void MakeCanonical(const TransportProblem& problem, const std::vector<UnitArc>& order,
                   Transport& transport);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_CANONICAL_H_
