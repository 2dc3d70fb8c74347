#include "services/matching/delivery_days.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"

namespace critac::matching {
namespace {

constexpr int kQuarterHoursADay = 96;
// Deliveries that a message names.
constexpr size_t kMostNamed = 5;

// What counts of a delivery (v1::Delivery or v1::DayDelivery) on its day.
int CountedOf(const auto& delivery) {
  return delivery.quarter_hours() > kQuarterHoursADay ? 0 : delivery.quarter_hours();
}

std::string Hours(int quarter_hours) { return absl::StrCat(quarter_hours / 4.0); }

}  // namespace

std::string ExpertDayName(absl::string_view expert, absl::string_view date) {
  return absl::StrCat("expertDays/", absl::StripPrefix(expert, "experts/"), "@", date);
}

std::vector<std::string> ExpertsOf(const v1::Engagement& engagement, absl::string_view slot) {
  std::set<std::string> experts;
  for (const v1::Assignment& one : engagement.assignments()) {
    if (one.slot() == slot) experts.insert(one.expert());
  }
  return {experts.begin(), experts.end()};
}

std::vector<std::string> GiversOf(const v1::Engagement& engagement, const v1::Delivery& delivery,
                                  absl::string_view slot) {
  if (delivery.slot() != slot) return ExpertsOf(engagement, slot);
  return {delivery.experts().begin(), delivery.experts().end()};
}

v1::DayDelivery DayDeliveryOf(const v1::Engagement& engagement, const v1::Delivery& delivery) {
  v1::DayDelivery kept;
  kept.set_engagement(engagement.name());
  kept.set_delivery(delivery.id());
  kept.set_agency(engagement.agency().agency());
  kept.set_mode(delivery.mode());
  kept.set_quarter_hours(delivery.quarter_hours());
  return kept;
}

DayChecks ChecksOfAmendment(const v1::Delivery& before, const v1::Delivery& after) {
  const bool moved = before.date() != after.date() || before.slot() != after.slot();
  return {.hours = moved || CountedOf(after) > CountedOf(before),
          .site = moved || before.mode() != after.mode()};
}

absl::Status CheckSameDay(absl::string_view expert, absl::string_view date, DayChecks checks,
                          const v1::DayDelivery& delivery, absl::Span<const v1::DayDelivery> others,
                          const std::function<std::string(const v1::DayDelivery&)>& words) {
  int before = 0;
  std::vector<std::string> named;
  for (const v1::DayDelivery& other : others) {
    if (checks.site && delivery.mode() == type::v1::DELIVERY_MODE_ON_SITE &&
        other.mode() == type::v1::DELIVERY_MODE_ON_SITE && other.agency() != delivery.agency()) {
      return FailedPrecondition(
          "SITE_CLASH", expert,
          absl::StrCat("was on site at another agency on ", date, ": ", words(other)));
    }
    if (CountedOf(other) == 0) continue;
    before += CountedOf(other);
    if (named.size() < kMostNamed) {
      named.push_back(absl::StrCat(Hours(CountedOf(other)), " in ", words(other)));
    }
  }
  const int own = CountedOf(delivery);
  if (!checks.hours || own == 0 || before + own <= kQuarterHoursADay) return absl::OkStatus();
  return FailedPrecondition("HOURS_CLASH", expert,
                            absl::StrCat("delivered ", Hours(before), " hours on ", date,
                                         " already (", absl::StrJoin(named, ", "), "); ",
                                         Hours(own), " more would be above the 24 of a day"));
}

}  // namespace critac::matching
