#include "services/matching/rating_follower.h"

#include <utility>
#include <vector>

#include "common/status/error.h"
#include "services/matching/rating_commands.h"
#include "services/matching/ratings.h"

namespace critac::matching {

RatingFollower::RatingFollower(journal::Journal& journal,
                               std::function<std::shared_ptr<grpc::Channel>()> metrics,
                               const Clock& clock)
    : journal_(journal),
      feed_(
          "metrics", "matching", std::move(metrics),
          [this](const rpc::FeedPosition&, absl::Span<const journal::v1::Event> events) {
            return Take(events);
          },
          clock, rpc::WhenBroken::kBegin) {}

absl::Status RatingFollower::Take(absl::Span<const journal::v1::Event> events) {
  ASSIGN_OR_RETURN(std::vector<SurveyRating> ratings, RatingsIn(events));
  if (ratings.empty()) return absl::OkStatus();
  journal::Command command;
  command.actor = "service:matching";
  command.decide = TakeRatings(std::move(ratings));
  return journal_.Execute(std::move(command)).status();
}

}  // namespace critac::matching
