#include "services/intake/request_state.h"

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace critac::intake {
namespace {

template <typename Enum>
std::vector<Enum> ValuesFrom1(const google::protobuf::EnumDescriptor& type) {
  std::vector<Enum> values;
  for (int i = 1; i < type.value_count(); ++i) {
    values.push_back(static_cast<Enum>(type.value(i)->number()));
  }
  return values;
}

}  // namespace

const std::vector<v1::RequestState>& AllStates() {
  static const auto& states = *new std::vector<v1::RequestState>(
      ValuesFrom1<v1::RequestState>(*v1::RequestState_descriptor()));
  return states;
}

const std::vector<v1::RequestAction>& AllActions() {
  static const auto& actions = *new std::vector<v1::RequestAction>(
      ValuesFrom1<v1::RequestAction>(*v1::RequestAction_descriptor()));
  return actions;
}

bool IsEnded(v1::RequestState state) {
  switch (state) {
    case v1::REQUEST_STATE_CLOSED:
    case v1::REQUEST_STATE_REFERRED:
    case v1::REQUEST_STATE_INELIGIBLE:
    case v1::REQUEST_STATE_DUPLICATE:
    case v1::REQUEST_STATE_WITHDRAWN:
      return true;
    default:
      return false;
  }
}

bool IsPaused(v1::RequestState state) {
  return state == v1::REQUEST_STATE_NEEDS_INFORMATION || state == v1::REQUEST_STATE_ON_HOLD;
}

bool IsBeforeMatched(v1::RequestState state) {
  switch (state) {
    case v1::REQUEST_STATE_DRAFT:
    case v1::REQUEST_STATE_SUBMITTED:
    case v1::REQUEST_STATE_IN_REVIEW:
    case v1::REQUEST_STATE_NEEDS_INFORMATION:
    case v1::REQUEST_STATE_SCOPING:
    case v1::REQUEST_STATE_READY:
      return true;
    default:
      return false;
  }
}

MatchingInterest InterestOf(v1::RequestState state) {
  switch (state) {
    case v1::REQUEST_STATE_READY:
      return MatchingInterest::kOpen;
    case v1::REQUEST_STATE_MATCHED:
    case v1::REQUEST_STATE_PLANNED:
    case v1::REQUEST_STATE_IN_DELIVERY:
    case v1::REQUEST_STATE_DELIVERED:
    case v1::REQUEST_STATE_CLOSED:
      return MatchingInterest::kMatched;
    default:
      return MatchingInterest::kNone;
  }
}

bool CanBeChanged(const v1::Request& request) {
  if (request.state() == v1::REQUEST_STATE_ON_HOLD) {
    return IsBeforeMatched(request.hold_return_state());
  }
  if (IsEnded(request.state())) return !request.has_submit_time();
  return IsBeforeMatched(request.state());
}

std::string StateText(v1::RequestState state) {
  return std::string(absl::StripPrefix(v1::RequestState_Name(state), "REQUEST_STATE_"));
}

std::string ActionText(v1::RequestAction action) {
  return std::string(absl::StripPrefix(v1::RequestAction_Name(action), "REQUEST_ACTION_"));
}

}  // namespace critac::intake
