#ifndef SERVICES_MATCHING_RATING_COMMANDS_H_
#define SERVICES_MATCHING_RATING_COMMANDS_H_

#include <vector>

#include "common/journal/command.h"
#include "services/matching/ratings.h"

namespace critac::matching {

// Takes ratings that are news (IsNews), so the journal of metrics can be read any number of times, by
// any number of processes; a response of an engagement that is not known here is no rating.
journal::Decide TakeRatings(std::vector<SurveyRating> ratings);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_RATING_COMMANDS_H_
