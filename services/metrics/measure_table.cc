// The table of measures: what is counted, in words and in code side by side.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/metrics/v1/events.pb.h"
#include "services/metrics/measures.h"

namespace critac::metrics {
namespace {

using intake::v1::ClockType;
using matching::v1::OfferState;
using v1::Dimension;

constexpr char kOwner[] = "program manager";

using EachRow = absl::FunctionRef<void(Row)>;

// ---- What a record says in each dimension ----

void DescribeDay(Row& row, absl::CivilDay day) {
  row.day = day;
  row.dimensions[v1::DIMENSION_MONTH] = {MonthValue(day)};
  row.dimensions[v1::DIMENSION_FISCAL_YEAR] = {FiscalYearValue(day)};
}

void DescribeAgency(Row& row, const AgencyTraits& agency) {
  row.agency = agency.agency;
  if (!agency.state.empty()) row.dimensions[v1::DIMENSION_STATE] = {agency.state};
  row.dimensions[v1::DIMENSION_AGENCY_TYPE] = {AgencyTypeValue(agency.type)};
  row.dimensions[v1::DIMENSION_SIZE_BAND] = {SizeBandValue(agency)};
  row.dimensions[v1::DIMENSION_UNDER_50_SWORN] = {Under50Value(agency)};
}

void DescribeRequest(Row& row, const RequestFacts& request) {
  DescribeAgency(row, request.agency);
  if (!request.primary_topic.empty()) {
    row.dimensions[v1::DIMENSION_TOPIC] = {request.primary_topic};
  }
  row.dimensions[v1::DIMENSION_INITIATIVE] = request.initiatives;
  row.dimensions[v1::DIMENSION_REQUEST_STATE] = {RequestStateValue(request.state)};
}

// By the request behind it; by what the engagement itself says where that is not known.
void DescribeEngagement(Row& row, const Facts& facts, const EngagementFacts& engagement) {
  const RequestFacts* request = FindRequest(facts, engagement.request);
  if (request != nullptr) {
    DescribeRequest(row, *request);
  } else {
    DescribeAgency(row, engagement.agency);
  }
}

// Partners of an engagement, or of one of its slots, each once.
std::vector<std::string> PartnersOf(const EngagementFacts& engagement, absl::string_view slot) {
  std::set<std::string> partners;
  for (const AssignmentFacts& assignment : engagement.assignments) {
    if (!slot.empty() && assignment.slot != slot) continue;
    if (!assignment.partner.empty()) partners.insert(assignment.partner);
  }
  return {partners.begin(), partners.end()};
}

Row NamedRow(absl::string_view name) {
  Row row;
  row.key = row.name = std::string(name);
  return row;
}

// ---- Requests and agencies ----

// A draft was never sent; a duplicate is the same need as another request.
bool Counts(const RequestFacts& request) {
  return request.submit.has_value() && request.state != intake::v1::REQUEST_STATE_DUPLICATE;
}

Row RequestRow(const RequestFacts& request) {
  Row row = NamedRow(request.name);
  DescribeRequest(row, request);
  DescribeDay(row, DayOf(*request.submit));
  row.value = 1;
  return row;
}

void RequestRows(const Facts& facts, EachRow each) {
  for (const auto& [unused, request] : facts.intake.requests) {
    if (Counts(request)) each(RequestRow(request));
  }
}

// Requests that stand in one state.
std::function<void(const Facts&, EachRow)> RequestsIn(intake::v1::RequestState state) {
  return [state](const Facts& facts, EachRow each) {
    for (const auto& [unused, request] : facts.intake.requests) {
      if (request.submit.has_value() && request.state == state) each(RequestRow(request));
    }
  };
}

void NoMatchRows(const Facts& facts, EachRow each) {
  std::set<std::string> engaged;
  for (const auto& [unused, engagement] : facts.matching.engagements) {
    engaged.insert(engagement.request);
  }
  for (const auto& [name, open_slots] : facts.matching.open_slots) {
    const RequestFacts* request = FindRequest(facts, name);
    if (open_slots == 0 || request == nullptr || !Counts(*request)) continue;
    if (!engaged.contains(name)) each(RequestRow(*request));
  }
}

void AgencyRows(const Facts& facts, EachRow each) {
  RequestRows(facts, [&](Row row) {
    row.key = row.name = row.agency;
    each(std::move(row));
  });
}

// Requests of agencies that had asked before: all but each agency's first, by time and then name.
void RepeatAgencyRows(const Facts& facts, EachRow each) {
  std::map<std::string, std::pair<absl::Time, std::string>> first;
  for (const auto& [name, request] : facts.intake.requests) {
    if (!Counts(request)) continue;
    const std::pair<absl::Time, std::string> place(*request.submit, name);
    const auto [known, added] = first.emplace(request.agency.agency, place);
    if (!added) known->second = std::min(known->second, place);
  }
  RequestRows(facts, [&](Row row) {
    if (first[row.agency].second == row.name) return;
    row.key = row.name = row.agency;
    each(std::move(row));
  });
}

// The number now on record, and where that is not known, the number at the time of the request.
void OfficerRows(const Facts& facts, EachRow each) {
  for (const auto& [unused, request] : facts.intake.requests) {
    if (!Counts(request)) continue;
    Row row = RequestRow(request);
    row.key = row.name = row.agency;
    row.value.reset();
    const auto agency = facts.intake.agencies.find(row.agency);
    if (agency != facts.intake.agencies.end() && agency->second.sworn_officers.has_value()) {
      row.value = *agency->second.sworn_officers;
    } else if (request.agency.sworn_officers.has_value()) {
      row.value = *request.agency.sworn_officers;
    }
    each(std::move(row));
  }
}

void ReachedRows(const Facts& facts, EachRow each) {
  for (const auto& [name, agency] : facts.intake.agencies) {
    if (agency.type == type::v1::AGENCY_TYPE_FEDERAL) continue;
    Row row = NamedRow(name);
    DescribeAgency(row, agency);
    row.value = 0;
    each(std::move(row));
  }
  AgencyRows(facts, each);
}

// ---- Clocks ----

// Runs of a clock that ended, by the day on which they did.
void ClockRows(const Facts& facts, ClockType type,
               absl::FunctionRef<void(Row, const ClockRun&)> each) {
  for (const auto& [unused, request] : facts.intake.requests) {
    if (!Counts(request)) continue;
    for (const auto& [key, run] : request.clocks) {
      if (key.first != type || !run.stop.has_value()) continue;
      Row row = RequestRow(request);
      row.key = absl::StrCat(request.name, "@", absl::ToUnixMicros(run.start));
      DescribeDay(row, DayOf(*run.stop));
      each(std::move(row), run);
    }
  }
}

std::function<void(const Facts&, EachRow)> DaysOf(ClockType type) {
  return [type](const Facts& facts, EachRow each) {
    ClockRows(facts, type, [&](Row row, const ClockRun& run) {
      row.value = static_cast<double>(DayOf(*run.stop) - DayOf(run.start));
      each(std::move(row));
    });
  };
}

std::function<void(const Facts&, EachRow)> WithinTarget(ClockType type) {
  return [type](const Facts& facts, EachRow each) {
    ClockRows(facts, type, [&](Row row, const ClockRun& run) {
      row.value.reset();
      if (run.due.has_value()) row.value = DayOf(*run.stop) <= *run.due ? 1 : 0;
      each(std::move(row));
    });
  };
}

// ---- Matching and delivery ----

void OfferRows(const Facts& facts, EachRow each) {
  for (const auto& [name, offer] : facts.matching.offers) {
    Row row = NamedRow(name);
    if (const RequestFacts* request = FindRequest(facts, offer.request)) {
      DescribeRequest(row, *request);
    }
    DescribeDay(row, DayOf(offer.made));
    if (!offer.partner.empty()) row.dimensions[v1::DIMENSION_PARTNER] = {offer.partner};
    row.value = offer.state == matching::v1::OFFER_STATE_ACCEPTED ? 1 : 0;
    each(std::move(row));
  }
}

void AnsweredOfferRows(const Facts& facts, EachRow each) {
  OfferRows(facts, [&](Row row) {
    const OfferState state = facts.matching.offers.at(row.name).state;
    if (state == matching::v1::OFFER_STATE_OPEN || state == matching::v1::OFFER_STATE_WITHDRAWN) {
      return;
    }
    each(std::move(row));
  });
}

void EngagementRows(const Facts& facts, EachRow each) {
  for (const auto& [name, engagement] : facts.matching.engagements) {
    Row row = NamedRow(name);
    DescribeEngagement(row, facts, engagement);
    DescribeDay(row, DayOf(engagement.agreed));
    row.dimensions[v1::DIMENSION_PARTNER] = PartnersOf(engagement, "");
    row.value = 1;
    each(std::move(row));
  }
}

void LoadRows(const Facts& facts, EachRow each) {
  for (const auto& [name, engagement] : facts.matching.engagements) {
    for (const AssignmentFacts& assignment : engagement.assignments) {
      Row row = NamedRow(name);
      row.key = absl::StrCat(name, " ", assignment.slot, " ", assignment.expert);
      DescribeEngagement(row, facts, engagement);
      DescribeDay(row, DayOf(engagement.agreed));
      if (!assignment.partner.empty()) row.dimensions[v1::DIMENSION_PARTNER] = {assignment.partner};
      row.value = 1;
      each(std::move(row));
    }
  }
}

void VisitDeliveries(
    const Facts& facts,
    absl::FunctionRef<void(Row, const EngagementFacts&, const DeliveryFacts&)> each) {
  for (const auto& [name, engagement] : facts.matching.engagements) {
    for (const auto& [id, delivery] : engagement.deliveries) {
      Row row = NamedRow(absl::StrCat(name, "/deliveries/", id));
      DescribeEngagement(row, facts, engagement);
      DescribeDay(row, delivery.day);
      row.dimensions[v1::DIMENSION_PARTNER] = PartnersOf(engagement, delivery.slot);
      if (!delivery.delivery_type.empty()) {
        row.dimensions[v1::DIMENSION_DELIVERY_TYPE] = {delivery.delivery_type};
      }
      row.dimensions[v1::DIMENSION_MODE] = {ModeValue(delivery.mode)};
      row.value = 1;
      each(std::move(row), engagement, delivery);
    }
  }
}

void DeliveryRows(const Facts& facts, EachRow each) {
  VisitDeliveries(
      facts, [&](Row row, const EngagementFacts&, const DeliveryFacts&) { each(std::move(row)); });
}

void ParticipantRows(const Facts& facts, EachRow each) {
  VisitDeliveries(facts, [&](Row row, const EngagementFacts&, const DeliveryFacts& delivery) {
    row.value.reset();
    if (delivery.attendance.has_value()) {
      row.value = static_cast<double>(delivery.attendance->on_site) + delivery.attendance->by_wire;
    }
    each(std::move(row));
  });
}

void HourRows(const Facts& facts, EachRow each) {
  VisitDeliveries(facts, [&](Row row, const EngagementFacts&, const DeliveryFacts& delivery) {
    row.value.reset();
    if (delivery.quarter_hours > 0) row.value = delivery.quarter_hours / 4.0;
    each(std::move(row));
  });
}

// ---- Surveys ----

// Whether it speaks for the agency: consultants rate their own work, and knowledge is measured by
// other questionnaires.
bool SpeaksForAgency(v1::Instrument instrument) {
  return instrument == v1::INSTRUMENT_PARTICIPANT || instrument == v1::INSTRUMENT_REQUESTER;
}

void VisitSurveys(const Facts& facts, absl::FunctionRef<void(Row, const SurveyFacts&)> each) {
  for (const auto& [name, survey] : facts.surveys) {
    if (!SpeaksForAgency(survey.instrument)) continue;
    Row row = NamedRow(name);
    if (const EngagementFacts* engagement =
            FindEngagement(facts, survey.engagement, survey.engagement_external_id)) {
      DescribeEngagement(row, facts, *engagement);
      row.dimensions[v1::DIMENSION_PARTNER] = PartnersOf(*engagement, "");
    }
    DescribeDay(row, survey.day);
    each(std::move(row), survey);
  }
}

void SatisfactionRows(const Facts& facts, EachRow each) {
  VisitSurveys(facts, [&](Row row, const SurveyFacts& survey) {
    if (survey.satisfaction.has_value()) row.value = *survey.satisfaction;
    each(std::move(row));
  });
}

void MetGoalsRows(const Facts& facts, EachRow each) {
  VisitSurveys(facts, [&](Row row, const SurveyFacts& survey) {
    if (survey.met_goals.has_value()) row.value = *survey.met_goals ? 1 : 0;
    each(std::move(row));
  });
}

void ResponseRows(const Facts& facts, EachRow each) {
  std::set<const EngagementFacts*> answered;
  for (const auto& [unused, survey] : facts.surveys) {
    if (!SpeaksForAgency(survey.instrument)) continue;
    answered.insert(FindEngagement(facts, survey.engagement, survey.engagement_external_id));
  }
  VisitDeliveries(facts, [&](Row row, const EngagementFacts& engagement, const DeliveryFacts&) {
    row.key = row.name = engagement.name;
    row.dimensions[v1::DIMENSION_PARTNER] = PartnersOf(engagement, "");
    row.value = answered.contains(&engagement) ? 1 : 0;
    each(std::move(row));
  });
}

// The mean of what is added.
struct Mean {
  double sum = 0;
  int count = 0;
  void Add(double value) {
    sum += value;
    ++count;
  }
  double Value() const { return sum / count; }
};

void KnowledgeRows(const Facts& facts, EachRow each) {
  struct Results {
    Mean pre;
    Mean post;
    absl::CivilDay last = absl::CivilDay::min();
  };
  std::map<std::string, Results> by_engagement;
  for (const auto& [unused, survey] : facts.surveys) {
    const bool pre = survey.instrument == v1::INSTRUMENT_PRE;
    if (!pre && survey.instrument != v1::INSTRUMENT_POST) continue;
    const EngagementFacts* engagement =
        FindEngagement(facts, survey.engagement, survey.engagement_external_id);
    if (engagement == nullptr || !survey.knowledge_percent.has_value()) continue;
    Results& results = by_engagement[engagement->name];
    (pre ? results.pre : results.post).Add(*survey.knowledge_percent);
    results.last = std::max(results.last, survey.day);
  }
  for (const auto& [name, results] : by_engagement) {
    const EngagementFacts& engagement = facts.matching.engagements.at(name);
    Row row = NamedRow(name);
    DescribeEngagement(row, facts, engagement);
    DescribeDay(row, results.last);
    row.dimensions[v1::DIMENSION_PARTNER] = PartnersOf(engagement, "");
    if (results.pre.count > 0 && results.post.count > 0) {
      row.value = results.post.Value() - results.pre.Value();
    }
    each(std::move(row));
  }
}

// ---- The table ----

const std::vector<Dimension>& AgencyDimensions() {
  static const auto& dimensions =
      *new std::vector<Dimension>{v1::DIMENSION_STATE, v1::DIMENSION_AGENCY_TYPE,
                                  v1::DIMENSION_SIZE_BAND, v1::DIMENSION_UNDER_50_SWORN};
  return dimensions;
}

std::vector<Dimension> RequestDimensions(std::vector<Dimension> more = {}) {
  std::vector<Dimension> dimensions = AgencyDimensions();
  for (const Dimension dimension :
       {v1::DIMENSION_TOPIC, v1::DIMENSION_MONTH, v1::DIMENSION_FISCAL_YEAR,
        v1::DIMENSION_REQUEST_STATE, v1::DIMENSION_INITIATIVE}) {
    dimensions.push_back(dimension);
  }
  dimensions.insert(dimensions.end(), more.begin(), more.end());
  std::sort(dimensions.begin(), dimensions.end());
  return dimensions;
}

template <typename... Payloads>
std::vector<std::string> Events() {
  return {Payloads::descriptor()->full_name()...};
}

std::vector<std::string> RequestEvents() {
  return Events<intake::v1::RequestCreated, intake::v1::RequestUpdated,
                intake::v1::RequestTransitioned>();
}

std::vector<std::string> OfferEvents() {
  return Events<matching::v1::ProposalDecided, matching::v1::OfferAccepted,
                matching::v1::OfferDeclined, matching::v1::SlotReduced,
                matching::v1::DemandClosed>();
}

std::vector<std::string> DeliveryEvents() {
  return Events<matching::v1::EngagementAgreed, matching::v1::ExpertReleased,
                matching::v1::TeamRestored, matching::v1::DeliveryRecorded,
                matching::v1::DeliveryAmended>();
}

// Who serves in an engagement.
std::vector<std::string> TeamEvents() {
  return Events<matching::v1::EngagementAgreed, matching::v1::ExpertReleased,
                matching::v1::TeamRestored>();
}

std::vector<std::string> SurveyEvents() {
  return Events<v1::SurveyResponseRecorded, matching::v1::EngagementAgreed,
                matching::v1::ExpertReleased, matching::v1::TeamRestored>();
}

// A measure of the state that requests stand in.
MeasureDefinition StateMeasure(absl::string_view id, absl::string_view title,
                               absl::string_view what, intake::v1::RequestState state) {
  return {.id = std::string(id),
          .title = std::string(title),
          .definition = absl::StrCat("Requests that stand as ", what,
                                     " at the snapshot, by the day of their first submission."),
          .unit = v1::UNIT_COUNT,
          .source_events = RequestEvents(),
          .owner = kOwner,
          .dimensions = RequestDimensions(),
          .rows = RequestsIn(state)};
}

struct ClockWords {
  ClockType type;
  // In an id, `first-contact`.
  absl::string_view id;
  // In a title, `first contact`.
  absl::string_view title;
  // What the clock runs from and to.
  absl::string_view span;
};

constexpr ClockWords kClocks[] = {
    {intake::v1::CLOCK_TYPE_ACKNOWLEDGE, "acknowledge", "acknowledge", "submitted to acknowledged"},
    {intake::v1::CLOCK_TYPE_FIRST_CONTACT, "first-contact", "first contact",
     "submitted to the first contact with the agency: the first question, or the scoping"},
    {intake::v1::CLOCK_TYPE_SCOPE, "scope", "scope", "accepted to a completed scope"},
    {intake::v1::CLOCK_TYPE_MATCH, "match", "match", "ready to matched"},
    {intake::v1::CLOCK_TYPE_PLAN, "plan", "plan", "matched to a plan approved by both sides"},
    {intake::v1::CLOCK_TYPE_FIRST_DELIVERY, "first-delivery", "first delivery",
     "planned to the first delivery"},
    {intake::v1::CLOCK_TYPE_CLOSE, "close", "close", "submitted to closed"},
};

MeasureDefinition DaysMeasure(const ClockWords& clock) {
  return {.id = absl::StrCat("days-to-", clock.id),
          .title = absl::StrCat("Days to ", clock.title),
          .definition = absl::StrCat(
              "Calendar days from ", clock.span,
              ", pauses included: median and 90th percentile by nearest rank over the runs of this "
              "clock that ended, by the day on which they ended. A request that was reopened or "
              "matched again counts with each run. Drafts and duplicates are left out."),
          .unit = v1::UNIT_DAYS,
          .source_events = RequestEvents(),
          .owner = kOwner,
          .dimensions = RequestDimensions(),
          .aggregation = Aggregation::kDistribution,
          .rows = DaysOf(clock.type)};
}

MeasureDefinition TargetMeasure(const ClockWords& clock) {
  return {.id = absl::StrCat("within-target-", clock.id),
          .title = absl::StrCat("Within target: ", clock.title),
          .definition = absl::StrCat(
              "Of the runs of this clock (", clock.span,
              ") that ended and had a target, the share that ended no later than the last day "
              "within it. Targets are in business days and stand still while a request waits for "
              "information or is on hold. By the day on which the run ended."),
          .unit = v1::UNIT_PERCENT,
          .numerator = "runs that ended within their target",
          .denominator = "runs that ended and had a target",
          .source_events = RequestEvents(),
          .owner = kOwner,
          .dimensions = RequestDimensions(),
          .aggregation = Aggregation::kShare,
          .rows = WithinTarget(clock.type)};
}

void AddRequestMeasures(std::vector<MeasureDefinition>& all) {
  all.push_back({.id = "requests",
                 .title = "Requests",
                 .definition =
                     "Requests submitted to the center, by the day of their first submission. "
                     "Drafts are left out, and so are requests marked as a duplicate of another.",
                 .unit = v1::UNIT_COUNT,
                 .source_events = RequestEvents(),
                 .owner = kOwner,
                 .dimensions = RequestDimensions(),
                 .rows = RequestRows});
  all.push_back({.id = "agencies",
                 .title = "Agencies",
                 .definition =
                     "Distinct agencies that submitted a request that counts, however many they "
                     "submitted. Type, size and state are those at the time of the request, so an "
                     "agency that changed stands in two groups, and once in the total.",
                 .unit = v1::UNIT_COUNT,
                 .source_events = RequestEvents(),
                 .owner = kOwner,
                 .dimensions = RequestDimensions(),
                 .rows = AgencyRows});
  all.push_back({.id = "repeat-agencies",
                 .title = "Repeat agencies",
                 .definition =
                     "Distinct agencies that submitted a request that counts after an earlier one, "
                     "whenever that was.",
                 .unit = v1::UNIT_COUNT,
                 .source_events = RequestEvents(),
                 .owner = kOwner,
                 .dimensions = RequestDimensions(),
                 .rows = RepeatAgencyRows});
  std::vector<std::string> officer_events = RequestEvents();
  for (std::string& type : Events<intake::v1::AgencyCreated, intake::v1::AgencyUpdated>()) {
    officer_events.push_back(std::move(type));
  }
  all.push_back(
      {.id = "officers",
       .title = "Officers in agencies served",
       .definition =
           "Sworn officers, full-time and part-time, of the distinct agencies that "
           "submitted a request that counts, each agency once: the number on record at "
           "the snapshot, or else the one at the time of the request. Agencies whose "
           "number is not known are left out and counted as missing; unknown is not zero.",
       .unit = v1::UNIT_COUNT,
       .source_events = officer_events,
       .owner = kOwner,
       .dimensions = RequestDimensions(),
       .aggregation = Aggregation::kSum,
       .rows = OfficerRows});
  all.push_back({.id = "agencies-reached",
                 .title = "Share of agencies reached",
                 .definition =
                     "Of the agencies on record that are not federal, the share that submitted a "
                     "request that counts. It means what the record of agencies is complete for.",
                 .unit = v1::UNIT_PERCENT,
                 .numerator = "agencies that submitted a request",
                 .denominator = "agencies on record, federal ones left out",
                 .source_events = officer_events,
                 .owner = kOwner,
                 .dimensions = AgencyDimensions(),
                 .aggregation = Aggregation::kShare,
                 .rows = ReachedRows});
  all.push_back(StateMeasure("withdrawn", "Withdrawn requests", "withdrawn by the agency",
                             intake::v1::REQUEST_STATE_WITHDRAWN));
  all.push_back(StateMeasure("referred", "Referred requests", "referred to another program",
                             intake::v1::REQUEST_STATE_REFERRED));
  all.push_back(StateMeasure("ineligible", "Ineligible requests", "declined by the center",
                             intake::v1::REQUEST_STATE_INELIGIBLE));
  all.push_back(StateMeasure("duplicates", "Duplicate requests", "a duplicate of another",
                             intake::v1::REQUEST_STATE_DUPLICATE));
  std::vector<std::string> no_match_events = RequestEvents();
  for (std::string& type : Events<matching::v1::ProposalMade, matching::v1::EngagementAgreed>()) {
    no_match_events.push_back(std::move(type));
  }
  all.push_back({.id = "no-match",
                 .title = "Requests without a match",
                 .definition =
                     "Requests that count, whose latest proposal found no expert for at least one "
                     "slot and which no engagement followed, by the day of first submission.",
                 .unit = v1::UNIT_COUNT,
                 .source_events = no_match_events,
                 .owner = kOwner,
                 .dimensions = RequestDimensions(),
                 .rows = NoMatchRows});
}

void AddMatchingMeasures(std::vector<MeasureDefinition>& all) {
  all.push_back({.id = "offers",
                 .title = "Offers",
                 .definition = "Offers made to partners, by the day on which they were made.",
                 .unit = v1::UNIT_COUNT,
                 .source_events = OfferEvents(),
                 .owner = kOwner,
                 .dimensions = RequestDimensions({v1::DIMENSION_PARTNER}),
                 .rows = OfferRows});
  all.push_back({.id = "acceptance-rate",
                 .title = "Acceptance rate",
                 .definition =
                     "Of the offers that were answered or ran out, the share that was accepted, by "
                     "the day on which they were made. Open and withdrawn offers are left out.",
                 .unit = v1::UNIT_PERCENT,
                 .numerator = "offers accepted",
                 .denominator = "offers accepted, declined or expired",
                 .source_events = OfferEvents(),
                 .owner = kOwner,
                 .dimensions = RequestDimensions({v1::DIMENSION_PARTNER}),
                 .aggregation = Aggregation::kShare,
                 .rows = AnsweredOfferRows});
  all.push_back({.id = "load",
                 .title = "Expert assignments",
                 .definition =
                     "Assignments of an expert to a slot of an engagement, by the day on which the "
                     "engagement was agreed; by partner, the load of each.",
                 .unit = v1::UNIT_COUNT,
                 .source_events = TeamEvents(),
                 .owner = kOwner,
                 .dimensions = RequestDimensions({v1::DIMENSION_PARTNER}),
                 .rows = LoadRows});
  all.push_back({.id = "engagements",
                 .title = "Engagements",
                 .definition =
                     "Requests matched with experts who all accepted, by the day on which the last "
                     "one did. One that several partners serve stands with each, and once in the "
                     "total.",
                 .unit = v1::UNIT_COUNT,
                 .source_events = TeamEvents(),
                 .owner = kOwner,
                 .dimensions = RequestDimensions({v1::DIMENSION_PARTNER}),
                 .rows = EngagementRows});
}

void AddDeliveryMeasures(std::vector<MeasureDefinition>& all) {
  const std::vector<Dimension> dimensions =
      RequestDimensions({v1::DIMENSION_PARTNER, v1::DIMENSION_DELIVERY_TYPE, v1::DIMENSION_MODE});
  all.push_back({.id = "deliveries",
                 .title = "Deliveries",
                 .definition = "Sessions and products delivered, by their day. One that several "
                               "partners gave stands with each, and once in the total.",
                 .unit = v1::UNIT_COUNT,
                 .source_events = DeliveryEvents(),
                 .owner = kOwner,
                 .dimensions = dimensions,
                 .rows = DeliveryRows});
  all.push_back({.id = "participants",
                 .title = "Participants",
                 .definition =
                     "People at deliveries, on site and by wire, by the day of the delivery. Who "
                     "came to two deliveries counts twice. Deliveries whose attendance was not "
                     "recorded are left out and counted as missing.",
                 .unit = v1::UNIT_COUNT,
                 .source_events = DeliveryEvents(),
                 .owner = kOwner,
                 .dimensions = dimensions,
                 .aggregation = Aggregation::kSum,
                 .rows = ParticipantRows});
  all.push_back({.id = "hours",
                 .title = "Hours delivered",
                 .definition = "Hours of deliveries, by their day.",
                 .unit = v1::UNIT_HOURS,
                 .source_events = DeliveryEvents(),
                 .owner = kOwner,
                 .dimensions = dimensions,
                 .aggregation = Aggregation::kSum,
                 .rows = HourRows});
}

void AddSurveyMeasures(std::vector<MeasureDefinition>& all) {
  const std::vector<Dimension> dimensions = RequestDimensions({v1::DIMENSION_PARTNER});
  all.push_back({.id = "satisfaction",
                 .title = "Satisfaction",
                 .definition =
                     "Mean satisfaction, 1 to 5 points, of participants and requesters, by the day "
                     "of the answer. Responses without an answer to it are counted as missing.",
                 .unit = v1::UNIT_POINTS,
                 .numerator = "points given",
                 .denominator = "responses that give points",
                 .source_events = SurveyEvents(),
                 .owner = kOwner,
                 .dimensions = dimensions,
                 .aggregation = Aggregation::kMean,
                 .rows = SatisfactionRows});
  all.push_back({.id = "met-goals",
                 .title = "Met its goals",
                 .definition =
                     "Share of participants and requesters who answered that the assistance met "
                     "its goals, by the day of the answer. Responses without an answer to it are "
                     "counted as missing.",
                 .unit = v1::UNIT_PERCENT,
                 .numerator = "responses that say yes",
                 .denominator = "responses that say yes or no",
                 .source_events = SurveyEvents(),
                 .owner = kOwner,
                 .dimensions = dimensions,
                 .aggregation = Aggregation::kShare,
                 .rows = MetGoalsRows});
  std::vector<std::string> response_events = SurveyEvents();
  response_events.push_back(matching::v1::DeliveryRecorded::descriptor()->full_name());
  response_events.push_back(matching::v1::DeliveryAmended::descriptor()->full_name());
  all.push_back({.id = "response-rate",
                 .title = "Engagements heard from",
                 .definition = "Of the engagements with a delivery in the period, the share from "
                               "which at least one participant or requester answered a survey.",
                 .unit = v1::UNIT_PERCENT,
                 .numerator = "engagements with a response",
                 .denominator = "engagements with a delivery",
                 .source_events = response_events,
                 .owner = kOwner,
                 .dimensions = dimensions,
                 .aggregation = Aggregation::kShare,
                 .rows = ResponseRows});
  all.push_back({.id = "knowledge-gain",
                 .title = "Knowledge gain",
                 .definition =
                     "Mean share of right answers after less the mean before, in percentage "
                     "points, averaged over engagements that have both, by the day of the last "
                     "test. Engagements that have only one are counted as missing.",
                 .unit = v1::UNIT_PERCENT,
                 .numerator = "gains of the engagements",
                 .denominator = "engagements with tests before and after",
                 .source_events = SurveyEvents(),
                 .owner = kOwner,
                 .dimensions = dimensions,
                 .aggregation = Aggregation::kMean,
                 .rows = KnowledgeRows});
}

}  // namespace

const std::vector<MeasureDefinition>& Measures() {
  static const auto& measures = *[] {
    auto* all = new std::vector<MeasureDefinition>();
    AddRequestMeasures(*all);
    AddMatchingMeasures(*all);
    AddDeliveryMeasures(*all);
    AddSurveyMeasures(*all);
    for (const ClockWords& clock : kClocks) {
      all->push_back(DaysMeasure(clock));
      all->push_back(TargetMeasure(clock));
    }
    std::sort(all->begin(), all->end(),
              [](const MeasureDefinition& a, const MeasureDefinition& b) { return a.id < b.id; });
    return all;
  }();
  return measures;
}

}  // namespace critac::metrics
