#include "services/matching/proposal_decisions.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "services/matching/eligibility.h"
#include "services/matching/offer_decisions.h"
#include "services/matching/proposal.h"
#include "services/matching/score.h"

namespace critac::matching {
namespace {

// What a person sees of a proposal: who, where, when, whom each may be, and who is missing.
std::set<std::tuple<std::string, std::string, std::string>> Essence(const v1::Proposal& proposal) {
  std::set<std::tuple<std::string, std::string, std::string>> essence;
  for (const v1::Assignment& one : proposal.assignments()) {
    essence.emplace(one.slot(), one.expert(), one.period());
    for (const v1::SuspectedConflict& suspected : one.suspected_conflicts()) {
      essence.emplace(one.slot(), one.expert(), suspected.expert());
    }
  }
  for (const v1::OpenSlot& one : proposal.open_slots())
    essence.emplace(one.slot(), "", absl::StrCat(one.people()));
  return essence;
}

// The failed gate of an expert, in words.
std::string GateProblem(const ExplainedVerdict& verdict) {
  const v1::GateResult& last = verdict.gates.back();
  return absl::StrCat("is out at the gate ", v1::Gate_Name(last.gate()), ": ", last.explanation());
}

absl::StatusOr<v1::Assignment> CompleteOne(const Pool& pool, const v1::Demand& demand,
                                           const v1::Assignment& wanted, const std::string& path) {
  const auto slot =
      wanted.slot().empty() ? std::nullopt : pool.FindSlot(demand.request(), wanted.slot());
  if (!slot.has_value()) {
    return NoSuchSlot(demand, wanted.slot(), absl::StrCat(path, ".slot"));
  }
  const auto expert = pool.FindExpert(wanted.expert());
  if (!expert.has_value()) return ResourceNotFound("critac.matching.v1.Expert", wanted.expert());
  const ExplainedVerdict verdict = ExplainGates(pool, *slot, *expert);
  if (!verdict.verdict.eligible()) {
    return FailedPrecondition("NOT_ELIGIBLE", wanted.expert(),
                              absl::StrCat("for slot ", wanted.slot(), " ", GateProblem(verdict)));
  }
  const std::vector<std::string> periods =
      pool.PeriodNames(pool.slots()[*slot], verdict.verdict.periods);
  const std::string period = wanted.period().empty() ? periods.front() : wanted.period();
  if (std::find(periods.begin(), periods.end(), period) == periods.end()) {
    return InvalidField(absl::StrCat(path, ".period"),
                        absl::StrCat("'", period, "' is none of those in which ", wanted.expert(),
                                     " could start: ", absl::StrJoin(periods, ", ")));
  }
  v1::Assignment complete;
  complete.set_slot(wanted.slot());
  complete.set_expert(wanted.expert());
  complete.set_partner(pool.experts()[*expert].partner_name);
  complete.set_period(period);
  ExplainScore(pool, *slot, *expert, verdict.verdict.periods, *complete.mutable_parts());
  complete.set_score_e6(ScoreOf(pool, *slot, *expert, verdict.verdict.periods).total_e6);
  return complete;
}

}  // namespace

absl::Status NoSuchSlot(const v1::Demand& demand, absl::string_view slot, absl::string_view path) {
  return InvalidField(
      path, absl::StrCat("'", slot, "' is none of the request's slots: ",
                         absl::StrJoin(demand.slots(), ", ", [](std::string* out, const auto& one) {
                           *out += one.id();
                         })));
}

PlanOutcome OutcomeOf(const Pool& pool, const Plan& plan, absl::Span<const v1::Demand> demands,
                      const absl::flat_hash_map<std::string, v1::Proposal>& standing,
                      const SuspectedConflicts& suspected) {
  absl::flat_hash_map<std::string, const v1::Demand*> by_request;
  for (const v1::Demand& demand : demands) by_request[demand.request()] = &demand;
  PlanOutcome outcome;
  for (size_t row = 0; row < pool.demands().size(); ++row) {
    const v1::Demand& demand = *by_request.at(pool.demands()[row].request);
    if (demand.state() != v1::DEMAND_STATE_OPEN) continue;
    ProposalChange change;
    change.proposal.set_request(demand.request());
    change.proposal.set_state(v1::PROPOSAL_STATE_OPEN);
    for (v1::Assignment& one : AssignmentsOf(pool, plan, static_cast<int>(row))) {
      SetSuspectedConflicts(pool, demand.request(), suspected, one);
      *change.proposal.add_assignments() = std::move(one);
    }
    for (v1::OpenSlot& one : OpenSlotsOf(pool, plan, static_cast<int>(row))) {
      *change.proposal.add_open_slots() = std::move(one);
    }
    const auto before = standing.find(demand.proposal());
    if (before != standing.end() && Essence(before->second) == Essence(change.proposal)) {
      outcome.kept.push_back(demand.proposal());
      continue;
    }
    change.supersedes = demand.proposal();
    outcome.changes.push_back(std::move(change));
  }
  return outcome;
}

absl::StatusOr<std::vector<v1::Assignment>> CompleteAssignments(
    const Pool& pool, const v1::Demand& demand, absl::Span<const v1::Assignment> wanted) {
  std::vector<v1::Assignment> complete;
  std::map<std::string, int> people;
  // Slots, and who stands there: one person may have several records.
  std::set<std::pair<std::string, int>> seen;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const std::string path = absl::StrCat("assignments[", i, "]");
    ASSIGN_OR_RETURN(v1::Assignment one, CompleteOne(pool, demand, wanted[i], path));
    const int person = pool.experts()[*pool.FindExpert(one.expert())].person;
    if (!seen.emplace(one.slot(), person).second) {
      return InvalidField(absl::StrCat(path, ".expert"),
                          absl::StrCat(one.expert(), " stands in slot ", one.slot(),
                                       " already; a team is of different people"));
    }
    const int missing = pool.slots()[*pool.FindSlot(demand.request(), one.slot())].missing;
    if (++people[one.slot()] > missing) {
      return InvalidField(
          absl::StrCat(path, ".slot"),
          absl::StrCat("slot ", one.slot(), " misses ", missing, " people, and more are named"));
    }
    complete.push_back(std::move(one));
  }
  return complete;
}

std::vector<v1::Offer> OffersOf(const v1::Proposal& proposal, absl::string_view prefix,
                                const v1::Policy& policy, absl::CivilDay today,
                                const BusinessCalendar& calendar) {
  const absl::CivilDay answer_by =
      calendar.AddDays(today, std::max(1, policy.offer_business_days()));
  const std::vector<std::string> remind_on = ReminderDays(today, answer_by, policy, calendar);
  std::vector<v1::Offer> offers;
  for (const v1::Assignment& assignment : proposal.assignments()) {
    v1::Offer& offer = offers.emplace_back();
    offer.set_name(absl::StrCat(prefix, "-", offers.size()));
    offer.set_request(proposal.request());
    offer.set_proposal(proposal.name());
    *offer.mutable_assignment() = assignment;
    offer.mutable_assignment()->set_offer(offer.name());
    // It is the expert's partner's to read, and rests on others' records.
    offer.mutable_assignment()->clear_suspected_conflicts();
    offer.set_state(v1::OFFER_STATE_OPEN);
    offer.set_answer_by(FormatDate(answer_by));
    offer.mutable_remind_on()->Assign(remind_on.begin(), remind_on.end());
  }
  return offers;
}

}  // namespace critac::matching
