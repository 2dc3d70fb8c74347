#include "services/matching/ratings.h"

#include "absl/strings/str_cat.h"
#include "critac/metrics/v1/events.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace critac::matching {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

journal::v1::Event Recorded(metrics::v1::Instrument instrument, int satisfaction) {
  metrics::v1::SurveyResponseRecorded recorded;
  recorded.mutable_response()->set_name("surveyResponses/r1");
  recorded.mutable_response()->set_engagement("engagements/e1");
  recorded.mutable_response()->set_instrument(instrument);
  recorded.mutable_response()->set_satisfaction(satisfaction);
  journal::v1::Event event;
  event.set_sequence(7);
  event.set_type("critac.metrics.v1.SurveyResponseRecorded");
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(recorded, event.mutable_payload()).ok());
  return event;
}

TEST(RatingsIn, AreOfThoseWhoWereHelped) {
  for (int instrument = metrics::v1::Instrument_MIN; instrument <= metrics::v1::Instrument_MAX;
       ++instrument) {
    const auto ratings = RatingsIn({Recorded(static_cast<metrics::v1::Instrument>(instrument), 4)});
    ASSERT_TRUE(ratings.ok()) << ratings.status();
    const bool helped = instrument == metrics::v1::INSTRUMENT_PARTICIPANT ||
                        instrument == metrics::v1::INSTRUMENT_REQUESTER ||
                        instrument == metrics::v1::INSTRUMENT_FOLLOW_UP;
    ASSERT_THAT(*ratings, SizeIs(helped ? 1 : 0)) << instrument;
    if (!helped) continue;
    EXPECT_EQ((*ratings)[0].response, "surveyResponses/r1");
    EXPECT_EQ((*ratings)[0].engagement, "engagements/e1");
    EXPECT_EQ((*ratings)[0].points, 4);
  }
}

TEST(RatingsIn, WhatAPartnerRecordedIsNone) {
  journal::v1::Event event = Recorded(metrics::v1::INSTRUMENT_PARTICIPANT, 5);
  event.set_actor("partner:partners/iacp#ana");
  EXPECT_THAT(*RatingsIn({event}), IsEmpty());
  event.set_actor("agency:agencies/a");
  EXPECT_THAT(*RatingsIn({event}), SizeIs(1));
}

TEST(RatingsIn, OtherEventsAreNone) {
  journal::v1::Event other = Recorded(metrics::v1::INSTRUMENT_PARTICIPANT, 4);
  other.set_type("critac.metrics.v1.ReportRequested");
  const auto ratings = RatingsIn({other});
  ASSERT_TRUE(ratings.ok()) << ratings.status();
  EXPECT_THAT(*ratings, IsEmpty());
}

TEST(RatingsIn, SaysWhichEventCannotBeRead) {
  journal::v1::Event broken = Recorded(metrics::v1::INSTRUMENT_PARTICIPANT, 4);
  broken.set_payload("{");
  const absl::Status status = RatingsIn({broken}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("event 7"));
}

TEST(RatingOf, CountsOnceForEveryoneWhoServes) {
  v1::Engagement engagement;
  engagement.set_name("engagements/e1");
  for (const char* expert : {"experts/b", "experts/a", "experts/b"}) {
    engagement.add_assignments()->set_expert(expert);
  }
  engagement.add_former_assignments()->set_expert("experts/c");
  const v1::Rating rating = RatingOf({"surveyResponses/r1", "engagements/e1", "", 5}, engagement);
  EXPECT_EQ(rating.name(), "ratings/r1");
  EXPECT_EQ(rating.engagement(), "engagements/e1");
  EXPECT_EQ(rating.points(), 5);
  EXPECT_THAT(rating.experts(), ElementsAre("experts/a", "experts/b", "experts/c"));
}

TEST(IsNews, OnlyWhatCameLaterAndSaysSomethingElse) {
  const auto rating = [](int points, int64_t seconds, int64_t sequence, const char* engagement) {
    v1::Rating one;
    one.set_points(points);
    one.mutable_response_time()->set_seconds(seconds);
    one.set_response_sequence(sequence);
    one.set_engagement(engagement);
    return one;
  };
  const v1::Rating known = rating(4, 100, 7, "engagements/e1");
  EXPECT_TRUE(IsNews(known, nullptr));
  EXPECT_FALSE(IsNews(rating(0, 100, 7, "engagements/e1"), nullptr)) << "not answered";
  EXPECT_FALSE(IsNews(known, &known));
  EXPECT_FALSE(IsNews(rating(5, 99, 6, "engagements/e1"), &known)) << "before it";
  EXPECT_FALSE(IsNews(rating(4, 101, 8, "engagements/e1"), &known)) << "the same";
  EXPECT_TRUE(IsNews(rating(5, 100, 8, "engagements/e1"), &known));
  EXPECT_TRUE(IsNews(rating(5, 101, 3, "engagements/e1"), &known)) << "after a backup";
  EXPECT_TRUE(IsNews(rating(0, 101, 8, "engagements/e1"), &known)) << "taken back";
  EXPECT_TRUE(IsNews(rating(4, 101, 8, "engagements/e2"), &known)) << "moved";
}

}  // namespace
}  // namespace critac::matching
