#ifndef SERVICES_INTAKE_REQUEST_STATE_H_
#define SERVICES_INTAKE_REQUEST_STATE_H_

#include <string>
#include <vector>

#include "critac/intake/v1/request.pb.h"

// What the states of a request mean. Pure.
namespace critac::intake {

// Every state, in the order of RequestState.
const std::vector<v1::RequestState>& AllStates();
// Every action, in the order of RequestAction.
const std::vector<v1::RequestAction>& AllActions();

// Whether the request is over, until it is reopened: closed, referred, ineligible, duplicate,
// withdrawn.
bool IsEnded(v1::RequestState state);

// Whether clocks pause: in NEEDS_INFORMATION and ON_HOLD.
bool IsPaused(v1::RequestState state);

// Whether no match is recorded yet in a state that is not ended and not on hold.
bool IsBeforeMatched(v1::RequestState state);

// What a request is to matching.
enum class MatchingInterest {
  kNone,     // nothing to match
  kOpen,     // ready: to be matched
  kMatched,  // matched and what follows, up to closed
};
MatchingInterest InterestOf(v1::RequestState state);

// Whether what an asker wrote can be changed: while no match is recorded, also on hold, and where a
// request ended that never was submitted, so that it can be made complete and reopened.
bool CanBeChanged(const v1::Request& request);

// Names for people: `IN_REVIEW`, `APPROVE_PLAN`.
std::string StateText(v1::RequestState state);
std::string ActionText(v1::RequestAction action);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_REQUEST_STATE_H_
