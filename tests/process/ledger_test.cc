// The ledger notices what is missing and what is there twice.
#include "tests/process/ledger.h"

#include <functional>
#include <string>
#include <vector>

#include "critac/intake/v1/events.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "critac/metrics/v1/events.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace critac::testing {
namespace {

using journal::v1::Event;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

void Add(std::vector<Event>& journal, const std::string& subject,
         const google::protobuf::Message& payload) {
  Event& event = journal.emplace_back();
  event.set_sequence(static_cast<int64_t>(journal.size()));
  event.set_subject(subject);
  event.set_type(payload.GetDescriptor()->full_name());
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(payload, event.mutable_payload()).ok());
}

void Act(Journals& all, const std::string& request, intake::v1::RequestAction action) {
  intake::v1::RequestTransitioned taken;
  taken.set_action(action);
  Add(all.intake, request, taken);
}

// `external_id`: empty where it was not imported.
void Create(Journals& all, const std::string& request, const std::string& external_id = "") {
  intake::v1::RequestCreated created;
  created.mutable_request()->set_name(request);
  created.mutable_request()->set_external_id(external_id);
  Add(all.intake, request, created);
}

void Open(Journals& all, const std::string& id) {
  matching::v1::DemandOpened opened;
  opened.mutable_demand()->set_request("requests/" + id);
  Add(all.matching, "demands/" + id, opened);
}

void Close(Journals& all, const std::string& id, const std::string& withdrawn_offer = "") {
  matching::v1::DemandClosed closed;
  closed.set_demand("demands/" + id);
  if (!withdrawn_offer.empty()) closed.add_withdrawn_offers(withdrawn_offer);
  Add(all.matching, "demands/" + id, closed);
}

void Propose(Journals& all, const std::string& request, const std::string& name,
             const std::string& supersedes = "") {
  matching::v1::ProposalMade made;
  made.mutable_proposal()->set_name(name);
  made.mutable_proposal()->set_request(request);
  made.set_supersedes(supersedes);
  Add(all.matching, name, made);
}

matching::v1::Offer OfferFor(const std::string& request, const std::string& name) {
  matching::v1::Offer offer;
  offer.set_name(name);
  offer.set_request(request);
  offer.mutable_assignment()->set_slot("s1");
  return offer;
}

void Decide(Journals& all, const std::string& request, const std::string& proposal,
            const std::string& offer) {
  matching::v1::ProposalDecided decided;
  decided.mutable_proposal()->set_name(proposal);
  decided.mutable_proposal()->set_request(request);
  *decided.add_offers() = OfferFor(request, offer);
  Add(all.matching, proposal, decided);
}

template <typename Answered>
void Answer(Journals& all, const std::string& request, const std::string& offer) {
  Answered answered;
  *answered.mutable_offer() = OfferFor(request, offer);
  Add(all.matching, offer, answered);
}

void TakeBack(Journals& all, const std::string& request, const std::string& offer) {
  matching::v1::OfferDeclined taken_back;
  *taken_back.mutable_offer() = OfferFor(request, offer);
  taken_back.mutable_offer()->set_state(matching::v1::OFFER_STATE_WITHDRAWN);
  Add(all.matching, offer, taken_back);
}

void Agree(Journals& all, const std::string& request, const std::string& engagement) {
  matching::v1::EngagementAgreed agreed;
  agreed.mutable_engagement()->set_name(engagement);
  agreed.mutable_engagement()->set_request(request);
  Add(all.matching, engagement, agreed);
}

template <typename Happened>
void OfEngagement(Journals& all, const std::string& engagement) {
  Happened happened;
  happened.set_engagement(engagement);
  Add(all.matching, engagement, happened);
}

template <typename Happened>
void OfReport(Journals& all, const std::string& report,
              metrics::v1::ReportState state = metrics::v1::REPORT_STATE_DONE) {
  Happened happened;
  happened.mutable_report()->set_name(report);
  happened.mutable_report()->set_state(state);
  Add(all.metrics, report, happened);
}

// A center in which all went well: one request declined once, left by an expert once and taken to
// the end, one withdrawn with an offer out, one imported, one report.
class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() {
    told.ready = {"requests/a", "requests/b"};
    told.withdrawn = {"requests/b"};
    told.accepted = {"offers/2"};
    told.declined = {"offers/1"};
    told.taken_back = {"offers/7"};
    told.delivered = {"engagements/a"};
    told.surveyed = {"engagements/a"};
    told.reports = {"reports/r"};
    told.imported = {"legacy:1"};
    Create(all, "requests/a");
    Create(all, "requests/b");
    Create(all, "requests/p", "legacy:1");
    Act(all, "requests/a", intake::v1::REQUEST_ACTION_COMPLETE_SCOPING);
    Act(all, "requests/b", intake::v1::REQUEST_ACTION_COMPLETE_SCOPING);
    Open(all, "a");
    Open(all, "b");
    Propose(all, "requests/a", "proposals/1");
    Propose(all, "requests/a", "proposals/2", "proposals/1");
    Decide(all, "requests/a", "proposals/2", "offers/1");
    Answer<matching::v1::OfferDeclined>(all, "requests/a", "offers/1");
    Propose(all, "requests/a", "proposals/7");
    Decide(all, "requests/a", "proposals/7", "offers/7");
    TakeBack(all, "requests/a", "offers/7");
    Propose(all, "requests/a", "proposals/3");
    Decide(all, "requests/a", "proposals/3", "offers/2");
    Answer<matching::v1::OfferAccepted>(all, "requests/a", "offers/2");
    Agree(all, "requests/a", "engagements/a");
    Act(all, "requests/a", intake::v1::REQUEST_ACTION_RECORD_MATCH);
    OfEngagement<matching::v1::DeliveryRecorded>(all, "engagements/a");
    Act(all, "requests/a", intake::v1::REQUEST_ACTION_START_DELIVERY);
    Act(all, "requests/a", intake::v1::REQUEST_ACTION_COMPLETE_DELIVERY);
    OfEngagement<matching::v1::EngagementSettled>(all, "engagements/a");
    Propose(all, "requests/b", "proposals/4");
    Decide(all, "requests/b", "proposals/4", "offers/3");
    Act(all, "requests/b", intake::v1::REQUEST_ACTION_WITHDRAW);
    Close(all, "b", "offers/3");
    metrics::v1::SurveyResponseRecorded surveyed;
    surveyed.mutable_response()->set_engagement("engagements/a");
    Add(all.metrics, "surveyResponses/s", surveyed);
    OfReport<metrics::v1::ReportRequested>(all, "reports/r");
    OfReport<metrics::v1::ReportFinished>(all, "reports/r");
  }

  std::vector<std::string> amiss() const { return Amiss(told, all); }

  // Takes the last event of a type out, and numbers those after it anew, as if it had never been.
  template <typename Happened>
  void Lose(std::vector<Event>& journal, const std::string& holding = "") {
    for (size_t i = journal.size(); i-- > 0;) {
      if (journal[i].type() != Happened::descriptor()->full_name()) continue;
      if (journal[i].payload().find(holding) == std::string::npos) continue;
      journal.erase(journal.begin() + static_cast<ptrdiff_t>(i));
      for (; i < journal.size(); ++i) journal[i].set_sequence(static_cast<int64_t>(i) + 1);
      return;
    }
    ADD_FAILURE() << "there is no " << Happened::descriptor()->full_name();
  }

  Acknowledged told;
  Journals all;
};

TEST_F(LedgerTest, WhereEveryEffectIsThereOnceNothingIsAmiss) { EXPECT_THAT(amiss(), IsEmpty()); }

TEST_F(LedgerTest, ALostEffectIsNoticed) {
  const struct {
    std::function<void()> lose;
    std::string noticed;
  } cases[] = {
      {[&] { Lose<intake::v1::RequestTransitioned>(all.intake, "RECORD_MATCH"); },
       "requests/a is not recorded as matched"},
      {[&] { Lose<intake::v1::RequestTransitioned>(all.intake, "START_DELIVERY"); },
       "requests/a is not recorded as begun"},
      {[&] { Lose<intake::v1::RequestTransitioned>(all.intake, "COMPLETE_DELIVERY"); },
       "requests/a is not recorded as delivered"},
      {[&] { Lose<intake::v1::RequestTransitioned>(all.intake, "WITHDRAW"); },
       "requests/b is not withdrawn"},
      {[&] { Lose<intake::v1::RequestTransitioned>(all.intake, "COMPLETE_SCOPING"); },
       "requests/b is not led to ready"},
      {[&] { Lose<matching::v1::DemandOpened>(all.matching, "requests/a"); },
       "requests/a is not followed by matching"},
      {[&] { Lose<matching::v1::DemandClosed>(all.matching); },
       "requests/b is not let go by matching"},
      {[&] { Lose<matching::v1::OfferAccepted>(all.matching); }, "offers/2 is not accepted"},
      {[&] { Lose<matching::v1::EngagementSettled>(all.matching); },
       "engagements/a is not settled"},
      {[&] { Lose<metrics::v1::SurveyResponseRecorded>(all.metrics); },
       "engagements/a is not surveyed"},
      {[&] { Lose<metrics::v1::ReportFinished>(all.metrics); }, "reports/r is not finished"},
      {[&] { Lose<metrics::v1::ReportRequested>(all.metrics); }, "reports/r is not asked for"},
      {[&] { Lose<intake::v1::RequestCreated>(all.intake, "legacy:1"); },
       "legacy:1 is not imported"},
  };
  const Journals whole = all;
  for (const auto& one : cases) {
    all = whole;
    one.lose();
    EXPECT_THAT(amiss(), ElementsAre(one.noticed));
  }
  all = whole;
  Lose<matching::v1::DeliveryRecorded>(all.matching);
  EXPECT_THAT(amiss(), ElementsAre("engagements/a is not delivered"));
}

TEST_F(LedgerTest, ADoubledEffectIsNoticed) {
  const struct {
    std::function<void()> again;
    std::string noticed;
  } cases[] = {
      {[&] { Act(all, "requests/a", intake::v1::REQUEST_ACTION_RECORD_MATCH); },
       "requests/a is recorded as matched 2 times"},
      {[&] { Act(all, "requests/a", intake::v1::REQUEST_ACTION_COMPLETE_DELIVERY); },
       "requests/a is recorded as delivered 2 times"},
      {[&] { Open(all, "a"); }, "requests/a is followed by matching 2 times"},
      {[&] { Close(all, "b"); }, "requests/b is let go by matching 2 times"},
      {[&] { Answer<matching::v1::OfferAccepted>(all, "requests/a", "offers/2"); },
       "offers/2 is accepted 2 times"},
      {[&] { Agree(all, "requests/a", "engagements/a"); }, "requests/a is agreed 2 times"},
      {[&] { OfEngagement<matching::v1::DeliveryRecorded>(all, "engagements/a"); },
       "engagements/a is delivered 2 times"},
      {[&] { OfEngagement<matching::v1::EngagementSettled>(all, "engagements/a"); },
       "engagements/a is settled 2 times"},
      {[&] { OfReport<metrics::v1::ReportFinished>(all, "reports/r"); },
       "reports/r is finished 2 times"},
      {[&] { Create(all, "requests/q", "legacy:1"); }, "legacy:1 is imported 2 times"},
  };
  const Journals whole = all;
  for (const auto& one : cases) {
    all = whole;
    one.again();
    EXPECT_THAT(amiss(), ElementsAre(one.noticed));
  }
}

TEST_F(LedgerTest, TwoStandingProposalsOfOneRequestAreNoticed) {
  Propose(all, "requests/b", "proposals/5");
  Propose(all, "requests/b", "proposals/6");
  EXPECT_THAT(amiss(),
              ElementsAre("requests/b has two proposals at once, proposals/5 and proposals/6"));
}

TEST_F(LedgerTest, APlaceThatIsOfferedToTwoAtOnceIsNoticed) {
  Propose(all, "requests/a", "proposals/5");
  Decide(all, "requests/a", "proposals/5", "offers/4");
  EXPECT_THAT(amiss(),
              ElementsAre("requests/a slot s1 is offered twice at once, by offers/2 and offers/4"));
}

TEST_F(LedgerTest, AnOfferThatIsNotTakenBackFromAnExpertWhoLeftIsNoticed) {
  Lose<matching::v1::OfferDeclined>(all.matching, "WITHDRAWN");
  EXPECT_THAT(amiss(),
              ElementsAre("requests/a slot s1 is offered twice at once, by offers/7 and offers/2",
                          "offers/7 is not taken back"));
}

TEST_F(LedgerTest, AnOfferThatIsTakenBackTwiceOrWithoutACauseIsNoticed) {
  TakeBack(all, "requests/a", "offers/7");
  TakeBack(all, "requests/b", "offers/3");
  EXPECT_THAT(amiss(), UnorderedElementsAre("offers/7 is taken back 2 times",
                                            "offers/3 is taken back without a cause"));
}

TEST_F(LedgerTest, AnOfferOfAWithdrawnRequestMayBeTakenBackBeforeOrNot) {
  told.taken_back.insert("offers/3");
  EXPECT_THAT(amiss(), IsEmpty());
  TakeBack(all, "requests/b", "offers/3");
  EXPECT_THAT(amiss(), IsEmpty());
}

TEST_F(LedgerTest, WhatWasRefusedAndHasAnEffectAllTheSameIsNoticed) {
  Open(all, "c");
  Act(all, "requests/c", intake::v1::REQUEST_ACTION_START_DELIVERY);
  Answer<matching::v1::OfferAccepted>(all, "requests/b", "offers/3");
  OfReport<metrics::v1::ReportFinished>(all, "reports/s");
  Create(all, "requests/q", "legacy:2");
  EXPECT_THAT(amiss(), UnorderedElementsAre("requests/c is followed by matching without a cause",
                                            "requests/c is recorded as begun without a cause",
                                            "offers/3 is accepted without a cause",
                                            "reports/s is finished without a cause",
                                            "legacy:2 is imported without a cause"));
}

TEST_F(LedgerTest, AReportThatCouldNotBeMadeIsNoticed) {
  Lose<metrics::v1::ReportFinished>(all.metrics);
  OfReport<metrics::v1::ReportFinished>(all, "reports/r", metrics::v1::REPORT_STATE_FAILED);
  EXPECT_THAT(amiss(), ElementsAre("reports/r could not be made: "));
}

TEST_F(LedgerTest, ANumberThatIsMissingOrThereTwiceIsNoticed) {
  all.intake.back().set_sequence(all.intake.back().sequence() + 1);
  all.metrics.back().set_sequence(1);
  EXPECT_THAT(amiss(), ElementsAre("place 9 of the journal intake has number 10",
                                   "place 3 of the journal metrics has number 1"));
}

}  // namespace
}  // namespace critac::testing
