#ifndef SERVICES_MATCHING_PARTNER_RULES_H_
#define SERVICES_MATCHING_PARTNER_RULES_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"

// What partners, experts, conflicts and policies must be, beyond the rules of single fields. Pure. Every error is
// INVALID_ARGUMENT with the path of the field below the resource.
namespace critac::matching {

// Memberships do not end before they begin, and do not overlap.
absl::Status CheckPartner(const v1::Partner& partner);

// A topic is held once; spans do not end before they begin; ratings add up to 1 to 5 each; a home has both or neither.
absl::Status CheckExpert(const v1::Expert& expert);

// A conflict is of an expert or of a partner, and does not end before `today`. Own and recent agency are an expert's.
absl::Status CheckConflict(const v1::Conflict& conflict, absl::CivilDay today);

// Shares of partners: each partner once, no minimum above its maximum, minimums that add up to the whole at most.
absl::Status CheckPartnerShares(const v1::Policy& policy);

// Every share is of a partner that `is_known` has on record: one of another would be no share of anything.
absl::Status CheckSharesKnown(const v1::Policy& policy,
                              absl::FunctionRef<bool(const std::string& partner)> is_known);

// What contradicts itself or breaks a promise is refused: at least one weight is above 0; waiting has a price, so that
// nobody waits for ever; shares as CheckPartnerShares has them, and minimum shares are worth something.
absl::Status CheckPolicy(const v1::Policy& policy);

// The policy a new center begins with, until its program manager sets another.
v1::Policy FirstPolicy();

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PARTNER_RULES_H_
