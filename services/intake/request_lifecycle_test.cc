#include "services/intake/request_lifecycle.h"

#include <algorithm>
#include <set>

#include "services/intake/intake_testing.h"
#include "services/intake/proto_time.h"
#include "services/intake/request_state.h"

namespace critac::intake {
namespace {

using testing::After;
using testing::At;
using testing::Chief;
using testing::CompleteDraft;
using testing::Context;
using testing::Coordinator;
using testing::DetailsFor;
using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Manager;
using testing::Matching;
using testing::Partner;
using testing::RequestIn;
using testing::SomeoneFor;
using testing::Succeeds;

absl::StatusOr<v1::RequestTransitioned> Try(const v1::Request& request, v1::RequestAction action,
                                            const Actor& who, const v1::ActionDetails& details,
                                            const std::string& time = "2026-10-06") {
  return DecideAction(request, action, details, who, At(time), Context());
}

absl::StatusOr<v1::RequestTransitioned> Try(const v1::Request& request, v1::RequestAction action) {
  return Try(request, action, SomeoneFor(action), DetailsFor(action));
}

// ---- The table

TEST(Lifecycle, EveryActionHasOneRow) {
  ASSERT_EQ(LifecycleRules().size(), AllActions().size());
  for (const v1::RequestAction action : AllActions()) {
    const LifecycleRule* rule = RuleOf(action);
    ASSERT_NE(rule, nullptr) << v1::RequestAction_Name(action);
    EXPECT_FALSE(rule->roles.empty());
    EXPECT_FALSE(rule->from.empty());
  }
  EXPECT_EQ(RuleOf(v1::REQUEST_ACTION_UNSPECIFIED), nullptr);
}

TEST(Lifecycle, EveryStateIsReachedAndLeft) {
  std::set<v1::RequestState> reached = {v1::REQUEST_STATE_DRAFT};
  std::set<v1::RequestState> left;
  for (const LifecycleRule& rule : LifecycleRules()) {
    reached.insert(rule.to);
    left.insert(rule.from.begin(), rule.from.end());
  }
  for (const v1::RequestState state : AllStates()) {
    EXPECT_TRUE(reached.count(state)) << v1::RequestState_Name(state);
    EXPECT_TRUE(left.count(state)) << v1::RequestState_Name(state);
  }
}

// What domain.md says, row by row, where it names the states.
TEST(Lifecycle, IsTheTableOfTheField) {
  using A = v1::RequestAction;
  using S = v1::RequestState;
  const std::vector<S> open = {S::REQUEST_STATE_DRAFT,       S::REQUEST_STATE_SUBMITTED,
                               S::REQUEST_STATE_IN_REVIEW,   S::REQUEST_STATE_NEEDS_INFORMATION,
                               S::REQUEST_STATE_SCOPING,     S::REQUEST_STATE_READY,
                               S::REQUEST_STATE_MATCHED,     S::REQUEST_STATE_PLANNED,
                               S::REQUEST_STATE_IN_DELIVERY, S::REQUEST_STATE_DELIVERED,
                               S::REQUEST_STATE_ON_HOLD};
  const std::vector<S> before_matched(open.begin(), open.begin() + 6);
  const std::vector<S> open_not_held(open.begin(), open.end() - 1);
  const struct {
    A action;
    std::vector<S> from;
    S to;
  } rows[] = {
      {A::REQUEST_ACTION_SUBMIT, {S::REQUEST_STATE_DRAFT}, S::REQUEST_STATE_SUBMITTED},
      {A::REQUEST_ACTION_ACKNOWLEDGE, {S::REQUEST_STATE_SUBMITTED}, S::REQUEST_STATE_IN_REVIEW},
      {A::REQUEST_ACTION_ASK_FOR_INFORMATION,
       {S::REQUEST_STATE_IN_REVIEW, S::REQUEST_STATE_SCOPING, S::REQUEST_STATE_READY},
       S::REQUEST_STATE_NEEDS_INFORMATION},
      {A::REQUEST_ACTION_PROVIDE_INFORMATION,
       {S::REQUEST_STATE_NEEDS_INFORMATION},
       S::REQUEST_STATE_UNSPECIFIED},
      {A::REQUEST_ACTION_ACCEPT, {S::REQUEST_STATE_IN_REVIEW}, S::REQUEST_STATE_SCOPING},
      {A::REQUEST_ACTION_COMPLETE_SCOPING, {S::REQUEST_STATE_SCOPING}, S::REQUEST_STATE_READY},
      {A::REQUEST_ACTION_RECORD_MATCH, {S::REQUEST_STATE_READY}, S::REQUEST_STATE_MATCHED},
      {A::REQUEST_ACTION_RECORD_PLAN, {S::REQUEST_STATE_MATCHED}, S::REQUEST_STATE_MATCHED},
      {A::REQUEST_ACTION_APPROVE_PLAN, {S::REQUEST_STATE_MATCHED}, S::REQUEST_STATE_PLANNED},
      {A::REQUEST_ACTION_START_DELIVERY, {S::REQUEST_STATE_PLANNED}, S::REQUEST_STATE_IN_DELIVERY},
      {A::REQUEST_ACTION_COMPLETE_DELIVERY,
       {S::REQUEST_STATE_IN_DELIVERY},
       S::REQUEST_STATE_DELIVERED},
      {A::REQUEST_ACTION_CLOSE, {S::REQUEST_STATE_DELIVERED}, S::REQUEST_STATE_CLOSED},
      {A::REQUEST_ACTION_HOLD, open_not_held, S::REQUEST_STATE_ON_HOLD},
      {A::REQUEST_ACTION_RESUME, {S::REQUEST_STATE_ON_HOLD}, S::REQUEST_STATE_UNSPECIFIED},
      {A::REQUEST_ACTION_REMATCH,
       {S::REQUEST_STATE_MATCHED, S::REQUEST_STATE_PLANNED, S::REQUEST_STATE_IN_DELIVERY},
       S::REQUEST_STATE_READY},
      {A::REQUEST_ACTION_REFER, before_matched, S::REQUEST_STATE_REFERRED},
      {A::REQUEST_ACTION_DECLINE,
       {S::REQUEST_STATE_IN_REVIEW, S::REQUEST_STATE_SCOPING},
       S::REQUEST_STATE_INELIGIBLE},
      {A::REQUEST_ACTION_MARK_DUPLICATE, before_matched, S::REQUEST_STATE_DUPLICATE},
      {A::REQUEST_ACTION_WITHDRAW, open, S::REQUEST_STATE_WITHDRAWN},
      {A::REQUEST_ACTION_REOPEN,
       {S::REQUEST_STATE_CLOSED, S::REQUEST_STATE_REFERRED, S::REQUEST_STATE_INELIGIBLE,
        S::REQUEST_STATE_DUPLICATE, S::REQUEST_STATE_WITHDRAWN},
       S::REQUEST_STATE_IN_REVIEW},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(RuleOf(row.action)->from, ::testing::UnorderedElementsAreArray(row.from))
        << v1::RequestAction_Name(row.action);
    EXPECT_EQ(RuleOf(row.action)->to, row.to) << v1::RequestAction_Name(row.action);
  }
}

TEST(Lifecycle, IsAnsweredAsTheTableStands) {
  const v1::Lifecycle table = LifecycleTable();
  ASSERT_EQ(table.rows_size(), static_cast<int>(LifecycleRules().size()));
  for (int i = 0; i < table.rows_size(); ++i) {
    const LifecycleRule& rule = LifecycleRules()[i];
    EXPECT_EQ(table.rows(i).action(), rule.action);
    EXPECT_EQ(table.rows(i).from_size(), static_cast<int>(rule.from.size()));
    EXPECT_EQ(table.rows(i).roles_size(), static_cast<int>(rule.roles.size()));
    EXPECT_EQ(table.rows(i).to(), rule.to);
    EXPECT_EQ(table.rows(i).needs(), rule.needs);
  }
}

// ---- Every action from every state, by every role

TEST(Lifecycle, AnActionStartsFromItsStatesOnly) {
  for (const v1::RequestState state : AllStates()) {
    const v1::Request request = RequestIn(state);
    for (const LifecycleRule& rule : LifecycleRules()) {
      const auto taken = Try(request, rule.action);
      const bool starts = std::count(rule.from.begin(), rule.from.end(), state) > 0;
      if (starts) {
        EXPECT_THAT(taken, Succeeds()) << StateText(state) << " " << ActionText(rule.action);
      } else {
        EXPECT_THAT(taken, FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"))
            << StateText(state) << " " << ActionText(rule.action);
      }
    }
  }
}

TEST(Lifecycle, AnActionIsForItsRolesOnly) {
  for (const LifecycleRule& rule : LifecycleRules()) {
    const v1::Request request = RequestIn(rule.from.front());
    for (const Actor& who :
         {Chief(), Coordinator(), Manager(), Matching(), Partner(), testing::Auditor()}) {
      const auto taken = Try(request, rule.action, who, DetailsFor(rule.action));
      if (std::count(rule.roles.begin(), rule.roles.end(), who.role) > 0) {
        EXPECT_THAT(taken, Succeeds()) << ActionText(rule.action) << " by " << who.principal;
      } else {
        ASSERT_THAT(taken, FailsWith(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"))
            << ActionText(rule.action) << " by " << who.principal;
      }
    }
  }
}

TEST(Lifecycle, TheRoleIsCheckedBeforeTheState) {
  EXPECT_THAT(Try(RequestIn(v1::REQUEST_STATE_DRAFT), v1::REQUEST_ACTION_CLOSE, Chief(), {}),
              FailsWith(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
}

TEST(Lifecycle, AWrongStateListsWhatIsPossibleNow) {
  const auto refused =
      Try(RequestIn(v1::REQUEST_STATE_IN_REVIEW), v1::REQUEST_ACTION_COMPLETE_SCOPING);
  ASSERT_THAT(refused, FailsWith(absl::StatusCode::kFailedPrecondition, "WRONG_STATE"));
  const auto facts = ErrorInfoOf(refused.status()).metadata();
  EXPECT_EQ(facts.at("state"), "IN_REVIEW");
  EXPECT_EQ(facts.at("available_actions"),
            "ASK_FOR_INFORMATION, ACCEPT, HOLD, REFER, DECLINE, MARK_DUPLICATE, WITHDRAW");
  EXPECT_THAT(refused.status().message(), HasSubstr(facts.at("available_actions")));
}

TEST(Lifecycle, AnUnknownActionIsRefused) {
  EXPECT_THAT(Try(RequestIn(v1::REQUEST_STATE_DRAFT), static_cast<v1::RequestAction>(99),
                  Coordinator(), {}),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
}

// ---- Details

TEST(Lifecycle, WhatAnActionNeedsMustBeThere) {
  for (const LifecycleRule& rule : LifecycleRules()) {
    if (rule.needed_details.empty()) continue;
    const auto refused =
        Try(RequestIn(rule.from.front()), rule.action, SomeoneFor(rule.action), {});
    EXPECT_THAT(refused, FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"))
        << ActionText(rule.action);
    const auto violations = BadRequestOf(refused.status()).field_violations();
    ASSERT_EQ(violations.size(), static_cast<int>(rule.needed_details.size()));
    EXPECT_THAT(violations[0].field(), HasSubstr("details."));
  }
}

TEST(Lifecycle, WhatAnActionDoesNotTakeIsRefused) {
  v1::ActionDetails all;
  all.set_question("?");
  all.set_answer("!");
  *all.mutable_scope() = testing::TwoSlots();
  all.set_reason("because");
  all.set_referred_to("them");
  all.set_decline_code(v1::DECLINE_CODE_OTHER);
  all.set_duplicate_of("requests/fy27-000099");
  all.set_follow_up_date("2027-06-01");
  all.set_plan_version(2);
  const int fields = v1::ActionDetails::descriptor()->field_count();
  for (const LifecycleRule& rule : LifecycleRules()) {
    const auto refused =
        Try(RequestIn(rule.from.front()), rule.action, SomeoneFor(rule.action), all);
    ASSERT_THAT(refused, FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"))
        << ActionText(rule.action);
    EXPECT_EQ(BadRequestOf(refused.status()).field_violations_size(),
              fields - static_cast<int>(rule.needed_details.size() + rule.optional_details.size()))
        << ActionText(rule.action);
  }
}

TEST(Lifecycle, DecliningForAnotherReasonIsSaidInWords) {
  v1::ActionDetails details;
  details.set_decline_code(v1::DECLINE_CODE_OTHER);
  const v1::Request request = RequestIn(v1::REQUEST_STATE_IN_REVIEW);
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_DECLINE, Coordinator(), details),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  details.set_reason("A private company");
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_DECLINE, Coordinator(), details), Succeeds());
}

// ---- What each needs

TEST(Lifecycle, OnlyACompleteRequestIsSubmittedAndEveryGapIsNamed) {
  v1::Request request;
  request.set_name("requests/fy27-000001");
  request.set_state(v1::REQUEST_STATE_DRAFT);
  const auto refused = Try(request, v1::REQUEST_ACTION_SUBMIT, Chief(), {});
  ASSERT_THAT(refused, FailsWith(absl::StatusCode::kFailedPrecondition, "REQUEST_INCOMPLETE"));
  EXPECT_EQ(PreconditionFailureOf(refused.status()).violations_size(), 7);
  EXPECT_THAT(Try(CompleteDraft(), v1::REQUEST_ACTION_SUBMIT, Chief(), {}), Succeeds());
}

TEST(Lifecycle, AFederalAgencyIsNeitherSubmittedNorAccepted) {
  const LifecycleContext federal = Context(type::v1::AGENCY_TYPE_FEDERAL);
  EXPECT_THAT(DecideAction(CompleteDraft(), v1::REQUEST_ACTION_SUBMIT, {}, Chief(),
                           At("2026-10-06"), federal),
              FailsWith(absl::StatusCode::kFailedPrecondition, "AGENCY_NOT_ELIGIBLE"));
  EXPECT_THAT(DecideAction(RequestIn(v1::REQUEST_STATE_IN_REVIEW), v1::REQUEST_ACTION_ACCEPT, {},
                           Coordinator(), At("2026-10-06"), federal),
              FailsWith(absl::StatusCode::kFailedPrecondition, "AGENCY_NOT_ELIGIBLE"));
  EXPECT_THAT(DecideAction(RequestIn(v1::REQUEST_STATE_IN_REVIEW), v1::REQUEST_ACTION_DECLINE,
                           DetailsFor(v1::REQUEST_ACTION_DECLINE), Coordinator(), At("2026-10-06"),
                           federal),
              Succeeds());
}

TEST(Lifecycle, WhoAcknowledgesBecomesTheNamedCoordinator) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_IN_REVIEW);
  EXPECT_EQ(request.coordinator(), "coordinator:dana");
}

TEST(Lifecycle, AQuestionLeadsBackToWhereItWasAsked) {
  for (const v1::RequestState state :
       {v1::REQUEST_STATE_IN_REVIEW, v1::REQUEST_STATE_SCOPING, v1::REQUEST_STATE_READY}) {
    v1::Request request = RequestIn(state);
    request = After(request, v1::REQUEST_ACTION_ASK_FOR_INFORMATION);
    EXPECT_EQ(request.information_return_state(), state);
    EXPECT_EQ(request.question(), "How many officers?");
    request = After(request, v1::REQUEST_ACTION_PROVIDE_INFORMATION);
    EXPECT_EQ(request.state(), state);
    EXPECT_EQ(request.information_return_state(), v1::REQUEST_STATE_UNSPECIFIED);
    EXPECT_EQ(request.answer(), "Forty");
    EXPECT_EQ(request.question(), "How many officers?");
    EXPECT_EQ(After(request, v1::REQUEST_ACTION_ASK_FOR_INFORMATION).answer(), "");
  }
}

TEST(Lifecycle, AHoldLeadsBackToWhereItBegan) {
  for (const v1::RequestState state : RuleOf(v1::REQUEST_ACTION_HOLD)->from) {
    v1::Request request = RequestIn(state);
    const v1::Request before = request;
    request = After(request, v1::REQUEST_ACTION_HOLD);
    EXPECT_EQ(request.state(), v1::REQUEST_STATE_ON_HOLD);
    EXPECT_EQ(request.hold_return_state(), state);
    request = After(request, v1::REQUEST_ACTION_RESUME);
    EXPECT_EQ(request.state(), state);
    EXPECT_EQ(request.hold_return_state(), v1::REQUEST_STATE_UNSPECIFIED);
    EXPECT_EQ(request.information_return_state(), before.information_return_state());
  }
}

TEST(Lifecycle, AHoldOfAnUnansweredQuestionKeepsWhereItWasAsked) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_SCOPING);
  for (const auto action : {v1::REQUEST_ACTION_ASK_FOR_INFORMATION, v1::REQUEST_ACTION_HOLD,
                            v1::REQUEST_ACTION_RESUME, v1::REQUEST_ACTION_PROVIDE_INFORMATION}) {
    request = After(request, action);
  }
  EXPECT_EQ(request.state(), v1::REQUEST_STATE_SCOPING);
}

TEST(Lifecycle, ACompletedScopeMakesARequestReady) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_READY, "2026-10-06");
  EXPECT_EQ(FromProto(request.ready_time()), At("2026-10-06"));
  ASSERT_EQ(request.scope().slots_size(), 2);
  EXPECT_EQ(request.scope().slots(0).id(), "s1");
  EXPECT_EQ(request.scope().slots(1).id(), "s2");
  EXPECT_EQ(request.scope().slots(0).people(), 1);
}

TEST(Lifecycle, AScopeMustHoldTogether) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_SCOPING);
  v1::ActionDetails details = DetailsFor(v1::REQUEST_ACTION_COMPLETE_SCOPING);
  details.mutable_scope()->mutable_slots(1)->set_window_end("2026-09-30");
  const auto refused = Try(request, v1::REQUEST_ACTION_COMPLETE_SCOPING, Coordinator(), details);
  ASSERT_THAT(refused, FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  EXPECT_EQ(BadRequestOf(refused.status()).field_violations(0).field(),
            "details.scope.slots[1].window_end");

  details = DetailsFor(v1::REQUEST_ACTION_COMPLETE_SCOPING);
  details.mutable_scope()->mutable_slots(0)->set_topic("topics/unheard-of");
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_COMPLETE_SCOPING, Coordinator(), details),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  details.mutable_scope()->mutable_slots(0)->set_topic("topics/pandemic");
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_COMPLETE_SCOPING, Coordinator(), details),
              FailsWith(absl::StatusCode::kFailedPrecondition, "CATALOG_ENTRY_NOT_VALID"));
}

TEST(Lifecycle, APlanIsApprovedByBothInEitherOrder) {
  for (const bool agency_first : {true, false}) {
    v1::Request request = RequestIn(v1::REQUEST_STATE_MATCHED);
    request = After(request, v1::REQUEST_ACTION_APPROVE_PLAN, agency_first ? Chief() : Manager(),
                    At("2026-10-06"), {});
    EXPECT_EQ(request.state(), v1::REQUEST_STATE_MATCHED);
    EXPECT_EQ(request.has_agency_approval(), agency_first);
    EXPECT_EQ(request.has_program_approval(), !agency_first);
    request = After(request, v1::REQUEST_ACTION_APPROVE_PLAN, agency_first ? Manager() : Chief(),
                    At("2026-10-07"), {});
    EXPECT_EQ(request.state(), v1::REQUEST_STATE_PLANNED);
    EXPECT_EQ(request.agency_approval().actor(), Chief().principal);
    EXPECT_EQ(request.program_approval().actor(), Manager().principal);
  }
}

TEST(Lifecycle, ASideApprovesAPlanOnce) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_MATCHED);
  request = After(request, v1::REQUEST_ACTION_APPROVE_PLAN, Chief(), At("2026-10-06"), {});
  const Actor deputy = {type::v1::ROLE_AGENCY, "agency:agencies/ag-000001#deputy"};
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_APPROVE_PLAN, deputy, {}),
              FailsWith(absl::StatusCode::kFailedPrecondition, "ALREADY_APPROVED"));
}

v1::ActionDetails PlanVersion(int version) {
  v1::ActionDetails details;
  details.set_plan_version(version);
  return details;
}

v1::Request DrawnUp(const v1::Request& request, int version) {
  return After(request, v1::REQUEST_ACTION_RECORD_PLAN, Matching(), At("2026-10-06"),
               PlanVersion(version));
}

v1::Request ApprovedBy(const v1::Request& request, const Actor& who, int version) {
  return After(request, v1::REQUEST_ACTION_APPROVE_PLAN, who, At("2026-10-07"),
               PlanVersion(version));
}

TEST(Lifecycle, APlanIsApprovedOnlyOnceItIsDrawnUp) {
  const v1::Request request =
      After(RequestIn(v1::REQUEST_STATE_READY), v1::REQUEST_ACTION_RECORD_MATCH);
  for (const Actor& who : {Chief(), Manager()}) {
    EXPECT_THAT(AvailableActions(request, who),
                ::testing::Not(::testing::Contains(v1::REQUEST_ACTION_APPROVE_PLAN)));
    for (const int version : {0, 1, 7}) {
      const auto refused = Try(request, v1::REQUEST_ACTION_APPROVE_PLAN, who, PlanVersion(version));
      EXPECT_THAT(refused, FailsWith(absl::StatusCode::kFailedPrecondition, "PLAN_NOT_DRAWN_UP"));
      EXPECT_THAT(std::string(refused.status().message()), HasSubstr("DrawUpPlan"));
    }
    EXPECT_THAT(AvailableActions(DrawnUp(request, 1), who),
                ::testing::Contains(v1::REQUEST_ACTION_APPROVE_PLAN));
  }
}

TEST(Lifecycle, NoVersionButTheNewestIsApproved) {
  const v1::Request request = DrawnUp(RequestIn(v1::REQUEST_STATE_MATCHED), 2);
  for (const int version : {1, 3, 7}) {
    const auto refused =
        Try(request, v1::REQUEST_ACTION_APPROVE_PLAN, Chief(), PlanVersion(version));
    EXPECT_THAT(refused,
                FailsWith(absl::StatusCode::kFailedPrecondition, "PLAN_VERSION_NOT_NEWEST"));
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr("the newest known here is 2"));
  }
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_APPROVE_PLAN, Chief(), PlanVersion(2)), Succeeds());
}

TEST(Lifecycle, AnApprovalThatNamesNoVersionIsRecordedWithTheNewest) {
  const v1::Request request = DrawnUp(RequestIn(v1::REQUEST_STATE_MATCHED), 2);
  const auto taken = Try(request, v1::REQUEST_ACTION_APPROVE_PLAN, Chief(), {});
  ASSERT_THAT(taken, Succeeds());
  EXPECT_EQ(taken->details().plan_version(), 2);
  EXPECT_EQ(ApprovedBy(request, Chief(), 0).agency_approval().plan_version(), 2);
  const v1::Request planned = ApprovedBy(ApprovedBy(request, Chief(), 0), Manager(), 2);
  EXPECT_EQ(planned.state(), v1::REQUEST_STATE_PLANNED);
  EXPECT_EQ(planned.program_approval().plan_version(), 2);
}

TEST(Lifecycle, AVersionDrawnUpBetweenTheApprovalsMakesTheFirstVoid) {
  for (const bool agency_first : {true, false}) {
    const Actor first = agency_first ? Chief() : Manager();
    const Actor second = agency_first ? Manager() : Chief();
    v1::Request request = ApprovedBy(RequestIn(v1::REQUEST_STATE_MATCHED), first, 0);
    EXPECT_THAT(AvailableActions(request, first),
                ::testing::Not(::testing::Contains(v1::REQUEST_ACTION_APPROVE_PLAN)));
    request = DrawnUp(request, 2);
    EXPECT_EQ(request.state(), v1::REQUEST_STATE_MATCHED);
    EXPECT_FALSE(request.has_agency_approval() || request.has_program_approval());
    request = ApprovedBy(request, second, 0);
    EXPECT_EQ(request.state(), v1::REQUEST_STATE_MATCHED) << "of another version than the first";
    request = ApprovedBy(request, first, 0);
    EXPECT_EQ(request.state(), v1::REQUEST_STATE_PLANNED);
    EXPECT_EQ(request.agency_approval().plan_version(), 2);
    EXPECT_EQ(request.program_approval().plan_version(), 2);
  }
}

TEST(Lifecycle, AVersionToldAgainLeavesItsApproval) {
  const v1::Request approved = ApprovedBy(RequestIn(v1::REQUEST_STATE_MATCHED), Chief(), 1);
  EXPECT_TRUE(DrawnUp(approved, 1).has_agency_approval());
}

TEST(Lifecycle, AnApprovalFromBeforeVersionsWereNamedIsVoidOnceAPlanIsTold) {
  v1::Request request = After(RequestIn(v1::REQUEST_STATE_READY), v1::REQUEST_ACTION_RECORD_MATCH);
  request.mutable_agency_approval()->set_actor(Chief().principal);
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_APPROVE_PLAN, Manager(), {}),
              FailsWith(absl::StatusCode::kFailedPrecondition, "PLAN_NOT_DRAWN_UP"));
  EXPECT_FALSE(DrawnUp(request, 1).has_agency_approval());
}

TEST(Lifecycle, ThePastMayHaveApprovedAPlanThatIsNotOnRecord) {
  LifecycleContext past = Context();
  past.past = true;
  v1::Request request = After(RequestIn(v1::REQUEST_STATE_READY), v1::REQUEST_ACTION_RECORD_MATCH);
  for (const Actor& who : {Chief(), Manager()}) {
    const auto taken =
        DecideAction(request, v1::REQUEST_ACTION_APPROVE_PLAN, {}, who, At("2026-10-06"), past);
    ASSERT_THAT(taken, Succeeds());
    ApplyAction(*taken, request);
  }
  EXPECT_EQ(request.state(), v1::REQUEST_STATE_PLANNED);
  EXPECT_EQ(request.agency_approval().plan_version(), 0);
}

TEST(Lifecycle, APlanTakesTwoDifferentPeople) {
  const Actor as_chief = {type::v1::ROLE_AGENCY, "agency:agencies/ag-000001#sam"};
  const Actor as_manager = {type::v1::ROLE_PROGRAM_MANAGER, "program-manager:sam"};
  for (const bool agency_first : {true, false}) {
    v1::Request request = RequestIn(v1::REQUEST_STATE_MATCHED);
    request = After(request, v1::REQUEST_ACTION_APPROVE_PLAN, agency_first ? as_chief : as_manager,
                    At("2026-10-06"), {});
    EXPECT_THAT(
        Try(request, v1::REQUEST_ACTION_APPROVE_PLAN, agency_first ? as_manager : as_chief, {}),
        FailsWith(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"));
    EXPECT_THAT(AvailableActions(request, agency_first ? as_manager : as_chief),
                ::testing::Not(::testing::Contains(v1::REQUEST_ACTION_APPROVE_PLAN)));
  }
}

TEST(Lifecycle, ARematchForgetsTheApprovals) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_PLANNED);
  request = After(request, v1::REQUEST_ACTION_REMATCH, "2026-11-02");
  EXPECT_EQ(request.state(), v1::REQUEST_STATE_READY);
  EXPECT_FALSE(request.has_agency_approval());
  EXPECT_FALSE(request.has_program_approval());
  EXPECT_EQ(request.plan_version(), 0) << "told again after the next match";
  EXPECT_EQ(FromProto(request.ready_time()), At("2026-11-02"));
  EXPECT_EQ(request.scope().slots_size(), 2);
}

TEST(Lifecycle, DeliveryIsCompletedByPartnerCoordinatorOrMatching) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_IN_DELIVERY);
  for (const Actor& who : {Partner(), Coordinator(), Matching()}) {
    const v1::Request after =
        After(request, v1::REQUEST_ACTION_COMPLETE_DELIVERY, who, At("2026-10-06"), {});
    EXPECT_EQ(after.state(), v1::REQUEST_STATE_DELIVERED);
    EXPECT_EQ(after.follow_up_date(), "2027-01-04") << "90 days later";
  }
}

TEST(Lifecycle, AFollowUpIsNotBeforeTheDeliveryIsComplete) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_IN_DELIVERY);
  v1::ActionDetails details;
  details.set_follow_up_date("2026-10-05");
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_COMPLETE_DELIVERY, Partner(), details, "2026-10-06"),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  details.set_follow_up_date("2026-10-06");
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_COMPLETE_DELIVERY, Partner(), details, "2026-10-06"),
              Succeeds());
}

TEST(Lifecycle, IsClosedFromTheFollowUpOnOrWithAReason) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_DELIVERED, "2026-10-06");
  ASSERT_EQ(request.follow_up_date(), "2027-01-04");
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_CLOSE, Coordinator(), {}, "2027-01-03T23:59"),
              FailsWith(absl::StatusCode::kFailedPrecondition, "FOLLOW_UP_NOT_REACHED"));
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_CLOSE, Coordinator(), {}, "2027-01-04"), Succeeds());
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_CLOSE, Coordinator(),
                  DetailsFor(v1::REQUEST_ACTION_CLOSE), "2026-10-07"),
              Succeeds());
}

TEST(Lifecycle, ADuplicateNamesAnotherRequestThatIsNone) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_IN_REVIEW);
  v1::ActionDetails details;
  details.set_duplicate_of(request.name());
  const auto decide = [&](const v1::Request* original) {
    return DecideAction(request, v1::REQUEST_ACTION_MARK_DUPLICATE, details, Coordinator(),
                        At("2026-10-06"),
                        {testing::SmallCatalog(), type::v1::AGENCY_TYPE_MUNICIPAL, original});
  };
  EXPECT_THAT(decide(&request), FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_FIELD"));
  details.set_duplicate_of("requests/fy27-000099");
  EXPECT_THAT(decide(nullptr), FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  v1::Request original = testing::Original();
  original.set_state(v1::REQUEST_STATE_DUPLICATE);
  EXPECT_THAT(decide(&original),
              FailsWith(absl::StatusCode::kFailedPrecondition, "ORIGINAL_IS_DUPLICATE"));
  EXPECT_THAT(decide(&testing::Original()), Succeeds());
}

TEST(Lifecycle, EndsSayWhy) {
  EXPECT_EQ(RequestIn(v1::REQUEST_STATE_REFERRED).referred_to(), "Another program");
  EXPECT_EQ(RequestIn(v1::REQUEST_STATE_INELIGIBLE).decline_code(), v1::DECLINE_CODE_OUT_OF_SCOPE);
  EXPECT_EQ(RequestIn(v1::REQUEST_STATE_DUPLICATE).duplicate_of(), "requests/fy27-000099");
  EXPECT_EQ(RequestIn(v1::REQUEST_STATE_CLOSED).reason(), "Said in words");
}

TEST(Lifecycle, AWithdrawnRequestHasNowhereToReturnTo) {
  v1::Request request = RequestIn(v1::REQUEST_STATE_NEEDS_INFORMATION);
  request = After(request, v1::REQUEST_ACTION_HOLD);
  request = After(request, v1::REQUEST_ACTION_WITHDRAW);
  EXPECT_EQ(request.hold_return_state(), v1::REQUEST_STATE_UNSPECIFIED);
  EXPECT_EQ(request.information_return_state(), v1::REQUEST_STATE_UNSPECIFIED);
}

TEST(Lifecycle, EveryEndedRequestCanBeReopenedAndBeginsAfresh) {
  for (const v1::RequestState state : AllStates()) {
    if (!IsEnded(state)) continue;
    const v1::Request request = After(RequestIn(state), v1::REQUEST_ACTION_REOPEN, "2027-03-01");
    EXPECT_EQ(request.state(), v1::REQUEST_STATE_IN_REVIEW) << StateText(state);
    EXPECT_EQ(FromProto(request.submit_time()), At("2027-03-01"));
    EXPECT_EQ(request.duplicate_of(), "");
    EXPECT_EQ(request.referred_to(), "");
    EXPECT_EQ(request.follow_up_date(), "");
    EXPECT_EQ(request.decline_code(), v1::DECLINE_CODE_UNSPECIFIED);
    EXPECT_FALSE(request.has_agency_approval());
    EXPECT_EQ(request.coordinator(), "coordinator:dana");
  }
}

TEST(Lifecycle, WhoReopensTakesOnWhatNobodyHad) {
  v1::Request request = After(CompleteDraft(), v1::REQUEST_ACTION_WITHDRAW);
  const Actor eli = {type::v1::ROLE_COORDINATOR, "coordinator:eli"};
  request = After(request, v1::REQUEST_ACTION_REOPEN, eli, At("2026-10-07"),
                  DetailsFor(v1::REQUEST_ACTION_REOPEN));
  EXPECT_EQ(request.coordinator(), "coordinator:eli");
}

TEST(Lifecycle, AnUnfinishedDraftThatWasWithdrawnIsMadeCompleteBeforeItIsReopened) {
  v1::Request request = CompleteDraft();
  request.clear_topics();
  request = After(request, v1::REQUEST_ACTION_WITHDRAW);
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_REOPEN),
              FailsWith(absl::StatusCode::kFailedPrecondition, "REQUEST_INCOMPLETE"));
  EXPECT_TRUE(CanBeChanged(request));
  request.add_topics("topics/de-escalation");
  EXPECT_THAT(Try(request, v1::REQUEST_ACTION_REOPEN), Succeeds());
}

TEST(Lifecycle, AStepRecordsWhoWhenAndTheVersionSeen) {
  v1::Request request = CompleteDraft();
  request.set_etag("41");
  const auto taken = Try(request, v1::REQUEST_ACTION_SUBMIT, Chief(), {}, "2026-10-06T09:30");
  ASSERT_THAT(taken, Succeeds());
  EXPECT_EQ(taken->actor(), Chief().principal);
  EXPECT_EQ(FromProto(taken->occur_time()), At("2026-10-06T09:30"));
  EXPECT_EQ(taken->seen_etag(), "41");
  EXPECT_EQ(taken->from(), v1::REQUEST_STATE_DRAFT);
  EXPECT_EQ(taken->to(), v1::REQUEST_STATE_SUBMITTED);
  EXPECT_FALSE(taken->has_details());
}

TEST(Lifecycle, ARefusedActionChangesNothing) {
  const v1::Request request = RequestIn(v1::REQUEST_STATE_SCOPING);
  const std::string before = request.SerializeAsString();
  EXPECT_FALSE(Try(request, v1::REQUEST_ACTION_CLOSE).ok());
  EXPECT_EQ(request.SerializeAsString(), before);
}

TEST(Lifecycle, WhatIsOfferedIsTaken) {
  for (const v1::RequestState state : AllStates()) {
    const v1::Request request = RequestIn(state);
    for (const Actor& who : {Chief(), Coordinator(), Manager(), Matching(), Partner()}) {
      for (const v1::RequestAction action : AvailableActions(request, who)) {
        EXPECT_THAT(Try(request, action, who, DetailsFor(action)), Succeeds())
            << StateText(state) << " " << ActionText(action) << " " << who.principal;
      }
    }
  }
}

TEST(Lifecycle, OffersNothingToThoseWhoOnlyRead) {
  for (const v1::RequestState state : AllStates()) {
    EXPECT_THAT(AvailableActions(RequestIn(state), testing::Auditor()), IsEmpty());
  }
}

TEST(Lifecycle, OffersInTheOrderOfALife) {
  EXPECT_THAT(AvailableActions(RequestIn(v1::REQUEST_STATE_DRAFT), Chief()),
              ElementsAre(v1::REQUEST_ACTION_SUBMIT, v1::REQUEST_ACTION_WITHDRAW));
  EXPECT_THAT(AvailableActions(RequestIn(v1::REQUEST_STATE_MATCHED), Manager()),
              ElementsAre(v1::REQUEST_ACTION_APPROVE_PLAN));
}

// ---- Meaning of states

TEST(RequestState, MatchingIsConcernedFromReadyOn) {
  EXPECT_EQ(InterestOf(v1::REQUEST_STATE_SCOPING), MatchingInterest::kNone);
  EXPECT_EQ(InterestOf(v1::REQUEST_STATE_READY), MatchingInterest::kOpen);
  EXPECT_EQ(InterestOf(v1::REQUEST_STATE_MATCHED), MatchingInterest::kMatched);
  EXPECT_EQ(InterestOf(v1::REQUEST_STATE_CLOSED), MatchingInterest::kMatched);
  EXPECT_EQ(InterestOf(v1::REQUEST_STATE_ON_HOLD), MatchingInterest::kNone);
  EXPECT_EQ(InterestOf(v1::REQUEST_STATE_WITHDRAWN), MatchingInterest::kNone);
}

TEST(RequestState, WhatWasAskedCanBeChangedUntilItIsMatched) {
  for (const v1::RequestState state : AllStates()) {
    const v1::Request request = RequestIn(state);
    const bool expected = IsBeforeMatched(state) || state == v1::REQUEST_STATE_ON_HOLD;
    EXPECT_EQ(CanBeChanged(request), expected) << StateText(state);
  }
  EXPECT_FALSE(CanBeChanged(After(RequestIn(v1::REQUEST_STATE_MATCHED), v1::REQUEST_ACTION_HOLD)));
}

}  // namespace
}  // namespace critac::intake
