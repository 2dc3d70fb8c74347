#ifndef SERVICES_MATCHING_MATCH_COMMANDS_H_
#define SERVICES_MATCHING_MATCH_COMMANDS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/journal/command.h"
#include "critac/intake/v1/request.pb.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/overtaken_plan.h"
#include "services/matching/pool_reader.h"
#include "services/matching/suspected_conflict.h"

// The commands of matching from a ready request to the offers. Those that rest on a pool
// are refused with ABORTED, reason INPUTS_CHANGED, when something it was made of has changed since:
// read again and redo.
namespace critac::matching {

// Takes up a request that is ready, or follows one that is not any more: the demand is opened,
// opened afresh (the request became ready once more), or closed with its proposal and open offers. That
// of an engagement which lost an expert is opened for the lost place alone; where such a request is
// set aside, the rest of the team is kept.
// Nothing happens where the demand is as the request is.
journal::Decide FollowRequest(intake::v1::Request request);

// Records a plan: the run with what proves it, and the proposals it changes; a run that changes none only where it
// was asked for (`asked`). What the policy asks no person about is offered at once (see MayOfferUnasked), but for
// those of whom something is suspected, which their proposals say. Answers with the run.
journal::Decide RecordSolve(std::shared_ptr<const PoolView> view, Plan plan, v1::SolveRun run,
                            bool asked, SuspectedConflicts suspected = {});

// A plan of records that changed before it was recorded.
struct OvertakenPlan {
  std::shared_ptr<const PoolView> view;
  std::shared_ptr<const struct Solved> solved;
  // By the view, what it changes.
  PlanOutcome outcome;
  // An event after which the records were those of the view, none before the last run that was recorded then; and that
  // run. Empty: there was none.
  int64_t sequence = 0;
  std::string last_run;
};

// Records what still stands of such a plan by the records of `now`, as RecordSolve does: the run says from which
// records it was made, and which requests it is not for. ABORTED, reason INPUTS_CHANGED, also where nothing stands, and
// where another policy is in force by now or another run was recorded.
journal::Decide RecordStanding(std::shared_ptr<const PoolView> now,
                               std::shared_ptr<const OvertakenPlan> overtaken, StandingPart part,
                               bool asked);

// Decides on a proposal; `wanted` empty: as it is, otherwise for these instead. What is suspected of those decided
// for is recorded with it, and keeps nobody out. Answers with the proposal. FAILED_PRECONDITION: PROPOSAL_NOT_OPEN,
// NOT_ELIGIBLE, NOTHING_PROPOSED. ABORTED, ETAG_MISMATCH: it is not the one the caller saw.
journal::Decide DecideProposal(std::shared_ptr<const PoolView> view, std::string name,
                               std::string etag, std::vector<v1::Assignment> wanted,
                               std::string reason, SuspectedConflicts suspected = {});

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_MATCH_COMMANDS_H_
