#ifndef SERVICES_MATCHING_IDENTITY_COMMANDS_H_
#define SERVICES_MATCHING_IDENTITY_COMMANDS_H_

#include <string>

#include "common/journal/command.h"

namespace critac::matching {

// Records whether two records, of experts or of agencies, are one. Answers with the identity. The
// errors are those of IdentityService.DecideIdentity, and INVALID_ARGUMENT where the two are not
// two of one kind.
journal::Decide DecideIdentity(std::string first, std::string second, bool same,
                               std::string reason);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_IDENTITY_COMMANDS_H_
