#include "services/cli/sample/life.h"

#include <algorithm>

#include "services/cli/sample/sample_parts.h"

namespace critac::cli {
namespace {

using intake::v1::PastAction;
using intake::v1::RequestAction;

// Office hours from the Atlantic to Guam, in UTC, are wide; these are those of the east coast.
constexpr int kFirstHour = 13;
constexpr int kLastHour = 21;
constexpr int kEveningHour = 22;

}  // namespace

void Life::Wait(int least_days, int most_days) {
  const int days = dice_.Between(least_days, most_days);
  if (days == 0) {
    now_ += absl::Minutes(dice_.Between(3, 25));
    return;
  }
  const absl::CivilDay day = calendar_.AddDays(today(), days);
  now_ = absl::FromCivil(
      absl::CivilSecond(day.year(), day.month(), day.day(), dice_.Between(kFirstHour, kLastHour),
                        dice_.Between(0, 59), dice_.Between(0, 59)),
      absl::UTCTimeZone());
}

void Life::GoTo(absl::CivilDay day) {
  const absl::Time evening = absl::FromCivil(
      absl::CivilSecond(day.year(), day.month(), day.day(), kEveningHour, dice_.Between(0, 29), 0),
      absl::UTCTimeZone());
  now_ = std::max(evening, now_ + absl::Minutes(1));
}

PastAction& Life::Add(absl::Time time, RequestAction action, const std::string& actor) {
  PastAction& step = *past_.add_actions();
  step.set_action(action);
  *step.mutable_time() = ToTimestamp(time);
  step.set_actor(actor);
  return step;
}

intake::v1::ActionDetails& Life::Take(RequestAction action, const std::string& actor) {
  return *Add(now_, action, actor).mutable_details();
}

void Life::TakePlain(RequestAction action, const std::string& actor) { Add(now_, action, actor); }

intake::v1::ActionDetails& Life::TakeBefore(absl::Time time, RequestAction action,
                                            const std::string& actor) {
  return *Add(time, action, actor).mutable_details();
}

bool CutLife(absl::CivilDay last, intake::v1::PastRequest& past) {
  const int64_t end = absl::ToUnixSeconds(absl::FromCivil(last + 1, absl::UTCTimeZone()));
  auto& actions = *past.mutable_actions();
  const int before = actions.size();
  while (!actions.empty() && actions.rbegin()->time().seconds() >= end) actions.RemoveLast();
  const auto leaves_waiting = [](const PastAction& step) {
    return step.action() == intake::v1::REQUEST_ACTION_COMPLETE_SCOPING ||
           step.action() == intake::v1::REQUEST_ACTION_REMATCH;
  };
  if (!actions.empty() && leaves_waiting(*actions.rbegin())) actions.RemoveLast();
  return actions.size() < before;
}

}  // namespace critac::cli
