#include "services/matching/engagement_plan.h"

#include <string>
#include <vector>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;

constexpr absl::CivilDay kPlanDay(2026, 12, 10);

// Agreed on 2026-11-20; s1 has its expert, another is sought for s2.
v1::Engagement Engagement() {
  v1::Engagement engagement;
  engagement.set_name("engagements/e1");
  engagement.set_state(v1::ENGAGEMENT_STATE_AGREED);
  engagement.mutable_create_time()->set_seconds(1795183200);  // 2026-11-20 14:00
  engagement.add_assignments()->set_slot("s1");
  engagement.add_sought_slots("s2");
  return engagement;
}

v1::EngagementPlan PlanDue(const std::string& due, const std::string& slot = "") {
  v1::EngagementPlan plan;
  plan.add_objectives("a policy on foot pursuits");
  v1::Milestone* milestone = plan.add_milestones();
  milestone->set_title("draft is with the chief");
  milestone->set_due_date(due);
  milestone->set_slot(slot);
  return plan;
}

// With two versions of its plan, each with a milestone.
v1::Engagement Planned() {
  v1::Engagement engagement = Engagement();
  for (const char* due : {"2027-01-15", "2027-02-15"}) {
    *engagement.add_plans() = *NextPlan(engagement, PlanDue(due));
  }
  return engagement;
}

intake::v1::Request Approved(int agency_version, int program_version) {
  intake::v1::Request request;
  request.set_name("requests/fy27-000001");
  request.set_state(intake::v1::REQUEST_STATE_PLANNED);
  request.mutable_agency_approval()->set_plan_version(agency_version);
  request.mutable_program_approval()->set_plan_version(program_version);
  return request;
}

std::string FieldOf(const absl::Status& status) {
  return BadRequestOf(status).field_violations(0).field();
}

TEST(NextPlan, IsNumberedAndItsMilestonesAreNamed) {
  v1::Engagement engagement = Engagement();
  v1::EngagementPlan wanted = PlanDue("2026-11-20", "s1");
  *wanted.add_milestones() = PlanDue("2027-01-15", "s2").milestones(0);
  wanted.mutable_milestones(0)->set_reached_date("2026-11-20");
  wanted.set_version(9);
  for (const int version : {1, 2}) {
    const auto plan = NextPlan(engagement, wanted);
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->version(), version);
    EXPECT_EQ(plan->milestones(0).id(), "m1");
    EXPECT_EQ(plan->milestones(0).reached_date(), "");
    EXPECT_EQ(plan->milestones(1).id(), "m2");
    *engagement.add_plans() = *plan;
  }
}

TEST(NextPlan, SaysWhichMilestoneDoesNotFit) {
  const absl::Status early = NextPlan(Engagement(), PlanDue("2026-11-19")).status();
  EXPECT_EQ(FieldOf(early), "plan.milestones[0].due_date") << early;
  EXPECT_THAT(std::string(early.message()), HasSubstr("2026-11-20"));
  const absl::Status nowhere = NextPlan(Engagement(), PlanDue("2027-01-15", "s3")).status();
  EXPECT_EQ(FieldOf(nowhere), "plan.milestones[0].slot") << nowhere;
  EXPECT_THAT(std::string(nowhere.message()), HasSubstr("s1, s2"));
}

TEST(NextPlan, IsOfAnEngagementUnderWayAndHasAHundredVersionsAtMost) {
  v1::Engagement over = Engagement();
  over.set_state(v1::ENGAGEMENT_STATE_DELIVERED);
  EXPECT_EQ(ReasonOf(NextPlan(over, PlanDue("2027-01-15")).status()), "ENGAGEMENT_OVER");
  v1::Engagement many = Engagement();
  for (int i = 0; i < 99; ++i) many.add_plans();
  EXPECT_TRUE(NextPlan(many, PlanDue("2027-01-15")).ok());
  many.add_plans();
  EXPECT_EQ(ReasonOf(NextPlan(many, PlanDue("2027-01-15")).status()), "TOO_MANY_VERSIONS");
}

// ---- The past

// A day on which an engagement was agreed at 14:00, or later, at noon.
google::protobuf::Timestamp Noon(absl::CivilDay day) {
  google::protobuf::Timestamp time;
  time.set_seconds(absl::ToUnixSeconds(
      absl::FromCivil(absl::CivilSecond(day) + 12 * 3600, absl::UTCTimeZone())));
  return time;
}

// Drawn up on 2026-11-23, with a milestone for s1 that was reached and one that was not.
v1::PastPlan PastPlan() {
  v1::PastPlan plan;
  plan.add_objectives("a policy on foot pursuits");
  v1::PastMilestone& draft = *plan.add_milestones();
  draft.set_title("draft is with the chief");
  draft.set_due_date("2026-12-01");
  draft.set_slot("s1");
  draft.set_reached_date("2026-12-03");
  v1::PastMilestone& review = *plan.add_milestones();
  review.set_title("what was achieved is reviewed");
  review.set_due_date("2027-01-15");
  plan.set_drawn_up_by("partner:partners/elm#ana");
  *plan.mutable_draw_up_time() = Noon(absl::CivilDay(2026, 11, 23));
  return plan;
}

absl::StatusOr<std::vector<v1::EngagementPlan>> PastPlansOf(
    const std::vector<v1::PastPlan>& plans,
    const intake::v1::Request& request = intake::v1::Request()) {
  return PastPlans(Engagement(), {plans.begin(), plans.end()}, request,
                   absl::FromCivil(kPlanDay, absl::UTCTimeZone()) + absl::Hours(14));
}

TEST(PastPlans, AreNumberedWithWhoWhenAndWhatWasReached) {
  v1::PastPlan unknown = PastPlan();
  unknown.clear_drawn_up_by();
  unknown.clear_draw_up_time();
  const auto plans = PastPlansOf({PastPlan(), unknown});
  ASSERT_TRUE(plans.ok()) << plans.status();
  ASSERT_EQ(plans->size(), 2u);
  const v1::EngagementPlan& first = plans->front();
  EXPECT_EQ(first.version(), 1);
  EXPECT_EQ(first.objectives(0), "a policy on foot pursuits");
  EXPECT_EQ(first.drawn_up_by(), "partner:partners/elm#ana");
  EXPECT_EQ(first.draw_up_time().seconds(), PastPlan().draw_up_time().seconds());
  EXPECT_EQ(first.milestones(0).id(), "m1");
  EXPECT_EQ(first.milestones(0).slot(), "s1");
  EXPECT_EQ(first.milestones(0).reached_date(), "2026-12-03");
  EXPECT_EQ(first.milestones(1).id(), "m2");
  EXPECT_EQ(first.milestones(1).reached_date(), "");
  EXPECT_EQ(plans->back().version(), 2);
  EXPECT_EQ(plans->back().drawn_up_by(), "");
  EXPECT_FALSE(plans->back().has_draw_up_time());
}

TEST(PastPlans, SayWhichFieldDoesNotFit) {
  const struct {
    const char* what;
    void (*change)(v1::PastPlan& plan);
    const char* field;  // of the second of two versions; empty: it fits
    const char* words;
  } table[] = {
      {"due on the day of the agreement",
       [](v1::PastPlan& plan) { plan.mutable_milestones(1)->set_due_date("2026-11-20"); }, "", ""},
      {"due before",
       [](v1::PastPlan& plan) { plan.mutable_milestones(1)->set_due_date("2026-11-19"); },
       "plans[1].milestones[1].due_date", "before the engagement was agreed, 2026-11-20"},
      {"a slot of another", [](v1::PastPlan& plan) { plan.mutable_milestones(0)->set_slot("s3"); },
       "plans[1].milestones[0].slot", "s1, s2"},
      {"reached on the day of the agreement",
       [](v1::PastPlan& plan) { plan.mutable_milestones(0)->set_reached_date("2026-11-20"); }, "",
       ""},
      {"reached before",
       [](v1::PastPlan& plan) { plan.mutable_milestones(0)->set_reached_date("2026-11-19"); },
       "plans[1].milestones[0].reached_date", "before the engagement was agreed, 2026-11-20"},
      {"reached today",
       [](v1::PastPlan& plan) { plan.mutable_milestones(0)->set_reached_date("2026-12-10"); }, "",
       ""},
      {"reached tomorrow",
       [](v1::PastPlan& plan) { plan.mutable_milestones(0)->set_reached_date("2026-12-11"); },
       "plans[1].milestones[0].reached_date", "2026-12-11 lies in the future"},
      {"at the time of the version before",
       [](v1::PastPlan& plan) { *plan.mutable_draw_up_time() = PastPlan().draw_up_time(); }, "",
       ""},
      {"before that version",
       [](v1::PastPlan& plan) {
         plan.mutable_draw_up_time()->set_seconds(PastPlan().draw_up_time().seconds() - 1);
       },
       "plans[1].draw_up_time", "before version 1 was drawn up, 2026-11-23T12:00:00Z"},
      {"before the agreement",
       [](v1::PastPlan& plan) {
         *plan.mutable_draw_up_time() = Noon(absl::CivilDay(2026, 11, 20));
       },
       "plans[1].draw_up_time", "before the engagement was agreed"},
      {"now",
       [](v1::PastPlan& plan) {
         plan.mutable_draw_up_time()->set_seconds(Noon(kPlanDay).seconds() + 2 * 3600);
       },
       "", ""},
      {"in the future",
       [](v1::PastPlan& plan) {
         plan.mutable_draw_up_time()->set_seconds(Noon(kPlanDay).seconds() + 2 * 3600 + 1);
       },
       "plans[1].draw_up_time", "lies in the future"},
  };
  for (const auto& row : table) {
    v1::PastPlan second = PastPlan();
    row.change(second);
    const absl::Status status = PastPlansOf({PastPlan(), second}).status();
    if (*row.field == '\0') {
      EXPECT_TRUE(status.ok()) << row.what << ": " << status;
      continue;
    }
    ASSERT_FALSE(status.ok()) << row.what;
    EXPECT_EQ(FieldOf(status), row.field) << row.what << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.words)) << row.what;
  }
}

TEST(PastPlans, HaveEachVersionThatTheRequestNames) {
  const struct {
    int recorded, agency, program;
    size_t plans;
    bool fits;
  } table[] = {{0, 0, 0, 0, true},  {0, 0, 0, 1, true},  {1, 1, 1, 1, true},
               {1, 0, 0, 2, true},  {1, 1, 1, 0, false}, {1, 0, 0, 0, false},
               {0, 2, 0, 1, false}, {0, 0, 2, 1, false}, {0, 0, 2, 2, true}};
  for (const auto& row : table) {
    intake::v1::Request request = Approved(row.agency, row.program);
    request.set_plan_version(row.recorded);
    const absl::Status status =
        PastPlansOf(std::vector<v1::PastPlan>(row.plans, PastPlan()), request).status();
    EXPECT_EQ(status.ok(), row.fits) << row.recorded << " " << row.agency << " " << row.program
                                     << " " << row.plans << ": " << status;
    if (row.fits || status.ok()) continue;
    EXPECT_EQ(FieldOf(status), "plans");
    EXPECT_THAT(std::string(status.message()), HasSubstr("requests/fy27-000001 names version"));
  }
}

TEST(CheckPlanOpen, UntilBothHaveApproved) {
  for (int state = intake::v1::RequestState_MIN; state <= intake::v1::RequestState_MAX; ++state) {
    if (!intake::v1::RequestState_IsValid(state)) continue;
    intake::v1::Request request;
    request.set_state(static_cast<intake::v1::RequestState>(state));
    const bool open =
        state == intake::v1::REQUEST_STATE_READY || state == intake::v1::REQUEST_STATE_MATCHED;
    EXPECT_EQ(ReasonOf(CheckPlanOpen(request)), open ? "" : "PLAN_APPROVED") << state;
  }
}

TEST(PlanInForce, IsTheVersionThatBothApproved) {
  const struct {
    int agency, program;
    int version;  // 0: none
  } table[] = {{1, 1, 1}, {2, 2, 2}, {0, 0, 2}, {1, 2, 0}, {0, 2, 0}, {3, 3, 0}};
  for (const auto& row : table) {
    const auto version = PlanInForce(Planned(), Approved(row.agency, row.program));
    EXPECT_EQ(version.value_or(0), row.version) << row.agency << " " << row.program;
    if (row.version == 0) EXPECT_EQ(ReasonOf(version.status()), "PLAN_NOT_APPROVED");
  }
}

TEST(PlanInForce, SaysWhetherAPlanCanStillBeDrawnUpWhereThereIsNone) {
  intake::v1::Request request = Approved(0, 0);
  const absl::Status late = PlanInForce(Engagement(), request).status();
  EXPECT_EQ(ReasonOf(late), "PLAN_NOT_APPROVED");
  EXPECT_THAT(std::string(late.message()), HasSubstr("none was drawn up in time"));
  request.set_state(intake::v1::REQUEST_STATE_MATCHED);
  const absl::Status early = PlanInForce(Engagement(), request).status();
  EXPECT_EQ(ReasonOf(early), "PLAN_NOT_APPROVED");
  EXPECT_THAT(std::string(early.message()), HasSubstr("draw one up"));
}

TEST(PlanToTell, IsTheNewestWhileTheRequestIsMatchedAndSaysAnother) {
  using namespace intake::v1;  // NOLINT(google-build-using-namespace): a table
  const struct {
    RequestState state;
    int known;
    int told;
  } table[] = {
      {REQUEST_STATE_MATCHED, 0, 2}, {REQUEST_STATE_MATCHED, 1, 2}, {REQUEST_STATE_MATCHED, 2, 0},
      {REQUEST_STATE_MATCHED, 3, 2},  // of a backup: what is on record counts
      {REQUEST_STATE_READY, 0, 0},   {REQUEST_STATE_ON_HOLD, 1, 0}, {REQUEST_STATE_PLANNED, 1, 0}};
  Request request;
  for (const auto& row : table) {
    request.set_state(row.state);
    request.set_plan_version(row.known);
    EXPECT_EQ(PlanToTell(Planned(), request), row.told) << row.state << " " << row.known;
  }
  request.set_state(REQUEST_STATE_MATCHED);
  EXPECT_EQ(PlanToTell(Engagement(), request), 0) << "there is none";
  v1::Engagement settled = Planned();
  settled.set_settled(true);
  EXPECT_EQ(PlanToTell(settled, request), 0);
}

TEST(PlanInForce, TakesBothApprovalsAndAPlan) {
  intake::v1::Request request = Approved(1, 1);
  EXPECT_EQ(ReasonOf(PlanInForce(Engagement(), request).status()), "PLAN_NOT_APPROVED");
  request.clear_program_approval();
  EXPECT_EQ(ReasonOf(PlanInForce(Planned(), request).status()), "PLAN_NOT_APPROVED");
}

TEST(ReachedMilestone, OnADayBetweenTheAgreementAndToday) {
  for (const absl::CivilDay day : {absl::CivilDay(2026, 11, 20), kPlanDay}) {
    const auto reached = ReachedMilestone(Planned(), 2, "m1", day, kPlanDay);
    ASSERT_TRUE(reached.ok()) << reached.status();
    EXPECT_EQ(reached->plan_version(), 2);
    EXPECT_EQ(reached->milestone(), "m1");
    EXPECT_EQ(reached->date(), absl::FormatCivilTime(day));
  }
  for (const absl::CivilDay day : {absl::CivilDay(2026, 11, 19), kPlanDay + 1}) {
    EXPECT_EQ(FieldOf(ReachedMilestone(Planned(), 2, "m1", day, kPlanDay).status()), "date") << day;
  }
}

TEST(ReachedMilestone, SaysWhichMilestonesThereAre) {
  const absl::Status status = ReachedMilestone(Planned(), 1, "m7", kPlanDay, kPlanDay).status();
  EXPECT_EQ(FieldOf(status), "milestone") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("m1"));
}

}  // namespace
}  // namespace critac::matching
