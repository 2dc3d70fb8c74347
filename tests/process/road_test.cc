// The whole road of a request through a center as shipped, and what must not happen on it.
#include "tests/process/road.h"
#include "common/status/error.h"
#include "tests/process/center.h"
#include "tests/support/temp_folder.h"
#include "tests/support/verify_plan.h"

namespace critac::testing {
namespace {

using matching::v1::MatchService;
using matching::v1::Proposal;
using ::testing::SizeIs;

class RoadTest : public ::testing::Test {
 protected:
  RandomIdSource ids_;
  TempFolder folder_;
  Center center_{folder_.file("data")};
  Road road_{center_};
};

TEST_F(RoadTest, ARequestGoesFromSubmittedToAFigure) {
  const std::string request = road_.Ready(1);
  const Proposal proposal = road_.AwaitProposal(request);
  ASSERT_THAT(proposal.assignments(), SizeIs(1));
  const auto decided = road_.Approve(proposal);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->decided_by(), "coordinator:dana");
  const auto accepted = road_.Accept(decided->assignments(0).offer());
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  road_.AwaitState(request, intake::v1::REQUEST_STATE_MATCHED);
  const std::string engagement = road_.EngagementOf(request);

  const auto early = road_.Deliver(engagement);
  EXPECT_EQ(ReasonOf(early.status()), "PLAN_NOT_APPROVED") << early.status();
  EXPECT_EQ(ReasonOf(road_.ApproveAsChief(request).status()), "PLAN_NOT_DRAWN_UP");
  const auto planned = road_.ApprovePlan(request);
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->state(), intake::v1::REQUEST_STATE_PLANNED);
  const auto delivered = road_.Deliver(engagement);
  ASSERT_TRUE(delivered.ok()) << delivered.status();
  road_.AwaitState(request, intake::v1::REQUEST_STATE_DELIVERED);

  EXPECT_EQ(road_.CountedDeliveries(), 1);
  const auto answered = road_.Answer(engagement, 5);
  ASSERT_TRUE(answered.ok()) << answered.status();
  const auto rated = center_.AwaitEvent("matching", "critac.matching.v1.RatingTaken", 1);
  ASSERT_TRUE(rated.ok()) << rated.status();
  EXPECT_EQ(road_.GetExpert(delivered->assignments(0).expert()).survey_rating_sum(), 5);
  center_.ExpectWholeJournals();
}

TEST_F(RoadTest, ARunIsProvedByItsCertificateWithNoneOfTheProjectsCodeAlsoAfterARestart) {
  const std::string run = road_.AwaitProposal(road_.Ready(1)).run();
  const auto certificate = [&] {
    RunningProgram command(CRITAC_PROGRAM, {"run", "certificate", run, "--output", "json", "--as",
                                            "auditor:ines", "--server", center_.address()});
    const std::string json = command.RestOfOut();
    EXPECT_EQ(command.Wait(), 0) << command.RestOfError();
    return json;
  };
  const std::string json = certificate();
  EXPECT_THAT(VerifyPlan(json), ::testing::StartsWith("optimal: " + run + ", "));
  center_.Kill();
  center_.Start();
  EXPECT_EQ(certificate(), json);
}

TEST_F(RoadTest, APlanIsDrawnUpApprovedByBothAndItsMilestonesAreReached) {
  const std::string request = road_.Ready(1);
  const auto decided = road_.Approve(road_.AwaitProposal(request));
  ASSERT_TRUE(decided.ok()) << decided.status();
  ASSERT_TRUE(road_.Accept(decided->assignments(0).offer()).ok());
  road_.AwaitState(request, intake::v1::REQUEST_STATE_MATCHED);
  const std::string engagement = road_.EngagementOf(request);

  EXPECT_EQ(road_.DrawUpPlan(engagement, "s9").status().code(), absl::StatusCode::kInvalidArgument);
  const auto first = road_.DrawUpPlan(engagement);
  ASSERT_TRUE(first.ok()) << first.status();
  road_.AwaitPlan(request, 1);
  ASSERT_TRUE(road_.ApproveAsChief(request).ok());
  const auto second = road_.DrawUpPlan(engagement);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_THAT(second->plans(), SizeIs(2));
  EXPECT_EQ(second->plans(1).objectives(0), "a policy on foot pursuits");
  EXPECT_EQ(second->plans(1).drawn_up_by(), "partner:partners/elm");
  EXPECT_EQ(ReasonOf(road_.ReachMilestone(engagement, "m1").status()), "PLAN_NOT_APPROVED");

  road_.AwaitPlan(request, 2);
  EXPECT_FALSE(road_.Get(request).has_agency_approval()) << "that of the first version is void";
  for (const int version : {1, 7}) {
    EXPECT_EQ(ReasonOf(road_.ApproveAsManager(request, version).status()),
              "PLAN_VERSION_NOT_NEWEST");
  }
  const auto planned = road_.ApprovePlan(request);
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->agency_approval().plan_version(), 2);
  EXPECT_EQ(planned->program_approval().plan_version(), 2);
  EXPECT_EQ(planned->state(), intake::v1::REQUEST_STATE_PLANNED);
  EXPECT_EQ(ReasonOf(road_.DrawUpPlan(engagement).status()), "PLAN_APPROVED");
  EXPECT_EQ(road_.ReachMilestone(engagement, "m9").status().code(),
            absl::StatusCode::kInvalidArgument);
  const auto reached = road_.ReachMilestone(engagement, "m1");
  ASSERT_TRUE(reached.ok()) << reached.status();
  EXPECT_EQ(reached->plans(0).milestones(0).reached_date(), "");
  EXPECT_NE(reached->plans(1).milestones(0).reached_date(), "") << "of the version approved";
  EXPECT_EQ(reached->plans(0).milestones(0).title(), "the draft is with the chief");
}

TEST_F(RoadTest, ADeclinedExpertIsNotOfferedTheSameAgain) {
  const std::string request = road_.Ready(1);
  std::set<std::string> declined;
  for (int i = 0; i < 4; ++i) {  // there are four experts
    const Proposal proposal = road_.AwaitProposal(request);
    ASSERT_THAT(proposal.assignments(), SizeIs(1)) << i;
    EXPECT_TRUE(declined.insert(proposal.assignments(0).expert()).second) << "proposed again";
    const auto decided = road_.Approve(proposal);
    ASSERT_TRUE(decided.ok()) << decided.status();
    const auto answer = road_.Decline(decided->assignments(0).offer());
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_THAT(road_.Escalated(), SizeIs(i < 2 ? 0 : 1)) << "the policy allows two in vain";
  }
  const Proposal last = road_.AwaitProposal(request);
  EXPECT_THAT(last.assignments(), SizeIs(0));
  ASSERT_THAT(last.open_slots(), SizeIs(1));
  EXPECT_EQ(last.open_slots(0).people(), 1);
  EXPECT_EQ(ReasonOf(road_.Approve(last).status()), "NOTHING_PROPOSED");
}

TEST_F(RoadTest, ALostExpertIsReplacedAndTheRequestIsDelivered) {
  const std::string request = road_.Ready(1);
  const auto decided = road_.Approve(road_.AwaitProposal(request));
  ASSERT_TRUE(decided.ok()) << decided.status();
  ASSERT_TRUE(road_.Accept(decided->assignments(0).offer()).ok());
  road_.AwaitState(request, intake::v1::REQUEST_STATE_MATCHED);
  ASSERT_TRUE(road_.ApprovePlan(request).ok());
  const std::string engagement = road_.EngagementOf(request);

  const auto released = road_.Release(road_.GetEngagement(engagement));
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_THAT(released->sought_slots(), SizeIs(1));
  const auto again = road_.Approve(road_.AwaitProposal(request));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_NE(again->assignments(0).expert(), decided->assignments(0).expert());
  ASSERT_TRUE(road_.Accept(again->assignments(0).offer()).ok());
  road_.AwaitState(request, intake::v1::REQUEST_STATE_MATCHED);
  EXPECT_EQ(road_.EngagementOf(request), engagement) << "carried on, not made anew";

  const auto planned = road_.ApprovePlan(request);
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->state(), intake::v1::REQUEST_STATE_PLANNED);
  ASSERT_TRUE(road_.Deliver(engagement).ok());
  road_.AwaitState(request, intake::v1::REQUEST_STATE_DELIVERED);
  EXPECT_EQ(road_.CountedDeliveries(), 1);
  center_.ExpectWholeJournals();
}

TEST_F(RoadTest, AnOfferIsAnsweredOnce) {
  const auto decided = road_.Approve(road_.AwaitProposal(road_.Ready(1)));
  ASSERT_TRUE(decided.ok()) << decided.status();
  const std::string offer = decided->assignments(0).offer();
  EXPECT_EQ(road_.Accept(offer, "partners/oak").status().code(), absl::StatusCode::kNotFound)
      << "another partner's offer is none of its business";
  EXPECT_TRUE(road_.Accept(offer).ok());
  EXPECT_EQ(ReasonOf(road_.Accept(offer).status()), "OFFER_NOT_OPEN");
  EXPECT_EQ(ReasonOf(road_.Decline(offer).status()), "OFFER_NOT_OPEN");
}

TEST_F(RoadTest, AProposalIsDecidedOnce) {
  const Proposal proposal = road_.AwaitProposal(road_.Ready(1));
  EXPECT_TRUE(road_.Approve(proposal).ok());
  EXPECT_EQ(ReasonOf(road_.Approve(proposal).status()), "PROPOSAL_NOT_OPEN");
}

TEST_F(RoadTest, ADecisionMadeTwiceWithOneRequestIdIsMadeOnce) {
  const Proposal proposal = road_.AwaitProposal(road_.Ready(1));
  matching::v1::ApproveProposalRequest approve;
  approve.set_name(proposal.name());
  approve.set_request_id(ids_.NewUuid());
  const auto first =
      center_.AsCoordinator<MatchService>(&MatchService::Stub::ApproveProposal, approve);
  const auto second =
      center_.AsCoordinator<MatchService>(&MatchService::Stub::ApproveProposal, approve);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString());
}

TEST_F(RoadTest, AWithdrawnRequestTakesItsOffersBack) {
  const std::string request = road_.Ready(1);
  const auto decided = road_.Approve(road_.AwaitProposal(request));
  ASSERT_TRUE(decided.ok()) << decided.status();
  ASSERT_TRUE(
      road_.Act(request, intake::v1::REQUEST_ACTION_WITHDRAW, type::v1::ROLE_COORDINATOR, "dana")
          .ok());
  const auto closed = center_.AwaitEvent("matching", "critac.matching.v1.DemandClosed");
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(ReasonOf(road_.Accept(decided->assignments(0).offer()).status()), "OFFER_NOT_OPEN");
}

TEST_F(RoadTest, TheWrongPeopleAreRefused) {
  const Proposal proposal = road_.AwaitProposal(road_.Ready(1));
  matching::v1::ApproveProposalRequest approve;
  approve.set_name(proposal.name());
  approve.set_request_id(ids_.NewUuid());
  for (const auto& [role, subject] : std::vector<std::pair<type::v1::Role, std::string>>{
           {type::v1::ROLE_AGENCY, road_.program().agency()},
           {type::v1::ROLE_PARTNER, "partners/elm"},
           {type::v1::ROLE_AUDITOR, "ines"},
           {type::v1::ROLE_OPERATOR, "ops"}}) {
    const auto refused =
        center_.Call<MatchService>(&MatchService::Stub::ApproveProposal, approve, role, subject);
    EXPECT_EQ(ReasonOf(refused.status()), "ROLE_NOT_ALLOWED") << subject;
  }
}

}  // namespace
}  // namespace critac::testing
