#ifndef SERVICES_CLI_EXIT_STATUS_H_
#define SERVICES_CLI_EXIT_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace critac::cli {

// What `critac` tells the shell.
enum ExitStatus {
  kDone = 0,
  kRefused = 1,      // the center, or the work itself, said no
  kUsage = 2,        // the command line, or a file named on it, is not right: nothing was called
  kUnreachable = 3,  // no center answered
};

// An error of the command line: INVALID_ARGUMENT, reason USAGE.
absl::Status UsageError(absl::string_view message);

// Rows of an import, or a chain, were found wanting, and were told of already: status kRefused
// without a further word.
absl::Status AlreadyTold();
bool IsAlreadyTold(const absl::Status& status);

// The exit status for the outcome of a command.
ExitStatus ExitStatusOf(const absl::Status& status);

}  // namespace critac::cli

#endif  // SERVICES_CLI_EXIT_STATUS_H_
