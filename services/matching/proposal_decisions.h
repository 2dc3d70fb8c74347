#ifndef SERVICES_MATCHING_PROPOSAL_DECISIONS_H_
#define SERVICES_MATCHING_PROPOSAL_DECISIONS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/types/span.h"
#include "common/base/calendar.h"
#include "critac/matching/v1/engagement.pb.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/pool.h"
#include "services/matching/suspected_conflict.h"

// From a plan to proposals, and from a person's decision to offers. Pure.
namespace critac::matching {

// What a plan proposes for one demand, where that differs from the standing proposal.
struct ProposalChange {
  // Request, assignments and open slots; names, run and time are the caller's to set.
  v1::Proposal proposal;
  // The standing proposal, whose place it takes. Empty: there is none.
  std::string supersedes;
};

struct PlanOutcome {
  std::vector<ProposalChange> changes;
  // Standing proposals that the plan leaves as they are.
  std::vector<std::string> kept;
};

// INVALID_ARGUMENT, field `path`: a slot is none of the request's, with those that are.
absl::Status NoSuchSlot(const v1::Demand& demand, absl::string_view slot, absl::string_view path);

// Compares a plan with the standing proposals of the demands it was made for. A proposal is changed when a slot gets
// another expert or period, when more or fewer people are missing, or when somebody is suspected to be another record
// than before; a score alone changes nothing, since a person may be reading it.
PlanOutcome OutcomeOf(const Pool& pool, const Plan& plan, absl::Span<const v1::Demand> demands,
                      const absl::flat_hash_map<std::string, v1::Proposal>& standing,
                      const SuspectedConflicts& suspected = {});

// The assignments that a person decides on in place of a proposal, completed: each slot and expert must be one of the
// demand's and of the pool, pass every gate, and be free in the period (the first possible one where none is named);
// partner and score are filled in. No more people than a slot misses, nobody twice in a slot, under whichever record.
// INVALID_ARGUMENT: the path of the assignment and what is wrong. FAILED_PRECONDITION, reason NOT_ELIGIBLE: the gate.
absl::StatusOr<std::vector<v1::Assignment>> CompleteAssignments(
    const Pool& pool, const v1::Demand& demand, absl::Span<const v1::Assignment> wanted);

// The offers of a decision: one an assignment, named `PREFIX-1`, `PREFIX-2`, …; open until the policy's business days
// after `today` are over, with its reminders in between. The assignments get the names of their offers.
std::vector<v1::Offer> OffersOf(const v1::Proposal& proposal, absl::string_view prefix,
                                const v1::Policy& policy, absl::CivilDay today,
                                const BusinessCalendar& calendar);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PROPOSAL_DECISIONS_H_
