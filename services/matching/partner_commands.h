#ifndef SERVICES_MATCHING_PARTNER_COMMANDS_H_
#define SERVICES_MATCHING_PARTNER_COMMANDS_H_

#include <string>
#include <vector>

#include "common/journal/command.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/callers.h"

// The commands of partners, experts and conflicts.
namespace critac::matching {

// Adds or changes partners and experts, keyed by name. Answer with the outcome of each row; with
// `validate_only` nothing is recorded.
journal::Decide ImportPartners(std::vector<v1::Partner> rows, bool validate_only);

// `partner` is the caller's: rows of another partner are refused. Empty: those who may do so for any.
journal::Decide ImportExperts(std::vector<v1::Expert> rows, std::string partner,
                              bool validate_only);

// Declares a conflict. `partner` as above. Answers with the conflict.
journal::Decide CreateConflict(v1::Conflict conflict, std::string partner);

// Asks to override a conflict. `partner` as above: of another partner's expert, NOT_FOUND. Answers
// with the conflict.
journal::Decide AskConflictOverride(std::string name, std::string reason, std::string partner);

// Overrides a conflict that someone asked to override, by another person than the one who asked or
// declared it (IsSamePerson), and than the expert; `known` is who the caller is. Answers with the conflict.
journal::Decide OverrideConflict(std::string name, std::string reason, KnownPerson known);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PARTNER_COMMANDS_H_
