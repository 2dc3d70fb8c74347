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
    for (v1::RunChange& change : changes_) change.set_reason(ReasonText(change));
    return std::move(changes_);
  }

 private:
  v1::RunChange& Add(int slot, v1::RunChangeKind kind) {
    v1::RunChange& change = changes_.emplace_back();
    change.set_request(pool_.slots()[slot].request);
    change.set_slot(pool_.slots()[slot].id);
    change.set_kind(kind);
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
    for (const int expert : PlannedIn(slot)) {
      SetAfter(slot, expert, Add(slot, v1::RUN_CHANGE_KIND_NEW));
    }
    const int open = plan_.open[slot];
    if (open > 0) Add(slot, v1::RUN_CHANGE_KIND_NEW).set_open_count(open);
  }

  v1::RunChange& AddPeople(int slot) {
    v1::RunChange& change = Add(slot, v1::RUN_CHANGE_KIND_PEOPLE);
    change.set_missing_after(pool_.slots()[slot].missing);
    change.set_missing_before(pool_.slots()[slot].standing_people);
    return change;
  }

  void CompareSlot(int slot) {
    const SlotRow& row = pool_.slots()[slot];
    const std::vector<int> planned = PlannedIn(slot);
    const std::vector<int> leave = Without(row.standing_experts, planned);
    const std::vector<int> come = Without(planned, row.standing_experts);
    const int left = static_cast<int>(leave.size());
    const int came = static_cast<int>(come.size());
    const int was_open = row.standing_people - static_cast<int>(row.standing_experts.size());
    for (int i = 0; i < std::max(left, came); ++i) {
      if (i < left) {
        v1::RunChange& change = Add(slot, v1::RUN_CHANGE_KIND_UNSPECIFIED);
        SetBefore(slot, leave[i], change);
        SayWhyNotKept(slot, leave[i], change);
        if (i < came) SetAfter(slot, come[i], change);
      } else {
        const bool opened = i - left >= was_open && row.missing > row.standing_people;
        SetAfter(slot, come[i], opened ? AddPeople(slot) : Add(slot, v1::RUN_CHANGE_KIND_FILLED));
      }
    }
    for (const int expert : planned) {
      const std::optional<Period> before = row.StandingPeriod(expert);
      if (!before.has_value() || *before == PlannedPeriod(slot, expert)) continue;
      v1::RunChange& change = Add(slot, v1::RUN_CHANGE_KIND_UNSPECIFIED);
      SetBefore(slot, expert, change);
      SetAfter(slot, expert, change);
      SayWhyMoved(slot, expert, *before, change);
    }
    const bool all_listed = plan_.open[slot] == std::max(0, was_open + left - came);
    if (!all_listed && row.missing != row.standing_people) AddPeople(slot);
  }

  // What keeping who stands in the place, or their period, takes from the plan.
  void SetPrice(int64_t price, v1::RunChange& change) const {
    if (price == 0) {
      change.set_kind(v1::RUN_CHANGE_KIND_AS_GOOD);
      return;
    }
    change.set_kind(v1::RUN_CHANGE_KIND_PRICE);
    change.set_price(price);
    change.set_stability_bonus(pool_.policy().stability_bonus());
  }

  // Why the plan does not keep someone in a slot.
  void SayWhyNotKept(int slot, int expert, v1::RunChange& change) {
    const ExplainedVerdict explained = ExplainGates(pool_, slot, expert);
    if (!explained.verdict.eligible()) {
      change.set_kind(v1::RUN_CHANGE_KIND_OUT);
      *change.mutable_gate() = explained.gates.back();
    } else if (pool_.slots()[slot].missing == 0) {
      change.set_kind(v1::RUN_CHANGE_KIND_NOBODY_MISSING);
    } else if (!plan_.proved()) {
      change.set_kind(v1::RUN_CHANGE_KIND_PLAN_NOT_PROVED);
    } else if (const std::optional<ForcedPlan> kept = forcing_.Force(slot, expert)) {
      SetPrice(kept->price, change);
    } else {
      change.set_kind(forcing_.NoPlanHas(slot, expert) ? v1::RUN_CHANGE_KIND_NO_ROOM
                                                       : v1::RUN_CHANGE_KIND_PRICE_NOT_PROVED);
    }
  }

  // Why someone whom the plan keeps in a slot does not start in the period as before.
  void SayWhyMoved(int slot, int expert, const Period& before, v1::RunChange& change) {
    if (before.length != length_) {
      change.set_kind(v1::RUN_CHANGE_KIND_PERIOD_LENGTH);
      change.set_period_length(length_);
      return;
    }
    const PeriodSet periods = CheckGates(pool_, slot, expert).periods;
    const int64_t place = int64_t{before.number} - pool_.slots()[slot].first_period;
    if (place < 0 || place >= kPeriodsPerSlot || (periods >> place & 1) == 0) {
      change.set_kind(v1::RUN_CHANGE_KIND_CANNOT_START);
    } else if (const std::optional<int64_t> price = PriceOfPeriod(slot, expert, before)) {
      SetPrice(*price, change);
    } else {
      const ExpertRow& row = pool_.experts()[expert];
      const bool expert_is_full = use_.LeftIn(expert, before.number) <= 0;
      change.set_kind(v1::RUN_CHANGE_KIND_PERIOD_FULL);
      change.set_full(expert_is_full ? row.name : row.partner_name);
    }
  }

  // What keeping the period costs in which the expert stood and could start; nothing where no proof says it, or where
  // enough moves have been priced.
  std::optional<int64_t> PriceOfPeriod(int slot, int expert, const Period& before) {
    if (!plan_.proved() || pool_.policy().stability_bonus() == 0 ||
        priced_moves_ == kMostPricedMoves) {
      return std::nullopt;
    }
    ++priced_moves_;
    const absl::StatusOr<Plan> with =
        SolvePlanWith(pool_, slot, expert, forcing_.allowance(), before.number, &plan_);
    if (!with.ok() || !with->proved() ||
        !CheckPlanWith(pool_, *with, slot, expert, before.number).ok()) {
      return std::nullopt;
    }
    return with->objective - plan_.objective;
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

std::string ReasonText(const v1::RunChange& change) {
  const std::string& expert = change.from_expert();
  const bool moved = !expert.empty() && expert == change.to_expert();
  const std::string kept = moved ? absl::StrCat(expert, " in ", change.period_before()) : expert;
  switch (change.kind()) {
    case v1::RUN_CHANGE_KIND_NEW:
      return absl::StrCat("new: no proposal of the request stood before",
                          change.open_count() == 0 ? ""
                                                   : absl::StrCat("; nobody is found for ",
                                                                  PeopleText(change.open_count())));
    case v1::RUN_CHANGE_KIND_FILLED:
      return "the place was open, and can be filled now";
    case v1::RUN_CHANGE_KIND_PEOPLE:
      return absl::StrCat("the slot misses ", PeopleText(change.missing_after()),
                          ", where it missed ", change.missing_before());
    case v1::RUN_CHANGE_KIND_NOBODY_MISSING:
      return "the slot misses nobody any more";
    case v1::RUN_CHANGE_KIND_OUT:
      return absl::StrCat(expert, " is out: ", change.gate().explanation());
    case v1::RUN_CHANGE_KIND_PRICE:
      return absl::StrCat("keeping ", kept, " would make the plan worth ",
                          FractionText(change.price()), " of a score less, with the bonus of ",
                          FractionText(change.stability_bonus()), " for keeping");
    case v1::RUN_CHANGE_KIND_AS_GOOD:
      return absl::StrCat("with ", kept, " the plan would be as good");
    case v1::RUN_CHANGE_KIND_NO_ROOM:
      return absl::StrCat("no room is left for ", expert);
    case v1::RUN_CHANGE_KIND_PLAN_NOT_PROVED:
      return absl::StrCat("it is not known what keeping ", expert,
                          " would cost: the plan is not proved to be the cheapest");
    case v1::RUN_CHANGE_KIND_PRICE_NOT_PROVED:
      return absl::StrCat("it is not known what keeping ", expert,
                          " would cost: no plan that does is proved to be the cheapest");
    case v1::RUN_CHANGE_KIND_PERIOD_LENGTH:
      return absl::StrCat("capacity is counted by ",
                          change.period_length() == v1::PERIOD_MONTH ? "months" : "quarters",
                          " now");
    case v1::RUN_CHANGE_KIND_CANNOT_START:
      return absl::StrCat(expert, " cannot start in ", change.period_before(), " any more");
    case v1::RUN_CHANGE_KIND_PERIOD_FULL:
      return absl::StrCat(change.full(), " has no room left in ", change.period_before(),
                          " beside the others of the plan");
    default:
      return change.reason();
  }
}

}  // namespace critac::matching
