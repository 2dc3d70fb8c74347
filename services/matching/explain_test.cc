#include "services/matching/explain.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/proposal.h"
#include "services/matching/testing_center.h"
#include "services/matching/words.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;

// One partner; e1 an expert, e2 a practitioner, e3 inactive; one request.
class Explaining : public ::testing::Test {
 protected:
  Explaining() {
    center_.AddPartner("nsa");
    center_.AddExpert("e1").set_capacity_open(1);
    center_.AddExpert("e2").mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
    center_.AddExpert("e3").set_active(false);
    center_.AddDemand("r1");
  }

  v1::ExplainMatchResponse Explain(const std::string& expert, const std::string& request = "r1",
                                   const std::vector<std::string>& hidden = {}) {
    const Pool pool = center_.Build();
    const Plan plan = Solved(pool);
    return ExplainMatch(pool, &plan, SlotIn(pool, request), ExpertIn(pool, expert), hidden);
  }

  Center center_;
};

TEST_F(Explaining, WhoIsInThePlanIsSaidToBe) {
  const v1::ExplainMatchResponse response = Explain("e1");
  EXPECT_TRUE(response.eligible());
  EXPECT_TRUE(response.assigned());
  EXPECT_EQ(response.gates_size(), 8);
  EXPECT_EQ(response.candidate().rank(), 1);
  EXPECT_EQ(response.candidate().expert(), "experts/e1");
  EXPECT_EQ(
      response.summary(),
      "Eligible, ranked 1 of 2 with a score of 1.0000; the plan has this expert in the slot, to "
      "start in 2026Q4.");
}

TEST_F(Explaining, WhoIsOutIsToldTheGate) {
  const v1::ExplainMatchResponse response = Explain("e3");
  EXPECT_FALSE(response.eligible());
  EXPECT_FALSE(response.assigned());
  EXPECT_FALSE(response.has_candidate());
  EXPECT_EQ(response.gates_size(), 1);
  EXPECT_EQ(response.summary(), "Not eligible: the expert is not active.");
}

TEST_F(Explaining, WhoIsEligibleAndNotChosenIsToldWhatItWouldCost) {
  const v1::ExplainMatchResponse response = Explain("e2");
  EXPECT_TRUE(response.eligible());
  EXPECT_FALSE(response.assigned());
  EXPECT_EQ(response.candidate().rank(), 2);
  EXPECT_EQ(
      response.summary(),
      "Eligible, ranked 2 of 2 with a score of 0.6666, but the plan gives the slot to "
      "experts/e1; with this expert here the whole plan would be worth 0.3333 of a score less.");
}

TEST_F(Explaining, WhoIsUsedElsewhereIsToldWhere) {
  center_.AddDemand("r2").set_urgency(intake::v1::URGENCY_CRITICAL);
  center_.policy.set_urgency_price(1000000);
  center_.policy.mutable_weights()->set_distance(0);
  center_.experts[1].mutable_topics(0)->set_level(intake::v1::LEVEL_EXPERT);
  EXPECT_EQ(
      Explain("e1", "r2").summary(),
      "Eligible, ranked 1 of 2 with a score of 1.0000, but the plan gives the slot to experts/e2 "
      "and has experts/e1 in requests/r1 s1; with this expert it would be as good: requests/r1 s1 "
      "would get experts/e2 instead of experts/e1.");
}

TEST_F(Explaining, ARequestThatIsHiddenIsNotNamed) {
  center_.AddDemand("r2").set_urgency(intake::v1::URGENCY_CRITICAL);
  center_.policy.set_urgency_price(1000000);
  center_.experts[1].mutable_topics(0)->set_level(intake::v1::LEVEL_EXPERT);
  const v1::ExplainMatchResponse response = Explain("e1", "r2", {"requests/r1"});
  EXPECT_EQ(response.summary(),
            "Eligible, ranked 1 of 2 with a score of 1.0000, but the plan gives the slot to "
            "experts/e2; with this expert it would be as good.");
  ASSERT_EQ(response.changes_size(), 1);
  EXPECT_EQ(response.changes(0).request(), "requests/r2");
  EXPECT_THAT(response.ShortDebugString(), ::testing::Not(HasSubstr("requests/r1")));
}

TEST_F(Explaining, ASlotLeftOpenIsSaidToBe) {
  center_.experts.resize(1);
  center_.AddDemand("r0").set_urgency(intake::v1::URGENCY_CRITICAL);
  center_.policy.set_urgency_price(1000000);
  EXPECT_EQ(
      Explain("e1").summary(),
      "Eligible, ranked 1 of 1 with a score of 1.0000, but the plan leaves the slot open and has "
      "experts/e1 in requests/r0 s1; with this expert here the whole plan would be worth 2.0000 "
      "of a score less: requests/r0 s1 would be left without experts/e1.");
}

TEST_F(Explaining, WithoutAPlanTheStandingProposalCounts) {
  v1::Proposal& proposal = center_.proposals.emplace_back();
  proposal.set_request("requests/r1");
  proposal.set_state(v1::PROPOSAL_STATE_OPEN);
  v1::Assignment* assignment = proposal.add_assignments();
  assignment->set_slot("s1");
  assignment->set_expert("experts/e2");
  const Pool pool = center_.Build();
  const v1::ExplainMatchResponse has = ExplainMatch(pool, nullptr, 0, ExpertIn(pool, "e2"));
  EXPECT_TRUE(has.assigned());
  EXPECT_THAT(has.summary(), HasSubstr("the standing proposal has this expert."));
  const v1::ExplainMatchResponse has_not = ExplainMatch(pool, nullptr, 0, ExpertIn(pool, "e1"));
  EXPECT_FALSE(has_not.assigned());
  EXPECT_THAT(has_not.summary(), HasSubstr("no standing proposal has this expert."));
}

TEST_F(Explaining, AFilledSlotMissesNobody) {
  v1::Assignment* committed = center_.demands[0].add_committed();
  committed->set_slot("s1");
  committed->set_expert("experts/e1");
  EXPECT_THAT(Explain("e2").summary(), HasSubstr("the slot misses nobody."));
  EXPECT_THAT(Explain("e1").summary(),
              HasSubstr("Not eligible: is offered or accepted in this slot already."));
}

TEST_F(Explaining, ThePriceOfForcingIsTheDifferenceOfThePlans) {
  const Pool pool = center_.Build();
  const Plan plan = Solved(pool);
  const auto forced = [&](const char* expert) {
    return ExplainMatch(pool, &plan, 0, ExpertIn(pool, expert));
  };
  EXPECT_TRUE(forced("e1").has_forcing_price());
  EXPECT_EQ(forced("e1").forcing_price(), 0);
  EXPECT_EQ(forced("e1").changes_size(), 0);
  EXPECT_EQ(forced("e2").forcing_price(), 333333);
  ASSERT_EQ(forced("e2").changes_size(), 1);
  EXPECT_EQ(forced("e2").changes(0).request(), "requests/r1");
  EXPECT_EQ(forced("e2").changes(0).slot(), "s1");
  EXPECT_EQ(forced("e2").changes(0).from_expert(), "experts/e1");
  EXPECT_EQ(forced("e2").changes(0).to_expert(), "experts/e2");
  EXPECT_EQ(forced("e2").no_forcing_price(), v1::NO_FORCING_PRICE_UNSPECIFIED);
  EXPECT_FALSE(forced("e3").has_forcing_price());
}

TEST_F(Explaining, WhyNoPriceOfForcingIsSaidIsTold) {
  EXPECT_EQ(Explain("e1").no_forcing_price(), v1::NO_FORCING_PRICE_UNSPECIFIED) << "it is 0";
  EXPECT_EQ(Explain("e3").no_forcing_price(), v1::NO_FORCING_PRICE_NOT_ELIGIBLE);

  // A tenth of one person is nobody, and what is never passed no plan passes.
  v1::PartnerShare& share = *center_.policy.add_partner_shares();
  share.set_partner("partners/nsa");
  share.set_maximum_e6(100'000);
  const v1::ExplainMatchResponse full = Explain("e1");
  EXPECT_FALSE(full.has_forcing_price());
  EXPECT_EQ(full.no_forcing_price(), v1::NO_FORCING_PRICE_NO_ROOM);
  EXPECT_EQ(full.summary(),
            "Eligible, ranked 1 of 2 with a score of 1.0000, but the plan leaves the slot open; no "
            "room is left for this expert here.");
  center_.policy.clear_partner_shares();

  v1::Assignment* committed = center_.demands[0].add_committed();
  committed->set_slot("s1");
  committed->set_expert("experts/e1");
  EXPECT_EQ(Explain("e2").no_forcing_price(), v1::NO_FORCING_PRICE_SLOT_FILLED);

  const Pool pool = center_.Build();
  EXPECT_EQ(ExplainMatch(pool, nullptr, 0, ExpertIn(pool, "e2")).no_forcing_price(),
            v1::NO_FORCING_PRICE_UNSPECIFIED)
      << "without a plan there is none to be dearer than";
}

TEST(ExplainingByCases, WhereLimitsOverlapThePriceIsExactAsWell) {
  const Pool pool = OverlappingCenter().Build();
  const Plan plan = Solved(pool);
  ASSERT_FALSE(plan.optimal());
  ASSERT_TRUE(plan.proved());
  const auto explained = [&](const char* request, const char* expert) {
    return ExplainMatch(pool, &plan, SlotIn(pool, request), ExpertIn(pool, expert));
  };
  const v1::ExplainMatchResponse in_plan = explained("r1", "e1");
  EXPECT_TRUE(in_plan.assigned());
  EXPECT_TRUE(in_plan.has_forcing_price());
  EXPECT_EQ(in_plan.forcing_price(), 0);
  const v1::ExplainMatchResponse forced = explained("r2", "e2");
  EXPECT_EQ(forced.forcing_price(), 100'000);
  EXPECT_EQ(forced.no_forcing_price(), v1::NO_FORCING_PRICE_UNSPECIFIED);
  EXPECT_THAT(forced.summary(),
              HasSubstr("but the plan leaves the slot open; with this expert here the whole plan "
                        "would be worth 0.1000 of a score less: requests/r1 s1 would be left "
                        "without experts/e1."));
}

// As where the cases are too many to be looked at.
TEST(ExplainingNotProved, WhatIsNotKnownIsSaidNotToBe) {
  const Pool pool = OverlappingCenter().Build();
  Plan plan = Solved(pool);
  plan.cases.clear();
  ASSERT_FALSE(plan.proved());
  const auto explained = [&](const char* request, const char* expert) {
    return ExplainMatch(pool, &plan, SlotIn(pool, request), ExpertIn(pool, expert));
  };
  const v1::ExplainMatchResponse in_plan = explained("r1", "e1");
  EXPECT_TRUE(in_plan.assigned());
  EXPECT_FALSE(in_plan.has_forcing_price());
  EXPECT_EQ(in_plan.no_forcing_price(), v1::NO_FORCING_PRICE_IN_PLAN);
  const v1::ExplainMatchResponse not_known = explained("r2", "e2");
  EXPECT_FALSE(not_known.has_forcing_price());
  EXPECT_EQ(not_known.no_forcing_price(), v1::NO_FORCING_PRICE_NOT_KNOWN);
  EXPECT_THAT(
      not_known.summary(),
      HasSubstr("but the plan leaves the slot open; it is not known what having this expert "
                "here would cost: the plan is not proved to be the cheapest."));
}

TEST(ExplainingMany, EachPairIsToldWhatItIsToldAlone) {
  const Pool pool = BusyCenter(25, 4, 40, 6).Build();
  const Plan plan = Solved(pool);
  // Request 3 of every 5 is hidden.
  std::vector<std::string> hidden;
  for (size_t i = 2; i < pool.demands().size(); i += 5) {
    hidden.push_back(pool.demands()[i].request);
  }
  for (const Plan* known : {&plan, static_cast<const Plan*>(nullptr)}) {
    Explainer explainer(pool, known);
    v1::ExplainMatchResponse response;
    int eligible = 0;
    // Experts in the outer loop, so that slots take turns.
    for (int expert = 0; expert < static_cast<int>(pool.experts().size()); ++expert) {
      for (int slot = 0; slot < static_cast<int>(pool.slots().size()); ++slot) {
        explainer.Explain(slot, expert, hidden, response);
        ASSERT_EQ(response.DebugString(),
                  ExplainMatch(pool, known, slot, expert, hidden).DebugString());
        std::string summary = "so: ";
        explainer.AppendSummary(slot, expert, hidden, summary);
        ASSERT_EQ(summary, "so: " + response.summary());
        eligible += response.eligible() ? 1 : 0;
      }
    }
    EXPECT_GT(eligible, 20);
  }
}

TEST_F(Explaining, AssignmentsOfAProposalCarryTheirParts) {
  center_.AddDemand("r2");
  const Pool pool = center_.Build();
  const Plan plan = Solved(pool);
  const std::vector<v1::Assignment> assignments = AssignmentsOf(pool, plan, 0);
  ASSERT_EQ(assignments.size(), 1u);
  EXPECT_EQ(assignments[0].slot(), "s1");
  EXPECT_EQ(assignments[0].expert(), "experts/e1");
  EXPECT_EQ(assignments[0].partner(), "partners/nsa");
  EXPECT_EQ(assignments[0].period(), "2026Q4");
  EXPECT_EQ(assignments[0].score_e6(), 1000000);
  EXPECT_EQ(assignments[0].parts_size(), 5);
  EXPECT_TRUE(OpenSlotsOf(pool, plan, 0).empty());
}

class OpenSlots : public ::testing::Test {
 protected:
  OpenSlots() {
    center_.AddPartner("nsa");
    center_.AddDemand("r1");
  }

  std::string Explanation(int demand = 0) {
    const Pool pool = center_.Build();
    const Plan plan = Solved(pool);
    const std::vector<v1::OpenSlot> open = OpenSlotsOf(pool, plan, demand);
    EXPECT_EQ(open.size(), 1u);
    return open.empty() ? "" : open[0].explanation();
  }

  Center center_;
};

TEST_F(OpenSlots, WithoutExpertsNobodyIsEligible) {
  EXPECT_EQ(Explanation(), "1 of 1 person is missing. No expert is eligible");
}

TEST_F(OpenSlots, TheExcludedAreCountedByGate) {
  center_.AddExpert("e1").set_active(false);
  center_.AddExpert("e2").clear_topics();
  center_.AddExpert("e3").clear_topics();
  center_.AddConflict("e4", "r1", v1::CONFLICT_KIND_RECUSAL);
  center_.AddExpert("e4");
  EXPECT_EQ(
      Explanation(),
      "1 of 1 person is missing. No expert is eligible. Out: 1 is not active or not of a member "
      "partner on the dates, 2 do not hold the topic at the level asked, 1 has a conflict of "
      "interest");
}

TEST_F(OpenSlots, OneMoreAssignmentOpenAtOnceCouldFillIt) {
  center_.AddExpert("e1").set_capacity_open(1);
  center_.AddDemand("r2");
  EXPECT_EQ(
      Explanation(1),
      "1 of 1 person is missing. 1 expert is eligible: 1 with no assignment left beside those of "
      "the plan; one assignment more open at once of experts/e1 could fill it");
  center_.experts[0].set_capacity_open(2);
  const Pool pool = center_.Build();
  EXPECT_EQ(Solved(pool).units.size(), 2u) << "and it does";
}

TEST_F(OpenSlots, OneMoreAssignmentInThePeriodCouldFillIt) {
  center_.AddExpert("e1").set_capacity_per_period(1);
  center_.AddDemand("r2");
  EXPECT_THAT(Explanation(1),
              HasSubstr("one assignment more of experts/e1 in 2026Q4 could fill it"));
  center_.experts[0].set_capacity_per_period(2);
  EXPECT_EQ(Solved(center_.Build()).units.size(), 2u);
}

TEST_F(OpenSlots, OneMoreAssignmentOfThePartnerCouldFillIt) {
  center_.partners[0].set_capacity_per_period(1);
  center_.AddExpert("e1");
  center_.AddDemand("r2");
  EXPECT_THAT(Explanation(1),
              HasSubstr("1 of a partner with no assignment left beside those of the plan; one "
                        "assignment more of partners/nsa in 2026Q4 could fill it"));
  center_.partners[0].set_capacity_per_period(2);
  EXPECT_EQ(Solved(center_.Build()).units.size(), 2u);
}

TEST_F(OpenSlots, OneMoreAssignmentOfTheProgramCouldFillIt) {
  center_.policy.set_capacity_open(7);
  center_.demands[0].mutable_slots(0)->set_people(10);
  for (int i = 0; i < 10; ++i) center_.AddExpert(absl::StrCat("e", i));
  EXPECT_EQ(Explanation(),
            "3 of 10 people are missing. 10 experts are eligible: 7 in the slot already, 3 with no "
            "assignment of the program left beside those of the plan; one assignment more open at "
            "once of the program could fill it");
  center_.policy.set_capacity_open(8);
  EXPECT_EQ(Solved(center_.Build()).units.size(), 8u) << "and one more is filled";
}

TEST_F(OpenSlots, WhereTheProgramAndTheExpertAreFullOneMoreIsNotOffered) {
  center_.policy.set_capacity_open(1);
  center_.AddExpert("e1").set_capacity_open(1);
  center_.AddDemand("r2");
  EXPECT_EQ(Explanation(1),
            "1 of 1 person is missing. 1 expert is eligible: 1 with no assignment of the program "
            "left beside those of the plan");
  center_.experts[0].set_capacity_open(2);
  center_.experts[0].set_capacity_per_period(1);
  EXPECT_THAT(Explanation(1), ::testing::Not(HasSubstr("could fill it")));
  center_.experts[0].set_capacity_per_period(2);
  center_.partners[0].set_capacity_per_period(1);
  EXPECT_THAT(Explanation(1), ::testing::Not(HasSubstr("could fill it")));
  center_.partners[0].set_capacity_per_period(0);
  EXPECT_THAT(Explanation(1), HasSubstr("one assignment more open at once of the program"));
}

TEST_F(OpenSlots, WhereTwoThingsAreMissingOneMoreIsNotOffered) {
  center_.AddExpert("e1").set_capacity_per_period(1);
  center_.experts[0].set_capacity_open(1);
  center_.AddDemand("r2");
  EXPECT_THAT(Explanation(1), ::testing::Not(HasSubstr("could fill it")));
}

TEST_F(OpenSlots, APriceAboveLeavingItOpenIsSaid) {
  center_.policy.set_unassigned_price(0);
  center_.policy.set_fairness_price(1000000);
  center_.Use("partners/nsa", "open", 2);
  center_.AddExpert("e1");
  EXPECT_THAT(Explanation(), HasSubstr("1 at a price above that of leaving the slot open"));
}

TEST_F(OpenSlots, ATeamNamesThoseWhoAreInItAlready) {
  center_.AddExpert("e1");
  center_.demands[0].mutable_slots(0)->set_people(3);
  EXPECT_EQ(Explanation(),
            "2 of 3 people are missing. 1 expert is eligible: 1 in the slot already");
}

TEST(Words, FractionsHaveFourDigitsAndASign) {
  EXPECT_EQ(FractionText(0), "0.0000");
  EXPECT_EQ(FractionText(1000000), "1.0000");
  EXPECT_EQ(FractionText(812599), "0.8125");
  EXPECT_EQ(FractionText(-1500000), "-1.5000");
  EXPECT_EQ(FractionText(INT64_MIN), "-9223372036854.7758");
}

TEST(Words, EveryGateHasACountInTheSingularAndThePlural) {
  for (int gate = v1::GATE_MEMBERSHIP; gate <= v1::GATE_DECLINED; ++gate) {
    EXPECT_THAT(GateCountText(static_cast<v1::Gate>(gate), 1), ::testing::StartsWith("1 "));
    EXPECT_THAT(GateCountText(static_cast<v1::Gate>(gate), 2), ::testing::StartsWith("2 "));
    EXPECT_THAT(GateCountText(static_cast<v1::Gate>(gate), 2),
                ::testing::Not(HasSubstr("eligible")));
  }
}

}  // namespace
}  // namespace critac::matching
