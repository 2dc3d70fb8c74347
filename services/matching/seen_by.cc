#include "services/matching/seen_by.h"

#include <algorithm>
#include <utility>

#include "critac/matching/v1/match.pb.h"

namespace critac::matching {
namespace {

bool IsOthers(absl::string_view partner, absl::string_view caller) {
  return !caller.empty() && partner != caller;
}

void HideScore(v1::Assignment& assignment, absl::string_view caller) {
  if (!IsOthers(assignment.partner(), caller)) return;
  assignment.clear_score_e6();
  assignment.clear_parts();
}

// Leaves out of a list what `is_hidden` holds of.
template <typename List, typename IsHidden>
void LeaveOut(List& list, IsHidden is_hidden) {
  list.erase(std::remove_if(list.begin(), list.end(), is_hidden), list.end());
}

bool Has(absl::Span<const std::string> sorted, absl::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

}  // namespace

v1::Offer SeenBy(v1::Offer offer, absl::string_view partner) {
  HideScore(*offer.mutable_assignment(), partner);
  return offer;
}

v1::Engagement SeenBy(v1::Engagement engagement, absl::string_view partner) {
  for (v1::Assignment& one : *engagement.mutable_assignments()) HideScore(one, partner);
  for (v1::Assignment& one : *engagement.mutable_former_assignments()) HideScore(one, partner);
  return engagement;
}

v1::MeetingItem SeenBy(v1::MeetingItem item, absl::string_view partner) {
  if (partner.empty()) return item;
  for (v1::ShortlistSlot& slot : *item.mutable_slots()) {
    slot.clear_open_because();
    for (v1::ShortlistCandidate& candidate : *slot.mutable_candidates()) {
      if (IsOthers(candidate.partner(), partner)) candidate.clear_score_e6();
    }
  }
  return item;
}

v1::Meeting SeenBy(v1::Meeting meeting, absl::string_view partner,
                   absl::Span<const std::string> hidden) {
  auto& items = *meeting.mutable_items();
  LeaveOut(items, [&](const v1::MeetingItem& item) { return Has(hidden, item.request()); });
  for (v1::MeetingItem& item : items) item = SeenBy(std::move(item), partner);
  return meeting;
}

}  // namespace critac::matching
