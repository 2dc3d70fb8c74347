#include "services/matching/partner_commands.h"

#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/journal/event_time.h"
#include "common/rpc/field_rules.h"
#include "common/status/error.h"
#include "critac/matching/v1/events.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/matching/matching_states.h"
#include "services/matching/partner_rules.h"

namespace critac::matching {
namespace {

using google::protobuf::util::MessageDifferencer;
using intake::v1::ImportResult;
using journal::Draft;

// A state as its row in an import would be.
v1::Expert RowOf(Draft& draft, v1::Expert expert) {
  draft.ReadTexts(expert);
  rpc::ClearOutputOnly(expert);
  return expert;
}

v1::Partner RowOf(v1::Partner partner) {
  partner.clear_etag();
  return partner;
}

// Imports rows one by one: `import_row` fills in the outcome, or says why a row is refused.
template <typename Response, typename Row, typename ImportRow>
std::unique_ptr<Response> ImportRows(const std::vector<Row>& rows, const ImportRow& import_row) {
  auto answer = std::make_unique<Response>();
  for (size_t i = 0; i < rows.size(); ++i) {
    ImportResult& result = *answer->add_results();
    result.set_index(static_cast<int32_t>(i));
    Row row = rows[i];
    rpc::ClearOutputOnly(row);
    const absl::Status status = import_row(row, result);
    if (status.ok()) {
      result.set_name(rows[i].name());
      continue;
    }
    result.set_outcome(intake::v1::IMPORT_OUTCOME_REFUSED);
    result.set_problem(std::string(status.message()));
  }
  return answer;
}

void SetOutcome(bool known, bool same, ImportResult& result) {
  result.set_outcome(!known  ? intake::v1::IMPORT_OUTCOME_CREATED
                     : !same ? intake::v1::IMPORT_OUTCOME_UPDATED
                             : intake::v1::IMPORT_OUTCOME_UNCHANGED);
}

absl::Status ImportPartner(Draft& draft, const v1::Partner& row, bool validate_only,
                           ImportResult& result) {
  RETURN_IF_ERROR(rpc::CheckFields(row));
  RETURN_IF_ERROR(CheckPartner(row));
  const auto* known = draft.Find<v1::Partner>(row.name());
  const bool same = known != nullptr && MessageDifferencer::Equals(RowOf(*known), row);
  SetOutcome(known != nullptr, same, result);
  if (same || validate_only) return absl::OkStatus();
  v1::PartnerSet set;
  *set.mutable_partner() = row;
  draft.Emit(row.name(), set);
  return absl::OkStatus();
}

// Ratings are of those who were helped: a partner's row leaves them as they are.
absl::Status KeepRatings(const v1::Expert* known, v1::Expert& row) {
  const int32_t count = known == nullptr ? 0 : known->rating_count();
  const int32_t sum = known == nullptr ? 0 : known->rating_sum();
  const bool silent = row.rating_count() == 0 && row.rating_sum() == 0;
  if (!silent && (row.rating_count() != count || row.rating_sum() != sum)) {
    return InvalidField(
        "rating_count",
        absl::StrCat("a partner does not rate its own experts; leave it out, or as ",
                     "it is: ", count, " ratings that add up to ", sum));
  }
  row.set_rating_count(count);
  row.set_rating_sum(sum);
  return absl::OkStatus();
}

absl::Status ImportExpert(Draft& draft, v1::Expert row, const std::string& partner,
                          bool validate_only, ImportResult& result) {
  RETURN_IF_ERROR(rpc::CheckFields(row));
  RETURN_IF_ERROR(CheckExpert(row));
  const auto* known = draft.Find<v1::Expert>(row.name());
  if (!partner.empty() && (row.partner() != partner || (known && known->partner() != partner))) {
    return InvalidField("partner", absl::StrCat(row.name(), " belongs to ", row.partner(),
                                                "; a partner imports its own experts only"));
  }
  if (draft.Find<v1::Partner>(row.partner()) == nullptr) {
    return InvalidField("partner", absl::StrCat("there is no ", row.partner()));
  }
  if (!partner.empty()) RETURN_IF_ERROR(KeepRatings(known, row));
  const bool same = known != nullptr && MessageDifferencer::Equals(RowOf(draft, *known), row);
  SetOutcome(known != nullptr, same, result);
  if (same || validate_only) return absl::OkStatus();
  v1::ExpertSet set;
  *set.mutable_expert() = row;
  draft.Emit(row.name(), set);
  return absl::OkStatus();
}

constexpr char kConflictType[] = "critac.matching.v1.Conflict";

// Whether the expert or partner of a conflict is there and, where `caller` is a partner, its own.
absl::Status CheckParty(Draft& draft, const v1::Conflict& conflict, const std::string& caller) {
  if (!conflict.partner().empty()) {
    const bool own = caller.empty() || caller == conflict.partner();
    if (own && draft.Find<v1::Partner>(conflict.partner()) != nullptr) return absl::OkStatus();
    return ResourceNotFound("critac.matching.v1.Partner", conflict.partner());
  }
  const auto* expert = draft.Find<v1::Expert>(conflict.expert());
  if (expert != nullptr && (caller.empty() || caller == expert->partner())) return absl::OkStatus();
  return ResourceNotFound("critac.matching.v1.Expert", conflict.expert());
}

absl::Status CheckHolds(const v1::Conflict& conflict) {
  if (conflict.overridden_by().empty()) return absl::OkStatus();
  return FailedPrecondition("CONFLICT_OVERRIDDEN", conflict.name(),
                            absl::StrCat("is overridden already, by ", conflict.overridden_by()));
}

// Whether `actor` is neither who asked for the override, nor who declared the conflict, nor the
// expert.
absl::Status CheckSecondPerson(const v1::Conflict& conflict, const std::string& actor,
                               const KnownPerson& known) {
  const auto refuse = [&](absl::string_view what) {
    return Error(absl::StatusCode::kPermissionDenied, "SECOND_PERSON_NEEDED",
                 absl::StrCat(conflict.name(), what, ", the same person as ", actor,
                              "; another person must override it"))
        .ToStatus();
  };
  if (IsSamePerson(conflict.override_asked_by(), actor, known)) {
    return refuse(absl::StrCat(" was asked to be overridden by ", conflict.override_asked_by()));
  }
  if (IsSamePerson(conflict.declared_by(), actor, known)) {
    return refuse(absl::StrCat(" was declared by ", conflict.declared_by()));
  }
  if (absl::c_binary_search(known.records, conflict.expert())) {
    return refuse(absl::StrCat(" is of ", conflict.expert()));
  }
  return absl::OkStatus();
}

}  // namespace

journal::Decide ImportPartners(std::vector<v1::Partner> rows, bool validate_only) {
  return [rows = std::move(rows), validate_only](Draft& draft) -> absl::Status {
    draft.AnswerWith(ImportRows<v1::ImportPartnersResponse>(
        rows, [&](const v1::Partner& row, ImportResult& result) {
          return ImportPartner(draft, row, validate_only, result);
        }));
    return absl::OkStatus();
  };
}

journal::Decide ImportExperts(std::vector<v1::Expert> rows, std::string partner,
                              bool validate_only) {
  return [rows = std::move(rows), partner = std::move(partner),
          validate_only](Draft& draft) -> absl::Status {
    draft.AnswerWith(ImportRows<v1::ImportExpertsResponse>(
        rows, [&](const v1::Expert& row, ImportResult& result) {
          return ImportExpert(draft, row, partner, validate_only, result);
        }));
    return absl::OkStatus();
  };
}

journal::Decide CreateConflict(v1::Conflict conflict, std::string partner) {
  return
      [conflict = std::move(conflict), partner = std::move(partner)](Draft& draft) -> absl::Status {
        RETURN_IF_ERROR(CheckConflict(conflict, DayOf(draft.now())));
        RETURN_IF_ERROR(CheckParty(draft, conflict, partner));
        v1::ConflictSet set;
        *set.mutable_conflict() = conflict;
        const std::string name = draft.NameByEvent("conflicts/c");
        set.mutable_conflict()->set_name(name);
        set.mutable_conflict()->set_declared_by(draft.actor());
        *set.mutable_conflict()->mutable_create_time() = journal::ToTimestamp(draft.now());
        draft.Emit(name, set);
        draft.AnswerWith(name);
        return absl::OkStatus();
      };
}

journal::Decide AskConflictOverride(std::string name, std::string reason, std::string partner) {
  return [=](Draft& draft) -> absl::Status {
    const auto* conflict = draft.Find<v1::Conflict>(name);
    // A conflict of another partner is none of the caller's business.
    if (conflict == nullptr || !CheckParty(draft, *conflict, partner).ok()) {
      return ResourceNotFound(kConflictType, name);
    }
    RETURN_IF_ERROR(CheckHolds(*conflict));
    v1::ConflictSet set;
    *set.mutable_conflict() = *conflict;
    set.mutable_conflict()->set_override_asked_by(draft.actor());
    *set.mutable_conflict()->mutable_override_ask_time() = journal::ToTimestamp(draft.now());
    set.mutable_conflict()->set_override_ask_reason(reason);
    draft.Emit(name, set);
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide OverrideConflict(std::string name, std::string reason, KnownPerson known) {
  return [=](Draft& draft) -> absl::Status {
    const auto* conflict = draft.Find<v1::Conflict>(name);
    if (conflict == nullptr) return ResourceNotFound(kConflictType, name);
    RETURN_IF_ERROR(CheckHolds(*conflict));
    if (conflict->override_asked_by().empty()) {
      return FailedPrecondition("OVERRIDE_NOT_ASKED", name,
                                "nobody asked to override it; one person asks, another decides");
    }
    RETURN_IF_ERROR(CheckSecondPerson(*conflict, draft.actor(), known));
    v1::ConflictSet set;
    *set.mutable_conflict() = *conflict;
    set.mutable_conflict()->set_overridden_by(draft.actor());
    *set.mutable_conflict()->mutable_override_time() = journal::ToTimestamp(draft.now());
    set.mutable_conflict()->set_override_reason(reason);
    draft.Emit(name, set);
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

}  // namespace critac::matching
