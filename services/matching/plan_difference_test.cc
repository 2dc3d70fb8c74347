#include "services/matching/plan_difference.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::SimulationDifference Difference(const Center& before, const Center& after) {
  const Pool was = before.Build();
  const Pool is = after.Build();
  return DifferenceOf(was, Solved(was), is, Solved(is));
}

// `fy27-1/s1 e1 2026Q4 > -`.
std::vector<std::string> Changes(const v1::SimulationDifference& difference) {
  std::vector<std::string> texts;
  const auto period = [](const std::string& name) { return name.empty() ? "-" : name; };
  for (const v1::AssignmentChange& change : difference.changes()) {
    texts.push_back(absl::StrCat(change.request().substr(9), "/", change.slot(), " ",
                                 change.expert().substr(8), " ", period(change.period_before()),
                                 " > ", period(change.period_after())));
  }
  return texts;
}

class PlanDifference : public ::testing::Test {
 protected:
  PlanDifference() {
    center_.AddPartner("nsa");
    center_.AddPartner("iacp");
    center_.AddExpert("e1", "nsa");
    center_.AddExpert("e2", "iacp");
    center_.AddDemand("fy27-1");
  }
  Center center_;
};

TEST_F(PlanDifference, IsNoneBetweenAPlanAndItself) {
  const auto difference = Difference(center_, center_);
  EXPECT_THAT(difference.changes(), IsEmpty());
  EXPECT_THAT(difference.partners(), IsEmpty());
  EXPECT_EQ(difference.changed_request_count(), 0);
  EXPECT_EQ(difference.summary(), "The plan stays as it is.");
}

TEST_F(PlanDifference, AScoreAloneIsNone) {
  center_.experts[1].set_active(false);
  center_.Use("experts/e1", "open", 5);
  Center after = center_;
  after.policy.mutable_weights()->set_load(1'000'000);
  const auto difference = Difference(center_, after);
  EXPECT_THAT(Changes(difference), IsEmpty());
  EXPECT_NE(difference.score_before_e6(), difference.score_after_e6());
}

TEST_F(PlanDifference, SaysWhoTakesWhosePlace) {
  Center after = center_;
  after.experts[0].set_active(false);
  const auto difference = Difference(center_, after);
  EXPECT_THAT(Changes(difference),
              ElementsAre("fy27-1/s1 e1 2026Q4 > -", "fy27-1/s1 e2 - > 2026Q4"));
  EXPECT_EQ(difference.changes(0).partner(), "partners/nsa");
  EXPECT_EQ(difference.changes(0).score_after_e6(), 0);
  EXPECT_GT(difference.changes(1).score_after_e6(), 0);
  ASSERT_EQ(difference.partners_size(), 2);
  EXPECT_EQ(difference.partners(0).partner(), "partners/iacp");
  EXPECT_EQ(difference.partners(0).assigned_before(), 0);
  EXPECT_EQ(difference.partners(0).assigned_after(), 1);
  EXPECT_EQ(difference.partners(1).assigned_after(), 0);
  EXPECT_EQ(
      difference.summary(),
      "1 request changes: 1 person comes in, 1 drops out. People missing: 0 before, 0 after.");
}

TEST_F(PlanDifference, SaysWhoStartsInAnotherPeriod) {
  Center after = center_;
  center_.experts[1].set_active(false);
  center_.demands[0].mutable_slots(0)->set_window_end("2027-03-31");
  after = center_;
  after.Use("experts/e1", "2026Q4", 3);
  const auto difference = Difference(center_, after);
  EXPECT_THAT(Changes(difference), ElementsAre("fy27-1/s1 e1 2026Q4 > 2027Q1"));
  EXPECT_THAT(difference.partners(), IsEmpty());
  EXPECT_EQ(difference.summary(),
            "1 request changes: 1 starts in another period. People missing: 0 before, 0 after.");
}

TEST_F(PlanDifference, ARequestThatOnlyOnePlanHasIsAllNewOrAllGone) {
  Center after = center_;
  after.demands.clear();
  after.AddDemand("fy27-2");
  const auto difference = Difference(center_, after);
  EXPECT_THAT(Changes(difference),
              ElementsAre("fy27-1/s1 e1 2026Q4 > -", "fy27-2/s1 e1 - > 2026Q4"));
  EXPECT_EQ(difference.changed_request_count(), 2);
}

TEST_F(PlanDifference, ASlotThatMissesMorePeopleIsAChangeAlsoWithoutAnyoneMoving) {
  Center after = center_;
  after.demands[0].mutable_slots(0)->set_people(4);
  center_.demands[0].mutable_slots(0)->set_people(3);
  const auto difference = Difference(center_, after);
  EXPECT_THAT(Changes(difference), IsEmpty());
  EXPECT_EQ(difference.changed_request_count(), 1);
  EXPECT_EQ(difference.missing_before(), 1);
  EXPECT_EQ(difference.missing_after(), 2);
  EXPECT_EQ(difference.summary(), "1 request changes. People missing: 1 before, 2 after.");
}

}  // namespace
}  // namespace critac::matching
