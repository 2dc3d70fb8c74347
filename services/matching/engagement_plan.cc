#include "services/matching/engagement_plan.h"

#include <algorithm>
#include <set>
#include <string>

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
                                            const v1::EngagementPlan& plan) {
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
    const std::string path = absl::StrCat("plan.milestones[", i, "]");
    const auto due = ParseDate(milestone.due_date());
    if (!due.has_value() || *due < DayAgreed(engagement)) {
      return InvalidField(
          absl::StrCat(path, ".due_date"),
          absl::StrCat(milestone.due_date(), " is before the engagement was agreed, ",
                       FormatDate(DayAgreed(engagement))));
    }
    if (!milestone.slot().empty() && !slots.contains(milestone.slot())) {
      return InvalidField(
          absl::StrCat(path, ".slot"),
          absl::StrCat("'", milestone.slot(),
                       "' is none of the engagement's slots: ", absl::StrJoin(slots, ", ")));
    }
    milestone.set_id(absl::StrCat("m", i + 1));
    milestone.clear_reached_date();
  }
  return next;
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
  if (date > today) {
    return InvalidField("date",
                        absl::StrCat(FormatDate(date), " lies in the future; a milestone is ",
                                     "reached when it is"));
  }
  if (date < DayAgreed(engagement)) {
    return InvalidField("date",
                        absl::StrCat(FormatDate(date), " is before the engagement was agreed, ",
                                     FormatDate(DayAgreed(engagement))));
  }
  v1::MilestoneReached reached;
  reached.set_engagement(engagement.name());
  reached.set_plan_version(version);
  reached.set_milestone(std::string(milestone));
  reached.set_date(FormatDate(date));
  return reached;
}

}  // namespace critac::matching
