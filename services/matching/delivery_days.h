#ifndef SERVICES_MATCHING_DELIVERY_DAYS_H_
#define SERVICES_MATCHING_DELIVERY_DAYS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/states.pb.h"

// What experts delivered on which day, and what one person cannot do on one. Pure.
namespace critac::matching {

// `expertDays/e012@2026-11-20`: what `experts/e012` delivered on a day.
std::string ExpertDayName(absl::string_view expert, absl::string_view date);

// Who serves in a slot of an engagement, by name.
std::vector<std::string> ExpertsOf(const v1::Engagement& engagement, absl::string_view slot);

// Who gave a delivery that is on record, were it of `slot`: in its own those who did, in another one those who serve
// there.
std::vector<std::string> GiversOf(const v1::Engagement& engagement, const v1::Delivery& delivery,
                                  absl::string_view slot);

// What is kept of a delivery under the days of those who gave it.
v1::DayDelivery DayDeliveryOf(const v1::Engagement& engagement, const v1::Delivery& delivery);

// What of a delivery is held against the others of its day.
struct DayChecks {
  bool hours = true;
  bool site = true;
};

// What a correction has to be held against the others of the day for: no more than what it may make worse, so that a
// day on which past deliveries clash can be set right one by one.
DayChecks ChecksOfAmendment(const v1::Delivery& before, const v1::Delivery& after);

// Whether an expert can have given `delivery` beside `others`, which are all that the same person gave on its day. What
// took longer than a day was the work of several, so its hours are of no one day, and not counted. `words` names a
// delivery in the message. FAILED_PRECONDITION, reason HOURS_CLASH: they would make more than 24 hours; reason
// SITE_CLASH: another was on site at another agency.
absl::Status CheckSameDay(absl::string_view expert, absl::string_view date, DayChecks checks,
                          const v1::DayDelivery& delivery, absl::Span<const v1::DayDelivery> others,
                          const std::function<std::string(const v1::DayDelivery&)>& words);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_DELIVERY_DAYS_H_
