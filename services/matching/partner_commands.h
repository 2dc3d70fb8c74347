#ifndef SERVICES_MATCHING_PARTNER_COMMANDS_H_
#define SERVICES_MATCHING_PARTNER_COMMANDS_H_

#include <string>
#include <vector>

#include "common/journal/command.h"
#include "critac/matching/v1/partner.pb.h"

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

// Overrides a conflict, by another person than the one who declared it. Answers with the conflict.
journal::Decide OverrideConflict(std::string name, std::string reason);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PARTNER_COMMANDS_H_
