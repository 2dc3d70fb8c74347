// The review of a policy, what-if, and who sees what of engagements, through gRPC with production wiring.
#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "common/status/grpc_status.h"
#include "critac/matching/v1/events.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/identity_commands.h"
#include "services/matching/match_commands.h"
#include "services/matching/match_worker.h"
#include "services/matching/matching_states.h"
#include "services/matching/meeting_name_reader.h"
#include "services/matching/service_testing.h"
#include "services/matching/solve_lease.h"
#include "services/matching/testing_center.h"
#include "tests/support/eventually.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kDana;
using testing::kIacp;
using testing::kLindqvist;
using testing::kNsa;
using testing::kOkafor;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Stub = v1::MatchService::Stub;

class MatchingService : public ::testing::Test {
 protected:
  MatchingService() { server_.intake.catalog = Center().catalog; }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, const std::string& who) {
    return server_.Call(server_.matches, method, request, who);
  }

  v1::Policy InForce() { return *Call(&Stub::GetPolicy, v1::GetPolicyRequest(), kDana); }

  absl::StatusOr<v1::Policy> Propose(const v1::Policy& policy, const std::string& who = kOkafor,
                                     int64_t base_version = 0) {
    v1::ProposePolicyRequest request;
    *request.mutable_policy() = policy;
    request.set_base_version(base_version);
    request.set_reason("spread the work");
    request.set_request_id(server_.NewId());
    return Call(&Stub::ProposePolicy, request, who);
  }
  // A draft with another price of fairness.
  absl::StatusOr<v1::Policy> Propose(int64_t fairness_price) {
    v1::Policy policy = InForce();
    policy.set_fairness_price(fairness_price);
    return Propose(policy);
  }
  // Tries the draft first, as it must be.
  absl::StatusOr<v1::Policy> Approve(const std::string& name, const std::string& who) {
    Try(name).IgnoreError();
    return ApproveUntried(name, who);
  }
  absl::StatusOr<v1::Policy> ApproveUntried(const std::string& name, const std::string& who) {
    v1::ApprovePolicyRequest request;
    request.set_name(name);
    request.set_request_id(server_.NewId());
    return Call(&Stub::ApprovePolicy, request, who);
  }
  absl::Status Try(const std::string& name, const std::string& who = kDana) {
    return Call(&Stub::TryPolicy, TrialOf(name), who).status();
  }
  v1::TryPolicyRequest TrialOf(const std::string& name) {
    v1::TryPolicyRequest request;
    request.set_name(name);
    request.set_request_id(server_.NewId());
    return request;
  }
  absl::StatusOr<v1::Policy> Reject(const std::string& name, const std::string& who) {
    v1::RejectPolicyRequest request;
    request.set_name(name);
    request.set_reason("not now");
    request.set_request_id(server_.NewId());
    return Call(&Stub::RejectPolicy, request, who);
  }
  absl::StatusOr<v1::Policy> Get(const std::string& name, const std::string& who) {
    v1::GetPolicyRequest request;
    request.set_name(name);
    return Call(&Stub::GetPolicy, request, who);
  }
  // `v00000001 IN_FORCE`, newest first.
  std::vector<std::string> Versions() {
    std::vector<std::string> texts;
    const auto page = Call(&Stub::ListPolicies, v1::ListPoliciesRequest(), kDana);
    EXPECT_TRUE(page.ok()) << page.status();
    for (const v1::Policy& policy : page->policies()) {
      texts.push_back(
          absl::StrCat(policy.version(), " ", v1::PolicyState_Name(policy.state()).substr(13)));
    }
    return texts;
  }

  void AddPartner(const std::string& id, const std::string& display_name) {
    v1::ImportPartnersRequest partners;
    v1::Partner& partner = *partners.add_partners();
    partner.set_name("partners/" + id);
    partner.set_display_name(display_name);
    partner.add_memberships()->set_start("2020-01-01");
    partners.set_request_id(server_.NewId());
    ASSERT_TRUE(
        server_.Call(server_.partners, &v1::PartnerService::Stub::ImportPartners, partners, kDana)
            .ok());
  }

  // One partner, as many experts as asked for, each for one assignment a period.
  void AddExperts(int count) {
    AddPartner("nsa", "NSA");
    v1::ImportExpertsRequest experts;
    Center center;
    for (int i = 1; i <= count; ++i) {
      v1::Expert& expert = center.AddExpert(absl::StrCat("e", i));
      expert.set_full_name("Somebody");
      expert.set_capacity_per_period(1);
      *experts.add_experts() = expert;
    }
    experts.set_request_id(server_.NewId());
    const auto imported =
        server_.Call(server_.partners, &v1::PartnerService::Stub::ImportExperts, experts, kDana);
    ASSERT_TRUE(imported.ok()) << imported.status();
    for (const auto& result : imported->results()) EXPECT_EQ(result.problem(), "");
  }

  // A partner with one expert, who is rated.
  void AddPartnerWithExpert(const std::string& partner_id, const std::string& expert_id,
                            const std::string& full_name = "Somebody") {
    AddPartner(partner_id, partner_id);
    v1::ImportExpertsRequest experts;
    Center center;
    v1::Expert& expert = *experts.add_experts();
    expert = center.AddExpert(expert_id, partner_id);
    expert.set_full_name(full_name);
    expert.set_rating_count(3);
    expert.set_rating_sum(12);
    experts.set_request_id(server_.NewId());
    const auto imported =
        server_.Call(server_.partners, &v1::PartnerService::Stub::ImportExperts, experts, kDana);
    ASSERT_TRUE(imported.ok()) << imported.status();
    ASSERT_EQ(imported->results(0).problem(), "");
  }

  // A record of a partner that is there, with these addresses.
  void AddExpertWith(const std::string& id, const std::string& partner_id,
                     const std::vector<std::string>& emails) {
    Center center;
    v1::ImportExpertsRequest experts;
    v1::Expert& expert = *experts.add_experts();
    expert = center.AddExpert(id, partner_id);
    expert.set_full_name("Somebody");
    for (const std::string& email : emails) expert.add_emails(email);
    experts.set_request_id(server_.NewId());
    const auto imported =
        server_.Call(server_.partners, &v1::PartnerService::Stub::ImportExperts, experts, kDana);
    ASSERT_TRUE(imported.ok()) << imported.status();
    ASSERT_EQ(imported->results(0).problem(), "");
  }

  // A conflict of a partner that someone declared, and someone asked to override; its name.
  std::string AskedConflict(const std::string& declared_by, const std::string& asked_by) {
    v1::CreateConflictRequest create;
    create.mutable_conflict()->set_partner("partners/nsa");
    create.mutable_conflict()->set_agency("agencies/ag-000009");
    create.mutable_conflict()->set_kind(v1::CONFLICT_KIND_LITIGATION);
    create.mutable_conflict()->set_reason("a suit is under way");
    create.set_request_id(server_.NewId());
    const auto declared = server_.Call(server_.partners, &v1::PartnerService::Stub::CreateConflict,
                                       create, declared_by);
    EXPECT_TRUE(declared.ok()) << declared.status();
    if (!declared.ok()) return "";
    v1::AskConflictOverrideRequest ask;
    ask.set_name(declared->name());
    ask.set_reason("nobody else");
    ask.set_request_id(server_.NewId());
    const auto asked = server_.Call(server_.partners,
                                    &v1::PartnerService::Stub::AskConflictOverride, ask, asked_by);
    EXPECT_TRUE(asked.ok()) << asked.status();
    return declared->name();
  }

  absl::Status Override(const std::string& conflict, const std::string& who) {
    v1::OverrideConflictRequest request;
    request.set_name(conflict);
    request.set_reason("settled");
    request.set_request_id(server_.NewId());
    return server_.Call(server_.partners, &v1::PartnerService::Stub::OverrideConflict, request, who)
        .status();
  }

  // Another process solves, and goes on.
  void LetAnotherSolve() {
    const absl::Time since = server_.clock.Now();
    const absl::Status written =
        server_.journal().database().Write([&](store::Connection& connection) {
          return connection.InsertRows(
              "solve_lease", {"id", "turn", "holder", "take_time", "expire_time"},
              {{int64_t{1}, int64_t{1}, std::string("service:matching"), absl::ToUnixMicros(since),
                absl::ToUnixMicros(since + absl::Hours(24 * 365))}},
              store::OnConflict::kReplace, {"id"});
        });
    ASSERT_TRUE(written.ok()) << written;
  }

  // What a call to solve ends with while time passes, so much at each look.
  absl::Status SolveWhileTimePasses(const v1::SolveMatchesRequest& request, absl::Duration step) {
    std::atomic<bool> ended = false;
    absl::Status answer;
    std::thread waiting([&] {
      answer = Call(&Stub::SolveMatches, request, kDana).status();
      ended = true;
    });
    EXPECT_TRUE(critac::testing::Eventually([&] {
      server_.clock.Advance(step);
      return ended.load();
    }));
    waiting.join();
    return answer;
  }

  // By hand, and no event of the journal says so.
  void PurgeNames() {
    const absl::Status purged =
        server_.journal().database().Write([](store::Connection& connection) {
          return connection.Execute("DELETE FROM journal_vault WHERE field = 'expert.full_name'")
              .status();
        });
    ASSERT_TRUE(purged.ok()) << purged;
  }

  // A request becomes ready.
  void AddRequest(const std::string& id, int people = 1, const std::string& state = "") {
    Center center;
    v1::Demand& demand = center.AddDemand(id);
    if (!state.empty()) demand.mutable_agency()->set_state(state);
    intake::v1::Request request;
    request.set_name(demand.request());
    request.set_state(intake::v1::REQUEST_STATE_READY);
    *request.mutable_agency_profile() = demand.agency();
    *request.mutable_scope()->mutable_slots() = demand.slots();
    request.mutable_scope()->mutable_slots(0)->set_people(people);
    request.set_urgency(demand.urgency());
    *request.mutable_ready_time() = demand.ready_time();
    server_.Execute(FollowRequest(request));
  }

  v1::SolveRun Solve() {
    v1::SolveMatchesRequest request;
    request.set_request_id(server_.NewId());
    const auto run = Call(&Stub::SolveMatches, request, kDana);
    EXPECT_TRUE(run.ok()) << run.status();
    return *run;
  }

  // A proposal of e1 of nsa and of e2 of iacp for one request; it is approved, so both have offers.
  v1::Proposal ApproveTwoPartners() {
    AddPartnerWithExpert("nsa", "e1");
    AddPartnerWithExpert("iacp", "e2");
    AddRequest("fy27-000001", 2);
    v1::ApproveProposalRequest approve;
    approve.set_name(Solve().proposals(0));
    approve.set_request_id(server_.NewId());
    const auto approved = Call(&Stub::ApproveProposal, approve, kDana);
    EXPECT_TRUE(approved.ok()) << approved.status();
    return *approved;
  }

  // An engagement that e1 of nsa and e2 of iacp share; iacp leads it, the first by name.
  v1::Engagement AgreeWithTwoPartners() {
    const v1::Proposal approved = ApproveTwoPartners();
    for (const v1::Assignment& one : approved.assignments()) {
      v1::AcceptOfferRequest accept;
      accept.set_name(one.offer());
      accept.set_request_id(server_.NewId());
      const auto accepted = CallEngagements(&v1::EngagementService::Stub::AcceptOffer, accept,
                                            "partner:" + one.partner());
      EXPECT_TRUE(accepted.ok()) << accepted.status();
      EXPECT_GT(accepted->assignment().score_e6(), 0) << "the partner's own";
    }
    v1::Engagement engagement = Listed(kDana).at(0);
    EXPECT_EQ(engagement.lead_partner(), "partners/iacp");
    SetIntakeState(engagement, intake::v1::REQUEST_STATE_MATCHED);
    return engagement;
  }
  void SetIntakeState(const v1::Engagement& engagement, intake::v1::RequestState state) {
    intake::v1::Request& request = server_.intake_requests.requests[engagement.request()];
    request.set_name(engagement.request());
    request.set_state(state);
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> CallEngagements(grpc::Status (v1::EngagementService::Stub::*method)(
                                               grpc::ClientContext*, const Request&, Response*),
                                           const Request& request, const std::string& who) {
    return server_.Call(server_.engagements, method, request, who);
  }
  v1::Engagement Got(const v1::Engagement& engagement, const std::string& who) {
    v1::GetEngagementRequest get;
    get.set_name(engagement.name());
    const auto got = CallEngagements(&v1::EngagementService::Stub::GetEngagement, get, who);
    EXPECT_TRUE(got.ok()) << got.status();
    return *got;
  }
  std::vector<v1::Engagement> Listed(const std::string& who) {
    const auto page = CallEngagements(&v1::EngagementService::Stub::ListEngagements,
                                      v1::ListEngagementsRequest(), who);
    EXPECT_TRUE(page.ok()) << page.status();
    return {page->engagements().begin(), page->engagements().end()};
  }
  // Something took place, and it was not all of the slot.
  absl::StatusOr<v1::Engagement> Deliver(const v1::Engagement& engagement, const std::string& who) {
    v1::RecordDeliveryRequest record;
    record.set_name(engagement.name());
    record.mutable_delivery()->set_slot("s1");
    record.mutable_delivery()->set_delivery_type("deliveryTypes/virtual");
    record.mutable_delivery()->set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
    record.mutable_delivery()->set_date("2026-11-20");
    record.mutable_delivery()->set_quarter_hours(6);
    record.set_request_id(server_.NewId());
    return CallEngagements(&v1::EngagementService::Stub::RecordDelivery, record, who);
  }
  // Those who serve, and then those who were lost, whose scores an answer has, with all their parts.
  static std::vector<std::string> Scored(const v1::Engagement& engagement) {
    std::vector<std::string> experts;
    for (const auto* team : {&engagement.assignments(), &engagement.former_assignments()}) {
      for (const v1::Assignment& one : *team) {
        EXPECT_EQ(one.score_e6() > 0, one.parts_size() > 0) << one.ShortDebugString();
        if (one.score_e6() > 0) experts.push_back(one.expert());
      }
    }
    return experts;
  }

  // A decision for e2 in the slot of the one request, for which e1 is proposed.
  v1::OverrideProposalRequest DecisionForE2() {
    AddExperts(2);
    AddRequest("fy27-000001");
    v1::OverrideProposalRequest decision;
    decision.set_name(Solve().proposals(0));
    v1::Assignment& one = *decision.add_assignments();
    one.set_slot("s1");
    one.set_expert("experts/e2");
    decision.set_reason("the chief knows her");
    decision.set_request_id(server_.NewId());
    return decision;
  }
  std::vector<v1::Offer> Offers() {
    const auto page =
        CallEngagements(&v1::EngagementService::Stub::ListOffers, v1::ListOffersRequest(), kDana);
    EXPECT_TRUE(page.ok()) << page.status();
    return {page->offers().begin(), page->offers().end()};
  }
  v1::ProposalState StateOf(const std::string& proposal) {
    v1::GetProposalRequest get;
    get.set_name(proposal);
    return Call(&Stub::GetProposal, get, kDana)->state();
  }

  static v1::SimulatedChange Deactivate(const std::string& expert) {
    v1::SimulatedChange change;
    change.mutable_expert()->set_name(expert);
    change.add_fields("active");
    return change;
  }

  absl::StatusOr<v1::SimulateResponse> Simulate(const std::vector<v1::SimulatedChange>& changes,
                                                const std::string& run = "") {
    v1::SimulateRequest request;
    for (const v1::SimulatedChange& change : changes) *request.add_changes() = change;
    request.set_run(run);
    return Call(&Stub::Simulate, request, kDana);
  }

  void Recuse(const std::string& expert, const std::string& agency) {
    v1::CreateConflictRequest create;
    create.mutable_conflict()->set_expert(expert);
    create.mutable_conflict()->set_agency(agency);
    create.mutable_conflict()->set_kind(v1::CONFLICT_KIND_RECUSAL);
    create.mutable_conflict()->set_reason("a brother serves there");
    create.set_request_id(server_.NewId());
    const auto declared =
        server_.Call(server_.partners, &v1::PartnerService::Stub::CreateConflict, create, kDana);
    ASSERT_TRUE(declared.ok()) << declared.status();
  }

  // All parts of a certificate.
  absl::StatusOr<v1::GetCertificateResponse> Certificate(const std::string& run,
                                                         const std::string& who) {
    const auto principal = rpc::ParsePrincipal(who);
    EXPECT_TRUE(principal.ok()) << principal.status();
    grpc::ClientContext context;
    rpc::Prepare(context, {.principal = *principal, .timeout = absl::Seconds(60)});
    v1::GetCertificateRequest request;
    request.set_name(run);
    const auto reader = server_.matches->GetCertificate(&context, request);
    v1::GetCertificateResponse whole, part;
    while (reader->Read(&part)) whole.MergeFrom(part);
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return FromGrpcStatus(status);
    return whole;
  }

  testing::MatchingServer server_;
};

TEST_F(MatchingService, ANameThatWasPurgedIsGoneFromRankingsAndExplanationsAtOnce) {
  AddExperts(2);
  AddRequest("fy27-000001");
  v1::RankCandidatesRequest rank;
  rank.set_request("requests/fy27-000001");
  rank.set_slot("s1");
  v1::ExplainMatchRequest explain;
  explain.set_request("requests/fy27-000001");
  explain.set_slot("s1");
  explain.set_expert("experts/e1");
  for (const char* name : {"Somebody", ""}) {
    const auto ranked = Call(&Stub::RankCandidates, rank, kDana);
    ASSERT_TRUE(ranked.ok()) << ranked.status();
    ASSERT_THAT(ranked->candidates(), SizeIs(2));
    for (const v1::Candidate& one : ranked->candidates()) EXPECT_EQ(one.full_name(), name);
    const auto explained = Call(&Stub::ExplainMatch, explain, kDana);
    ASSERT_TRUE(explained.ok()) << explained.status();
    EXPECT_EQ(explained->candidate().expert(), "experts/e1");
    EXPECT_EQ(explained->candidate().full_name(), name);
    PurgeNames();
  }
}

TEST_F(MatchingService, AConflictThatASuspicionLeadsToIsSaidWhereThePairIsJudged) {
  AddPartner("nsa", "NSA");
  v1::ImportExpertsRequest import;
  Center center;
  for (const auto& [id, name] : {std::pair("e1", "Bob Lee"), std::pair("e2", "Robert Lee")}) {
    v1::Expert& expert = *import.add_experts() = center.AddExpert(id);
    expert.set_full_name(name);
    expert.mutable_home()->set_latitude_e6(40'760'000);
    expert.mutable_home()->set_longitude_e6(-111'890'000);
  }
  import.set_request_id(server_.NewId());
  ASSERT_TRUE(
      server_.Call(server_.partners, &v1::PartnerService::Stub::ImportExperts, import, kDana).ok());
  Recuse("experts/e2", "agencies/fy27-000001");
  AddRequest("fy27-000001");

  v1::ExplainMatchRequest explain;
  explain.set_request("requests/fy27-000001");
  explain.set_expert("experts/e1");
  const auto explained = Call(&Stub::ExplainMatch, explain, kDana);
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_TRUE(explained->eligible()) << "a person has to decide";
  ASSERT_THAT(explained->suspected_conflicts(), SizeIs(1));
  EXPECT_EQ(explained->suspected_conflicts(0).expert(), "experts/e2");
  EXPECT_THAT(explained->summary(),
              HasSubstr("The expert may be experts/e2 (name variant, same home), who is out: "
                        "declared recusal: conflict with agencies/fy27-000001; not decided yet"));

  v1::RankCandidatesRequest rank;
  rank.set_request("requests/fy27-000001");
  const auto ranked = Call(&Stub::RankCandidates, rank, kDana);
  ASSERT_TRUE(ranked.ok()) << ranked.status();
  ASSERT_THAT(ranked->candidates(), SizeIs(1));
  ASSERT_THAT(ranked->candidates(0).suspected_conflicts(), SizeIs(1));
  EXPECT_EQ(ranked->candidates(0).suspected_conflicts(0).expert(), "experts/e2");
  EXPECT_THAT(explained->candidate().suspected_conflicts(), SizeIs(0)) << "they are beside it";

  using Meetings = v1::MeetingService::Stub;
  v1::CallMeetingRequest call;
  call.set_request_id(server_.NewId());
  const auto meeting = server_.Call(server_.meetings, &Meetings::CallMeeting, call, kDana);
  ASSERT_TRUE(meeting.ok()) << meeting.status();
  EXPECT_THAT(meeting->items(0).slots(0).candidates(0).suspected_conflicts(), SizeIs(1));
  v1::GetMeetingRequest get;
  get.set_name(meeting->name());
  const auto seen = server_.Call(server_.meetings, &Meetings::GetMeeting, get, kNsa);
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_THAT(seen->items(0).slots(0).candidates(0).suspected_conflicts(), SizeIs(0))
      << "a partner is told nothing of others' records";

  v1::ApproveProposalRequest approve;
  approve.set_name(Solve().proposals(0));
  approve.set_request_id(server_.NewId());
  const auto approved = Call(&Stub::ApproveProposal, approve, kDana);
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_THAT(approved->assignments(0).suspected_conflicts(), SizeIs(1));
}

// ---- The policy ---------------------------------------------------------------------------------

TEST_F(MatchingService, ANewCenterHasAPolicyInForceWithoutASecondPerson) {
  EXPECT_EQ(InForce().version(), 1);
  EXPECT_EQ(InForce().name(), "policies/v00000001");
  EXPECT_THAT(Versions(), ElementsAre("1 IN_FORCE"));
}

TEST_F(MatchingService, APolicyTakesEffectOnlyWhenASecondPersonApprovesIt) {
  const auto draft = Propose(33'000);
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_EQ(draft->state(), v1::POLICY_STATE_DRAFT);
  EXPECT_EQ(draft->reason(), "spread the work");
  EXPECT_EQ(InForce().version(), 1);
  const auto own = Approve(draft->name(), kOkafor);
  EXPECT_EQ(own.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(own.status()), "SECOND_PERSON_NEEDED");
  EXPECT_EQ(InForce().version(), 1);
  const auto approved = Approve(draft->name(), kLindqvist);
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(approved->state(), v1::POLICY_STATE_IN_FORCE);
  EXPECT_EQ(InForce().version(), 2);
  EXPECT_EQ(InForce().fairness_price(), 33'000);
  EXPECT_EQ(InForce().proposed_by(), kOkafor);
  EXPECT_EQ(InForce().actor(), kLindqvist);
  EXPECT_EQ(InForce().reason(), "spread the work");
  EXPECT_THAT(Versions(), ElementsAre("2 IN_FORCE", "1 SUPERSEDED"));
  EXPECT_EQ(ReasonOf(Approve(draft->name(), kLindqvist).status()), "POLICY_NOT_DRAFT");
}

TEST_F(MatchingService, ADraftIsApprovedOnlyOnceItWasTried) {
  const auto draft = Propose(33'000);
  ASSERT_TRUE(draft.ok());
  EXPECT_EQ(ReasonOf(ApproveUntried(draft->name(), kLindqvist).status()), "POLICY_NOT_TRIED");
  ASSERT_TRUE(Try(draft->name()).ok());
  EXPECT_EQ(Get(draft->name(), kDana)->tried_by(), kDana);
  const int64_t head = server_.journal().Head()->sequence;
  ASSERT_TRUE(Try(draft->name(), kLindqvist).ok());
  EXPECT_EQ(Get(draft->name(), kDana)->tried_by(), kDana) << "who was the first";
  EXPECT_EQ(server_.journal().Head()->sequence, head) << "a second trial records nothing";
  const auto approved = ApproveUntried(draft->name(), kLindqvist);
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(InForce().tried_by(), kDana);
}

// Ana has two addresses on one record, and, once that is confirmed, another record at another partner.
TEST_F(MatchingService, ASecondPersonIsNotTheFirstUnderAnotherAddress) {
  AddPartner("iacp", "IACP");
  AddPartner("nsa", "NSA");
  AddExpertWith("ana", "iacp", {"ana@iacp.org", "ana@gmail.com"});
  AddExpertWith("ortiz", "nsa", {"ortiz@nsa.org"});
  AddExpertWith("ben", "iacp", {"ben@iacp.org"});
  const std::string asked = AskedConflict(kDana, "coordinator:ana@iacp.org");
  const std::string declared = AskedConflict("coordinator:ana@iacp.org", kDana);
  v1::Policy policy = InForce();
  policy.set_fairness_price(33'000);
  const auto draft = Propose(policy, "program-manager:ana@iacp.org");
  ASSERT_TRUE(draft.ok()) << draft.status();
  ASSERT_TRUE(Try(draft->name()).ok());
  const auto expect_refused = [&](const std::string& who) {
    SCOPED_TRACE(who);
    const absl::Status approved = ApproveUntried(draft->name(), who).status();
    for (const absl::Status& status : {Override(asked, who), Override(declared, who), approved}) {
      EXPECT_EQ(ReasonOf(status), "SECOND_PERSON_NEEDED") << status;
      EXPECT_THAT(status.message(), HasSubstr(who)) << "who the caller is taken for";
    }
  };
  for (const char* who : {"program-manager:ana@iacp.org", "program-manager:a.na+x@gmail.com",
                          "program-manager:experts/ana"}) {
    expect_refused(who);
  }
  server_.Execute(DecideIdentity("experts/ana", "experts/ortiz", true, "asked her"));
  expect_refused("program-manager:ortiz@nsa.org");
  server_.Execute(DecideIdentity("experts/ana", "experts/ortiz", false, "a mistake"));
  EXPECT_TRUE(Override(asked, "program-manager:ortiz@nsa.org").ok());
  EXPECT_TRUE(Override(declared, "program-manager:ben@iacp.org").ok());
  const auto approved = ApproveUntried(draft->name(), "program-manager:ortiz@nsa.org");
  EXPECT_TRUE(approved.ok()) << approved.status();
}

TEST_F(MatchingService, AShareIsProposedForAPartnerOnRecordOnly) {
  AddPartner("nsa", "NSA");
  v1::Policy policy = InForce();
  policy.add_partner_shares()->set_partner("partners/nsa");
  policy.add_partner_shares()->set_partner("partners/iacp");
  const int64_t head = server_.journal().Head()->sequence;
  const absl::Status refused = Propose(policy).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << refused;
  EXPECT_EQ(BadRequestOf(refused).field_violations(0).field(), "policy.partner_shares[1].partner");
  EXPECT_THAT(refused.message(), HasSubstr("there is no 'partners/iacp'"));
  EXPECT_EQ(server_.journal().Head()->sequence, head);
  v1::SimulateRequest simulate;
  v1::SimulatedChange& change = *simulate.add_changes();
  change.add_fields("partner_shares");
  *change.mutable_policy()->mutable_partner_shares() = policy.partner_shares();
  const absl::Status unknown = Call(&Stub::Simulate, simulate, kDana).status();
  EXPECT_EQ(BadRequestOf(unknown).field_violations(0).field(),
            "changes[0].policy.partner_shares[1].partner");

  AddPartner("iacp", "IACP");
  EXPECT_TRUE(Call(&Stub::Simulate, simulate, kDana).ok());
  const auto draft = Propose(policy);
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_EQ(draft->partner_shares_size(), 2);
}

TEST_F(MatchingService, APolicyIsTriedOnDaysBeforeItsPartnersWereOnRecord) {
  AddExperts(1);
  AddRequest("fy27-000001");
  Solve();
  AddPartner("iacp", "IACP");
  v1::Policy policy = InForce();
  v1::PartnerShare& share = *policy.add_partner_shares();
  share.set_partner("partners/iacp");
  share.set_maximum_e6(500'000);
  const auto draft = Propose(policy);
  ASSERT_TRUE(draft.ok()) << draft.status();
  const auto tried = Call(&Stub::TryPolicy, TrialOf(draft->name()), kDana);
  ASSERT_TRUE(tried.ok()) << tried.status();
  ASSERT_THAT(tried->past(), SizeIs(1));
  EXPECT_EQ(tried->past(0).after().assigned_count(), 1);
}

TEST_F(MatchingService, AnAuditorIsShownATrialThatIsNotRecorded) {
  AddExperts(1);
  AddRequest("fy27-000001");
  Solve();
  const auto draft = Propose(33'000);
  ASSERT_TRUE(draft.ok()) << draft.status();
  const int64_t head = server_.journal().Head()->sequence;
  const auto seen = Call(&Stub::TryPolicy, TrialOf(draft->name()), "auditor:ines");
  ASSERT_TRUE(seen.ok()) << seen.status();
  ASSERT_THAT(seen->past(), SizeIs(1)) << "it is shown all the same";
  EXPECT_TRUE(seen->past(0).reproduced());
  EXPECT_THAT(seen->not_counted(), HasSubstr("an auditor reads and changes nothing"));
  EXPECT_EQ(seen->policy().tried_by(), "");
  EXPECT_EQ(server_.journal().Head()->sequence, head);
  EXPECT_EQ(ReasonOf(ApproveUntried(draft->name(), kLindqvist).status()), "POLICY_NOT_TRIED");

  const auto counted = Call(&Stub::TryPolicy, TrialOf(draft->name()), kDana);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->not_counted(), "");
  const auto later = Call(&Stub::TryPolicy, TrialOf(draft->name()), "auditor:ines");
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->not_counted(), "") << "one that counts is on record";
  EXPECT_EQ(later->policy().tried_by(), kDana);
  EXPECT_TRUE(ApproveUntried(draft->name(), kLindqvist).ok());
}

TEST_F(MatchingService, TheRunsOfTheSolverCanBeReadNewestFirst) {
  AddExperts(1);
  AddRequest("fy27-000001");
  const v1::SolveRun first = Solve();
  AddRequest("fy27-000002");
  const v1::SolveRun second = Solve();
  v1::ListRunsRequest list;
  list.set_page_size(1);
  auto page = Call(&Stub::ListRuns, list, kDana);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->runs(), SizeIs(1));
  EXPECT_EQ(page->runs(0).name(), second.name());
  list.set_page_token(page->next_page_token());
  page = Call(&Stub::ListRuns, list, kDana);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->runs(), SizeIs(1));
  EXPECT_EQ(page->runs(0).name(), first.name());
  v1::GetRunRequest get;
  get.set_name(second.name());
  const auto run = Call(&Stub::GetRun, get, kDana);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->objective(), second.objective());
  EXPECT_EQ(Call(&Stub::GetRun, get, kNsa).status().code(), absl::StatusCode::kPermissionDenied);
  get.set_name("runs/r99999999");
  EXPECT_EQ(Call(&Stub::GetRun, get, kDana).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(MatchingService, TheCertificateOfARunIsForThoseWhoMayReadTheRun) {
  AddExperts(1);
  AddRequest("fy27-000001");
  AddRequest("fy27-000002");
  const v1::SolveRun run = Solve();
  for (const char* who : {kDana, kOkafor, "auditor:ines"}) {
    const auto certificate = Certificate(run.name(), who);
    ASSERT_TRUE(certificate.ok()) << who << ": " << certificate.status();
    EXPECT_EQ(certificate->run(), run.name());
    EXPECT_EQ(certificate->date(), "2026-11-20");
    EXPECT_EQ(certificate->policy_version(), 1);
    EXPECT_EQ(certificate->objective(), run.objective());
    EXPECT_EQ(certificate->bound(), run.bound());
    EXPECT_THAT(certificate->slots(), SizeIs(2));
    EXPECT_THAT(certificate->pairs(), SizeIs(2));
    EXPECT_THAT(certificate->units(), SizeIs(1)) << "one assignment a period";
    EXPECT_EQ(certificate->partners(0).name(), "partners/nsa");
    EXPECT_EQ(certificate->experts(0).name(), "experts/e1");
    EXPECT_EQ(certificate->slots(1).request(), "requests/fy27-000002");
    EXPECT_EQ(certificate->slots(1).topic(), "De-escalation");
  }
  EXPECT_EQ(Certificate(run.name(), kNsa).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Certificate("runs/r99999999", kDana).status().code(), absl::StatusCode::kNotFound);
  for (const char* wrong : {"", "run", "proposals/p00000001"}) {
    const absl::Status status = Certificate(wrong, kDana).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong << ": " << status;
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "name");
  }
}

TEST_F(MatchingService, ACertificateIsNotShownInPartToTheRecused) {
  AddExperts(2);
  AddRequest("fy27-000001");
  const v1::SolveRun run = Solve();
  const std::string recused = "coordinator:experts/e1";
  EXPECT_TRUE(Certificate(run.name(), recused).ok()) << "nothing is hidden yet";
  Recuse("experts/e1", "agencies/fy27-000001");
  const absl::Status refused = Certificate(run.name(), recused).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(refused), "RECUSED");
  EXPECT_TRUE(Certificate(run.name(), kDana).ok());
}

TEST_F(MatchingService, APlanThatIsNotRecordedHasTheCertificateThatItsRunWouldHave) {
  AddExperts(1);
  AddRequest("fy27-000001");
  AddRequest("fy27-000002");
  v1::SolveMatchesRequest solve;
  solve.set_validate_only(true);
  solve.set_request_id(server_.NewId());
  const auto solved = Call(&Stub::SolveMatches, solve, kDana);
  ASSERT_TRUE(solved.ok()) << solved.status();
  EXPECT_EQ(solved->no_certificate(), v1::NO_CERTIFICATE_UNSPECIFIED);
  const auto simulated = Simulate({});
  ASSERT_TRUE(simulated.ok()) << simulated.status();

  const v1::SolveRun run = Solve();
  EXPECT_FALSE(run.has_certificate()) << "GetCertificate has it";
  auto recorded = Certificate(run.name(), kDana);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  recorded->clear_run();
  recorded->clear_time();
  for (const v1::SolveRun* const one : {&*solved, &simulated->before(), &simulated->after()}) {
    EXPECT_EQ(one->certificate().DebugString(), recorded->DebugString());
  }

  solve.set_omit_certificate(true);
  const auto without = Call(&Stub::SolveMatches, solve, kDana);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_FALSE(without->has_certificate());
  EXPECT_EQ(without->no_certificate(), v1::NO_CERTIFICATE_UNSPECIFIED);
  v1::SimulateRequest simulate;
  simulate.set_omit_certificates(true);
  const auto bare = Call(&Stub::Simulate, simulate, kDana);
  ASSERT_TRUE(bare.ok()) << bare.status();
  EXPECT_FALSE(bare->before().has_certificate());
  EXPECT_FALSE(bare->after().has_certificate());
}

TEST_F(MatchingService, ACertificateOfAPlanThatIsNotRecordedIsWithheldFromTheRecused) {
  AddExperts(2);
  AddRequest("fy27-000001");
  Recuse("experts/e1", "agencies/fy27-000001");
  const std::string recused = "coordinator:experts/e1";
  v1::SolveMatchesRequest solve;
  solve.set_validate_only(true);
  solve.set_request_id(server_.NewId());
  const auto solved = Call(&Stub::SolveMatches, solve, recused);
  ASSERT_TRUE(solved.ok()) << solved.status();
  const auto simulated = Call(&Stub::Simulate, v1::SimulateRequest(), recused);
  ASSERT_TRUE(simulated.ok()) << simulated.status();
  for (const v1::SolveRun* const one : {&*solved, &simulated->before(), &simulated->after()}) {
    EXPECT_FALSE(one->has_certificate());
    EXPECT_EQ(one->no_certificate(), v1::NO_CERTIFICATE_RECUSED);
    EXPECT_TRUE(one->certified()) << "what is of all requests stays";
  }
}

TEST_F(MatchingService, EachPlanOfATrialHasItsCertificate) {
  AddExperts(1);
  AddRequest("fy27-000001");
  AddRequest("fy27-000002");
  const v1::SolveRun run = Solve();
  auto recorded = Certificate(run.name(), kDana);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  recorded->clear_run();
  recorded->clear_time();
  const auto draft = Propose(33'000);
  ASSERT_TRUE(draft.ok()) << draft.status();
  v1::TryPolicyRequest request = TrialOf(draft->name());
  const auto tried = Call(&Stub::TryPolicy, request, kDana);
  ASSERT_TRUE(tried.ok()) << tried.status();
  ASSERT_THAT(tried->past(), SizeIs(1));
  const v1::PastTrial& past = tried->past(0);
  EXPECT_EQ(past.before().certificate().DebugString(), recorded->DebugString());
  for (const auto* const one :
       {&tried->present().before(), &tried->present().after(), &past.before(), &past.after()}) {
    ASSERT_TRUE(one->has_certificate());
    EXPECT_EQ(one->certificate().objective(), one->objective());
    EXPECT_EQ(one->certificate().bound(), one->bound());
    EXPECT_EQ(one->certificate().policy_version(), one->policy_version());
    EXPECT_THAT(one->certificate().units(), SizeIs(one->assigned_count()));
    EXPECT_EQ(one->no_certificate(), v1::NO_CERTIFICATE_UNSPECIFIED);
  }
  EXPECT_EQ(past.after().certificate().policy_version(), draft->version());
  EXPECT_FALSE(past.recorded().has_certificate()) << "GetCertificate has it";

  request = TrialOf(draft->name());
  request.set_omit_certificates(true);
  const auto bare = Call(&Stub::TryPolicy, request, kDana);
  ASSERT_TRUE(bare.ok()) << bare.status();
  ASSERT_THAT(bare->past(), SizeIs(1));
  for (const auto* const one : {&bare->present().before(), &bare->present().after(),
                                &bare->past(0).before(), &bare->past(0).after()}) {
    EXPECT_FALSE(one->has_certificate());
    EXPECT_EQ(one->no_certificate(), v1::NO_CERTIFICATE_UNSPECIFIED);
  }
}

TEST_F(MatchingService, CertificatesOfATrialTakeNoMoreThanTheRunsBesideThemLeave) {
  AddExperts(1);
  AddRequest("fy27-000001");
  const v1::SolveRun run = Solve();
  // As a run that changed very much.
  server_.Execute([&](journal::Draft& draft) {
    v1::SolveRecorded large;
    *large.mutable_run() = run;
    large.mutable_run()->set_name("runs/r00000099");
    large.mutable_run()->add_changes()->set_reason(std::string(limits::kPageBytes, 'x'));
    draft.Emit(large.run().name(), large);
    return absl::OkStatus();
  });
  const auto full = Call(&Stub::TryPolicy, TrialOf("policies/v00000001"), kDana);
  ASSERT_TRUE(full.ok()) << full.status();
  ASSERT_THAT(full->past(), SizeIs(2));
  for (const auto* const one : {&full->present().before(), &full->present().after(),
                                &full->past(0).before(), &full->past(1).after()}) {
    EXPECT_FALSE(one->has_certificate());
    EXPECT_EQ(one->no_certificate(), v1::NO_CERTIFICATE_ANSWER_FULL);
    EXPECT_TRUE(one->certified()) << "the figures stay";
  }
}

TEST_F(MatchingService, CertificatesOfATrialAreWithheldFromTheRecused) {
  AddExperts(2);
  AddRequest("fy27-000001");
  Solve();
  Recuse("experts/e1", "agencies/fy27-000001");
  const auto tried =
      Call(&Stub::TryPolicy, TrialOf("policies/v00000001"), "coordinator:experts/e1");
  ASSERT_TRUE(tried.ok()) << tried.status();
  ASSERT_THAT(tried->past(), SizeIs(1));
  for (const auto* const one : {&tried->present().before(), &tried->present().after(),
                                &tried->past(0).before(), &tried->past(0).after()}) {
    EXPECT_FALSE(one->has_certificate());
    EXPECT_EQ(one->no_certificate(), v1::NO_CERTIFICATE_RECUSED);
    EXPECT_TRUE(one->certified()) << "what is of all requests stays";
  }
}

TEST_F(MatchingService, ARunSaysHowEvenTheRunBeforeWas) {
  // Nobody is twice in a team, so of ten two stay open.
  AddExperts(8);
  AddRequest("fy27-000001", 6, "UT");
  AddRequest("fy27-000002", 10, "NV");
  const v1::SolveRun first = Solve();
  AddRequest("fy27-000003", 10, "UT");
  const v1::SolveRun second = Solve();
  const auto by_state = [](const v1::SolveRun& run) {
    for (const v1::Disparity& one : run.fairness().disparities()) {
      if (one.dimension() == v1::GROUP_DIMENSION_STATE) return one;
    }
    return v1::Disparity();
  };
  EXPECT_FALSE(by_state(first).has_previous_ratio_e6()) << "there was none before";
  EXPECT_GT(by_state(first).ratio_e6(), 0);
  EXPECT_EQ(by_state(second).previous_ratio_e6(), by_state(first).ratio_e6());
  EXPECT_NE(by_state(second).ratio_e6(), by_state(first).ratio_e6());
  EXPECT_FALSE(first.fairness().has_previous_partner_gini_e6()) << "there was none before";
  EXPECT_TRUE(second.fairness().has_previous_partner_gini_e6());
  EXPECT_EQ(second.fairness().previous_partner_gini_e6(), first.fairness().partner_gini_e6());
  EXPECT_THAT(first.fairness().trend_runs(), ElementsAre(first.name()));
  EXPECT_THAT(second.fairness().trend_runs(), ElementsAre(first.name(), second.name()));
}

// Whatever is said of a run is so without the runs before it: the series goes on from run to run.
TEST_F(MatchingService, ARunSaysWhereTheMeasuresOfFairnessGo) {
  AddExperts(8);
  AddRequest("fy27-000001", 6, "UT");
  AddRequest("fy27-000002", 10, "NV");
  std::vector<std::string> names;
  std::vector<int64_t> ratios_e6;
  v1::SolveRun run;
  for (int i = 0; i < 5; ++i) {
    run = Solve();
    names.push_back(run.name());
    for (const v1::Disparity& one : run.fairness().disparities()) {
      if (one.dimension() == v1::GROUP_DIMENSION_STATE) ratios_e6.push_back(one.ratio_e6());
    }
  }
  EXPECT_THAT(run.fairness().trend_runs(), ::testing::ElementsAreArray(names));
  int found = 0;
  for (const v1::FairnessTrend& trend : run.fairness().trends()) {
    if (trend.measure() != v1::FAIRNESS_MEASURE_SHARE_PLACED ||
        trend.dimension() != v1::GROUP_DIMENSION_STATE) {
      continue;
    }
    ++found;
    EXPECT_THAT(trend.values_e6(), ::testing::ElementsAreArray(ratios_e6));
    EXPECT_EQ(trend.direction(), v1::FAIRNESS_DIRECTION_NO_TREND) << "nothing changed";
    EXPECT_EQ(trend.p_value_e6(), 1'000'000);
  }
  EXPECT_EQ(found, 1);
}

TEST_F(MatchingService, OfTwoDraftsTheSecondApprovedIsOutdated) {
  const auto first = Propose(33'000);
  const auto second = Propose(44'000);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->version(), 3);
  ASSERT_TRUE(Approve(second->name(), kLindqvist).ok());
  EXPECT_EQ(ReasonOf(Approve(first->name(), kLindqvist).status()), "POLICY_OUTDATED");
  ASSERT_TRUE(Reject(first->name(), kOkafor).ok());
  EXPECT_EQ(Propose(55'000)->version(), 4);
  EXPECT_THAT(Versions(), ElementsAre("4 DRAFT", "3 IN_FORCE", "2 REJECTED", "1 SUPERSEDED"));
}

TEST_F(MatchingService, APolicyIsProposedByTheProgramOfficeOnly) {
  v1::Policy policy = InForce();
  policy.set_fairness_price(33'000);
  EXPECT_EQ(Propose(policy, kDana).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Approve("policies/v00000009", kOkafor).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Approve("policies/current", kOkafor).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(Propose(policy, kOkafor, 7).status()), "VERSION_MISMATCH");
  policy.mutable_weights()->Clear();
  EXPECT_THAT(Propose(policy).status().message(), HasSubstr("policy.weights"));
}

// Whoever has a row refused is told why; the others are taken.
TEST_F(MatchingService, APartnerDoesNotRateItsOwnExperts) {
  AddExperts(1);
  v1::ImportExpertsRequest rows;
  v1::Expert& expert = *rows.add_experts();
  expert = Center().AddExpert("e1");
  expert.set_full_name("Somebody");
  const auto import = [&](int count, int sum, const std::string& who) {
    expert.set_rating_count(count);
    expert.set_rating_sum(sum);
    rows.set_request_id(server_.NewId());
    const auto done =
        server_.Call(server_.partners, &v1::PartnerService::Stub::ImportExperts, rows, who);
    EXPECT_TRUE(done.ok()) << done.status();
    return done->results(0).problem();
  };
  const auto rated = [&] {
    v1::GetExpertRequest get;
    get.set_name("experts/e1");
    return server_.Call(server_.partners, &v1::PartnerService::Stub::GetExpert, get, kDana)
        ->rating_sum();
  };
  EXPECT_THAT(import(3, 15, kNsa), HasSubstr("does not rate its own experts"));
  EXPECT_EQ(rated(), 0);
  EXPECT_EQ(import(3, 12, kDana), "");
  EXPECT_EQ(import(0, 0, kNsa), "") << "leaves them as they are";
  EXPECT_EQ(rated(), 12);
  EXPECT_EQ(import(3, 12, kNsa), "");
  EXPECT_THAT(import(3, 13, kNsa), HasSubstr("3 ratings that add up to 12"));
  EXPECT_EQ(rated(), 12);
}

TEST_F(MatchingService, APartnerSeesWhatIsOrWasInForceOnly) {
  const auto draft = Propose(33'000);
  ASSERT_TRUE(draft.ok());
  EXPECT_TRUE(Get("", kNsa).ok());
  EXPECT_EQ(Get(draft->name(), kNsa).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(Get(draft->name(), kDana).ok());
  ASSERT_TRUE(Approve(draft->name(), kLindqvist).ok());
  EXPECT_TRUE(Get("policies/v00000001", kNsa).ok());
  EXPECT_EQ(Get(draft->name(), kNsa)->reason(), "");
}

TEST_F(MatchingService, TheVersionsAreWhatAReplayOfTheJournalGives) {
  ASSERT_TRUE(Propose(33'000).ok());
  ASSERT_TRUE(Approve("policies/v00000002", kLindqvist).ok());
  ASSERT_TRUE(Propose(44'000).ok());
  ASSERT_TRUE(Reject("policies/v00000003", kLindqvist).ok());
  const auto before = Versions();
  const v1::Policy in_force = InForce();
  ASSERT_TRUE(server_.journal().Rebuild().ok());
  EXPECT_EQ(Versions(), before);
  EXPECT_EQ(InForce().SerializeAsString(), in_force.SerializeAsString());
}

// ---- Deciding for others than those proposed --------------------------------------------------------

TEST_F(MatchingService, AnOverrideOffersTheSlotToWhomItNamesAndKeepsTheReason) {
  v1::OverrideProposalRequest decision = DecisionForE2();
  EXPECT_EQ(Call(&Stub::OverrideProposal, decision, kNsa).status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto decided = Call(&Stub::OverrideProposal, decision, kDana);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->state(), v1::PROPOSAL_STATE_OVERRIDDEN);
  EXPECT_EQ(decided->reason(), "the chief knows her");
  EXPECT_EQ(decided->decided_by(), kDana);
  ASSERT_THAT(decided->assignments(), SizeIs(1));
  const v1::Assignment& one = decided->assignments(0);
  EXPECT_EQ(one.expert(), "experts/e2");
  EXPECT_EQ(one.partner(), "partners/nsa");
  EXPECT_EQ(one.period(), "2026Q4") << "the first in which the expert has room";
  EXPECT_GT(one.score_e6(), 0);
  ASSERT_THAT(Offers(), SizeIs(1));
  EXPECT_EQ(Offers()[0].name(), one.offer());
  EXPECT_EQ(Offers()[0].state(), v1::OFFER_STATE_OPEN);
  EXPECT_EQ(Offers()[0].assignment().expert(), "experts/e2");
  EXPECT_EQ(Call(&Stub::OverrideProposal, decision, kDana)->etag(), decided->etag())
      << "the same call again";
  decision.set_request_id(server_.NewId());
  EXPECT_EQ(ReasonOf(Call(&Stub::OverrideProposal, decision, kDana).status()), "PROPOSAL_NOT_OPEN");
  EXPECT_THAT(Offers(), SizeIs(1));
}

TEST_F(MatchingService, AnOverrideSaysWhomAndWhy) {
  const v1::OverrideProposalRequest decision = DecisionForE2();
  v1::OverrideProposalRequest without_reason = decision;
  without_reason.clear_reason();
  v1::OverrideProposalRequest of_nobody = decision;
  of_nobody.clear_assignments();
  for (const auto& [wrong, field] :
       {std::pair(without_reason, "reason"), std::pair(of_nobody, "assignments")}) {
    const absl::Status status = Call(&Stub::OverrideProposal, wrong, kDana).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field << ": " << status;
    EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), field);
  }
  EXPECT_EQ(StateOf(decision.name()), v1::PROPOSAL_STATE_OPEN);
  EXPECT_THAT(Offers(), SizeIs(0));
}

TEST_F(MatchingService, AnOverrideWithSomebodyWhoIsOutIsRefusedWithTheGate) {
  v1::OverrideProposalRequest decision = DecisionForE2();
  v1::ImportExpertsRequest experts;
  v1::Expert& expert = *experts.add_experts();
  expert = Center().AddExpert("e2");
  expert.set_full_name("Somebody");
  expert.set_active(false);
  experts.set_request_id(server_.NewId());
  ASSERT_TRUE(
      server_.Call(server_.partners, &v1::PartnerService::Stub::ImportExperts, experts, kDana)
          .ok());
  const absl::Status out = Call(&Stub::OverrideProposal, decision, kDana).status();
  EXPECT_EQ(ReasonOf(out), "NOT_ELIGIBLE") << out;
  EXPECT_EQ(out.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(out.message()), HasSubstr("GATE_MEMBERSHIP"));
  decision.mutable_assignments(0)->set_expert("experts/e9");
  decision.set_request_id(server_.NewId());
  EXPECT_EQ(Call(&Stub::OverrideProposal, decision, kDana).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(StateOf(decision.name()), v1::PROPOSAL_STATE_OPEN);
  EXPECT_THAT(Offers(), SizeIs(0));
}

// ---- What-if ------------------------------------------------------------------------------------

TEST_F(MatchingService, ASimulationSaysWhatWouldChangeAndChangesNothing) {
  AddExperts(2);
  AddRequest("fy27-000001");
  const int64_t head = server_.journal().Head()->sequence;
  const auto response = Simulate({Deactivate("experts/e1")});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->sequence(), head);
  EXPECT_EQ(response->date(), "2026-11-20");
  ASSERT_THAT(response->difference().changes(), SizeIs(2));
  EXPECT_EQ(response->difference().changes(0).expert(), "experts/e1");
  EXPECT_EQ(response->difference().changes(0).period_after(), "");
  EXPECT_EQ(response->difference().changes(1).expert(), "experts/e2");
  ASSERT_THAT(response->requests(), SizeIs(1));
  EXPECT_EQ(response->requests(0).assignments(0).expert(), "experts/e2");
  EXPECT_EQ(server_.journal().Head()->sequence, head);
  EXPECT_EQ(Simulate({})->difference().summary(), "The plan stays as it is.");
}

TEST_F(MatchingService, WhatWouldFillAnOpenSlotIsSaidOfARequestThatHasOne) {
  AddExperts(1);
  AddRequest("fy27-000001");
  AddRequest("fy27-000002");
  v1::ExplainOpenSlotsRequest request;
  request.set_request("requests/fy27-000002");
  const auto response = Call(&Stub::ExplainOpenSlots, request, kDana);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->policy_version(), 1);
  EXPECT_EQ(response->summary(), "The plan leaves 1 of 1 slot of requests/fy27-000002 open.");
  ASSERT_THAT(response->slots(), SizeIs(1));
  EXPECT_THAT(response->slots(0).open().explanation(), HasSubstr("1 of 1 person is missing."));
  EXPECT_THAT(response->slots(0).summary(),
              HasSubstr("With one assignment more of experts/e1 in 2026Q4 (2 instead of 1)"));

  request.set_slot("s1");
  EXPECT_THAT(Call(&Stub::ExplainOpenSlots, request, kDana)->slots(), SizeIs(1));
  request.set_slot("s9");
  EXPECT_EQ(Call(&Stub::ExplainOpenSlots, request, kDana).status().code(),
            absl::StatusCode::kInvalidArgument);
  request.clear_slot();
  EXPECT_EQ(Call(&Stub::ExplainOpenSlots, request, kNsa).status().code(),
            absl::StatusCode::kPermissionDenied);
  request.set_request("requests/fy27-000001");
  EXPECT_THAT(Call(&Stub::ExplainOpenSlots, request, kDana)->slots(), SizeIs(0));
  request.set_request("requests/fy27-000009");
  EXPECT_EQ(ReasonOf(Call(&Stub::ExplainOpenSlots, request, kDana).status()),
            "NOT_OPEN_FOR_MATCHING");
}

TEST_F(MatchingService, AMeetingShowsAPartnerNoScoresOfOthersAndTakesItsVoteOnly) {
  using Meetings = v1::MeetingService::Stub;
  AddExperts(2);
  AddRequest("fy27-000001");
  v1::CallMeetingRequest call;
  call.set_title("November");
  call.set_request_id(server_.NewId());
  const auto meeting = server_.Call(server_.meetings, &Meetings::CallMeeting, call, kDana);
  ASSERT_TRUE(meeting.ok()) << meeting.status();
  EXPECT_GT(meeting->items(0).slots(0).candidates(0).score_e6(), 0);
  EXPECT_EQ(server_.Call(server_.meetings, &Meetings::CallMeeting, call, kDana)->name(),
            meeting->name())
      << "the same call again";
  EXPECT_EQ(server_.Call(server_.meetings, &Meetings::CallMeeting, call, kNsa).status().code(),
            absl::StatusCode::kPermissionDenied);

  v1::GetMeetingRequest get;
  get.set_name(meeting->name());
  EXPECT_EQ(ReasonOf(server_.Call(server_.meetings, &Meetings::GetMeeting, get, kIacp).status()),
            "NOT_A_MEMBER");
  v1::ImportPartnersRequest partners;
  partners.add_partners()->set_name("partners/iacp");
  partners.mutable_partners(0)->set_display_name("IACP");
  partners.mutable_partners(0)->add_memberships()->set_start("2020-01-01");
  partners.set_request_id(server_.NewId());
  ASSERT_TRUE(
      server_.Call(server_.partners, &v1::PartnerService::Stub::ImportPartners, partners, kDana)
          .ok());
  const auto seen = server_.Call(server_.meetings, &Meetings::GetMeeting, get, kIacp);
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->items(0).slots(0).candidates(0).score_e6(), 0);
  EXPECT_GT(server_.Call(server_.meetings, &Meetings::GetMeeting, get, kNsa)
                ->items(0)
                .slots(0)
                .candidates(0)
                .score_e6(),
            0);

  v1::CastVoteRequest vote;
  vote.set_name(meeting->name());
  vote.set_request("requests/fy27-000001");
  vote.set_slot("s1");
  vote.set_expert(meeting->items(0).slots(0).candidates(0).expert());
  vote.set_choice(v1::VOTE_CHOICE_FOR);
  vote.set_request_id(server_.NewId());
  EXPECT_EQ(server_.Call(server_.meetings, &Meetings::CastVote, vote, kDana).status().code(),
            absl::StatusCode::kPermissionDenied);
  const auto voted = server_.Call(server_.meetings, &Meetings::CastVote, vote, kNsa);
  ASSERT_TRUE(voted.ok()) << voted.status();
  EXPECT_EQ(voted->slots(0).candidates(0).votes(0).partner(), "partners/nsa");
  EXPECT_GT(voted->slots(0).candidates(0).score_e6(), 0);
  vote.set_request_id(server_.NewId());
  const auto other = server_.Call(server_.meetings, &Meetings::CastVote, vote, kIacp);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->slots(0).candidates(0).score_e6(), 0);
  const auto listed =
      server_.Call(server_.meetings, &Meetings::ListMeetings, v1::ListMeetingsRequest(), kDana);
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(listed->meetings(), SizeIs(1));
}

// Offers of one request to two partners, of which nsa was reminded of its own once.
class Reminders : public MatchingService {
 protected:
  using Engagements = v1::EngagementService::Stub;

  Reminders() {
    const v1::Proposal approved = ApproveTwoPartners();
    for (const v1::Assignment& one : approved.assignments()) {
      (one.partner() == "partners/nsa" ? of_nsa_ : of_iacp_) = one.offer();
    }
    server_.Execute([this](journal::Draft& draft) {
      v1::OfferReminded reminded;
      reminded.set_offer(of_nsa_);
      reminded.set_number(1);
      reminded.set_partner("partners/nsa");
      draft.Emit(of_nsa_, reminded);
      return absl::OkStatus();
    });
  }

  absl::StatusOr<v1::Offer> Get(const std::string& name, const std::string& who) {
    v1::GetOfferRequest get;
    get.set_name(name);
    return CallEngagements(&Engagements::GetOffer, get, who);
  }
  // `NAME next DAY`, of those that a filter leaves.
  std::vector<std::string> Listed(const std::string& filter, const std::string& who) {
    v1::ListOffersRequest list;
    list.set_filter(filter);
    const auto page = CallEngagements(&Engagements::ListOffers, list, who);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<std::string> texts;
    for (const v1::Offer& offer : page->offers()) {
      texts.push_back(absl::StrCat(offer.name(), " next ", offer.next_reminder_date()));
    }
    return texts;
  }
  absl::StatusOr<v1::Offer> Decline(const std::string& name, const std::string& who) {
    v1::DeclineOfferRequest decline;
    decline.set_name(name);
    decline.set_code(v1::OFFER_DECLINE_CODE_WORKLOAD);
    decline.set_request_id(server_.NewId());
    return CallEngagements(&Engagements::DeclineOffer, decline, who);
  }

  static constexpr char kReminded[] = "state = OFFER_STATE_OPEN AND reminder_count > 0";
  std::string of_nsa_;
  std::string of_iacp_;
};

// It is Friday, November 20; the policy has five business days to answer, and reminds every two.
TEST_F(Reminders, StandOnTheOfferForTheCenterAndForItsPartner) {
  for (const char* who : {kDana, kNsa}) {
    const auto offer = Get(of_nsa_, who);
    ASSERT_TRUE(offer.ok()) << offer.status();
    EXPECT_EQ(offer->reminder_count(), 1);
    EXPECT_EQ(offer->reminder_time().seconds(), absl::ToUnixSeconds(server_.clock.Now()));
    ASSERT_THAT(offer->remind_on(), SizeIs(2));
    EXPECT_EQ(offer->next_reminder_date(), offer->remind_on(1));
    EXPECT_NE(offer->answer_by(), "");
  }
  EXPECT_EQ(Get(of_nsa_, kIacp).status().code(), absl::StatusCode::kNotFound);
  const auto other = Get(of_iacp_, kIacp);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->reminder_count(), 0);
  EXPECT_FALSE(other->has_reminder_time());
  EXPECT_EQ(other->next_reminder_date(), other->remind_on(0));
}

TEST_F(Reminders, ThatAreNotAnsweredCanBeListedByAPartnerItsOwn) {
  const std::string reminded =
      absl::StrCat(of_nsa_, " next ", Get(of_nsa_, kDana)->next_reminder_date());
  EXPECT_THAT(Listed(kReminded, kDana), ElementsAre(reminded));
  EXPECT_THAT(Listed(kReminded, kNsa), ElementsAre(reminded));
  EXPECT_THAT(Listed(kReminded, kIacp), SizeIs(0));
  EXPECT_THAT(Listed("", kDana), SizeIs(2));
  EXPECT_THAT(Listed("", kIacp), SizeIs(1));
}

TEST_F(Reminders, EndWithAnAnswer) {
  const auto declined = Decline(of_nsa_, kNsa);
  ASSERT_TRUE(declined.ok()) << declined.status();
  EXPECT_EQ(declined->next_reminder_date(), "");
  EXPECT_EQ(declined->reminder_count(), 1) << "what was stays";
  EXPECT_THAT(Listed(kReminded, kDana), SizeIs(0));
  EXPECT_THAT(Listed("reminder_count > 0", kDana), ElementsAre(absl::StrCat(of_nsa_, " next ")));
  const auto events = server_.journal().ReadEvents(1, 1000, {}, of_nsa_);
  ASSERT_TRUE(events.ok()) << events.status();
  for (const journal::Event& event : *events) {
    EXPECT_THAT(event.payload(), Not(HasSubstr("nextReminderDate"))) << event.type();
  }
}

// A meeting over a request for which e1 of nsa or e2 of iacp is proposed, and the other an alternate.
class MeetingNames : public MatchingService {
 protected:
  using Meetings = v1::MeetingService::Stub;

  MeetingNames() {
    AddPartnerWithExpert("nsa", "e1", kRosa);
    AddPartnerWithExpert("iacp", "e2", kSam);
    AddRequest("fy27-000001");
    Solve();
    v1::CallMeetingRequest call;
    call.set_request_id(server_.NewId());
    called_ = Answer(&Meetings::CallMeeting, call, kDana);
  }

  template <typename Request, typename Response>
  Response Answer(grpc::Status (Meetings::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, const std::string& who) {
    const auto answer = server_.Call(server_.meetings, method, request, who);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : Response();
  }
  v1::Meeting Read(const std::string& who) {
    v1::GetMeetingRequest get;
    get.set_name(called_.name());
    return Answer(&Meetings::GetMeeting, get, who);
  }
  v1::MeetingItem Approve() {
    v1::DecideItemRequest decide;
    decide.set_name(called_.name());
    decide.set_request("requests/fy27-000001");
    decide.set_kind(v1::ITEM_DECISION_KIND_APPROVED);
    decide.set_request_id(server_.NewId());
    return Answer(&Meetings::DecideItem, decide, kDana);
  }
  // `e1 of nsa: Rosa Núñez`, of candidates or of those who were decided on.
  template <typename People>
  static std::vector<std::string> NamesOf(const People& people) {
    std::vector<std::string> texts;
    for (const auto& one : people) {
      texts.push_back(
          absl::StrCat(one.expert().substr(8), " of ", one.partner_name(), ": ", one.full_name()));
    }
    return texts;
  }
  static std::vector<std::string> Candidates(const v1::MeetingItem& item) {
    return NamesOf(item.slots(0).candidates());
  }

  static constexpr char kRosa[] = "Rosa Núñez";
  static constexpr char kSam[] = "Sam Lee";
  v1::Meeting called_;
};

TEST_F(MeetingNames, StandBesideTheIdsInEveryAnswerAboutAMeeting) {
  const auto both = UnorderedElementsAre("e1 of nsa: Rosa Núñez", "e2 of iacp: Sam Lee");
  EXPECT_THAT(Candidates(called_.items(0)), both);
  EXPECT_THAT(Candidates(Read(kDana).items(0)), both);
  EXPECT_THAT(Candidates(Read("auditor:ines").items(0)), both);
  EXPECT_EQ(Read(kDana).items(0).slots(0).topic_title(), "De-escalation");
  EXPECT_EQ(Read(kDana).items(0).slots(0).delivery_type_title(), "virtual coaching");
  v1::AddNoteRequest note;
  note.set_name(called_.name());
  note.set_request("requests/fy27-000001");
  note.set_text("somebody near");
  note.set_request_id(server_.NewId());
  EXPECT_THAT(Candidates(Answer(&Meetings::AddNote, note, kDana)), both);
  v1::CloseMeetingRequest close;
  close.set_name(called_.name());
  close.set_request_id(server_.NewId());
  EXPECT_THAT(Candidates(Answer(&Meetings::CloseMeeting, close, kDana).items(0)), both);
  const v1::ListMeetingsResponse listed =
      Answer(&Meetings::ListMeetings, v1::ListMeetingsRequest(), kDana);
  EXPECT_THAT(Candidates(listed.meetings(0).items(0)), UnorderedElementsAre("e1 of : ", "e2 of : "))
      << "a list has none";
}

TEST_F(MeetingNames, OfExpertsAreForTheirPartner) {
  EXPECT_THAT(Candidates(Read(kNsa).items(0)),
              UnorderedElementsAre("e1 of nsa: Rosa Núñez", "e2 of iacp: "));
  EXPECT_THAT(Candidates(Read(kIacp).items(0)),
              UnorderedElementsAre("e1 of nsa: ", "e2 of iacp: Sam Lee"));
}

TEST_F(MeetingNames, OfAnExpertWhoChangedPartnersAreForThePartnerOfNow) {
  Approve();
  AddPartnerWithExpert("nsa", "e2", kSam);
  const struct {
    const char* who;
    std::vector<std::string> names;
  } kCases[] = {{kNsa, {"e1 of nsa: Rosa Núñez", "e2 of iacp: Sam Lee"}},
                {kIacp, {"e1 of nsa: ", "e2 of iacp: "}},
                {kDana, {"e1 of nsa: Rosa Núñez", "e2 of iacp: Sam Lee"}}};
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.who);
    const v1::Meeting meeting = Read(c.who);
    EXPECT_THAT(Candidates(meeting.items(0)), ::testing::UnorderedElementsAreArray(c.names));
    const auto decided = NamesOf(meeting.items(0).decision().experts());
    ASSERT_THAT(decided, SizeIs(1));
    EXPECT_THAT(c.names, ::testing::Contains(decided[0]));
  }
}

TEST_F(MeetingNames, AreThoseOfWhomWasDecidedOnToo) {
  EXPECT_THAT(Read(kDana).items(0).decision().experts(), SizeIs(0));
  const v1::MeetingItem decided = Approve();
  ASSERT_THAT(decided.decision().experts(), SizeIs(1));
  const v1::DecidedExpert& expert = decided.decision().experts(0);
  EXPECT_EQ(expert.slot(), "s1");
  EXPECT_EQ(expert.expert(), called_.items(0).slots(0).candidates(0).expert());
  EXPECT_EQ(expert.full_name(), called_.items(0).slots(0).candidates(0).full_name());
  const bool is_of_nsa = expert.partner() == "partners/nsa";
  EXPECT_EQ(expert.partner_name(), is_of_nsa ? "nsa" : "iacp");
  const v1::Meeting others = Read(is_of_nsa ? kIacp : kNsa);
  ASSERT_THAT(others.items(0).decision().experts(), SizeIs(1));
  EXPECT_EQ(others.items(0).decision().experts(0).expert(), expert.expert());
  EXPECT_EQ(others.items(0).decision().experts(0).full_name(), "");
}

TEST_F(MeetingNames, AreInNoEventAndInNoRecordOfAMeeting) {
  Approve();
  const auto events = server_.journal().ReadEvents(1, 1000);
  ASSERT_TRUE(events.ok()) << events.status();
  int of_meetings = 0;
  for (const journal::Event& event : *events) {
    EXPECT_THAT(event.payload(), Not(HasSubstr("Rosa"))) << event.type();
    EXPECT_THAT(event.payload(), Not(HasSubstr("Sam"))) << event.type();
    if (event.subject() != called_.name()) continue;
    ++of_meetings;
    for (const char* field :
         {"fullName", "partnerName", "topicTitle", "deliveryTypeTitle", "experts\":"}) {
      EXPECT_THAT(event.payload(), Not(HasSubstr(field))) << event.type();
    }
  }
  EXPECT_EQ(of_meetings, 2) << "called, decided";
  const auto record = server_.journal().Get<v1::Meeting>(called_.name());
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_THAT(Candidates(record->items(0)), UnorderedElementsAre("e1 of : ", "e2 of : "));
  EXPECT_EQ(record->items(0).slots(0).topic_title(), "");
  EXPECT_THAT(record->items(0).decision().experts(), SizeIs(0));
}

TEST_F(MeetingNames, ThatWerePurgedAreGoneFromMeetingsOfBefore) {
  Approve();
  EXPECT_NE(Read(kDana).items(0).decision().experts(0).full_name(), "");
  PurgeNames();
  const v1::Meeting meeting = Read(kDana);
  EXPECT_THAT(Candidates(meeting.items(0)), UnorderedElementsAre("e1 of nsa: ", "e2 of iacp: "));
  EXPECT_EQ(meeting.items(0).decision().experts(0).full_name(), "");
  EXPECT_NE(meeting.items(0).decision().experts(0).expert(), "") << "the id stands for it";
}

TEST_F(MeetingNames, AreThoseOfNowWhenARecordWasCorrected) {
  AddPartnerWithExpert("iacp", "e2", "Samantha Lee");
  EXPECT_THAT(Candidates(Read(kDana).items(0)),
              UnorderedElementsAre("e1 of nsa: Rosa Núñez", "e2 of iacp: Samantha Lee"));
}

TEST_F(MeetingNames, BeyondWhatAnAnswerHasRoomForAreLeftOut) {
  const auto bytes_of_first = static_cast<int64_t>(std::string("De-escalation").size());
  v1::Meeting meeting = *server_.journal().Get<v1::Meeting>(called_.name());
  intake::v1::Catalog catalog = server_.intake.catalog;
  MeetingNameReader exact(server_.journal(), std::make_shared<const intake::v1::Catalog>(catalog),
                          "", bytes_of_first);
  ASSERT_TRUE(exact.Name(meeting).ok());
  EXPECT_EQ(meeting.items(0).slots(0).topic_title(), "De-escalation");
  EXPECT_THAT(Candidates(meeting.items(0)), UnorderedElementsAre("e1 of : ", "e2 of : "));
  MeetingNameReader less(server_.journal(), std::make_shared<const intake::v1::Catalog>(catalog),
                         "", bytes_of_first - 1);
  meeting = *server_.journal().Get<v1::Meeting>(called_.name());
  ASSERT_TRUE(less.Name(meeting).ok());
  EXPECT_EQ(meeting.items(0).slots(0).topic_title(), "");
}

TEST_F(MatchingService, APartnerFindsTheEngagementsItTakesPartInWhoeverLeadsThem) {
  server_.Execute([](journal::Draft& draft) {
    v1::EngagementAgreed agreed;
    v1::Engagement& engagement = *agreed.mutable_engagement();
    engagement.set_name("engagements/e1");
    engagement.set_request("requests/fy27-000001");
    engagement.set_lead_partner("partners/iacp");
    engagement.set_external_id("old:1");
    engagement.add_assignments()->set_partner("partners/nsa");
    draft.Emit(engagement.name(), agreed);
    return absl::OkStatus();
  });
  const auto found = [&](const std::string& who, const std::string& filter = "") {
    v1::ListEngagementsRequest request;
    request.set_filter(filter);
    const auto page = server_.Call(server_.engagements,
                                   &v1::EngagementService::Stub::ListEngagements, request, who);
    EXPECT_TRUE(page.ok()) << page.status();
    return page->engagements_size();
  };
  EXPECT_EQ(found(kIacp), 1);
  EXPECT_EQ(found(kNsa), 1);
  EXPECT_EQ(found("partner:partners/NSA"), 0);
  EXPECT_EQ(found("partner:partners/ns_"), 0);
  EXPECT_EQ(found("partner:partners/ns"), 0);
  EXPECT_EQ(found(kDana), 1);
  EXPECT_EQ(found(kDana, "partners:nsa"), 1);
  EXPECT_EQ(found(kDana, "partners:fop"), 0);
}

TEST_F(MatchingService, OfASharedEngagementAPartnerSeesTheScoresOfItsOwnExpertsOnly) {
  const v1::Engagement engagement = AgreeWithTwoPartners();
  ASSERT_THAT(engagement.assignments(), SizeIs(2));
  EXPECT_THAT(engagement.assignments(1).ShortDebugString(), HasSubstr("rated "));
  for (const std::string who : {kDana, "service:metrics"}) {
    EXPECT_THAT(Scored(Got(engagement, who)), ElementsAre("experts/e1", "experts/e2")) << who;
    EXPECT_THAT(Scored(Listed(who).at(0)), ElementsAre("experts/e1", "experts/e2")) << who;
  }
  const std::pair<const char*, const char*> own[] = {{kNsa, "experts/e1"}, {kIacp, "experts/e2"}};
  for (const auto& [who, expert] : own) {
    EXPECT_THAT(Scored(Got(engagement, who)), ElementsAre(expert));
    EXPECT_THAT(Scored(Listed(who).at(0)), ElementsAre(expert));
    EXPECT_THAT(Got(engagement, who).assignments(), SizeIs(2)) << "who else serves is seen";
  }
}

TEST_F(MatchingService, WhatACommandAnswersShowsAPartnerNoScoresOfOthersEither) {
  const v1::Engagement engagement = AgreeWithTwoPartners();
  v1::DrawUpPlanRequest plan;
  plan.set_name(engagement.name());
  plan.mutable_plan()->add_objectives("a team that can teach the others");
  plan.set_request_id(server_.NewId());
  const auto drawn_up = CallEngagements(&v1::EngagementService::Stub::DrawUpPlan, plan, kIacp);
  ASSERT_TRUE(drawn_up.ok()) << drawn_up.status();
  EXPECT_THAT(Scored(*drawn_up), ElementsAre("experts/e2"));

  SetIntakeState(engagement, intake::v1::REQUEST_STATE_PLANNED);
  const auto delivered = Deliver(engagement, kNsa);
  ASSERT_TRUE(delivered.ok()) << delivered.status();
  EXPECT_THAT(Scored(*delivered), ElementsAre("experts/e1"));

  v1::WaiveSlotRequest waive;
  waive.set_name(engagement.name());
  waive.set_slot("s1");
  waive.set_reason("one session was enough");
  waive.set_request_id(server_.NewId());
  const auto waived = [&](const std::string& who) {
    const auto answer = CallEngagements(&v1::EngagementService::Stub::WaiveSlot, waive, who);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return Scored(*answer);
  };
  EXPECT_THAT(waived(kNsa), ElementsAre("experts/e1"));
  EXPECT_THAT(waived(kNsa), ElementsAre("experts/e1")) << "the same call again";
  EXPECT_THAT(waived(kIacp), ElementsAre("experts/e2")) << "whoever makes it";
  EXPECT_THAT(waived(kDana), ElementsAre("experts/e1", "experts/e2"));
}

TEST_F(MatchingService, ADeliveryIsOfADayAndATypeThatThereAre) {
  const v1::Engagement engagement = AgreeWithTwoPartners();
  SetIntakeState(engagement, intake::v1::REQUEST_STATE_PLANNED);
  const auto record = [&](const std::string& date, const std::string& type) {
    v1::RecordDeliveryRequest request;
    request.set_name(engagement.name());
    request.mutable_delivery()->set_slot("s1");
    request.mutable_delivery()->set_delivery_type("deliveryTypes/" + type);
    request.mutable_delivery()->set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
    request.mutable_delivery()->set_date(date);
    request.mutable_delivery()->set_quarter_hours(6);
    request.set_request_id(server_.NewId());
    return CallEngagements(&v1::EngagementService::Stub::RecordDelivery, request, kDana).status();
  };
  const absl::Status early = record("2026-11-19", "virtual");
  EXPECT_EQ(early.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(early.message(), HasSubstr("before the engagement was agreed, 2026-11-20"));
  const absl::Status unknown = record("2026-11-20", "astrology");
  EXPECT_EQ(unknown.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(unknown.message(), HasSubstr("'deliveryTypes/astrology' is none of the catalog's"));
  EXPECT_EQ(record("2026-11-20", "virtual"), absl::OkStatus());
}

TEST_F(MatchingService, ADeliveryIsAmendedByThoseWhoRecordDeliveries) {
  const v1::Engagement engagement = AgreeWithTwoPartners();
  SetIntakeState(engagement, intake::v1::REQUEST_STATE_PLANNED);
  const auto delivered = Deliver(engagement, kNsa);
  ASSERT_TRUE(delivered.ok()) << delivered.status();
  v1::AmendDeliveryRequest amend;
  amend.set_name(engagement.name());
  amend.set_delivery_id("d1");
  *amend.mutable_delivery() = delivered->deliveries(0);
  amend.mutable_delivery()->set_id("d7");  // output only, as `experts` is
  amend.mutable_delivery()->add_experts("experts/e7");
  amend.mutable_delivery()->mutable_attendance()->set_virtual_(12);
  amend.set_request_id(server_.NewId());
  const auto call = [&](const std::string& who) {
    return CallEngagements(&v1::EngagementService::Stub::AmendDelivery, amend, who);
  };
  EXPECT_THAT(call(kNsa).status().message(), HasSubstr("reason"));
  amend.set_reason("the list came late");
  // The request has gone on: what is corrected took place before.
  SetIntakeState(engagement, intake::v1::REQUEST_STATE_CLOSED);
  EXPECT_EQ(call(kLindqvist).status().code(), absl::StatusCode::kPermissionDenied);
  const auto amended = call(kNsa);
  ASSERT_TRUE(amended.ok()) << amended.status();
  EXPECT_THAT(Scored(*amended), ElementsAre("experts/e1"));
  ASSERT_THAT(amended->deliveries(), SizeIs(1));
  EXPECT_EQ(amended->deliveries(0).id(), "d1");
  EXPECT_EQ(amended->deliveries(0).attendance().virtual_(), 12);
  EXPECT_THAT(amended->deliveries(0).experts(), ElementsAre("experts/e1", "experts/e2"));
  ASSERT_THAT(amended->amendments(), SizeIs(1));
  EXPECT_EQ(amended->amendments(0).reason(), "the list came late");
  EXPECT_EQ(amended->amendments(0).actor(), kNsa);
  EXPECT_THAT(Got(engagement, kDana).amendments(), SizeIs(1));
}

TEST_F(MatchingService, TheScoreOfALostExpertStaysThePartnersOwn) {
  const v1::Engagement engagement = AgreeWithTwoPartners();
  SetIntakeState(engagement, intake::v1::REQUEST_STATE_PLANNED);
  ASSERT_TRUE(Deliver(engagement, kIacp).ok());
  v1::ReleaseExpertRequest release;
  release.set_name(engagement.name());
  release.set_slot("s1");
  release.set_expert("experts/e2");
  release.set_code(v1::EXPERT_LOSS_CODE_LEFT);
  release.set_request_id(server_.NewId());
  const auto released =
      CallEngagements(&v1::EngagementService::Stub::ReleaseExpert, release, kIacp);
  ASSERT_TRUE(released.ok()) << released.status();
  ASSERT_THAT(released->former_assignments(), SizeIs(1));
  EXPECT_THAT(Scored(*released), ElementsAre("experts/e2"));
  EXPECT_THAT(Scored(Got(engagement, kNsa)), ElementsAre("experts/e1"));
  EXPECT_THAT(Scored(Got(engagement, kDana)), ElementsAre("experts/e1", "experts/e2"));
}

TEST_F(MatchingService, ASimulationTakesAVersionOfThePolicy) {
  const auto draft = Propose(33'000);
  ASSERT_TRUE(draft.ok());
  v1::SimulatedChange change;
  change.set_policy_version(draft->name());
  const auto response = Simulate({change});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->before().policy_version(), 1);
  EXPECT_EQ(response->after().policy_version(), 2);
  change.set_policy_version("policies/v00000009");
  const auto missing = Simulate({change});
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(BadRequestOf(missing.status()).field_violations(0).field(),
            "changes[0].policy_version");
  change.set_policy_version("nonsense");
  EXPECT_EQ(Simulate({change}).status().code(), absl::StatusCode::kInvalidArgument);
  change.add_fields("weights");
  EXPECT_EQ(BadRequestOf(Simulate({change}).status()).field_violations(0).field(),
            "changes[0].fields");
}

// e1 is recused from the agency of the first of two requests; then the plan changes for both.
TEST_F(MatchingService, PlansNameNoRequestsFromWhichTheCallerIsRecused) {
  const std::string recused = "coordinator:experts/e1";
  const std::string first = "requests/fy27-000001", second = "requests/fy27-000002";
  AddExperts(2);
  AddRequest("fy27-000001");
  AddRequest("fy27-000002");
  ASSERT_THAT(Solve().proposals(), SizeIs(2));
  Recuse("experts/e1", "agencies/fy27-000001");
  // Requests of the changes, and of the proposals that were made or put out of force.
  const auto named = [&](const v1::SolveRun& run) {
    std::set<std::string> requests;
    for (const v1::RunChange& change : run.changes()) requests.insert(change.request());
    for (const auto* proposals : {&run.proposals(), &run.superseded()}) {
      for (const std::string& name : *proposals) {
        requests.insert(server_.journal().Get<v1::Proposal>(name)->request());
      }
    }
    return requests;
  };
  v1::SolveMatchesRequest solve;
  solve.set_validate_only(true);
  solve.set_request_id(server_.NewId());
  const auto solved = [&](const std::string& who) {
    const auto run = Call(&Stub::SolveMatches, solve, who);
    EXPECT_TRUE(run.ok()) << run.status();
    EXPECT_EQ(run->request_count(), 2);
    return *run;
  };
  EXPECT_THAT(named(solved(kDana)), ElementsAre(first, second));
  EXPECT_THAT(named(solved(recused)), ElementsAre(second));
  solve.set_validate_only(false);
  const v1::SolveRun run = solved(recused);
  EXPECT_THAT(named(run), ElementsAre(second));
  EXPECT_THAT(named(*server_.journal().Get<v1::SolveRun>(run.name())), ElementsAre(first, second));
  EXPECT_THAT(named(solved(kDana)), ElementsAre(first, second)) << "the same call again";
  EXPECT_THAT(named(solved(recused)), ElementsAre(second));

  v1::SimulateRequest simulate;
  simulate.set_run(run.name());
  *simulate.add_changes() = Deactivate("experts/e2");
  const auto simulated = [&](const std::string& who) {
    const auto response = Call(&Stub::Simulate, simulate, who);
    EXPECT_TRUE(response.ok()) << response.status();
    std::set<std::string> requests;
    for (const v1::PlannedRequest& one : response->requests()) requests.insert(one.request());
    for (const v1::AssignmentChange& one : response->difference().changes()) {
      requests.insert(one.request());
    }
    requests.merge(named(response->recorded()));
    requests.merge(named(response->before()));
    requests.merge(named(response->after()));
    return requests;
  };
  EXPECT_THAT(simulated(kDana), ElementsAre(first, second));
  EXPECT_THAT(simulated(recused), ElementsAre(second));
  simulate.clear_run();
  EXPECT_THAT(simulated(kDana), ElementsAre(first, second));
  EXPECT_THAT(simulated(recused), ElementsAre(second));
  simulate.mutable_changes(0)->set_without_request(first);
  simulate.mutable_changes(0)->clear_fields();
  EXPECT_THAT(simulated(kDana), ElementsAre(first, second));
  const absl::Status hidden = Call(&Stub::Simulate, simulate, recused).status();
  EXPECT_EQ(hidden.code(), absl::StatusCode::kInvalidArgument) << hidden;
  EXPECT_EQ(BadRequestOf(hidden).field_violations(0).field(), "changes[0].without_request");

  const v1::TryPolicyRequest attempt = TrialOf("policies/v00000001");
  const auto tried = [&](const std::string& who) {
    const auto response = Call(&Stub::TryPolicy, attempt, who);
    EXPECT_TRUE(response.ok()) << response.status();
    std::set<std::string> requests;
    for (const v1::PlannedRequest& one : response->present().requests()) {
      requests.insert(one.request());
    }
    EXPECT_THAT(response->past(), SizeIs(2));
    for (const v1::PastTrial& trial : response->past()) {
      for (const auto* of : {&trial.recorded(), &trial.before(), &trial.after()}) {
        requests.merge(named(*of));
      }
    }
    return requests;
  };
  EXPECT_THAT(tried(kDana), ElementsAre(first, second));
  EXPECT_THAT(tried(recused), ElementsAre(second));
}

TEST_F(MatchingService, APastRunIsMadeAnewFromWhatItRestedOn) {
  AddExperts(1);
  AddRequest("fy27-000001");
  const v1::SolveRun first = Solve();
  EXPECT_EQ(first.assigned_count(), 1);
  // All that has happened since is none of its business: not that days have passed either.
  server_.clock.Advance(absl::Hours(24 * 30));
  AddExperts(3);
  AddRequest("fy27-000002");
  const v1::SolveRun second = Solve();
  const auto as_it_was = Simulate({}, first.name());
  ASSERT_TRUE(as_it_was.ok()) << as_it_was.status();
  EXPECT_EQ(as_it_was->recorded().name(), first.name());
  EXPECT_EQ(as_it_was->date(), "2026-11-20");
  EXPECT_EQ(as_it_was->before().request_count(), 1);
  EXPECT_EQ(as_it_was->before().pair_count(), first.pair_count());
  EXPECT_EQ(as_it_was->before().objective(), first.objective());
  const auto without = Simulate({Deactivate("experts/e1")}, first.name());
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_EQ(without->difference().missing_after(), 1);
  EXPECT_EQ(Simulate({Deactivate("experts/e2")}, first.name()).status().code(),
            absl::StatusCode::kInvalidArgument)
      << "there was no e2 then";
  EXPECT_EQ(Simulate({}, second.name())->before().request_count(), second.request_count());
  EXPECT_EQ(Simulate({}, "runs/r99999999").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(MatchingService, APolicyIsTriedOnThePresentAndOnPastRuns) {
  AddExperts(2);
  AddRequest("fy27-000001");
  AddRequest("fy27-000002");
  const v1::SolveRun first = Solve();
  AddRequest("fy27-000003");
  const v1::SolveRun second = Solve();
  // Leaving a slot open is free, and a partner's second assignment costs more than any score gains.
  v1::Policy policy = InForce();
  policy.set_unassigned_price(0);
  policy.set_waiting_price_per_day(1);
  policy.set_stability_bonus(0);
  policy.set_fairness_price(1'000'000);
  const auto draft = Propose(policy);
  ASSERT_TRUE(draft.ok()) << draft.status();
  const int64_t head = server_.journal().Head()->sequence;
  v1::TryPolicyRequest request = TrialOf(draft->name());
  const auto response = Call(&Stub::TryPolicy, request, kDana);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->policy().name(), draft->name());
  EXPECT_EQ(response->present().before().policy_version(), 1);
  EXPECT_EQ(response->present().after().policy_version(), 2);
  EXPECT_EQ(response->present().before().assigned_count(), 2);
  EXPECT_EQ(response->present().after().assigned_count(), 1);
  ASSERT_THAT(response->past(), SizeIs(2));
  EXPECT_EQ(response->past(0).recorded().name(), second.name());
  EXPECT_EQ(response->past(1).recorded().name(), first.name());
  for (const v1::PastTrial& trial : response->past()) {
    EXPECT_TRUE(trial.reproduced()) << trial.recorded().name();
    EXPECT_EQ(trial.before().assigned_count(), 2);
    EXPECT_EQ(trial.after().assigned_count(), 1);
    EXPECT_EQ(trial.difference().changed_request_count(), 1);
    EXPECT_THAT(trial.difference().changes(), SizeIs(0)) << "Simulate has them";
  }
  EXPECT_EQ(server_.journal().Head()->sequence, head + 1) << "that it was tried";
  ASSERT_TRUE(Call(&Stub::TryPolicy, request, kDana).ok());
  EXPECT_EQ(server_.journal().Head()->sequence, head + 1) << "a repeated call records nothing more";
  request = TrialOf(draft->name());
  request.set_past_runs(1);
  EXPECT_THAT(Call(&Stub::TryPolicy, request, kDana)->past(), SizeIs(1));
  EXPECT_EQ(Try("policies/v00000009").code(), absl::StatusCode::kNotFound);
}

// Their deadlines pass while intake is asked for its catalog, which is asked for when the one in hand is old.
TEST_F(MatchingService, WhatIsNotWantedAnyMoreIsNotSolved) {
  AddExperts(1);
  AddRequest("fy27-000001");
  AddRequest("fy27-000002");
  Solve();
  const auto draft = Propose(33'000);
  ASSERT_TRUE(draft.ok()) << draft.status();
  server_.intake.on_get = [this] { server_.clock.Advance(absl::Hours(1)); };
  const int64_t head = server_.journal().Head()->sequence;
  const auto expect_late = [](const absl::Status& status) {
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
    EXPECT_EQ(ReasonOf(status), "DEADLINE_PAST") << status;
  };
  server_.clock.Advance(absl::Minutes(2));
  expect_late(Call(&Stub::TryPolicy, TrialOf(draft->name()), kDana).status());
  EXPECT_EQ(server_.journal().Head()->sequence, head) << "no trial is recorded";
  server_.clock.Advance(absl::Minutes(2));
  v1::SimulateRequest simulate;
  simulate.add_changes()->set_without_request("requests/fy27-000001");
  expect_late(Call(&Stub::Simulate, simulate, kDana).status());
  server_.clock.Advance(absl::Minutes(2));
  v1::ExplainOpenSlotsRequest explain;
  explain.set_request("requests/fy27-000002");
  expect_late(Call(&Stub::ExplainOpenSlots, explain, kDana).status());
  server_.intake.on_get = nullptr;
  EXPECT_TRUE(Try(draft->name()).ok());
}

TEST_F(MatchingService, ATrialSaysWhereThePastCannotBeMadeAgain) {
  AddExperts(1);
  AddRequest("fy27-000001");
  const v1::SolveRun run = Solve();
  // As it was recorded before the catalog was kept with runs: only that of now can be had.
  server_.Execute([&](journal::Draft& draft) {
    v1::SolveRecorded as_before;
    *as_before.mutable_run() = run;
    as_before.mutable_run()->set_name("runs/r00000099");
    draft.Emit(as_before.run().name(), as_before);
    return absl::OkStatus();
  });
  // A lead time that leaves no day.
  for (intake::v1::CatalogEntry& entry : *server_.intake.catalog.mutable_entries()) {
    if (entry.has_delivery_type()) entry.mutable_delivery_type()->set_lead_time_days(365);
  }
  server_.clock.Advance(absl::Minutes(2));
  const v1::TryPolicyRequest request = TrialOf("policies/v00000001");
  const auto response = Call(&Stub::TryPolicy, request, kDana);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_THAT(response->past(), SizeIs(2));
  EXPECT_EQ(response->past(0).recorded().name(), "runs/r00000099");
  EXPECT_FALSE(response->past(0).reproduced());
  EXPECT_EQ(response->past(0).recorded().assigned_count(), 1);
  EXPECT_EQ(response->past(0).before().assigned_count(), 0);
  EXPECT_TRUE(response->past(1).reproduced());
  EXPECT_EQ(response->past(1).before().assigned_count(), 1);
}

TEST_F(MatchingService, ATrialCountsOnlyWhereAPastRunComesOutAsRecorded) {
  AddExperts(1);
  AddRequest("fy27-000001");
  v1::SolveMatchesRequest only_look;
  only_look.set_request_id(server_.NewId());
  only_look.set_validate_only(true);
  only_look.set_omit_certificate(true);
  const auto run = Call(&Stub::SolveMatches, only_look, kDana);
  ASSERT_TRUE(run.ok()) << run.status();
  // As a version recorded it that counts otherwise.
  server_.Execute([&](journal::Draft& draft) {
    v1::SolveRecorded as_before;
    *as_before.mutable_run() = *run;
    as_before.mutable_run()->set_name("runs/r00000001");
    as_before.mutable_run()->set_objective(run->objective() - 1);
    draft.Emit(as_before.run().name(), as_before);
    return absl::OkStatus();
  });
  const auto draft = Propose(33'000);
  ASSERT_TRUE(draft.ok()) << draft.status();
  const int64_t head = server_.journal().Head()->sequence;
  v1::TryPolicyRequest request = TrialOf(draft->name());
  const auto unknown = Call(&Stub::TryPolicy, request, kDana);
  ASSERT_TRUE(unknown.ok()) << unknown.status();
  EXPECT_THAT(unknown->past(), SizeIs(1)) << "it is shown all the same";
  EXPECT_THAT(unknown->not_counted(), HasSubstr("the past run that it was tried on"));
  EXPECT_EQ(unknown->policy().tried_by(), "");
  EXPECT_EQ(server_.journal().Head()->sequence, head);
  EXPECT_EQ(ReasonOf(ApproveUntried(draft->name(), kLindqvist).status()), "POLICY_NOT_TRIED");

  // A run of this version.
  Solve();
  const auto known = Call(&Stub::TryPolicy, request, kDana);
  ASSERT_TRUE(known.ok()) << known.status();
  ASSERT_THAT(known->past(), SizeIs(2));
  EXPECT_TRUE(known->past(0).reproduced());
  EXPECT_FALSE(known->past(1).reproduced());
  EXPECT_EQ(known->not_counted(), "");
  EXPECT_EQ(known->policy().tried_by(), kDana);
  EXPECT_TRUE(ApproveUntried(draft->name(), kLindqvist).ok());
}

TEST_F(MatchingService, ACallThatWaitsToSolveIsToldBeforeItsDeadlineWhoDoes) {
  LetAnotherSolve();
  v1::SolveMatchesRequest request;
  request.set_request_id(server_.NewId());
  // The time of its server is up long before its caller's is.
  const absl::Status answer = SolveWhileTimePasses(request, absl::Milliseconds(500));
  EXPECT_EQ(answer.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(answer), "SOLVE_UNDER_WAY") << answer;
  EXPECT_EQ(ErrorInfoOf(answer).metadata().at("holder"), "service:matching");
  EXPECT_EQ(ErrorInfoOf(answer).metadata().at("since"), "2026-11-20T14:00:00Z");
  EXPECT_GT(RetryInfoOf(answer).retry_delay().seconds(), 0);

  // What records nothing does not wait.
  request.set_validate_only(true);
  request.set_request_id(server_.NewId());
  EXPECT_TRUE(Call(&Stub::SolveMatches, request, kDana).ok());
}

// Its answer was lost, say.
TEST_F(MatchingService, ARepeatedCallToSolveIsAnsweredThoughAnotherSolves) {
  AddExperts(1);
  AddRequest("fy27-000001");
  v1::SolveMatchesRequest request;
  request.set_request_id(server_.NewId());
  const auto first = Call(&Stub::SolveMatches, request, kDana);
  ASSERT_TRUE(first.ok()) << first.status();
  SolveLease other(server_.journal().database(), server_.clock);
  const auto turn = other.Take("coordinator:kim", absl::InfiniteFuture());
  ASSERT_TRUE(turn.ok()) << turn.status();
  const int64_t head = server_.journal().Head()->sequence;
  // The clock stands still: a call that waited for its turn would never end.
  const auto again = Call(&Stub::SolveMatches, request, kDana);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(server_.journal().Head()->sequence, head);
}

// Its deadline is after 60 s: the clock goes on in steps so small that the two are not mistaken for each other.
TEST_F(MatchingService, ACallToSolveWaitsNoLongerThanItWants) {
  AddExperts(1);
  AddRequest("fy27-000001");
  LetAnotherSolve();
  v1::SolveMatchesRequest request;
  request.set_request_id(server_.NewId());
  request.set_wait_seconds(5);
  const absl::Time begun = server_.clock.Now();
  const absl::Status answer = SolveWhileTimePasses(request, absl::Milliseconds(20));
  EXPECT_EQ(ReasonOf(answer), "SOLVE_UNDER_WAY") << answer;
  EXPECT_EQ(ErrorInfoOf(answer).metadata().at("holder"), "service:matching");
  EXPECT_GE(server_.clock.Now() - begun, absl::Seconds(5));
  EXPECT_LT(server_.clock.Now() - begun, absl::Seconds(40));

  // Once it is its turn, and again: it is the same call, however long it may wait.
  ASSERT_TRUE(SolveLease(server_.journal().database(), server_.clock).Forget().ok());
  const auto first = Call(&Stub::SolveMatches, request, kDana);
  ASSERT_TRUE(first.ok()) << first.status();
  request.set_wait_seconds(0);
  const auto again = Call(&Stub::SolveMatches, request, kDana);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name(), first->name());

  request.set_wait_seconds(301);
  const auto refused = Call(&Stub::SolveMatches, request, kDana);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_THAT(BadRequestOf(refused.status()).field_violations(), SizeIs(1));
  EXPECT_EQ(BadRequestOf(refused.status()).field_violations(0).field(), "wait_seconds");
}

TEST_F(MatchingService, ACallThatWaitsToSolveEndsWhenTheProcessStops) {
  SolveLease other(server_.journal().database(), server_.clock);
  const auto turn = other.Take("coordinator:kim", absl::InfiniteFuture());
  ASSERT_TRUE(turn.ok()) << turn.status();
  v1::SolveMatchesRequest request;
  request.set_request_id(server_.NewId());
  absl::Status answer;
  std::thread waiting([&] { answer = Call(&Stub::SolveMatches, request, kDana).status(); });
  server_.bound().Stop();
  waiting.join();
  EXPECT_EQ(answer.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(answer), "STOPPING") << answer;
}

// Whether its handler has come as far as to wait when the process stops, or not yet.
TEST_F(MatchingService, AJobThatWaitsToSolveIsGivenBackUntriedWhenTheProcessStops) {
  AddExperts(1);
  AddRequest("fy27-000001");
  SolveLease other(server_.journal().database(), server_.clock);
  const auto turn = other.Take("coordinator:kim", absl::InfiniteFuture());
  ASSERT_TRUE(turn.ok()) << turn.status();
  server_.Start();
  ASSERT_TRUE(critac::testing::Eventually([&] {
    const auto leased = server_.match_queue.Peek(queue::JobState::kLeased, 10);
    return leased.ok() && !leased->empty();
  }));
  server_.bound().Stop();
  const auto jobs = server_.match_queue.Peek(std::nullopt, 10);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_THAT(*jobs, SizeIs(1));
  EXPECT_EQ(jobs->front().key, kSolveJob);
  EXPECT_EQ(jobs->front().state, queue::JobState::kReady);
  EXPECT_EQ(jobs->front().attempts, 0);
  EXPECT_EQ(server_.match_queue.begun_count(queue::FaultyQueue::Call::kFail), 0);
}

}  // namespace
}  // namespace critac::matching
