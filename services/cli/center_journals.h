#ifndef SERVICES_CLI_CENTER_JOURNALS_H_
#define SERVICES_CLI_CENTER_JOURNALS_H_

#include <vector>

#include "common/journal/journal.h"

namespace critac::cli {

// The journals of a center's services, in the order in which they stand everywhere: those that follow others
// come after them.
std::vector<journal::JournalOptions> CenterJournals();

}  // namespace critac::cli

#endif  // SERVICES_CLI_CENTER_JOURNALS_H_
