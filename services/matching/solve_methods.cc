#include "services/matching/solve_methods.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "critac/matching/v1/states.pb.h"
#include "services/matching/match_commands.h"
#include "services/matching/matching_states.h"
#include "services/matching/overtaken_plan.h"
#include "services/matching/proposal_decisions.h"
#include "services/matching/suspected_conflict_reader.h"

namespace critac::matching {
namespace {

// A plan, and what is suspected of whom it has.
struct SolvedTry {
  std::shared_ptr<const PoolView> view;
  std::shared_ptr<const Solved> solved;
  SuspectedConflicts suspected;
  int64_t sequence = 0;
  std::string last_run;
};

// The event of a run, whose name has its number; 0: there is no run.
int64_t EventOfRun(absl::string_view run) {
  int64_t sequence = 0;
  if (!absl::ConsumePrefix(&run, "runs/r") || !absl::SimpleAtoi(run, &sequence)) return 0;
  return sequence;
}

// Says of which moment the records of the view are. The view may have been read before the last run was recorded, and
// is still of now where its input has not changed; then it is of the moment of that run as well. So a run is made of
// later records than the one before it. False: they have changed already.
absl::StatusOr<bool> SetMoment(journal::Journal& journal, SolvedTry& one) {
  absl::StatusOr<v1::SolverInputs> inputs = journal.Get<v1::SolverInputs>(kSolverInputs);
  if (absl::IsNotFound(inputs.status())) inputs = v1::SolverInputs();
  RETURN_IF_ERROR(inputs.status());
  if (inputs->revision() != one.view->revision) return false;
  one.last_run = inputs->last_run();
  one.sequence = std::max(one.view->sequence, EventOfRun(one.last_run));
  return true;
}

// Puts what is suspected by the records of now in the place of what was when the plan was made.
absl::Status SetSuspectedNow(journal::Journal& journal, const PoolView& now, StandingPart& part) {
  std::vector<SlotExpert> pairs;
  for (const ProposalChange& change : part.changes) {
    for (const v1::Assignment& one : change.proposal.assignments()) {
      const std::optional<int> slot = now.pool->FindSlot(change.proposal.request(), one.slot());
      const std::optional<int> expert = now.pool->FindExpert(one.expert());
      if (slot.has_value() && expert.has_value()) pairs.emplace_back(*slot, *expert);
    }
  }
  ASSIGN_OR_RETURN(const SuspectedConflicts suspected, ReadSuspectedConflicts(journal, now, pairs));
  for (ProposalChange& change : part.changes) {
    for (v1::Assignment& one : *change.proposal.mutable_assignments()) {
      SetSuspectedConflicts(*now.pool, change.proposal.request(), suspected, one);
    }
  }
  return absl::OkStatus();
}

absl::Status RecordWhatStands(journal::Journal& journal, SolvedTry last, bool asked,
                              ExecuteInTurn execute) {
  auto overtaken = std::make_shared<OvertakenPlan>();
  overtaken->outcome = OutcomeOf(*last.view->pool, last.solved->plan, *last.view->demands,
                                 *last.view->standing, last.suspected);
  overtaken->view = std::move(last.view);
  overtaken->solved = std::move(last.solved);
  overtaken->sequence = last.sequence;
  overtaken->last_run = std::move(last.last_run);
  return execute(
      [&](std::shared_ptr<const PoolView> now) -> absl::StatusOr<journal::Decide> {
        StandingPart part = StandingPartOf(overtaken->outcome, *overtaken->view->demands,
                                           *now->pool, *now->demands, *now->standing);
        RETURN_IF_ERROR(SetSuspectedNow(journal, *now, part));
        return RecordStanding(std::move(now), overtaken, std::move(part), asked);
      },
      Work::kReads);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const PoolView>> SolveAndRecord(journal::Journal& journal,
                                                               const Clock& clock, bool asked,
                                                               ExecuteInTurn execute) {
  std::shared_ptr<const PoolView> made_from;
  std::optional<SolvedTry> last;
  const absl::Status status = execute(
      [&](std::shared_ptr<const PoolView> view) -> absl::StatusOr<journal::Decide> {
        made_from = view;
        SolvedTry now;
        now.view = view;
        ASSIGN_OR_RETURN(const bool is_of_now, SetMoment(journal, now));
        ASSIGN_OR_RETURN(now.solved, view->Solve(clock));
        ASSIGN_OR_RETURN(now.suspected, ReadSuspectedConflicts(journal, *view, now.solved->plan));
        absl::StatusOr<journal::Decide> decide =
            RecordSolve(view, now.solved->plan, now.solved->run, asked, now.suspected);
        if (is_of_now) last = std::move(now);
        return decide;
      },
      Work::kSolves);
  if (status.ok()) return made_from;
  if (ReasonOf(status) != "INPUTS_CHANGED" || !last.has_value()) return status;
  made_from = last->view;
  RETURN_IF_ERROR(RecordWhatStands(journal, *std::move(last), asked, execute));
  return made_from;
}

}  // namespace critac::matching
