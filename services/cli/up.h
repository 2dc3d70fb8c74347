#ifndef SERVICES_CLI_UP_H_
#define SERVICES_CLI_UP_H_

#include <string>
#include <vector>

namespace critac::cli {

// What `critac up` does, for the list of commands.
inline constexpr char kUpDescription[] =
    "Runs a whole center in this process: all services, SQLite files in one folder, nothing else";

// `critac up ARGUMENT…`: serves until SIGTERM. Returns the exit status. It is not one of the commands
// that RunCli knows: it has options, environment and a configuration file of its own.
int RunUp(const std::vector<std::string>& arguments);

}  // namespace critac::cli

#endif  // SERVICES_CLI_UP_H_
