#include "services/matching/match_commands.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/calendar.h"
#include "common/base/limits.h"
#include "common/journal/event_time.h"
#include "common/status/error.h"
#include "common/status/etag.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "services/matching/certificate_methods.h"
#include "services/matching/fairness.h"
#include "services/matching/fairness_trend.h"
#include "services/matching/matching_states.h"
#include "services/matching/offer_decisions.h"
#include "services/matching/pool.h"
#include "services/matching/proposal_decisions.h"
#include "services/matching/run_certificate.h"
#include "services/matching/run_outside.h"

namespace critac::matching {
namespace {

using google::protobuf::util::MessageDifferencer;
using journal::Draft;
using journal::ToTimestamp;

absl::Status CheckUnchanged(Draft& draft, const PoolView& view) {
  const auto* inputs = draft.Find<v1::SolverInputs>(kSolverInputs);
  const int64_t revision = inputs == nullptr ? 0 : inputs->revision();
  if (revision == view.revision) return absl::OkStatus();
  return InputsChanged();
}

// ---- Requests -----------------------------------------------------------------------------------

// A demand whose request waits since it became ready.
v1::Demand DemandFrom(const intake::v1::Request& request) {
  v1::Demand demand;
  demand.set_name(DemandOf(request.name()));
  demand.set_request(request.name());
  *demand.mutable_agency() = request.agency_profile();
  *demand.mutable_co_served_agencies() = request.co_served_agencies();
  *demand.mutable_slots() = request.scope().slots();
  demand.set_urgency(request.urgency());
  demand.set_needed_by(request.needed_by());
  *demand.mutable_ready_time() = request.ready_time();
  *demand.mutable_waiting_since() = request.ready_time();
  return demand;
}

bool IsReadyAnew(const v1::Demand& demand, const intake::v1::Request& request) {
  return journal::FromTimestamp(demand.ready_time()) !=
         journal::FromTimestamp(request.ready_time());
}

// Whether a request of this state still needs what matching holds for it. One that is set aside
// keeps what was agreed, not what was only proposed or offered.
bool KeepsDemand(intake::v1::RequestState state, const v1::Demand& demand) {
  using namespace intake::v1;  // NOLINT(google-build-using-namespace): states of the lifecycle
  switch (state) {
    case REQUEST_STATE_READY:
    case REQUEST_STATE_MATCHED:
    case REQUEST_STATE_PLANNED:
    case REQUEST_STATE_IN_DELIVERY:
    case REQUEST_STATE_DELIVERED:
    case REQUEST_STATE_CLOSED:
      return true;
    case REQUEST_STATE_ON_HOLD:
    case REQUEST_STATE_NEEDS_INFORMATION:
      return demand.state() == v1::DEMAND_STATE_MATCHED;
    default:
      return false;
  }
}

// Whether another is sought for an expert that the demand's engagement lost.
bool IsReplacing(Draft& draft, const v1::Demand& demand) {
  if (demand.engagement().empty()) return false;
  const auto* engagement = draft.Find<v1::Engagement>(demand.engagement());
  return engagement != nullptr && engagement->sought_slots_size() > 0;
}

// Whether a request of this state is set aside, and not given up.
bool IsSetAside(intake::v1::RequestState state) {
  return state == intake::v1::REQUEST_STATE_ON_HOLD ||
         state == intake::v1::REQUEST_STATE_NEEDS_INFORMATION;
}

// Lets go of what is proposed and offered; with `keeps_team` of no more than that.
void CloseDemand(Draft& draft, const v1::Demand& demand, bool keeps_team) {
  std::set<std::string> engaged;
  if (!demand.engagement().empty()) {
    const auto* engagement = draft.Find<v1::Engagement>(demand.engagement());
    for (const v1::Assignment& one : engagement->assignments()) engaged.insert(one.offer());
  }
  v1::DemandClosed closed;
  closed.set_demand(demand.name());
  closed.set_keeps_team(keeps_team);
  for (const v1::Assignment& assignment : demand.committed()) {
    const auto* offer = draft.Find<v1::Offer>(assignment.offer());
    if (offer == nullptr) continue;
    if (offer->state() == v1::OFFER_STATE_OPEN) {
      closed.add_withdrawn_offers(offer->name());
    } else if (!keeps_team && offer->state() == v1::OFFER_STATE_ACCEPTED &&
               !engaged.contains(offer->name())) {
      closed.add_released_offers(offer->name());
    }
  }
  closed.set_superseded_proposal(demand.proposal());
  draft.Emit(demand.name(), closed);
}

// Seeks people for the places that an engagement lost; who else serves stays, and the wait goes on.
void ResumeDemand(Draft& draft, v1::Demand demand, const intake::v1::Request& request) {
  // Of a record from before the field was kept.
  if (!demand.has_waiting_since()) *demand.mutable_waiting_since() = demand.ready_time();
  demand.set_urgency(request.urgency());
  demand.set_needed_by(request.needed_by());
  *demand.mutable_co_served_agencies() = request.co_served_agencies();
  if (request.has_agency_profile()) *demand.mutable_agency() = request.agency_profile();
  *demand.mutable_ready_time() = request.ready_time();
  v1::DemandOpened opened;
  *opened.mutable_demand() = std::move(demand);
  draft.Emit(opened.demand().name(), opened);
}

// Takes over what the agency may still change while its request is ready, and what was corrected in its record.
void UpdateDemand(Draft& draft, const v1::Demand& demand, const intake::v1::Request& request) {
  v1::DemandChanged changed;
  changed.set_demand(demand.name());
  changed.set_urgency(request.urgency());
  changed.set_needed_by(request.needed_by());
  *changed.mutable_co_served_agencies() = request.co_served_agencies();
  *changed.mutable_agency() =
      request.has_agency_profile() ? request.agency_profile() : demand.agency();
  const bool same_agencies =
      MessageDifferencer::Equals(demand.agency(), changed.agency()) &&
      std::equal(demand.co_served_agencies().begin(), demand.co_served_agencies().end(),
                 changed.co_served_agencies().begin(), changed.co_served_agencies().end());
  if (same_agencies && demand.urgency() == changed.urgency() &&
      demand.needed_by() == changed.needed_by()) {
    return;
  }
  draft.Emit(demand.name(), changed);
}

// ---- Proposals ----------------------------------------------------------------------------------

// Records a decision and sends the offers out.
void Decide(Draft& draft, const PoolView& view, v1::Proposal proposal, v1::ProposalState state,
            const std::string& reason) {
  proposal.set_state(state);
  proposal.set_decided_by(draft.actor());
  *proposal.mutable_decide_time() = ToTimestamp(draft.now());
  proposal.set_reason(reason);
  v1::ProposalDecided decided;
  const std::string prefix = draft.NameByEvent("offers/o");
  for (v1::Offer& offer :
       OffersOf(proposal, prefix, view.policy, DayOf(draft.now()), view.calendar)) {
    *offer.mutable_create_time() = ToTimestamp(draft.now());
    for (v1::Assignment& assignment : *proposal.mutable_assignments()) {
      if (assignment.slot() == offer.assignment().slot() &&
          assignment.expert() == offer.assignment().expert()) {
        assignment.set_offer(offer.name());
      }
    }
    *decided.add_offers() = std::move(offer);
  }
  *decided.mutable_proposal() = std::move(proposal);
  draft.Emit(decided.proposal().name(), decided);
}

// The run recorded last; null: there was none.
const v1::SolveRun* LastRun(Draft& draft) {
  const auto* inputs = draft.Find<v1::SolverInputs>(kSolverInputs);
  if (inputs == nullptr || inputs->last_run().empty()) return nullptr;
  return draft.Find<v1::SolveRun>(inputs->last_run());
}

// Says how evenly the runs recorded before treated partners and agencies.
void CompareWithRunsBefore(Draft& draft, v1::SolveRun& run) {
  const v1::SolveRun* before = LastRun(draft);
  if (before != nullptr && before->has_fairness()) {
    AddPrevious(before->fairness(), *run.mutable_fairness());
  }
  AddTrends(before, run);
}

// Decides on the part of a new proposal that the policy asks no person about. Whether an expert is somebody whom a
// conflict of interest keeps out, a person is asked about whatever the policy says.
void OfferUnasked(Draft& draft, const PoolView& view, v1::Proposal proposal) {
  const v1::Demand* demand = view.FindDemand(proposal.request());
  if (demand == nullptr) return;
  auto& assignments = *proposal.mutable_assignments();
  assignments.erase(std::remove_if(assignments.begin(), assignments.end(),
                                   [&](const v1::Assignment& one) {
                                     return !one.suspected_conflicts().empty() ||
                                            !MayOfferUnasked(*demand, one.slot(), view.policy);
                                   }),
                    assignments.end());
  if (assignments.empty()) return;
  Decide(draft, view, std::move(proposal), v1::PROPOSAL_STATE_APPROVED, "");
}

// Records a run and what of its plan is put into force: the plan is of the records of `made_from`, and what the policy
// asks no person about is offered by those of `now`.
void RecordRun(Draft& draft, const PoolView& made_from, const Plan& plan, const PoolView& now,
               v1::SolveRun run, absl::Span<const ProposalChange> changes,
               absl::Span<const std::string> kept) {
  v1::SolveRecorded recorded;
  *recorded.mutable_run() = std::move(run);
  const std::string name = draft.NameByEvent("runs/r");
  recorded.mutable_run()->set_name(name);
  *recorded.mutable_run()->mutable_time() = ToTimestamp(draft.now());
  CompareWithRunsBefore(draft, *recorded.mutable_run());
  *recorded.mutable_proof() = ProofOf(*made_from.pool, plan);
  *recorded.mutable_proof()->mutable_outside() =
      OutsideOf(*made_from.pool, *made_from.demands, *made_from.catalog);
  // The run comes first and names what it makes: each proposal is the event after.
  int64_t sequence = draft.sequence() + 1;
  std::vector<v1::ProposalMade> made;
  for (const ProposalChange& change : changes) {
    v1::ProposalMade& one = made.emplace_back();
    *one.mutable_proposal() = change.proposal;
    one.mutable_proposal()->set_name(absl::StrFormat("proposals/p%08d", ++sequence));
    one.mutable_proposal()->set_run(name);
    one.mutable_proposal()->set_policy_version(made_from.policy.version());
    *one.mutable_proposal()->mutable_create_time() = ToTimestamp(draft.now());
    one.set_supersedes(change.supersedes);
    recorded.mutable_run()->add_proposals(one.proposal().name());
    if (!change.supersedes.empty()) recorded.mutable_run()->add_superseded(change.supersedes);
  }
  for (const std::string& one : kept) recorded.mutable_run()->add_proposals(one);
  KeepCasesWithin(limits::kRunWithCasesBytes, recorded);
  draft.Emit(name, recorded);
  for (const v1::ProposalMade& one : made) draft.Emit(one.proposal().name(), one);
  for (const v1::ProposalMade& one : made) OfferUnasked(draft, now, one.proposal());
  draft.AnswerWith(name);
}

}  // namespace

journal::Decide FollowRequest(intake::v1::Request request) {
  return [request = std::move(request)](Draft& draft) -> absl::Status {
    const auto* found = draft.Find<v1::Demand>(DemandOf(request.name()));
    const v1::Demand demand = found == nullptr ? v1::Demand() : *found;
    const bool open = found != nullptr && demand.state() != v1::DEMAND_STATE_CLOSED;
    const bool replacing = open && IsReplacing(draft, demand);
    if (request.state() == intake::v1::REQUEST_STATE_READY) {
      if (replacing && demand.state() == v1::DEMAND_STATE_MATCHED) {
        ResumeDemand(draft, demand, request);
        return absl::OkStatus();
      }
      if (open && !IsReadyAnew(demand, request)) {
        UpdateDemand(draft, demand, request);
        return absl::OkStatus();
      }
      if (open) CloseDemand(draft, demand, false);
      v1::DemandOpened opened;
      *opened.mutable_demand() = DemandFrom(request);
      // Only what was ended, and is ready anew since, waits afresh.
      if (open || (found != nullptr && !IsReadyAnew(demand, request))) {
        *opened.mutable_demand()->mutable_waiting_since() = WaitingSince(demand);
      }
      draft.Emit(opened.demand().name(), opened);
    } else if (open && !KeepsDemand(request.state(), demand)) {
      CloseDemand(draft, demand, replacing && IsSetAside(request.state()));
    }
    return absl::OkStatus();
  };
}

journal::Decide RecordSolve(std::shared_ptr<const PoolView> view, Plan plan, v1::SolveRun run,
                            bool asked, SuspectedConflicts suspected) {
  return [view = std::move(view), plan = std::move(plan), run = std::move(run), asked,
          suspected = std::move(suspected)](Draft& draft) -> absl::Status {
    RETURN_IF_ERROR(CheckUnchanged(draft, *view));
    const PlanOutcome outcome =
        OutcomeOf(*view->pool, plan, *view->demands, *view->standing, suspected);
    if (outcome.changes.empty() && !asked) return absl::OkStatus();
    RecordRun(draft, *view, plan, *view, run, outcome.changes, outcome.kept);
    return absl::OkStatus();
  };
}

journal::Decide RecordStanding(std::shared_ptr<const PoolView> now,
                               std::shared_ptr<const OvertakenPlan> overtaken, StandingPart part,
                               bool asked) {
  return [now = std::move(now), overtaken = std::move(overtaken), part = std::move(part),
          asked](Draft& draft) -> absl::Status {
    RETURN_IF_ERROR(CheckUnchanged(draft, *now));
    const auto* inputs = draft.Find<v1::SolverInputs>(kSolverInputs);
    const PoolView& made_from = *overtaken->view;
    const std::string last_run = inputs == nullptr ? "" : inputs->last_run();
    if (last_run != overtaken->last_run || now->policy.version() != made_from.policy.version()) {
      return InputsChanged();
    }
    if (part.changes.empty() && part.kept.empty() && !part.dropped.empty()) return InputsChanged();
    if (part.changes.empty() && !asked) return absl::OkStatus();
    v1::SolveRun run = overtaken->solved->run;
    run.set_base_sequence(overtaken->sequence);
    for (const v1::DroppedRequest& one : part.dropped) *run.add_dropped() = one;
    RecordRun(draft, made_from, overtaken->solved->plan, *now, std::move(run), part.changes,
              part.kept);
    return absl::OkStatus();
  };
}

journal::Decide DecideProposal(std::shared_ptr<const PoolView> view, std::string name,
                               std::string etag, std::vector<v1::Assignment> wanted,
                               std::string reason, SuspectedConflicts suspected) {
  return [=](Draft& draft) -> absl::Status {
    const auto* found = draft.Find<v1::Proposal>(name);
    if (found == nullptr) return ResourceNotFound("critac.matching.v1.Proposal", name);
    RETURN_IF_ERROR(CheckEtag(name, etag, found->etag()));
    if (found->state() != v1::PROPOSAL_STATE_OPEN) {
      return FailedPrecondition(
          "PROPOSAL_NOT_OPEN", name,
          absl::StrCat("is not open any more: ", v1::ProposalState_Name(found->state())));
    }
    RETURN_IF_ERROR(CheckUnchanged(draft, *view));
    v1::Proposal proposal = *found;
    const v1::Demand* demand = view->FindDemand(proposal.request());
    if (demand == nullptr) {
      return FailedPrecondition(
          "PROPOSAL_NOT_OPEN", name,
          absl::StrCat(proposal.request(), " is not open for matching any more"));
    }
    const bool as_it_is = wanted.empty();
    const std::vector<v1::Assignment> named(proposal.assignments().begin(),
                                            proposal.assignments().end());
    if (as_it_is && named.empty()) {
      return FailedPrecondition("NOTHING_PROPOSED", name,
                                "proposes nobody; its open slots say what keeps them open");
    }
    ASSIGN_OR_RETURN(const std::vector<v1::Assignment> complete,
                     CompleteAssignments(*view->pool, *demand, as_it_is ? named : wanted));
    proposal.clear_assignments();
    for (const v1::Assignment& one : complete) {
      v1::Assignment& added = *proposal.add_assignments() = one;
      SetSuspectedConflicts(*view->pool, proposal.request(), suspected, added);
    }
    Decide(draft, *view, std::move(proposal),
           as_it_is ? v1::PROPOSAL_STATE_APPROVED : v1::PROPOSAL_STATE_OVERRIDDEN, reason);
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

}  // namespace critac::matching
