#ifndef SERVICES_MATCHING_SIMULATION_METHODS_H_
#define SERVICES_MATCHING_SIMULATION_METHODS_H_

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/pool_reader.h"

// What-if: reads records, changes them in memory, solves both. Nothing here writes. CANCELLED: `is_wanted`, asked
// before what takes long, said no.
namespace critac::matching {

// Answers Simulate.
absl::Status SimulateChanges(journal::Journal& journal, PoolReader& pools, const Clock& clock,
                             const v1::SimulateRequest& in, journal::IsWanted is_wanted,
                             v1::SimulateResponse& out);

// Answers TryPolicy.
absl::Status TryPolicy(journal::Journal& journal, PoolReader& pools, const Clock& clock,
                       const v1::TryPolicyRequest& in, journal::IsWanted is_wanted,
                       v1::TryPolicyResponse& out);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SIMULATION_METHODS_H_
