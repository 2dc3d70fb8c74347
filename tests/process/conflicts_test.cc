// Conflicts of interest in a center as shipped: who is who, who may override, and what a recusal
// hides from whom.
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/ids.h"
#include "common/status/error.h"
#include "critac/matching/v1/identity.grpc.pb.h"
#include "tests/process/center.h"
#include "tests/process/road.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {
namespace {

using intake::v1::RequestService;
using matching::v1::Conflict;
using matching::v1::EngagementService;
using matching::v1::Identity;
using matching::v1::IdentityService;
using matching::v1::MatchService;
using matching::v1::PartnerService;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using type::v1::ROLE_COORDINATOR;
using type::v1::ROLE_PARTNER;
using type::v1::ROLE_PROGRAM_MANAGER;

class ConflictsTest : public ::testing::Test {
 protected:
  // Replaces what is on an expert's record but for its name and partner.
  void SetExpert(const std::string& id, const std::string& full_name,
                 const std::vector<std::string>& emails, const std::string& agency = "") {
    matching::v1::ImportExpertsRequest import;
    matching::v1::Expert& expert = *import.add_experts();
    expert.set_name("experts/" + id);
    expert.set_partner("partners/elm");
    expert.set_full_name(full_name);
    expert.set_active(true);
    for (const std::string& email : emails) expert.add_emails(email);
    if (!agency.empty()) expert.add_services()->set_agency(agency);
    auto& topic = *expert.add_topics();
    topic.set_topic("topics/crisis-intervention");
    topic.set_level(intake::v1::LEVEL_EXPERT);
    expert.set_capacity_per_period(5);
    expert.set_capacity_open(5);
    import.set_request_id(ids_.NewUuid());
    const auto done =
        center_.AsCoordinator<PartnerService>(&PartnerService::Stub::ImportExperts, import);
    ASSERT_TRUE(done.ok()) << done.status();
    ASSERT_EQ(done->results(0).problem(), "");
  }

  absl::StatusOr<Conflict> Declare(const std::string& expert, const std::string& partner = "",
                                   const std::string& who = "dana") {
    matching::v1::CreateConflictRequest create;
    create.mutable_conflict()->set_expert(expert);
    create.mutable_conflict()->set_partner(partner);
    create.mutable_conflict()->set_agency(road_.program().agency());
    create.mutable_conflict()->set_kind(matching::v1::CONFLICT_KIND_RECUSAL);
    create.mutable_conflict()->set_reason("a brother serves there");
    create.set_request_id(ids_.NewUuid());
    return center_.Call<PartnerService>(&PartnerService::Stub::CreateConflict, create,
                                        ROLE_COORDINATOR, who);
  }

  absl::StatusOr<Conflict> Ask(const std::string& conflict, type::v1::Role role,
                               const std::string& who) {
    matching::v1::AskConflictOverrideRequest ask;
    ask.set_name(conflict);
    ask.set_reason("nobody else speaks Navajo");
    ask.set_request_id(ids_.NewUuid());
    return center_.Call<PartnerService>(&PartnerService::Stub::AskConflictOverride, ask, role, who);
  }

  absl::StatusOr<Conflict> Override(const std::string& conflict, const std::string& who) {
    matching::v1::OverrideConflictRequest lift;
    lift.set_name(conflict);
    lift.set_reason("he left");
    lift.set_request_id(ids_.NewUuid());
    return center_.Call<PartnerService>(&PartnerService::Stub::OverrideConflict, lift,
                                        ROLE_PROGRAM_MANAGER, who);
  }

  absl::StatusOr<Identity> Decide(const std::string& first, const std::string& second, bool same) {
    matching::v1::DecideIdentityRequest decide;
    decide.set_first(first);
    decide.set_second(second);
    decide.set_same(same);
    decide.set_reason("asked her");
    decide.set_request_id(ids_.NewUuid());
    return center_.AsCoordinator<IdentityService>(&IdentityService::Stub::DecideIdentity, decide);
  }

  matching::v1::FindSuspectedIdentitiesResponse Suspected() {
    const auto found =
        center_.AsCoordinator<IdentityService>(&IdentityService::Stub::FindSuspectedIdentities,
                                               matching::v1::FindSuspectedIdentitiesRequest());
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : matching::v1::FindSuspectedIdentitiesResponse();
  }

  // The gate at which an expert is out of a request; UNSPECIFIED where of none.
  matching::v1::Gate GateOf(const std::string& request, const std::string& expert) {
    matching::v1::ExplainMatchRequest explain;
    explain.set_request(request);
    explain.set_expert(expert);
    const auto answer =
        center_.AsCoordinator<MatchService>(&MatchService::Stub::ExplainMatch, explain);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() && !answer->eligible() ? answer->gates().rbegin()->gate()
                                              : matching::v1::GATE_UNSPECIFIED;
  }

  absl::Status SeesOffer(const std::string& offer, const std::string& who) {
    matching::v1::GetOfferRequest get;
    get.set_name(offer);
    return center_
        .Call<EngagementService>(&EngagementService::Stub::GetOffer, get, ROLE_PARTNER, who)
        .status();
  }

  int OffersSeenBy(const std::string& who) {
    const auto page = center_.Call<EngagementService>(
        &EngagementService::Stub::ListOffers, matching::v1::ListOffersRequest(), ROLE_PARTNER, who);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->offers_size() : -1;
  }

  // Requests of the plan as a coordinator is told of it.
  std::vector<std::string> PlannedFor(const std::string& who) {
    const auto plan = center_.Call<MatchService>(
        &MatchService::Stub::Simulate, matching::v1::SimulateRequest(), ROLE_COORDINATOR, who);
    EXPECT_TRUE(plan.ok()) << plan.status();
    std::vector<std::string> requests;
    if (!plan.ok()) return requests;
    for (const auto& one : plan->requests()) requests.push_back(one.request());
    return requests;
  }

  // Proposals of the runs on record, as a coordinator who tries a policy on them is told.
  std::vector<std::string> ProposedInRuns(const std::string& who) {
    matching::v1::TryPolicyRequest attempt;
    attempt.set_name("policies/v00000001");
    attempt.set_request_id(ids_.NewUuid());
    const auto tried =
        center_.Call<MatchService>(&MatchService::Stub::TryPolicy, attempt, ROLE_COORDINATOR, who);
    EXPECT_TRUE(tried.ok()) << tried.status();
    std::vector<std::string> proposals;
    if (!tried.ok()) return proposals;
    for (const auto& trial : tried->past()) {
      const auto& of_run = trial.recorded().proposals();
      proposals.insert(proposals.end(), of_run.begin(), of_run.end());
    }
    return proposals;
  }

  RandomIdSource ids_;
  TempFolder folder_;
  Center center_{folder_.file("data")};
  Road road_{center_};
};

TEST_F(ConflictsTest, WhoIsConfirmedToBeOnePersonHasOnePersonsConflicts) {
  const std::string& agency = road_.program().agency();
  const std::string request = road_.Ready(1);
  road_.AwaitProposal(request);
  SetExpert("e001", "Ana M. Ortiz", {"ana@fallspd.example"}, "agencies/ag-999999");
  SetExpert("e002", "ORTIZ, Ana", {"ortiz@home.example"}, "agencies/ag-999999");
  ASSERT_TRUE(Declare("experts/e001").ok());
  EXPECT_EQ(GateOf(request, "experts/e001"), matching::v1::GATE_CONFLICT);
  EXPECT_EQ(GateOf(request, "experts/e002"), matching::v1::GATE_UNSPECIFIED);

  const auto suspected = Suspected();
  ASSERT_THAT(suspected.identities(), SizeIs(1));
  EXPECT_EQ(suspected.identities(0).first(), "experts/e001");
  EXPECT_EQ(suspected.identities(0).second_full_name(), "ORTIZ, Ana");
  EXPECT_THAT(suspected.identities(0).evidence(),
              ElementsAre(matching::v1::IDENTITY_EVIDENCE_NAME_VARIANT,
                          matching::v1::IDENTITY_EVIDENCE_SAME_AGENCY));

  const auto rejected = Decide("experts/e002", "experts/e001", false);
  ASSERT_TRUE(rejected.ok()) << rejected.status();
  EXPECT_EQ(rejected->first(), "experts/e001");
  EXPECT_EQ(rejected->decided_by(), "coordinator:dana");
  EXPECT_EQ(rejected->reason(), "asked her");
  EXPECT_THAT(Suspected().identities(), IsEmpty());
  EXPECT_EQ(GateOf(request, "experts/e002"), matching::v1::GATE_UNSPECIFIED);

  const auto confirmed = Decide("experts/e001", "experts/e002", true);
  ASSERT_TRUE(confirmed.ok()) << confirmed.status();
  EXPECT_EQ(confirmed->name(), rejected->name());
  EXPECT_EQ(GateOf(request, "experts/e002"), matching::v1::GATE_CONFLICT);
  EXPECT_EQ(ReasonOf(Decide("experts/e001", "experts/e002", true).status()), "IDENTITY_DECIDED");

  matching::v1::ListIdentitiesRequest list;
  list.set_filter("state = IDENTITY_STATE_CONFIRMED");
  const auto page =
      center_.AsCoordinator<IdentityService>(&IdentityService::Stub::ListIdentities, list);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->identities(), SizeIs(1));

  // Another name of the agency that asks.
  SetExpert("e003", "Ben Cole", {}, "agencies/ag-888888");
  EXPECT_EQ(GateOf(request, "experts/e003"), matching::v1::GATE_UNSPECIFIED);
  ASSERT_TRUE(Decide("agencies/ag-888888", agency, true).ok());
  EXPECT_EQ(GateOf(request, "experts/e003"), matching::v1::GATE_CONFLICT);
  center_.ExpectWholeJournals();
}

TEST_F(ConflictsTest, WhatCannotBeDecidedIsRefusedWithAReason) {
  SetExpert("e001", "Ana Ortiz", {"ana.ortiz@gmail.com"});
  SetExpert("e002", "Ana Ortiz", {"anaortiz+elm@gmail.com"});
  EXPECT_EQ(ReasonOf(Decide("experts/e001", "experts/e002", false).status()), "SAME_ADDRESS");
  EXPECT_TRUE(Decide("experts/e001", "experts/e002", true).ok());
  EXPECT_TRUE(absl::IsNotFound(Decide("experts/e001", "experts/gone", true).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Decide("experts/e001", "experts/e001", true).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Decide("experts/e001", "agencies/a", true).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Decide("partners/elm", "partners/oak", true).status()));
}

TEST_F(ConflictsTest, AnOverrideTakesASecondPersonWhoIsNotTheExpert) {
  SetExpert("e001", "Ana Ortiz", {"ana@fallspd.example"});
  SetExpert("e002", "Ana Ortiz", {"ana@fallspd.example", "ana@home.example"});
  const std::string request = road_.Ready(1);
  road_.AwaitProposal(request);
  const auto declared = Declare("experts/e001");
  ASSERT_TRUE(declared.ok()) << declared.status();
  EXPECT_EQ(declared->declared_by(), "coordinator:dana");
  const std::string& name = declared->name();
  EXPECT_EQ(GateOf(request, "experts/e001"), matching::v1::GATE_CONFLICT);

  EXPECT_EQ(ReasonOf(Override(name, "okafor").status()), "OVERRIDE_NOT_ASKED");
  EXPECT_TRUE(absl::IsNotFound(Ask(name, ROLE_PARTNER, "partners/oak#lee").status()));
  const auto asked = Ask(name, ROLE_PARTNER, "partners/elm#lee");
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->override_asked_by(), "partner:partners/elm#lee");
  EXPECT_EQ(asked->override_ask_reason(), "nobody else speaks Navajo");
  EXPECT_EQ(GateOf(request, "experts/e001"), matching::v1::GATE_CONFLICT) << "asking is not enough";
  for (const char* who : {"lee", "dana", "ana@home.example", "experts/e002"}) {
    EXPECT_EQ(ReasonOf(Override(name, who).status()), "SECOND_PERSON_NEEDED") << who;
  }
  const auto lifted = Override(name, "okafor");
  ASSERT_TRUE(lifted.ok()) << lifted.status();
  EXPECT_EQ(lifted->overridden_by(), "program-manager:okafor");
  EXPECT_EQ(lifted->override_reason(), "he left");
  EXPECT_EQ(lifted->override_asked_by(), "partner:partners/elm#lee");
  EXPECT_EQ(GateOf(request, "experts/e001"), matching::v1::GATE_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(Override(name, "okafor").status()), "CONFLICT_OVERRIDDEN");
  EXPECT_EQ(ReasonOf(Ask(name, ROLE_COORDINATOR, "dana").status()), "CONFLICT_OVERRIDDEN");
}

TEST_F(ConflictsTest, ARecusalHidesTheRequestFromTheRecusedExpert) {
  SetExpert("e001", "Ana Ortiz", {"ana@fallspd.example"});
  SetExpert("e002", "Ana Ortiz", {"ana@fallspd.example", "ana@home.example"});
  const std::string request = road_.Ready(1);
  const auto decided = road_.Approve(road_.AwaitProposal(request));
  ASSERT_TRUE(decided.ok()) << decided.status();
  const std::string offer = decided->assignments(0).offer();
  EXPECT_TRUE(SeesOffer(offer, "partners/elm#e001").ok());
  EXPECT_EQ(OffersSeenBy("partners/elm#ana@home.example"), 1);

  const auto declared = Declare("experts/e001");
  ASSERT_TRUE(declared.ok()) << declared.status();
  for (const char* recused :
       {"partners/elm#e001", "partners/elm#e002", "partners/elm#Ana@Home.Example"}) {
    EXPECT_TRUE(absl::IsNotFound(SeesOffer(offer, recused))) << recused;
    EXPECT_EQ(OffersSeenBy(recused), 0) << recused;
    EXPECT_TRUE(absl::IsNotFound(road_.Accept(offer, recused).status())) << recused;
  }
  for (const char* other : {"partners/elm", "partners/elm#e003", "partners/elm#lee"}) {
    EXPECT_TRUE(SeesOffer(offer, other).ok()) << other;
    EXPECT_EQ(OffersSeenBy(other), 1) << other;
  }

  // Whoever the expert is beside being one.
  matching::v1::RankCandidatesRequest rank;
  rank.set_request(request);
  matching::v1::ExplainMatchRequest explain;
  explain.set_request(request);
  explain.set_expert("experts/e003");
  matching::v1::GetProposalRequest get;
  get.set_name(decided->name());
  const std::string ana = "ana@home.example";
  const auto as_ana = [&](auto method, const auto& call) {
    return center_.Call<MatchService>(method, call, ROLE_COORDINATOR, ana);
  };
  EXPECT_TRUE(absl::IsNotFound(as_ana(&MatchService::Stub::RankCandidates, rank).status()));
  EXPECT_TRUE(absl::IsNotFound(as_ana(&MatchService::Stub::ExplainMatch, explain).status()));
  matching::v1::ExplainOpenSlotsRequest open_slots;
  open_slots.set_request(request);
  EXPECT_TRUE(absl::IsNotFound(as_ana(&MatchService::Stub::ExplainOpenSlots, open_slots).status()));
  EXPECT_TRUE(absl::IsNotFound(as_ana(&MatchService::Stub::GetProposal, get).status()));
  const auto proposals =
      as_ana(&MatchService::Stub::ListProposals, matching::v1::ListProposalsRequest());
  ASSERT_TRUE(proposals.ok()) << proposals.status();
  EXPECT_THAT(proposals->proposals(), IsEmpty());
  matching::v1::GetDemandRequest demand;
  demand.set_name(absl::StrCat("demands/", absl::StripPrefix(request, "requests/")));
  EXPECT_TRUE(center_.AsCoordinator<MatchService>(&MatchService::Stub::GetDemand, demand).ok());
  EXPECT_TRUE(absl::IsNotFound(as_ana(&MatchService::Stub::GetDemand, demand).status()));
  const auto demands = as_ana(&MatchService::Stub::ListDemands, matching::v1::ListDemandsRequest());
  ASSERT_TRUE(demands.ok()) << demands.status();
  EXPECT_THAT(demands->demands(), IsEmpty());
  matching::v1::ReduceSlotRequest reduce;
  reduce.set_name(demand.name());
  reduce.set_slot("s1");
  reduce.set_reason("one will do");
  reduce.set_request_id(UuidFromName("reduce"));
  EXPECT_TRUE(absl::IsNotFound(as_ana(&MatchService::Stub::ReduceSlot, reduce).status()));
  EXPECT_TRUE(center_.AsCoordinator<MatchService>(&MatchService::Stub::GetProposal, get).ok());
  EXPECT_THAT(PlannedFor("dana"), ElementsAre(request));
  EXPECT_THAT(PlannedFor(ana), IsEmpty());
  EXPECT_THAT(ProposedInRuns("dana"), Contains(decided->name()));
  EXPECT_THAT(ProposedInRuns(ana), IsEmpty());

  ASSERT_TRUE(Ask(declared->name(), ROLE_COORDINATOR, "dana").ok());
  ASSERT_TRUE(Override(declared->name(), "okafor").ok());
  EXPECT_TRUE(SeesOffer(offer, "partners/elm#e001").ok()) << "overridden";
}

// Ana, an expert, works at the center, too.
TEST_F(ConflictsTest, ARecusalHidesTheRequestAtIntakeFromWhoeverElseTheExpertIs) {
  SetExpert("e001", "Ana Ortiz", {"ana@fallspd.example"});
  SetExpert("e002", "Ana Ortiz", {"ana@fallspd.example", "ana@home.example"});
  const std::string request = road_.Ready(1);
  intake::v1::GetRequestRequest get;
  get.set_name(request);
  const auto sees = [&](const std::string& who) {
    const auto read =
        center_.Call<RequestService>(&RequestService::Stub::GetRequest, get, ROLE_COORDINATOR, who);
    EXPECT_TRUE(read.ok() || absl::IsNotFound(read.status())) << read.status();
    return read.ok();
  };
  EXPECT_TRUE(sees("ana@home.example"));
  const auto declared = Declare("experts/e001");
  ASSERT_TRUE(declared.ok()) << declared.status();
  ASSERT_TRUE(Eventually([&] { return !sees("ana@home.example"); })) << "once intake is told";
  EXPECT_FALSE(sees("experts/e002"));
  EXPECT_TRUE(sees("dana"));
  const auto listed = center_.Call<RequestService>(&RequestService::Stub::ListRequests,
                                                   intake::v1::ListRequestsRequest(),
                                                   ROLE_COORDINATOR, "ana@home.example");
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(listed->requests(), IsEmpty());

  ASSERT_TRUE(Ask(declared->name(), ROLE_COORDINATOR, "dana").ok());
  ASSERT_TRUE(Override(declared->name(), "okafor").ok());
  EXPECT_TRUE(Eventually([&] { return sees("ana@home.example"); })) << "overridden";
}

TEST_F(ConflictsTest, ARecusalOfAPartnerHidesTheRequestFromAllItsPeople) {
  const std::string request = road_.Ready(1);
  const auto decided = road_.Approve(road_.AwaitProposal(request));
  ASSERT_TRUE(decided.ok()) << decided.status();
  const std::string offer = decided->assignments(0).offer();
  ASSERT_TRUE(road_.Accept(offer).ok());
  road_.AwaitState(request, intake::v1::REQUEST_STATE_MATCHED);
  matching::v1::GetEngagementRequest get;
  get.set_name(road_.EngagementOf(request));
  const auto engagement = [&] {
    return center_
        .Call<EngagementService>(&EngagementService::Stub::GetEngagement, get, ROLE_PARTNER,
                                 "partners/elm")
        .status();
  };
  EXPECT_TRUE(engagement().ok());
  ASSERT_TRUE(Declare("", "partners/elm").ok());
  EXPECT_TRUE(absl::IsNotFound(engagement()));
  matching::v1::ReleaseExpertRequest release;
  release.set_name(get.name());
  release.set_slot("s1");
  release.set_expert("experts/e001");
  release.set_code(matching::v1::EXPERT_LOSS_CODE_LEFT);
  release.set_request_id(UuidFromName("release"));
  EXPECT_TRUE(absl::IsNotFound(center_
                                   .Call<EngagementService>(&EngagementService::Stub::ReleaseExpert,
                                                            release, ROLE_PARTNER, "partners/elm")
                                   .status()));
  EXPECT_EQ(OffersSeenBy("partners/elm#lee"), 0);
  EXPECT_TRUE(absl::IsNotFound(Declare("", "partners/gone").status()));

  const std::string next = road_.Ready(2);
  road_.AwaitProposal(next);
  EXPECT_EQ(GateOf(next, "experts/e001"), matching::v1::GATE_CONFLICT);
}

}  // namespace
}  // namespace critac::testing
