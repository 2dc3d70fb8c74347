#include "services/matching/assign.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/matching/canonical.h"
#include "services/matching/network.h"
#include "services/matching/plan_use.h"
#include "services/matching/transport.h"

namespace critac::matching {
namespace {

// One solution of the network under the limits it keeps.
struct Round {
  std::shared_ptr<const SolvedNetwork> network;
  std::vector<Pair> chosen;

  int64_t cost() const { return network->transport.cost; }
  bool has(const Pair& pair) const {
    return std::any_of(chosen.begin(), chosen.end(), [&pair](const Pair& one) {
      return one.slot == pair.slot && one.expert == pair.expert;
    });
  }
};

absl::StatusOr<Round> SolveRound(const Pool& pool, const SharedPairs& shared_pairs,
                                 const NetworkLimits& limits) {
  auto solved = std::make_shared<SolvedNetwork>(pool, shared_pairs, limits);
  const std::vector<Pair>& pairs = solved->pairs;
  const PlanNetwork& network = solved->network;
  ASSIGN_OR_RETURN(solved->transport, SolveTransport(network.problem()));
  MakeCanonical(network.problem(), network.Preferred(), solved->transport);
  Round round;
  const std::vector<bool> chosen = network.ChosenIn(solved->transport);
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (chosen[i]) round.chosen.push_back(pairs[i]);
  }
  round.network = std::move(solved);
  return round;
}

// Turns to limits by period for every partner that exceeds one, or that would have to in order to keep
// as many standing periods as the flow does. Returns whether there was any.
bool KeepPartnersLimits(const Pool& pool, const Round& round, const Placement& placement,
                        NetworkLimits& limits) {
  bool any = false;
  for (size_t i = 0; i < round.chosen.size(); ++i) {
    if (placement.periods[i].has_value()) continue;
    limits.by_period[pool.experts()[round.chosen[i].expert].partner] = true;
    any = true;
  }
  // At no bonus they are kept for nothing.
  if (pool.policy().stability_bonus() == 0) return any;
  const std::vector<int64_t> in_flow = round.network->network.KeptIn(round.network->transport);
  const std::vector<int64_t> placed = KeptIn(pool, round.chosen, placement);
  for (size_t partner = 0; partner < placed.size(); ++partner) {
    if (placed[partner] >= in_flow[partner] || limits.by_period[partner]) continue;
    limits.by_period[partner] = true;
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
      const auto claim = [&](int unit) {
        const Pair& pair = chosen[unit];
        return pool.slots()[pair.slot].open_price - CostIn(pool, pair, *placement.periods[unit]);
      };
      return claim(a) > claim(b);
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
  // Allotments leave periods out in which the placement can keep more than the flow.
  const std::vector<int64_t> in_flow = round.network->network.KeptIn(round.network->transport);
  const std::vector<int64_t> placed = KeptIn(pool, round.chosen, placement);
  const int64_t more = std::accumulate(placed.begin(), placed.end(), int64_t{0}) -
                       std::accumulate(in_flow.begin(), in_flow.end(), int64_t{0});
  plan.objective = round.cost() - more * pool.policy().stability_bonus();
  return plan;
}

// Puts people into open slots where allotments kept them out and every limit has room: the strongest
// claims first, the cheapest pair for each. What it adds makes the plan cheaper.
void FillFromRoomLeft(const Pool& pool, const std::vector<Pair>& pairs, Plan& plan) {
  std::vector<const Pair*> by_claim;
  for (const Pair& pair : pairs) {
    if (plan.open[pair.slot] > 0) by_claim.push_back(&pair);
  }
  std::stable_sort(by_claim.begin(), by_claim.end(), [&](const Pair* a, const Pair* b) {
    const int64_t price_a = pool.slots()[a->slot].open_price;
    const int64_t price_b = pool.slots()[b->slot].open_price;
    if (price_a != price_b) return price_a > price_b;
    if (a->slot != b->slot) return a->slot < b->slot;
    return LeastCost(pool, *a) < LeastCost(pool, *b);
  });
  PlanUse use(pool, plan);
  for (const Pair* const one : by_claim) {
    const Pair& pair = *one;
    const int partner = pool.experts()[pair.expert].partner;
    if (plan.open[pair.slot] == 0) continue;
    const std::optional<int32_t> period = use.PeriodLeft(pair);
    if (!period.has_value()) continue;
    const int64_t cost =
        CostIn(pool, pair, *period) + PartnerPrice(pool, partner, use.UnitsOfPartner(partner));
    const int64_t saved = pool.slots()[pair.slot].open_price - cost;
    if (saved <= 0) continue;
    plan.units.push_back({pair.slot, pair.expert, *period, pair.score_e6});
    use.Add(plan.units.back());
    --plan.open[pair.slot];
    plan.objective -= saved;
  }
  std::sort(plan.units.begin(), plan.units.end());
}

// Solves until no limit is exceeded. Each round but the last adds a partner or an expert to
// `limits`, so there are at most as many rounds as there are of these, and one more.
absl::StatusOr<Plan> Solve(const Pool& pool, std::vector<Pair> its_pairs,
                           std::optional<int> forced) {
  const auto shared_pairs = std::make_shared<const std::vector<Pair>>(std::move(its_pairs));
  const std::vector<Pair>& pairs = *shared_pairs;
  NetworkLimits limits;
  limits.by_period.assign(pool.partners().size(), false);
  limits.forced = forced;
  std::shared_ptr<const SolvedNetwork> best;
  while (true) {
    ASSIGN_OR_RETURN(Round round, SolveRound(pool, shared_pairs, limits));
    if (forced.has_value() && !round.has(pairs[*forced])) {
      return FailedPrecondition(limits.allotted.empty() ? "NO_PLAN_WITH_PAIR" : "NOT_PROVED",
                                pool.experts()[pairs[*forced].expert].name,
                                limits.allotted.empty()
                                    ? "can be in no plan for this slot"
                                    : "is in no plan for this slot that was found");
    }
    ASSIGN_OR_RETURN(const Placement placement, PlaceInPeriods(pool, round.chosen));
    // Without allotments a network only leaves limits out, so no plan is cheaper than its flow.
    if (limits.allotted.empty() && (best == nullptr || round.cost() > best->transport.cost)) {
      best = round.network;
    }
    if (KeepPartnersLimits(pool, round, placement, limits)) continue;
    if (AllotExceeded(pool, round.chosen, placement, limits)) continue;
    Plan plan = PlanOf(pool, round, placement);
    plan.bound = best->transport.cost;
    plan.prices = best->network.PricesOf(best->transport);
    plan.pair_count = static_cast<int64_t>(pairs.size());
    if (!limits.allotted.empty()) FillFromRoomLeft(pool, pairs, plan);
    plan.network = std::move(round.network);
    return plan;
  }
}

}  // namespace

const PlanUnit* Plan::FindUnit(int slot, int expert) const {
  const auto unit = std::lower_bound(units.begin(), units.end(), std::make_pair(slot, expert),
                                     [](const PlanUnit& one, const std::pair<int, int>& pair) {
                                       return std::make_pair(one.slot, one.expert) < pair;
                                     });
  return unit != units.end() && unit->slot == slot && unit->expert == expert ? &*unit : nullptr;
}

absl::StatusOr<Plan> SolvePlan(const Pool& pool) {
  return Solve(pool, EligiblePairs(pool), std::nullopt);
}

absl::StatusOr<Plan> SolvePlanWith(const Pool& pool, int slot, int expert,
                                   std::optional<int32_t> period) {
  std::vector<Pair> pairs = EligiblePairs(pool);
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const Pair& pair) {
    return pair.slot == slot && pair.expert == expert;
  });
  if (found == pairs.end()) {
    return InvalidField("expert", absl::StrCat(pool.experts()[expert].name,
                                               " is not eligible for the slot, or it is filled"));
  }
  if (period.has_value()) {
    const int64_t place = int64_t{*period} - pool.slots()[slot].first_period;
    if (place < 0 || place >= kPeriodsPerSlot || (found->periods >> place & 1) == 0) {
      return InvalidField("period", absl::StrCat(pool.experts()[expert].name,
                                                 " cannot start in the slot in that period"));
    }
    found->cost = CostIn(pool, *found, *period);
    found->periods = PeriodSet{1} << place;
    found->kept = -1;
  }
  const auto forced = static_cast<int>(found - pairs.begin());
  return Solve(pool, std::move(pairs), forced);
}

}  // namespace critac::matching
