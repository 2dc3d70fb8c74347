#ifndef TESTS_PROCESS_ROAD_H_
#define TESTS_PROCESS_ROAD_H_

#include <string>
#include <vector>

#include "critac/matching/v1/partner.grpc.pb.h"
#include "critac/metrics/v1/measure.grpc.pb.h"
#include "critac/metrics/v1/survey.grpc.pb.h"
#include "tests/process/small_program.h"

namespace critac::testing {

// The road of a request through a center, from submission to a figure, step by step.
class Road {
 public:
  using Request = intake::v1::Request;
  using RequestService = intake::v1::RequestService;
  using EngagementService = matching::v1::EngagementService;
  using MatchService = matching::v1::MatchService;
  using Offer = matching::v1::Offer;
  using Proposal = matching::v1::Proposal;

  // `center` is empty, and must outlive the road. Its program is set up first, with so many experts.
  explicit Road(AnyCenter& center, int experts = 4) : center_(center), program_(center, experts) {}

  const SmallProgram& program() const { return program_; }

  // A request that is ready, by the number of its submission, with so many slots.
  std::string Ready(int number, int slots = 1) {
    const auto created = center_.AsCoordinator<RequestService>(&RequestService::Stub::CreateRequest,
                                                               program_.Submission(number));
    EXPECT_TRUE(created.ok()) << created.status();
    const absl::Status ready = SmallProgram::MakeReady(center_, created->name(), slots);
    EXPECT_TRUE(ready.ok()) << ready;
    return created->name();
  }

  absl::StatusOr<Request> Act(const std::string& name, intake::v1::RequestAction action,
                              type::v1::Role role, const std::string& subject,
                              const intake::v1::ActionDetails& details = {}) {
    intake::v1::ActOnRequestRequest act;
    act.set_name(name);
    act.set_action(action);
    if (details.ByteSizeLong() > 0) *act.mutable_details() = details;
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

  // Waits until intake is told of a version of the request's plan.
  void AwaitPlan(const std::string& name, int version) {
    int64_t from = 1;
    while (Get(name).plan_version() != version) {
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
    return center_.AsCoordinator<EngagementService>(
        &EngagementService::Stub::RecordDelivery,
        SmallProgram::Delivery(engagement, ids_.NewUuid()));
  }

  // The partner loses the expert who serves in the first slot.
  absl::StatusOr<matching::v1::Engagement> Release(const matching::v1::Engagement& engagement) {
    matching::v1::ReleaseExpertRequest release;
    release.set_name(engagement.name());
    release.set_slot("s1");
    release.set_expert(engagement.assignments(0).expert());
    release.set_code(matching::v1::EXPERT_LOSS_CODE_LEFT);
    release.set_reason("retired");
    release.set_request_id(ids_.NewUuid());
    return center_.Call<EngagementService>(&EngagementService::Stub::ReleaseExpert, release,
                                           type::v1::ROLE_PARTNER, "partners/elm");
  }

  matching::v1::Engagement GetEngagement(const std::string& name) {
    matching::v1::GetEngagementRequest get;
    get.set_name(name);
    const auto engagement =
        center_.AsCoordinator<EngagementService>(&EngagementService::Stub::GetEngagement, get);
    EXPECT_TRUE(engagement.ok()) << engagement.status();
    return engagement.ok() ? *engagement : matching::v1::Engagement();
  }

  // Someone who took part says how satisfied they are, 1 to 5.
  absl::StatusOr<metrics::v1::SurveyResponse> Answer(const std::string& engagement,
                                                     int satisfaction) {
    using metrics::v1::SurveyService;
    return center_.AsCoordinator<SurveyService>(
        &SurveyService::Stub::RecordSurveyResponse,
        SmallProgram::SurveyAnswer(engagement, satisfaction, ids_.NewUuid()));
  }

  matching::v1::Expert GetExpert(const std::string& name) {
    using matching::v1::PartnerService;
    matching::v1::GetExpertRequest get;
    get.set_name(name);
    const auto expert =
        center_.AsCoordinator<PartnerService>(&PartnerService::Stub::GetExpert, get);
    EXPECT_TRUE(expert.ok()) << expert.status();
    return expert.ok() ? *expert : matching::v1::Expert();
  }

  // Requests of which a slot waits for a person.
  std::vector<matching::v1::Demand> Escalated() {
    matching::v1::ListDemandsRequest list;
    list.set_filter("escalated = true");
    const auto page = center_.AsCoordinator<MatchService>(&MatchService::Stub::ListDemands, list);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return {};
    return {page->demands().begin(), page->demands().end()};
  }

  std::string EngagementOf(const std::string& request) {
    matching::v1::ListEngagementsRequest list;
    list.set_filter(absl::StrCat("request = \"", request, "\""));
    const auto page =
        center_.AsCoordinator<EngagementService>(&EngagementService::Stub::ListEngagements, list);
    EXPECT_TRUE(page.ok() && page->engagements_size() == 1);
    return page.ok() && page->engagements_size() > 0 ? page->engagements(0).name() : "";
  }

  // Deliveries that metrics counts once it has taken in what the journals hold now; -1: it does not.
  double CountedDeliveries() {
    using metrics::v1::MeasureService;
    metrics::v1::GetSnapshotRequest wait;
    for (const std::string journal : {"intake", "matching"}) {
      journal::v1::GetHeadRequest head;
      head.set_journal(journal);
      const auto position = center_.AsCoordinator<journal::v1::JournalService>(
          &journal::v1::JournalService::Stub::GetHead, head);
      EXPECT_TRUE(position.ok()) << position.status();
      if (!position.ok()) return -1;
      wait.add_at_least()->set_journal(journal);
      wait.mutable_at_least(wait.at_least_size() - 1)->set_sequence(position->sequence());
    }
    const auto taken_in =
        center_.AsCoordinator<MeasureService>(&MeasureService::Stub::GetSnapshot, wait);
    EXPECT_TRUE(taken_in.ok()) << taken_in.status();
    metrics::v1::QueryMeasureRequest query;
    query.set_measure("deliveries");
    const auto measure =
        center_.AsCoordinator<MeasureService>(&MeasureService::Stub::QueryMeasure, query);
    EXPECT_TRUE(measure.ok()) << measure.status();
    return measure.ok() ? measure->total().value() : -1;
  }

  // The agency approves a version of the plan; 0: the newest.
  absl::StatusOr<Request> ApproveAsChief(const std::string& request, int version = 0) {
    intake::v1::ActionDetails details;
    details.set_plan_version(version);
    return Act(request, intake::v1::REQUEST_ACTION_APPROVE_PLAN, type::v1::ROLE_AGENCY,
               absl::StrCat(program_.agency(), "#chief"), details);
  }

  // So does the program office.
  absl::StatusOr<Request> ApproveAsManager(const std::string& request, int version = 0) {
    intake::v1::ActionDetails details;
    details.set_plan_version(version);
    return Act(request, intake::v1::REQUEST_ACTION_APPROVE_PLAN, type::v1::ROLE_PROGRAM_MANAGER,
               "morgan", details);
  }

  // Agency and program office approve the plan of a matched request, which is drawn up if there is
  // none.
  absl::StatusOr<Request> ApprovePlan(const std::string& request) {
    matching::v1::Engagement engagement = GetEngagement(EngagementOf(request));
    if (engagement.plans().empty()) {
      const auto drawn_up = DrawUpPlan(engagement.name());
      if (!drawn_up.ok()) return drawn_up.status();
      engagement = *drawn_up;
    }
    AwaitPlan(request, engagement.plans_size());
    const auto first = ApproveAsChief(request);
    if (!first.ok()) return first.status();
    return ApproveAsManager(request);
  }

  // The partner draws up a plan with one milestone, about a slot.
  absl::StatusOr<matching::v1::Engagement> DrawUpPlan(const std::string& engagement,
                                                      const std::string& slot = "s1") {
    return center_.Call<EngagementService>(&EngagementService::Stub::DrawUpPlan,
                                           SmallProgram::Plan(engagement, ids_.NewUuid(), slot),
                                           type::v1::ROLE_PARTNER, "partners/elm");
  }

  absl::StatusOr<matching::v1::Engagement> ReachMilestone(const std::string& engagement,
                                                          const std::string& milestone) {
    matching::v1::ReachMilestoneRequest reach;
    reach.set_name(engagement);
    reach.set_milestone(milestone);
    reach.set_request_id(ids_.NewUuid());
    return center_.Call<EngagementService>(&EngagementService::Stub::ReachMilestone, reach,
                                           type::v1::ROLE_PARTNER, "partners/elm");
  }

 private:
  AnyCenter& center_;
  const SmallProgram program_;
  RandomIdSource ids_;
};

}  // namespace critac::testing

#endif  // TESTS_PROCESS_ROAD_H_
