#include "services/intake/match_notice.h"

#include <set>

#include "services/intake/intake_testing.h"
#include "services/intake/request_state.h"

namespace critac::intake {
namespace {

using testing::RequestIn;

// Whether matching is told of an action taken from a state.
bool Told(const v1::Request& request, v1::RequestAction action) {
  const auto taken =
      DecideAction(request, action, testing::DetailsFor(action), testing::SomeoneFor(action),
                   testing::At("2026-10-06"), testing::Context());
  EXPECT_THAT(taken, testing::Succeeds());
  return ConcernsMatching(*taken);
}

TEST(MatchNotice, TellsOfARequestThatBecameReady) {
  EXPECT_TRUE(Told(RequestIn(v1::REQUEST_STATE_SCOPING), v1::REQUEST_ACTION_COMPLETE_SCOPING));
  for (const auto state : RuleOf(v1::REQUEST_ACTION_REMATCH)->from) {
    EXPECT_TRUE(Told(RequestIn(state), v1::REQUEST_ACTION_REMATCH)) << StateText(state);
  }
}

TEST(MatchNotice, TellsOfARequestThatIsToBeMatchedNoMore) {
  const v1::Request ready = RequestIn(v1::REQUEST_STATE_READY);
  for (const v1::RequestAction action :
       {v1::REQUEST_ACTION_ASK_FOR_INFORMATION, v1::REQUEST_ACTION_HOLD, v1::REQUEST_ACTION_REFER,
        v1::REQUEST_ACTION_MARK_DUPLICATE, v1::REQUEST_ACTION_WITHDRAW}) {
    EXPECT_TRUE(Told(ready, action)) << ActionText(action);
  }
  for (const v1::RequestState state :
       {v1::REQUEST_STATE_MATCHED, v1::REQUEST_STATE_PLANNED, v1::REQUEST_STATE_IN_DELIVERY,
        v1::REQUEST_STATE_DELIVERED}) {
    EXPECT_TRUE(Told(RequestIn(state), v1::REQUEST_ACTION_WITHDRAW)) << StateText(state);
    EXPECT_TRUE(Told(RequestIn(state), v1::REQUEST_ACTION_HOLD)) << StateText(state);
  }
  EXPECT_TRUE(Told(RequestIn(v1::REQUEST_STATE_CLOSED), v1::REQUEST_ACTION_REOPEN));
}

TEST(MatchNotice, TellsOfARequestThatIsTakenUpAgain) {
  for (const v1::RequestState state : {v1::REQUEST_STATE_READY, v1::REQUEST_STATE_MATCHED}) {
    const v1::Request held = testing::After(RequestIn(state), v1::REQUEST_ACTION_HOLD);
    EXPECT_TRUE(Told(held, v1::REQUEST_ACTION_RESUME)) << StateText(state);
  }
}

TEST(MatchNotice, IsSilentAboutAllElse) {
  const std::pair<v1::RequestState, v1::RequestAction> silent[] = {
      {v1::REQUEST_STATE_DRAFT, v1::REQUEST_ACTION_SUBMIT},
      {v1::REQUEST_STATE_SUBMITTED, v1::REQUEST_ACTION_ACKNOWLEDGE},
      {v1::REQUEST_STATE_IN_REVIEW, v1::REQUEST_ACTION_ACCEPT},
      {v1::REQUEST_STATE_SCOPING, v1::REQUEST_ACTION_WITHDRAW},
      {v1::REQUEST_STATE_SCOPING, v1::REQUEST_ACTION_HOLD},
      {v1::REQUEST_STATE_READY, v1::REQUEST_ACTION_RECORD_MATCH},
      {v1::REQUEST_STATE_MATCHED, v1::REQUEST_ACTION_RECORD_PLAN},
      {v1::REQUEST_STATE_MATCHED, v1::REQUEST_ACTION_APPROVE_PLAN},
      {v1::REQUEST_STATE_PLANNED, v1::REQUEST_ACTION_START_DELIVERY},
      {v1::REQUEST_STATE_IN_DELIVERY, v1::REQUEST_ACTION_COMPLETE_DELIVERY},
      {v1::REQUEST_STATE_DELIVERED, v1::REQUEST_ACTION_CLOSE},
      {v1::REQUEST_STATE_WITHDRAWN, v1::REQUEST_ACTION_REOPEN}};
  for (const auto& [state, action] : silent) {
    v1::Request request = RequestIn(state);
    if (action == v1::REQUEST_ACTION_APPROVE_PLAN) {
      request = testing::After(request, action, testing::Manager(), testing::At("2026-10-05"), {});
    }
    EXPECT_FALSE(Told(request, action)) << StateText(state) << " " << ActionText(action);
  }
}

TEST(MatchNotice, TellsOfAChangeOnlyWhileARequestIsReady) {
  for (const v1::RequestState state : AllStates()) {
    v1::RequestUpdated updated;
    updated.mutable_request()->set_state(state);
    EXPECT_EQ(ConcernsMatching(updated), state == v1::REQUEST_STATE_READY) << StateText(state);
  }
}

}  // namespace
}  // namespace critac::intake
