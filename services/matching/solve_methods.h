#ifndef SERVICES_MATCHING_SOLVE_METHODS_H_
#define SERVICES_MATCHING_SOLVE_METHODS_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "services/matching/pool_methods.h"
#include "services/matching/pool_reader.h"

namespace critac::matching {

// Gives a command by ExecuteOnPool, for a call or for a job, with the guard of its turn to solve.
using ExecuteInTurn = absl::FunctionRef<absl::Status(const MakeDecide& make, Work work)>;

// Solves the records as they are and records the run; one that changes no proposal only where it was asked for
// (`asked`). Where records change in the middle of every try, and a solve takes longer than writers should wait, what
// still stands of the last plan is recorded (StandingPartOf), which takes no solve. Returns the view that the plan was
// made from. ABORTED, reason INPUTS_CHANGED: nothing of it stands, another policy came into force, another run was
// recorded, or even what stands takes too long to be found.
absl::StatusOr<std::shared_ptr<const PoolView>> SolveAndRecord(journal::Journal& journal,
                                                               const Clock& clock, bool asked,
                                                               ExecuteInTurn execute);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SOLVE_METHODS_H_
