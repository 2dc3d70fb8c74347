#ifndef SERVICES_MATCHING_RATINGS_H_
#define SERVICES_MATCHING_RATINGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "google/protobuf/timestamp.pb.h"

// What those who were helped thought of it, for the score. Pure.
namespace critac::matching {

// A survey response, as far as it is a rating.
struct SurveyRating {
  // `surveyResponses/ID`.
  std::string response;
  // Which engagement it is about: by its name or, where that is empty, by the id of a past record.
  std::string engagement;
  std::string engagement_external_id;
  // 1 to 5. 0: not answered, or not any more.
  int points = 0;
  // When it was recorded, and as which event.
  google::protobuf::Timestamp time = {};
  int64_t sequence = 0;
};

// The ratings in events of the journal of metrics: responses of those who took part, of who asked, and
// of a follow-up. What experts say of their own work, tests of knowledge, and whatever a partner
// recorded are none: a partner rates neither its own experts nor another's. DATA_LOSS: a payload
// cannot be read.
absl::StatusOr<std::vector<SurveyRating>> RatingsIn(absl::Span<const journal::v1::Event> events);

// The rating of an engagement, which counts for everyone who serves in it, or was lost to it after
// something had been delivered in the slot.
v1::Rating RatingOf(const SurveyRating& rating, const v1::Engagement& engagement);

// Whether a rating says anything that `known` (null: nothing is) does not: it is of a later event, and
// of other points or another engagement.
bool IsNews(const v1::Rating& rating, const v1::Rating* known);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RATINGS_H_
