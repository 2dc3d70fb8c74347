#ifndef SERVICES_CLI_RUN_COMMANDS_H_
#define SERVICES_CLI_RUN_COMMANDS_H_

#include "absl/status/status.h"
#include "critac/matching/v1/match.pb.h"
#include "services/cli/context.h"

namespace critac::cli {

// Prints a run of the solver; for people as tables of what it changed, and of how evenly it treats partners and
// agencies.
absl::Status ShowRun(Context& context, const matching::v1::SolveRun& run);

}  // namespace critac::cli

#endif  // SERVICES_CLI_RUN_COMMANDS_H_
