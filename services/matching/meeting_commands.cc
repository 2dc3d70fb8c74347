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

absl::StatusOr<const v1::Meeting*> FindMeeting(Draft& draft, const std::string& name) {
  const auto* meeting = draft.Find<v1::Meeting>(name);
  if (meeting == nullptr) return ResourceNotFound("critac.matching.v1.Meeting", name);
  return meeting;
}

absl::Status CheckPartnerOnRecord(Draft& draft, const std::string& partner) {
  if (partner.empty()) return absl::OkStatus();
  return CheckMember(draft.Find<v1::Partner>(partner), partner, DayOf(draft.now()));
}

// Answers with the item as it is now.
absl::Status AnswerWithItem(Draft& draft, const std::string& name, const std::string& request) {
  ASSIGN_OR_RETURN(const v1::Meeting* meeting, FindMeeting(draft, name));
  ASSIGN_OR_RETURN(const v1::MeetingItem* item, FindItem(*meeting, request));
  draft.AnswerWith(std::make_unique<v1::MeetingItem>(*item));
  return absl::OkStatus();
}

}  // namespace

journal::Decide CallMeeting(absl::StatusOr<std::vector<v1::MeetingItem>> items,
                            int64_t policy_version, std::string title, std::string date) {
  return [=](Draft& draft) -> absl::Status {
    RETURN_IF_ERROR(items.status());
    v1::MeetingCalled called;
    v1::Meeting& meeting = *called.mutable_meeting();
    const std::string name = draft.NameByEvent("meetings/m");
    meeting.set_name(name);
    meeting.set_date(date.empty() ? FormatDate(DayOf(draft.now())) : date);
    meeting.set_title(title.empty() ? absl::StrCat("Coalition meeting of ", meeting.date())
                                    : title);
    meeting.set_policy_version(policy_version);
    meeting.set_called_by(draft.actor());
    *meeting.mutable_call_time() = ToTimestamp(draft.now());
    for (const v1::MeetingItem& item : *items) *meeting.add_items() = item;
    draft.Emit(name, std::move(called));
    draft.AnswerWith(name);
    return absl::OkStatus();
  };
}

journal::Decide AddNote(std::string name, std::string request, std::string text,
                        std::string partner) {
  return [=](Draft& draft) -> absl::Status {
    RETURN_IF_ERROR(CheckPartnerOnRecord(draft, partner));
    ASSIGN_OR_RETURN(const v1::Meeting* meeting, FindMeeting(draft, name));
    RETURN_IF_ERROR(CheckOpen(*meeting));
    RETURN_IF_ERROR(FindItem(*meeting, request).status());
    RETURN_IF_ERROR(CheckRoom(*meeting, text));
    v1::MeetingNoted noted;
    noted.set_request(request);
    noted.set_said_bytes(SaidBytes(text));
    noted.mutable_note()->set_actor(draft.actor());
    *noted.mutable_note()->mutable_time() = ToTimestamp(draft.now());
    noted.mutable_note()->set_text(text);
    draft.Emit(name, std::move(noted));
    return AnswerWithItem(draft, name, request);
  };
}

journal::Decide CastVote(std::string name, std::string request, std::string slot,
                         std::string expert, std::string partner, v1::Vote vote) {
  return [=](Draft& draft) -> absl::Status {
    RETURN_IF_ERROR(CheckPartnerOnRecord(draft, partner));
    ASSIGN_OR_RETURN(const v1::Meeting* meeting, FindMeeting(draft, name));
    ASSIGN_OR_RETURN(v1::MeetingVoted voted, VoteOn(*meeting, request, slot, expert));
    RETURN_IF_ERROR(CheckRoom(*meeting, vote.reason()));
    voted.set_said_bytes(SaidBytes(vote.reason()));
    *voted.mutable_vote() = vote;
    voted.mutable_vote()->set_partner(partner);
    voted.mutable_vote()->set_actor(draft.actor());
    *voted.mutable_vote()->mutable_time() = ToTimestamp(draft.now());
    draft.Emit(name, std::move(voted));
    return AnswerWithItem(draft, name, request);
  };
}

journal::Decide DecideItem(std::shared_ptr<const PoolView> view, v1::DecideItemRequest decision,
                           SuspectedConflicts suspected) {
  return [=](Draft& draft) -> absl::Status {
    const std::vector<v1::Assignment> wanted(decision.assignments().begin(),
                                             decision.assignments().end());
    RETURN_IF_ERROR(CheckDecision(decision.kind(), wanted, decision.reason()));
    ASSIGN_OR_RETURN(const v1::Meeting* meeting, FindMeeting(draft, decision.name()));
    RETURN_IF_ERROR(CheckOpen(*meeting));
    ASSIGN_OR_RETURN(const v1::MeetingItem* item, FindItem(*meeting, decision.request()));
    RETURN_IF_ERROR(CheckUndecided(*meeting, *item));
    RETURN_IF_ERROR(CheckRoom(*meeting, decision.reason()));
    v1::MeetingDecided decided;
    decided.set_request(decision.request());
    decided.set_said_bytes(SaidBytes(decision.reason()));
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
      RETURN_IF_ERROR(DecideProposal(view, demand->proposal(), "", wanted, decision.reason(),
                                     suspected)(draft));
    }
    decided.mutable_decision()->set_kind(decision.kind());
    decided.mutable_decision()->set_actor(draft.actor());
    *decided.mutable_decision()->mutable_time() = ToTimestamp(draft.now());
    decided.mutable_decision()->set_reason(decision.reason());
    draft.Emit(decision.name(), std::move(decided));
    return AnswerWithItem(draft, decision.name(), decision.request());
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
