#include "services/matching/policy_decisions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "critac/type/v1/options.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/matching/partner_rules.h"

namespace critac::matching {
namespace {

using google::protobuf::util::MessageDifferencer;

absl::Status CheckDraft(const v1::Policy& policy) {
  if (policy.state() == v1::POLICY_STATE_DRAFT) return absl::OkStatus();
  return FailedPrecondition(
      "POLICY_NOT_DRAFT", policy.name(),
      absl::StrCat("is decided already: ", v1::PolicyState_Name(policy.state())));
}

}  // namespace

std::string PolicyName(int64_t version) { return absl::StrFormat("policies/v%08d", version); }

v1::Policy RulesOf(v1::Policy policy) {
  const google::protobuf::Descriptor& descriptor = *policy.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const google::protobuf::FieldDescriptor* field = descriptor.field(i);
    if (field->options().GetExtension(type::v1::field).output_only()) {
      policy.GetReflection()->ClearField(&policy, field);
    }
  }
  return policy;
}

absl::StatusOr<v1::Policy> DraftPolicy(const v1::Policy* in_force, const v1::Policy& wanted,
                                       int64_t base_version, int64_t version,
                                       const std::string& actor) {
  RETURN_IF_ERROR(CheckPolicy(wanted));
  const int64_t current = in_force == nullptr ? 0 : in_force->version();
  if (base_version != 0 && base_version != current) {
    return Error(absl::StatusCode::kAborted, "VERSION_MISMATCH",
                 absl::StrCat("base_version: the policy is at version ", current, ", not ",
                              base_version, "; read it again and redo"))
        .Fact("current_version", absl::StrCat(current))
        .ToStatus();
  }
  v1::Policy draft = RulesOf(wanted);
  if (in_force != nullptr && MessageDifferencer::Equals(draft, RulesOf(*in_force))) {
    return FailedPrecondition("NOTHING_CHANGED", PolicyName(current),
                              "is in force with these very rules");
  }
  draft.set_version(version);
  draft.set_name(PolicyName(version));
  draft.set_state(v1::POLICY_STATE_DRAFT);
  draft.set_proposed_by(actor);
  draft.set_base_version(current);
  return draft;
}

std::string WhyNotCounted(const google::protobuf::RepeatedPtrField<v1::PastTrial>& past,
                          type::v1::Role role) {
  if (role == type::v1::ROLE_AUDITOR) {
    return "an auditor reads and changes nothing, so that it was tried is not recorded; a "
           "coordinator or program manager has to try it before it is approved";
  }
  const bool is_known = std::any_of(past.begin(), past.end(),
                                    [](const v1::PastTrial& trial) { return trial.reproduced(); });
  if (past.empty() || is_known) return "";
  return absl::StrCat(
      past.size() == 1 ? "the past run" : absl::StrCat("none of the ", past.size(), " past runs"),
      " that it was tried on ", past.size() == 1 ? "does not come" : "comes",
      " out as recorded, so what it would change there is not known; at least one has to: try it "
      "on "
      "more past runs (past_runs, at most 50), or once another run is recorded");
}

absl::StatusOr<v1::Policy> ApproveDraft(const v1::Policy& draft, int64_t version_in_force,
                                        const std::string& actor, const KnownPerson& known) {
  RETURN_IF_ERROR(CheckDraft(draft));
  if (IsSamePerson(draft.proposed_by(), actor, known)) {
    return FailedPrecondition(
        "SECOND_PERSON_NEEDED", draft.name(),
        absl::StrCat("was proposed by ", draft.proposed_by(), ", the same person as ", actor,
                     "; another person must approve it"));
  }
  if (draft.base_version() != version_in_force) {
    return FailedPrecondition(
        "POLICY_OUTDATED", draft.name(),
        absl::StrCat("was proposed in place of version ", draft.base_version(),
                     ", but in force is version ", version_in_force, "; propose it anew"));
  }
  if (draft.tried_by().empty()) {
    return FailedPrecondition("POLICY_NOT_TRIED", draft.name(),
                              "was not tried yet; see what it would change, now and on past runs, "
                              "of which one at least must come out as recorded if there are any, "
                              "before it takes effect");
  }
  v1::Policy policy = draft;
  policy.set_state(v1::POLICY_STATE_IN_FORCE);
  policy.set_actor(actor);
  return policy;
}

absl::StatusOr<v1::Policy> RejectDraft(const v1::Policy& draft, const std::string& actor,
                                       const std::string& reason) {
  RETURN_IF_ERROR(CheckDraft(draft));
  v1::Policy policy = draft;
  policy.set_state(v1::POLICY_STATE_REJECTED);
  policy.set_rejected_by(actor);
  policy.set_reject_reason(reason);
  return policy;
}

}  // namespace critac::matching
