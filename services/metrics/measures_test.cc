#include "services/metrics/measures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "critac/intake/v1/events.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "services/metrics/testing/sample_events.h"

namespace critac::metrics {
namespace {

using testing::Answer;
using testing::At;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Profile;
using testing::Program;
using testing::Ran;

type::v1::AgencyProfile Municipal(absl::string_view name, absl::string_view state = "UT",
                                  int sworn = 30) {
  return Profile(name, type::v1::AGENCY_TYPE_MUNICIPAL, type::v1::SIZE_BAND_25_49, state, sworn);
}

type::v1::AgencyProfile Campus(absl::string_view name) {
  return Profile(name, type::v1::AGENCY_TYPE_CAMPUS, type::v1::SIZE_BAND_100_249, "NV", 120);
}

MeasureAnswer Ask(const Facts& facts, const MeasureQuery& query) {
  const auto answer = Evaluate(facts, query);
  EXPECT_TRUE(answer.ok()) << query.measure << ": " << answer.status();
  return answer.ok() ? *answer : MeasureAnswer();
}

// The total of a measure, as text: `VALUE of RECORDS, MISSING missing`; `-` for no value.
std::string Total(const Facts& facts, const MeasureQuery& query) {
  const Figure total = Ask(facts, query).total;
  return absl::StrCat(total.value.has_value() ? absl::StrCat(*total.value) : "-", " of ",
                      total.record_count, ", ", total.missing_count, " missing");
}

// The groups of a measure, as text: `A/B=VALUE`.
std::vector<std::string> Groups(const Facts& facts, const MeasureQuery& query) {
  std::vector<std::string> groups;
  for (const Figure& figure : Ask(facts, query).figures) {
    groups.push_back(absl::StrCat(absl::StrJoin(figure.group, "/"), "=",
                                  figure.value.has_value() ? absl::StrCat(*figure.value) : "-"));
  }
  return groups;
}

// ---- The table ----

TEST(Measures, TheTableIsCompleteAndSortedById) {
  std::set<std::string> ids;
  for (const MeasureDefinition& measure : Measures()) {
    SCOPED_TRACE(measure.id);
    EXPECT_TRUE(ids.insert(measure.id).second);
    EXPECT_FALSE(measure.title.empty());
    EXPECT_FALSE(measure.definition.empty());
    EXPECT_NE(measure.unit, v1::UNIT_UNSPECIFIED);
    EXPECT_GE(measure.version, 1);
    EXPECT_FALSE(measure.owner.empty());
    EXPECT_FALSE(measure.dimensions.empty());
    const bool ratio =
        measure.aggregation == Aggregation::kShare || measure.aggregation == Aggregation::kMean;
    EXPECT_EQ(measure.numerator.empty(), !ratio);
    EXPECT_EQ(measure.denominator.empty(), !ratio);
    EXPECT_FALSE(measure.source_events.empty());
    for (const std::string& type : measure.source_events) {
      EXPECT_NE(PayloadOfInterest(type), nullptr) << type;
    }
    EXPECT_EQ(FindMeasure(measure.id), &measure);
    EXPECT_EQ(ToProto(measure).dimensions_size(), static_cast<int>(measure.dimensions.size()));
  }
  EXPECT_TRUE(std::is_sorted(
      Measures().begin(), Measures().end(),
      [](const MeasureDefinition& a, const MeasureDefinition& b) { return a.id < b.id; }));
  for (const char* id : {"requests",
                         "agencies",
                         "repeat-agencies",
                         "officers",
                         "engagements",
                         "deliveries",
                         "participants",
                         "hours",
                         "offers",
                         "acceptance-rate",
                         "load",
                         "satisfaction",
                         "met-goals",
                         "withdrawn",
                         "referred",
                         "ineligible",
                         "no-match",
                         "days-to-first-contact",
                         "days-to-close",
                         "within-target-match"}) {
    EXPECT_NE(FindMeasure(id), nullptr) << id;
  }
  EXPECT_EQ(FindMeasure("request"), nullptr);
  EXPECT_EQ(FindMeasure(""), nullptr);
}

TEST(Measures, EveryMeasureAnswersByEachOfItsDimensionsWithoutAnyFacts) {
  for (const MeasureDefinition& measure : Measures()) {
    for (const v1::Dimension dimension : measure.dimensions) {
      const MeasureAnswer answer = Ask(Facts(), {.measure = measure.id, .group_by = {dimension}});
      EXPECT_THAT(answer.figures, IsEmpty());
      EXPECT_EQ(answer.total.record_count, 0);
      const bool counts =
          measure.aggregation == Aggregation::kCount || measure.aggregation == Aggregation::kSum;
      EXPECT_EQ(answer.total.value, counts ? std::optional<double>(0) : std::nullopt) << measure.id;
    }
  }
}

// ---- Asking ----

TEST(Measures, RefuseWhatTheyDoNotHave) {
  const Facts facts;
  struct Row {
    MeasureQuery query;
    const char* field;
    const char* problem;
  };
  const Row rows[] = {
      {{.measure = "requets"}, "measure", "`requets` is no measure; there are acceptance-rate,"},
      {{.measure = "requests", .group_by = {v1::DIMENSION_STATE, v1::DIMENSION_MODE}},
       "group_by[1]",
       "mode is no dimension of requests; it has topic, state,"},
      {{.measure = "requests", .filter = "mode = VIRTUAL"}, "filter", "`mode` is no dimension"},
      {{.measure = "requests",
        .start = absl::CivilDay(2026, 2, 2),
        .end = absl::CivilDay(2026, 2, 1)},
       "end_date",
       "2026-02-01 is before start_date 2026-02-02"},
  };
  for (const Row& row : rows) {
    const absl::Status status = Evaluate(facts, row.query).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), row.field);
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.problem));
  }
}

TEST(Measures, BothDaysOfAPeriodBelongToIt) {
  Program program;
  for (int day = 1; day <= 4; ++day) {
    program.Request(absl::StrCat("requests/", day), Municipal("agencies/a"), At(2026, 3, day));
  }
  const Facts facts = program.Taken();
  const MeasureAnswer answer = Ask(facts, {.measure = "requests",
                                           .start = absl::CivilDay(2026, 3, 2),
                                           .end = absl::CivilDay(2026, 3, 3),
                                           .lineage_limit = 10});
  EXPECT_THAT(answer.total.records, ElementsAre("requests/2", "requests/3"));
  EXPECT_EQ(Total(facts, {.measure = "requests", .start = absl::CivilDay(2026, 3, 4)}),
            "1 of 1, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "requests", .end = absl::CivilDay(2026, 3, 1)}),
            "1 of 1, 0 missing");
}

TEST(Measures, LineageNamesAsManyRecordsAsAskedFor) {
  Program program;
  program.Request("requests/2", Municipal("agencies/a"), At(2026, 3, 1));
  program.Request("requests/1", Municipal("agencies/a"), At(2026, 3, 1));
  const Facts facts = program.Taken();
  EXPECT_THAT(Ask(facts, {.measure = "requests"}).total.records, IsEmpty());
  EXPECT_THAT(Ask(facts, {.measure = "requests", .lineage_limit = 1}).total.records,
              ElementsAre("requests/1"));
  EXPECT_THAT(Ask(facts, {.measure = "agencies", .lineage_limit = 5}).total.records,
              ElementsAre("agencies/a"));
}

TEST(Measures, GroupsComeByUpToThreeDimensions) {
  Program program;
  program.Request("requests/1", Municipal("agencies/a"), At(2026, 9, 30), "topics/x");
  program.Request("requests/2", Municipal("agencies/b", "NV"), At(2026, 10, 1), "topics/x");
  program.Request("requests/3", Campus("agencies/c"), At(2026, 10, 2));
  const Facts facts = program.Taken();
  EXPECT_THAT(Groups(facts, {.measure = "requests", .group_by = {v1::DIMENSION_FISCAL_YEAR}}),
              ElementsAre("FY2026=1", "FY2027=2"));
  EXPECT_THAT(Groups(facts, {.measure = "requests", .group_by = {v1::DIMENSION_MONTH}}),
              ElementsAre("2026-09=1", "2026-10=2"));
  EXPECT_THAT(
      Groups(facts,
             {.measure = "requests",
              .group_by = {v1::DIMENSION_STATE, v1::DIMENSION_AGENCY_TYPE, v1::DIMENSION_TOPIC}}),
      ElementsAre("NV/CAMPUS/UNKNOWN=1", "NV/MUNICIPAL/topics/x=1", "UT/MUNICIPAL/topics/x=1"));
  EXPECT_THAT(Groups(facts, {.measure = "requests",
                             .group_by = {v1::DIMENSION_SIZE_BAND, v1::DIMENSION_UNDER_50_SWORN},
                             .filter = "state = NV"}),
              ElementsAre("100_249/50_AND_MORE=1", "25_49/UNDER_50=1"));
}

TEST(Measures, ARecordInSeveralGroupsCountsInEachAndOnceInTotal) {
  Program program;
  program.Request("requests/1", Municipal("agencies/a"), At(2026, 1, 1), "",
                  {"initiatives/x", "initiatives/y"});
  program.Request("requests/2", Municipal("agencies/a"), At(2026, 1, 1), "", {"initiatives/x"});
  const Facts facts = program.Taken();
  EXPECT_THAT(Groups(facts, {.measure = "requests", .group_by = {v1::DIMENSION_INITIATIVE}}),
              ElementsAre("initiatives/x=2", "initiatives/y=1"));
  EXPECT_EQ(Total(facts, {.measure = "requests", .group_by = {v1::DIMENSION_INITIATIVE}}),
            "2 of 2, 0 missing");
}

// ---- Requests and agencies ----

TEST(Measures, DraftsAndDuplicatesAreNoRequests) {
  Program program;
  intake::v1::RequestCreated draft;
  draft.mutable_request()->set_agency("agencies/a");
  program.intake.Add("requests/draft", draft);
  program.Request("requests/1", Municipal("agencies/a"), At(2026, 1, 1));
  program.Request("requests/2", Municipal("agencies/b"), At(2026, 1, 1));
  program.Act("requests/2", intake::v1::REQUEST_ACTION_MARK_DUPLICATE,
              intake::v1::REQUEST_STATE_DUPLICATE, At(2026, 1, 2));
  const Facts facts = program.Taken();
  EXPECT_EQ(Total(facts, {.measure = "requests"}), "1 of 1, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "agencies"}), "1 of 1, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "duplicates"}), "1 of 1, 0 missing");
}

TEST(Measures, RequestsByTheStateTheyStandIn) {
  Program program;
  const std::pair<intake::v1::RequestAction, intake::v1::RequestState> ends[] = {
      {intake::v1::REQUEST_ACTION_WITHDRAW, intake::v1::REQUEST_STATE_WITHDRAWN},
      {intake::v1::REQUEST_ACTION_REFER, intake::v1::REQUEST_STATE_REFERRED},
      {intake::v1::REQUEST_ACTION_DECLINE, intake::v1::REQUEST_STATE_INELIGIBLE},
      {intake::v1::REQUEST_ACTION_ACKNOWLEDGE, intake::v1::REQUEST_STATE_IN_REVIEW}};
  for (const auto& [action, state] : ends) {
    const std::string name = absl::StrCat("requests/", state);
    program.Request(name, Municipal("agencies/a"), At(2026, 1, 1));
    program.Act(name, action, state, At(2026, 5, 1));
  }
  const Facts facts = program.Taken();
  EXPECT_EQ(Total(facts, {.measure = "withdrawn"}), "1 of 1, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "referred"}), "1 of 1, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "ineligible"}), "1 of 1, 0 missing");
  EXPECT_THAT(Groups(facts, {.measure = "requests", .group_by = {v1::DIMENSION_REQUEST_STATE}}),
              ElementsAre("INELIGIBLE=1", "IN_REVIEW=1", "REFERRED=1", "WITHDRAWN=1"));
  // By the day of submission, not of the end.
  EXPECT_EQ(Total(facts, {.measure = "withdrawn", .start = absl::CivilDay(2026, 2, 1)}),
            "0 of 0, 0 missing");
}

TEST(Measures, AnAgencyThatAskedTwiceIsOneAgency) {
  Program program;
  program.Request("requests/1", Municipal("agencies/a"), At(2025, 1, 1));
  program.Request("requests/2", Municipal("agencies/a"), At(2026, 1, 1));
  program.Request("requests/3", Municipal("agencies/b"), At(2026, 1, 1));
  const Facts facts = program.Taken();
  EXPECT_EQ(Total(facts, {.measure = "requests"}), "3 of 3, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "agencies"}), "2 of 2, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "repeat-agencies"}), "1 of 1, 0 missing");
  // Its first request was in another year; it still is one that came back.
  EXPECT_EQ(Total(facts, {.measure = "repeat-agencies", .start = absl::CivilDay(2026, 1, 1)}),
            "1 of 1, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "repeat-agencies", .end = absl::CivilDay(2025, 12, 31)}),
            "0 of 0, 0 missing");
}

TEST(Measures, OfTwoRequestsOnTheSameInstantOneIsTheFirst) {
  Program program;
  program.Request("requests/1", Municipal("agencies/a"), At(2025, 1, 1));
  program.Request("requests/2", Municipal("agencies/a"), At(2025, 1, 1));
  EXPECT_EQ(Total(program.Taken(), {.measure = "repeat-agencies"}), "1 of 1, 0 missing");
}

TEST(Measures, OfficersAddUpOverDistinctAgenciesAndUnknownIsNotZero) {
  Program program;
  program.Request("requests/1", Municipal("agencies/a", "UT", 30), At(2026, 1, 1));
  program.Request("requests/2", Municipal("agencies/a", "UT", 30), At(2026, 1, 1));
  program.Request("requests/3", Municipal("agencies/zero", "UT", 0), At(2026, 1, 1));
  program.Request("requests/4", Municipal("agencies/unknown", "UT", -1), At(2026, 1, 1));
  EXPECT_EQ(Total(program.Taken(), {.measure = "officers"}), "30 of 2, 1 missing");
  // What is learned later counts, in place of what was known then.
  for (const auto& [name, count] :
       {std::pair("agencies/a", 31), std::pair("agencies/unknown", 7)}) {
    intake::v1::AgencyUpdated updated;
    updated.mutable_agency()->set_name(name);
    updated.mutable_agency()->mutable_sworn_full_time()->set_count(count);
    program.intake.Add(name, updated);
  }
  EXPECT_EQ(Total(program.Taken(), {.measure = "officers"}), "38 of 3, 0 missing");
}

TEST(Measures, AgenciesReachedAreAShareOfThoseOnRecordWithoutFederalOnes) {
  Program program;
  for (const auto& [name, type] : {std::pair("agencies/a", type::v1::AGENCY_TYPE_MUNICIPAL),
                                   std::pair("agencies/b", type::v1::AGENCY_TYPE_MUNICIPAL),
                                   std::pair("agencies/c", type::v1::AGENCY_TYPE_SHERIFF),
                                   std::pair("agencies/d", type::v1::AGENCY_TYPE_SHERIFF),
                                   std::pair("agencies/f", type::v1::AGENCY_TYPE_FEDERAL)}) {
    intake::v1::AgencyCreated created;
    created.mutable_agency()->set_name(name);
    created.mutable_agency()->set_type(type);
    created.mutable_agency()->set_state("UT");
    program.intake.Add(name, created);
  }
  program.Request("requests/1", Municipal("agencies/a"), At(2026, 1, 1));
  program.Request("requests/2", Municipal("agencies/a"), At(2026, 2, 1));
  const Facts facts = program.Taken();
  EXPECT_EQ(Total(facts, {.measure = "agencies-reached"}), "25 of 4, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "agencies-reached", .start = absl::CivilDay(2026, 3, 1)}),
            "0 of 4, 0 missing");
  EXPECT_THAT(
      Groups(facts, {.measure = "agencies-reached", .group_by = {v1::DIMENSION_AGENCY_TYPE}}),
      ElementsAre("MUNICIPAL=50", "SHERIFF=0"));
}

TEST(Measures, ARequestHasNoMatchWhileItsLatestProposalLeavesASlotOpen) {
  Program program;
  const auto propose = [&program](const std::string& request, int open) {
    matching::v1::ProposalMade made;
    made.mutable_proposal()->set_request(request);
    for (int i = 0; i < open; ++i) made.mutable_proposal()->add_open_slots();
    program.matching.Add(request, made);
  };
  for (const char* name : {"requests/1", "requests/2", "requests/3", "requests/4"}) {
    program.Request(name, Municipal("agencies/a"), At(2026, 1, 1));
  }
  propose("requests/1", 1);
  propose("requests/2", 2);
  propose("requests/2", 0);
  propose("requests/3", 1);
  program.Engage("engagements/3", "requests/3", Municipal("agencies/a"), At(2026, 2, 1), {});
  const MeasureAnswer answer = Ask(program.Taken(), {.measure = "no-match", .lineage_limit = 9});
  EXPECT_THAT(answer.total.records, ElementsAre("requests/1"));
}

// ---- Clocks ----

TEST(Measures, DaysOfAClockAreCalendarDaysByTheDayOfItsEnd) {
  Program program;
  const auto acknowledged = [&program](const char* name, absl::Time from, absl::Time to,
                                       absl::string_view due) {
    program.Request(name, Municipal("agencies/a"), from);
    program.Act(name, intake::v1::REQUEST_ACTION_ACKNOWLEDGE, intake::v1::REQUEST_STATE_IN_REVIEW,
                to, {Ran(intake::v1::CLOCK_TYPE_ACKNOWLEDGE, from, to, due)});
  };
  acknowledged("requests/1", At(2026, 1, 30), At(2026, 2, 2), "2026-02-02");
  acknowledged("requests/2", At(2026, 2, 2), At(2026, 2, 2) + absl::Hours(3), "2026-02-03");
  acknowledged("requests/3", At(2026, 2, 2), At(2026, 2, 12), "2026-02-11");
  acknowledged("requests/4", At(2026, 2, 2), At(2026, 2, 4), "");
  const Facts facts = program.Taken();
  const Figure total = Ask(facts, {.measure = "days-to-acknowledge"}).total;
  EXPECT_EQ(total.value, 2);  // 0, 2, 3, 10
  EXPECT_EQ(total.percentile_90, 10);
  EXPECT_EQ(total.record_count, 4);
  // The last day within the target is within it; the next is not; without a target, no answer.
  EXPECT_EQ(Total(facts, {.measure = "within-target-acknowledge"}),
            absl::StrCat(100.0 * 2 / 3, " of 3, 1 missing"));
  EXPECT_EQ(Ask(facts, {.measure = "days-to-acknowledge", .end = absl::CivilDay(2026, 2, 1)})
                .total.record_count,
            0);
  EXPECT_EQ(Ask(facts, {.measure = "days-to-match"}).total.value, std::nullopt);
}

TEST(Measures, ARequestMatchedTwiceCountsBothTimes) {
  Program program;
  program.Request("requests/1", Municipal("agencies/a"), At(2026, 1, 1));
  program.Act("requests/1", intake::v1::REQUEST_ACTION_RECORD_MATCH,
              intake::v1::REQUEST_STATE_MATCHED, At(2026, 1, 5),
              {Ran(intake::v1::CLOCK_TYPE_MATCH, At(2026, 1, 1), At(2026, 1, 5))});
  program.Act("requests/1", intake::v1::REQUEST_ACTION_RECORD_MATCH,
              intake::v1::REQUEST_STATE_MATCHED, At(2026, 2, 9),
              {Ran(intake::v1::CLOCK_TYPE_MATCH, At(2026, 2, 1), At(2026, 2, 9))});
  const Figure total = Ask(program.Taken(), {.measure = "days-to-match", .lineage_limit = 9}).total;
  EXPECT_EQ(total.record_count, 2);
  EXPECT_EQ(total.value, 4);
  EXPECT_EQ(total.percentile_90, 8);
  EXPECT_THAT(total.records, ElementsAre("requests/1"));
}

TEST(Measures, PercentilesAreByNearestRank) {
  const std::vector<double> five = {15, 20, 35, 40, 50};
  EXPECT_EQ(Percentile(five, 1), 15);
  EXPECT_EQ(Percentile(five, 20), 15);
  EXPECT_EQ(Percentile(five, 21), 20);
  EXPECT_EQ(Percentile(five, 40), 20);
  EXPECT_EQ(Percentile(five, 50), 35);
  EXPECT_EQ(Percentile(five, 100), 50);
  const std::vector<double> four = {1, 2, 3, 4};
  EXPECT_EQ(Percentile(four, 50), 2);
  EXPECT_EQ(Percentile(four, 51), 3);
  EXPECT_EQ(Percentile(four, 90), 4);
  EXPECT_EQ(Percentile({7}, 50), 7);
  // Rank 9 of 10 exactly: no rounding error may make it the tenth.
  EXPECT_EQ(Percentile({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 90), 9);
}

// ---- Matching and delivery ----

TEST(Measures, AcceptanceIsAShareOfOffersThatCameToAnEnd) {
  Program program;
  int number = 0;
  for (const matching::v1::OfferState state :
       {matching::v1::OFFER_STATE_ACCEPTED, matching::v1::OFFER_STATE_ACCEPTED,
        matching::v1::OFFER_STATE_DECLINED, matching::v1::OFFER_STATE_EXPIRED,
        matching::v1::OFFER_STATE_OPEN, matching::v1::OFFER_STATE_WITHDRAWN}) {
    ++number;
    program.Offer(absl::StrCat("offers/", number), "requests/1",
                  number == 3 ? "partners/b" : "partners/a", At(2026, 1, 1), state);
  }
  const Facts facts = program.Taken();
  EXPECT_EQ(Total(facts, {.measure = "offers"}), "6 of 6, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "acceptance-rate"}), "50 of 4, 0 missing");
  EXPECT_THAT(Groups(facts, {.measure = "acceptance-rate", .group_by = {v1::DIMENSION_PARTNER}}),
              ElementsAre(absl::StrCat("partners/a=", 100.0 * 2 / 3), "partners/b=0"));
}

Program OneEngagement() {
  Program program;
  program.Request("requests/1", Municipal("agencies/a"), At(2025, 12, 1), "topics/x");
  program.Engage("engagements/1", "requests/1", Municipal("agencies/a"), At(2026, 1, 1),
                 {{"s1", "experts/1", "partners/a"},
                  {"s1", "experts/2", "partners/b"},
                  {"s2", "experts/1", "partners/a"}});
  program.Deliver("engagements/1", "d1", "s1", "deliveryTypes/web", type::v1::DELIVERY_MODE_VIRTUAL,
                  absl::CivilDay(2026, 2, 1), 6, 20);
  program.Deliver("engagements/1", "d2", "s2", "deliveryTypes/onsite",
                  type::v1::DELIVERY_MODE_ON_SITE, absl::CivilDay(2026, 3, 1), 5, -1);
  return program;
}

TEST(Measures, EngagementsAndTheLoadOfPartners) {
  const Facts facts = OneEngagement().Taken();
  EXPECT_EQ(Total(facts, {.measure = "engagements"}), "1 of 1, 0 missing");
  EXPECT_THAT(Groups(facts, {.measure = "engagements", .group_by = {v1::DIMENSION_PARTNER}}),
              ElementsAre("partners/a=1", "partners/b=1"));
  EXPECT_EQ(Total(facts, {.measure = "load"}), "3 of 3, 0 missing");
  EXPECT_THAT(Groups(facts, {.measure = "load", .group_by = {v1::DIMENSION_PARTNER}}),
              ElementsAre("partners/a=2", "partners/b=1"));
  EXPECT_THAT(Groups(facts, {.measure = "engagements", .group_by = {v1::DIMENSION_TOPIC}}),
              ElementsAre("topics/x=1"));
}

TEST(Measures, DeliveriesParticipantsAndHours) {
  const Facts facts = OneEngagement().Taken();
  EXPECT_EQ(Total(facts, {.measure = "deliveries"}), "2 of 2, 0 missing");
  EXPECT_EQ(Total(facts, {.measure = "participants"}), "20 of 1, 1 missing");
  EXPECT_EQ(Total(facts, {.measure = "hours"}), "2.75 of 2, 0 missing");
  // A delivery is of the partners that serve in its slot.
  EXPECT_THAT(Groups(facts, {.measure = "deliveries", .group_by = {v1::DIMENSION_PARTNER}}),
              ElementsAre("partners/a=2", "partners/b=1"));
  EXPECT_THAT(Groups(facts, {.measure = "hours", .group_by = {v1::DIMENSION_MODE}}),
              ElementsAre("ON_SITE=1.25", "VIRTUAL=1.5"));
  EXPECT_THAT(Groups(facts, {.measure = "participants", .group_by = {v1::DIMENSION_DELIVERY_TYPE}}),
              ElementsAre("deliveryTypes/onsite=-", "deliveryTypes/web=20"));
  EXPECT_THAT(Ask(facts, {.measure = "participants", .lineage_limit = 9}).total.records,
              ElementsAre("engagements/1/deliveries/d1", "engagements/1/deliveries/d2"));
  EXPECT_EQ(Total(facts, {.measure = "deliveries", .start = absl::CivilDay(2026, 2, 2)}),
            "1 of 1, 0 missing");
}

TEST(Measures, HoursAreOfEachPartnerThatServesInTheSlotOfTheDelivery) {
  struct Delivery {
    const char* slot;
    int quarter_hours;
  };
  const struct {
    const char* what;
    std::vector<std::vector<std::string>> assignments;
    std::vector<Delivery> deliveries;
    std::vector<std::string> groups;
    const char* total;
  } kCases[] = {
      {"one partner",
       {{"s1", "experts/1", "partners/a"}},
       {{"s1", 6}, {"s1", 4}},
       {"partners/a=2.5"},
       "2.5 of 2, 0 missing"},
      // In full for each, and once in all.
      {"two partners in a slot",
       {{"s1", "experts/1", "partners/a"}, {"s1", "experts/2", "partners/b"}},
       {{"s1", 6}},
       {"partners/a=1.5", "partners/b=1.5"},
       "1.5 of 1, 0 missing"},
      {"two experts of one partner in a slot",
       {{"s1", "experts/1", "partners/a"}, {"s1", "experts/2", "partners/a"}},
       {{"s1", 6}},
       {"partners/a=1.5"},
       "1.5 of 1, 0 missing"},
      {"a slot for each partner",
       {{"s1", "experts/1", "partners/a"}, {"s2", "experts/2", "partners/b"}},
       {{"s1", 6}, {"s2", 1}},
       {"partners/a=1.5", "partners/b=0.25"},
       "1.75 of 2, 0 missing"},
      {"nobody in the slot",
       {{"s2", "experts/1", "partners/a"}},
       {{"s1", 6}},
       {"UNKNOWN=1.5"},
       "1.5 of 1, 0 missing"},
      {"hours not recorded",
       {{"s1", "experts/1", "partners/a"}, {"s2", "experts/2", "partners/b"}},
       {{"s1", 6}, {"s2", 0}},
       {"partners/a=1.5", "partners/b=-"},
       "1.5 of 1, 1 missing"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.what);
    Program program;
    program.Request("requests/1", Municipal("agencies/a"), At(2025, 12, 1));
    program.Engage("engagements/1", "requests/1", Municipal("agencies/a"), At(2026, 1, 1),
                   c.assignments);
    int number = 0;
    for (const Delivery& delivery : c.deliveries) {
      program.Deliver("engagements/1", absl::StrCat("d", ++number), delivery.slot, "",
                      type::v1::DELIVERY_MODE_ON_SITE, absl::CivilDay(2026, 2, 1),
                      delivery.quarter_hours, 5);
    }
    const Facts facts = program.Taken();
    EXPECT_THAT(Groups(facts, {.measure = "hours", .group_by = {v1::DIMENSION_PARTNER}}),
                ::testing::ElementsAreArray(c.groups));
    EXPECT_EQ(Total(facts, {.measure = "hours"}), c.total);
  }
}

TEST(Measures, AnEngagementOfAnUnknownRequestStandsByWhatItSaysOfTheAgency) {
  Program program;
  program.Engage("engagements/1", "requests/unknown", Campus("agencies/c"), At(2026, 1, 1), {});
  const Facts facts = program.Taken();
  EXPECT_THAT(Groups(facts, {.measure = "engagements",
                             .group_by = {v1::DIMENSION_STATE, v1::DIMENSION_TOPIC,
                                          v1::DIMENSION_PARTNER}}),
              ElementsAre("NV/UNKNOWN/UNKNOWN=1"));
}

// ---- Surveys ----

TEST(Measures, SatisfactionIsOfParticipantsAndRequestersWhoAnswered) {
  Program program = OneEngagement();
  int number = 0;
  const auto survey = [&](v1::Instrument instrument, int points, v1::YesNo goals) {
    program.Survey(Answer(absl::StrCat("surveyResponses/", ++number), "engagements/1", "2026-02-02",
                          points, goals, instrument));
  };
  survey(v1::INSTRUMENT_PARTICIPANT, 5, v1::YES_NO_YES);
  survey(v1::INSTRUMENT_PARTICIPANT, 4, v1::YES_NO_NO);
  survey(v1::INSTRUMENT_PARTICIPANT, 0, v1::YES_NO_YES);
  survey(v1::INSTRUMENT_REQUESTER, 3, v1::YES_NO_UNSPECIFIED);
  survey(v1::INSTRUMENT_CONSULTANT, 1, v1::YES_NO_NO);
  survey(v1::INSTRUMENT_FOLLOW_UP, 1, v1::YES_NO_NO);
  survey(v1::INSTRUMENT_PRE, 1, v1::YES_NO_NO);
  const Facts facts = program.Taken();
  EXPECT_EQ(Total(facts, {.measure = "satisfaction"}), "4 of 3, 1 missing");
  EXPECT_EQ(Total(facts, {.measure = "met-goals"}),
            absl::StrCat(100.0 * 2 / 3, " of 3, 1 missing"));
  EXPECT_THAT(Groups(facts, {.measure = "satisfaction",
                             .group_by = {v1::DIMENSION_PARTNER, v1::DIMENSION_STATE}}),
              ElementsAre("partners/a/UT=4", "partners/b/UT=4"));
}

TEST(Measures, AnImportedResponseIsOfTheEngagementWithThatExternalId) {
  Program program;
  v1::SurveyResponse response = Answer("surveyResponses/1", "", "2024-02-02", 5, v1::YES_NO_YES);
  response.set_engagement_external_id("old:7");
  program.Survey(response);
  EXPECT_THAT(
      Groups(program.Taken(), {.measure = "satisfaction", .group_by = {v1::DIMENSION_STATE}}),
      ElementsAre("UNKNOWN=5"));
  program.Engage("engagements/7", "requests/7", Campus("agencies/c"), At(2024, 1, 1), {}, "old:7");
  EXPECT_THAT(
      Groups(program.Taken(), {.measure = "satisfaction", .group_by = {v1::DIMENSION_STATE}}),
      ElementsAre("NV=5"));
}

TEST(Measures, EngagementsHeardFromAreThoseWithAResponse) {
  Program program = OneEngagement();
  program.Engage("engagements/2", "requests/1", Municipal("agencies/a"), At(2026, 1, 1), {});
  program.Deliver("engagements/2", "d1", "s1", "", type::v1::DELIVERY_MODE_ON_SITE,
                  absl::CivilDay(2026, 2, 1), 4, 5);
  program.Engage("engagements/3", "requests/1", Municipal("agencies/a"), At(2026, 1, 1), {});
  program.Survey(Answer("surveyResponses/1", "engagements/2", "2026-02-02", 5, v1::YES_NO_YES));
  // A consultant's response and one of an engagement without a delivery say nothing here.
  program.Survey(Answer("surveyResponses/2", "engagements/1", "2026-02-02", 5, v1::YES_NO_YES,
                        v1::INSTRUMENT_CONSULTANT));
  program.Survey(Answer("surveyResponses/3", "engagements/3", "2026-02-02", 5, v1::YES_NO_YES));
  EXPECT_EQ(Total(program.Taken(), {.measure = "response-rate"}), "50 of 2, 0 missing");
}

TEST(Measures, KnowledgeGainIsTheMeanAfterLessTheMeanBeforeByEngagement) {
  Program program = OneEngagement();
  program.Engage("engagements/2", "requests/1", Municipal("agencies/a"), At(2026, 1, 1), {});
  program.Engage("engagements/3", "requests/1", Municipal("agencies/a"), At(2026, 1, 1), {});
  int number = 0;
  const auto test = [&](const char* engagement, v1::Instrument instrument, int percent) {
    v1::SurveyResponse response = Answer(absl::StrCat("surveyResponses/", ++number), engagement,
                                         "2026-02-02", 0, v1::YES_NO_UNSPECIFIED, instrument);
    response.set_knowledge_percent(percent);
    program.Survey(response);
  };
  test("engagements/1", v1::INSTRUMENT_PRE, 40);
  test("engagements/1", v1::INSTRUMENT_PRE, 60);
  test("engagements/1", v1::INSTRUMENT_POST, 80);
  test("engagements/2", v1::INSTRUMENT_PRE, 90);
  test("engagements/2", v1::INSTRUMENT_POST, 80);
  test("engagements/3", v1::INSTRUMENT_POST, 100);
  EXPECT_EQ(Total(program.Taken(), {.measure = "knowledge-gain"}), "10 of 2, 1 missing");
}

TEST(Measures, AFigureSaysHowManyAgenciesAreBehindIt) {
  Program program;
  program.Request("requests/1", Municipal("agencies/a"), At(2026, 1, 1));
  program.Request("requests/2", Municipal("agencies/a"), At(2026, 1, 1));
  program.Request("requests/3", Campus("agencies/b"), At(2026, 1, 1));
  const MeasureAnswer answer =
      Ask(program.Taken(), {.measure = "requests", .group_by = {v1::DIMENSION_STATE}});
  EXPECT_EQ(answer.total.agency_count, 2);
  EXPECT_EQ(answer.figures[0].agency_count, 1);
}

TEST(Measures, AFigureTravelsWhole) {
  Figure figure;
  figure.group = {"UT", "TRIBAL"};
  figure.value = 2.5;
  figure.percentile_90 = 9;
  figure.record_count = 3;
  figure.missing_count = 1;
  figure.records = {"requests/1"};
  const v1::MeasureValue value = ToProto(figure);
  EXPECT_THAT(value.group(), ElementsAre("UT", "TRIBAL"));
  EXPECT_EQ(value.value(), 2.5);
  EXPECT_EQ(value.percentile_90(), 9);
  EXPECT_EQ(value.record_count(), 3);
  EXPECT_EQ(value.missing_count(), 1);
  EXPECT_THAT(value.records(), ElementsAre("requests/1"));
  EXPECT_FALSE(ToProto(Figure()).has_value());
  EXPECT_FALSE(ToProto(Figure()).has_percentile_90());
}

// ---- Dimensions ----

TEST(Dimensions, SizeBandsFollowFromTheNumberWhereTheBandIsNotSaid) {
  struct Row {
    type::v1::SizeBand band;
    std::optional<int> sworn;
    const char* value;
    const char* under_50;
  };
  const Row rows[] = {
      {type::v1::SIZE_BAND_25_49, 30, "25_49", "UNDER_50"},
      {type::v1::SIZE_BAND_50_99, 50, "50_99", "50_AND_MORE"},
      {type::v1::SIZE_BAND_UNKNOWN, std::nullopt, "UNKNOWN", "UNKNOWN"},
      {type::v1::SIZE_BAND_UNSPECIFIED, std::nullopt, "UNKNOWN", "UNKNOWN"},
      {type::v1::SIZE_BAND_UNSPECIFIED, 0, "0_1", "UNDER_50"},
      {type::v1::SIZE_BAND_UNSPECIFIED, 1, "0_1", "UNDER_50"},
      {type::v1::SIZE_BAND_UNSPECIFIED, 2, "2_9", "UNDER_50"},
      {type::v1::SIZE_BAND_UNKNOWN, 49, "25_49", "UNDER_50"},
      {type::v1::SIZE_BAND_UNKNOWN, 50, "50_99", "50_AND_MORE"},
      {type::v1::SIZE_BAND_UNKNOWN, 999, "250_999", "50_AND_MORE"},
      {type::v1::SIZE_BAND_UNKNOWN, 1000, "1000_PLUS", "50_AND_MORE"},
  };
  for (const Row& row : rows) {
    AgencyTraits agency;
    agency.size_band = row.band;
    agency.sworn_officers = row.sworn;
    EXPECT_EQ(SizeBandValue(agency), row.value);
    EXPECT_EQ(Under50Value(agency), row.under_50);
  }
}

}  // namespace
}  // namespace critac::metrics
