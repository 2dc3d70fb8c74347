#include "services/matching/explain.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/matching/eligibility.h"
#include "services/matching/words.h"

namespace critac::matching {
namespace {

using Names = absl::Span<const std::string>;

bool IsNamed(const Pool& pool, int slot, Names hidden) {
  return !std::binary_search(hidden.begin(), hidden.end(), pool.slots()[slot].request);
}

// Whom the plan has in a slot.
void AppendNamesInSlot(const Pool& pool, const Plan& plan, int slot, std::string& text) {
  auto unit = std::lower_bound(plan.units.begin(), plan.units.end(), slot,
                               [](const PlanUnit& one, int wanted) { return one.slot < wanted; });
  if (unit == plan.units.end() || unit->slot != slot) {
    absl::StrAppend(&text, "the plan leaves the slot open");
    return;
  }
  absl::string_view before = "the plan gives the slot to ";
  for (; unit != plan.units.end() && unit->slot == slot; ++unit) {
    absl::StrAppend(&text, before, pool.experts()[unit->expert].name);
    before = ", ";
  }
}

// Other slots in which the plan has the expert.
void AppendSlotsOf(const Pool& pool, const Plan& plan, int expert, Names hidden,
                   std::string& text) {
  bool first = true;
  for (const PlanUnit& unit : plan.units) {
    if (unit.expert != expert || !IsNamed(pool, unit.slot, hidden)) continue;
    if (first) absl::StrAppend(&text, " and has ", pool.experts()[expert].name, " in ");
    const SlotRow& slot = pool.slots()[unit.slot];
    absl::StrAppend(&text, first ? "" : ", ", slot.request, " ", slot.id);
    first = false;
  }
}

// Who would lose or move, beside the slot itself, which comes first.
void AppendOtherChanges(const Pool& pool, const ForcedPlan& forced, Names hidden,
                        std::string& text) {
  int shown = 0;
  for (const PlanChange& change : forced.changes) {
    if (!IsNamed(pool, change.slot, hidden) || shown++ == 0) continue;
    absl::StrAppend(&text, shown == 2 ? ": " : ", ");
    AppendPlanChange(MessageOf(pool, change), text);
  }
}

}  // namespace

bool Explainer::IsAssigned(int slot, int expert) const {
  if (plan_ != nullptr) return plan_->FindUnit(slot, expert) != nullptr;
  const std::vector<int>& standing = pool_.slots()[slot].standing_experts;
  return std::binary_search(standing.begin(), standing.end(), expert);
}

int Explainer::RankOf(int slot, int expert) {
  if (slot != ranked_slot_) {
    ranked_ = RankEligible(pool_, slot, static_cast<int>(pool_.experts().size()));
    ranked_slot_ = slot;
  }
  const auto place = std::find_if(ranked_.begin(), ranked_.end(),
                                  [&](const RankedExpert& r) { return r.expert == expert; });
  return static_cast<int>(place - ranked_.begin()) + 1;
}

Explainer::Forced Explainer::ForcedBy(int slot, int expert) {
  if (plan_ == nullptr) return {};
  if (!forcing_.has_value()) forcing_.emplace(pool_, *plan_, allowance_);
  Forced forced{forcing_->Force(slot, expert)};
  if (forced.plan.has_value()) return forced;
  if (pool_.slots()[slot].missing == 0) {
    forced.why_not = v1::NO_FORCING_PRICE_SLOT_FILLED;
  } else if (IsAssigned(slot, expert)) {
    forced.why_not = v1::NO_FORCING_PRICE_IN_PLAN;
  } else if (plan_->proved() && forcing_->NoPlanHas(slot, expert)) {
    // Of a plan that is not proved the cheapest, each pair would take a plan made anew.
    forced.why_not = v1::NO_FORCING_PRICE_NO_ROOM;
  } else {
    forced.why_not = v1::NO_FORCING_PRICE_NOT_KNOWN;
  }
  return forced;
}

void Explainer::AppendWhyNoPrice(v1::NoForcingPrice why_not, std::string& text) const {
  if (why_not == v1::NO_FORCING_PRICE_NO_ROOM) {
    absl::StrAppend(&text, "; no room is left for this expert here");
    return;
  }
  absl::StrAppend(&text, "; it is not known what having this expert here would cost: ",
                  plan_->proved() ? "no plan that does is proved to be the cheapest"
                                  : "the plan is not proved to be the cheapest");
}

// Why the plan does not have an eligible pair.
void Explainer::AppendWhyNotInPlan(int slot, int expert, Names hidden, const Forced& forced,
                                   std::string& text) const {
  AppendNamesInSlot(pool_, *plan_, slot, text);
  AppendSlotsOf(pool_, *plan_, expert, hidden, text);
  if (!forced.plan.has_value()) {
    AppendWhyNoPrice(forced.why_not, text);
    return;
  }
  absl::StrAppend(&text, "; with this expert ");
  if (forced.plan->price == 0) {
    absl::StrAppend(&text, "it would be as good");
  } else {
    absl::StrAppend(&text, "here the whole plan would be worth ", FractionText(forced.plan->price),
                    " of a score less");
  }
  AppendOtherChanges(pool_, *forced.plan, hidden, text);
}

void Explainer::AppendEligible(int slot, int expert, Names hidden, int rank, const Forced& forced,
                               std::string& text) const {
  absl::StrAppend(&text, "Eligible, ranked ", rank, " of ", ranked_.size(), " with a score of ",
                  FractionText(ranked_[rank - 1].score_e6));
  if (pool_.slots()[slot].missing == 0) {
    absl::StrAppend(&text, "; the slot misses nobody.");
    return;
  }
  if (plan_ == nullptr) {
    absl::StrAppend(&text, IsAssigned(slot, expert) ? "; the standing proposal has this expert."
                                                    : "; no standing proposal has this expert.");
    return;
  }
  if (const PlanUnit* unit = plan_->FindUnit(slot, expert)) {
    const v1::Period length = PeriodOf(pool_.period_length(), 0).length;
    absl::StrAppend(&text, "; the plan has this expert in the slot, to start in ",
                    PeriodName({length, unit->period}), ".");
    return;
  }
  absl::StrAppend(&text, ", but ");
  AppendWhyNotInPlan(slot, expert, hidden, forced, text);
  absl::StrAppend(&text, ".");
}

void Explainer::Explain(int slot, int expert, Names hidden, v1::ExplainMatchResponse& response) {
  // What it held stays as memory.
  response.Clear();
  const Verdict verdict = ExplainGates(pool_, slot, expert, *response.mutable_gates());
  response.set_eligible(verdict.eligible());
  response.set_assigned(IsAssigned(slot, expert));
  std::string& summary = *response.mutable_summary();
  if (!verdict.eligible()) {
    response.set_no_forcing_price(v1::NO_FORCING_PRICE_NOT_ELIGIBLE);
    absl::StrAppend(&summary, "Not eligible: ", response.gates().rbegin()->explanation(), ".");
    return;
  }
  const int rank = RankOf(slot, expert);
  SetCandidate(pool_, slot, ranked_[rank - 1], rank, *response.mutable_candidate());
  const Forced forced = ForcedBy(slot, expert);
  response.set_no_forcing_price(forced.why_not);
  if (forced.plan.has_value()) {
    response.set_forcing_price(forced.plan->price);
    for (const PlanChange& change : forced.plan->changes) {
      if (IsNamed(pool_, change.slot, hidden)) *response.add_changes() = MessageOf(pool_, change);
    }
  }
  AppendEligible(slot, expert, hidden, rank, forced, summary);
}

void Explainer::AppendSummary(int slot, int expert, Names hidden, std::string& text) {
  const Verdict verdict = CheckGates(pool_, slot, expert);
  if (!verdict.eligible()) {
    absl::StrAppend(&text, "Not eligible: ");
    AppendReason(pool_, slot, expert, verdict.gate, text);
    absl::StrAppend(&text, ".");
    return;
  }
  const int rank = RankOf(slot, expert);
  AppendEligible(slot, expert, hidden, rank, ForcedBy(slot, expert), text);
}

v1::ExplainMatchResponse ExplainMatch(const Pool& pool, const Plan* plan, int slot, int expert,
                                      Names hidden) {
  v1::ExplainMatchResponse response;
  Explainer(pool, plan, kAllowanceOfOnePair).Explain(slot, expert, hidden, response);
  return response;
}

}  // namespace critac::matching
