#include "services/matching/offer_commands.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/journal/event_time.h"
#include "common/status/error.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/eligibility.h"
#include "services/matching/engagements.h"
#include "services/matching/matching_states.h"
#include "services/matching/offer_decisions.h"

namespace critac::matching {
namespace {

using journal::Draft;
using journal::ToTimestamp;

absl::StatusOr<const v1::Offer*> FindOffer(Draft& draft, const std::string& name,
                                           const std::string& partner) {
  const auto* offer = draft.Find<v1::Offer>(name);
  // Another partner's offers are none of the caller's business, not even that they are there.
  if (offer == nullptr || (!partner.empty() && offer->assignment().partner() != partner)) {
    return ResourceNotFound("critac.matching.v1.Offer", name);
  }
  return offer;
}

absl::Status CheckRoomOfProgram(Draft& draft, const Pool& pool) {
  const auto* policy = draft.Find<v1::Policy>(kCurrentPolicy);
  if (policy == nullptr || policy->capacity_open() == 0) return absl::OkStatus();
  int64_t used = 0;
  for (const PartnerRow& partner : pool.partners()) {
    const auto* open = draft.Find<v1::CapacityUse>(CapacityName(partner.name, "open"));
    if (open != nullptr) used += open->used();
  }
  return CheckProgramCapacity(*policy, used);
}

absl::Status CheckRoom(Draft& draft, const Pool& pool, const v1::Assignment& assignment) {
  const auto* expert = draft.Find<v1::Expert>(assignment.expert());
  const auto* partner = draft.Find<v1::Partner>(assignment.partner());
  if (expert == nullptr || !expert->active()) {
    return FailedPrecondition("EXPERT_NOT_ACTIVE", assignment.expert(),
                              "does not take part any more");
  }
  if (partner == nullptr) {
    return FailedPrecondition("PARTNER_MISSING", assignment.partner(), "is not on record any more");
  }
  const auto use = [&](const std::string& owner, const std::string& period) {
    return draft.Find<v1::CapacityUse>(CapacityName(owner, period));
  };
  RETURN_IF_ERROR(
      CheckCapacity(assignment, *expert, *partner, use(expert->name(), assignment.period()),
                    use(expert->name(), "open"), use(partner->name(), assignment.period())));
  return CheckRoomOfProgram(draft, pool);
}

// Whether the gates up to conflicts of interest are still those of a view.
absl::Status CheckGatesUnchanged(Draft& draft, const PoolView& view) {
  const auto* inputs = draft.Find<v1::SolverInputs>(kSolverInputs);
  const int64_t revision = inputs == nullptr ? 0 : inputs->gates_revision();
  return revision == view.gates_revision ? absl::OkStatus() : InputsChanged();
}

absl::Status CheckEligible(const PoolView& view, const v1::Offer& offer) {
  const std::optional<v1::GateResult> failed = FailedGate(*view.pool, offer);
  if (!failed.has_value()) return absl::OkStatus();
  const std::string& period = offer.assignment().period();
  return FailedPrecondition(
      "NOT_ELIGIBLE", offer.assignment().expert(),
      absl::StrCat("is not eligible any more", period.empty() ? "" : " for ", period,
                   ", out at the gate ", v1::Gate_Name(failed->gate()), ": ",
                   failed->explanation()));
}

void Answer(Draft& draft, v1::Offer& offer, v1::OfferState state) {
  offer.set_state(state);
  offer.set_answered_by(draft.actor());
  *offer.mutable_answer_time() = ToTimestamp(draft.now());
}

std::vector<const v1::Offer*> CommittedOffers(Draft& draft, const v1::Demand& demand) {
  std::vector<const v1::Offer*> offers;
  for (const v1::Assignment& assignment : demand.committed()) {
    offers.push_back(draft.Find<v1::Offer>(assignment.offer()));
  }
  return offers;
}

// Whether a slot has all its people once an offer of it is accepted.
bool FillsSlot(Draft& draft, const v1::Offer& accepted) {
  const auto* demand = draft.Find<v1::Demand>(DemandOf(accepted.request()));
  std::vector<const v1::Offer*> offers = CommittedOffers(draft, *demand);
  for (const v1::Offer*& one : offers) {
    if (one->name() == accepted.name()) one = &accepted;
  }
  return std::any_of(demand->slots().begin(), demand->slots().end(), [&](const auto& slot) {
    return slot.id() == accepted.assignment().slot() && IsFilled(slot, offers);
  });
}

void EmitEngagement(Draft& draft, const v1::Demand& demand) {
  v1::EngagementAgreed agreed;
  *agreed.mutable_engagement() = EngagementOf(demand);
  for (v1::Waiver& waiver : WaiversOf(demand)) {
    *agreed.mutable_engagement()->add_waivers() = std::move(waiver);
  }
  const std::string name = draft.NameByEvent("engagements/e");
  agreed.mutable_engagement()->set_name(name);
  *agreed.mutable_engagement()->mutable_create_time() = ToTimestamp(draft.now());
  *agreed.mutable_occur_time() = ToTimestamp(draft.now());
  draft.Emit(name, agreed);
}

// Makes the engagement, or completes its team, where nobody is missing any more.
void AgreeIfComplete(Draft& draft, const std::string& demand_name) {
  const v1::Demand demand = *draft.Find<v1::Demand>(demand_name);
  if (!AllAccepted(demand, CommittedOffers(draft, demand))) return;
  if (demand.engagement().empty()) {
    EmitEngagement(draft, demand);
    return;
  }
  const auto* engagement = draft.Find<v1::Engagement>(demand.engagement());
  draft.Emit(demand.engagement(), RestoredTeam(*engagement, demand));
}

// Records that an offer came to nothing, and puts its slot before a person where that was once too often.
void Refuse(Draft& draft, v1::Offer offer) {
  v1::OfferDeclined declined;
  *declined.mutable_offer() = std::move(offer);
  draft.Emit(declined.offer().name(), declined);
  // Taken back: nobody refused.
  if (declined.offer().state() == v1::OFFER_STATE_WITHDRAWN) return;
  const std::string& request = declined.offer().request();
  const std::string& slot = declined.offer().assignment().slot();
  const std::string name = DemandOf(request);
  const auto* demand = draft.Find<v1::Demand>(name);
  const auto* policy = draft.Find<v1::Policy>(kCurrentPolicy);
  if (policy == nullptr || !ShouldEscalate(*demand, slot, *policy)) return;
  v1::SlotEscalated escalated;
  escalated.set_request(request);
  escalated.set_slot(slot);
  for (const v1::SlotRefusals& refusals : demand->refusals()) {
    if (refusals.slot() == slot) escalated.set_refusals(refusals.count());
  }
  draft.Emit(name, escalated);
}

}  // namespace

std::optional<v1::GateResult> FailedGate(const Pool& pool, const v1::Offer& offer) {
  const auto slot = pool.FindSlot(offer.request(), offer.assignment().slot());
  const auto expert = pool.FindExpert(offer.assignment().expert());
  if (!slot.has_value() || !expert.has_value()) return std::nullopt;
  const std::optional<Period> period = ParsePeriod(offer.assignment().period());
  if (period.has_value()) {
    std::optional<v1::GateResult> failed = FailedGateIn(pool, *slot, *expert, *period);
    if (failed.has_value()) return failed;
  }
  static constexpr v1::Gate kLasting[] = {v1::GATE_MEMBERSHIP, v1::GATE_TOPIC, v1::GATE_DEMAND,
                                          v1::GATE_CONFLICT};
  const v1::GateResult last = ExplainGates(pool, *slot, *expert).gates.back();
  const bool lasting =
      std::find(std::begin(kLasting), std::end(kLasting), last.gate()) != std::end(kLasting);
  return last.passed() || !lasting ? std::nullopt : std::optional(last);
}

journal::Decide AcceptOffer(std::shared_ptr<const PoolView> view, std::string name,
                            std::string partner) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Offer* offer, FindOffer(draft, name, partner));
    RETURN_IF_ERROR(CheckAnswerable(*offer, DayOf(draft.now())));
    RETURN_IF_ERROR(CheckPeriodGoesOn(*offer, DayOf(draft.now())));
    RETURN_IF_ERROR(CheckGatesUnchanged(draft, *view));
    RETURN_IF_ERROR(CheckRoom(draft, *view->pool, offer->assignment()));
    RETURN_IF_ERROR(CheckEligible(*view, *offer));
    v1::OfferAccepted accepted;
    *accepted.mutable_offer() = *offer;
    Answer(draft, *accepted.mutable_offer(), v1::OFFER_STATE_ACCEPTED);
    accepted.set_resets_refusals(FillsSlot(draft, accepted.offer()));
    draft.Emit(name, accepted);
    AgreeIfComplete(draft, DemandOf(accepted.offer().request()));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide DeclineOffer(std::string name, std::string partner, v1::OfferDeclineCode code,
                             std::string reason) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Offer* found, FindOffer(draft, name, partner));
    RETURN_IF_ERROR(CheckAnswerable(*found, DayOf(draft.now())));
    v1::Offer offer = *found;
    Answer(draft, offer, v1::OFFER_STATE_DECLINED);
    offer.set_decline_code(code);
    offer.set_reason(reason);
    Refuse(draft, std::move(offer));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide CareForOffer(std::shared_ptr<const PoolView> view, std::string name) {
  return [=](Draft& draft) -> absl::Status {
    const auto* found = draft.Find<v1::Offer>(name);
    if (found == nullptr) return absl::OkStatus();
    v1::Offer offer = *found;
    RETURN_IF_ERROR(CheckGatesUnchanged(draft, *view));
    const std::optional<v1::GateResult> failed = FailedGate(*view->pool, offer);
    const OfferDue due = DueFor(offer, !failed.has_value(), DayOf(draft.now()));
    if (due.step == OfferStep::kRemind) {
      v1::OfferReminded reminded;
      reminded.set_offer(name);
      reminded.set_number(due.reminder);
      reminded.set_partner(offer.assignment().partner());
      draft.Emit(name, reminded);
    } else if (due.step != OfferStep::kNothing) {
      // Nobody answered, so `answered_by` stays empty.
      offer.set_state(due.step == OfferStep::kExpire ? v1::OFFER_STATE_EXPIRED
                                                     : v1::OFFER_STATE_WITHDRAWN);
      *offer.mutable_answer_time() = ToTimestamp(draft.now());
      Refuse(draft, std::move(offer));
    }
    return absl::OkStatus();
  };
}

journal::Decide ReduceSlot(std::string demand, std::string slot, std::string reason) {
  return [=](Draft& draft) -> absl::Status {
    const auto* found = draft.Find<v1::Demand>(demand);
    if (found == nullptr) return ResourceNotFound("critac.matching.v1.Demand", demand);
    const std::string& name = found->engagement();
    const auto* engagement = name.empty() ? nullptr : draft.Find<v1::Engagement>(name);
    ASSIGN_OR_RETURN(v1::SlotReduced reduced,
                     ReductionOf(*found, slot, CommittedOffers(draft, *found), engagement));
    reduced.mutable_reduction()->set_reason(reason);
    reduced.mutable_reduction()->set_actor(draft.actor());
    draft.Emit(demand, std::move(reduced));
    AgreeIfComplete(draft, demand);
    draft.AnswerWith(demand);
    return absl::OkStatus();
  };
}

}  // namespace critac::matching
