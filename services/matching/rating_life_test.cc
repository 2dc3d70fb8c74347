// Ratings over a real journal: for whom they count, once, and what becomes of them.
#include "gmock/gmock.h"
#include "services/matching/offer_testing.h"
#include "services/matching/rating_commands.h"

namespace critac::matching {
namespace {

class RatingLife : public ::testing::Test {
 protected:
  RatingLife() {
    center_.AddPartner("elm");
    center_.AddExpert("elm1", "elm");
    center_.AddExpert("elm2", "elm");
    bench_ = std::make_unique<MatchingBench>(center_);
    const std::string request = bench_->Ready(center_.AddDemand("fy27-1"));
    for (const std::string& offer : bench_->Offered(request)) {
      EXPECT_TRUE(bench_->Accept(offer).ok());
    }
    engagement_ = bench_->EngagementFor(request);
    expert_ = engagement_.assignments(0).expert();
  }

  // `sequence` 0: an event after all before.
  int64_t Take(const std::string& response, int points, const std::string& engagement,
               int64_t sequence = 0) {
    if (sequence == 0) sequence = ++last_;
    google::protobuf::Timestamp time;
    time.set_seconds(sequence);
    const auto answer =
        bench_->Do(TakeRatings({{response, engagement, "", points, time, sequence}}));
    EXPECT_TRUE(answer.ok()) << answer.status();
    return bench_->journal->Head()->sequence;
  }
  int64_t Take(const std::string& response, int points) {
    return Take(response, points, engagement_.name());
  }

  // `2 of 9`: ratings, and what they add up to.
  std::string Rated() {
    const v1::Expert expert = bench_->Get<v1::Expert>(expert_);
    return absl::StrCat(expert.survey_rating_count(), " of ", expert.survey_rating_sum());
  }

  Center center_;
  std::unique_ptr<MatchingBench> bench_;
  v1::Engagement engagement_;
  std::string expert_;
  int64_t last_ = 0;
};

TEST_F(RatingLife, ARatingCountsOnceHoweverOftenItIsRead) {
  const int64_t first = Take("surveyResponses/r1", 5);
  EXPECT_EQ(Rated(), "1 of 5");
  EXPECT_EQ(Take("surveyResponses/r1", 5), first) << "nothing is recorded";
  EXPECT_EQ(Rated(), "1 of 5");
  Take("surveyResponses/r2", 4);
  EXPECT_EQ(Rated(), "2 of 9");
}

TEST_F(RatingLife, AResponseThatIsCorrectedOrTakenBackIsCountedAsItIsNow) {
  Take("surveyResponses/r1", 5);
  Take("surveyResponses/r1", 2);
  EXPECT_EQ(Rated(), "1 of 2");
  Take("surveyResponses/r1", 0);
  EXPECT_EQ(Rated(), "0 of 0");
}

TEST_F(RatingLife, ReadingTheJournalAgainTakesNothingOfWhatWasCorrectedSince) {
  Take("surveyResponses/r1", 4, engagement_.name(), 11);
  const int64_t head = Take("surveyResponses/r1", 5, engagement_.name(), 12);
  EXPECT_EQ(Take("surveyResponses/r1", 4, engagement_.name(), 11), head);
  EXPECT_EQ(Take("surveyResponses/r1", 5, engagement_.name(), 12), head);
  EXPECT_EQ(Rated(), "1 of 5");
}

TEST_F(RatingLife, AnUnknownEngagementIsNotRated) {
  const int64_t before = bench_->journal->Head()->sequence;
  EXPECT_EQ(Take("surveyResponses/r1", 5, "engagements/e99999999"), before);
  EXPECT_EQ(Take("surveyResponses/r1", 5, ""), before);
}

TEST_F(RatingLife, AnImportOfTheExpertLeavesTheRatings) {
  Take("surveyResponses/r1", 5);
  v1::Expert expert = bench_->Get<v1::Expert>(expert_);
  expert.set_travel_radius_km(99);
  expert.set_survey_rating_sum(500);
  bench_->Set(expert);
  EXPECT_EQ(Rated(), "1 of 5");
  ASSERT_TRUE(bench_->journal->Rebuild().ok());
  EXPECT_EQ(Rated(), "1 of 5");
}

TEST_F(RatingLife, RatingsFeedTheScore) {
  center_.policy.mutable_weights()->set_rating(1'000'000);
  center_.policy.set_rating_prior_count(1);
  center_.policy.set_rating_prior_mean_e3(3'000);
  bench_ = std::make_unique<MatchingBench>(center_);
  const std::string first = bench_->Ready(center_.AddDemand("fy27-7"));
  const std::string offer = bench_->Offered(first).at(0);
  ASSERT_TRUE(bench_->Accept(offer).ok());
  const std::string rated = bench_->OfferNamed(offer).assignment().expert();
  ASSERT_EQ(rated, "experts/elm1") << "of equals the first by name";
  ASSERT_TRUE(
      bench_->Do(TakeRatings({{"surveyResponses/r1", bench_->EngagementFor(first).name(), "", 1}}))
          .ok());
  const std::string next = bench_->Ready(center_.AddDemand("fy27-8"));
  EXPECT_EQ(bench_->OfferNamed(bench_->Offered(next).at(0)).assignment().expert(), "experts/elm2");
}

}  // namespace
}  // namespace critac::matching
