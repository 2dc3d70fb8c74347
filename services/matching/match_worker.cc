#include "services/matching/match_worker.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "common/status/error.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/match_commands.h"
#include "services/matching/matching_states.h"
#include "services/matching/pool_methods.h"
#include "services/matching/solve.h"

namespace critac::matching {

absl::Status MatchWorker::Handle(const queue::Job& job) {
  if (job.key() != kSolveJob) RETURN_IF_ERROR(Annotate(Follow(job.key()), job.key()));
  return Annotate(Solve(), "solving");
}

absl::Status MatchWorker::Follow(const std::string& request) {
  ASSIGN_OR_RETURN(intake::v1::Request now, intake_.GetRequest(request));
  journal::Command command;
  command.actor = "service:matching";
  command.decide = FollowRequest(std::move(now));
  return journal_.Execute(std::move(command)).status();
}

absl::Status MatchWorker::Solve() {
  return ExecuteOnPool(
      journal_, pools_,
      [this](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
        ASSIGN_OR_RETURN(Solved solved, SolveAndCheck(*view->pool, view->policy.version(), clock_));
        return RecordSolve(view, std::move(solved.plan), std::move(solved.run), false);
      });
}

std::vector<queue::NewJob> MatchJobsOf(absl::Span<const journal::Event> events) {
  static constexpr absl::string_view kCauses[] = {
      "critac.matching.v1.ConflictSet",   "critac.matching.v1.ExpertSet",
      "critac.matching.v1.OfferDeclined", "critac.matching.v1.PartnerSet",
      "critac.matching.v1.PolicySet",     "critac.matching.v1.DemandClosed"};
  const bool caused = std::any_of(events.begin(), events.end(), [](const journal::Event& event) {
    return std::find(std::begin(kCauses), std::end(kCauses), event.type()) != std::end(kCauses);
  });
  if (!caused) return {};
  return {{.key = kSolveJob}};
}

absl::StatusOr<std::vector<queue::NewJob>> DeriveMatchJobs(journal::Journal& journal) {
  ASSIGN_OR_RETURN(const auto page,
                   journal.List<v1::Demand>({.collection = "demands",
                                             .condition = {"state = :p1 AND proposal = ''",
                                                           {int64_t{v1::DEMAND_STATE_OPEN}}},
                                             .page_size = 1}));
  if (page.items.empty()) return std::vector<queue::NewJob>();
  return std::vector<queue::NewJob>{{.key = kSolveJob}};
}

}  // namespace critac::matching
