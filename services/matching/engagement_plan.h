#ifndef SERVICES_MATCHING_ENGAGEMENT_PLAN_H_
#define SERVICES_MATCHING_ENGAGEMENT_PLAN_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/events.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

// What an engagement is to achieve, and by when. Pure.
namespace critac::matching {

// Whether a plan of an engagement can still be drawn up. FAILED_PRECONDITION, reason PLAN_APPROVED, with where the
// request stands.
absl::Status CheckPlanOpen(const intake::v1::Request& request);

// The next version of an engagement's plan: numbered, its milestones named `m1`, `m2`, …. Who and when are the caller's
// to set. INVALID_ARGUMENT: a milestone is due before the engagement was agreed, or names a slot that is none of it;
// `path` is what the caller's request calls the plan. FAILED_PRECONDITION, reason ENGAGEMENT_OVER, or
// TOO_MANY_VERSIONS after a hundred.
absl::StatusOr<v1::EngagementPlan> NextPlan(const v1::Engagement& engagement,
                                            const v1::EngagementPlan& plan,
                                            absl::string_view path = "plan");

// The versions of a past engagement's plan, numbered and named as by NextPlan, each milestone with the day on which it
// was reached. `engagement` has no plan and no delivery yet. INVALID_ARGUMENT, with the path from `plans` on: what
// NextPlan and ReachedMilestone refuse; a version drawn up before the engagement was agreed, before the version before
// it, or after `now`; fewer versions than the request names, so that an approval that names a version is always of a
// plan that is on record.
absl::StatusOr<std::vector<v1::EngagementPlan>> PastPlans(
    v1::Engagement engagement, const google::protobuf::RepeatedPtrField<v1::PastPlan>& plans,
    const intake::v1::Request& request, absl::Time now);

// The version of the plan that intake is to be told now: the newest, while the request is matched and says another. 0:
// none, as for an engagement that is settled, in whose place another may stand.
int PlanToTell(const v1::Engagement& engagement, const intake::v1::Request& request);

// Version of the plan that is in force, by the approvals of the request. Where both are from before an approval named a
// version, that is the last. FAILED_PRECONDITION, reason PLAN_NOT_APPROVED: none is.
absl::StatusOr<int> PlanInForce(const v1::Engagement& engagement,
                                const intake::v1::Request& request);

// What reaching a milestone of a version on a day means. INVALID_ARGUMENT: there is no such milestone; the day is after
// `today`, or before the engagement was agreed.
absl::StatusOr<v1::MilestoneReached> ReachedMilestone(const v1::Engagement& engagement, int version,
                                                      absl::string_view milestone,
                                                      absl::CivilDay date, absl::CivilDay today);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_ENGAGEMENT_PLAN_H_
