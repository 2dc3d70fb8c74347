#ifndef SERVICES_CLI_RUN_CLI_H_
#define SERVICES_CLI_RUN_CLI_H_

#include <string>
#include <vector>

#include "services/cli/exit_status.h"
#include "services/cli/world.h"

namespace critac::cli {

// Runs one command line, without the program's name, and returns its exit status. Output goes to
// `world.out`, errors and progress to `world.err`. Throws nothing.
ExitStatus RunCli(const std::vector<std::string>& arguments, World& world);

}  // namespace critac::cli

#endif  // SERVICES_CLI_RUN_CLI_H_
