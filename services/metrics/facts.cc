#include "services/metrics/facts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/base/calendar.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/metrics/v1/events.pb.h"

namespace critac::metrics {
namespace {

using google::protobuf::Timestamp;
using journal::v1::Event;

absl::Time TimeOf(const Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// When it happened; where that is not said, when it was recorded.
template <typename Payload>
absl::Time OccurTime(const Payload& payload, const Event& event) {
  return TimeOf(payload.has_occur_time() ? payload.occur_time() : event.record_time());
}

absl::CivilDay DayOrRecorded(absl::string_view date, const Event& event) {
  return ParseDate(date).value_or(DayOf(TimeOf(event.record_time())));
}

AgencyTraits TraitsOf(const type::v1::AgencyProfile& profile) {
  AgencyTraits traits{profile.agency(), profile.type(), profile.size_band(), profile.state(),
                      std::nullopt};
  if (profile.has_sworn_officers()) traits.sworn_officers = profile.sworn_officers();
  return traits;
}

// Officers are known where at least one of the two numbers is; the other then counts as none.
AgencyTraits TraitsOf(const intake::v1::Agency& agency) {
  AgencyTraits traits{agency.name(), agency.type(), agency.size_band(), agency.state(),
                      std::nullopt};
  if (agency.has_sworn_full_time() || agency.has_sworn_part_time()) {
    traits.sworn_officers = agency.sworn_full_time().count() + agency.sworn_part_time().count();
  }
  return traits;
}

void TakeAgency(IntakeFacts& facts, const intake::v1::Agency& agency) {
  facts.agencies[agency.name()] = TraitsOf(agency);
}

void TakeAgencyCreated(Facts& facts, const Event&, const intake::v1::AgencyCreated& payload) {
  TakeAgency(facts.intake, payload.agency());
}

void TakeAgencyUpdated(Facts& facts, const Event&, const intake::v1::AgencyUpdated& payload) {
  TakeAgency(facts.intake, payload.agency());
}

void TakeCatalogEntry(Facts& facts, const Event&, const intake::v1::CatalogEntrySet& payload) {
  const intake::v1::CatalogEntry& entry = payload.entry();
  std::map<std::string, std::string>& titles = facts.intake.titles;
  if (entry.has_topic()) titles[entry.name()] = entry.topic().title();
  if (entry.has_delivery_type()) titles[entry.name()] = entry.delivery_type().title();
  if (entry.has_initiative()) titles[entry.name()] = entry.initiative().title();
}

void TakeRequest(IntakeFacts& facts, RequestFacts& request, const intake::v1::Request& said) {
  request.primary_topic = said.topics().empty() ? "" : said.topics(0);
  request.initiatives.assign(said.initiatives().begin(), said.initiatives().end());
  if (request.agency.agency != said.agency()) {
    const auto known = facts.agencies.find(said.agency());
    request.agency = known == facts.agencies.end() ? AgencyTraits{} : known->second;
    request.agency.agency = said.agency();
  }
}

void TakeRequestCreated(Facts& facts, const Event& event,
                        const intake::v1::RequestCreated& payload) {
  RequestFacts& request = facts.intake.requests[event.subject()];
  request.name = event.subject();
  request.state = intake::v1::REQUEST_STATE_DRAFT;
  if (payload.has_agency_profile()) {
    request.agency = TraitsOf(payload.agency_profile());
    request.agency.agency = payload.request().agency();
  }
  TakeRequest(facts.intake, request, payload.request());
}

void TakeRequestUpdated(Facts& facts, const Event& event,
                        const intake::v1::RequestUpdated& payload) {
  RequestFacts& request = facts.intake.requests[event.subject()];
  request.name = event.subject();
  TakeRequest(facts.intake, request, payload.request());
}

void TakeTransition(Facts& facts, const Event& event,
                    const intake::v1::RequestTransitioned& payload) {
  RequestFacts& request = facts.intake.requests[event.subject()];
  request.name = event.subject();
  request.state = payload.to();
  if (payload.action() == intake::v1::REQUEST_ACTION_SUBMIT && !request.submit.has_value()) {
    request.submit = OccurTime(payload, event);
  }
  for (const intake::v1::Clock& clock : payload.clocks()) {
    const absl::Time start = TimeOf(clock.start_time());
    ClockRun& run = request.clocks[{clock.type(), start}];
    run.start = start;
    run.stop = clock.has_stop_time() ? std::optional(TimeOf(clock.stop_time())) : std::nullopt;
    run.due = ParseDate(clock.due_date());
  }
}

void TakePartner(Facts& facts, const Event&, const matching::v1::PartnerSet& payload) {
  facts.matching.titles[payload.partner().name()] = payload.partner().display_name();
}

void TakeProposal(Facts& facts, const Event&, const matching::v1::ProposalMade& payload) {
  facts.matching.open_slots[payload.proposal().request()] = payload.proposal().open_slots_size();
}

void TakeOffer(Facts& facts, const Event& event, const matching::v1::Offer& said) {
  OfferFacts& offer = facts.matching.offers[said.name()];
  offer.request = said.request();
  offer.partner = said.assignment().partner();
  offer.state = said.state();
  offer.made = TimeOf(said.has_create_time() ? said.create_time() : event.record_time());
}

void TakeDecision(Facts& facts, const Event& event, const matching::v1::ProposalDecided& payload) {
  for (const matching::v1::Offer& offer : payload.offers()) TakeOffer(facts, event, offer);
}

void TakeAccepted(Facts& facts, const Event& event, const matching::v1::OfferAccepted& payload) {
  TakeOffer(facts, event, payload.offer());
}

void TakeDeclined(Facts& facts, const Event& event, const matching::v1::OfferDeclined& payload) {
  TakeOffer(facts, event, payload.offer());
}

void WithdrawOffers(Facts& facts, const google::protobuf::RepeatedPtrField<std::string>& names) {
  for (const std::string& name : names) {
    const auto offer = facts.matching.offers.find(name);
    if (offer == facts.matching.offers.end()) continue;
    offer->second.state = matching::v1::OFFER_STATE_WITHDRAWN;
  }
}

void TakeDemandClosed(Facts& facts, const Event&, const matching::v1::DemandClosed& payload) {
  WithdrawOffers(facts, payload.withdrawn_offers());
}

void TakeSlotReduced(Facts& facts, const Event&, const matching::v1::SlotReduced& payload) {
  WithdrawOffers(facts, payload.withdrawn_offers());
}

void TakeDelivery(EngagementFacts& engagement, const Event& event,
                  const matching::v1::Delivery& said) {
  DeliveryFacts& delivery = engagement.deliveries[said.id()];
  delivery.slot = said.slot();
  delivery.delivery_type = said.delivery_type();
  delivery.mode = said.mode();
  delivery.day = DayOrRecorded(said.date(), event);
  delivery.quarter_hours = said.quarter_hours();
  delivery.attendance.reset();
  if (said.has_attendance()) {
    delivery.attendance =
        AttendanceFacts{said.attendance().on_site(), said.attendance().virtual_()};
  }
}

void TakeEngagement(Facts& facts, const Event& event,
                    const matching::v1::EngagementAgreed& payload) {
  const matching::v1::Engagement& said = payload.engagement();
  EngagementFacts& engagement = facts.matching.engagements[said.name()];
  engagement.name = said.name();
  engagement.request = said.request();
  if (!said.external_id().empty()) {
    facts.matching.imported_engagements[said.external_id()] = said.name();
  }
  engagement.agency = TraitsOf(said.agency());
  engagement.agreed = OccurTime(payload, event);
  engagement.assignments.clear();
  for (const matching::v1::Assignment& assignment : said.assignments()) {
    engagement.assignments.push_back(
        {assignment.slot(), assignment.expert(), assignment.partner()});
  }
  for (const matching::v1::Delivery& delivery : said.deliveries()) {
    TakeDelivery(engagement, event, delivery);
  }
}

void TakeDeliveryRecorded(Facts& facts, const Event& event,
                          const matching::v1::DeliveryRecorded& payload) {
  EngagementFacts& engagement = facts.matching.engagements[payload.engagement()];
  engagement.name = payload.engagement();
  TakeDelivery(engagement, event, payload.delivery());
}

// Counts from this event on. A report of a snapshot of before keeps what it said.
void TakeDeliveryAmended(Facts& facts, const Event& event,
                         const matching::v1::DeliveryAmended& payload) {
  EngagementFacts& engagement = facts.matching.engagements[payload.engagement()];
  engagement.name = payload.engagement();
  TakeDelivery(engagement, event, payload.delivery());
}

// One who was lost before anything was delivered in the slot was not assigned after all.
void TakeExpertReleased(Facts& facts, const Event&, const matching::v1::ExpertReleased& payload) {
  const auto engagement = facts.matching.engagements.find(payload.engagement());
  if (engagement == facts.matching.engagements.end() || !payload.frees_period()) return;
  std::erase_if(engagement->second.assignments, [&](const AssignmentFacts& one) {
    return one.slot == payload.assignment().slot() && one.expert == payload.assignment().expert();
  });
}

void TakeTeamRestored(Facts& facts, const Event&, const matching::v1::TeamRestored& payload) {
  EngagementFacts& engagement = facts.matching.engagements[payload.engagement()];
  engagement.name = payload.engagement();
  for (const matching::v1::Assignment& said : payload.assignments()) {
    const auto is_it = [&](const AssignmentFacts& one) {
      return one.slot == said.slot() && one.expert == said.expert();
    };
    std::vector<AssignmentFacts>& known = engagement.assignments;
    if (std::any_of(known.begin(), known.end(), is_it)) continue;
    known.push_back({said.slot(), said.expert(), said.partner()});
  }
}

void TakeSurvey(Facts& facts, const Event& event, const v1::SurveyResponseRecorded& payload) {
  const v1::SurveyResponse& said = payload.response();
  SurveyFacts& survey = facts.surveys[said.name()];
  survey = SurveyFacts{};
  survey.engagement = said.engagement();
  survey.engagement_external_id = said.engagement_external_id();
  survey.instrument = said.instrument();
  survey.day = DayOrRecorded(said.date(), event);
  if (said.satisfaction() > 0) survey.satisfaction = said.satisfaction();
  if (said.met_goals() != v1::YES_NO_UNSPECIFIED) {
    survey.met_goals = said.met_goals() == v1::YES_NO_YES;
  }
  if (said.has_knowledge_percent()) survey.knowledge_percent = said.knowledge_percent();
}

// A type of interest: what its payload is, and how it is taken in.
struct Taker {
  const google::protobuf::Message* prototype;
  void (*take)(Facts&, const Event&, const google::protobuf::Message&);
};

template <typename Payload, void (*take)(Facts&, const Event&, const Payload&)>
void TakeMessage(Facts& facts, const Event& event, const google::protobuf::Message& payload) {
  take(facts, event, static_cast<const Payload&>(payload));
}

template <typename Payload, void (*take)(Facts&, const Event&, const Payload&)>
std::pair<const std::string, Taker> TakerOf() {
  return {Payload::descriptor()->full_name(),
          {&Payload::default_instance(), &TakeMessage<Payload, take>}};
}

const absl::flat_hash_map<std::string, Taker>& Takers() {
  static const auto& takers = *new absl::flat_hash_map<std::string, Taker>{
      TakerOf<intake::v1::AgencyCreated, TakeAgencyCreated>(),
      TakerOf<intake::v1::AgencyUpdated, TakeAgencyUpdated>(),
      TakerOf<intake::v1::CatalogEntrySet, TakeCatalogEntry>(),
      TakerOf<intake::v1::RequestCreated, TakeRequestCreated>(),
      TakerOf<intake::v1::RequestUpdated, TakeRequestUpdated>(),
      TakerOf<intake::v1::RequestTransitioned, TakeTransition>(),
      TakerOf<matching::v1::PartnerSet, TakePartner>(),
      TakerOf<matching::v1::ProposalMade, TakeProposal>(),
      TakerOf<matching::v1::ProposalDecided, TakeDecision>(),
      TakerOf<matching::v1::OfferAccepted, TakeAccepted>(),
      TakerOf<matching::v1::OfferDeclined, TakeDeclined>(),
      TakerOf<matching::v1::DemandClosed, TakeDemandClosed>(),
      TakerOf<matching::v1::SlotReduced, TakeSlotReduced>(),
      TakerOf<matching::v1::EngagementAgreed, TakeEngagement>(),
      TakerOf<matching::v1::ExpertReleased, TakeExpertReleased>(),
      TakerOf<matching::v1::TeamRestored, TakeTeamRestored>(),
      TakerOf<matching::v1::DeliveryRecorded, TakeDeliveryRecorded>(),
      TakerOf<matching::v1::DeliveryAmended, TakeDeliveryAmended>(),
      TakerOf<v1::SurveyResponseRecorded, TakeSurvey>(),
  };
  return takers;
}

}  // namespace

const google::protobuf::Message* PayloadOfInterest(absl::string_view type) {
  const auto taker = Takers().find(type);
  return taker == Takers().end() ? nullptr : taker->second.prototype;
}

void Take(Facts& facts, const Event& event, const google::protobuf::Message& payload) {
  const auto taker = Takers().find(payload.GetDescriptor()->full_name());
  if (taker != Takers().end()) taker->second.take(facts, event, payload);
}

const EngagementFacts* FindEngagement(const Facts& facts, absl::string_view name,
                                      absl::string_view external_id) {
  const MatchingFacts& matching = facts.matching;
  std::string key(name);
  if (key.empty()) {
    const auto imported = matching.imported_engagements.find(std::string(external_id));
    if (imported != matching.imported_engagements.end()) key = imported->second;
  }
  const auto found = matching.engagements.find(key);
  return found == matching.engagements.end() ? nullptr : &found->second;
}

const RequestFacts* FindRequest(const Facts& facts, absl::string_view name) {
  const auto found = facts.intake.requests.find(std::string(name));
  return found == facts.intake.requests.end() ? nullptr : &found->second;
}

}  // namespace critac::metrics
