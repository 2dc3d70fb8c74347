#include "services/matching/simulation.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

Snapshot SnapshotOf(const Center& center) {
  Snapshot snapshot;
  snapshot.sequence = 12;
  snapshot.today = center.today;
  snapshot.policy = center.policy;
  snapshot.catalog = std::make_shared<const intake::v1::Catalog>(center.catalog);
  snapshot.partners = center.partners;
  snapshot.experts = center.experts;
  snapshot.demands = center.demands;
  return snapshot;
}

class Simulation : public ::testing::Test {
 protected:
  Simulation() {
    center_.AddPartner("nsa");
    center_.AddExpert("e1");
    center_.AddDemand("fy27-1").mutable_slots(0)->set_people(2);
    center_.AddDemand("fy27-2");
  }
  Center center_;
  ManualClock clock_{absl::FromUnixSeconds(0)};
};

TEST_F(Simulation, BothPlansShareTheRoomForCertificates) {
  const Snapshot snapshot = SnapshotOf(center_);
  int64_t bytes_left = limits::kPageBytes;
  const auto both = Simulate(snapshot, snapshot, clock_, &bytes_left);
  ASSERT_TRUE(both.ok()) << both.status();
  ASSERT_TRUE(both->before().has_certificate());
  ASSERT_TRUE(both->after().has_certificate());
  const auto one_bytes = static_cast<int64_t>(both->before().certificate().ByteSizeLong());
  EXPECT_EQ(bytes_left, limits::kPageBytes - 2 * one_bytes) << "the plans are the same";

  bytes_left = one_bytes;
  const auto one = Simulate(snapshot, snapshot, clock_, &bytes_left);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_TRUE(one->before().has_certificate());
  EXPECT_FALSE(one->after().has_certificate());
  EXPECT_EQ(one->after().no_certificate(), v1::NO_CERTIFICATE_ANSWER_FULL);
  EXPECT_EQ(bytes_left, 0);

  const auto none = Simulate(snapshot, snapshot, clock_);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->before().has_certificate());
  EXPECT_EQ(none->before().no_certificate(), v1::NO_CERTIFICATE_UNSPECIFIED);
}

TEST_F(Simulation, AnswersWithBothRunsTheDifferenceAndThePlan) {
  const Snapshot unchanged = SnapshotOf(center_);
  Snapshot changed = unchanged;
  changed.experts.push_back(changed.experts[0]);
  changed.experts[1].set_name("experts/e2");
  const auto response = Simulate(unchanged, changed, clock_);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->sequence(), 12);
  EXPECT_EQ(response->date(), "2026-11-20");
  EXPECT_EQ(response->before().assigned_count(), 2);
  EXPECT_EQ(response->after().assigned_count(), 3);
  EXPECT_TRUE(response->before().certified());
  EXPECT_TRUE(response->after().certified());
  EXPECT_EQ(response->difference().missing_before(), 1);
  EXPECT_EQ(response->difference().missing_after(), 0);
  ASSERT_THAT(response->difference().changes(), SizeIs(1));
  EXPECT_EQ(response->difference().changes(0).expert(), "experts/e2");
  ASSERT_THAT(response->requests(), SizeIs(2));
  EXPECT_EQ(response->requests(0).request(), "requests/fy27-1");
  EXPECT_THAT(response->requests(0).assignments(), SizeIs(2));
  EXPECT_THAT(response->requests(0).open_slots(), SizeIs(0));
}

TEST_F(Simulation, ARunSaysByHowManyCasesItsPlanIsProvedWherePricesDoNotProveIt) {
  const Snapshot unchanged = SnapshotOf(OverlappingCenter());
  Snapshot changed = unchanged;
  changed.partners[0].set_capacity_per_period(2);
  const auto response = Simulate(unchanged, changed, clock_);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_LT(response->before().bound(), response->before().objective());
  EXPECT_EQ(response->before().case_count(), 3);
  EXPECT_EQ(response->after().bound(), response->after().objective());
  EXPECT_EQ(response->after().case_count(), 0);
}

TEST_F(Simulation, SaysWhatKeepsASlotOpenInTheChangedPlan) {
  const Snapshot unchanged = SnapshotOf(center_);
  Snapshot changed = unchanged;
  changed.experts[0].set_active(false);
  const auto response = Simulate(unchanged, changed, clock_);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_THAT(response->requests(1).open_slots(), SizeIs(1));
  EXPECT_THAT(response->requests(1).open_slots(0).explanation(), HasSubstr("1 person is missing"));
}

TEST(Reproduction, IsThatOfEveryFigureButTheTime) {
  v1::SolveRun recorded;
  recorded.set_request_count(3);
  recorded.set_unit_count(4);
  recorded.set_assigned_count(2);
  recorded.set_pair_count(9);
  recorded.set_objective(-17);
  v1::SolveRun anew = recorded;
  anew.set_solve_microseconds(5);
  EXPECT_TRUE(IsReproduced(recorded, anew));
  for (const char* figure :
       {"request_count", "unit_count", "assigned_count", "pair_count", "objective"}) {
    v1::SolveRun other = anew;
    const auto* field = v1::SolveRun::descriptor()->FindFieldByName(figure);
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_INT32) {
      other.GetReflection()->SetInt32(&other, field, 1);
    } else {
      other.GetReflection()->SetInt64(&other, field, 1);
    }
    EXPECT_FALSE(IsReproduced(recorded, other)) << figure;
  }
}

}  // namespace
}  // namespace critac::matching
