#include "services/matching/meetings.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/calendar.h"
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
  TopRanked ranked = RankTop(pool, slot, alternates + row.missing);
  shortlist.set_eligible_count(ranked.eligible_count);
  const auto is_proposed = [&](const RankedExpert& one) {
    return plan.FindUnit(slot, one.expert) != nullptr;
  };
  // The plan may go further down than those.
  const int placed = row.missing - plan.open[slot];
  if (std::count_if(ranked.best.begin(), ranked.best.end(), is_proposed) < placed) {
    ranked.best = RankEligible(pool, slot, ranked.eligible_count);
  }
  const auto add = [&](bool proposed, int most) {
    for (size_t i = 0; i < ranked.best.size() && most > 0; ++i) {
      const RankedExpert& one = ranked.best[i];
      if (is_proposed(one) != proposed) continue;
      v1::ShortlistCandidate& candidate = *shortlist.add_candidates();
      candidate.set_expert(pool.experts()[one.expert].name);
      candidate.set_partner(pool.partners()[pool.experts()[one.expert].partner].name);
      candidate.set_rank(static_cast<int>(i) + 1);
      candidate.set_score_e6(one.score_e6);
      candidate.set_proposed(proposed);
      --most;
    }
  };
  add(true, placed);
  add(false, alternates);
  if (plan.open[slot] > 0) {
    shortlist.set_open_because(OpenSlotOf(pool, plan, slot).explanation());
  }
  return shortlist;
}

absl::Status TooLarge(absl::string_view what) {
  return FailedPrecondition(
      "MEETING_TOO_LARGE", "meetings",
      absl::StrCat(what, "; name some of the requests, or ask for fewer alternates"));
}

// Whether somebody is missing for a request.
bool MissesPeople(const Pool& pool, const v1::Demand& demand) {
  return std::any_of(demand.slots().begin(), demand.slots().end(),
                     [&](const intake::v1::Slot& slot) {
                       const auto row = pool.FindSlot(demand.request(), slot.id());
                       return row.has_value() && pool.slots()[*row].missing > 0;
                     });
}

// Of an expert who is not on the shortlist of a slot, what is: `, but on that of s2`, or `; on it: experts/e1`.
std::string WhatIsListed(const v1::MeetingItem& item, const v1::ShortlistSlot& slot,
                         absl::string_view expert) {
  std::vector<std::string> slots;
  for (const v1::ShortlistSlot& other : item.slots()) {
    const bool listed = std::any_of(other.candidates().begin(), other.candidates().end(),
                                    [&](const auto& one) { return one.expert() == expert; });
    if (listed) slots.push_back(other.slot());
  }
  if (!slots.empty()) return absl::StrCat(", but on that of ", absl::StrJoin(slots, ", "));
  const auto add = [](std::string* out, const auto& one) { out->append(one.expert()); };
  return absl::StrCat("; on it: ", slot.candidates().empty()
                                       ? "nobody"
                                       : absl::StrJoin(slot.candidates(), ", ", add));
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
  item.set_urgency(demand.urgency());
  item.set_needed_by(demand.needed_by());
  *item.mutable_waiting_since() = WaitingSince(demand);
  for (const auto& slot : demand.slots()) {
    const auto row = pool.FindSlot(demand.request(), slot.id());
    if (!row.has_value() || pool.slots()[*row].missing == 0) continue;
    v1::ShortlistSlot& shortlist = *item.add_slots() = SlotOf(pool, plan, *row, alternates);
    shortlist.set_topic(slot.topic());
    shortlist.set_delivery_type(slot.delivery_type());
    shortlist.set_hours(slot.hours());
    shortlist.set_window_start(slot.window_start());
    shortlist.set_window_end(slot.window_end());
  }
  return item;
}

absl::StatusOr<std::vector<v1::MeetingItem>> ItemsOf(const Pool& pool, const Plan& plan,
                                                     absl::Span<const v1::Demand> open,
                                                     absl::Span<const std::string> requests,
                                                     int alternates) {
  std::vector<const v1::Demand*> before;
  for (const v1::Demand& demand : open) {
    const bool asked = requests.empty() || std::find(requests.begin(), requests.end(),
                                                     demand.request()) != requests.end();
    if (asked && MissesPeople(pool, demand)) before.push_back(&demand);
  }
  for (const std::string& request : requests) {
    const bool found = std::any_of(before.begin(), before.end(), [&](const v1::Demand* one) {
      return one->request() == request;
    });
    if (!found) {
      return Error(absl::StatusCode::kNotFound, "NOT_OPEN_FOR_MATCHING",
                   absl::StrCat(request, " is not open for matching, or all its people are asked"))
          .Resource("critac.intake.v1.Request", request)
          .ToStatus();
    }
  }
  if (before.empty()) {
    return FailedPrecondition("NOTHING_OPEN", "meetings",
                              "for no request somebody is missing, so there is nothing to meet "
                              "about");
  }
  if (before.size() > kMostMeetingItems) {
    return TooLarge(
        absl::StrCat(before.size(), " requests miss people; a meeting takes ", kMostMeetingItems));
  }
  std::sort(before.begin(), before.end(), [](const v1::Demand* a, const v1::Demand* b) {
    const auto key = [](const v1::Demand& demand) {
      const google::protobuf::Timestamp& since = WaitingSince(demand);
      return std::tuple(since.seconds(), since.nanos(), demand.request());
    };
    return key(*a) < key(*b);
  });
  std::vector<v1::MeetingItem> items;
  for (const v1::Demand* demand : before) {
    items.push_back(ShortlistOf(pool, plan, *demand, alternates));
  }
  RETURN_IF_ERROR(CheckLength(items));
  return items;
}

absl::Status CheckLength(absl::Span<const v1::MeetingItem> items) {
  int64_t bytes = 0;
  for (const v1::MeetingItem& item : items) bytes += static_cast<int64_t>(item.ByteSizeLong());
  if (bytes <= kMostShortlistBytes) return absl::OkStatus();
  return TooLarge(
      absl::StrCat("the shortlists have ", bytes, " bytes; a meeting holds ", kMostShortlistBytes));
}

absl::Status CheckMember(const v1::Partner* record, absl::string_view partner, absl::CivilDay day) {
  const std::string date = FormatDate(day);
  const auto covers = [&](const v1::DateRange& range) {
    return range.start() <= date && (range.end().empty() || date <= range.end());
  };
  if (record != nullptr &&
      std::any_of(record->memberships().begin(), record->memberships().end(), covers)) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kPermissionDenied, "NOT_A_MEMBER",
               absl::StrCat(partner, " is no member of the coalition on ", date))
      .Resource("critac.matching.v1.Partner", partner)
      .ToStatus();
}

int64_t SaidBytes(absl::string_view text) {
  constexpr int64_t kFrame = 100;  // who, when, and about what
  return kFrame + static_cast<int64_t>(text.size());
}

absl::Status CheckRoom(const v1::Meeting& meeting, absl::string_view text) {
  if (meeting.said_bytes() + SaidBytes(text) <= kMostSaidBytes) return absl::OkStatus();
  return FailedPrecondition("MEETING_FULL", meeting.name(),
                            "holds no more words; call another meeting about what is left");
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
      return InvalidField("expert", absl::StrCat(expert, " is not on the shortlist of slot ", slot,
                                                 WhatIsListed(*item, one, expert)));
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
