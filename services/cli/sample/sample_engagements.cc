// The engagements of the requests that were matched.

#include <algorithm>
#include <utility>

#include "services/cli/sample/sample_parts.h"

namespace critac::cli {

std::vector<matching::v1::PastEngagement> MakeEngagements(
    const std::vector<SampleRequest>& requests, const std::vector<matching::v1::Expert>& experts) {
  std::vector<matching::v1::PastEngagement> engagements;
  for (const SampleRequest& request : requests) {
    if (!request.matched) continue;
    matching::v1::PastEngagement& engagement = engagements.emplace_back();
    engagement.set_external_id(request.engagement_id);
    engagement.set_request_external_id(request.past.external_id());
    *engagement.mutable_create_time() = ToTimestamp(request.match_time);
    if (!request.plan.objectives().empty()) *engagement.add_plans() = request.plan;
    std::vector<matching::v1::Delivery> deliveries;
    for (const SampleSlot& slot : request.slots) {
      for (const size_t expert : slot.experts) {
        auto& assignment = *engagement.add_assignments();
        assignment.set_slot(slot.slot.id());
        assignment.set_expert(experts[expert].name());
        assignment.set_partner(experts[expert].partner());
      }
      deliveries.insert(deliveries.end(), slot.deliveries.begin(), slot.deliveries.end());
    }
    // In the order in which they took place.
    std::stable_sort(deliveries.begin(), deliveries.end(),
                     [](const auto& a, const auto& b) { return a.date() < b.date(); });
    for (matching::v1::Delivery& delivery : deliveries) {
      *engagement.add_deliveries() = std::move(delivery);
    }
  }
  return engagements;
}

}  // namespace critac::cli
