#ifndef SERVICES_MATCHING_PROPOSAL_H_
#define SERVICES_MATCHING_PROPOSAL_H_

#include <vector>

#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

// What a plan has for one demand, as a proposal puts it. `demand` is a row of the pool.

// Assignments, by slot and expert, with the parts of their scores.
std::vector<v1::Assignment> AssignmentsOf(const Pool& pool, const Plan& plan, int demand);

// Slots for which people are missing, in the order of the scope. The explanation says how many
// experts are eligible and what the plan uses them for, which one assignment more could fill the
// slot with all else as it is, and how many experts are out at which gate.
std::vector<v1::OpenSlot> OpenSlotsOf(const Pool& pool, const Plan& plan, int demand);

// The same of one slot for which people are missing.
v1::OpenSlot OpenSlotOf(const Pool& pool, const Plan& plan, int slot);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PROPOSAL_H_
