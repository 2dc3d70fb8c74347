#include "services/matching/intake_sync.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "critac/matching/v1/engagement.pb.h"
#include "services/matching/engagement_commands.h"
#include "services/matching/engagement_plan.h"
#include "services/matching/engagements.h"

namespace critac::matching {
namespace {

std::string RematchReason(const v1::Engagement& engagement) {
  return absl::StrCat("an expert was lost, and another is sought: slot ",
                      absl::StrJoin(engagement.sought_slots(), ", "));
}

}  // namespace

absl::Status IntakeSync::Handle(const queue::Job& job) {
  ASSIGN_OR_RETURN(const auto engagement, journal_.Get<v1::Engagement>(job.key()));
  if (engagement.settled()) return absl::OkStatus();
  ASSIGN_OR_RETURN(intake::v1::Request request,
                   intake_.GetRequest(engagement.request(), job.trace()));
  for (const intake::v1::RequestAction action : ActionsDue(engagement, request.state())) {
    RETURN_IF_ERROR(Annotate(
        intake_.Act(request.name(), action, CauseOf(engagement),
                    action == intake::v1::REQUEST_ACTION_REMATCH ? RematchReason(engagement) : "",
                    job.trace()),
        job.key()));
  }
  ASSIGN_OR_RETURN(request, intake_.GetRequest(engagement.request(), job.trace()));
  RETURN_IF_ERROR(Annotate(TellPlan(engagement.name(), request, job.trace()), job.key()));
  if (!IsSettled(engagement, request.state())) return absl::OkStatus();
  journal::Command command;
  command.actor = "service:matching";
  command.trace = job.trace();
  command.decide = Settle(engagement.name());
  return journal_.Execute(std::move(command)).status();
}

absl::Status IntakeSync::TellPlan(const std::string& name, const intake::v1::Request& request,
                                  const std::string& trace) {
  // Read after the request: so it has every version that intake knew then, and what intake is told of since makes
  // the request's etag an old one.
  ASSIGN_OR_RETURN(const auto engagement, journal_.Get<v1::Engagement>(name));
  const int version = PlanToTell(engagement, request);
  return version == 0 ? absl::OkStatus() : intake_.RecordPlan(request, version, trace);
}

std::vector<queue::NewJob> SyncJobsOf(absl::Span<const journal::CommittedEvent> events) {
  static constexpr absl::string_view kCauses[] = {
      "critac.matching.v1.EngagementAgreed", "critac.matching.v1.DeliveryRecorded",
      "critac.matching.v1.DeliveryAmended",  "critac.matching.v1.SlotWaived",
      "critac.matching.v1.ExpertReleased",   "critac.matching.v1.TeamRestored",
      "critac.matching.v1.PlanDrawnUp"};
  absl::flat_hash_set<absl::string_view> seen;
  std::vector<queue::NewJob> jobs;
  for (const auto& [event, payload, trace] : events) {
    if (std::find(std::begin(kCauses), std::end(kCauses), event.type()) == std::end(kCauses)) {
      continue;
    }
    if (seen.insert(event.subject()).second) {
      jobs.push_back({.key = event.subject(), .trace = trace});
    }
  }
  return jobs;
}

absl::StatusOr<std::vector<queue::NewJob>> DeriveSyncJobs(journal::Journal& journal) {
  journal::ListQuery query{.collection = "engagements",
                           .condition = {"settled = 0", {}},
                           .page_size = limits::kMaxPageSize};
  std::vector<queue::NewJob> jobs;
  do {
    ASSIGN_OR_RETURN(const auto page, journal.List<v1::Engagement>(query));
    for (const v1::Engagement& engagement : page.items) jobs.push_back({.key = engagement.name()});
    query.page_token = page.next_page_token;
  } while (!query.page_token.empty());
  return jobs;
}

}  // namespace critac::matching
