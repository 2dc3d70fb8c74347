// The whole road of a request through a center as shipped, and what must not happen on it.
#include "common/status/error.h"
#include "critac/intake/v1/request.grpc.pb.h"
#include "critac/matching/v1/engagement.grpc.pb.h"
#include "critac/matching/v1/match.grpc.pb.h"
#include "critac/metrics/v1/measure.grpc.pb.h"
#include "tests/process/center.h"
#include "tests/process/small_program.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {
namespace {

using intake::v1::Request;
using intake::v1::RequestService;
using matching::v1::EngagementService;
using matching::v1::MatchService;
using matching::v1::Offer;
using matching::v1::Proposal;
using ::testing::SizeIs;

class RoadTest : public ::testing::Test {
 protected:
  // A request that is ready, by the number of its submission.
  std::string Ready(int number) {
    const auto created = center_.AsCoordinator<RequestService>(&RequestService::Stub::CreateRequest,
                                                               program_.Submission(number));
    EXPECT_TRUE(created.ok()) << created.status();
    const absl::Status ready = SmallProgram::MakeReady(center_, created->name());
    EXPECT_TRUE(ready.ok()) << ready;
    return created->name();
  }

  absl::StatusOr<Request> Act(const std::string& name, intake::v1::RequestAction action,
                              type::v1::Role role, const std::string& subject) {
    intake::v1::ActOnRequestRequest act;
    act.set_name(name);
    act.set_action(action);
    act.set_request_id(ids_.NewUuid());
    return center_.Call<RequestService>(&RequestService::Stub::ActOnRequest, act, role, subject);
  }

  Request Get(const std::string& name) {
    intake::v1::GetRequestRequest get;
    get.set_name(name);
    const auto request =
        center_.AsCoordinator<RequestService>(&RequestService::Stub::GetRequest, get);
    EXPECT_TRUE(request.ok()) << request.status();
    return request.ok() ? *request : Request();
  }

  // Waits until the request is led to a state by matching.
  void AwaitState(const std::string& name, intake::v1::RequestState state) {
    int64_t from = 1;
    while (Get(name).state() != state) {
      const auto event = center_.AwaitEvent("intake", "critac.intake.v1.RequestTransitioned", from);
      ASSERT_TRUE(event.ok()) << event.status();
      from = event->sequence() + 1;
    }
  }

  // Waits for the open proposal of a request.
  Proposal AwaitProposal(const std::string& request) {
    matching::v1::ListProposalsRequest list;
    list.set_filter(absl::StrCat("request = \"", request, "\" AND state = PROPOSAL_STATE_OPEN"));
    for (int64_t from = 1;;) {
      const auto page =
          center_.AsCoordinator<MatchService>(&MatchService::Stub::ListProposals, list);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok() || page->proposals_size() > 0)
        return page.ok() ? page->proposals(0) : Proposal();
      const auto event = center_.AwaitEvent("matching", "critac.matching.v1.ProposalMade", from);
      EXPECT_TRUE(event.ok()) << event.status();
      if (!event.ok()) return Proposal();
      from = event->sequence() + 1;
    }
  }

  absl::StatusOr<Proposal> Approve(const Proposal& proposal) {
    matching::v1::ApproveProposalRequest approve;
    approve.set_name(proposal.name());
    approve.set_request_id(ids_.NewUuid());
    return center_.AsCoordinator<MatchService>(&MatchService::Stub::ApproveProposal, approve);
  }

  absl::StatusOr<Offer> Accept(const std::string& offer,
                               const std::string& partner = "partners/elm") {
    matching::v1::AcceptOfferRequest accept;
    accept.set_name(offer);
    accept.set_request_id(ids_.NewUuid());
    return center_.Call<EngagementService>(&EngagementService::Stub::AcceptOffer, accept,
                                           type::v1::ROLE_PARTNER, partner);
  }

  absl::StatusOr<Offer> Decline(const std::string& offer) {
    matching::v1::DeclineOfferRequest decline;
    decline.set_name(offer);
    decline.set_code(matching::v1::OFFER_DECLINE_CODE_WORKLOAD);
    decline.set_reason("two deployments");
    decline.set_request_id(ids_.NewUuid());
    return center_.Call<EngagementService>(&EngagementService::Stub::DeclineOffer, decline,
                                           type::v1::ROLE_PARTNER, "partners/elm");
  }

  absl::StatusOr<matching::v1::Engagement> Deliver(const std::string& engagement) {
    matching::v1::RecordDeliveryRequest record;
    record.set_name(engagement);
    record.mutable_delivery()->set_slot("s1");
    record.mutable_delivery()->set_delivery_type("deliveryTypes/coaching");
    record.mutable_delivery()->set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
    record.mutable_delivery()->set_date(FormatDate(DayOf(absl::Now())));
    record.mutable_delivery()->set_quarter_hours(32);
    record.mutable_delivery()->set_completes_slot(true);
    record.set_request_id(ids_.NewUuid());
    return center_.AsCoordinator<EngagementService>(&EngagementService::Stub::RecordDelivery,
                                                    record);
  }

  std::string EngagementOf(const std::string& request) {
    matching::v1::ListEngagementsRequest list;
    list.set_filter(absl::StrCat("request = \"", request, "\""));
    const auto page =
        center_.AsCoordinator<EngagementService>(&EngagementService::Stub::ListEngagements, list);
    EXPECT_TRUE(page.ok() && page->engagements_size() == 1);
    return page.ok() && page->engagements_size() > 0 ? page->engagements(0).name() : "";
  }

  RandomIdSource ids_;
  TempFolder folder_;
  Center center_{folder_.file("data")};
  SmallProgram program_{center_};
};

TEST_F(RoadTest, ARequestGoesFromSubmittedToAFigure) {
  const std::string request = Ready(1);
  const Proposal proposal = AwaitProposal(request);
  ASSERT_THAT(proposal.assignments(), SizeIs(1));
  const auto decided = Approve(proposal);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->decided_by(), "coordinator:dana");
  const auto accepted = Accept(decided->assignments(0).offer());
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  AwaitState(request, intake::v1::REQUEST_STATE_MATCHED);
  const std::string engagement = EngagementOf(request);

  const auto early = Deliver(engagement);
  EXPECT_EQ(ReasonOf(early.status()), "PLAN_NOT_APPROVED") << early.status();
  const std::string chief = absl::StrCat(program_.agency(), "#chief");
  ASSERT_TRUE(
      Act(request, intake::v1::REQUEST_ACTION_APPROVE_PLAN, type::v1::ROLE_AGENCY, chief).ok());
  const auto planned = Act(request, intake::v1::REQUEST_ACTION_APPROVE_PLAN,
                           type::v1::ROLE_PROGRAM_MANAGER, "morgan");
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->state(), intake::v1::REQUEST_STATE_PLANNED);
  const auto delivered = Deliver(engagement);
  ASSERT_TRUE(delivered.ok()) << delivered.status();
  AwaitState(request, intake::v1::REQUEST_STATE_DELIVERED);

  // The figure follows the journals: wait until it has taken in what they hold now.
  metrics::v1::GetSnapshotRequest wait;
  for (const std::string journal : {"intake", "matching"}) {
    journal::v1::GetHeadRequest head;
    head.set_journal(journal);
    const auto position = center_.AsCoordinator<journal::v1::JournalService>(
        &journal::v1::JournalService::Stub::GetHead, head);
    ASSERT_TRUE(position.ok()) << position.status();
    wait.add_at_least()->set_journal(journal);
    wait.mutable_at_least(wait.at_least_size() - 1)->set_sequence(position->sequence());
  }
  using metrics::v1::MeasureService;
  ASSERT_TRUE(center_.AsCoordinator<MeasureService>(&MeasureService::Stub::GetSnapshot, wait).ok());
  metrics::v1::QueryMeasureRequest query;
  query.set_measure("deliveries");
  const auto measure =
      center_.AsCoordinator<MeasureService>(&MeasureService::Stub::QueryMeasure, query);
  ASSERT_TRUE(measure.ok()) << measure.status();
  EXPECT_EQ(measure->total().value(), 1);
  center_.ExpectWholeJournals();
}

TEST_F(RoadTest, ADeclinedExpertIsNotOfferedTheSameAgain) {
  const std::string request = Ready(1);
  std::set<std::string> declined;
  for (int i = 0; i < 4; ++i) {  // there are four experts
    const Proposal proposal = AwaitProposal(request);
    ASSERT_THAT(proposal.assignments(), SizeIs(1)) << i;
    EXPECT_TRUE(declined.insert(proposal.assignments(0).expert()).second) << "proposed again";
    const auto decided = Approve(proposal);
    ASSERT_TRUE(decided.ok()) << decided.status();
    const auto answer = Decline(decided->assignments(0).offer());
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
  const Proposal last = AwaitProposal(request);
  EXPECT_THAT(last.assignments(), SizeIs(0));
  ASSERT_THAT(last.open_slots(), SizeIs(1));
  EXPECT_EQ(last.open_slots(0).people(), 1);
  EXPECT_EQ(ReasonOf(Approve(last).status()), "NOTHING_PROPOSED");
}

TEST_F(RoadTest, AnOfferIsAnsweredOnce) {
  const auto decided = Approve(AwaitProposal(Ready(1)));
  ASSERT_TRUE(decided.ok()) << decided.status();
  const std::string offer = decided->assignments(0).offer();
  EXPECT_EQ(Accept(offer, "partners/oak").status().code(), absl::StatusCode::kNotFound)
      << "another partner's offer is none of its business";
  EXPECT_TRUE(Accept(offer).ok());
  EXPECT_EQ(ReasonOf(Accept(offer).status()), "OFFER_NOT_OPEN");
  EXPECT_EQ(ReasonOf(Decline(offer).status()), "OFFER_NOT_OPEN");
}

TEST_F(RoadTest, AProposalIsDecidedOnce) {
  const Proposal proposal = AwaitProposal(Ready(1));
  EXPECT_TRUE(Approve(proposal).ok());
  EXPECT_EQ(ReasonOf(Approve(proposal).status()), "PROPOSAL_NOT_OPEN");
}

TEST_F(RoadTest, ADecisionMadeTwiceWithOneRequestIdIsMadeOnce) {
  const Proposal proposal = AwaitProposal(Ready(1));
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
  const std::string request = Ready(1);
  const auto decided = Approve(AwaitProposal(request));
  ASSERT_TRUE(decided.ok()) << decided.status();
  ASSERT_TRUE(
      Act(request, intake::v1::REQUEST_ACTION_WITHDRAW, type::v1::ROLE_COORDINATOR, "dana").ok());
  const auto closed = center_.AwaitEvent("matching", "critac.matching.v1.DemandClosed");
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(ReasonOf(Accept(decided->assignments(0).offer()).status()), "OFFER_NOT_OPEN");
}

TEST_F(RoadTest, TheWrongPeopleAreRefused) {
  const Proposal proposal = AwaitProposal(Ready(1));
  matching::v1::ApproveProposalRequest approve;
  approve.set_name(proposal.name());
  approve.set_request_id(ids_.NewUuid());
  for (const auto& [role, subject] : std::vector<std::pair<type::v1::Role, std::string>>{
           {type::v1::ROLE_AGENCY, program_.agency()},
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
