#ifndef SERVICES_MATCHING_POLICY_COMMANDS_H_
#define SERVICES_MATCHING_POLICY_COMMANDS_H_

#include <cstdint>
#include <string>

#include "common/journal/command.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/callers.h"

// The commands of the policy; policy_decisions.h says what each refuses. They answer with the
// version they are about. NOT_FOUND where there is no version of this name.
namespace critac::matching {

// Makes a policy the next version, a draft. INVALID_ARGUMENT: also, a share is of a partner that is not on record.
journal::Decide ProposePolicy(v1::Policy policy, int64_t base_version, std::string reason);

// Puts a draft in force, by another person than its proposer; `known` is who the caller is.
journal::Decide ApprovePolicy(std::string name, KnownPerson known);

// Records of a draft that its actor has seen what it would change; of one that was tried before, or is
// decided, nothing. It answers with nothing.
journal::Decide NoteTrial(std::string name);

// Ends a draft.
journal::Decide RejectPolicy(std::string name, std::string reason);

// Puts FirstPolicy in force where none is. It is the software's own, so it takes no second person.
journal::Decide BeginPolicy();

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_POLICY_COMMANDS_H_
