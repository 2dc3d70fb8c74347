#include "services/matching/score.h"

#include <cstdint>
#include <iostream>
#include <limits>
#include <numeric>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/eligibility.h"
#include "services/matching/testing_center.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Weights WeightsOf(int64_t topic, int64_t peer, int64_t rating, int64_t load, int64_t distance) {
  v1::Weights weights;
  weights.set_topic_fit(topic);
  weights.set_peer_similarity(peer);
  weights.set_rating(rating);
  weights.set_load(load);
  weights.set_distance(distance);
  return weights;
}

TEST(Shares, AreInProportionToTheWeights) {
  EXPECT_THAT(SharesOf(WeightsOf(4, 3, 1, 1, 1)),
              ElementsAre(400000, 300000, 100000, 100000, 100000));
  EXPECT_THAT(SharesOf(WeightsOf(1, 0, 0, 0, 0)), ElementsAre(1000000, 0, 0, 0, 0));
}

TEST(Shares, TheRestGoesToTheLargestRemaindersTheEarlierPartFirst) {
  EXPECT_THAT(SharesOf(WeightsOf(1, 1, 1, 0, 0)), ElementsAre(333334, 333333, 333333, 0, 0));
  EXPECT_THAT(SharesOf(WeightsOf(0, 2, 2, 2, 0)), ElementsAre(0, 333334, 333333, 333333, 0));
  // 1/7 = 142857.14, 3/7 = 428571.43: the two 3/7 have the larger remainders.
  EXPECT_THAT(SharesOf(WeightsOf(1, 3, 3, 0, 0)), ElementsAre(142857, 428572, 428571, 0, 0));
}

TEST(Shares, WithoutWeightsAllAreEqual) {
  EXPECT_THAT(SharesOf(WeightsOf(0, 0, 0, 0, 0)),
              ElementsAre(200000, 200000, 200000, 200000, 200000));
  EXPECT_THAT(SharesOf(WeightsOf(-1, -1, -1, -1, -1)),
              ElementsAre(200000, 200000, 200000, 200000, 200000));
}

TEST(Shares, NoWeightsOverflow) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(SharesOf(WeightsOf(kMost, kMost, kMost, kMost, kMost)),
              ElementsAre(200000, 200000, 200000, 200000, 200000));
  EXPECT_THAT(SharesOf(WeightsOf(kMost, 0, 0, 0, 1)), ElementsAre(1000000, 0, 0, 0, 0));
  EXPECT_THAT(SharesOf(WeightsOf(std::numeric_limits<int64_t>::min(), 0, 0, 0, 1)),
              ElementsAre(0, 0, 0, 0, 1000000));
}

TEST(Shares, OfAnyWeightsAddUpExactly) {
  constexpr uint32_t kSeed = 11;
  std::cout << "seed " << kSeed << "\n";
  std::mt19937_64 engine(kSeed);
  for (int i = 0; i < 10000; ++i) {
    const auto any = [&] { return static_cast<int64_t>(engine() >> (1 + engine() % 63)); };
    const auto shares = SharesOf(WeightsOf(any(), any(), any(), any(), any()));
    EXPECT_EQ(std::accumulate(shares.begin(), shares.end(), int64_t{0}), 1000000);
  }
}

class Scores : public ::testing::Test {
 protected:
  Scores() {
    center_.AddPartner("nsa");
    center_.AddExpert("e1");
    center_.AddDemand("r1");
    *center_.policy.mutable_weights() = WeightsOf(1, 1, 1, 1, 1);
  }

  v1::Expert& expert() { return center_.experts[0]; }
  type::v1::AgencyProfile& agency() { return *center_.demands[0].mutable_agency(); }
  intake::v1::Slot& slot() { return *center_.demands[0].mutable_slots(0); }

  v1::ScorePart Part(v1::ScorePartKind kind) {
    const Pool pool = center_.Build();
    const PeriodSet periods = CheckGates(pool, 0, 0).periods;
    google::protobuf::RepeatedPtrField<v1::ScorePart> parts;
    ExplainScore(pool, 0, 0, periods, parts);
    EXPECT_EQ(parts.size(), kScoreParts);
    const Score score = ScoreOf(pool, 0, 0, periods);
    int64_t sum = 0;
    for (int i = 0; i < kScoreParts; ++i) {
      EXPECT_EQ(parts[i].kind(), i + 1);
      EXPECT_EQ(parts[i].value_e6(), score.values_e6[i]);
      EXPECT_GE(parts[i].value_e6(), 0);
      EXPECT_LE(parts[i].value_e6(), 1000000);
      sum += parts[i].value_e6() * parts[i].weight_e6();
    }
    EXPECT_EQ(score.total_e6, (sum + 500000) / 1000000);
    return parts[kind - 1];
  }
  int64_t Value(v1::ScorePartKind kind) { return Part(kind).value_e6(); }

  Center center_;
};

TEST_F(Scores, TopicFitIsTheLevelHeldInThirds) {
  expert().mutable_topics(0)->set_level(intake::v1::LEVEL_EXPERT);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_TOPIC_FIT), 1000000);
  EXPECT_EQ(Part(v1::SCORE_PART_KIND_TOPIC_FIT).explanation(), "holds De-escalation as expert");
  expert().mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_TOPIC_FIT), 666667);
  expert().mutable_topics(0)->set_level(intake::v1::LEVEL_AWARENESS);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_TOPIC_FIT), 333333);
  expert().mutable_topics(0)->set_level(intake::v1::LEVEL_UNSPECIFIED);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_TOPIC_FIT), 0);
  expert().mutable_topics(0)->set_level(static_cast<intake::v1::Level>(99));
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_TOPIC_FIT), 1000000);
}

TEST_F(Scores, WithoutAServiceOnRecordNobodyIsAPeer) {
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 0);
  EXPECT_EQ(Part(v1::SCORE_PART_KIND_PEER_SIMILARITY).explanation(),
            "no service in an agency on record");
}

TEST_F(Scores, PeerSimilarityIsTheMeanOfTypeSizeAndRegion) {
  v1::Service* service = expert().add_services();
  service->set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
  service->set_size_band(type::v1::SIZE_BAND_25_49);
  service->set_state("UT");
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 1000000);
  service->set_state("NV");  // Same division: 2/3.
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 888889);
  service->set_state("CA");  // Same region: 1/3.
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 777778);
  service->set_state("TX");
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 666667);
  service->set_size_band(type::v1::SIZE_BAND_50_99);  // One step of seven.
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 619048);
  service->set_type(type::v1::AGENCY_TYPE_STATE_POLICE);  // Same community: 1/2.
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 452381);
  service->set_type(type::v1::AGENCY_TYPE_TRIBAL);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 285714);
  EXPECT_THAT(Part(v1::SCORE_PART_KIND_PEER_SIMILARITY).explanation(),
              HasSubstr("served in tribal police, 50 to 99 sworn officers, TX; the agency is "
                        "municipal police, 25 to 49 sworn officers, UT"));
}

TEST_F(Scores, CommunitiesAreTribalCampusSheriffAndTheRest) {
  const auto alike = [&](type::v1::AgencyType a, type::v1::AgencyType b) {
    agency().set_type(a);
    expert().clear_services();
    expert().add_services()->set_type(b);
    return Value(v1::SCORE_PART_KIND_PEER_SIMILARITY);
  };
  using namespace type::v1;  // NOLINT
  EXPECT_EQ(alike(AGENCY_TYPE_TRIBAL, AGENCY_TYPE_TRIBAL), 333333);
  EXPECT_EQ(alike(AGENCY_TYPE_TRIBAL, AGENCY_TYPE_MUNICIPAL), 0);
  EXPECT_EQ(alike(AGENCY_TYPE_CAMPUS, AGENCY_TYPE_SCHOOL_DISTRICT), 166667);
  EXPECT_EQ(alike(AGENCY_TYPE_SHERIFF, AGENCY_TYPE_CONSTABLE), 166667);
  EXPECT_EQ(alike(AGENCY_TYPE_SHERIFF, AGENCY_TYPE_MUNICIPAL), 0);
  EXPECT_EQ(alike(AGENCY_TYPE_MUNICIPAL, AGENCY_TYPE_SPECIAL_JURISDICTION), 166667);
  EXPECT_EQ(alike(AGENCY_TYPE_UNKNOWN, AGENCY_TYPE_UNKNOWN), 0);
  EXPECT_EQ(alike(AGENCY_TYPE_UNSPECIFIED, AGENCY_TYPE_UNSPECIFIED), 0);
}

TEST_F(Scores, WhatIsNotKnownIsLikeNothing) {
  agency().set_type(type::v1::AGENCY_TYPE_UNKNOWN);
  agency().set_size_band(type::v1::SIZE_BAND_UNKNOWN);
  agency().set_state("");
  v1::Service* service = expert().add_services();
  service->set_type(type::v1::AGENCY_TYPE_UNKNOWN);
  service->set_size_band(type::v1::SIZE_BAND_UNKNOWN);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 0);
}

TEST_F(Scores, TheServiceMostAlikeCounts) {
  expert().add_services()->set_type(type::v1::AGENCY_TYPE_TRIBAL);
  v1::Service* service = expert().add_services();
  service->set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
  service->set_state("UT");
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 666667);
  // More services of the same kind add nothing.
  *expert().add_services() = expert().services(1);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 666667);
}

TEST_F(Scores, NoPartIsForAnAgencysPrestige) {
  // Goal: a large agency's veteran scores no better than a small one's. Method: every size of agency
  // with an expert of the same size gives the same score.
  v1::Service* service = expert().add_services();
  service->set_type(type::v1::AGENCY_TYPE_MUNICIPAL);
  service->set_state("UT");
  for (int band = type::v1::SIZE_BAND_0_1; band <= type::v1::SIZE_BAND_1000_PLUS; ++band) {
    agency().set_size_band(static_cast<type::v1::SizeBand>(band));
    service->set_size_band(static_cast<type::v1::SizeBand>(band));
    EXPECT_EQ(Value(v1::SCORE_PART_KIND_PEER_SIMILARITY), 1000000) << band;
  }
}

TEST_F(Scores, RatingIsShrunkTowardTheMean) {
  center_.policy.set_rating_prior_count(5);
  center_.policy.set_rating_prior_mean_e3(4000);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 750000);
  expert().set_rating_count(1);
  expert().set_rating_sum(5);  // (5 + 5 × 4) / 6 = 4.1667
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 791667);
  EXPECT_EQ(Part(v1::SCORE_PART_KIND_RATING).explanation(),
            "rated 4.1666 of 5 with 1 ratings and 5 of the mean");
  expert().set_rating_count(95);
  expert().set_rating_sum(475);  // 4.95
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 987500);
  center_.policy.set_rating_prior_count(0);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 1000000);
  expert().set_rating_sum(95);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 0);
}

TEST_F(Scores, WithoutAnyRatingItIsTheMean) {
  center_.policy.set_rating_prior_count(0);
  center_.policy.set_rating_prior_mean_e3(3000);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 500000);
  center_.policy.set_rating_prior_mean_e3(0);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 0);
  center_.policy.set_rating_prior_mean_e3(9000);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 1000000);
}

TEST_F(Scores, RatingsOutOfRangeCountAsTheNearestInRange) {
  expert().set_rating_count(2);
  expert().set_rating_sum(100);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 1000000);
  expert().set_rating_sum(-5);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 0);
  expert().set_rating_count(std::numeric_limits<int32_t>::max());
  expert().set_rating_sum(std::numeric_limits<int32_t>::max());
  center_.policy.set_rating_prior_count(1000);
  center_.policy.set_rating_prior_mean_e3(5000);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_RATING), 0);
}

TEST_F(Scores, LoadIsTheLesserShareOfCapacityLeft) {
  expert().set_capacity_per_period(4);
  expert().set_capacity_open(10);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_LOAD), 1000000);
  center_.Use("experts/e1", "2026Q4", 1);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_LOAD), 750000);
  center_.Use("experts/e1", "open", 4);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_LOAD), 600000);
  EXPECT_EQ(Part(v1::SCORE_PART_KIND_LOAD).explanation(),
            "3 of 4 assignments left in the periods; 6 of 10 open at once left");
}

TEST_F(Scores, LoadIsOverThePeriodsInWhichTheExpertCouldStart) {
  expert().set_capacity_per_period(4);
  center_.Use("experts/e1", "2026Q4", 2);
  center_.Use("experts/e1", "2027Q2", 4);
  slot().set_window_end("2027-02-01");
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_LOAD), 750000);
  // 2027Q2 is full, so the expert cannot start in it.
  slot().set_window_end("2027-05-01");
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_LOAD), 750000);
  const Pool pool = center_.Build();
  EXPECT_EQ(ScoreOf(pool, 0, 0, 0).values_e6[3], 0);
}

TEST_F(Scores, NearnessCountsHalfAtTheDistanceOfThePolicy) {
  slot().set_on_site(true);
  expert().set_travels_anywhere(true);
  agency().mutable_coordinates();
  expert().mutable_home();
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_DISTANCE), 1000000);
  expert().mutable_home()->set_latitude_e6(8993200);  // 1,000 km
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_DISTANCE), 500000);
  EXPECT_EQ(Part(v1::SCORE_PART_KIND_DISTANCE).explanation(),
            "lives 1000 km away; 1000 km count half");
  center_.policy.set_distance_half_km(500);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_DISTANCE), 333333);
  center_.policy.set_distance_half_km(-1);
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_DISTANCE), 500000);
}

TEST_F(Scores, DistanceDoesNotMatterWhereNobodyTravels) {
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_DISTANCE), 1000000);
  EXPECT_EQ(Part(v1::SCORE_PART_KIND_DISTANCE).explanation(), "not on site");
}

TEST_F(Scores, WhereTheDistanceIsNotKnownTheStateCounts) {
  slot().set_on_site(true);
  expert().set_travels_anywhere(true);
  expert().set_home_state("UT");
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_DISTANCE), 500000);
  expert().set_home_state("NV");
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_DISTANCE), 0);
  expert().clear_home_state();
  agency().clear_state();
  EXPECT_EQ(Value(v1::SCORE_PART_KIND_DISTANCE), 0);
}

TEST_F(Scores, TheTotalIsTheWeightedSumAndAtMostOne) {
  expert().mutable_topics(0)->set_level(intake::v1::LEVEL_PRACTITIONER);
  *center_.policy.mutable_weights() = WeightsOf(1, 0, 0, 0, 0);
  const Pool pool = center_.Build();
  EXPECT_EQ(ScoreOf(pool, 0, 0, 1).total_e6, 666667);
  *center_.policy.mutable_weights() = WeightsOf(1, 0, 0, 2, 3);
  const Pool other = center_.Build();
  EXPECT_EQ(ScoreOf(other, 0, 0, 1).total_e6, 944444);
}

}  // namespace
}  // namespace critac::matching
