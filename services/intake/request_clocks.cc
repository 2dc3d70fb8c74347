#include "services/intake/request_clocks.h"

#include <algorithm>

#include "services/intake/proto_time.h"
#include "services/intake/request_state.h"

namespace critac::intake {
namespace {

using v1::Clock;
using v1::RequestAction;
using v1::RequestState;

bool Contains(const std::vector<RequestAction>& actions, RequestAction action) {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

bool IsRunning(const Clock& clock) { return !clock.has_stop_time(); }

void SetDueDate(Clock& clock, const CatalogView& catalog) {
  if (clock.target_business_days() == 0) return;
  clock.set_due_date(
      FormatDate(catalog.DueDay(DayOf(FromProto(clock.start_time())),
                                clock.target_business_days() + clock.paused_business_days())));
}

// A paused clock that is stopped, which no action of the table does, would stop at its pause.
void Stop(Clock& clock, absl::Time time) {
  *clock.mutable_stop_time() = clock.has_pause_time() ? clock.pause_time() : ToProto(time);
  clock.clear_pause_time();
}

void Pause(Clock& clock, absl::Time time) {
  if (!clock.has_pause_time()) *clock.mutable_pause_time() = ToProto(time);
}

void Resume(Clock& clock, absl::Time time, const CatalogView& catalog) {
  if (!clock.has_pause_time()) return;
  clock.set_paused_business_days(
      clock.paused_business_days() +
      catalog.calendar().DaysBetween(DayOf(FromProto(clock.pause_time())), DayOf(time)));
  clock.clear_pause_time();
  SetDueDate(clock, catalog);
}

Clock Started(v1::ClockType type, absl::Time time, const CatalogView& catalog) {
  Clock clock;
  clock.set_type(type);
  *clock.mutable_start_time() = ToProto(time);
  clock.set_target_business_days(catalog.TargetOn(type, DayOf(time)));
  SetDueDate(clock, catalog);
  return clock;
}

// A clock as it is after the action; nothing where it does not run and never came to its end.
std::optional<Clock> After(const ClockRule& rule, const Clock* before, RequestAction action,
                           RequestState to, absl::Time time, const CatalogView& catalog) {
  if (Contains(rule.starts, action)) return Started(rule.clock, time, catalog);
  if (before == nullptr) return std::nullopt;
  Clock clock = *before;
  if (!IsRunning(clock)) return clock;
  if (Contains(rule.stops, action)) {
    Stop(clock, time);
  } else if (IsEnded(to) || Contains(rule.cancels, action)) {
    return std::nullopt;
  }
  return clock;
}

}  // namespace

const std::vector<ClockRule>& ClockRules() {
  static const auto& rules = *new std::vector<ClockRule>{
      {v1::CLOCK_TYPE_ACKNOWLEDGE,
       {v1::REQUEST_ACTION_SUBMIT},
       {v1::REQUEST_ACTION_ACKNOWLEDGE},
       {}},
      {v1::CLOCK_TYPE_FIRST_CONTACT,
       {v1::REQUEST_ACTION_SUBMIT, v1::REQUEST_ACTION_REOPEN},
       {v1::REQUEST_ACTION_ASK_FOR_INFORMATION, v1::REQUEST_ACTION_ACCEPT},
       {}},
      {v1::CLOCK_TYPE_SCOPE,
       {v1::REQUEST_ACTION_ACCEPT},
       {v1::REQUEST_ACTION_COMPLETE_SCOPING},
       {}},
      {v1::CLOCK_TYPE_MATCH,
       {v1::REQUEST_ACTION_COMPLETE_SCOPING, v1::REQUEST_ACTION_REMATCH},
       {v1::REQUEST_ACTION_RECORD_MATCH},
       {}},
      {v1::CLOCK_TYPE_PLAN,
       {v1::REQUEST_ACTION_RECORD_MATCH},
       {v1::REQUEST_ACTION_APPROVE_PLAN},
       {v1::REQUEST_ACTION_REMATCH}},
      {v1::CLOCK_TYPE_FIRST_DELIVERY,
       {v1::REQUEST_ACTION_APPROVE_PLAN},
       {v1::REQUEST_ACTION_START_DELIVERY},
       {v1::REQUEST_ACTION_REMATCH}},
      {v1::CLOCK_TYPE_CLOSE,
       {v1::REQUEST_ACTION_SUBMIT, v1::REQUEST_ACTION_REOPEN},
       {v1::REQUEST_ACTION_CLOSE},
       {}},
  };
  return rules;
}

Clocks ClocksAfter(const Clocks& clocks, RequestAction action, RequestState from, RequestState to,
                   absl::Time time, const CatalogView& catalog) {
  if (from == to) return clocks;
  Clocks after;
  const bool afresh = action == v1::REQUEST_ACTION_REOPEN;
  for (const ClockRule& rule : ClockRules()) {
    const auto before = std::find_if(clocks.begin(), clocks.end(), [&](const Clock& clock) {
      return clock.type() == rule.clock;
    });
    std::optional<Clock> clock = After(rule, before == clocks.end() || afresh ? nullptr : &*before,
                                       action, to, time, catalog);
    if (!clock.has_value()) continue;
    if (IsRunning(*clock)) {
      if (IsPaused(to)) {
        Pause(*clock, time);
      } else {
        Resume(*clock, time, catalog);
      }
    }
    *after.Add() = *std::move(clock);
  }
  return after;
}

int ElapsedBusinessDays(const Clock& clock, absl::CivilDay day, const BusinessCalendar& calendar) {
  absl::CivilDay end = day;
  if (clock.has_pause_time()) end = std::min(end, DayOf(FromProto(clock.pause_time())));
  if (clock.has_stop_time()) end = DayOf(FromProto(clock.stop_time()));
  const int days = calendar.DaysBetween(DayOf(FromProto(clock.start_time())), end);
  return std::max(0, days - clock.paused_business_days());
}

bool IsPastTarget(const Clock& clock, absl::CivilDay day, const BusinessCalendar& calendar) {
  return clock.target_business_days() > 0 &&
         ElapsedBusinessDays(clock, day, calendar) > clock.target_business_days();
}

}  // namespace critac::intake
