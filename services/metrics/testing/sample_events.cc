#include "services/metrics/testing/sample_events.h"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/calendar.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/metrics/v1/events.pb.h"
#include "google/protobuf/util/json_util.h"
#include "services/metrics/wording.h"

namespace critac::metrics::testing {
namespace {

using google::protobuf::util::JsonStringToMessage;
using google::protobuf::util::MessageToJsonString;

constexpr absl::string_view kTopics[][2] = {
    {"topics/de-escalation", "De-escalation"},
    {"topics/active-shooter", "Active shooter response"},
    {"topics/wellness", "Officer safety and wellness"},
    {"topics/crisis", "Crisis intervention"},
    {"topics/community", "Community engagement"},
    {"topics/analysis", "Crime analysis"},
    {"topics/sharing", "Intelligence and information sharing"},
    {"topics/school", "School safety"},
    {"topics/hate", "Hate crimes"},
    {"topics/gun", "Gun violence reduction"},
    {"topics/protest", "Protest and demonstration preparation"},
    {"topics/partnership", "Coordination and partnerships"},
    {"topics/pandemic", "Pandemic response"},
    {"topics/border", "Border-sheriff training"},
    {"topics/tribal", "Tribal assistance"},
    {"topics/recruiting", "Recruiting, hiring and retention"},
    {"topics/supervision", "First-line supervision & leadership"},
};

constexpr absl::string_view kPartners[][2] = {
    {"partners/iacp", "International Association of Chiefs of Police"},
    {"partners/fbinaa", "FBI National Academy Associates"},
    {"partners/fop", "Fraternal Order of Police"},
    {"partners/iaclea", "International Association of Campus Law Enforcement Administrators"},
    {"partners/nawlee", "National Association of Women Law Enforcement Executives"},
    {"partners/noble", "National Organization of Black Law Enforcement Executives"},
    {"partners/nsa", "National Sheriffs' Association"},
    {"partners/ntoa", "National Tactical Officers Association"},
};

constexpr absl::string_view kDeliveryTypes[][2] = {
    {"deliveryTypes/in-person", "In-person training"},
    {"deliveryTypes/web", "Web-based training"},
    {"deliveryTypes/coaching", "Virtual coaching"},
    {"deliveryTypes/consultation", "On-site consultation"},
    {"deliveryTypes/facilitation", "Meeting facilitation"},
    {"deliveryTypes/peer", "Peer-to-peer exchange"},
    {"deliveryTypes/policy", "Policy review"},
    {"deliveryTypes/referral", "Resource referral"},
};

type::v1::SizeBand BandOfSworn(int sworn) {
  const std::pair<int, type::v1::SizeBand> ends[] = {
      {1, type::v1::SIZE_BAND_0_1},       {9, type::v1::SIZE_BAND_2_9},
      {24, type::v1::SIZE_BAND_10_24},    {49, type::v1::SIZE_BAND_25_49},
      {99, type::v1::SIZE_BAND_50_99},    {249, type::v1::SIZE_BAND_100_249},
      {999, type::v1::SIZE_BAND_250_999},
  };
  for (const auto& [most, band] : ends) {
    if (sworn <= most) return band;
  }
  return type::v1::SIZE_BAND_1000_PLUS;
}

// Writes the sample program, request after request.
class SampleWriter {
 public:
  explicit SampleWriter(uint64_t seed) : random_(seed) {}

  Program Write() {
    Catalog();
    Agencies();
    for (int i = 0; i < 320; ++i) WriteRequest(i);
    return std::move(program_);
  }

 private:
  int Between(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<uint64_t>(high - low + 1));
  }
  // Small numbers more often than large ones.
  int Skewed(int size) { return std::min(Between(0, size - 1), Between(0, size - 1)); }

  void Catalog() {
    for (const auto& [name, title] : kTopics) {
      intake::v1::CatalogEntrySet set;
      set.mutable_entry()->set_name(std::string(name));
      set.mutable_entry()->mutable_topic()->set_title(std::string(title));
      program_.intake.Add(name, set);
    }
    for (const auto& [name, title] : kDeliveryTypes) {
      intake::v1::CatalogEntrySet set;
      set.mutable_entry()->set_name(std::string(name));
      set.mutable_entry()->mutable_delivery_type()->set_title(std::string(title));
      program_.intake.Add(name, set);
    }
    for (const auto& [name, title] : kPartners) {
      matching::v1::PartnerSet set;
      set.mutable_partner()->set_name(std::string(name));
      set.mutable_partner()->set_display_name(std::string(title));
      program_.matching.Add(name, set);
    }
  }

  void Agencies() {
    const auto& tiles = StateTiles();
    for (int i = 0; i < 260; ++i) {
      const type::v1::AgencyType types[] = {
          type::v1::AGENCY_TYPE_MUNICIPAL,      type::v1::AGENCY_TYPE_SHERIFF,
          type::v1::AGENCY_TYPE_CAMPUS,         type::v1::AGENCY_TYPE_STATE_POLICE,
          type::v1::AGENCY_TYPE_TRIBAL,         type::v1::AGENCY_TYPE_SPECIAL_JURISDICTION,
          type::v1::AGENCY_TYPE_SCHOOL_DISTRICT};
      const type::v1::AgencyType type = types[std::min(Skewed(7), Skewed(7))];
      int sworn = Between(0, 100) < 52 ? Between(1, 49) : Between(50, 400);
      if (Between(0, 19) == 0) sworn = Between(1000, 6000);
      const bool known = Between(0, 29) != 0;
      agencies_.push_back(Profile(absl::StrFormat("agencies/ag-%06d", i), type,
                                  known ? BandOfSworn(sworn) : type::v1::SIZE_BAND_UNKNOWN,
                                  tiles[static_cast<size_t>(Between(0, 55))].code,
                                  known ? sworn : -1));
    }
  }

  void WriteRequest(int index) {
    const std::string name =
        absl::StrFormat("requests/fy%d-%06d", index < 140 ? 25 : 26, index + 1);
    const type::v1::AgencyProfile& agency = agencies_[static_cast<size_t>(Between(0, 259))];
    absl::Time time = index < 140 ? At(2024, 10, 1) + absl::Hours(24 * Between(0, 364))
                                  : At(2025, 10, 1) + absl::Hours(24 * Between(0, 364));
    const absl::Time submitted = time;
    program_.Request(name, agency, submitted, kTopics[Skewed(std::size(kTopics))][0]);
    std::vector<intake::v1::Clock> clocks;
    const auto step = [&](intake::v1::RequestAction action, intake::v1::RequestState to,
                          intake::v1::ClockType clock, absl::Time start, int days, int target) {
      time += absl::Hours(24 * days);
      clocks.push_back(Ran(clock, start, time, FormatDate(DayOf(start) + target)));
      program_.Act(name, action, to, time, clocks);
    };
    step(intake::v1::REQUEST_ACTION_ACKNOWLEDGE, intake::v1::REQUEST_STATE_IN_REVIEW,
         intake::v1::CLOCK_TYPE_ACKNOWLEDGE, submitted, Between(0, 5), 3);
    const int fate = Between(0, 99);
    if (fate < 6) {
      program_.Act(name, intake::v1::REQUEST_ACTION_WITHDRAW, intake::v1::REQUEST_STATE_WITHDRAWN,
                   time, clocks);
      return;
    }
    if (fate < 9) {
      program_.Act(name, intake::v1::REQUEST_ACTION_REFER, intake::v1::REQUEST_STATE_REFERRED, time,
                   clocks);
      return;
    }
    step(intake::v1::REQUEST_ACTION_ACCEPT, intake::v1::REQUEST_STATE_SCOPING,
         intake::v1::CLOCK_TYPE_FIRST_CONTACT, submitted, Between(1, 8), 7);
    step(intake::v1::REQUEST_ACTION_COMPLETE_SCOPING, intake::v1::REQUEST_STATE_READY,
         intake::v1::CLOCK_TYPE_SCOPE, time, Between(5, 30), 21);
    if (fate < 20) return;
    step(intake::v1::REQUEST_ACTION_RECORD_MATCH, intake::v1::REQUEST_STATE_MATCHED,
         intake::v1::CLOCK_TYPE_MATCH, time, Between(3, 25), 14);
    const std::string engagement = absl::StrCat("engagements/en-", index);
    WriteEngagement(engagement, name, agency, time);
    step(intake::v1::REQUEST_ACTION_APPROVE_PLAN, intake::v1::REQUEST_STATE_PLANNED,
         intake::v1::CLOCK_TYPE_PLAN, time, Between(2, 20), 14);
    step(intake::v1::REQUEST_ACTION_START_DELIVERY, intake::v1::REQUEST_STATE_IN_DELIVERY,
         intake::v1::CLOCK_TYPE_FIRST_DELIVERY, time, Between(10, 60), 45);
    WriteDeliveries(engagement, DayOf(time));
    if (fate < 60) return;
    step(intake::v1::REQUEST_ACTION_CLOSE, intake::v1::REQUEST_STATE_CLOSED,
         intake::v1::CLOCK_TYPE_CLOSE, submitted, Between(60, 120), 240);
  }

  void WriteEngagement(const std::string& engagement, const std::string& request,
                       const type::v1::AgencyProfile& agency, absl::Time time) {
    std::vector<std::vector<std::string>> assignments;
    for (int slot = 1; slot <= Between(1, 2); ++slot) {
      const size_t partner = static_cast<size_t>(Skewed(std::size(kPartners)));
      assignments.push_back({absl::StrCat("s", slot), absl::StrCat("experts/e", Between(1, 80)),
                             std::string(kPartners[partner][0])});
      program_.Offer(absl::StrCat("offers/", engagement.substr(12), "-", slot), request,
                     kPartners[partner][0], time - absl::Hours(48),
                     matching::v1::OFFER_STATE_ACCEPTED);
      if (Between(0, 6) == 0) {
        program_.Offer(absl::StrCat("offers/", engagement.substr(12), "-", slot, "x"), request,
                       kPartners[partner][0], time - absl::Hours(96),
                       matching::v1::OFFER_STATE_DECLINED);
      }
    }
    program_.Engage(engagement, request, agency, time, assignments);
  }

  void WriteDeliveries(const std::string& engagement, absl::CivilDay day) {
    for (int i = 1; i <= Between(1, 3); ++i) {
      const int type = Skewed(std::size(kDeliveryTypes));
      const bool on_site = type == 0 || type == 3 || type == 4;
      program_.Deliver(engagement, absl::StrCat("d", i), "s1", kDeliveryTypes[type][0],
                       on_site ? type::v1::DELIVERY_MODE_ON_SITE : type::v1::DELIVERY_MODE_VIRTUAL,
                       day + i, Between(4, 32), Between(0, 12) == 0 ? -1 : Between(1, 40));
    }
    for (int i = 0; i < Between(0, 4); ++i) {
      const int grade = Between(0, 99);
      const int points = grade < 62 ? 5 : grade < 90 ? 4 : grade < 97 ? 3 : grade < 99 ? 2 : 1;
      program_.Survey(Answer(absl::StrCat("surveyResponses/", engagement.substr(12), "-", i),
                             engagement, FormatDate(day + 3), points,
                             Between(0, 99) < 93 ? v1::YES_NO_YES : v1::YES_NO_NO));
    }
  }

  std::mt19937_64 random_;
  Program program_;
  std::vector<type::v1::AgencyProfile> agencies_;
};

}  // namespace

void EventLog::Add(absl::string_view subject, const google::protobuf::Message& payload,
                   absl::Time time) {
  journal::v1::Event& event = events_.emplace_back();
  event.set_sequence(static_cast<int64_t>(events_.size()));
  *event.mutable_record_time() = Stamp(time);
  event.set_actor("coordinator:dana");
  event.set_subject(std::string(subject));
  event.set_type(payload.GetDescriptor()->full_name());
  const auto status = MessageToJsonString(payload, event.mutable_payload());
  if (!status.ok()) std::abort();
}

void TakeEvent(Facts& facts, const journal::v1::Event& event) {
  const google::protobuf::Message* prototype = PayloadOfInterest(event.type());
  if (prototype == nullptr) return;
  const std::unique_ptr<google::protobuf::Message> payload(prototype->New());
  if (!JsonStringToMessage(event.payload(), payload.get()).ok()) std::abort();
  Take(facts, event, *payload);
}

google::protobuf::Timestamp Stamp(absl::Time time) {
  google::protobuf::Timestamp stamp;
  const int64_t micros = absl::ToUnixMicros(time);
  stamp.set_seconds(micros / 1000000);
  stamp.set_nanos(static_cast<int32_t>(micros % 1000000) * 1000);
  return stamp;
}

absl::Time At(int year, int month, int day) {
  return absl::FromCivil(absl::CivilHour(year, month, day, 12), absl::UTCTimeZone());
}

type::v1::AgencyProfile Profile(absl::string_view agency, type::v1::AgencyType type,
                                type::v1::SizeBand band, absl::string_view state, int sworn) {
  type::v1::AgencyProfile profile;
  profile.set_agency(std::string(agency));
  profile.set_type(type);
  profile.set_size_band(band);
  profile.set_state(std::string(state));
  if (sworn >= 0) profile.set_sworn_officers(sworn);
  return profile;
}

void Program::Request(absl::string_view name, const type::v1::AgencyProfile& agency,
                      absl::Time submitted, absl::string_view topic,
                      const std::vector<std::string>& initiatives) {
  intake::v1::RequestCreated created;
  *created.mutable_agency_profile() = agency;
  *created.mutable_occur_time() = Stamp(submitted - absl::Hours(1));
  created.mutable_request()->set_name(std::string(name));
  created.mutable_request()->set_agency(agency.agency());
  if (!topic.empty()) created.mutable_request()->add_topics(std::string(topic));
  for (const std::string& initiative : initiatives) {
    created.mutable_request()->add_initiatives(initiative);
  }
  intake.Add(name, created);
  Act(name, intake::v1::REQUEST_ACTION_SUBMIT, intake::v1::REQUEST_STATE_SUBMITTED, submitted);
}

void Program::Act(absl::string_view request, intake::v1::RequestAction action,
                  intake::v1::RequestState to, absl::Time time,
                  const std::vector<intake::v1::Clock>& clocks) {
  intake::v1::RequestTransitioned transitioned;
  transitioned.set_action(action);
  transitioned.set_to(to);
  *transitioned.mutable_occur_time() = Stamp(time);
  for (const intake::v1::Clock& clock : clocks) *transitioned.add_clocks() = clock;
  intake.Add(request, transitioned);
}

void Program::Engage(absl::string_view name, absl::string_view request,
                     const type::v1::AgencyProfile& agency, absl::Time agreed,
                     const std::vector<std::vector<std::string>>& assignments,
                     absl::string_view external_id) {
  matching::v1::EngagementAgreed payload;
  matching::v1::Engagement& engagement = *payload.mutable_engagement();
  engagement.set_name(std::string(name));
  engagement.set_request(std::string(request));
  engagement.set_external_id(std::string(external_id));
  *engagement.mutable_agency() = agency;
  for (const std::vector<std::string>& parts : assignments) {
    matching::v1::Assignment& assignment = *engagement.add_assignments();
    assignment.set_slot(parts[0]);
    assignment.set_expert(parts[1]);
    assignment.set_partner(parts[2]);
  }
  *payload.mutable_occur_time() = Stamp(agreed);
  matching.Add(name, payload);
}

void Program::Deliver(absl::string_view engagement, absl::string_view id, absl::string_view slot,
                      absl::string_view delivery_type, type::v1::DeliveryMode mode,
                      absl::CivilDay day, int quarter_hours, int people) {
  matching::v1::DeliveryRecorded payload;
  payload.set_engagement(std::string(engagement));
  matching::v1::Delivery& delivery = *payload.mutable_delivery();
  delivery.set_id(std::string(id));
  delivery.set_slot(std::string(slot));
  delivery.set_delivery_type(std::string(delivery_type));
  delivery.set_mode(mode);
  delivery.set_date(FormatDate(day));
  delivery.set_quarter_hours(quarter_hours);
  if (people >= 0) delivery.mutable_attendance()->set_on_site(people);
  matching.Add(engagement, payload);
}

void Program::Offer(absl::string_view name, absl::string_view request, absl::string_view partner,
                    absl::Time made, matching::v1::OfferState state) {
  matching::v1::Offer offer;
  offer.set_name(std::string(name));
  offer.set_request(std::string(request));
  offer.mutable_assignment()->set_partner(std::string(partner));
  offer.set_state(matching::v1::OFFER_STATE_OPEN);
  *offer.mutable_create_time() = Stamp(made);
  matching::v1::ProposalDecided decided;
  *decided.add_offers() = offer;
  matching.Add(name, decided);
  offer.set_state(state);
  if (state == matching::v1::OFFER_STATE_ACCEPTED) {
    matching::v1::OfferAccepted accepted;
    *accepted.mutable_offer() = offer;
    matching.Add(name, accepted);
  } else if (state == matching::v1::OFFER_STATE_WITHDRAWN) {
    matching::v1::DemandClosed closed;
    closed.add_withdrawn_offers(std::string(name));
    matching.Add(request, closed);
  } else if (state != matching::v1::OFFER_STATE_OPEN) {
    matching::v1::OfferDeclined declined;
    *declined.mutable_offer() = offer;
    matching.Add(name, declined);
  }
}

void Program::Survey(const v1::SurveyResponse& response) {
  v1::SurveyResponseRecorded payload;
  *payload.mutable_response() = response;
  metrics.Add(response.name(), payload);
}

Facts Program::Taken() const {
  Facts facts;
  for (const EventLog* log : {&intake, &matching, &metrics}) {
    for (const journal::v1::Event& event : log->events()) TakeEvent(facts, event);
  }
  return facts;
}

intake::v1::Clock Ran(intake::v1::ClockType type, absl::Time start, absl::Time stop,
                      absl::string_view due) {
  intake::v1::Clock clock;
  clock.set_type(type);
  *clock.mutable_start_time() = Stamp(start);
  *clock.mutable_stop_time() = Stamp(stop);
  clock.set_due_date(std::string(due));
  return clock;
}

v1::SurveyResponse Answer(absl::string_view name, absl::string_view engagement,
                          absl::string_view date, int satisfaction, v1::YesNo met_goals,
                          v1::Instrument instrument) {
  v1::SurveyResponse response;
  response.set_name(std::string(name));
  response.set_engagement(std::string(engagement));
  response.set_instrument(instrument);
  response.set_date(std::string(date));
  response.set_satisfaction(satisfaction);
  response.set_met_goals(met_goals);
  return response;
}

Program SampleProgram(uint64_t seed) { return SampleWriter(seed).Write(); }

}  // namespace critac::metrics::testing
