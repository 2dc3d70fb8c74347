#ifndef SERVICES_CLI_SIMULATION_TEXT_H_
#define SERVICES_CLI_SIMULATION_TEXT_H_

#include "absl/status/status.h"
#include "critac/matching/v1/match.pb.h"
#include "services/cli/context.h"

namespace critac::cli {

// A what-if for people: the figures of both plans, what changes in words, who changes where, and
// which slots stay open; with `whole_plan` also who is assigned to what in the plan with changes.
absl::Status WriteSimulation(Context& context, const matching::v1::SimulateResponse& response,
                             bool whole_plan);

// The lines of what changes, for CSV and names.
Columns AssignmentChangeColumns();

}  // namespace critac::cli

#endif  // SERVICES_CLI_SIMULATION_TEXT_H_
