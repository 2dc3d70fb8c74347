#include "services/matching/policy_commands.h"

#include <utility>

#include "common/journal/event_time.h"
#include "common/status/error.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/matching_states.h"
#include "services/matching/partner_rules.h"
#include "services/matching/policy_decisions.h"

namespace critac::matching {
namespace {

using journal::Draft;
using journal::ToTimestamp;

// The number of the next version. Drafts on record have numbers above that of the one in force.
int64_t NextVersion(Draft& draft, const v1::Policy* in_force) {
  int64_t version = in_force == nullptr ? 1 : in_force->version() + 1;
  while (draft.Find<v1::Policy>(PolicyName(version)) != nullptr) ++version;
  return version;
}

// A version by its name; `policies/current` is a state of the journal, not a version.
absl::StatusOr<const v1::Policy*> FindVersion(Draft& draft, const std::string& name) {
  const auto* policy = name == kCurrentPolicy ? nullptr : draft.Find<v1::Policy>(name);
  if (policy == nullptr) return ResourceNotFound("critac.matching.v1.Policy", name);
  return policy;
}

}  // namespace

journal::Decide ProposePolicy(v1::Policy policy, int64_t base_version, std::string reason) {
  return [policy = std::move(policy), base_version,
          reason = std::move(reason)](Draft& draft) -> absl::Status {
    const auto* in_force = draft.Find<v1::Policy>(kCurrentPolicy);
    v1::PolicyProposed proposed;
    ASSIGN_OR_RETURN(
        *proposed.mutable_policy(),
        DraftPolicy(in_force, policy, base_version, NextVersion(draft, in_force), draft.actor()));
    RETURN_IF_ERROR(CheckSharesKnown(proposed.policy(), [&draft](const std::string& partner) {
      return draft.Find<v1::Partner>(partner) != nullptr;
    }));
    proposed.mutable_policy()->set_reason(reason);
    *proposed.mutable_policy()->mutable_propose_time() = ToTimestamp(draft.now());
    const std::string name = proposed.policy().name();
    draft.Emit(name, proposed);
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide ApprovePolicy(std::string name, KnownPerson known) {
  return [name = std::move(name), known = std::move(known)](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Policy* found, FindVersion(draft, name));
    const v1::Policy version = *found;
    const auto* in_force = draft.Find<v1::Policy>(kCurrentPolicy);
    v1::PolicySet set;
    ASSIGN_OR_RETURN(
        *set.mutable_policy(),
        ApproveDraft(version, in_force == nullptr ? 0 : in_force->version(), draft.actor(), known));
    *set.mutable_policy()->mutable_effective_time() = ToTimestamp(draft.now());
    draft.Emit(kCurrentPolicy, set);
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide NoteTrial(std::string name) {
  return [name = std::move(name)](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Policy* found, FindVersion(draft, name));
    if (found->state() != v1::POLICY_STATE_DRAFT || found->has_try_time()) return absl::OkStatus();
    v1::PolicyTried tried;
    tried.set_policy(name);
    tried.set_tried_by(draft.actor());
    draft.Emit(name, tried);
    return absl::OkStatus();
  };
}

journal::Decide RejectPolicy(std::string name, std::string reason) {
  return [name = std::move(name), reason = std::move(reason)](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Policy* found, FindVersion(draft, name));
    v1::PolicyRejected rejected;
    ASSIGN_OR_RETURN(*rejected.mutable_policy(), RejectDraft(*found, draft.actor(), reason));
    draft.Emit(name, rejected);
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide BeginPolicy() {
  return [](Draft& draft) -> absl::Status {
    if (draft.Find<v1::Policy>(kCurrentPolicy) != nullptr) return absl::OkStatus();
    v1::PolicySet set;
    *set.mutable_policy() = FirstPolicy();
    set.mutable_policy()->set_version(1);
    set.mutable_policy()->set_name(PolicyName(1));
    set.mutable_policy()->set_state(v1::POLICY_STATE_IN_FORCE);
    set.mutable_policy()->set_actor(draft.actor());
    *set.mutable_policy()->mutable_effective_time() = ToTimestamp(draft.now());
    draft.Emit(kCurrentPolicy, set);
    return absl::OkStatus();
  };
}

}  // namespace critac::matching
