#include "services/matching/match_worker.h"

#include <algorithm>
#include <utility>

#include "common/base/calendar.h"
#include "common/status/error.h"
#include "critac/matching/v1/match.pb.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/match_commands.h"
#include "services/matching/matching_states.h"
#include "services/matching/period.h"
#include "services/matching/pool_methods.h"
#include "services/matching/solve_methods.h"

namespace critac::matching {

absl::Status MatchWorker::Handle(const queue::Job& job) {
  if (job.key() != kSolveJob) return Annotate(Follow(job.key(), job.trace()), job.key());
  return Annotate(Solve(job.trace()), "solving");
}

absl::Status MatchWorker::Follow(const std::string& request, const std::string& trace) {
  ASSIGN_OR_RETURN(intake::v1::Request now, intake_.GetRequest(request, trace));
  journal::Command command;
  command.actor = "service:matching";
  command.trace = trace;
  command.decide = FollowRequest(std::move(now));
  return journal_.Execute(std::move(command)).status();
}

absl::Status MatchWorker::Solve(const std::string& trace) {
  ASSIGN_OR_RETURN(const bool due, IsSolveDue());
  if (!due) return absl::OkStatus();
  const auto turn = lease_.Take("service:matching", absl::InfiniteFuture());
  // No failure of the job: who comes next does it.
  if (ReasonOf(turn.status()) == "STOPPING") return absl::CancelledError(turn.status().message());
  RETURN_IF_ERROR(turn.status());
  // By another worker, before it was this one's turn, it may have been done.
  ASSIGN_OR_RETURN(const bool still_due, IsSolveDue());
  if (!still_due) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::shared_ptr<const PoolView> solved,
                   SolveAndRecord(journal_, clock_, false, [&](const MakeDecide& make, Work work) {
                     return ExecuteOnPool(journal_, pools_, trace, make, &PoolReader::Read,
                                          (*turn)->guard(), work);
                   }));
  // Where they changed before it was recorded, these are not the records of now, and it stays due.
  return store_.Set({solved->revision, DayNumber(solved->today)});
}

absl::Status MatchWorker::ForgetSolvedBefore() {
  absl::MutexLock lock(&mutex_);
  if (forgot_) return absl::OkStatus();
  RETURN_IF_ERROR(store_.Forget());
  forgot_ = true;
  return absl::OkStatus();
}

absl::StatusOr<bool> MatchWorker::IsSolveDue() {
  RETURN_IF_ERROR(ForgetSolvedBefore());
  const auto inputs = journal_.Get<v1::SolverInputs>(kSolverInputs);
  if (!inputs.ok() && inputs.status().code() != absl::StatusCode::kNotFound) return inputs.status();
  if (!inputs.ok()) return false;
  ASSIGN_OR_RETURN(const SolveMark solved, store_.Read());
  if (solved == SolveMark{inputs->revision(), DayNumber(DayOf(clock_.Now()))}) return false;
  ASSIGN_OR_RETURN(
      const auto open,
      journal_.List<v1::Demand>({.collection = "demands",
                                 .condition = {"state = :p1", {int64_t{v1::DEMAND_STATE_OPEN}}},
                                 .page_size = 1}));
  return !open.items.empty();
}

absl::StatusOr<std::vector<queue::NewJob>> MatchWorker::Due() {
  ASSIGN_OR_RETURN(const bool due, IsSolveDue());
  if (!due) return std::vector<queue::NewJob>();
  return std::vector<queue::NewJob>{{.key = kSolveJob}};
}

std::vector<queue::NewJob> SolveJobOf(absl::Span<const journal::CommittedEvent> events) {
  static constexpr absl::string_view kNot[] = {
      "critac.matching.v1.PolicyProposed",    "critac.matching.v1.PolicyTried",
      "critac.matching.v1.PolicyRejected",    "critac.matching.v1.SolveRecorded",
      "critac.matching.v1.ProposalMade",      "critac.matching.v1.OfferReminded",
      "critac.matching.v1.SlotEscalated",     "critac.matching.v1.TeamRestored",
      "critac.matching.v1.EngagementSettled", "critac.matching.v1.PlanDrawnUp",
      "critac.matching.v1.MilestoneReached",  "critac.matching.v1.MeetingCalled",
      "critac.matching.v1.MeetingNoted",      "critac.matching.v1.MeetingVoted",
      "critac.matching.v1.MeetingDecided",    "critac.matching.v1.MeetingClosed"};
  const auto cause =
      std::find_if(events.begin(), events.end(), [](const journal::CommittedEvent& one) {
        return std::find(std::begin(kNot), std::end(kNot), one.event.type()) == std::end(kNot);
      });
  if (cause == events.end()) return {};
  return {{.key = kSolveJob, .trace = cause->trace}};
}

}  // namespace critac::matching
