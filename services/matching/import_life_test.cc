// Past engagements over a real journal: imported with their plans, or without any.
#include "gmock/gmock.h"
#include "services/matching/engagement_plan.h"
#include "services/matching/offer_testing.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;

constexpr char kPastRequest[] = "requests/fy27-000007";

// A request was imported before as `legacy:R-1`: of two slots, approved and in delivery, its plan not named.
class ImportLife : public ::testing::Test {
 protected:
  ImportLife() {
    Center center;
    center.AddPartner("elm");
    center.AddExpert("elm1", "elm");
    bench_ = std::make_unique<MatchingBench>(center);
    intake::v1::Request& request = Request();
    request.set_name(kPastRequest);
    request.set_external_id("legacy:R-1");
    request.set_state(intake::v1::REQUEST_STATE_IN_DELIVERY);
    request.mutable_agency_profile()->set_agency("agencies/ag-000001");
    for (const char* slot : {"s1", "s2"}) request.mutable_scope()->add_slots()->set_id(slot);
    request.mutable_agency_approval();
    request.mutable_program_approval();
  }

  // As intake has it.
  intake::v1::Request& Request() { return bench_->intake.requests[kPastRequest]; }
  void Name(int version) {
    Request().set_plan_version(version);
    Request().mutable_agency_approval()->set_plan_version(version);
    Request().mutable_program_approval()->set_plan_version(version);
  }

  // Agreed on 2026-10-01; a session in s1, on the 15th, was all of that slot.
  static v1::PastEngagement Row() {
    v1::PastEngagement row;
    row.set_external_id("legacy:E-1");
    row.set_request_external_id("legacy:R-1");
    row.mutable_create_time()->set_seconds(AtNoon(absl::CivilDay(2026, 10, 1)));
    for (const char* slot : {"s1", "s2"}) {
      v1::Assignment& assignment = *row.add_assignments();
      assignment.set_slot(slot);
      assignment.set_expert("experts/elm1");
      assignment.set_partner("partners/elm");
    }
    v1::Delivery& delivery = *row.add_deliveries();
    delivery.set_slot("s1");
    delivery.set_delivery_type("deliveryTypes/virtual");
    delivery.set_mode(type::v1::DELIVERY_MODE_VIRTUAL);
    delivery.set_date("2026-10-15");
    delivery.set_quarter_hours(8);
    delivery.set_completes_slot(true);
    return row;
  }
  static v1::PastPlan Plan(const std::string& objective) {
    v1::PastPlan plan;
    plan.add_objectives(objective);
    for (const char* slot : {"s1", "s2"}) {
      v1::PastMilestone& milestone = *plan.add_milestones();
      milestone.set_title("held");
      milestone.set_due_date("2026-10-16");
      milestone.set_slot(slot);
    }
    plan.mutable_milestones(0)->set_reached_date("2026-10-15");
    plan.set_drawn_up_by("coordinator:dana");
    plan.mutable_draw_up_time()->set_seconds(AtNoon(absl::CivilDay(2026, 10, 2)));
    return plan;
  }
  static int64_t AtNoon(absl::CivilDay day) {
    return absl::ToUnixSeconds(absl::FromCivil(day, absl::UTCTimeZone()) + absl::Hours(12));
  }

  intake::v1::ImportResult Import(const v1::PastEngagement& row, bool validate_only = false) {
    const auto answer =
        bench_->Do(ImportEngagements({row}, {{"legacy:R-1", Request()}}, validate_only));
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return {};
    return static_cast<const v1::ImportEngagementsResponse&>(*answer->message).results(0);
  }
  std::string ProblemOf(const v1::PastEngagement& row) {
    const intake::v1::ImportResult result = Import(row);
    EXPECT_EQ(result.outcome(), intake::v1::IMPORT_OUTCOME_REFUSED);
    EXPECT_EQ(result.name(), "");
    return result.problem();
  }
  v1::Engagement Imported(const v1::PastEngagement& row) {
    const intake::v1::ImportResult result = Import(row);
    EXPECT_EQ(result.outcome(), intake::v1::IMPORT_OUTCOME_CREATED) << result.problem();
    return bench_->Get<v1::Engagement>(result.name());
  }

  std::unique_ptr<MatchingBench> bench_;
};

TEST_F(ImportLife, APastEngagementHasThePlanThatWasApproved) {
  Name(2);
  v1::PastEngagement row = Row();
  *row.add_plans() = Plan("a first idea");
  row.mutable_plans(0)->mutable_milestones(0)->clear_reached_date();
  *row.add_plans() = Plan("a policy on foot pursuits");
  const v1::Engagement engagement = Imported(row);
  ASSERT_EQ(engagement.plans_size(), 2);
  EXPECT_EQ(engagement.plans(0).version(), 1);
  EXPECT_EQ(engagement.plans(0).milestones(0).reached_date(), "");
  const v1::EngagementPlan& plan = engagement.plans(1);
  EXPECT_EQ(plan.version(), 2);
  EXPECT_EQ(plan.objectives(0), "a policy on foot pursuits");
  EXPECT_EQ(plan.drawn_up_by(), "coordinator:dana");
  EXPECT_EQ(plan.draw_up_time().seconds(), AtNoon(absl::CivilDay(2026, 10, 2)));
  EXPECT_EQ(plan.milestones(0).reached_date(), "2026-10-15");
  EXPECT_EQ(plan.milestones(1).reached_date(), "");
  EXPECT_EQ(engagement.state(), v1::ENGAGEMENT_STATE_IN_DELIVERY);
  EXPECT_EQ(PlanInForce(engagement, Request()).value_or(0), 2);

  const auto reached =
      bench_->Do(ReachMilestone(engagement.name(), "", 2, "m2", absl::CivilDay(2026, 11, 19)));
  ASSERT_TRUE(reached.ok()) << reached.status();
  const auto later = bench_->Get<v1::Engagement>(engagement.name());
  EXPECT_EQ(later.plans(1).milestones(1).reached_date(), "2026-11-19");
}

TEST_F(ImportLife, APlanIsInForceWhereTheApprovalsNameNone) {
  v1::PastEngagement row = Row();
  *row.add_plans() = Plan("a policy on foot pursuits");
  EXPECT_EQ(PlanInForce(Imported(row), Request()).value_or(0), 1);
}

TEST_F(ImportLife, ARecordWithoutAPlanStaysOneAndIsLedOn) {
  const v1::Engagement engagement = Imported(Row());
  EXPECT_EQ(engagement.plans_size(), 0);
  EXPECT_EQ(PlanInForce(engagement, Request()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  v1::Delivery rest = Row().deliveries(0);
  rest.set_slot("s2");
  rest.set_date("2026-11-20");
  const auto recorded = bench_->Do(RecordDelivery(engagement.name(), "", rest, bench_->Basis()));
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  bench_->Sync();
  EXPECT_EQ(Request().state(), intake::v1::REQUEST_STATE_DELIVERED);
  EXPECT_EQ(Request().plan_version(), 0);
}

TEST_F(ImportLife, AVersionThatTheRequestNamesIsNotLeftOut) {
  Name(1);
  EXPECT_THAT(ProblemOf(Row()),
              HasSubstr("plans: are 0, and requests/fy27-000007 names version 1"));
  v1::PastEngagement row = Row();
  *row.add_plans() = Plan("a policy on foot pursuits");
  EXPECT_EQ(Imported(row).plans_size(), 1);
}

TEST_F(ImportLife, AProblemOfAPlanNamesItsField) {
  v1::PastEngagement row = Row();
  *row.add_plans() = Plan("a policy on foot pursuits");
  row.mutable_plans(0)->mutable_milestones(1)->set_due_date("2026-09-30");
  EXPECT_THAT(ProblemOf(row), HasSubstr("plans[0].milestones[1].due_date: 2026-09-30 is before"));
  row.mutable_plans(0)->mutable_milestones(1)->set_due_date("soon");
  EXPECT_THAT(ProblemOf(row), HasSubstr("plans[0].milestones[1].due_date"));
  row.mutable_plans(0)->mutable_milestones(1)->set_due_date("2026-10-16");
  row.mutable_plans(0)->clear_objectives();
  EXPECT_THAT(ProblemOf(row), HasSubstr("plans[0].objectives"));
}

TEST_F(ImportLife, APlanIsDrawnUpByACoordinatorOrAPartner) {
  const struct {
    const char* who;
    const char* words;  // empty: taken
  } table[] = {{"agency:agencies/ag-000001#chief", "does not draw up plans"},
               {"program-manager:morgan", "does not draw up plans"},
               {"dana", "plans[0].drawn_up_by"},
               {"", ""},
               {"coordinator:dana", ""},
               {"partner:partners/elm#ana", ""}};
  int rows = 0;
  for (const auto& [who, words] : table) {
    v1::PastEngagement row = Row();
    row.set_external_id(absl::StrCat("legacy:E-", ++rows));
    *row.add_plans() = Plan("a policy on foot pursuits");
    row.mutable_plans(0)->set_drawn_up_by(who);
    const intake::v1::ImportResult result = Import(row);
    EXPECT_THAT(result.problem(), HasSubstr(words)) << who;
    EXPECT_EQ(result.problem().empty(), *words == '\0') << who << ": " << result.problem();
  }
}

TEST_F(ImportLife, APlanIsCheckedAlsoWhereNothingIsRecorded) {
  v1::PastEngagement row = Row();
  *row.add_plans() = Plan("a policy on foot pursuits");
  EXPECT_EQ(Import(row, /*validate_only=*/true).outcome(), intake::v1::IMPORT_OUTCOME_CREATED);
  row.mutable_plans(0)->set_drawn_up_by("service:matching");
  EXPECT_THAT(Import(row, /*validate_only=*/true).problem(), HasSubstr("plans[0].drawn_up_by"));
}

TEST_F(ImportLife, TheSameRowChangesNothingAndAPlanIsNotAddedToARecordOfThePast) {
  v1::PastEngagement planned = Row();
  *planned.add_plans() = Plan("a policy on foot pursuits");
  Imported(Row());
  EXPECT_EQ(Import(Row()).outcome(), intake::v1::IMPORT_OUTCOME_UNCHANGED);
  EXPECT_THAT(ProblemOf(planned), HasSubstr("legacy:E-1 is on record as engagements/"));

  planned.set_external_id("legacy:E-2");
  Imported(planned);
  EXPECT_EQ(Import(planned).outcome(), intake::v1::IMPORT_OUTCOME_UNCHANGED);
}

TEST_F(ImportLife, IntakeIsToldOfThePlanOfARequestThatWaitsForItsApproval) {
  Request().set_state(intake::v1::REQUEST_STATE_MATCHED);
  Request().clear_agency_approval();
  Request().clear_program_approval();
  v1::PastEngagement row = Row();
  row.clear_deliveries();
  *row.add_plans() = Plan("a policy on foot pursuits");
  row.mutable_plans(0)->mutable_milestones(0)->clear_reached_date();
  Imported(row);
  bench_->Sync();
  EXPECT_EQ(Request().plan_version(), 1);
}

}  // namespace
}  // namespace critac::matching
