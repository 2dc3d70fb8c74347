#ifndef SERVICES_MATCHING_OVERTAKEN_PLAN_H_
#define SERVICES_MATCHING_OVERTAKEN_PLAN_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/pool.h"
#include "services/matching/proposal_decisions.h"

// What becomes of a plan whose records have changed since it was made. Pure.
namespace critac::matching {

// What still stands of a plan's outcome.
struct StandingPart {
  // In the order of the plan.
  std::vector<ProposalChange> changes;
  std::vector<std::string> kept;
  // Requests of which nothing stands, with the first reason found; by name.
  std::vector<v1::DroppedRequest> dropped;
};

// Of the outcome of a plan that was made for the demands `planned`, what can be put into force by the records of now:
// the pool, its demands, and the standing proposals by name. A request's part stands as a whole or not at all. It
// stands where
//   - its demand is as it was, so that the same proposal stands for it, and no offer of it was made or answered;
//   - everyone planned passes every gate, can start in the period planned, and is with the partner planned;
//   - every limit has room for it, beside what is agreed and held, the proposals that go on standing, and the parts of
//     requests before it in the plan; nobody is in a slot twice, under whichever record.
// A proposal that the plan kept stands where it is on record and those it has could still be planned; of a dropped
// request, the one from before goes on standing, and takes its room. The policy must be the one the plan was made by.
StandingPart StandingPartOf(const PlanOutcome& outcome, absl::Span<const v1::Demand> planned,
                            const Pool& pool, absl::Span<const v1::Demand> demands,
                            const absl::flat_hash_map<std::string, v1::Proposal>& standing);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_OVERTAKEN_PLAN_H_
