#ifndef SERVICES_CLI_DATABASES_PRINT_CONTENTS_H_
#define SERVICES_CLI_DATABASES_PRINT_CONTENTS_H_

#include <vector>

#include "absl/status/status.h"
#include "critac/journal/v1/backup.pb.h"
#include "services/cli/context.h"

namespace critac::cli {

// Prints what journals hold, each with its head, in the form asked for.
absl::Status PrintContents(Context& context,
                           const std::vector<journal::v1::JournalContent>& contents);

}  // namespace critac::cli

#endif  // SERVICES_CLI_DATABASES_PRINT_CONTENTS_H_
