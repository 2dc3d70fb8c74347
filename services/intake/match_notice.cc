#include "services/intake/match_notice.h"

#include "services/intake/request_state.h"

namespace critac::intake {

bool ConcernsMatching(const v1::RequestTransitioned& taken) {
  if (taken.action() == v1::REQUEST_ACTION_RECORD_MATCH) return false;
  return InterestOf(taken.from()) != InterestOf(taken.to());
}

bool ConcernsMatching(const v1::RequestUpdated& updated) {
  return InterestOf(updated.request().state()) == MatchingInterest::kOpen;
}

}  // namespace critac::intake
