#include "services/matching/fairness.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/repeated_field.h"
#include "gtest/gtest.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
class FairnessTest : public ::testing::Test {
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

  // A request waits longer than the others.
  void Wait(int request, int days) {
    auto& ready = *center_.demands[request].mutable_ready_time();
    ready.set_seconds(ready.seconds() - int64_t{days} * 86400);
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

TEST_F(FairnessTest, SaysWhatIsMissingToEachMinimumShare) {
  center_.policy.set_minimum_share_price(100'000);
  const auto share = [&](const std::string& partner, int minimum_e6) {
    v1::PartnerShare& one = *center_.policy.add_partner_shares();
    one.set_partner(partner);
    one.set_minimum_e6(minimum_e6);
  };
  // Of twelve people.
  share("partners/alpha", 500'000);
  share("partners/beta", 400'000);
  share("partners/idle", 50'000);
  const auto texts = [this] {
    std::vector<std::string> all;
    const v1::Fairness fairness = Fairness();
    for (const v1::PartnerLoad& load : fairness.partners()) {
      all.push_back(absl::StrCat(load.partner(), " ", load.planned_count(), " of ",
                                 load.minimum_count(), ", ", load.unmet_count(), " missing"));
    }
    return all;
  };
  EXPECT_THAT(texts(),
              ElementsAre("partners/alpha 3 of 6, 3 missing", "partners/beta 5 of 5, 0 missing",
                          "partners/idle 0 of 1, 1 missing"));
  EXPECT_EQ(Fairness().partner_gini_e6(), 125'000) << "one without experts does not count";
  // What is in hand counts toward a share, and is part of the whole: 22 people.
  center_.Use("partners/alpha", "open", 10);
  EXPECT_THAT(texts(),
              ElementsAre("partners/alpha 3 of 1, 0 missing", "partners/beta 5 of 9, 4 missing",
                          "partners/idle 0 of 2, 2 missing"));
}

TEST_F(FairnessTest, SaysHowTheRequestsOfEachGroupFare) {
  Wait(0, 12);
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

std::vector<std::string> TextsOf(
    const google::protobuf::RepeatedPtrField<v1::Disparity>& disparities) {
  std::vector<std::string> texts;
  for (const v1::Disparity& disparity : disparities) {
    texts.push_back(
        absl::StrCat(disparity.lowest(), " to ", disparity.highest(), " ", disparity.ratio_e6()));
  }
  return texts;
}

TEST_F(FairnessTest, SaysHowFarApartGroupsAre) {
  EXPECT_THAT(TextsOf(Fairness().disparities()),
              ElementsAre("AGENCY_TYPE_TRIBAL to AGENCY_TYPE_MUNICIPAL 500000", "MT to UT 600000"));
}

TEST_F(FairnessTest, ThePolicySaysFromWhereOnGroupsAreTooFarApart) {
  const auto below = [this] {
    const v1::Fairness fairness = Fairness();
    std::vector<std::string> texts;
    for (const v1::Disparity& one : fairness.disparities()) {
      EXPECT_TRUE(one.has_below_threshold());
      texts.push_back(one.below_threshold() ? "below" : "not");
    }
    return texts;
  };
  EXPECT_EQ(Fairness().disparity_threshold_e6(), 800'000) << "four fifths, where it does not";
  EXPECT_THAT(below(), ElementsAre("below", "below")) << "500,000 and 600,000";
  center_.policy.set_disparity_threshold_e6(600'000);
  EXPECT_EQ(Fairness().disparity_threshold_e6(), 600'000);
  EXPECT_THAT(below(), ElementsAre("below", "not"));
  center_.policy.set_disparity_threshold_e6(600'001);
  EXPECT_THAT(below(), ElementsAre("below", "below"));
}

TEST_F(FairnessTest, ThePolicySaysHowManyPeopleMakeAGroup) {
  EXPECT_EQ(Fairness().disparity_least_people(), 5) << "where it does not";
  center_.policy.set_disparity_least_people(6);
  EXPECT_EQ(Fairness().disparity_least_people(), 6);
  EXPECT_THAT(TextsOf(Fairness().disparities()), ElementsAre("MT to UT 600000"))
      << "five municipal requests are too few";
  center_.policy.set_disparity_least_people(7);
  EXPECT_THAT(TextsOf(Fairness().disparities()), IsEmpty());
}

TEST_F(FairnessTest, SaysHowFarApartTheWaitingOfGroupsIs) {
  Wait(0, 12);
  EXPECT_THAT(TextsOf(Fairness().waiting_disparities()),
              ElementsAre("AGENCY_TYPE_MUNICIPAL to AGENCY_TYPE_TRIBAL 0", "UT to MT 0"));
  Wait(6, 5);
  // Two days in Montana, and in Utah five sixths of one: means are not rounded before they are compared.
  EXPECT_THAT(TextsOf(Fairness().waiting_disparities()),
              ElementsAre("AGENCY_TYPE_MUNICIPAL to AGENCY_TYPE_TRIBAL 500000", "UT to MT 416666"));
}

TEST_F(FairnessTest, WhereNobodyWaitsGroupsAreAlike) {
  EXPECT_THAT(
      TextsOf(Fairness().waiting_disparities()),
      ElementsAre("AGENCY_TYPE_MUNICIPAL to AGENCY_TYPE_TRIBAL 1000000", "MT to UT 1000000"));
}

TEST_F(FairnessTest, SaysHowFarApartTheScoresOfGroupsAre) {
  center_.experts[0].mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
  EXPECT_THAT(TextsOf(Fairness().score_disparities()), IsEmpty())
      << "three placed say nothing of a mean";
  center_.experts[0].set_capacity_per_period(6);
  EXPECT_THAT(TextsOf(Fairness().score_disparities()),
              ElementsAre("AGENCY_TYPE_TRIBAL to AGENCY_TYPE_MUNICIPAL 666667", "MT to UT 666667"));
}

TEST_F(FairnessTest, SaysWhatEachMeasureWasInARunBefore) {
  center_.experts[0].set_capacity_per_period(6);
  Wait(0, 12);
  const v1::Fairness before = Fairness();
  Wait(6, 5);
  center_.Use("partners/alpha", "open", 2);
  v1::Fairness fairness = Fairness();
  EXPECT_FALSE(fairness.has_previous_partner_gini_e6());
  AddPrevious(before, fairness);
  EXPECT_TRUE(fairness.has_previous_partner_gini_e6());
  EXPECT_EQ(fairness.previous_partner_gini_e6(), before.partner_gini_e6());
  EXPECT_NE(fairness.previous_partner_gini_e6(), fairness.partner_gini_e6());
  ASSERT_EQ(fairness.disparities_size(), 2);
  EXPECT_EQ(fairness.disparities(0).previous_ratio_e6(), before.disparities(0).ratio_e6());
  ASSERT_EQ(fairness.waiting_disparities_size(), 2);
  EXPECT_EQ(fairness.waiting_disparities(1).ratio_e6(), 416'666);
  EXPECT_TRUE(fairness.waiting_disparities(1).has_previous_ratio_e6());
  EXPECT_EQ(fairness.waiting_disparities(1).previous_ratio_e6(), 0);
  ASSERT_EQ(fairness.score_disparities_size(), 2);
  EXPECT_EQ(fairness.score_disparities(0).previous_ratio_e6(), 1'000'000);
}

TEST_F(FairnessTest, SaysNothingOfWhatARunBeforeDidNotMeasure) {
  v1::Fairness before;
  before.set_partner_gini_e6(125'000);
  v1::Fairness fairness = Fairness();
  AddPrevious(before, fairness);
  EXPECT_EQ(fairness.previous_partner_gini_e6(), 125'000);
  EXPECT_FALSE(fairness.disparities(0).has_previous_ratio_e6());
  EXPECT_FALSE(fairness.waiting_disparities(0).has_previous_ratio_e6());
}

TEST_F(FairnessTest, WhereNobodyIsPlacedNobodyIsWorseOff) {
  center_.experts.clear();
  const v1::Fairness fairness = Fairness();
  EXPECT_EQ(fairness.disparities_size(), 2);
  for (const v1::Disparity& disparity : fairness.disparities()) {
    EXPECT_EQ(disparity.ratio_e6(), 1'000'000);
  }
  EXPECT_THAT(fairness.score_disparities(), IsEmpty());
  EXPECT_EQ(fairness.partner_gini_e6(), 0);
}

}  // namespace
}  // namespace critac::matching
