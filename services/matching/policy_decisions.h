#ifndef SERVICES_MATCHING_POLICY_DECISIONS_H_
#define SERVICES_MATCHING_POLICY_DECISIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/type/v1/options.pb.h"
#include "google/protobuf/repeated_field.h"
#include "services/matching/callers.h"

// How a policy comes into force: proposed by one person, approved by another. Pure; times are the
// caller's to set.
namespace critac::matching {

// `policies/v00000002`, so that names sort by version.
std::string PolicyName(int64_t version);

// The policy without what says where it came from and where it stands: the rules of choice alone.
v1::Policy RulesOf(v1::Policy policy);

// The draft that a proposal makes of `wanted`, as version `version`. `in_force` null: none is yet.
// INVALID_ARGUMENT: CheckPolicy refuses it. ABORTED, VERSION_MISMATCH: `base_version` is neither 0
// nor the version in force. FAILED_PRECONDITION, NOTHING_CHANGED: its rules are those in force.
absl::StatusOr<v1::Policy> DraftPolicy(const v1::Policy* in_force, const v1::Policy& wanted,
                                       int64_t base_version, int64_t version,
                                       const std::string& actor);

// Why a trial on these past runs, by someone in this role, does not count, in words; empty: it does. An auditor's never
// does, since it changes nothing. Where there are past runs, the plan of one at least must have come out as recorded:
// otherwise nothing is known of the past. Where there is none, a trial on the records of now counts, since nothing else
// can be had.
std::string WhyNotCounted(const google::protobuf::RepeatedPtrField<v1::PastTrial>& past,
                          type::v1::Role role);

// The draft as it is once in force. FAILED_PRECONDITION: POLICY_NOT_DRAFT, it is decided already;
// SECOND_PERSON_NEEDED, `actor`, who is `known`, proposed it (IsSamePerson); POLICY_NOT_TRIED, no trial of it counts;
// POLICY_OUTDATED, it was drawn up when another version was in force than `version_in_force`, and so
// reviewed against rules that do not hold any more.
absl::StatusOr<v1::Policy> ApproveDraft(const v1::Policy& draft, int64_t version_in_force,
                                        const std::string& actor, const KnownPerson& known);

// The draft as it is once rejected, which needs no second person. FAILED_PRECONDITION,
// POLICY_NOT_DRAFT.
absl::StatusOr<v1::Policy> RejectDraft(const v1::Policy& draft, const std::string& actor,
                                       const std::string& reason);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_POLICY_DECISIONS_H_
