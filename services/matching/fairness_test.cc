#include "services/matching/fairness.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using testing::ElementsAre;

TEST(Gini, IsNothingForEqualsAndNearTheWholeWhereOneHasAll) {
  EXPECT_EQ(GiniE6({}), 0);
  EXPECT_EQ(GiniE6({0, 0}), 0);
  EXPECT_EQ(GiniE6({7}), 0);
  EXPECT_EQ(GiniE6({3, 3, 3}), 0);
  EXPECT_EQ(GiniE6({0, 10}), 500'000);
  EXPECT_EQ(GiniE6({0, 0, 0, 12}), 750'000);
  EXPECT_EQ(GiniE6({3, 1, 2}), 222'222);
  EXPECT_EQ(GiniE6({-5, 10}), 500'000);
  EXPECT_EQ(GiniE6({INT64_MAX, INT64_MAX}), 0);
}

// Six requests of tribal agencies in Montana, of which three have an expert; five of municipal ones in
// Utah, all served; one sheriff's, who says nothing about disparity.
class FairnessTest : public testing::Test {
 protected:
  FairnessTest() {
    center_.AddPartner("alpha");
    center_.AddPartner("beta");
    center_.AddPartner("idle");
    center_.AddExpert("e1", "alpha").set_capacity_per_period(3);
    center_.AddExpert("e2", "beta").set_capacity_per_period(20);
    center_.experts[0].clear_topics();
    AddTopic(0, "topics/tribal");
    for (int i = 0; i < 12; ++i) {
      v1::Demand& demand = center_.AddDemand(absl::StrCat("r", 10 + i));
      if (i < 6) {
        demand.mutable_slots(0)->set_topic("topics/tribal");
        demand.mutable_agency()->set_type(type::v1::AGENCY_TYPE_TRIBAL);
        demand.mutable_agency()->set_state("MT");
      } else if (i == 11) {
        demand.mutable_agency()->set_type(type::v1::AGENCY_TYPE_SHERIFF);
        demand.mutable_slots(0)->set_topic("topics/nobody");
      }
    }
  }

  void AddTopic(int expert, const std::string& topic) {
    v1::HeldTopic& held = *center_.experts[expert].add_topics();
    held.set_topic(topic);
    held.set_level(intake::v1::LEVEL_EXPERT);
  }

  v1::Fairness Fairness() {
    const Pool pool = center_.Build();
    return FairnessOf(pool, Solved(pool));
  }

  Center center_;
};

TEST_F(FairnessTest, SaysWhatEachPartnerHasAndGets) {
  center_.Use("partners/alpha", "open", 2);
  std::vector<std::string> texts;
  const v1::Fairness fairness = Fairness();
  for (const v1::PartnerLoad& load : fairness.partners()) {
    texts.push_back(
        absl::StrCat(load.partner(), " ", load.open_count(), "+", load.planned_count()));
  }
  EXPECT_THAT(texts, ElementsAre("partners/alpha 2+3", "partners/beta 0+5"))
      << "one without experts takes no part";
  EXPECT_EQ(fairness.partner_gini_e6(), 0);
  center_.uses.clear();
  EXPECT_EQ(Fairness().partner_gini_e6(), 125'000);
}

TEST_F(FairnessTest, SaysHowTheRequestsOfEachGroupFare) {
  center_.demands[0].mutable_ready_time()->set_seconds(center_.demands[0].ready_time().seconds() -
                                                       12 * 86400);
  std::vector<std::string> texts;
  const v1::Fairness fairness = Fairness();
  for (const v1::GroupOutcome& group : fairness.groups()) {
    texts.push_back(absl::StrCat(group.group(), " ", group.placed_count(), "/",
                                 group.people_count(), " ", group.mean_score_e6(), " ",
                                 group.mean_waited_days()));
  }
  EXPECT_THAT(texts,
              ElementsAre("AGENCY_TYPE_MUNICIPAL 5/5 1000000 0", "AGENCY_TYPE_SHERIFF 0/1 0 0",
                          "AGENCY_TYPE_TRIBAL 3/6 1000000 2", "SIZE_BAND_25_49 8/12 1000000 1",
                          "MT 3/6 1000000 2", "UT 5/6 1000000 0"));
}

TEST_F(FairnessTest, SaysHowFarApartGroupsAre) {
  std::vector<std::string> texts;
  const v1::Fairness fairness = Fairness();
  for (const v1::Disparity& disparity : fairness.disparities()) {
    texts.push_back(
        absl::StrCat(disparity.lowest(), " to ", disparity.highest(), " ", disparity.ratio_e6()));
  }
  EXPECT_THAT(texts,
              ElementsAre("AGENCY_TYPE_TRIBAL to AGENCY_TYPE_MUNICIPAL 500000", "MT to UT 600000"));
}

TEST_F(FairnessTest, WhereNobodyIsPlacedNobodyIsWorseOff) {
  center_.experts.clear();
  const v1::Fairness fairness = Fairness();
  EXPECT_EQ(fairness.disparities_size(), 2);
  for (const v1::Disparity& disparity : fairness.disparities()) {
    EXPECT_EQ(disparity.ratio_e6(), 1'000'000);
  }
  EXPECT_EQ(fairness.partner_gini_e6(), 0);
}

}  // namespace
}  // namespace critac::matching
