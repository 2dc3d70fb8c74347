#ifndef SERVICES_INTAKE_REQUEST_CLOCKS_H_
#define SERVICES_INTAKE_REQUEST_CLOCKS_H_

#include <vector>

#include "absl/time/time.h"
#include "common/base/calendar.h"
#include "critac/intake/v1/catalog.pb.h"
#include "critac/intake/v1/request.pb.h"
#include "services/intake/catalog_view.h"

// The clocks of a request: how long each step took, and until when it may take. Pure.
namespace critac::intake {

// When a clock starts and ends. Each is set off by actions that change the state; the first of the
// two approvals of a plan changes nothing and moves no clock.
struct ClockRule {
  v1::ClockType clock;
  std::vector<v1::RequestAction> starts;
  // What it waits for: a clock that stands stopped reached its goal.
  std::vector<v1::RequestAction> stops;
  // Its goal is given up, and with it the clock.
  std::vector<v1::RequestAction> cancels;
};

// All clocks, in the order of ClockType. Besides what stands there: every running clock pauses in
// NEEDS_INFORMATION and ON_HOLD, and is cancelled when the request ends without reaching its goal.
const std::vector<ClockRule>& ClockRules();

using Clocks = google::protobuf::RepeatedPtrField<v1::Clock>;

// The clocks after an action that leads from one state to another at `time`. A clock that starts
// again is a new one: its past is in the journal. The target is the one of the day it starts on.
Clocks ClocksAfter(const Clocks& clocks, v1::RequestAction action, v1::RequestState from,
                   v1::RequestState to, absl::Time time, const CatalogView& catalog);

// Business days a clock has run: up to its end, or up to `day` where it has none, without its
// pauses. Never negative.
int ElapsedBusinessDays(const v1::Clock& clock, absl::CivilDay day,
                        const BusinessCalendar& calendar);

// Whether a clock ran, or has run by `day`, past its target. One without a target never has.
bool IsPastTarget(const v1::Clock& clock, absl::CivilDay day, const BusinessCalendar& calendar);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_REQUEST_CLOCKS_H_
