#include "services/matching/run_changes.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A change as text, and the words of its reason.
struct ReasonCase {
  const char* text;
  const char* words;
};

// Of e1, who stood in r1 in 2026Q4 and leaves for e2.
TEST(RunChangeReasons, AreWordsMadeOfTheKindAndItsFacts) {
  const std::vector<ReasonCase> cases = {
      {R"(kind: RUN_CHANGE_KIND_NEW)", "new: no proposal of the request stood before"},
      {R"(kind: RUN_CHANGE_KIND_NEW open_count: 1)",
       "new: no proposal of the request stood before; nobody is found for 1 person"},
      {R"(kind: RUN_CHANGE_KIND_NEW open_count: 2)",
       "new: no proposal of the request stood before; nobody is found for 2 people"},
      {R"(kind: RUN_CHANGE_KIND_FILLED)", "the place was open, and can be filled now"},
      {R"(kind: RUN_CHANGE_KIND_PEOPLE missing_after: 1 missing_before: 2)",
       "the slot misses 1 person, where it missed 2"},
      {R"(kind: RUN_CHANGE_KIND_PEOPLE missing_before: 2)",
       "the slot misses 0 people, where it missed 2"},
      {R"(kind: RUN_CHANGE_KIND_NOBODY_MISSING)", "the slot misses nobody any more"},
      {R"(kind: RUN_CHANGE_KIND_OUT gate { gate: GATE_TOPIC explanation: "does not hold it" })",
       "experts/e1 is out: does not hold it"},
      {R"(kind: RUN_CHANGE_KIND_PRICE price: 25000 stability_bonus: 10000)",
       "keeping experts/e1 would make the plan worth 0.0250 of a score less, with the bonus of "
       "0.0100 for keeping"},
      {R"(kind: RUN_CHANGE_KIND_AS_GOOD)", "with experts/e1 the plan would be as good"},
      {R"(kind: RUN_CHANGE_KIND_NO_ROOM)", "no room is left for experts/e1"},
      {R"(kind: RUN_CHANGE_KIND_PLAN_NOT_PROVED)",
       "it is not known what keeping experts/e1 would cost: the plan is not proved to be the "
       "cheapest"},
      {R"(kind: RUN_CHANGE_KIND_PRICE_NOT_PROVED)",
       "it is not known what keeping experts/e1 would cost: no plan that does is proved to be the "
       "cheapest"},
      {R"(reason: "as it was said then")", "as it was said then"},
      // Who stays moves to another period.
      {R"(kind: RUN_CHANGE_KIND_PRICE price: 25000 to_expert: "experts/e1")",
       "keeping experts/e1 in 2026Q4 would make the plan worth 0.0250 of a score less, with the "
       "bonus of 0.0000 for keeping"},
      {R"(kind: RUN_CHANGE_KIND_AS_GOOD to_expert: "experts/e1")",
       "with experts/e1 in 2026Q4 the plan would be as good"},
      {R"(kind: RUN_CHANGE_KIND_PERIOD_LENGTH period_length: PERIOD_MONTH)",
       "capacity is counted by months now"},
      {R"(kind: RUN_CHANGE_KIND_PERIOD_LENGTH period_length: PERIOD_QUARTER)",
       "capacity is counted by quarters now"},
      {R"(kind: RUN_CHANGE_KIND_CANNOT_START to_expert: "experts/e1")",
       "experts/e1 cannot start in 2026Q4 any more"},
      {R"(kind: RUN_CHANGE_KIND_PERIOD_FULL full: "partners/nsa" to_expert: "experts/e1")",
       "partners/nsa has no room left in 2026Q4 beside the others of the plan"},
  };
  std::set<int> kinds;
  for (const ReasonCase& one : cases) {
    v1::RunChange change;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(one.text, &change)) << one.text;
    kinds.insert(change.kind());
    change.set_from_expert("experts/e1");
    if (change.to_expert().empty()) change.set_to_expert("experts/e2");
    change.set_period_before("2026Q4");
    EXPECT_EQ(ReasonText(change), one.words) << one.text;
  }
  EXPECT_EQ(static_cast<int>(kinds.size()), v1::RunChangeKind_descriptor()->value_count())
      << "every kind has its words";
}

// `experts/e1 2026Q4`.
std::string PlaceText(const std::string& expert, const std::string& period) {
  return period.empty() ? expert : absl::StrCat(expert, " ", period);
}

std::vector<std::string> ChangeTexts(const Center& center) {
  const Pool pool = center.Build();
  std::vector<std::string> texts;
  for (const v1::RunChange& change : ChangesFromStanding(pool, Solved(pool))) {
    texts.push_back(absl::StrCat(change.request(), " ", change.slot(), " ",
                                 PlaceText(change.from_expert(), change.period_before()), " → ",
                                 PlaceText(change.to_expert(), change.period_after()), ": ",
                                 change.reason()));
  }
  return texts;
}

// The proposal that stands for a request, and leaves so many of its slot `s1` out.
v1::Proposal& AddStandingProposal(Center& center, const std::string& demand, int open = 0) {
  v1::Proposal& proposal = center.proposals.emplace_back();
  proposal.set_request(absl::StrCat("requests/", demand));
  proposal.set_state(v1::PROPOSAL_STATE_OPEN);
  if (open == 0) return proposal;
  proposal.add_open_slots()->set_slot("s1");
  proposal.mutable_open_slots(0)->set_people(open);
  return proposal;
}

v1::Assignment& AddAssignment(v1::Proposal& proposal, const std::string& expert) {
  v1::Assignment& assignment = *proposal.add_assignments();
  assignment.set_slot("s1");
  assignment.set_expert(absl::StrCat("experts/", expert));
  return assignment;
}

// A practitioner e1, who stands in r1, and an expert e2; two thirds of a score and a whole one. Nobody
// can be found for r2.
class RunChanges : public ::testing::Test {
 protected:
  RunChanges() {
    center_.AddPartner("nsa");
    center_.AddExpert("e1").mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
    center_.AddExpert("e2");
    center_.AddDemand("r1");
    center_.AddDemand("r2").mutable_slots(0)->set_topic("topics/nobody");
    AddAssignment(AddStandingProposal(center_, "r1"), "e1").set_period("2026Q4");
    AddStandingProposal(center_, "r2", 1);
  }

  std::vector<std::string> Texts() const { return ChangeTexts(center_); }

  // The only change there is.
  v1::RunChange OnlyChange() const {
    const Pool pool = center_.Build();
    const std::vector<v1::RunChange> changes = ChangesFromStanding(pool, Solved(pool));
    EXPECT_EQ(changes.size(), 1U);
    return changes.empty() ? v1::RunChange() : changes[0];
  }

  Center center_;
};

TEST_F(RunChanges, TheReasonIsThereAsDataToo) {
  center_.policy.set_stability_bonus(333'000);
  const v1::RunChange dearer = OnlyChange();
  EXPECT_EQ(dearer.kind(), v1::RUN_CHANGE_KIND_PRICE);
  EXPECT_EQ(dearer.stability_bonus(), 333'000);
  EXPECT_GT(dearer.price(), 0);
  EXPECT_LT(dearer.price(), 400) << "two thirds of a score and the bonus make nearly a whole one";
  EXPECT_FALSE(dearer.has_gate());
  center_.experts[0].set_active(false);
  const v1::RunChange out = OnlyChange();
  EXPECT_EQ(out.kind(), v1::RUN_CHANGE_KIND_OUT);
  EXPECT_EQ(out.gate().gate(), v1::GATE_MEMBERSHIP);
  EXPECT_FALSE(out.gate().passed());
  EXPECT_EQ(out.price(), 0);
}

TEST_F(RunChanges, WhatIsKeptIsNoChange) {
  center_.policy.set_stability_bonus(333'335);
  EXPECT_THAT(Texts(), IsEmpty());
}

TEST_F(RunChanges, AGainAboveTheBonusIsAReason) {
  center_.policy.set_stability_bonus(333'000);
  EXPECT_THAT(
      Texts(),
      ElementsAre("requests/r1 s1 experts/e1 2026Q4 → experts/e2 2026Q4: keeping experts/e1 would "
                  "make the plan worth 0.0003 of a score less, with the bonus of "
                  "0.3330 for keeping"));
}

TEST_F(RunChanges, WhoIsOutNowIsSaidToBe) {
  center_.experts[0].set_active(false);
  EXPECT_THAT(
      Texts(),
      ElementsAre("requests/r1 s1 experts/e1 2026Q4 → experts/e2 2026Q4: experts/e1 is out: the "
                  "expert is not active"));
  center_.experts[1].set_active(false);
  EXPECT_THAT(Texts(),
              ElementsAre("requests/r1 s1 experts/e1 2026Q4 → : experts/e1 is out: the expert is "
                          "not active"));
}

TEST_F(RunChanges, APlaceThatWasOpenAndIsFilledIsAChange) {
  center_.policy.set_stability_bonus(1'000'000);
  center_.demands[0].mutable_slots(0)->set_people(2);
  v1::OpenSlot& open = *center_.proposals[0].add_open_slots();
  open.set_slot("s1");
  open.set_people(1);
  EXPECT_THAT(Texts(),
              ElementsAre("requests/r1 s1  → experts/e2 2026Q4: the place was open, and can "
                          "be filled now"));
}

TEST_F(RunChanges, AProposalOfNobodyWhosePlacesAreFilledIsChangedToo) {
  center_.policy.set_stability_bonus(1'000'000);
  center_.demands[1].mutable_slots(0)->set_topic(std::string(kTopic));
  EXPECT_THAT(Texts(),
              ElementsAre("requests/r2 s1  → experts/e2 2026Q4: the place was open, and can "
                          "be filled now"));
}

TEST_F(RunChanges, MoreOrFewerPeopleMissedAreAChange) {
  center_.policy.set_stability_bonus(1'000'000);
  center_.demands[0].mutable_slots(0)->set_people(3);
  EXPECT_THAT(Texts(),
              ElementsAre("requests/r1 s1  → experts/e2 2026Q4: the slot misses 3 people, where it "
                          "missed 1",
                          "requests/r1 s1  → : the slot misses 3 people, where it missed 1"));
  center_.demands[0].mutable_slots(0)->set_people(1);
  center_.proposals[1].mutable_open_slots(0)->set_people(2);
  EXPECT_THAT(Texts(),
              ElementsAre("requests/r2 s1  → : the slot misses 1 person, where it missed 2"));
}

TEST_F(RunChanges, WhatARequestWithoutAProposalGetsIsNew) {
  center_.proposals.clear();
  EXPECT_THAT(Texts(), ElementsAre("requests/r1 s1  → experts/e2 2026Q4: new: no proposal of the "
                                   "request stood before",
                                   "requests/r2 s1  → : new: no proposal of the request stood "
                                   "before; nobody is found for 1 person"));
}

TEST_F(RunChanges, ARequestWhoseOffersWaitForAnAnswerHasNone) {
  center_.proposals.clear();
  for (v1::Demand& demand : center_.demands) demand.set_state(v1::DEMAND_STATE_OFFERED);
  EXPECT_THAT(Texts(), IsEmpty());
}

// e1 has one assignment a quarter, and stands in r1 in 2026Q4.
class MovedPeriods : public ::testing::Test {
 protected:
  MovedPeriods() {
    center_.AddPartner("nsa");
    center_.AddExpert("e1").set_capacity_per_period(1);
    center_.AddDemand("r1").mutable_slots(0)->set_window_end("2027-03-31");
    AddAssignment(AddStandingProposal(center_, "r1"), "e1").set_period("2026Q4");
  }

  Center center_;
};

TEST_F(MovedPeriods, TheSamePeriodIsNoChange) { EXPECT_THAT(ChangeTexts(center_), IsEmpty()); }

TEST_F(MovedPeriods, AnExpertWhoMakesPlaceForAnotherRequestIsMoved) {
  center_.AddDemand("r2");
  EXPECT_THAT(ChangeTexts(center_),
              ElementsAre("requests/r1 s1 experts/e1 2026Q4 → experts/e1 2027Q1: experts/e1 has no "
                          "room left in 2026Q4 beside the others of the plan",
                          "requests/r2 s1  → experts/e1 2026Q4: new: no proposal of the request "
                          "stood before"));
}

TEST_F(MovedPeriods, AGainAboveTheBonusIsTheReason) {
  center_.policy.set_stability_bonus(50'000);
  center_.AddExpert("e2").mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
  center_.AddDemand("r2").mutable_slots(0)->set_window_end("2026-12-31");
  EXPECT_THAT(ChangeTexts(center_),
              Contains("requests/r1 s1 experts/e1 2026Q4 → experts/e1 2027Q1: keeping experts/e1 "
                       "in 2026Q4 would make the plan worth 0.2833 of a score less, with the bonus "
                       "of 0.0500 for keeping"));
}

TEST_F(MovedPeriods, APartnerWithoutRoomIsTheReasonWhereTheExpertHasSome) {
  center_.experts[0].set_capacity_per_period(3);
  center_.partners[0].set_capacity_per_period(1);
  center_.AddDemand("r2");
  EXPECT_THAT(ChangeTexts(center_),
              Contains("requests/r1 s1 experts/e1 2026Q4 → experts/e1 2027Q1: partners/nsa has no "
                       "room left in 2026Q4 beside the others of the plan"));
}

TEST_F(MovedPeriods, APeriodInWhichTheExpertCannotStartAnyMoreIsLeft) {
  *center_.experts[0].add_unavailable() = Dates("2026-12-01", "2026-12-31");
  EXPECT_THAT(ChangeTexts(center_),
              ElementsAre("requests/r1 s1 experts/e1 2026Q4 → experts/e1 2027Q1: experts/e1 cannot "
                          "start in 2026Q4 any more"));
}

TEST_F(MovedPeriods, PeriodsOfAnotherLengthAreAChange) {
  center_.policy.set_period(v1::PERIOD_MONTH);
  EXPECT_THAT(
      ChangeTexts(center_),
      ElementsAre("requests/r1 s1 experts/e1 2026Q4 → experts/e1 2026-12: capacity is counted "
                  "by months now"));
}

// e2 stands in r2, and can start in 2026Q4 only.
Center OverlappingWithStanding() {
  Center center = OverlappingCenter();
  AddAssignment(AddStandingProposal(center, "r2"), "e2").set_period("2026Q4");
  return center;
}

TEST(RunChangesByCases, WhereLimitsOverlapWhatKeepingSomeoneWouldCostIsSaidAsWell) {
  const Center center = OverlappingWithStanding();
  const Pool pool = center.Build();
  const Plan plan = Solved(pool);
  ASSERT_FALSE(plan.optimal());
  ASSERT_TRUE(plan.proved());
  EXPECT_THAT(
      ChangeTexts(center),
      Contains("requests/r2 s1 experts/e2 2026Q4 → : keeping experts/e2 would make the plan worth "
               "0.1000 of a score less, with the bonus of 0.0000 for keeping"));
}

// As where the cases are too many to be looked at.
TEST(RunChangesNotProved, WhatKeepingSomeoneWouldCostIsSaidNotToBeKnown) {
  const Pool pool = OverlappingWithStanding().Build();
  Plan plan = Solved(pool);
  plan.cases.clear();
  ASSERT_FALSE(plan.proved());
  const std::vector<v1::RunChange> changes = ChangesFromStanding(pool, plan);
  const auto left = std::find_if(changes.begin(), changes.end(), [](const v1::RunChange& change) {
    return change.from_expert() == "experts/e2";
  });
  ASSERT_NE(left, changes.end());
  EXPECT_EQ(left->kind(), v1::RUN_CHANGE_KIND_PLAN_NOT_PROVED);
  EXPECT_EQ(left->reason(),
            "it is not known what keeping experts/e2 would cost: the plan is not proved to be the "
            "cheapest");
}

}  // namespace
}  // namespace critac::matching
