#include "services/matching/proposal_decisions.h"

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::Assignment Wanted(const std::string& slot, const std::string& expert,
                      const std::string& period = "") {
  v1::Assignment assignment;
  assignment.set_slot(slot);
  assignment.set_expert("experts/" + expert);
  assignment.set_period(period);
  return assignment;
}

class ProposalDecisions : public ::testing::Test {
 protected:
  ProposalDecisions() {
    center_.AddPartner("nsa");
    center_.AddExpert("e1");
    center_.AddExpert("e2");
    center_.AddDemand("fy27-1").set_state(v1::DEMAND_STATE_OPEN);
  }

  PlanOutcome Outcome(const absl::flat_hash_map<std::string, v1::Proposal>& standing = {}) {
    const Pool pool = center_.Build();
    return OutcomeOf(pool, Solved(pool), center_.demands, standing);
  }

  absl::StatusOr<std::vector<v1::Assignment>> Complete(const std::vector<v1::Assignment>& wanted) {
    return CompleteAssignments(center_.Build(), center_.demands[0], wanted);
  }

  Center center_;
};

TEST_F(ProposalDecisions, AnOpenDemandWithoutAProposalGetsOne) {
  const PlanOutcome outcome = Outcome();
  ASSERT_THAT(outcome.changes, SizeIs(1));
  EXPECT_EQ(outcome.changes[0].proposal.request(), "requests/fy27-1");
  EXPECT_EQ(outcome.changes[0].supersedes, "");
  ASSERT_THAT(outcome.changes[0].proposal.assignments(), SizeIs(1));
  EXPECT_EQ(outcome.changes[0].proposal.assignments(0).expert(), "experts/e1");
}

TEST_F(ProposalDecisions, AStandingProposalThatSaysTheSameIsKept) {
  v1::Proposal standing = Outcome().changes[0].proposal;
  standing.set_name("proposals/p1");
  standing.mutable_assignments(0)->set_score_e6(1);  // a score alone changes nothing
  center_.demands[0].set_proposal("proposals/p1");
  const PlanOutcome outcome = Outcome({{"proposals/p1", standing}});
  EXPECT_THAT(outcome.changes, IsEmpty());
  EXPECT_THAT(outcome.kept, ElementsAre("proposals/p1"));
}

TEST_F(ProposalDecisions, AStandingProposalThatNamesAnotherIsSuperseded) {
  v1::Proposal standing = Outcome().changes[0].proposal;
  standing.set_name("proposals/p1");
  standing.mutable_assignments(0)->set_expert("experts/e2");
  center_.demands[0].set_proposal("proposals/p1");
  const PlanOutcome outcome = Outcome({{"proposals/p1", standing}});
  ASSERT_THAT(outcome.changes, SizeIs(1));
  EXPECT_EQ(outcome.changes[0].supersedes, "proposals/p1");
}

TEST_F(ProposalDecisions, ADemandThatIsOfferedIsLeftAlone) {
  center_.demands[0].set_state(v1::DEMAND_STATE_OFFERED);
  EXPECT_THAT(Outcome().changes, IsEmpty());
}

TEST_F(ProposalDecisions, NobodyEligibleIsAProposalThatSaysWhy) {
  center_.experts.clear();
  const PlanOutcome outcome = Outcome();
  ASSERT_THAT(outcome.changes, SizeIs(1));
  EXPECT_THAT(outcome.changes[0].proposal.assignments(), IsEmpty());
  ASSERT_THAT(outcome.changes[0].proposal.open_slots(), SizeIs(1));
  EXPECT_EQ(outcome.changes[0].proposal.open_slots(0).people(), 1);
}

TEST_F(ProposalDecisions, ADecisionIsCompletedWithPartnerPeriodAndScore) {
  const auto complete = Complete({Wanted("s1", "e2")});
  ASSERT_TRUE(complete.ok()) << complete.status();
  EXPECT_EQ((*complete)[0].partner(), "partners/nsa");
  EXPECT_EQ((*complete)[0].period(), "2026Q4");
  EXPECT_GT((*complete)[0].score_e6(), 0);
  EXPECT_THAT((*complete)[0].parts(), SizeIs(5));
}

TEST_F(ProposalDecisions, AnUnknownSlotListsThoseThereAre) {
  EXPECT_THAT(Complete({Wanted("s9", "e1")}).status().message(),
              HasSubstr("assignments[0].slot: 's9' is none of the request's slots: s1"));
  EXPECT_THAT(Complete({Wanted("", "e1")}).status().message(), HasSubstr("assignments[0].slot"));
}

TEST_F(ProposalDecisions, AnUnknownExpertIsNotFound) {
  EXPECT_EQ(Complete({Wanted("s1", "e9")}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ProposalDecisions, AnExpertOutAtAGateIsRefusedWithTheGate) {
  center_.experts[1].set_active(false);
  const absl::Status status = Complete({Wanted("s1", "e2")}).status();
  EXPECT_EQ(ReasonOf(status), "NOT_ELIGIBLE");
  EXPECT_THAT(status.message(), HasSubstr("GATE_MEMBERSHIP"));
}

TEST_F(ProposalDecisions, APeriodInWhichTheExpertCannotStartIsRefused) {
  EXPECT_TRUE(Complete({Wanted("s1", "e1", "2026Q4")}).ok());
  EXPECT_THAT(Complete({Wanted("s1", "e1", "2027Q1")}).status().message(),
              HasSubstr("assignments[0].period: '2027Q1' is none of those in which experts/e1 "
                        "could start: 2026Q4"));
}

TEST_F(ProposalDecisions, NoMorePeopleThanASlotMissesAndNobodyTwice) {
  EXPECT_THAT(Complete({Wanted("s1", "e1"), Wanted("s1", "e2")}).status().message(),
              HasSubstr("slot s1 misses 1 people, and more are named"));
  center_.demands[0].mutable_slots(0)->set_people(2);
  EXPECT_TRUE(Complete({Wanted("s1", "e1"), Wanted("s1", "e2")}).ok());
  EXPECT_THAT(Complete({Wanted("s1", "e1"), Wanted("s1", "e1")}).status().message(),
              HasSubstr("assignments[1].expert: experts/e1 stands in slot s1 already"));
}

TEST_F(ProposalDecisions, NobodyStandsTwiceInASlotUnderTwoRecords) {
  center_.demands[0].mutable_slots(0)->set_people(2);
  center_.AddSlot(center_.demands[0], "s2");
  center_.AddIdentity("experts/e1", "experts/e2");
  EXPECT_THAT(Complete({Wanted("s1", "e1"), Wanted("s1", "e2")}).status().message(),
              HasSubstr("assignments[1].expert: experts/e2 stands in slot s1 already"));
  EXPECT_TRUE(Complete({Wanted("s1", "e1"), Wanted("s2", "e2")}).ok());
}

TEST_F(ProposalDecisions, AnOfferCanBeAnsweredForThePolicysBusinessDays) {
  v1::Proposal proposal;
  proposal.set_name("proposals/p1");
  proposal.set_request("requests/fy27-1");
  *proposal.add_assignments() = Wanted("s1", "e1");
  *proposal.add_assignments() = Wanted("s2", "e1");
  center_.policy.set_offer_business_days(5);
  center_.policy.set_reminder_business_days(2);
  // From Friday 2026-11-20; Thursday the 26th is Thanksgiving.
  const auto offers = OffersOf(proposal, "offers/o1", center_.policy, center_.today, {});
  ASSERT_THAT(offers, SizeIs(2));
  EXPECT_EQ(offers[0].name(), "offers/o1-1");
  EXPECT_EQ(offers[1].name(), "offers/o1-2");
  EXPECT_EQ(offers[1].assignment().offer(), "offers/o1-2");
  EXPECT_EQ(offers[0].proposal(), "proposals/p1");
  EXPECT_EQ(offers[0].answer_by(), "2026-11-30");
  EXPECT_THAT(offers[0].remind_on(), ElementsAre("2026-11-24", "2026-11-27"));
}

}  // namespace
}  // namespace critac::matching
