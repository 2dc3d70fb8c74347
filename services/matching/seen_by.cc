#include "services/matching/seen_by.h"

#include <algorithm>
#include <utility>

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

void HideLines(v1::SolveRun& run, const Hidden& hidden) {
  const auto is_hidden_proposal = [&](const std::string& name) {
    return Has(hidden.proposals, name);
  };
  LeaveOut(*run.mutable_proposals(), is_hidden_proposal);
  LeaveOut(*run.mutable_superseded(), is_hidden_proposal);
  LeaveOut(*run.mutable_changes(),
           [&](const v1::RunChange& change) { return Has(hidden.requests, change.request()); });
  LeaveOut(*run.mutable_dropped(),
           [&](const v1::DroppedRequest& one) { return Has(hidden.requests, one.request()); });
}

void HideLines(v1::SimulationDifference& difference, const Hidden& hidden) {
  LeaveOut(*difference.mutable_changes(), [&](const v1::AssignmentChange& change) {
    return Has(hidden.requests, change.request());
  });
}

void HideLines(v1::SimulateResponse& response, const Hidden& hidden) {
  if (response.has_recorded()) HideLines(*response.mutable_recorded(), hidden);
  HideLines(*response.mutable_before(), hidden);
  HideLines(*response.mutable_after(), hidden);
  HideLines(*response.mutable_difference(), hidden);
  LeaveOut(*response.mutable_requests(),
           [&](const v1::PlannedRequest& one) { return Has(hidden.requests, one.request()); });
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
      candidate.clear_suspected_conflicts();
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

v1::SolveRun SeenBy(v1::SolveRun run, const Hidden& hidden) {
  HideLines(run, hidden);
  return run;
}

v1::SimulateResponse SeenBy(v1::SimulateResponse response, const Hidden& hidden) {
  HideLines(response, hidden);
  return response;
}

v1::TryPolicyResponse SeenBy(v1::TryPolicyResponse response, const Hidden& hidden) {
  HideLines(*response.mutable_present(), hidden);
  for (v1::PastTrial& trial : *response.mutable_past()) {
    HideLines(*trial.mutable_recorded(), hidden);
    HideLines(*trial.mutable_before(), hidden);
    HideLines(*trial.mutable_after(), hidden);
    HideLines(*trial.mutable_difference(), hidden);
  }
  return response;
}

}  // namespace critac::matching
