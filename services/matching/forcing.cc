#include "services/matching/forcing.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/status/error.h"
#include "services/matching/certificate.h"
#include "services/matching/network.h"

namespace critac::matching {

namespace {

// A unit that is in a plan.
std::vector<PlanUnit>::iterator FindIn(std::vector<PlanUnit>& units, int slot, int expert) {
  return std::find_if(units.begin(), units.end(), [&](const PlanUnit& unit) {
    return unit.slot == slot && unit.expert == expert;
  });
}

// Says where those who leave started and those who come will, and adds who is in both plans and in the
// kept period of one only. `units`: those of the other plan.
void AddPeriods(const Pool& pool, const Plan& plan, std::vector<PlanUnit> units,
                std::vector<PlanChange>& changes) {
  for (PlanChange& change : changes) {
    if (change.from_expert >= 0) {
      change.from_period = plan.FindUnit(change.slot, change.from_expert)->period;
    }
    if (change.to_expert >= 0) {
      change.to_period = FindIn(units, change.slot, change.to_expert)->period;
    }
  }
  if (plan.network == nullptr) return;
  for (const PlanUnit& after : units) {
    const PlanUnit* before = plan.FindUnit(after.slot, after.expert);
    if (before == nullptr || before->period == after.period) continue;
    const std::optional<int> pair = plan.network->FindPair(after.slot, after.expert);
    if (!pair.has_value()) continue;
    const std::optional<int32_t> kept = KeptPeriod(pool, plan.network->pairs[*pair]);
    if (kept != before->period && kept != after.period) continue;
    changes.push_back({after.slot, after.expert, after.expert, before->period, after.period});
  }
}

}  // namespace

v1::PlanChange MessageOf(const Pool& pool, const PlanChange& change) {
  const auto period_name = [&](int32_t number) {
    return PeriodName({PeriodOf(pool.period_length(), 0).length, number});
  };
  v1::PlanChange message;
  message.set_request(pool.slots()[change.slot].request);
  message.set_slot(pool.slots()[change.slot].id);
  if (change.from_expert >= 0) message.set_from_expert(pool.experts()[change.from_expert].name);
  if (change.to_expert >= 0) message.set_to_expert(pool.experts()[change.to_expert].name);
  if (change.from_expert == change.to_expert) {
    message.set_from_period(period_name(change.from_period));
    message.set_to_period(period_name(change.to_period));
  }
  return message;
}

std::vector<PlanChange> ChangesBetween(const Pool& pool, const Plan& plan, const Plan& other) {
  std::vector<PlanChange> changes;
  const auto experts_of = [](const Plan& one, int slot) {
    std::vector<int> experts;
    for (const PlanUnit& unit : one.units) {
      if (unit.slot == slot) experts.push_back(unit.expert);
    }
    return experts;
  };
  for (int slot = 0; slot < static_cast<int>(pool.slots().size()); ++slot) {
    const std::vector<int> before = experts_of(plan, slot);
    const std::vector<int> after = experts_of(other, slot);
    std::vector<int> leave, come;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                        std::back_inserter(leave));
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                        std::back_inserter(come));
    for (size_t i = 0; i < std::max(leave.size(), come.size()); ++i) {
      changes.push_back({slot, i < leave.size() ? leave[i] : -1, i < come.size() ? come[i] : -1});
    }
  }
  AddPeriods(pool, plan, other.units, changes);
  return changes;
}

Forcing::Forcing(const Pool& pool, const Plan& plan, const ProofAllowance& allowance)
    : pool_(pool), plan_(plan), allowance_(allowance) {
  if (plan.network == nullptr || !plan.optimal() || !plan.network->limits.allotted.empty()) return;
  detours_.emplace(plan.network->network.problem(), plan.network->transport);
  placement_.emplace(pool, plan);
  any_kept_ = std::any_of(plan.network->pairs.begin(), plan.network->pairs.end(),
                          [](const Pair& pair) { return pair.kept >= 0; });
}

std::optional<ForcedPlan> Forcing::Force(int slot, int expert) {
  if (!plan_.proved() || plan_.network == nullptr) return std::nullopt;
  const std::optional<int> pair = plan_.network->FindPair(slot, expert);
  return pair.has_value() ? ForcePair(*pair, true) : std::nullopt;
}

bool Forcing::NoPlanHas(int slot, int expert) {
  if (plan_.network == nullptr) return false;
  const std::optional<int> pair = plan_.network->FindPair(slot, expert);
  if (!pair.has_value()) return true;
  const UnitArc& arc = plan_.network->network.pair_arcs()[*pair];
  if (detours_.has_value() && arc.kind == UnitArc::kPair &&
      detours_->CostOf(arc.index) == Detours::kNone) {
    return true;
  }
  if (!none_has_.contains({slot, expert})) SolveAnew(slot, expert);
  const auto found = none_has_.find({slot, expert});
  return found != none_has_.end() && found->second;
}

std::vector<Forcing::Price> Forcing::PricesOf(int slot) {
  std::vector<Price> prices;
  if (plan_.network == nullptr) return prices;
  const std::vector<Pair>& pairs = plan_.network->pairs;
  const auto first = std::lower_bound(pairs.begin(), pairs.end(), slot,
                                      [](const Pair& pair, int s) { return pair.slot < s; });
  for (auto pair = first; pair != pairs.end() && pair->slot == slot; ++pair) {
    const auto forced = ForcePair(static_cast<int>(pair - pairs.begin()), false);
    prices.push_back(
        {pair->expert, forced.has_value() ? std::optional(forced->price) : std::nullopt});
  }
  return prices;
}

std::optional<ForcedPlan> Forcing::ForcePair(int pair, bool with_periods) {
  if (!plan_.proved()) return std::nullopt;
  const Pair& forced = plan_.network->pairs[pair];
  const UnitArc& arc = plan_.network->network.pair_arcs()[pair];
  if (!detours_.has_value() || arc.kind != UnitArc::kPair) {
    return SolveAnew(forced.slot, forced.expert);
  }
  const int64_t price = detours_->CostOf(arc.index);
  if (price == Detours::kNone) return std::nullopt;
  std::map<int, int> kept_more;
  ForcedPlan result{price, ChangesOf(arc.index, kept_more)};
  // The network may have left out limits of the pool.
  if (!placement_->Fits(result.changes, kept_more)) return SolveAnew(forced.slot, forced.expert);
  if (with_periods && any_kept_ && !PlaceChanged(kept_more, result.changes)) return std::nullopt;
  return result;
}

// The partners' people alone are placed anew. As many as there can be are in kept periods then, which is as
// many as the price says.
bool Forcing::PlaceChanged(const std::map<int, int>& kept_more,
                           std::vector<PlanChange>& changes) const {
  std::vector<bool> placed(pool_.partners().size(), false);
  const auto partner_of = [&](int expert) { return pool_.experts()[expert].partner; };
  for (const auto& [partner, more] : kept_more) placed[partner] = true;
  for (const PlanChange& change : changes) {
    if (change.from_expert >= 0) placed[partner_of(change.from_expert)] = true;
    if (change.to_expert >= 0) placed[partner_of(change.to_expert)] = true;
  }
  std::vector<PlanUnit> units;
  std::copy_if(plan_.units.begin(), plan_.units.end(), std::back_inserter(units),
               [&](const PlanUnit& unit) { return placed[partner_of(unit.expert)]; });
  for (const PlanChange& change : changes) {
    if (change.from_expert >= 0) units.erase(FindIn(units, change.slot, change.from_expert));
  }
  for (const PlanChange& change : changes) {
    if (change.to_expert >= 0) units.push_back({change.slot, change.to_expert, 0, 0});
  }
  std::sort(units.begin(), units.end());
  std::vector<Pair> chosen;
  for (const PlanUnit& unit : units) {
    chosen.push_back(plan_.network->pairs[*plan_.network->FindPair(unit.slot, unit.expert)]);
  }
  const absl::StatusOr<Placement> placement = PlaceInPeriods(pool_, chosen);
  if (!placement.ok()) return false;
  for (size_t i = 0; i < units.size(); ++i) {
    if (!placement->periods[i].has_value()) return false;
    units[i].period = *placement->periods[i];
  }
  AddPeriods(pool_, plan_, std::move(units), changes);
  return true;
}

std::vector<PlanChange> Forcing::ChangesOf(int32_t entry, std::map<int, int>& kept_more) {
  const SolvedNetwork& solved = *plan_.network;
  std::vector<PlanChange> changes;
  const std::vector<UnitChange> units = detours_->ChangesFor(entry);
  changes.reserve(units.size());
  for (const UnitChange& unit : units) {
    if (const std::optional<int> kept = solved.network.PairKeptBy(unit.unit); kept.has_value()) {
      kept_more[pool_.experts()[solved.pairs[*kept].expert].partner] += unit.by;
    }
    const std::optional<int> index = solved.network.PairOf(unit.unit);
    if (!index.has_value()) continue;
    const Pair& pair = solved.pairs[*index];
    // Of a slot, one who comes takes the place of one who leaves.
    const auto place = std::find_if(changes.begin(), changes.end(), [&](const PlanChange& change) {
      return change.slot == pair.slot && (unit.by > 0 ? change.to_expert : change.from_expert) < 0;
    });
    PlanChange& change = place == changes.end() ? changes.emplace_back() : *place;
    change.slot = pair.slot;
    (unit.by > 0 ? change.to_expert : change.from_expert) = pair.expert;
  }
  return changes;
}

std::optional<ForcedPlan> Forcing::SolveAnew(int slot, int expert) {
  if (plan_.FindUnit(slot, expert) != nullptr) return ForcedPlan{};
  // Here nearly every plan takes a search.
  if (!detours_.has_value() && allowance_.steps == 0) return std::nullopt;
  const absl::StatusOr<Plan> with =
      SolvePlanWith(pool_, slot, expert, allowance_, std::nullopt, &plan_);
  none_has_[{slot, expert}] = ReasonOf(with.status()) == "NO_PLAN_WITH_PAIR";
  if (!with.ok() || !with->proved()) return std::nullopt;
  if (!CheckPlanWith(pool_, *with, slot, expert).ok()) return std::nullopt;
  ForcedPlan forced{with->objective - plan_.objective, ChangesBetween(pool_, plan_, *with)};
  const auto own =
      std::find_if(forced.changes.begin(), forced.changes.end(),
                   [&](const PlanChange& c) { return c.to_expert == expert && c.slot == slot; });
  std::rotate(forced.changes.begin(), own, own + 1);
  return forced;
}

}  // namespace critac::matching
