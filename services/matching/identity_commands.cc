#include "services/matching/identity_commands.h"

#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/journal/event_time.h"
#include "common/rpc/text.h"
#include "common/status/error.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "services/matching/identity.h"

namespace critac::matching {
namespace {

using journal::Draft;

absl::Status CheckPair(const std::string& first, const std::string& second) {
  for (const auto& [field, name] : {std::make_pair("first", first), {"second", second}}) {
    if (rpc::IsResourceName(name, "experts") || rpc::IsResourceName(name, "agencies")) continue;
    return InvalidField(field, absl::StrCat("'", name, "' is neither experts/ID nor agencies/ID"));
  }
  if (first == second) {
    return InvalidField("second", absl::StrCat(second, " is the first one too; name two records"));
  }
  if (rpc::IsResourceName(first, "experts") != rpc::IsResourceName(second, "experts")) {
    return InvalidField("second", absl::StrCat(first, " and ", second,
                                               " are of two kinds; an expert can be one with an "
                                               "expert only, an agency with an agency"));
  }
  return absl::OkStatus();
}

// What speaks for two experts' records being one. NOT_FOUND: one of them is not there.
absl::StatusOr<std::vector<v1::IdentityEvidence>> FindEvidence(Draft& draft,
                                                               const std::string& first,
                                                               const std::string& second) {
  std::vector<v1::Expert> experts;
  for (const std::string& name : {first, second}) {
    const auto* expert = draft.Find<v1::Expert>(name);
    if (expert == nullptr) return ResourceNotFound("critac.matching.v1.Expert", name);
    draft.ReadTexts(experts.emplace_back(*expert));
  }
  return EvidenceBetween(experts[0], experts[1], SameAgencies({}));
}

absl::Status Decide(Draft& draft, const std::string& first, const std::string& second, bool same,
                    const std::string& reason) {
  RETURN_IF_ERROR(CheckPair(first, second));
  v1::IdentityDecided decided;
  v1::Identity& identity = *decided.mutable_identity();
  if (rpc::IsResourceName(first, "experts")) {
    ASSIGN_OR_RETURN(const auto evidence, FindEvidence(draft, first, second));
    for (const v1::IdentityEvidence one : evidence) identity.add_evidence(one);
  }
  const std::string name = IdentityName(first, second);
  identity.set_state(same ? v1::IDENTITY_STATE_CONFIRMED : v1::IDENTITY_STATE_REJECTED);
  const auto* before = draft.Find<v1::Identity>(name);
  if (before != nullptr && before->state() == identity.state()) {
    return FailedPrecondition(
        "IDENTITY_DECIDED", name,
        absl::StrCat("was decided so already, by ", before->decided_by(), ": ", first, " and ",
                     second, " are ", same ? "one" : "two"));
  }
  if (!same && absl::c_linear_search(identity.evidence(), v1::IDENTITY_EVIDENCE_SAME_ADDRESS)) {
    return FailedPrecondition("SAME_ADDRESS", name,
                              absl::StrCat(first, " and ", second,
                                           " have an e-mail address in common, which makes them "
                                           "one; take it off one of the records"));
  }
  identity.set_name(name);
  identity.set_first(first);
  identity.set_second(second);
  identity.set_decided_by(draft.actor());
  *identity.mutable_decide_time() = journal::ToTimestamp(draft.now());
  identity.set_reason(reason);
  draft.Emit(name, decided);
  draft.AnswerWith(name);
  return absl::OkStatus();
}

}  // namespace

journal::Decide DecideIdentity(std::string first, std::string second, bool same,
                               std::string reason) {
  if (second < first) std::swap(first, second);
  return [first = std::move(first), second = std::move(second), same, reason = std::move(reason)](
             Draft& draft) { return Decide(draft, first, second, same, reason); };
}

}  // namespace critac::matching
