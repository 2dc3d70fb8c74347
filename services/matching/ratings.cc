#include "services/matching/ratings.h"

#include <set>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "critac/metrics/v1/events.pb.h"
#include "google/protobuf/util/json_util.h"

namespace critac::matching {
namespace {

using metrics::v1::SurveyResponse;
using metrics::v1::SurveyResponseRecorded;

bool IsRating(const SurveyResponse& response) {
  switch (response.instrument()) {
    case metrics::v1::INSTRUMENT_PARTICIPANT:
    case metrics::v1::INSTRUMENT_REQUESTER:
    case metrics::v1::INSTRUMENT_FOLLOW_UP:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<std::vector<SurveyRating>> RatingsIn(absl::Span<const journal::v1::Event> events) {
  std::vector<SurveyRating> ratings;
  for (const journal::v1::Event& event : events) {
    if (event.type() != SurveyResponseRecorded::descriptor()->full_name()) continue;
    if (absl::StartsWith(event.actor(), "partner:")) continue;
    SurveyResponseRecorded recorded;
    google::protobuf::util::JsonParseOptions lenient;
    lenient.ignore_unknown_fields = true;
    if (!google::protobuf::util::JsonStringToMessage(event.payload(), &recorded, lenient).ok()) {
      return absl::DataLossError(
          absl::StrCat("event ", event.sequence(), ", ", event.type(), ", cannot be read"));
    }
    const SurveyResponse& response = recorded.response();
    if (!IsRating(response)) continue;
    ratings.push_back({response.name(), response.engagement(), response.engagement_external_id(),
                       response.satisfaction(), event.record_time(), event.sequence()});
  }
  return ratings;
}

v1::Rating RatingOf(const SurveyRating& rating, const v1::Engagement& engagement) {
  v1::Rating result;
  result.set_name(absl::StrCat("ratings/", absl::StripPrefix(rating.response, "surveyResponses/")));
  result.set_engagement(engagement.name());
  result.set_points(rating.points);
  *result.mutable_response_time() = rating.time;
  result.set_response_sequence(rating.sequence);
  std::set<std::string> experts;
  for (const v1::Assignment& one : engagement.assignments()) experts.insert(one.expert());
  for (const v1::Assignment& one : engagement.former_assignments()) experts.insert(one.expert());
  for (const std::string& expert : experts) result.add_experts(expert);
  return result;
}

bool IsNews(const v1::Rating& rating, const v1::Rating* known) {
  if (known == nullptr) return rating.points() != 0;
  // The journal's times do not go back, also where a backup of it was put back, as its numbers then do.
  const auto place = [](const v1::Rating& one) {
    return std::tuple(one.response_time().seconds(), one.response_time().nanos(),
                      one.response_sequence());
  };
  return place(rating) > place(*known) &&
         (rating.points() != known->points() || rating.engagement() != known->engagement());
}

}  // namespace critac::matching
