#ifndef SERVICES_MATCHING_CERTIFICATE_H_
#define SERVICES_MATCHING_CERTIFICATE_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

// Checks a plan without the solver, from the pool and the plan's prices alone:
//   - every unit passes every gate, starts in a period in which it may, and has the score it says;
//   - no limit is exceeded, and the people of a slot are different persons;
//   - `open` is what the units leave, and `objective` is what they cost;
//   - `bound` is what the prices prove, and is not above the objective;
//   - where the bound equals the objective, complementary slackness holds over all eligible pairs,
//     also those never handed to the solver: an unused pair is not cheaper than its slot's price, a
//     used one not dearer, only what is used up has a price, only what is cheaper open stays open;
//   - where it has a proof by cases, every plan is in one of those that are not divided, and the prices of each
//     prove that none of its plans is cheaper than the objective; pairs that no cheaper plan can have, as the prices of
//     the whole prove, are not counted with.
// Gates and score of a pair are asked once for all prices of the proof.
// INTERNAL, saying what does not hold and where. Sums are of 128 bits: no plan, however made up,
// passes by overflow.
absl::Status CheckPlan(const Pool& pool, const Plan& plan);

// Checks a plan that has to have a pair (SolvePlanWith) in the same way: it has the pair, and its `bound`
// is what its prices prove of all plans that have it, its cases as well. With `period`: that have it in that period.
absl::Status CheckPlanWith(const Pool& pool, const Plan& plan, int slot, int expert,
                           std::optional<int32_t> period = std::nullopt);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_CERTIFICATE_H_
