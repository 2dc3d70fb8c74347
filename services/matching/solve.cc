#include "services/matching/solve.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/matching/certificate.h"
#include "services/matching/fairness.h"
#include "services/matching/run_changes.h"

namespace critac::matching {

absl::StatusOr<Solved> SolveAndCheck(const Pool& pool, int64_t policy_version, const Clock& clock) {
  const absl::Time start = clock.Now();
  Solved solved;
  ASSIGN_OR_RETURN(solved.plan, SolvePlan(pool));
  RETURN_IF_ERROR(Annotate(CheckPlan(pool, solved.plan), "the check of the plan"));
  const Plan& plan = solved.plan;
  v1::SolveRun& run = solved.run;
  run.set_policy_version(policy_version);
  run.set_request_count(static_cast<int32_t>(pool.demands().size()));
  run.set_unit_count(static_cast<int32_t>(plan.unit_count));
  run.set_assigned_count(static_cast<int32_t>(plan.units.size()));
  run.set_pair_count(plan.pair_count);
  run.set_objective(plan.objective);
  run.set_bound(plan.bound);
  run.set_case_count(static_cast<int32_t>(plan.cases.size()));
  run.set_certified(true);
  *run.mutable_fairness() = FairnessOf(pool, plan);
  for (v1::RunChange& change : ChangesFromStanding(pool, plan)) {
    *run.add_changes() = std::move(change);
  }
  run.set_solve_microseconds(absl::ToInt64Microseconds(clock.Now() - start));
  return solved;
}

}  // namespace critac::matching
