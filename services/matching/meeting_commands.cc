#include "services/matching/meeting_commands.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/calendar.h"
#include "common/journal/event_time.h"
#include "common/status/error.h"
#include "critac/matching/v1/events.pb.h"
#include "services/matching/match_commands.h"
#include "services/matching/matching_states.h"
#include "services/matching/meetings.h"

namespace critac::matching {
namespace {

using journal::Draft;
using journal::ToTimestamp;

constexpr int kAlternates = 3;

absl::StatusOr<const v1::Meeting*> FindMeeting(Draft& draft, const std::string& name) {
  const auto* meeting = draft.Find<v1::Meeting>(name);
  if (meeting == nullptr) return ResourceNotFound("critac.matching.v1.Meeting", name);
  return meeting;
}

}  // namespace

journal::Decide CallMeeting(std::shared_ptr<const PoolView> view,
                            std::shared_ptr<const struct Solved> solved,
                            v1::CallMeetingRequest call) {
  return [=](Draft& draft) -> absl::Status {
    const std::vector<std::string> requests(call.requests().begin(), call.requests().end());
    ASSIGN_OR_RETURN(const std::vector<const v1::Demand*> before,
                     RequestsBefore(view->demands, requests));
    v1::MeetingCalled called;
    v1::Meeting& meeting = *called.mutable_meeting();
    meeting.set_name(draft.NameByEvent("meetings/m"));
    meeting.set_date(call.date().empty() ? FormatDate(DayOf(draft.now())) : call.date());
    meeting.set_title(call.title().empty() ? absl::StrCat("Coalition meeting of ", meeting.date())
                                           : call.title());
    meeting.set_policy_version(view->policy.version());
    meeting.set_called_by(draft.actor());
    *meeting.mutable_call_time() = ToTimestamp(draft.now());
    const int alternates = call.alternates() == 0 ? kAlternates : call.alternates();
    for (const v1::Demand* demand : before) {
      *meeting.add_items() = ShortlistOf(*view->pool, solved->plan, *demand, alternates);
    }
    const std::string name = meeting.name();
    draft.Emit(name, std::move(called));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide AddNote(std::string name, std::string request, std::string text) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Meeting* meeting, FindMeeting(draft, name));
    RETURN_IF_ERROR(CheckOpen(*meeting));
    RETURN_IF_ERROR(FindItem(*meeting, request).status());
    v1::MeetingNoted noted;
    noted.set_request(request);
    noted.mutable_note()->set_actor(draft.actor());
    *noted.mutable_note()->mutable_time() = ToTimestamp(draft.now());
    noted.mutable_note()->set_text(text);
    draft.Emit(name, std::move(noted));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide CastVote(std::string name, std::string request, std::string slot,
                         std::string expert, std::string partner, v1::Vote vote) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Meeting* meeting, FindMeeting(draft, name));
    ASSIGN_OR_RETURN(v1::MeetingVoted voted, VoteOn(*meeting, request, slot, expert));
    *voted.mutable_vote() = vote;
    voted.mutable_vote()->set_partner(partner);
    voted.mutable_vote()->set_actor(draft.actor());
    *voted.mutable_vote()->mutable_time() = ToTimestamp(draft.now());
    draft.Emit(name, std::move(voted));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide DecideItem(std::shared_ptr<const PoolView> view, v1::DecideItemRequest decision) {
  return [=](Draft& draft) -> absl::Status {
    const std::vector<v1::Assignment> wanted(decision.assignments().begin(),
                                             decision.assignments().end());
    RETURN_IF_ERROR(CheckDecision(decision.kind(), wanted, decision.reason()));
    ASSIGN_OR_RETURN(const v1::Meeting* meeting, FindMeeting(draft, decision.name()));
    RETURN_IF_ERROR(CheckOpen(*meeting));
    ASSIGN_OR_RETURN(const v1::MeetingItem* item, FindItem(*meeting, decision.request()));
    RETURN_IF_ERROR(CheckUndecided(*meeting, *item));
    v1::MeetingDecided decided;
    decided.set_request(decision.request());
    if (decision.kind() != v1::ITEM_DECISION_KIND_DEFERRED) {
      const auto* demand = draft.Find<v1::Demand>(DemandOf(decision.request()));
      if (demand == nullptr || demand->proposal().empty()) {
        return FailedPrecondition("PROPOSAL_NOT_OPEN", decision.request(),
                                  "has no standing proposal to decide on");
      }
      decided.mutable_decision()->set_proposal(demand->proposal());
      if (decision.kind() == v1::ITEM_DECISION_KIND_APPROVED) {
        const auto* proposal = draft.Find<v1::Proposal>(demand->proposal());
        if (proposal != nullptr) RETURN_IF_ERROR(CheckAsShortlisted(*item, *proposal));
      }
      RETURN_IF_ERROR(
          DecideProposal(view, demand->proposal(), "", wanted, decision.reason())(draft));
    }
    decided.mutable_decision()->set_kind(decision.kind());
    decided.mutable_decision()->set_actor(draft.actor());
    *decided.mutable_decision()->mutable_time() = ToTimestamp(draft.now());
    decided.mutable_decision()->set_reason(decision.reason());
    draft.Emit(decision.name(), std::move(decided));
    draft.AnswerWith(decision.name());
    return absl::OkStatus();
  };
}

journal::Decide CloseMeeting(std::string name) {
  return [=](Draft& draft) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::Meeting* meeting, FindMeeting(draft, name));
    RETURN_IF_ERROR(CheckOpen(*meeting));
    v1::MeetingClosed closed;
    closed.set_meeting(name);
    draft.Emit(name, std::move(closed));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

}  // namespace critac::matching
