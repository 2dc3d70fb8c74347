#include "services/matching/meetings.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "services/matching/proposal.h"
#include "services/matching/rank.h"

namespace critac::matching {
namespace {

v1::ShortlistSlot SlotOf(const Pool& pool, const Plan& plan, int slot, int alternates) {
  v1::ShortlistSlot shortlist;
  const SlotRow& row = pool.slots()[slot];
  shortlist.set_slot(row.id);
  shortlist.set_people(row.missing);
  const std::vector<RankedExpert> ranked =
      RankEligible(pool, slot, static_cast<int>(pool.experts().size()));
  shortlist.set_eligible_count(static_cast<int>(ranked.size()));
  int left = alternates;
  std::vector<v1::ShortlistCandidate> others;
  for (size_t i = 0; i < ranked.size(); ++i) {
    const bool proposed = plan.FindUnit(slot, ranked[i].expert) != nullptr;
    if (!proposed && left-- <= 0) continue;
    v1::ShortlistCandidate candidate;
    const ExpertRow& expert = pool.experts()[ranked[i].expert];
    candidate.set_expert(expert.name);
    candidate.set_partner(pool.partners()[expert.partner].name);
    candidate.set_rank(static_cast<int>(i) + 1);
    candidate.set_score_e6(ranked[i].score_e6);
    candidate.set_proposed(proposed);
    if (proposed) {
      *shortlist.add_candidates() = std::move(candidate);
    } else {
      others.push_back(std::move(candidate));
    }
  }
  for (v1::ShortlistCandidate& other : others) *shortlist.add_candidates() = std::move(other);
  if (plan.open[slot] > 0) {
    shortlist.set_open_because(OpenSlotOf(pool, plan, slot).explanation());
  }
  return shortlist;
}

std::string NamesOf(const v1::MeetingItem& item) {
  return absl::StrJoin(item.slots(), ", ", [](std::string* out, const v1::ShortlistSlot& slot) {
    out->append(slot.slot());
  });
}

}  // namespace

v1::MeetingItem ShortlistOf(const Pool& pool, const Plan& plan, const v1::Demand& demand,
                            int alternates) {
  v1::MeetingItem item;
  item.set_request(demand.request());
  *item.mutable_agency() = demand.agency();
  for (const auto& slot : demand.slots()) {
    const auto row = pool.FindSlot(demand.request(), slot.id());
    if (!row.has_value() || pool.slots()[*row].missing == 0) continue;
    v1::ShortlistSlot& shortlist = *item.add_slots() = SlotOf(pool, plan, *row, alternates);
    shortlist.set_topic(slot.topic());
  }
  return item;
}

absl::StatusOr<std::vector<const v1::Demand*>> RequestsBefore(
    absl::Span<const v1::Demand> open, absl::Span<const std::string> requests) {
  std::vector<const v1::Demand*> before;
  for (const v1::Demand& demand : open) {
    const bool asked = requests.empty() || std::find(requests.begin(), requests.end(),
                                                     demand.request()) != requests.end();
    if (asked) before.push_back(&demand);
  }
  for (const std::string& request : requests) {
    const bool is_open = std::any_of(before.begin(), before.end(), [&](const v1::Demand* one) {
      return one->request() == request;
    });
    if (!is_open) {
      return Error(absl::StatusCode::kNotFound, "NOT_OPEN_FOR_MATCHING",
                   absl::StrCat(request, " is not open for matching"))
          .Resource("critac.intake.v1.Request", request)
          .ToStatus();
    }
  }
  if (before.empty()) {
    return FailedPrecondition("NOTHING_OPEN", "meetings",
                              "no request is open for matching, so there is nothing to meet about");
  }
  std::sort(before.begin(), before.end(), [](const v1::Demand* a, const v1::Demand* b) {
    return std::tuple(a->ready_time().seconds(), a->ready_time().nanos(), a->request()) <
           std::tuple(b->ready_time().seconds(), b->ready_time().nanos(), b->request());
  });
  return before;
}

v1::Meeting SeenBy(v1::Meeting meeting, absl::string_view partner,
                   absl::Span<const std::string> hidden) {
  auto& items = *meeting.mutable_items();
  items.erase(std::remove_if(items.begin(), items.end(),
                             [&](const v1::MeetingItem& item) {
                               return std::find(hidden.begin(), hidden.end(), item.request()) !=
                                      hidden.end();
                             }),
              items.end());
  if (partner.empty()) return meeting;
  for (v1::MeetingItem& item : items) {
    for (v1::ShortlistSlot& slot : *item.mutable_slots()) {
      slot.clear_open_because();
      for (v1::ShortlistCandidate& candidate : *slot.mutable_candidates()) {
        if (candidate.partner() != partner) candidate.clear_score_e6();
      }
    }
  }
  return meeting;
}

absl::Status CheckOpen(const v1::Meeting& meeting) {
  if (meeting.state() == v1::MEETING_STATE_OPEN) return absl::OkStatus();
  return FailedPrecondition("MEETING_OVER", meeting.name(),
                            "is over; nothing more is recorded for it");
}

absl::StatusOr<const v1::MeetingItem*> FindItem(const v1::Meeting& meeting,
                                                absl::string_view request) {
  for (const v1::MeetingItem& item : meeting.items()) {
    if (item.request() == request) return &item;
  }
  return InvalidField("request",
                      absl::StrCat(request, " is none of the requests before the meeting"));
}

absl::Status CheckUndecided(const v1::Meeting& meeting, const v1::MeetingItem& item) {
  if (!item.has_decision()) return absl::OkStatus();
  return FailedPrecondition("ITEM_DECIDED", meeting.name(),
                            absl::StrCat("decided on ", item.request(), " already: ",
                                         v1::ItemDecisionKind_Name(item.decision().kind()), ", by ",
                                         item.decision().actor()));
}

absl::StatusOr<v1::MeetingVoted> VoteOn(const v1::Meeting& meeting, absl::string_view request,
                                        absl::string_view slot, absl::string_view expert) {
  RETURN_IF_ERROR(CheckOpen(meeting));
  ASSIGN_OR_RETURN(const v1::MeetingItem* item, FindItem(meeting, request));
  RETURN_IF_ERROR(CheckUndecided(meeting, *item));
  for (const v1::ShortlistSlot& one : item->slots()) {
    if (one.slot() != slot) continue;
    const bool listed = std::any_of(
        one.candidates().begin(), one.candidates().end(),
        [&](const v1::ShortlistCandidate& candidate) { return candidate.expert() == expert; });
    if (!listed) {
      return InvalidField("expert",
                          absl::StrCat(expert, " is not on the shortlist of slot ", slot));
    }
    v1::MeetingVoted voted;
    voted.set_request(std::string(request));
    voted.set_slot(std::string(slot));
    voted.set_expert(std::string(expert));
    return voted;
  }
  return InvalidField(
      "slot",
      absl::StrCat("'", slot, "' is none of the slots before the meeting: ", NamesOf(*item)));
}

absl::Status CheckAsShortlisted(const v1::MeetingItem& item, const v1::Proposal& proposal) {
  std::vector<std::pair<std::string, std::string>> before;
  for (const v1::ShortlistSlot& slot : item.slots()) {
    for (const v1::ShortlistCandidate& candidate : slot.candidates()) {
      if (candidate.proposed()) before.emplace_back(slot.slot(), candidate.expert());
    }
  }
  std::vector<std::pair<std::string, std::string>> standing;
  for (const v1::Assignment& one : proposal.assignments()) {
    standing.emplace_back(one.slot(), one.expert());
  }
  std::sort(before.begin(), before.end());
  std::sort(standing.begin(), standing.end());
  if (before == standing) return absl::OkStatus();
  const std::string now = absl::StrJoin(standing, ", ", [](std::string* out, const auto& one) {
    absl::StrAppend(out, one.second, " in ", one.first);
  });
  return FailedPrecondition(
      "SHORTLIST_OLD", proposal.name(),
      absl::StrCat("is not what the meeting had before it any more: it proposes ",
                   now.empty() ? "nobody" : now,
                   "; say who serves where with ITEM_DECISION_KIND_OVERRIDDEN, or call a meeting "
                   "anew"));
}

absl::Status CheckDecision(v1::ItemDecisionKind kind, absl::Span<const v1::Assignment> assignments,
                           absl::string_view reason) {
  const bool overrides = kind == v1::ITEM_DECISION_KIND_OVERRIDDEN;
  if (overrides && assignments.empty()) {
    return InvalidField("assignments", "is missing; it says who serves where");
  }
  if (!overrides && !assignments.empty()) {
    return InvalidField("assignments", "is for ITEM_DECISION_KIND_OVERRIDDEN only");
  }
  if (kind != v1::ITEM_DECISION_KIND_APPROVED && reason.empty()) {
    return InvalidField(
        "reason", absl::StrCat("is missing; ", v1::ItemDecisionKind_Name(kind), " takes one"));
  }
  return absl::OkStatus();
}

}  // namespace critac::matching
