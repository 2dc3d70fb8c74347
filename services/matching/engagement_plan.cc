#include "services/matching/engagement_plan.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/calendar.h"
#include "common/status/error.h"
#include "services/matching/engagements.h"

namespace critac::matching {
namespace {

constexpr int kMostVersions = 100;

const v1::EngagementPlan* FindVersion(const v1::Engagement& engagement, int version) {
  const auto plan =
      std::find_if(engagement.plans().begin(), engagement.plans().end(),
                   [version](const v1::EngagementPlan& one) { return one.version() == version; });
  return plan == engagement.plans().end() ? nullptr : &*plan;
}

std::string NamesOf(const v1::EngagementPlan& plan) {
  if (plan.milestones().empty()) return "none";
  return absl::StrJoin(plan.milestones(), ", ",
                       [](std::string* out, const v1::Milestone& one) { *out += one.id(); });
}

// Whether a milestone can have been reached on a day; `path` names it in the caller's request.
absl::Status CheckReachedDay(const v1::Engagement& engagement, absl::CivilDay date,
                             absl::CivilDay today, absl::string_view path) {
  if (date > today) {
    return InvalidField(path, absl::StrCat(FormatDate(date), " lies in the future; a milestone is ",
                                           "reached when it is"));
  }
  if (date < DayAgreed(engagement)) {
    return InvalidField(path,
                        absl::StrCat(FormatDate(date), " is before the engagement was agreed, ",
                                     FormatDate(DayAgreed(engagement))));
  }
  return absl::OkStatus();
}

// ---- The past

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

// Newest version of the plan that a request names. 0: none.
int NewestNamed(const intake::v1::Request& request) {
  return std::max({request.plan_version(), request.agency_approval().plan_version(),
                   request.program_approval().plan_version()});
}

// A version is drawn up at `time`, after all versions that the engagement has.
absl::Status CheckDrawUpTime(const v1::Engagement& engagement, absl::Time time, absl::Time now,
                             const std::string& path) {
  if (time > now) return InvalidField(path, absl::StrCat(TimeText(time), " lies in the future"));
  const absl::Time agreed = TimeOf(engagement.create_time());
  if (time < agreed) {
    return InvalidField(path, absl::StrCat(TimeText(time), " is before the engagement was agreed, ",
                                           TimeText(agreed)));
  }
  for (const v1::EngagementPlan& before : engagement.plans()) {
    const absl::Time drawn_up = TimeOf(before.draw_up_time());
    if (!before.has_draw_up_time() || drawn_up <= time) continue;
    return InvalidField(path, absl::StrCat(TimeText(time), " is before version ", before.version(),
                                           " was drawn up, ", TimeText(drawn_up)));
  }
  return absl::OkStatus();
}

// The version after those that the engagement has; `path` names it in the caller's request.
absl::StatusOr<v1::EngagementPlan> PastPlanOf(const v1::Engagement& engagement,
                                              const v1::PastPlan& past, absl::Time now,
                                              const std::string& path) {
  v1::EngagementPlan drawn_up;
  *drawn_up.mutable_objectives() = past.objectives();
  for (const v1::PastMilestone& step : past.milestones()) {
    v1::Milestone& milestone = *drawn_up.add_milestones();
    milestone.set_title(step.title());
    milestone.set_due_date(step.due_date());
    milestone.set_slot(step.slot());
  }
  ASSIGN_OR_RETURN(v1::EngagementPlan plan, NextPlan(engagement, drawn_up, path));
  plan.set_drawn_up_by(past.drawn_up_by());
  if (past.has_draw_up_time()) {
    RETURN_IF_ERROR(CheckDrawUpTime(engagement, TimeOf(past.draw_up_time()), now,
                                    absl::StrCat(path, ".draw_up_time")));
    *plan.mutable_draw_up_time() = past.draw_up_time();
  }
  for (int i = 0; i < past.milestones_size(); ++i) {
    const std::string& reached = past.milestones(i).reached_date();
    if (reached.empty()) continue;
    const std::string field = absl::StrCat(path, ".milestones[", i, "].reached_date");
    const auto day = ParseDate(reached);
    if (!day.has_value()) return InvalidField(field, absl::StrCat(reached, " is no day"));
    RETURN_IF_ERROR(CheckReachedDay(engagement, *day, DayOf(now), field));
    plan.mutable_milestones(i)->set_reached_date(reached);
  }
  return plan;
}

}  // namespace

absl::Status CheckPlanOpen(const intake::v1::Request& request) {
  if (request.state() == intake::v1::REQUEST_STATE_READY ||
      request.state() == intake::v1::REQUEST_STATE_MATCHED) {
    return absl::OkStatus();
  }
  return FailedPrecondition(
      "PLAN_APPROVED", request.name(),
      absl::StrCat("is ", intake::v1::RequestState_Name(request.state()),
                   "; a plan is drawn up until agency and program office have approved it"));
}

absl::StatusOr<v1::EngagementPlan> NextPlan(const v1::Engagement& engagement,
                                            const v1::EngagementPlan& plan,
                                            absl::string_view path) {
  RETURN_IF_ERROR(CheckUnderWay(engagement));
  if (engagement.plans_size() >= kMostVersions) {
    return FailedPrecondition("TOO_MANY_VERSIONS", engagement.name(),
                              absl::StrCat("its plan has ", kMostVersions, " versions"));
  }
  v1::EngagementPlan next = plan;
  next.set_version(engagement.plans_size() + 1);
  const std::set<std::string> slots = SlotsOf(engagement);
  for (int i = 0; i < next.milestones_size(); ++i) {
    v1::Milestone& milestone = *next.mutable_milestones(i);
    const std::string at = absl::StrCat(path, ".milestones[", i, "]");
    const auto due = ParseDate(milestone.due_date());
    if (!due.has_value() || *due < DayAgreed(engagement)) {
      return InvalidField(
          absl::StrCat(at, ".due_date"),
          absl::StrCat(milestone.due_date(), " is before the engagement was agreed, ",
                       FormatDate(DayAgreed(engagement))));
    }
    if (!milestone.slot().empty() && !slots.contains(milestone.slot())) {
      return InvalidField(
          absl::StrCat(at, ".slot"),
          absl::StrCat("'", milestone.slot(),
                       "' is none of the engagement's slots: ", absl::StrJoin(slots, ", ")));
    }
    milestone.set_id(absl::StrCat("m", i + 1));
    milestone.clear_reached_date();
  }
  return next;
}

absl::StatusOr<std::vector<v1::EngagementPlan>> PastPlans(
    v1::Engagement engagement, const google::protobuf::RepeatedPtrField<v1::PastPlan>& plans,
    const intake::v1::Request& request, absl::Time now) {
  for (int i = 0; i < plans.size(); ++i) {
    ASSIGN_OR_RETURN(*engagement.add_plans(),
                     PastPlanOf(engagement, plans[i], now, absl::StrCat("plans[", i, "]")));
  }
  const int named = NewestNamed(request);
  if (named > plans.size()) {
    return InvalidField(
        "plans", absl::StrCat("are ", plans.size(), ", and ", request.name(), " names version ",
                              named, " of the plan; each version up to that has to be here"));
  }
  return std::vector<v1::EngagementPlan>(engagement.plans().begin(), engagement.plans().end());
}

int PlanToTell(const v1::Engagement& engagement, const intake::v1::Request& request) {
  const int newest = engagement.plans_size();
  const bool asks = request.state() == intake::v1::REQUEST_STATE_MATCHED && !engagement.settled();
  return asks && request.plan_version() != newest ? newest : 0;
}

absl::StatusOr<int> PlanInForce(const v1::Engagement& engagement,
                                const intake::v1::Request& request) {
  const int version = request.agency_approval().plan_version();
  const bool approved = request.has_agency_approval() && request.has_program_approval() &&
                        request.program_approval().plan_version() == version;
  if (engagement.plans().empty()) {
    return FailedPrecondition("PLAN_NOT_APPROVED", engagement.name(),
                              CheckPlanOpen(request).ok()
                                  ? "has no plan; draw one up"
                                  : "has no plan, and so no milestones; none was drawn up in time");
  }
  if (!approved) {
    return FailedPrecondition("PLAN_NOT_APPROVED", engagement.name(),
                              "has no plan that both agency and program office have approved");
  }
  if (version == 0) return engagement.plans_size();
  if (FindVersion(engagement, version) == nullptr) {
    return FailedPrecondition(
        "PLAN_NOT_APPROVED", engagement.name(),
        absl::StrCat("has no version ", version, " of its plan, which is the one approved; it has ",
                     engagement.plans_size()));
  }
  return version;
}

absl::StatusOr<v1::MilestoneReached> ReachedMilestone(const v1::Engagement& engagement, int version,
                                                      absl::string_view milestone,
                                                      absl::CivilDay date, absl::CivilDay today) {
  const v1::EngagementPlan* plan = FindVersion(engagement, version);
  const bool known = plan != nullptr &&
                     std::any_of(plan->milestones().begin(), plan->milestones().end(),
                                 [&](const v1::Milestone& one) { return one.id() == milestone; });
  if (!known) {
    return InvalidField("milestone", absl::StrCat("'", milestone, "' is none of the milestones of ",
                                                  "version ", version, " of the plan: ",
                                                  plan == nullptr ? "none" : NamesOf(*plan)));
  }
  RETURN_IF_ERROR(CheckReachedDay(engagement, date, today, "date"));
  v1::MilestoneReached reached;
  reached.set_engagement(engagement.name());
  reached.set_plan_version(version);
  reached.set_milestone(std::string(milestone));
  reached.set_date(FormatDate(date));
  return reached;
}

}  // namespace critac::matching
