#include "services/matching/seen_by.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kElm[] = "partners/elm";

v1::Assignment Scored(const std::string& expert, const std::string& partner) {
  v1::Assignment assignment;
  assignment.set_slot("s1");
  assignment.set_expert(absl::StrCat("experts/", expert));
  assignment.set_partner(absl::StrCat("partners/", partner));
  assignment.set_period("2026Q4");
  assignment.set_offer("offers/" + expert);
  assignment.set_score_e6(900'000);
  assignment.add_parts()->set_explanation("rated 4.5000 of 5 with 2 ratings and 0 of the mean");
  return assignment;
}

// An engagement that elm and oak share, of which each has lost somebody.
v1::Engagement Shared() {
  v1::Engagement engagement;
  engagement.set_name("engagements/e00000007");
  *engagement.add_assignments() = Scored("elm1", "elm");
  *engagement.add_assignments() = Scored("oak1", "oak");
  *engagement.add_former_assignments() = Scored("elm2", "elm");
  *engagement.add_former_assignments() = Scored("oak2", "oak");
  return engagement;
}

// A meeting with one request; elm1 and oak1 are on its shortlist.
v1::Meeting OneRequest() {
  v1::Meeting meeting;
  v1::MeetingItem& item = *meeting.add_items();
  item.set_request("requests/fy27-1");
  v1::ShortlistSlot& slot = *item.add_slots();
  slot.set_open_because("1 of 2 people is missing.");
  for (const char* id : {"elm", "oak"}) {
    v1::ShortlistCandidate& candidate = *slot.add_candidates();
    candidate.set_expert(absl::StrCat("experts/", id, "1"));
    candidate.set_partner(absl::StrCat("partners/", id));
    candidate.set_rank(slot.candidates_size());
    candidate.set_score_e6(900'000);
    candidate.add_suspected_conflicts()->set_expert("experts/ash1");
    candidate.set_partner_name(absl::StrCat("Partner ", id));
    v1::DecidedExpert& decided = *item.mutable_decision()->add_experts();
    decided.set_expert(candidate.expert());
    decided.set_partner(candidate.partner());
    decided.set_partner_name(candidate.partner_name());
  }
  return meeting;
}

TEST(SeenBy, OfAnEngagementAPartnerSeesTheScoresOfItsOwnExpertsOnly) {
  const v1::Engagement all = Shared();
  EXPECT_EQ(SeenBy(all, "").SerializeAsString(), all.SerializeAsString());
  const v1::Engagement elm = SeenBy(all, kElm);
  for (const auto* team : {&elm.assignments(), &elm.former_assignments()}) {
    ASSERT_THAT(*team, SizeIs(2));
    EXPECT_EQ(team->at(0).score_e6(), 900'000);
    EXPECT_THAT(team->at(0).parts(), SizeIs(1));
    EXPECT_EQ(team->at(1).score_e6(), 0);
    EXPECT_THAT(team->at(1).parts(), IsEmpty());
    EXPECT_NE(team->at(1).expert(), "") << "who else serves is no secret";
    EXPECT_EQ(team->at(1).period(), "2026Q4");
  }
  EXPECT_EQ(elm.name(), all.name());
}

TEST(SeenBy, OfAnOfferAPartnerSeesTheScoreWhereItIsItsOwn) {
  v1::Offer offer;
  *offer.mutable_assignment() = Scored("elm1", "elm");
  EXPECT_EQ(SeenBy(offer, kElm).SerializeAsString(), offer.SerializeAsString());
  EXPECT_EQ(SeenBy(offer, "").SerializeAsString(), offer.SerializeAsString());
  const v1::Offer others = SeenBy(offer, "partners/oak");
  EXPECT_EQ(others.assignment().score_e6(), 0);
  EXPECT_THAT(others.assignment().parts(), IsEmpty());
}

TEST(SeenBy, OfAMeetingAPartnerSeesNeitherOthersScoresNorWhatKeepsASlotOpen) {
  const v1::Meeting all = SeenBy(OneRequest(), "", {});
  EXPECT_EQ(all.SerializeAsString(), OneRequest().SerializeAsString());
  const v1::Meeting elm = SeenBy(OneRequest(), kElm, {});
  const v1::ShortlistSlot& slot = elm.items(0).slots(0);
  EXPECT_EQ(slot.candidates(0).score_e6(), 900'000);
  EXPECT_EQ(slot.candidates(1).score_e6(), 0);
  EXPECT_EQ(slot.candidates(1).rank(), 2) << "the order is seen";
  for (const v1::ShortlistCandidate& one : slot.candidates()) {
    EXPECT_THAT(one.suspected_conflicts(), IsEmpty())
        << one.expert() << ": it rests on others' records";
  }
  EXPECT_EQ(slot.open_because(), "");
}

TEST(SeenBy, OfAMeetingAPartnerSeesWhoIsConsideredAndWhoWasDecidedOn) {
  const v1::MeetingItem item = SeenBy(OneRequest().items(0), kElm);
  const auto& candidates = item.slots(0).candidates();
  const auto& decided = item.decision().experts();
  ASSERT_THAT(candidates, SizeIs(2));
  ASSERT_THAT(decided, SizeIs(2));
  EXPECT_EQ(candidates[1].expert(), "experts/oak1") << "who else was considered is no secret";
  EXPECT_EQ(decided[1].expert(), "experts/oak1");
  EXPECT_EQ(candidates[1].partner_name(), "Partner oak");
  EXPECT_EQ(decided[1].partner_name(), "Partner oak");
}

TEST(SeenBy, OfAMeetingAPartnerSeesNoDecisionWhereThereIsNone) {
  v1::MeetingItem item = OneRequest().items(0);
  item.clear_decision();
  EXPECT_FALSE(SeenBy(item, kElm).has_decision());
}

TEST(SeenBy, OfAMeetingNobodySeesRequestsThatAreHidden) {
  v1::Meeting meeting = OneRequest();
  for (const char* id : {"fy27-2", "fy27-3"}) {
    meeting.add_items()->set_request(absl::StrCat("requests/", id));
  }
  meeting = SeenBy(meeting, "", {"requests/fy27-1", "requests/fy27-3", "requests/fy27-9"});
  std::vector<std::string> seen;
  for (const v1::MeetingItem& item : meeting.items()) seen.push_back(item.request());
  EXPECT_THAT(seen, ElementsAre("requests/fy27-2"));
}

// A run that made or kept a proposal for each of two requests, and changed both.
v1::SolveRun TwoChanges() {
  v1::SolveRun run;
  run.set_request_count(2);
  for (const char* id : {"1", "2"}) {
    run.add_proposals(absl::StrCat("proposals/p", id));
    run.add_superseded(absl::StrCat("proposals/p0", id));
    run.add_changes()->set_request(absl::StrCat("requests/fy27-", id));
    run.add_dropped()->set_request(absl::StrCat("requests/fy27-", id));
  }
  return run;
}

v1::SimulateResponse TwoPlans() {
  v1::SimulateResponse response;
  *response.mutable_before() = TwoChanges();
  *response.mutable_after() = TwoChanges();
  *response.mutable_recorded() = TwoChanges();
  response.mutable_difference()->set_changed_request_count(2);
  for (const char* id : {"1", "2"}) {
    response.mutable_difference()->add_changes()->set_request(absl::StrCat("requests/fy27-", id));
    response.add_requests()->set_request(absl::StrCat("requests/fy27-", id));
  }
  return response;
}

const Hidden& FirstHidden() {
  static const auto& hidden =
      *new Hidden{{"requests/fy27-1", "requests/fy27-3"}, {"proposals/p01", "proposals/p1"}};
  return hidden;
}

void ExpectTheSecondOnly(const v1::SolveRun& run) {
  EXPECT_THAT(run.proposals(), ElementsAre("proposals/p2"));
  EXPECT_THAT(run.superseded(), ElementsAre("proposals/p02"));
  ASSERT_THAT(run.changes(), SizeIs(1));
  EXPECT_EQ(run.changes(0).request(), "requests/fy27-2");
  ASSERT_THAT(run.dropped(), SizeIs(1));
  EXPECT_EQ(run.dropped(0).request(), "requests/fy27-2");
  EXPECT_EQ(run.request_count(), 2) << "a figure of all";
}

TEST(SeenBy, OfARunNobodySeesLinesAboutHiddenRequests) {
  ExpectTheSecondOnly(SeenBy(TwoChanges(), FirstHidden()));
  EXPECT_EQ(SeenBy(TwoChanges(), Hidden()).SerializeAsString(), TwoChanges().SerializeAsString());
}

TEST(SeenBy, OfASimulationNobodySeesLinesAboutHiddenRequests) {
  const v1::SimulateResponse seen = SeenBy(TwoPlans(), FirstHidden());
  for (const auto* run : {&seen.before(), &seen.after(), &seen.recorded()}) {
    ExpectTheSecondOnly(*run);
  }
  ASSERT_THAT(seen.difference().changes(), SizeIs(1));
  EXPECT_EQ(seen.difference().changes(0).request(), "requests/fy27-2");
  EXPECT_EQ(seen.difference().changed_request_count(), 2);
  ASSERT_THAT(seen.requests(), SizeIs(1));
  EXPECT_EQ(seen.requests(0).request(), "requests/fy27-2");
  EXPECT_EQ(SeenBy(TwoPlans(), Hidden()).SerializeAsString(), TwoPlans().SerializeAsString());
  v1::SimulateResponse present = TwoPlans();
  present.clear_recorded();
  EXPECT_FALSE(SeenBy(present, FirstHidden()).has_recorded()) << "there was no run";
}

TEST(SeenBy, OfATrialNobodySeesLinesAboutHiddenRequests) {
  v1::TryPolicyResponse tried;
  *tried.mutable_present() = TwoPlans();
  v1::PastTrial& past = *tried.add_past();
  *past.mutable_recorded() = TwoChanges();
  *past.mutable_before() = TwoChanges();
  *past.mutable_after() = TwoChanges();
  *past.mutable_difference() = TwoPlans().difference();
  const v1::TryPolicyResponse seen = SeenBy(tried, FirstHidden());
  ExpectTheSecondOnly(seen.present().before());
  EXPECT_THAT(seen.present().requests(), SizeIs(1));
  const v1::PastTrial& trial = seen.past(0);
  for (const auto* run : {&trial.recorded(), &trial.before(), &trial.after()}) {
    ExpectTheSecondOnly(*run);
  }
  EXPECT_THAT(trial.difference().changes(), SizeIs(1));
  EXPECT_EQ(SeenBy(tried, Hidden()).SerializeAsString(), tried.SerializeAsString());
}

}  // namespace
}  // namespace critac::matching
