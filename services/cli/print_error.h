#ifndef SERVICES_CLI_PRINT_ERROR_H_
#define SERVICES_CLI_PRINT_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace critac::cli {

// An error as a person reads it, several lines:
//
//   error: 2 fields are not as they must be
//     request.title: must be present
//     request.slots[1].hours: 0 is not in 1..2000
//     reason: INVALID_FIELD
//     hint: mend the fields named above and give the command again
//
// First what is wrong, then each field violation and each unmet precondition on its line, the records
// and facts that came with it, the reason for programs, and what to do next. What the message says
// already is not said twice, but for records: each has its line. Text that came from elsewhere is
// made Printable. `server` is the address called, for the hints that send one there; empty: none was.
std::string FormatError(const absl::Status& status, absl::string_view server);

}  // namespace critac::cli

#endif  // SERVICES_CLI_PRINT_ERROR_H_
