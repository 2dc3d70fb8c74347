#include "services/matching/engagement_commands.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/calendar.h"
#include "common/journal/event_time.h"
#include "common/rpc/field_rules.h"
#include "common/rpc/principal.h"
#include "common/status/error.h"
#include "common/status/etag.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/delivery_days.h"
#include "services/matching/engagement_plan.h"
#include "services/matching/engagements.h"
#include "services/matching/identity.h"
#include "services/matching/matching_states.h"
#include "services/matching/offer_decisions.h"
#include "services/matching/period.h"

namespace critac::matching {
namespace {

using journal::Draft;

absl::StatusOr<const v1::Engagement*> FindEngagement(Draft& draft, const std::string& name,
                                                     const std::string& partner) {
  const auto* engagement = draft.Find<v1::Engagement>(name);
  if (engagement == nullptr || (!partner.empty() && !TakesPart(*engagement, partner))) {
    return ResourceNotFound("critac.matching.v1.Engagement", name);
  }
  return engagement;
}

void EmitDelivery(Draft& draft, const v1::Engagement& engagement, v1::Delivery delivery) {
  v1::DeliveryRecorded recorded;
  recorded.set_engagement(engagement.name());
  recorded.set_state(
      StateAfter(engagement, true, delivery.completes_slot() ? delivery.slot() : ""));
  delivery.set_id(absl::StrCat("d", engagement.deliveries_size() + 1));
  *recorded.mutable_delivery() = std::move(delivery);
  draft.Emit(engagement.name(), recorded);
}

// Names of the records that are the same person as one of them, that one included.
std::vector<std::string> RecordsOfPerson(const Pool& pool, const std::string& expert) {
  const std::optional<int> row = pool.FindExpert(expert);
  if (!row.has_value()) return {expert};
  std::vector<std::string> records;
  for (const ExpertRow& one : pool.experts()) {
    if (one.person == pool.experts()[*row].person) records.push_back(one.name);
  }
  return records;
}

// What the person of an expert's record gave on a day, each delivery once, without the one that is asked about.
std::vector<v1::DayDelivery> GivenOn(Draft& draft, const Pool& pool, const std::string& expert,
                                     const std::string& date, const v1::DayDelivery& asked) {
  std::vector<v1::DayDelivery> given;
  std::set<std::pair<std::string, std::string>> seen = {{asked.engagement(), asked.delivery()}};
  for (const std::string& record : RecordsOfPerson(pool, expert)) {
    const auto* day = draft.Find<v1::ExpertDay>(ExpertDayName(record, date));
    if (day == nullptr) continue;
    for (const v1::DayDelivery& one : day->deliveries()) {
      if (seen.insert({one.engagement(), one.delivery()}).second) given.push_back(one);
    }
  }
  return given;
}

// Whether each of `experts` can have given a delivery beside all else that the same person gave on its day. The message
// names no engagement that the caller does not see.
absl::Status CheckExpertDays(Draft& draft, const v1::Engagement& engagement,
                             const v1::Delivery& delivery, absl::Span<const std::string> experts,
                             DayChecks checks, const std::string& partner,
                             const DeliveryBasis& basis) {
  const auto words = [&](const v1::DayDelivery& one) -> std::string {
    const auto* of = draft.Find<v1::Engagement>(one.engagement());
    const bool is_seen =
        of != nullptr && (partner.empty() || TakesPart(*of, partner)) &&
        !std::binary_search(basis.hidden.begin(), basis.hidden.end(), of->request());
    return is_seen ? absl::StrCat("delivery ", one.delivery(), " of ", one.engagement())
                   : "a delivery of an engagement that is not shown to you";
  };
  // Records of one agency are one site.
  const SameAgencies agencies(basis.view->identities);
  const auto at_site = [&](v1::DayDelivery one) {
    one.set_agency(std::string(agencies.First(one.agency())));
    return one;
  };
  const v1::DayDelivery asked = at_site(DayDeliveryOf(engagement, delivery));
  for (const std::string& expert : experts) {
    std::vector<v1::DayDelivery> others =
        GivenOn(draft, *basis.view->pool, expert, delivery.date(), asked);
    for (v1::DayDelivery& other : others) other = at_site(std::move(other));
    RETURN_IF_ERROR(CheckSameDay(expert, delivery.date(), checks, asked, others, words));
  }
  return absl::OkStatus();
}

absl::Status NoDelivery(const v1::Engagement& engagement, absl::string_view id) {
  const std::string known =
      absl::StrJoin(engagement.deliveries(), ", ",
                    [](std::string* out, const v1::Delivery& one) { *out += one.id(); });
  return InvalidField("delivery_id",
                      absl::StrCat("'", id, "' is none of the engagement's deliveries: ",
                                   known.empty() ? "it has none" : known));
}

// ---- Import -------------------------------------------------------------------------------------

// The engagement that a row tells of, complete but for its name.
absl::StatusOr<v1::Engagement> PastEngagementOf(Draft& draft, const v1::PastEngagement& row,
                                                const intake::v1::Request& request) {
  v1::Engagement engagement;
  engagement.set_request(request.name());
  *engagement.mutable_agency() = request.agency_profile();
  *engagement.mutable_slots() = request.scope().slots();
  engagement.set_external_id(row.external_id());
  engagement.set_state(v1::ENGAGEMENT_STATE_AGREED);
  *engagement.mutable_create_time() = row.create_time();
  if (journal::FromTimestamp(row.create_time()) > draft.now()) {
    return InvalidField("create_time", "lies in the future");
  }
  for (int i = 0; i < row.assignments_size(); ++i) {
    v1::Assignment assignment = row.assignments(i);
    const auto* expert = draft.Find<v1::Expert>(assignment.expert());
    if (expert == nullptr) {
      return InvalidField(absl::StrCat("assignments[", i, "].expert"),
                          absl::StrCat("there is no ", assignment.expert()));
    }
    assignment.set_partner(expert->partner());
    if (assignment.period().empty()) {
      const auto* policy = draft.Find<v1::Policy>(kCurrentPolicy);
      const Day day = DayNumber(DayOf(journal::FromTimestamp(row.create_time())));
      assignment.set_period(
          PeriodName(PeriodOf(policy == nullptr ? v1::PERIOD_QUARTER : policy->period(), day)));
    }
    *engagement.add_assignments() = std::move(assignment);
  }
  const std::vector<v1::Assignment> assignments(engagement.assignments().begin(),
                                                engagement.assignments().end());
  engagement.set_lead_partner(LeadPartner(assignments));
  return engagement;
}

// Whether the deliveries of a row fit, one after the other.
absl::Status CheckDeliveries(Draft& draft, v1::Engagement engagement,
                             const v1::PastEngagement& row) {
  for (int i = 0; i < row.deliveries_size(); ++i) {
    const v1::Delivery& delivery = row.deliveries(i);
    RETURN_IF_ERROR(Annotate(CheckDelivery(engagement, delivery, DayOf(draft.now())),
                             absl::StrCat("deliveries[", i, "]")));
    engagement.set_state(
        StateAfter(engagement, true, delivery.completes_slot() ? delivery.slot() : ""));
    *engagement.add_deliveries() = delivery;
  }
  return absl::OkStatus();
}

// Whether those who drew up the versions of the plan can have done so.
absl::Status CheckDrawnUpBy(const v1::PastEngagement& row) {
  for (int i = 0; i < row.plans_size(); ++i) {
    const std::string& principal = row.plans(i).drawn_up_by();
    if (principal.empty()) continue;
    const std::string path = absl::StrCat("plans[", i, "].drawn_up_by");
    const auto who = rpc::ParsePrincipal(principal);
    if (!who.ok()) return InvalidField(path, who.status().message());
    if (who->role == type::v1::ROLE_COORDINATOR || who->role == type::v1::ROLE_PARTNER) continue;
    return InvalidField(
        path, absl::StrCat(principal, " does not draw up plans; a coordinator does, or a partner"));
  }
  return absl::OkStatus();
}

// A version of the plan as it was drawn up, and then its milestones as they were reached.
void EmitPastPlan(Draft& draft, const std::string& engagement, const v1::EngagementPlan& plan) {
  v1::PlanDrawnUp drawn_up;
  drawn_up.set_engagement(engagement);
  *drawn_up.mutable_plan() = plan;
  for (v1::Milestone& milestone : *drawn_up.mutable_plan()->mutable_milestones()) {
    milestone.clear_reached_date();
  }
  draft.Emit(engagement, std::move(drawn_up));
  for (const v1::Milestone& milestone : plan.milestones()) {
    if (milestone.reached_date().empty()) continue;
    v1::MilestoneReached reached;
    reached.set_engagement(engagement);
    reached.set_plan_version(plan.version());
    reached.set_milestone(milestone.id());
    reached.set_date(milestone.reached_date());
    draft.Emit(engagement, std::move(reached));
  }
}

// A row that is on record changes nothing, so it is refused where it has versions of the plan that are not.
absl::Status CheckPlansOnRecord(Draft& draft, const v1::PastEngagement& row,
                                const std::string& name) {
  const auto* engagement = draft.Find<v1::Engagement>(name);
  const int known = engagement == nullptr ? 0 : engagement->plans_size();
  if (row.plans_size() <= known) return absl::OkStatus();
  return InvalidField("plans", absl::StrCat("are ", row.plans_size(), ", and ", row.external_id(),
                                            " is on record as ", name, " with ", known,
                                            "; records of the past are not written anew"));
}

// What becomes of a row; recorded unless `validate_only`.
absl::Status ImportRow(Draft& draft, const v1::PastEngagement& row,
                       const absl::flat_hash_map<std::string, intake::v1::Request>& requests,
                       bool validate_only, intake::v1::ImportResult& result) {
  RETURN_IF_ERROR(rpc::CheckFields(row));
  if (const auto* key = draft.Find<v1::ImportKey>(ImportKeyName(row.external_id()))) {
    RETURN_IF_ERROR(CheckPlansOnRecord(draft, row, key->target()));
    result.set_outcome(intake::v1::IMPORT_OUTCOME_UNCHANGED);
    result.set_name(key->target());
    return absl::OkStatus();
  }
  const auto request = requests.find(row.request_external_id());
  if (request == requests.end()) {
    return InvalidField("request_external_id", absl::StrCat("there is no request imported from ",
                                                            row.request_external_id()));
  }
  ASSIGN_OR_RETURN(v1::Engagement engagement, PastEngagementOf(draft, row, request->second));
  RETURN_IF_ERROR(CheckDrawnUpBy(row));
  ASSIGN_OR_RETURN(const std::vector<v1::EngagementPlan> plans,
                   PastPlans(engagement, row.plans(), request->second, draft.now()));
  RETURN_IF_ERROR(CheckDeliveries(draft, engagement, row));
  result.set_outcome(intake::v1::IMPORT_OUTCOME_CREATED);
  if (validate_only) return absl::OkStatus();

  engagement.set_name(draft.NameByEvent("engagements/e"));
  v1::EngagementAgreed agreed;
  *agreed.mutable_occur_time() = engagement.create_time();
  *agreed.mutable_engagement() = engagement;
  draft.Emit(engagement.name(), agreed);
  for (const v1::EngagementPlan& plan : plans) EmitPastPlan(draft, engagement.name(), plan);
  for (const v1::Delivery& delivery : row.deliveries()) {
    EmitDelivery(draft, *draft.Find<v1::Engagement>(engagement.name()), delivery);
  }
  if (IsSettled(*draft.Find<v1::Engagement>(engagement.name()), request->second.state())) {
    v1::EngagementSettled settled;
    settled.set_engagement(engagement.name());
    draft.Emit(engagement.name(), settled);
  }
  result.set_name(engagement.name());
  return absl::OkStatus();
}

}  // namespace

journal::Decide RecordDelivery(std::string name, std::string partner, v1::Delivery delivery,
                               DeliveryBasis basis) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Engagement* engagement, FindEngagement(draft, name, partner));
    RETURN_IF_ERROR(CheckDelivery(*engagement, delivery, DayOf(draft.now())));
    RETURN_IF_ERROR(CheckDay(*engagement, delivery));
    RETURN_IF_ERROR(CheckType(*basis.catalog, delivery));
    RETURN_IF_ERROR(CheckExpertDays(draft, *engagement, delivery,
                                    ExpertsOf(*engagement, delivery.slot()), {}, partner, basis));
    EmitDelivery(draft, *engagement, delivery);
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide AmendDelivery(std::string name, std::string partner, std::string id,
                              v1::Delivery delivery, std::string reason, std::string etag,
                              DeliveryBasis basis) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Engagement* engagement, FindEngagement(draft, name, partner));
    RETURN_IF_ERROR(CheckEtag(name, etag, engagement->etag()));
    const v1::Delivery* before = FindDelivery(*engagement, id);
    if (before == nullptr) return NoDelivery(*engagement, id);
    v1::DeliveryAmended amended;
    v1::Delivery& after = *amended.mutable_delivery();
    after = delivery;
    after.set_id(id);
    if (after.external_id().empty()) after.set_external_id(before->external_id());
    RETURN_IF_ERROR(CheckAmendment(*engagement, *before, after, DayOf(draft.now())));
    if (after.delivery_type() != before->delivery_type()) {
      RETURN_IF_ERROR(CheckType(*basis.catalog, after));
    }
    RETURN_IF_ERROR(CheckExpertDays(draft, *engagement, after,
                                    GiversOf(*engagement, *before, after.slot()),
                                    ChecksOfAmendment(*before, after), partner, basis));
    amended.set_engagement(name);
    amended.set_state(StateAmended(*engagement, after));
    v1::DeliveryAmendment& amendment = *amended.mutable_amendment();
    amendment.set_delivery(id);
    amendment.set_actor(draft.actor());
    *amendment.mutable_amend_time() = journal::ToTimestamp(draft.now());
    amendment.set_reason(reason);
    draft.Emit(name, std::move(amended));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide WaiveSlot(std::string name, std::string partner, std::string slot,
                          std::string reason) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Engagement* engagement, FindEngagement(draft, name, partner));
    RETURN_IF_ERROR(CheckWaiver(*engagement, slot));
    v1::SlotWaived waived;
    waived.set_engagement(name);
    waived.set_state(StateAfter(*engagement, false, slot));
    waived.mutable_waiver()->set_slot(slot);
    waived.mutable_waiver()->set_reason(reason);
    waived.mutable_waiver()->set_actor(draft.actor());
    draft.Emit(name, waived);
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide DrawUpPlan(std::string name, std::string partner, std::string etag,
                           v1::EngagementPlan plan) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Engagement* engagement, FindEngagement(draft, name, partner));
    if (!partner.empty() && engagement->lead_partner() != partner) {
      return Error(absl::StatusCode::kPermissionDenied, "NOT_LEAD_PARTNER",
                   absl::StrCat(engagement->lead_partner(), " leads ", name,
                                " and draws up its plan"))
          .Resource("critac.matching.v1.Engagement", name)
          .ToStatus();
    }
    RETURN_IF_ERROR(CheckEtag(name, etag, engagement->etag()));
    v1::PlanDrawnUp drawn_up;
    ASSIGN_OR_RETURN(*drawn_up.mutable_plan(), NextPlan(*engagement, plan));
    drawn_up.set_engagement(name);
    drawn_up.mutable_plan()->set_drawn_up_by(draft.actor());
    *drawn_up.mutable_plan()->mutable_draw_up_time() = journal::ToTimestamp(draft.now());
    draft.Emit(name, std::move(drawn_up));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide ReachMilestone(std::string name, std::string partner, int version,
                               std::string milestone, std::optional<absl::CivilDay> date) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Engagement* engagement, FindEngagement(draft, name, partner));
    const absl::CivilDay today = DayOf(draft.now());
    ASSIGN_OR_RETURN(v1::MilestoneReached reached, ReachedMilestone(*engagement, version, milestone,
                                                                    date.value_or(today), today));
    draft.Emit(name, std::move(reached));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide ReleaseExpert(std::string name, std::string partner, std::string slot,
                              std::string expert, v1::ExpertLossCode code, std::string reason) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Engagement* engagement, FindEngagement(draft, name, partner));
    const auto* demand = draft.Find<v1::Demand>(DemandOf(engagement->request()));
    if (!engagement->external_id().empty() || demand == nullptr) {
      return FailedPrecondition("PAST_RECORD", name,
                                "is a record of the past; nobody is sought for it");
    }
    ASSIGN_OR_RETURN(v1::ExpertReleased released, ReleaseOf(*engagement, slot, expert));
    if (!partner.empty() && released.assignment().partner() != partner) {
      return ResourceNotFound("critac.matching.v1.Expert", expert);
    }
    released.set_code(code);
    released.set_reason(reason);
    draft.Emit(name, std::move(released));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide Settle(std::string name) {
  return [=](Draft& draft) -> absl::Status {
    const auto* engagement = draft.Find<v1::Engagement>(name);
    if (engagement == nullptr || engagement->settled()) return absl::OkStatus();
    v1::EngagementSettled settled;
    settled.set_engagement(name);
    draft.Emit(name, settled);
    return absl::OkStatus();
  };
}

journal::Decide ImportEngagements(std::vector<v1::PastEngagement> rows,
                                  absl::flat_hash_map<std::string, intake::v1::Request> requests,
                                  bool validate_only) {
  return [rows = std::move(rows), requests = std::move(requests),
          validate_only](Draft& draft) -> absl::Status {
    auto answer = std::make_unique<v1::ImportEngagementsResponse>();
    for (size_t i = 0; i < rows.size(); ++i) {
      intake::v1::ImportResult& result = *answer->add_results();
      result.set_index(static_cast<int32_t>(i));
      const absl::Status status = ImportRow(draft, rows[i], requests, validate_only, result);
      if (status.ok()) continue;
      result.set_outcome(intake::v1::IMPORT_OUTCOME_REFUSED);
      result.set_problem(std::string(status.message()));
    }
    draft.AnswerWith(std::move(answer));
    return absl::OkStatus();
  };
}

}  // namespace critac::matching
