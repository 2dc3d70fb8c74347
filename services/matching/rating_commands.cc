#include "services/matching/rating_commands.h"

#include <string>
#include <utility>

#include "critac/matching/v1/events.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/matching_states.h"

namespace critac::matching {
namespace {

using journal::Draft;

const v1::Engagement* EngagementOf(Draft& draft, const SurveyRating& rating) {
  if (!rating.engagement.empty()) return draft.Find<v1::Engagement>(rating.engagement);
  if (rating.engagement_external_id.empty()) return nullptr;
  const auto* key = draft.Find<v1::ImportKey>(ImportKeyName(rating.engagement_external_id));
  return key == nullptr ? nullptr : draft.Find<v1::Engagement>(key->target());
}

}  // namespace

journal::Decide TakeRatings(std::vector<SurveyRating> ratings) {
  return [ratings = std::move(ratings)](Draft& draft) -> absl::Status {
    for (const SurveyRating& one : ratings) {
      const v1::Engagement* engagement = EngagementOf(draft, one);
      if (engagement == nullptr) continue;
      v1::RatingTaken taken;
      *taken.mutable_rating() = RatingOf(one, *engagement);
      const std::string name = taken.rating().name();
      if (!IsNews(taken.rating(), draft.Find<v1::Rating>(name))) continue;
      draft.Emit(name, std::move(taken));
    }
    return absl::OkStatus();
  };
}

}  // namespace critac::matching
