#include "services/metrics/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "critac/intake/v1/events.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/metrics/v1/events.pb.h"
#include "services/metrics/testing/sample_events.h"

namespace critac::metrics {
namespace {

using testing::At;
using ::testing::ElementsAre;
using ::testing::IsNull;
using ::testing::NotNull;
using testing::Profile;
using testing::Program;
using testing::Ran;
using testing::TakeEvent;

type::v1::AgencyProfile Tribal(absl::string_view name) {
  return Profile(name, type::v1::AGENCY_TYPE_TRIBAL, type::v1::SIZE_BAND_10_24, "UT", 12);
}

intake::v1::Agency Agency(absl::string_view name) {
  intake::v1::Agency agency;
  agency.set_name(std::string(name));
  agency.set_display_name("Blue Mesa Police Department");
  agency.set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
  agency.set_state("NM");
  return agency;
}

TEST(Facts, ARequestIsKnownByWhatItsEventsSay) {
  Program program;
  program.Request("requests/fy26-000001", Tribal("agencies/a"), At(2025, 10, 3), "topics/wellness",
                  {"initiatives/covid-19"});
  const Facts facts = program.Taken();
  const RequestFacts* request = FindRequest(facts, "requests/fy26-000001");
  ASSERT_THAT(request, NotNull());
  EXPECT_EQ(request->primary_topic, "topics/wellness");
  EXPECT_THAT(request->initiatives, ElementsAre("initiatives/covid-19"));
  EXPECT_EQ(request->state, intake::v1::REQUEST_STATE_SUBMITTED);
  EXPECT_EQ(request->submit, At(2025, 10, 3));
  EXPECT_EQ(request->agency.agency, "agencies/a");
  EXPECT_EQ(request->agency.type, type::v1::AGENCY_TYPE_TRIBAL);
  EXPECT_EQ(request->agency.sworn_officers, 12);
  EXPECT_THAT(FindRequest(facts, "requests/fy26-000002"), IsNull());
}

TEST(Facts, ADraftHasNoTimeOfSubmission) {
  Facts facts;
  intake::v1::RequestCreated created;
  created.mutable_request()->set_agency("agencies/a");
  testing::EventLog log("intake");
  log.Add("requests/fy26-000001", created);
  TakeEvent(facts, log.events()[0]);
  EXPECT_EQ(FindRequest(facts, "requests/fy26-000001")->submit, std::nullopt);
}

TEST(Facts, TheFirstSubmissionStaysWhenARequestIsReopenedAndSubmittedAgain) {
  Program program;
  program.Request("requests/r", Tribal("agencies/a"), At(2025, 10, 3));
  program.Act("requests/r", intake::v1::REQUEST_ACTION_WITHDRAW,
              intake::v1::REQUEST_STATE_WITHDRAWN, At(2025, 10, 4));
  program.Act("requests/r", intake::v1::REQUEST_ACTION_SUBMIT, intake::v1::REQUEST_STATE_SUBMITTED,
              At(2026, 10, 9));
  EXPECT_EQ(FindRequest(program.Taken(), "requests/r")->submit, At(2025, 10, 3));
}

TEST(Facts, WithoutATimeOfItsOwnAnEventHappenedWhenItWasRecorded) {
  Facts facts;
  intake::v1::RequestTransitioned submitted;
  submitted.set_action(intake::v1::REQUEST_ACTION_SUBMIT);
  submitted.set_to(intake::v1::REQUEST_STATE_SUBMITTED);
  testing::EventLog log("intake");
  log.Add("requests/r", submitted, At(2026, 2, 1));
  TakeEvent(facts, log.events()[0]);
  EXPECT_EQ(FindRequest(facts, "requests/r")->submit, At(2026, 2, 1));
}

TEST(Facts, ARunOfAClockThatStartsAfreshIsKeptBesideTheOneBefore) {
  Program program;
  program.Request("requests/r", Tribal("agencies/a"), At(2025, 10, 3));
  const intake::v1::Clock first =
      Ran(intake::v1::CLOCK_TYPE_ACKNOWLEDGE, At(2025, 10, 3), At(2025, 10, 6), "2025-10-07");
  const intake::v1::Clock second =
      Ran(intake::v1::CLOCK_TYPE_ACKNOWLEDGE, At(2026, 1, 5), At(2026, 1, 6));
  program.Act("requests/r", intake::v1::REQUEST_ACTION_ACKNOWLEDGE,
              intake::v1::REQUEST_STATE_IN_REVIEW, At(2025, 10, 6), {first});
  program.Act("requests/r", intake::v1::REQUEST_ACTION_REOPEN, intake::v1::REQUEST_STATE_IN_REVIEW,
              At(2026, 1, 6), {second});
  const RequestFacts request = *FindRequest(program.Taken(), "requests/r");
  ASSERT_EQ(request.clocks.size(), 2u);
  const ClockRun& run = request.clocks.at({intake::v1::CLOCK_TYPE_ACKNOWLEDGE, At(2025, 10, 3)});
  EXPECT_EQ(run.stop, At(2025, 10, 6));
  EXPECT_EQ(run.due, absl::CivilDay(2025, 10, 7));
  EXPECT_EQ(request.clocks.at({intake::v1::CLOCK_TYPE_ACKNOWLEDGE, At(2026, 1, 5)}).due,
            std::nullopt);
}

TEST(Facts, AClockThatRunsOnHasNoEnd) {
  Program program;
  program.Request("requests/r", Tribal("agencies/a"), At(2025, 10, 3));
  intake::v1::Clock clock = Ran(intake::v1::CLOCK_TYPE_CLOSE, At(2025, 10, 3), At(2025, 10, 3));
  program.Act("requests/r", intake::v1::REQUEST_ACTION_CLOSE, intake::v1::REQUEST_STATE_CLOSED,
              At(2025, 10, 3), {clock});
  clock.clear_stop_time();
  program.Act("requests/r", intake::v1::REQUEST_ACTION_HOLD, intake::v1::REQUEST_STATE_ON_HOLD,
              At(2025, 10, 4), {clock});
  EXPECT_EQ(FindRequest(program.Taken(), "requests/r")->clocks.begin()->second.stop, std::nullopt);
}

TEST(Facts, OfficersOfAnAgencyAreUnknownUnlessOneOfTheNumbersIs) {
  testing::EventLog log("intake");
  intake::v1::AgencyCreated unknown;
  *unknown.mutable_agency() = Agency("agencies/unknown");
  unknown.mutable_agency()->mutable_civilian()->set_count(9);
  intake::v1::AgencyCreated zero;
  *zero.mutable_agency() = Agency("agencies/zero");
  zero.mutable_agency()->mutable_sworn_full_time()->set_count(0);
  intake::v1::AgencyUpdated both;
  *both.mutable_agency() = Agency("agencies/both");
  both.mutable_agency()->mutable_sworn_full_time()->set_count(20);
  both.mutable_agency()->mutable_sworn_part_time()->set_count(3);
  log.Add("agencies/unknown", unknown);
  log.Add("agencies/zero", zero);
  log.Add("agencies/both", both);
  Facts facts;
  for (const journal::v1::Event& event : log.events()) TakeEvent(facts, event);
  EXPECT_EQ(facts.intake.agencies.at("agencies/unknown").sworn_officers, std::nullopt);
  EXPECT_EQ(facts.intake.agencies.at("agencies/zero").sworn_officers, 0);
  EXPECT_EQ(facts.intake.agencies.at("agencies/both").sworn_officers, 23);
}

TEST(Facts, ARequestMovedToAnotherAgencyTakesWhatIsOnRecordOfIt) {
  Program program;
  intake::v1::AgencyCreated created;
  *created.mutable_agency() = Agency("agencies/b");
  program.intake.Add("agencies/b", created);
  program.Request("requests/r", Tribal("agencies/a"), At(2025, 10, 3), "topics/wellness");
  intake::v1::RequestUpdated updated;
  updated.mutable_request()->set_agency("agencies/b");
  updated.mutable_request()->add_topics("topics/crisis");
  program.intake.Add("requests/r", updated);
  const RequestFacts request = *FindRequest(program.Taken(), "requests/r");
  EXPECT_EQ(request.agency.agency, "agencies/b");
  EXPECT_EQ(request.agency.state, "NM");
  EXPECT_EQ(request.primary_topic, "topics/crisis");
  EXPECT_EQ(request.state, intake::v1::REQUEST_STATE_SUBMITTED);
}

TEST(Facts, AnOfferStandsAsItsLastEventSays) {
  Program program;
  program.Offer("offers/1", "requests/r", "partners/iacp", At(2026, 1, 2),
                matching::v1::OFFER_STATE_ACCEPTED);
  program.Offer("offers/2", "requests/r", "partners/iacp", At(2026, 1, 2),
                matching::v1::OFFER_STATE_DECLINED);
  program.Offer("offers/3", "requests/r", "partners/iacp", At(2026, 1, 2),
                matching::v1::OFFER_STATE_WITHDRAWN);
  program.Offer("offers/4", "requests/r", "partners/iacp", At(2026, 1, 2),
                matching::v1::OFFER_STATE_OPEN);
  const Facts facts = program.Taken();
  EXPECT_EQ(facts.matching.offers.at("offers/1").state, matching::v1::OFFER_STATE_ACCEPTED);
  EXPECT_EQ(facts.matching.offers.at("offers/2").state, matching::v1::OFFER_STATE_DECLINED);
  EXPECT_EQ(facts.matching.offers.at("offers/3").state, matching::v1::OFFER_STATE_WITHDRAWN);
  EXPECT_EQ(facts.matching.offers.at("offers/4").state, matching::v1::OFFER_STATE_OPEN);
  EXPECT_EQ(facts.matching.offers.at("offers/1").made, At(2026, 1, 2));
}

TEST(Facts, AnImportedEngagementIsFoundByTheIdOfThePastRecord) {
  Program program;
  program.Engage("engagements/1", "requests/r", Tribal("agencies/a"), At(2024, 3, 1),
                 {{"s1", "experts/e1", "partners/iacp"}}, "old:77");
  const Facts facts = program.Taken();
  ASSERT_THAT(FindEngagement(facts, "", "old:77"), NotNull());
  EXPECT_EQ(FindEngagement(facts, "", "old:77")->name, "engagements/1");
  EXPECT_EQ(FindEngagement(facts, "engagements/1", ""), FindEngagement(facts, "", "old:77"));
  EXPECT_THAT(FindEngagement(facts, "", "old:78"), IsNull());
  EXPECT_THAT(FindEngagement(facts, "engagements/2", "old:77"), IsNull());
  EXPECT_THAT(FindEngagement(facts, "", ""), IsNull());
}

TEST(Facts, AnOfferTakenBackForFewerPeopleIsWithdrawn) {
  Program program;
  program.Offer("offers/1", "requests/r", "partners/iacp", At(2026, 1, 2),
                matching::v1::OFFER_STATE_OPEN);
  matching::v1::SlotReduced reduced;
  reduced.add_withdrawn_offers("offers/1");
  program.matching.Add("demands/r", reduced, At(2026, 1, 3));
  EXPECT_EQ(program.Taken().matching.offers.at("offers/1").state,
            matching::v1::OFFER_STATE_WITHDRAWN);
}

TEST(Facts, ALostExpertCountsOnlyWhereSomethingWasDeliveredAndTheNewOneDoesToo) {
  for (const bool delivered : {false, true}) {
    Program program;
    program.Engage("engagements/1", "requests/r", Tribal("agencies/a"), At(2026, 1, 2),
                   {{"s1", "experts/e1", "partners/iacp"}, {"s2", "experts/e1", "partners/iacp"}});
    matching::v1::ExpertReleased released;
    released.set_engagement("engagements/1");
    released.mutable_assignment()->set_slot("s1");
    released.mutable_assignment()->set_expert("experts/e1");
    released.set_frees_period(!delivered);
    program.matching.Add("engagements/1", released, At(2026, 1, 3));
    matching::v1::TeamRestored restored;
    restored.set_engagement("engagements/1");
    for (const auto& [slot, expert] : {std::pair("s1", "experts/e2"), {"s2", "experts/e1"}}) {
      auto& assignment = *restored.add_assignments();
      assignment.set_slot(slot);
      assignment.set_expert(expert);
      assignment.set_partner("partners/nsa");
    }
    program.matching.Add("engagements/1", restored, At(2026, 1, 4));
    const Facts facts = program.Taken();
    std::vector<std::string> team;
    for (const auto& one : facts.matching.engagements.at("engagements/1").assignments) {
      team.push_back(one.slot + " " + one.expert);
    }
    if (delivered) {
      EXPECT_THAT(team, ElementsAre("s1 experts/e1", "s2 experts/e1", "s1 experts/e2"));
    } else {
      EXPECT_THAT(team, ElementsAre("s2 experts/e1", "s1 experts/e2"));
    }
  }
}

TEST(Facts, DeliveriesOfAnImportCountOnceWhetherTheyComeWithTheEngagementOrAfterIt) {
  Program program;
  matching::v1::EngagementAgreed agreed;
  agreed.mutable_engagement()->set_name("engagements/1");
  matching::v1::Delivery& delivery = *agreed.mutable_engagement()->add_deliveries();
  delivery.set_id("d1");
  delivery.set_date("2024-05-01");
  delivery.set_quarter_hours(6);
  delivery.mutable_attendance()->set_virtual_(4);
  program.matching.Add("engagements/1", agreed, At(2026, 1, 1));
  program.Deliver("engagements/1", "d1", "s1", "deliveryTypes/web", type::v1::DELIVERY_MODE_VIRTUAL,
                  absl::CivilDay(2024, 5, 1), 8, -1);
  const Facts facts = program.Taken();
  const auto& deliveries = facts.matching.engagements.at("engagements/1").deliveries;
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_EQ(deliveries.at("d1").quarter_hours, 8);
  EXPECT_EQ(deliveries.at("d1").attendance, std::nullopt);
}

TEST(Facts, AnAmendedDeliveryTakesThePlaceOfTheOneWithItsId) {
  Program program;
  program.Deliver("engagements/1", "d1", "s1", "deliveryTypes/web", type::v1::DELIVERY_MODE_VIRTUAL,
                  absl::CivilDay(2025, 10, 1), 8, 12);
  program.Deliver("engagements/1", "d2", "s1", "deliveryTypes/web", type::v1::DELIVERY_MODE_VIRTUAL,
                  absl::CivilDay(2025, 10, 2), 4, -1);
  matching::v1::DeliveryAmended amended;
  amended.set_engagement("engagements/1");
  matching::v1::Delivery& delivery = *amended.mutable_delivery();
  delivery.set_id("d1");
  delivery.set_date("2025-09-30");  // the fiscal year before
  delivery.set_quarter_hours(6);
  delivery.mutable_attendance()->set_on_site(11);
  program.matching.Add("engagements/1", amended, At(2025, 11, 1));
  const Facts facts = program.Taken();
  const auto& deliveries = facts.matching.engagements.at("engagements/1").deliveries;
  ASSERT_EQ(deliveries.size(), 2u);
  EXPECT_EQ(deliveries.at("d1").day, absl::CivilDay(2025, 9, 30));
  EXPECT_EQ(deliveries.at("d1").quarter_hours, 6);
  EXPECT_EQ(deliveries.at("d1").attendance->on_site, 11);
  EXPECT_EQ(deliveries.at("d2").day, absl::CivilDay(2025, 10, 2));
}

TEST(Facts, ASurveyRecordedAgainTakesThePlaceOfTheFirst) {
  Program program;
  program.Survey(
      testing::Answer("surveyResponses/1", "engagements/1", "2026-01-02", 2, v1::YES_NO_NO));
  program.Survey(testing::Answer("surveyResponses/1", "engagements/1", "2026-01-02", 0,
                                 v1::YES_NO_UNSPECIFIED));
  const Facts facts = program.Taken();
  ASSERT_EQ(facts.surveys.size(), 1u);
  EXPECT_EQ(facts.surveys.begin()->second.satisfaction, std::nullopt);
  EXPECT_EQ(facts.surveys.begin()->second.met_goals, std::nullopt);
}

TEST(Facts, TypesOfNoInterestArePassedOver) {
  EXPECT_THAT(PayloadOfInterest("critac.matching.v1.SolveRecorded"), IsNull());
  EXPECT_THAT(PayloadOfInterest("critac.intake.v1.SomethingOfNextYear"), IsNull());
  EXPECT_THAT(PayloadOfInterest("critac.metrics.v1.SurveyResponseRecorded"), NotNull());
  Facts facts;
  Take(facts, journal::v1::Event(), matching::v1::SolveRecorded());
  EXPECT_EQ(facts, Facts());
}

// Goal: how journals interleave on their way must not matter. Method: deal the sample program's
// three journals into random orders that keep each journal's own, and compare with one after the
// other.
TEST(Facts, TheOrderInWhichJournalsArriveDoesNotMatter) {
  const Program program = testing::SampleProgram(11);
  const Facts expected = program.Taken();
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const std::vector<journal::v1::Event>* logs[] = {
        &program.intake.events(), &program.matching.events(), &program.metrics.events()};
    size_t next[] = {0, 0, 0};
    Facts facts;
    for (;;) {
      std::vector<int> left;
      for (int i = 0; i < 3; ++i) {
        if (next[i] < logs[i]->size()) left.push_back(i);
      }
      if (left.empty()) break;
      const int log = left[random() % left.size()];
      TakeEvent(facts, (*logs[log])[next[log]++]);
    }
    EXPECT_TRUE(facts == expected);
  }
}

}  // namespace
}  // namespace critac::metrics
