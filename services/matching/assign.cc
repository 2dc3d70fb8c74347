#include "services/matching/assign.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/matching/canonical.h"
#include "services/matching/network.h"
#include "services/matching/plan_use.h"

namespace critac::matching {
namespace {

int64_t CostOf(const FlowProblem& problem, const Flow& flow) {
  int64_t cost = 0;
  for (size_t i = 0; i < problem.arcs.size(); ++i) cost += flow.units[i] * problem.arcs[i].cost;
  return cost;
}

// One solution of the network under the limits it keeps.
struct Round {
  int64_t cost = 0;
  Prices prices;
  std::vector<Pair> chosen;
};

absl::StatusOr<Round> SolveRound(const Pool& pool, const std::vector<Pair>& pairs,
                                 const NetworkLimits& limits, Solver solver) {
  const PlanNetwork network(pool, pairs, limits);
  absl::StatusOr<Flow> flow = SolveFlow(network.problem(), solver);
  if (!flow.ok()) return flow.status();
  MakeCanonical(network.problem(), network.pair_arcs(), *flow);
  Round round;
  round.cost = CostOf(network.problem(), *flow);
  round.prices = network.PricesOf(*flow);
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (flow->units[network.pair_arcs()[i]] > 0) round.chosen.push_back(pairs[i]);
  }
  return round;
}

// Turns to limits by period for every partner that exceeds one. Returns whether there was any.
bool KeepPartnersLimits(const Pool& pool, const std::vector<Pair>& chosen,
                        const Placement& placement, NetworkLimits& limits) {
  bool any = false;
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (placement.periods[i].has_value()) continue;
    limits.by_period[pool.experts()[chosen[i].expert].partner] = true;
    any = true;
  }
  return any;
}

// Allots to periods what an expert has left open at once, for every expert who exceeds it: the units
// with the strongest claims keep their periods. Returns whether there was any.
bool AllotExceeded(const Pool& pool, const std::vector<Pair>& chosen, const Placement& placement,
                   NetworkLimits& limits) {
  std::map<int, std::vector<int>> units_of;
  for (size_t i = 0; i < chosen.size(); ++i) {
    units_of[chosen[i].expert].push_back(static_cast<int>(i));
  }
  bool any = false;
  for (auto& [expert, units] : units_of) {
    const size_t room = static_cast<size_t>(pool.experts()[expert].RoomOpen());
    if (units.size() <= room) continue;
    any = true;
    std::stable_sort(units.begin(), units.end(), [&](int a, int b) {
      const int64_t claim_a = pool.slots()[chosen[a].slot].open_price - chosen[a].cost;
      const int64_t claim_b = pool.slots()[chosen[b].slot].open_price - chosen[b].cost;
      return claim_a > claim_b;
    });
    std::map<int32_t, int64_t> kept;
    for (size_t i = 0; i < room; ++i) ++kept[*placement.periods[units[i]]];
    limits.allotted[expert].assign(kept.begin(), kept.end());
  }
  return any;
}

Plan PlanOf(const Pool& pool, const Round& round, const Placement& placement) {
  Plan plan;
  for (const SlotRow& slot : pool.slots()) {
    plan.open.push_back(slot.missing);
    plan.unit_count += slot.missing;
  }
  for (size_t i = 0; i < round.chosen.size(); ++i) {
    const Pair& pair = round.chosen[i];
    plan.units.push_back({pair.slot, pair.expert, *placement.periods[i], pair.score_e6});
    --plan.open[pair.slot];
  }
  plan.objective = round.cost;
  return plan;
}

// The first period in which a plan leaves room for a pair; nothing where there is none.
std::optional<int32_t> PeriodLeft(const Pool& pool, const PlanUse& use, const Pair& pair) {
  const int partner = pool.experts()[pair.expert].partner;
  if (use.HasPerson(pair.slot, pair.expert) || use.OpenLeft(pair.expert) <= 0) return std::nullopt;
  for (int i = 0; i < kPeriodsPerSlot && pair.periods >> i != 0; ++i) {
    const int32_t period = pool.slots()[pair.slot].first_period + i;
    if ((pair.periods >> i & 1) != 0 && use.LeftIn(pair.expert, period) > 0 &&
        use.PartnerLeftIn(partner, period) > 0) {
      return period;
    }
  }
  return std::nullopt;
}

// Puts people into open slots where allotments kept them out and every limit has room: the strongest
// claims first, the cheapest pair for each. What it adds makes the plan cheaper.
void FillFromRoomLeft(const Pool& pool, std::vector<Pair> pairs, Plan& plan) {
  std::stable_sort(pairs.begin(), pairs.end(), [&](const Pair& a, const Pair& b) {
    const int64_t price_a = pool.slots()[a.slot].open_price;
    const int64_t price_b = pool.slots()[b.slot].open_price;
    if (price_a != price_b) return price_a > price_b;
    return a.slot != b.slot ? a.slot < b.slot : a.cost < b.cost;
  });
  PlanUse use(pool, plan);
  for (const Pair& pair : pairs) {
    const int partner = pool.experts()[pair.expert].partner;
    const int64_t cost = pair.cost + FairnessPrice(pool, pool.partners()[partner].used_open +
                                                             use.UnitsOfPartner(partner));
    const int64_t saved = pool.slots()[pair.slot].open_price - cost;
    if (plan.open[pair.slot] == 0 || saved <= 0) continue;
    const std::optional<int32_t> period = PeriodLeft(pool, use, pair);
    if (!period.has_value()) continue;
    plan.units.push_back({pair.slot, pair.expert, *period, pair.score_e6});
    use.Add(plan.units.back());
    --plan.open[pair.slot];
    plan.objective -= saved;
  }
  std::sort(plan.units.begin(), plan.units.end());
}

// Solves until no limit is exceeded. Each round but the last adds a partner or an expert to
// `limits`, so there are at most as many rounds as there are of these, and one more.
absl::StatusOr<Plan> Solve(const Pool& pool, const std::vector<Pair>& pairs, Solver solver,
                           std::optional<int> forced) {
  NetworkLimits limits;
  limits.by_period.assign(pool.partners().size(), false);
  limits.forced = forced;
  std::optional<Round> best;
  while (true) {
    ASSIGN_OR_RETURN(Round round, SolveRound(pool, pairs, limits, solver));
    ASSIGN_OR_RETURN(const Placement placement, PlaceInPeriods(pool, round.chosen));
    // Without allotments a network only leaves limits out, so no plan is cheaper than its flow.
    if (limits.allotted.empty() && (!best.has_value() || round.cost > best->cost)) best = round;
    if (KeepPartnersLimits(pool, round.chosen, placement, limits)) continue;
    if (AllotExceeded(pool, round.chosen, placement, limits)) continue;
    Plan plan = PlanOf(pool, round, placement);
    plan.bound = best->cost;
    plan.prices = std::move(best->prices);
    plan.pair_count = static_cast<int64_t>(pairs.size());
    if (!limits.allotted.empty()) FillFromRoomLeft(pool, pairs, plan);
    return plan;
  }
}

}  // namespace

absl::StatusOr<Plan> SolvePlan(const Pool& pool, Solver solver) {
  return Solve(pool, EligiblePairs(pool), solver, std::nullopt);
}

absl::StatusOr<Plan> SolvePlanWith(const Pool& pool, int slot, int expert) {
  const std::vector<Pair> pairs = EligiblePairs(pool);
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const Pair& pair) {
    return pair.slot == slot && pair.expert == expert;
  });
  if (found == pairs.end()) {
    return InvalidField("expert", absl::StrCat(pool.experts()[expert].name,
                                               " is not eligible for the slot, or it is filled"));
  }
  return Solve(pool, pairs, Solver::kAutomatic, static_cast<int>(found - pairs.begin()));
}

}  // namespace critac::matching
