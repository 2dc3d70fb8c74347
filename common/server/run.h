#ifndef COMMON_SERVER_RUN_H_
#define COMMON_SERVER_RUN_H_

#include <string>
#include <vector>

#include "common/server/config.h"
#include "common/server/process.h"

namespace critac::server {

// The whole life of a serving program: what its main calls.
//
//   int main(int argc, char** argv) {
//     return critac::server::RunProgram(program, {argv + 1, argv + argc}, {BindIntake});
//   }
//
// Reads the configuration (`--help` prints the help and returns 0; a refused one gives one line on
// stderr and 2), then runs.
int RunProgram(const Program& program, const std::vector<std::string>& arguments,
               const std::vector<Bind>& binds);

// Serves until SIGTERM or SIGINT, then stops in order and returns 0; at the second signal the
// process ends at once with 128 + its number. Returns 1, after one line of the log that says why,
// where it cannot start, and ends the process with 1 where a stop takes longer than drain delay and
// drain timeout allow, with 5 seconds on top. Called once a process.
//
// Once it serves, stdout gets the line `critac ready on ADDRESS`, and the ready file, where one is
// asked for, two lines: that address, and the admin address or `off`. The file appears whole, is
// removed at the start and when the stop begins.
int Run(const ServerConfig& config, const std::vector<Bind>& binds);

// Abseil as the distribution builds it looks for deadlocks whenever a lock is taken, also in a
// release, and gRPC's locks are Abseil's. Turns that off in a release: one part in twenty of what a
// call costs. Run does it.
void SkipDeadlockDetection();

}  // namespace critac::server

#endif  // COMMON_SERVER_RUN_H_
