#include "services/matching/matching_states.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/identity.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/partner.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/delivery_days.h"
#include "services/matching/engagements.h"
#include "services/matching/policy_decisions.h"

namespace critac::matching {
namespace {

using google::protobuf::Message;
using journal::Event;
using journal::MutableStates;

// Whether one of a demand's slots waits for a person.
bool IsEscalated(const v1::Demand& demand) {
  return std::any_of(demand.refusals().begin(), demand.refusals().end(),
                     [](const v1::SlotRefusals& one) { return one.has_escalate_time(); });
}

// A column that holds a field of the message.
template <typename State, typename Get>
journal::Projection::Column Column(std::string name, Get get) {
  return {std::move(name), [get](const Message& message) -> store::Value {
            return get(static_cast<const State&>(message));
          }};
}

int64_t Number(int value) { return value; }

constexpr char kTables[] = R"sql(
CREATE TABLE partner (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE expert (
  name TEXT PRIMARY KEY, body TEXT NOT NULL,
  partner TEXT NOT NULL, active BIGINT NOT NULL, home_state TEXT NOT NULL
);
CREATE TABLE conflict (
  name TEXT PRIMARY KEY, body TEXT NOT NULL, expert TEXT NOT NULL, agency TEXT NOT NULL
);
CREATE TABLE policy (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE solver (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE demand (
  name TEXT PRIMARY KEY, body TEXT NOT NULL, state BIGINT NOT NULL, proposal TEXT NOT NULL
);
CREATE TABLE capacity (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE run (name TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE proposal (
  name TEXT PRIMARY KEY, body TEXT NOT NULL, request TEXT NOT NULL, state BIGINT NOT NULL
);
CREATE INDEX proposal_request ON proposal (request, name);
CREATE TABLE offer (
  name TEXT PRIMARY KEY, body TEXT NOT NULL,
  request TEXT NOT NULL, state BIGINT NOT NULL, partner TEXT NOT NULL, expert TEXT NOT NULL
);
CREATE INDEX offer_request ON offer (request, name);
CREATE INDEX offer_partner ON offer (partner, name);
CREATE TABLE engagement (
  name TEXT PRIMARY KEY, body TEXT NOT NULL,
  request TEXT NOT NULL, state BIGINT NOT NULL, lead_partner TEXT NOT NULL, settled BIGINT NOT NULL
);
CREATE INDEX engagement_request ON engagement (request, name);
CREATE INDEX engagement_settled ON engagement (settled, name);
CREATE TABLE import_key (name TEXT PRIMARY KEY, body TEXT NOT NULL);
)sql";

// Which records are one; and conflicts of partners, of which there were none before.
constexpr char kIdentityTables[] = R"sql(
CREATE TABLE identity (
  name TEXT PRIMARY KEY, body TEXT NOT NULL,
  first TEXT NOT NULL, second TEXT NOT NULL, state BIGINT NOT NULL
);
ALTER TABLE conflict ADD COLUMN partner TEXT NOT NULL DEFAULT '';
)sql";

constexpr char kOfferColumns[] = R"sql(
ALTER TABLE offer ADD COLUMN slot TEXT NOT NULL DEFAULT '';
ALTER TABLE offer ADD COLUMN answer_by TEXT NOT NULL DEFAULT '';
ALTER TABLE offer ADD COLUMN reminder_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE demand ADD COLUMN escalated BIGINT NOT NULL DEFAULT 0;
ALTER TABLE demand ADD COLUMN request TEXT NOT NULL DEFAULT '';
UPDATE demand SET request = 'requests/' || substr(name, 9);
ALTER TABLE engagement ADD COLUMN incomplete BIGINT NOT NULL DEFAULT 0;
)sql";

constexpr char kPartnersColumn[] = R"sql(
ALTER TABLE engagement ADD COLUMN partners TEXT NOT NULL DEFAULT '';
)sql";

constexpr char kRatingTables[] = R"sql(
CREATE TABLE rating (name TEXT PRIMARY KEY, body TEXT NOT NULL);
)sql";

// No resource: solve_store.h.
constexpr char kSolveTables[] = R"sql(
CREATE TABLE solve_mark (id BIGINT PRIMARY KEY, revision BIGINT NOT NULL);
)sql";

// Nor this: solve_lease.h. Times in microseconds since 1970.
constexpr char kLeaseTable[] = R"sql(
CREATE TABLE solve_lease (
  id BIGINT PRIMARY KEY, turn BIGINT NOT NULL, holder TEXT NOT NULL, take_time BIGINT NOT NULL,
  expire_time BIGINT NOT NULL
);
)sql";

// An old version that solves leaves the day as it is, so that a new one solves once more.
constexpr char kSolveDay[] = R"sql(
ALTER TABLE solve_mark ADD COLUMN day BIGINT NOT NULL DEFAULT 0;
)sql";

constexpr char kMeetingTables[] = R"sql(
CREATE TABLE meeting (
  name TEXT PRIMARY KEY, body TEXT NOT NULL, state BIGINT NOT NULL, date TEXT NOT NULL
);
)sql";

constexpr char kDayTables[] = R"sql(
CREATE TABLE expert_day (name TEXT PRIMARY KEY, body TEXT NOT NULL);
)sql";

void Bump(MutableStates& states) {
  auto& inputs = states.Mutable<v1::SolverInputs>(kSolverInputs);
  inputs.set_name(kSolverInputs);
  inputs.set_revision(inputs.revision() + 1);
}

// The same where the gates up to conflicts of interest may have changed with it.
void BumpGates(MutableStates& states) {
  Bump(states);
  auto& inputs = states.Mutable<v1::SolverInputs>(kSolverInputs);
  inputs.set_gates_revision(inputs.gates_revision() + 1);
}

// Adds `units` to what `owner` agreed to in a period.
void Use(MutableStates& states, const Event& event, const std::string& owner,
         const std::string& period, int units) {
  const std::string name = CapacityName(owner, period);
  auto& use = states.Mutable<v1::CapacityUse>(name);
  use.set_name(name);
  use.set_owner(owner);
  use.set_period(period);
  use.set_used(use.used() + units);
  *use.mutable_update_time() = event.record_time();
}

void UseFor(MutableStates& states, const Event& event, const v1::Assignment& assignment,
            int units) {
  for (const std::string& owner : {assignment.expert(), assignment.partner()}) {
    Use(states, event, owner, assignment.period(), units);
    Use(states, event, owner, "open", units);
  }
}

// An engagement that is over frees what was open; what was used in its periods stays used.
void Close(MutableStates& states, const Event& event, const v1::Engagement& engagement) {
  for (const v1::Assignment& assignment : engagement.assignments()) {
    Use(states, event, assignment.expert(), "open", -1);
    Use(states, event, assignment.partner(), "open", -1);
  }
}

void Supersede(MutableStates& states, const Event& event, const std::string& proposal) {
  if (proposal.empty()) return;
  auto& state = states.Mutable<v1::Proposal>(proposal);
  state.set_state(v1::PROPOSAL_STATE_SUPERSEDED);
  state.set_etag(absl::StrCat(event.sequence()));
}

// How many people of a slot the demand has offered to or agreed on.
int Committed(const v1::Demand& demand, const std::string& slot) {
  return static_cast<int>(
      std::count_if(demand.committed().begin(), demand.committed().end(),
                    [&](const v1::Assignment& one) { return one.slot() == slot; }));
}

v1::DemandState StateOf(const v1::Demand& demand) {
  for (const auto& slot : demand.slots()) {
    if (Committed(demand, slot.id()) < std::max(1, slot.people())) return v1::DEMAND_STATE_OPEN;
  }
  return v1::DEMAND_STATE_OFFERED;
}

// Takes what an offer committed out of a demand.
void Uncommit(v1::Demand& demand, const std::string& offer) {
  auto& committed = *demand.mutable_committed();
  committed.erase(std::remove_if(committed.begin(), committed.end(),
                                 [&](const v1::Assignment& one) { return one.offer() == offer; }),
                  committed.end());
}

void BarFrom(v1::Demand& demand, const v1::Assignment& assignment) {
  demand.add_declined(absl::StrCat(assignment.slot(), " ", assignment.expert()));
}

v1::SlotRefusals& RefusalsOf(v1::Demand& demand, const std::string& slot) {
  for (v1::SlotRefusals& one : *demand.mutable_refusals()) {
    if (one.slot() == slot) return one;
  }
  v1::SlotRefusals& added = *demand.add_refusals();
  added.set_slot(slot);
  return added;
}

// Offers of the slot are refused for the first time again. Who refused stays out (`declined`).
void ResetRefusals(v1::Demand& demand, const std::string& slot) {
  for (v1::SlotRefusals& one : *demand.mutable_refusals()) {
    if (one.slot() == slot) one.clear_count();
  }
}

// A slot that has its people waits for nobody any more.
void CalmIfFilled(MutableStates& states, v1::Demand& demand, const std::string& slot) {
  std::vector<const v1::Offer*> offers;
  for (const v1::Assignment& one : demand.committed()) {
    const auto* offer = states.Find<v1::Offer>(one.offer());
    if (offer != nullptr) offers.push_back(offer);
  }
  const bool waits =
      std::any_of(demand.slots().begin(), demand.slots().end(),
                  [&](const auto& one) { return one.id() == slot && !IsFilled(one, offers); });
  if (waits) return;
  for (v1::SlotRefusals& one : *demand.mutable_refusals()) {
    if (one.slot() == slot) one.clear_escalate_time();
  }
}

void Apply(MutableStates& states, const Event& event, const v1::PartnerSet& payload) {
  auto& state = states.Mutable<v1::Partner>(event.subject());
  state = payload.partner();
  state.set_etag(absl::StrCat(event.sequence()));
  BumpGates(states);
}

void Apply(MutableStates& states, const Event& event, const v1::ExpertSet& payload) {
  auto& state = states.Mutable<v1::Expert>(event.subject());
  const int32_t survey_count = state.survey_rating_count();
  const int32_t survey_sum = state.survey_rating_sum();
  state = payload.expert();
  state.set_survey_rating_count(survey_count);
  state.set_survey_rating_sum(survey_sum);
  state.set_etag(absl::StrCat(event.sequence()));
  BumpGates(states);
}

void Apply(MutableStates& states, const Event& event, const v1::ConflictSet& payload) {
  states.Mutable<v1::Conflict>(event.subject()) = payload.conflict();
  BumpGates(states);
}

void Apply(MutableStates& states, const Event& event, const v1::IdentityDecided& payload) {
  states.Mutable<v1::Identity>(event.subject()) = payload.identity();
  BumpGates(states);
}

void Apply(MutableStates& states, const Event& event, const v1::PolicyProposed& payload) {
  states.Mutable<v1::Policy>(event.subject()) = payload.policy();
}

void Apply(MutableStates& states, const Event& event, const v1::PolicyTried& payload) {
  auto& policy = states.Mutable<v1::Policy>(event.subject());
  policy.set_tried_by(payload.tried_by());
  *policy.mutable_try_time() = event.record_time();
}

void Apply(MutableStates& states, const Event& event, const v1::PolicyRejected& payload) {
  states.Mutable<v1::Policy>(event.subject()) = payload.policy();
}

void Apply(MutableStates& states, const Event&, const v1::PolicySet& payload) {
  const auto* before = states.Find<v1::Policy>(kCurrentPolicy);
  const std::string replaced = before == nullptr ? "" : PolicyName(before->version());
  if (!replaced.empty() && states.Find<v1::Policy>(replaced) != nullptr) {
    states.Mutable<v1::Policy>(replaced).set_state(v1::POLICY_STATE_SUPERSEDED);
  }
  v1::Policy policy = payload.policy();
  // Events from before policies were reviewed say neither.
  policy.set_name(PolicyName(policy.version()));
  policy.set_state(v1::POLICY_STATE_IN_FORCE);
  states.Mutable<v1::Policy>(policy.name()) = policy;
  states.Mutable<v1::Policy>(kCurrentPolicy) = policy;
  BumpGates(states);
}

// Ends the engagement of a demand that has one which is not over.
void EndEngagement(MutableStates& states, const Event& event, const std::string& name) {
  if (name.empty()) return;
  auto& engagement = states.Mutable<v1::Engagement>(name);
  if (engagement.state() == v1::ENGAGEMENT_STATE_DELIVERED ||
      engagement.state() == v1::ENGAGEMENT_STATE_ENDED)
    return;
  Close(states, event, engagement);
  engagement.set_state(v1::ENGAGEMENT_STATE_ENDED);
  engagement.set_settled(true);
  engagement.set_etag(absl::StrCat(event.sequence()));
}

void Apply(MutableStates& states, const Event& event, const v1::DemandOpened& payload) {
  auto& state = states.Mutable<v1::Demand>(event.subject());
  if (payload.demand().engagement() != state.engagement()) {
    EndEngagement(states, event, state.engagement());
  }
  state = payload.demand();
  state.set_state(v1::DEMAND_STATE_OPEN);
  BumpGates(states);
}

void Apply(MutableStates& states, const Event& event, const v1::DemandChanged& payload) {
  auto& state = states.Mutable<v1::Demand>(event.subject());
  state.set_urgency(payload.urgency());
  state.set_needed_by(payload.needed_by());
  *state.mutable_co_served_agencies() = payload.co_served_agencies();
  if (payload.has_agency()) *state.mutable_agency() = payload.agency();
  BumpGates(states);
}

// Takes the offers of a demand back.
void Withdraw(MutableStates& states, const Event& event, v1::Demand& demand,
              const google::protobuf::RepeatedPtrField<std::string>& offers) {
  for (const std::string& name : offers) {
    auto& offer = states.Mutable<v1::Offer>(name);
    offer.set_state(v1::OFFER_STATE_WITHDRAWN);
    offer.set_etag(absl::StrCat(event.sequence()));
    Uncommit(demand, name);
  }
}

void Apply(MutableStates& states, const Event& event, const v1::DemandClosed& payload) {
  auto& state = states.Mutable<v1::Demand>(event.subject());
  Withdraw(states, event, state, payload.withdrawn_offers());
  Supersede(states, event, payload.superseded_proposal());
  state.clear_proposal();
  Bump(states);
  if (payload.keeps_team()) {
    state.set_state(v1::DEMAND_STATE_MATCHED);
    return;
  }
  for (const std::string& name : payload.released_offers()) {
    auto& offer = states.Mutable<v1::Offer>(name);
    UseFor(states, event, offer.assignment(), -1);
    offer.set_state(v1::OFFER_STATE_RELEASED);
    offer.set_etag(absl::StrCat(event.sequence()));
  }
  EndEngagement(states, event, state.engagement());
  state.set_state(v1::DEMAND_STATE_CLOSED);
  state.clear_engagement();
  state.clear_committed();
}

void Apply(MutableStates& states, const Event& event, const v1::SolveRecorded& payload) {
  states.Mutable<v1::SolveRun>(event.subject()) = payload.run();
  auto& inputs = states.Mutable<v1::SolverInputs>(kSolverInputs);
  inputs.set_name(kSolverInputs);
  inputs.set_last_run(event.subject());
}

void Apply(MutableStates& states, const Event& event, const v1::ProposalMade& payload) {
  auto& proposal = states.Mutable<v1::Proposal>(event.subject());
  proposal = payload.proposal();
  proposal.set_etag(absl::StrCat(event.sequence()));
  Supersede(states, event, payload.supersedes());
  states.Mutable<v1::Demand>(DemandOf(proposal.request())).set_proposal(event.subject());
  Bump(states);
}

void Apply(MutableStates& states, const Event& event, const v1::ProposalDecided& payload) {
  auto& proposal = states.Mutable<v1::Proposal>(event.subject());
  proposal = payload.proposal();
  proposal.set_etag(absl::StrCat(event.sequence()));
  auto& demand = states.Mutable<v1::Demand>(DemandOf(proposal.request()));
  demand.clear_proposal();
  for (const v1::Offer& made : payload.offers()) {
    auto& offer = states.Mutable<v1::Offer>(made.name());
    offer = made;
    offer.set_etag(absl::StrCat(event.sequence()));
    *demand.add_committed() = made.assignment();
  }
  demand.set_state(StateOf(demand));
  Bump(states);
}

void Apply(MutableStates& states, const Event& event, const v1::OfferAccepted& payload) {
  auto& offer = states.Mutable<v1::Offer>(event.subject());
  offer = payload.offer();
  offer.set_etag(absl::StrCat(event.sequence()));
  UseFor(states, event, offer.assignment(), 1);
  auto& demand = states.Mutable<v1::Demand>(DemandOf(offer.request()));
  CalmIfFilled(states, demand, offer.assignment().slot());
  if (payload.resets_refusals()) ResetRefusals(demand, offer.assignment().slot());
  Bump(states);
}

void Apply(MutableStates& states, const Event& event, const v1::OfferDeclined& payload) {
  auto& offer = states.Mutable<v1::Offer>(event.subject());
  offer = payload.offer();
  offer.set_etag(absl::StrCat(event.sequence()));
  auto& demand = states.Mutable<v1::Demand>(DemandOf(offer.request()));
  Uncommit(demand, event.subject());
  if (offer.state() != v1::OFFER_STATE_WITHDRAWN) {
    BarFrom(demand, offer.assignment());
    auto& refusals = RefusalsOf(demand, offer.assignment().slot());
    refusals.set_count(refusals.count() + 1);
  }
  demand.set_state(StateOf(demand));
  Bump(states);
}

void Apply(MutableStates& states, const Event& event, const v1::OfferReminded& payload) {
  auto& offer = states.Mutable<v1::Offer>(event.subject());
  offer.set_reminder_count(payload.number());
  *offer.mutable_reminder_time() = event.record_time();
  offer.set_etag(absl::StrCat(event.sequence()));
}

void Apply(MutableStates& states, const Event& event, const v1::SlotEscalated& payload) {
  auto& demand = states.Mutable<v1::Demand>(event.subject());
  *RefusalsOf(demand, payload.slot()).mutable_escalate_time() = event.record_time();
}

void Apply(MutableStates& states, const Event& event, const v1::SlotReduced& payload) {
  auto& demand = states.Mutable<v1::Demand>(event.subject());
  const v1::SlotReduction& reduction = payload.reduction();
  Withdraw(states, event, demand, payload.withdrawn_offers());
  Supersede(states, event, payload.superseded_proposal());
  demand.clear_proposal();
  *demand.add_reductions() = reduction;
  auto& slots = *demand.mutable_slots();
  for (auto& slot : slots) {
    if (slot.id() == reduction.slot()) slot.set_people(reduction.people());
  }
  slots.erase(std::remove_if(slots.begin(), slots.end(),
                             [&](const auto& slot) {
                               return slot.id() == reduction.slot() && reduction.people() == 0;
                             }),
              slots.end());
  CalmIfFilled(states, demand, reduction.slot());
  if (payload.resets_refusals()) ResetRefusals(demand, reduction.slot());
  demand.set_state(StateOf(demand));
  Bump(states);
}

void Apply(MutableStates& states, const Event& event, const v1::EngagementAgreed& payload) {
  auto& engagement = states.Mutable<v1::Engagement>(event.subject());
  engagement = payload.engagement();
  engagement.set_etag(absl::StrCat(event.sequence()));
  if (!engagement.external_id().empty()) {
    // Of the past: no offer took its capacity.
    const std::string name = ImportKeyName(engagement.external_id());
    auto& key = states.Mutable<v1::ImportKey>(name);
    key.set_name(name);
    key.set_target(event.subject());
    for (const v1::Assignment& assignment : engagement.assignments())
      UseFor(states, event, assignment, 1);
    Bump(states);
    return;
  }
  auto& demand = states.Mutable<v1::Demand>(DemandOf(engagement.request()));
  demand.set_state(v1::DEMAND_STATE_MATCHED);
  demand.set_engagement(event.subject());
}

// Takes over the state that a delivery or a waiver leads to.
void Advance(MutableStates& states, const Event& event, v1::Engagement& engagement,
             v1::EngagementState to) {
  if (to == v1::ENGAGEMENT_STATE_DELIVERED && engagement.state() != to) {
    Close(states, event, engagement);
    Bump(states);
  }
  engagement.set_state(to);
  engagement.set_etag(absl::StrCat(event.sequence()));
}

// Puts a delivery among those of its day, of everyone who gave it.
void PutIntoDays(MutableStates& states, const v1::Engagement& engagement,
                 const v1::Delivery& delivery) {
  for (const std::string& expert : delivery.experts()) {
    const std::string name = ExpertDayName(expert, delivery.date());
    auto& day = states.Mutable<v1::ExpertDay>(name);
    day.set_name(name);
    *day.add_deliveries() = DayDeliveryOf(engagement, delivery);
  }
}

void Apply(MutableStates& states, const Event& event, const v1::DeliveryRecorded& payload) {
  auto& engagement = states.Mutable<v1::Engagement>(event.subject());
  v1::Delivery& delivery = *engagement.add_deliveries();
  delivery = payload.delivery();
  // In no event, so that the same is known of those from before it was kept.
  delivery.clear_experts();
  for (std::string& expert : ExpertsOf(engagement, delivery.slot())) {
    delivery.add_experts(std::move(expert));
  }
  PutIntoDays(states, engagement, delivery);
  Advance(states, event, engagement, payload.state());
}

// Takes a delivery out of those of its day.
void TakeFromDays(MutableStates& states, const v1::Engagement& engagement,
                  const v1::Delivery& delivery) {
  for (const std::string& expert : delivery.experts()) {
    const std::string name = ExpertDayName(expert, delivery.date());
    auto& day = states.Mutable<v1::ExpertDay>(name);
    day.set_name(name);
    auto& deliveries = *day.mutable_deliveries();
    deliveries.erase(std::remove_if(deliveries.begin(), deliveries.end(),
                                    [&](const v1::DayDelivery& one) {
                                      return one.engagement() == engagement.name() &&
                                             one.delivery() == delivery.id();
                                    }),
                     deliveries.end());
  }
}

void Apply(MutableStates& states, const Event& event, const v1::DeliveryAmended& payload) {
  auto& engagement = states.Mutable<v1::Engagement>(event.subject());
  for (v1::Delivery& delivery : *engagement.mutable_deliveries()) {
    if (delivery.id() != payload.delivery().id()) continue;
    TakeFromDays(states, engagement, delivery);
    v1::Delivery amended = payload.delivery();
    const std::vector<std::string> experts = GiversOf(engagement, delivery, amended.slot());
    amended.mutable_experts()->Assign(experts.begin(), experts.end());
    delivery = std::move(amended);
    PutIntoDays(states, engagement, delivery);
  }
  *engagement.add_amendments() = payload.amendment();
  Advance(states, event, engagement, payload.state());
}

void Apply(MutableStates& states, const Event& event, const v1::PlanDrawnUp& payload) {
  auto& engagement = states.Mutable<v1::Engagement>(event.subject());
  *engagement.add_plans() = payload.plan();
  engagement.set_etag(absl::StrCat(event.sequence()));
}

void Apply(MutableStates& states, const Event& event, const v1::MilestoneReached& payload) {
  auto& engagement = states.Mutable<v1::Engagement>(event.subject());
  for (v1::EngagementPlan& plan : *engagement.mutable_plans()) {
    if (plan.version() != payload.plan_version()) continue;
    for (v1::Milestone& milestone : *plan.mutable_milestones()) {
      if (milestone.id() == payload.milestone()) milestone.set_reached_date(payload.date());
    }
  }
  engagement.set_etag(absl::StrCat(event.sequence()));
}

void Apply(MutableStates& states, const Event& event, const v1::SlotWaived& payload) {
  auto& engagement = states.Mutable<v1::Engagement>(event.subject());
  *engagement.add_waivers() = payload.waiver();
  Advance(states, event, engagement, payload.state());
}

void Apply(MutableStates& states, const Event& event, const v1::ExpertReleased& payload) {
  const v1::Assignment& lost = payload.assignment();
  auto& engagement = states.Mutable<v1::Engagement>(event.subject());
  auto& team = *engagement.mutable_assignments();
  team.erase(std::remove_if(team.begin(), team.end(),
                            [&](const v1::Assignment& one) {
                              return one.slot() == lost.slot() && one.expert() == lost.expert();
                            }),
             team.end());
  if (!payload.frees_period()) *engagement.add_former_assignments() = lost;
  auto& sought = *engagement.mutable_sought_slots();
  if (std::find(sought.begin(), sought.end(), lost.slot()) == sought.end()) {
    engagement.add_sought_slots(lost.slot());
  }
  engagement.set_loss_count(engagement.loss_count() + 1);
  engagement.set_etag(absl::StrCat(event.sequence()));
  for (const std::string& owner : {lost.expert(), lost.partner()}) {
    Use(states, event, owner, "open", -1);
    if (payload.frees_period()) Use(states, event, owner, lost.period(), -1);
  }
  auto& offer = states.Mutable<v1::Offer>(lost.offer());
  offer.set_state(v1::OFFER_STATE_RELEASED);
  offer.set_etag(absl::StrCat(event.sequence()));
  auto& demand = states.Mutable<v1::Demand>(DemandOf(engagement.request()));
  Uncommit(demand, lost.offer());
  BarFrom(demand, lost);
  // One that is matched is opened again once its request is ready again.
  if (demand.state() != v1::DEMAND_STATE_MATCHED) demand.set_state(StateOf(demand));
  Bump(states);
}

void Apply(MutableStates& states, const Event& event, const v1::TeamRestored& payload) {
  auto& engagement = states.Mutable<v1::Engagement>(event.subject());
  *engagement.mutable_assignments() = payload.assignments();
  engagement.set_lead_partner(payload.lead_partner());
  engagement.mutable_waivers()->MergeFrom(payload.waivers());
  engagement.clear_sought_slots();
  states.Mutable<v1::Demand>(DemandOf(engagement.request())).set_state(v1::DEMAND_STATE_MATCHED);
  Advance(states, event, engagement, payload.state());
}

// Counts a rating for those who served, or (`by` -1) takes it from them.
void Count(MutableStates& states, const Event& event, const v1::Rating& rating, int by) {
  if (rating.points() == 0) return;
  for (const std::string& name : rating.experts()) {
    auto& expert = states.Mutable<v1::Expert>(name);
    expert.set_survey_rating_count(expert.survey_rating_count() + by);
    expert.set_survey_rating_sum(expert.survey_rating_sum() + by * rating.points());
    expert.set_etag(absl::StrCat(event.sequence()));
  }
}

void Apply(MutableStates& states, const Event& event, const v1::RatingTaken& payload) {
  auto& state = states.Mutable<v1::Rating>(event.subject());
  Count(states, event, v1::Rating(state), -1);
  state = payload.rating();
  Count(states, event, payload.rating(), 1);
  Bump(states);
}

void Apply(MutableStates& states, const Event& event, const v1::MeetingCalled& payload) {
  auto& meeting = states.Mutable<v1::Meeting>(event.subject());
  meeting = payload.meeting();
  meeting.set_state(v1::MEETING_STATE_OPEN);
  meeting.set_etag(absl::StrCat(event.sequence()));
}

// The item of a request, in the meeting that an event is about; `payload` is what was said of it.
template <typename Payload>
v1::MeetingItem& ItemOf(MutableStates& states, const Event& event, const Payload& payload) {
  auto& meeting = states.Mutable<v1::Meeting>(event.subject());
  meeting.set_etag(absl::StrCat(event.sequence()));
  meeting.set_said_bytes(meeting.said_bytes() + payload.said_bytes());
  for (v1::MeetingItem& item : *meeting.mutable_items()) {
    if (item.request() == payload.request()) return item;
  }
  return *meeting.add_items();
}

void Apply(MutableStates& states, const Event& event, const v1::MeetingNoted& payload) {
  *ItemOf(states, event, payload).add_notes() = payload.note();
}

void Apply(MutableStates& states, const Event& event, const v1::MeetingVoted& payload) {
  for (auto& slot : *ItemOf(states, event, payload).mutable_slots()) {
    if (slot.slot() != payload.slot()) continue;
    for (auto& candidate : *slot.mutable_candidates()) {
      if (candidate.expert() != payload.expert()) continue;
      auto& votes = *candidate.mutable_votes();
      votes.erase(std::remove_if(votes.begin(), votes.end(),
                                 [&](const v1::Vote& vote) {
                                   return vote.partner() == payload.vote().partner();
                                 }),
                  votes.end());
      *candidate.add_votes() = payload.vote();
    }
  }
}

void Apply(MutableStates& states, const Event& event, const v1::MeetingDecided& payload) {
  *ItemOf(states, event, payload).mutable_decision() = payload.decision();
}

void Apply(MutableStates& states, const Event& event, const v1::MeetingClosed&) {
  auto& meeting = states.Mutable<v1::Meeting>(event.subject());
  meeting.set_state(v1::MEETING_STATE_CLOSED);
  *meeting.mutable_close_time() = event.record_time();
  meeting.set_etag(absl::StrCat(event.sequence()));
}

void Apply(MutableStates& states, const Event& event, const v1::EngagementSettled&) {
  states.Mutable<v1::Engagement>(event.subject()).set_settled(true);
}

// Applies the event where its payload is a `Payload`.
template <typename Payload>
bool TryApply(MutableStates& states, const Event& event, const Message& payload) {
  const auto* typed = dynamic_cast<const Payload*>(&payload);
  if (typed == nullptr) return false;
  Apply(states, event, *typed);
  return true;
}

template <typename... Payloads>
void ApplyOneOf(MutableStates& states, const Event& event, const Message& payload) {
  (TryApply<Payloads>(states, event, payload) || ...);
}

}  // namespace

absl::StatusOr<int64_t> InputsRevision(journal::Journal& journal) {
  const auto inputs = journal.Get<v1::SolverInputs>(kSolverInputs);
  if (inputs.ok()) return inputs->revision();
  if (inputs.status().code() == absl::StatusCode::kNotFound) return 0;
  return inputs.status();
}

std::string DemandOf(absl::string_view request) {
  return absl::StrCat("demands/", absl::StripPrefix(request, "requests/"));
}

std::string CapacityName(absl::string_view owner, absl::string_view period) {
  return absl::StrCat("capacities/", absl::StrReplaceAll(owner, {{"/", "-"}}), "@", period);
}

std::string ImportKeyName(absl::string_view external_id) {
  return absl::StrCat("importKeys/", external_id);
}

std::vector<journal::Projection> MatchingProjections() {
  using v1::Conflict, v1::Demand, v1::Engagement, v1::Expert, v1::Identity, v1::Offer, v1::Proposal;
  return {
      {"partners", "partner", &v1::Partner::default_instance(), {}},
      {"experts",
       "expert",
       &Expert::default_instance(),
       {Column<Expert>("partner", [](const Expert& e) { return e.partner(); }),
        Column<Expert>("active", [](const Expert& e) { return Number(e.active()); }),
        Column<Expert>("home_state", [](const Expert& e) { return e.home_state(); })}},
      {"conflicts",
       "conflict",
       &Conflict::default_instance(),
       {Column<Conflict>("expert", [](const Conflict& c) { return c.expert(); }),
        Column<Conflict>("partner", [](const Conflict& c) { return c.partner(); }),
        Column<Conflict>("agency", [](const Conflict& c) { return c.agency(); })}},
      {"identities",
       "identity",
       &Identity::default_instance(),
       {Column<Identity>("first", [](const Identity& i) { return i.first(); }),
        Column<Identity>("second", [](const Identity& i) { return i.second(); }),
        Column<Identity>("state", [](const Identity& i) { return Number(i.state()); })}},
      {"policies", "policy", &v1::Policy::default_instance(), {}},
      {"solver", "solver", &v1::SolverInputs::default_instance(), {}},
      {"demands",
       "demand",
       &Demand::default_instance(),
       {Column<Demand>("request", [](const Demand& d) { return d.request(); }),
        Column<Demand>("state", [](const Demand& d) { return Number(d.state()); }),
        Column<Demand>("proposal", [](const Demand& d) { return d.proposal(); }),
        Column<Demand>("escalated", [](const Demand& d) { return Number(IsEscalated(d)); })}},
      {"capacities", "capacity", &v1::CapacityUse::default_instance(), {}},
      {"runs", "run", &v1::SolveRun::default_instance(), {}},
      {"proposals",
       "proposal",
       &Proposal::default_instance(),
       {Column<Proposal>("request", [](const Proposal& p) { return p.request(); }),
        Column<Proposal>("state", [](const Proposal& p) { return Number(p.state()); })}},
      {"offers",
       "offer",
       &Offer::default_instance(),
       {Column<Offer>("request", [](const Offer& o) { return o.request(); }),
        Column<Offer>("state", [](const Offer& o) { return Number(o.state()); }),
        Column<Offer>("partner", [](const Offer& o) { return o.assignment().partner(); }),
        Column<Offer>("expert", [](const Offer& o) { return o.assignment().expert(); }),
        Column<Offer>("slot", [](const Offer& o) { return o.assignment().slot(); }),
        Column<Offer>("answer_by", [](const Offer& o) { return o.answer_by(); }),
        Column<Offer>("reminder_count",
                      [](const Offer& o) { return Number(o.reminder_count()); })}},
      {"engagements",
       "engagement",
       &Engagement::default_instance(),
       {Column<Engagement>("request", [](const Engagement& e) { return e.request(); }),
        Column<Engagement>("state", [](const Engagement& e) { return Number(e.state()); }),
        Column<Engagement>("lead_partner", [](const Engagement& e) { return e.lead_partner(); }),
        Column<Engagement>("partners", [](const Engagement& e) { return PartnersOf(e); }),
        Column<Engagement>("settled", [](const Engagement& e) { return Number(e.settled()); }),
        Column<Engagement>("incomplete",
                           [](const Engagement& e) { return Number(!e.sought_slots().empty()); })}},
      {"expertDays", "expert_day", &v1::ExpertDay::default_instance(), {}},
      {"importKeys", "import_key", &v1::ImportKey::default_instance(), {}},
      {"ratings", "rating", &v1::Rating::default_instance(), {}},
      {"meetings",
       "meeting",
       &v1::Meeting::default_instance(),
       {Column<v1::Meeting>("state", [](const v1::Meeting& m) { return Number(m.state()); }),
        Column<v1::Meeting>("date", [](const v1::Meeting& m) { return m.date(); })}},
  };
}

std::vector<store::Migration> MatchingMigrations() {
  return {{1, "matching", kTables},         {2, "matching", kOfferColumns},
          {3, "matching", kPartnersColumn}, {1, "identity", kIdentityTables},
          {1, "ratings", kRatingTables},    {1, "meetings", kMeetingTables},
          {1, "solve", kSolveTables},       {2, "solve", kLeaseTable},
          {3, "solve", kSolveDay},          {1, "days", kDayTables}};
}

void ApplyMatching(MutableStates& states, const Event& event, const Message& payload) {
  ApplyOneOf<v1::PartnerSet, v1::ExpertSet, v1::ConflictSet, v1::IdentityDecided,
             v1::PolicyProposed, v1::PolicyTried, v1::PolicyRejected, v1::PolicySet,
             v1::DemandOpened, v1::DemandChanged, v1::DemandClosed, v1::SolveRecorded,
             v1::ProposalMade, v1::ProposalDecided, v1::OfferAccepted, v1::OfferDeclined,
             v1::OfferReminded, v1::SlotEscalated, v1::SlotReduced, v1::EngagementAgreed,
             v1::DeliveryRecorded, v1::DeliveryAmended, v1::SlotWaived, v1::PlanDrawnUp,
             v1::MilestoneReached, v1::ExpertReleased, v1::TeamRestored, v1::RatingTaken,
             v1::MeetingCalled, v1::MeetingNoted, v1::MeetingVoted, v1::MeetingDecided,
             v1::MeetingClosed, v1::EngagementSettled>(states, event, payload);
}

journal::JournalOptions MatchingJournal() {
  journal::JournalOptions options;
  options.name = "matching";
  options.projections = MatchingProjections();
  options.apply = ApplyMatching;
  options.migrations = MatchingMigrations();
  return options;
}

}  // namespace critac::matching
