#include "services/matching/explain.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/matching/eligibility.h"
#include "services/matching/forcing.h"
#include "services/matching/rank.h"
#include "services/matching/words.h"

namespace critac::matching {
namespace {

std::string NamesInSlot(const Pool& pool, const Plan& plan, int slot) {
  std::vector<absl::string_view> names;
  for (const PlanUnit& unit : plan.units) {
    if (unit.slot == slot) names.push_back(pool.experts()[unit.expert].name);
  }
  return absl::StrJoin(names, ", ");
}

using Names = absl::Span<const std::string>;

bool IsNamed(const Pool& pool, int slot, Names hidden) {
  return !std::binary_search(hidden.begin(), hidden.end(), pool.slots()[slot].request);
}

// Other slots in which the plan has the expert.
std::string SlotsOf(const Pool& pool, const Plan& plan, int expert, Names hidden) {
  std::vector<std::string> names;
  for (const PlanUnit& unit : plan.units) {
    if (unit.expert != expert || !IsNamed(pool, unit.slot, hidden)) continue;
    names.push_back(absl::StrCat(pool.slots()[unit.slot].request, " ", pool.slots()[unit.slot].id));
  }
  return absl::StrJoin(names, ", ");
}

// Who would lose or move, beside the slot itself.
std::string OtherChanges(const v1::ExplainMatchResponse& response) {
  std::string text;
  for (int i = 1; i < response.changes_size(); ++i) {
    absl::StrAppend(&text, i == 1 ? ": " : ", ", PlanChangeText(response.changes(i)));
  }
  return text;
}

// Why a plan does not have an eligible pair.
std::string WhyNotInPlan(const Pool& pool, const Plan& plan, int slot, int expert, Names hidden,
                         const v1::ExplainMatchResponse& response) {
  const std::string in_slot = NamesInSlot(pool, plan, slot);
  std::string text = in_slot.empty() ? std::string("the plan leaves the slot open")
                                     : absl::StrCat("the plan gives the slot to ", in_slot);
  const std::string elsewhere = SlotsOf(pool, plan, expert, hidden);
  if (!elsewhere.empty()) {
    absl::StrAppend(&text, " and has ", pool.experts()[expert].name, " in ", elsewhere);
  }
  if (!response.has_forcing_price()) return text;
  const std::string worth =
      response.forcing_price() == 0
          ? std::string("it would be as good")
          : absl::StrCat("here the whole plan would be worth ",
                         FractionText(response.forcing_price()), " of a score less");
  return absl::StrCat(text, "; with this expert ", worth, OtherChanges(response));
}

void AddForcing(const Pool& pool, const Plan& plan, int slot, int expert, Names hidden,
                v1::ExplainMatchResponse& response) {
  const std::optional<ForcedPlan> forced = Forcing(pool, plan).Force(slot, expert);
  if (!forced.has_value()) return;
  response.set_forcing_price(forced->price);
  for (const PlanChange& change : forced->changes) {
    if (!IsNamed(pool, change.slot, hidden)) continue;
    *response.add_changes() = MessageOf(pool, change);
  }
}

std::string SummaryOf(const Pool& pool, const Plan* plan, int slot, int expert, Names hidden,
                      const v1::ExplainMatchResponse& response, int eligible_count) {
  if (!response.eligible()) {
    const v1::GateResult& last = response.gates(response.gates_size() - 1);
    return absl::StrCat("Not eligible: ", last.explanation(), ".");
  }
  const std::string rank =
      absl::StrCat("Eligible, ranked ", response.candidate().rank(), " of ", eligible_count,
                   " with a score of ", FractionText(response.candidate().score_e6()));
  const int missing = pool.slots()[slot].missing;
  if (missing == 0) return absl::StrCat(rank, "; the slot misses nobody.");
  if (plan == nullptr) {
    return absl::StrCat(rank, response.assigned() ? "; the standing proposal has this expert."
                                                  : "; no standing proposal has this expert.");
  }
  if (response.assigned()) {
    const v1::Period length = PeriodOf(pool.period_length(), 0).length;
    const PlanUnit* unit = plan->FindUnit(slot, expert);
    return absl::StrCat(rank, "; the plan has this expert in the slot, to start in ",
                        PeriodName({length, unit->period}), ".");
  }
  return absl::StrCat(rank, ", but ", WhyNotInPlan(pool, *plan, slot, expert, hidden, response),
                      ".");
}

}  // namespace

v1::ExplainMatchResponse ExplainMatch(const Pool& pool, const Plan* plan, int slot, int expert,
                                      Names hidden) {
  v1::ExplainMatchResponse response;
  ExplainedVerdict explained = ExplainGates(pool, slot, expert);
  response.set_eligible(explained.verdict.eligible());
  for (v1::GateResult& gate : explained.gates) *response.add_gates() = std::move(gate);
  const std::vector<int>& standing = pool.slots()[slot].standing_experts;
  response.set_assigned(plan == nullptr
                            ? std::binary_search(standing.begin(), standing.end(), expert)
                            : plan->FindUnit(slot, expert) != nullptr);
  int eligible_count = 0;
  if (response.eligible()) {
    const std::vector<RankedExpert> ranked =
        RankEligible(pool, slot, static_cast<int>(pool.experts().size()));
    eligible_count = static_cast<int>(ranked.size());
    const auto place = std::find_if(ranked.begin(), ranked.end(),
                                    [&](const RankedExpert& r) { return r.expert == expert; });
    const int rank = static_cast<int>(place - ranked.begin()) + 1;
    *response.mutable_candidate() = CandidateOf(pool, slot, *place, rank);
  }
  if (plan != nullptr && response.eligible())
    AddForcing(pool, *plan, slot, expert, hidden, response);
  response.set_summary(SummaryOf(pool, plan, slot, expert, hidden, response, eligible_count));
  return response;
}

}  // namespace critac::matching
