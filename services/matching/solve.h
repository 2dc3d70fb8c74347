#ifndef SERVICES_MATCHING_SOLVE_H_
#define SERVICES_MATCHING_SOLVE_H_

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

// A plan that passed the independent check, and the figures of the run that made it.
struct Solved {
  Plan plan;
  v1::SolveRun run;
};

// Solves a pool and has the result checked. `policy_version` goes into the figures; `clock` times
// the run. INTERNAL: the plan did not pass the check; it must not be used.
absl::StatusOr<Solved> SolveAndCheck(const Pool& pool, int64_t policy_version, const Clock& clock);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SOLVE_H_
