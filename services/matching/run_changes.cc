#include "services/matching/run_changes.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/matching/certificate.h"
#include "services/matching/eligibility.h"
#include "services/matching/forcing.h"
#include "services/matching/plan_use.h"
#include "services/matching/words.h"

namespace critac::matching {
namespace {

// Each move that is priced takes a plan made anew.
constexpr int kMostPricedMoves = 20;

// Those of a who are not in b; both sorted.
std::vector<int> Without(const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<int> rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  return rest;
}

// `2 people`.
std::string PeopleText(int count) {
  return absl::StrCat(count, count == 1 ? " person" : " people");
}

// What a plan does otherwise than the standing proposals. The pool and the plan must outlive it.
class StandingComparison {
 public:
  StandingComparison(const Pool& pool, const Plan& plan)
      : pool_(pool),
        plan_(plan),
        length_(PeriodOf(pool.period_length(), 0).length),
        use_(pool, plan),
        forcing_(pool, plan) {}

  std::vector<v1::RunChange> Changes() {
    for (const DemandRow& demand : pool_.demands()) {
      if (demand.offered) continue;
      for (const int slot : demand.slots) {
        if (demand.has_standing) {
          CompareSlot(slot);
        } else {
          AddFirst(slot);
        }
      }
    }
    return std::move(changes_);
  }

 private:
  v1::RunChange& Add(int slot, std::string reason) {
    v1::RunChange& change = changes_.emplace_back();
    change.set_request(pool_.slots()[slot].request);
    change.set_slot(pool_.slots()[slot].id);
    change.set_reason(std::move(reason));
    return change;
  }

  void SetBefore(int slot, int expert, v1::RunChange& change) const {
    change.set_from_expert(pool_.experts()[expert].name);
    const std::optional<Period> period = pool_.slots()[slot].StandingPeriod(expert);
    if (period.has_value()) change.set_period_before(PeriodName(*period));
  }

  void SetAfter(int slot, int expert, v1::RunChange& change) const {
    change.set_to_expert(pool_.experts()[expert].name);
    change.set_period_after(PeriodName(PlannedPeriod(slot, expert)));
  }

  Period PlannedPeriod(int slot, int expert) const {
    return {length_, plan_.FindUnit(slot, expert)->period};
  }

  std::vector<int> PlannedIn(int slot) const {
    std::vector<int> experts;
    auto unit = std::lower_bound(plan_.units.begin(), plan_.units.end(), slot,
                                 [](const PlanUnit& one, int meant) { return one.slot < meant; });
    for (; unit != plan_.units.end() && unit->slot == slot; ++unit) experts.push_back(unit->expert);
    return experts;
  }

  // A slot of a request for which no proposal stands.
  void AddFirst(int slot) {
    const std::string reason = "new: no proposal of the request stood before";
    for (const int expert : PlannedIn(slot)) SetAfter(slot, expert, Add(slot, reason));
    const int open = plan_.open[slot];
    if (open > 0) Add(slot, absl::StrCat(reason, "; nobody is found for ", PeopleText(open)));
  }

  void CompareSlot(int slot) {
    const SlotRow& row = pool_.slots()[slot];
    const std::vector<int> planned = PlannedIn(slot);
    const std::vector<int> leave = Without(row.standing_experts, planned);
    const std::vector<int> come = Without(planned, row.standing_experts);
    const int left = static_cast<int>(leave.size());
    const int came = static_cast<int>(come.size());
    const int was_open = row.standing_people - static_cast<int>(row.standing_experts.size());
    const std::string misses = absl::StrCat("the slot misses ", PeopleText(row.missing),
                                            ", where it missed ", row.standing_people);
    for (int i = 0; i < std::max(left, came); ++i) {
      const bool opened = i - left >= was_open && row.missing > row.standing_people;
      v1::RunChange& change =
          Add(slot, i < left ? WhyNotKept(slot, leave[i])
                             : (opened ? misses : "the place was open, and can be filled now"));
      if (i < left) SetBefore(slot, leave[i], change);
      if (i < came) SetAfter(slot, come[i], change);
    }
    for (const int expert : planned) {
      const std::optional<Period> before = row.StandingPeriod(expert);
      if (!before.has_value() || *before == PlannedPeriod(slot, expert)) continue;
      v1::RunChange& change = Add(slot, WhyMoved(slot, expert, *before));
      SetBefore(slot, expert, change);
      SetAfter(slot, expert, change);
    }
    const bool all_listed = plan_.open[slot] == std::max(0, was_open + left - came);
    if (!all_listed && row.missing != row.standing_people) Add(slot, misses);
  }

  // Why the plan does not keep someone in a slot.
  std::string WhyNotKept(int slot, int expert) {
    const std::string& name = pool_.experts()[expert].name;
    const ExplainedVerdict explained = ExplainGates(pool_, slot, expert);
    if (!explained.verdict.eligible()) {
      return absl::StrCat(name, " is out: ", explained.gates.back().explanation());
    }
    if (pool_.slots()[slot].missing == 0) return "the slot misses nobody any more";
    const std::string not_known =
        absl::StrCat("it is not known what keeping ", name, " would cost: ");
    if (!plan_.optimal()) {
      return absl::StrCat(not_known, "the plan is not proved to be the cheapest");
    }
    const std::optional<ForcedPlan> kept = forcing_.Force(slot, expert);
    if (!kept.has_value()) {
      return forcing_.NoPlanHas(slot, expert)
                 ? absl::StrCat("no room is left for ", name)
                 : absl::StrCat(not_known, "no plan that does is proved to be the cheapest");
    }
    if (kept->price == 0) return absl::StrCat("with ", name, " the plan would be as good");
    return absl::StrCat("keeping ", name, " would make the plan worth ", FractionText(kept->price),
                        " of a score less, with the bonus of ",
                        FractionText(pool_.policy().stability_bonus()), " for keeping");
  }

  // Why someone whom the plan keeps in a slot does not start in the period as before.
  std::string WhyMoved(int slot, int expert, const Period& before) {
    if (before.length != length_) {
      return absl::StrCat("capacity is counted by ",
                          length_ == v1::PERIOD_MONTH ? "months" : "quarters", " now");
    }
    const ExpertRow& row = pool_.experts()[expert];
    const PeriodSet periods = CheckGates(pool_, slot, expert).periods;
    const int64_t place = int64_t{before.number} - pool_.slots()[slot].first_period;
    if (place < 0 || place >= kPeriodsPerSlot || (periods >> place & 1) == 0) {
      return absl::StrCat(row.name, " cannot start in ", PeriodName(before), " any more");
    }
    if (const std::optional<std::string> why = WhatKeepingCosts(slot, expert, before)) return *why;
    const bool expert_is_full = use_.LeftIn(expert, before.number) <= 0;
    return absl::StrCat(expert_is_full ? row.name : row.partner_name, " has no room left in ",
                        PeriodName(before), " beside the others of the plan");
  }

  // In words, of the period in which the expert stood and could start; nothing where no proof says it, or
  // where enough moves have been priced.
  std::optional<std::string> WhatKeepingCosts(int slot, int expert, const Period& before) {
    const int64_t bonus = pool_.policy().stability_bonus();
    if (!plan_.optimal() || bonus == 0 || priced_moves_ == kMostPricedMoves) return std::nullopt;
    ++priced_moves_;
    const absl::StatusOr<Plan> with = SolvePlanWith(pool_, slot, expert, before.number);
    if (!with.ok() || !with->optimal() ||
        !CheckPlanWith(pool_, *with, slot, expert, before.number).ok()) {
      return std::nullopt;
    }
    const std::string kept = absl::StrCat(pool_.experts()[expert].name, " in ", PeriodName(before));
    const int64_t price = with->objective - plan_.objective;
    if (price == 0) return absl::StrCat("with ", kept, " the plan would be as good");
    return absl::StrCat("keeping ", kept, " would make the plan worth ", FractionText(price),
                        " of a score less, with the bonus of ", FractionText(bonus),
                        " for keeping");
  }

  const Pool& pool_;
  const Plan& plan_;
  const v1::Period length_;
  const PlanUse use_;
  Forcing forcing_;
  int priced_moves_ = 0;
  std::vector<v1::RunChange> changes_;
};

}  // namespace

std::vector<v1::RunChange> ChangesFromStanding(const Pool& pool, const Plan& plan) {
  return StandingComparison(pool, plan).Changes();
}

}  // namespace critac::matching
