#ifndef SERVICES_MATCHING_RATINGS_H_
#define SERVICES_MATCHING_RATINGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "critac/journal/v1/journal.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/states.pb.h"

// What those who were helped thought of it, for the score. Pure.
namespace critac::matching {

// A survey response, as far as it is a rating.
struct SurveyRating {
  // `surveyResponses/ID`.
  std::string response;
  // One of the two says which engagement it is about.
  std::string engagement;
  std::string engagement_external_id;
  // 1 to 5. 0: not answered, or not any more.
  int points = 0;
};

// The ratings in events of the journal of metrics: responses of those who took part, of who asked, and
// of a follow-up. What experts say of their own work, and tests of knowledge, are none. DATA_LOSS: a
// payload cannot be read.
absl::StatusOr<std::vector<SurveyRating>> RatingsIn(absl::Span<const journal::v1::Event> events);

// The rating of an engagement, which counts for everyone who serves in it.
v1::Rating RatingOf(const SurveyRating& rating, const v1::Engagement& engagement);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RATINGS_H_
