#include "services/matching/plan_round.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "absl/numeric/int128.h"
#include "common/status/error.h"
#include "services/matching/canonical.h"
#include "services/matching/plan_use.h"
#include "services/matching/transport.h"

namespace critac::matching {
namespace {

bool IsSame(const Pair& a, const Pair& b) { return a.slot == b.slot && a.expert == b.expert; }

absl::StatusOr<std::shared_ptr<SolvedNetwork>> SolveNetwork(const Pool& pool,
                                                            const SharedPairs& pairs,
                                                            const NetworkLimits& limits) {
  auto solved = std::make_shared<SolvedNetwork>(pool, pairs, limits);
  ASSIGN_OR_RETURN(solved->transport, SolveTransport(solved->network.problem()));
  return solved;
}

Round RoundOf(const Pool& pool, std::shared_ptr<const SolvedNetwork> solved) {
  Round round;
  absl::int128 bound = solved->transport.cost;
  for (const auto& [expert, price] : solved->limits.open_prices) {
    bound -= absl::int128(price) * pool.experts()[expert].RoomOpen();
  }
  // So low that no other bound is lower, and differences from it fit.
  constexpr int64_t kLeast = -(int64_t{1} << 62);
  round.bound = bound < kLeast ? kLeast : static_cast<int64_t>(bound);
  const std::vector<bool> chosen = solved->network.ChosenIn(solved->transport);
  for (size_t i = 0; i < solved->pairs.size(); ++i) {
    if (chosen[i]) round.chosen.push_back(solved->pairs[i]);
  }
  round.network = std::move(solved);
  return round;
}

}  // namespace

int64_t Round::steps() const {
  return network->transport.steps + kStepsPerSize * network->network.size();
}

bool Round::HasForced() const {
  const std::optional<int>& forced = network->limits.forced;
  if (!forced.has_value()) return true;
  return std::any_of(chosen.begin(), chosen.end(),
                     [&](const Pair& one) { return IsSame(one, network->pairs[*forced]); });
}

absl::StatusOr<Round> SolveRound(const Pool& pool, const SharedPairs& pairs,
                                 const NetworkLimits& limits) {
  ASSIGN_OR_RETURN(std::shared_ptr<SolvedNetwork> solved, SolveNetwork(pool, pairs, limits));
  return RoundOf(pool, std::move(solved));
}

absl::StatusOr<Round> SolveCanonicalRound(const Pool& pool, const SharedPairs& pairs,
                                          const NetworkLimits& limits) {
  ASSIGN_OR_RETURN(std::shared_ptr<SolvedNetwork> solved, SolveNetwork(pool, pairs, limits));
  MakeCanonical(solved->network.problem(), solved->network.Preferred(), solved->transport);
  return RoundOf(pool, std::move(solved));
}

std::vector<OpenUse> OpenUses(const Pool& pool, const Round& round) {
  std::vector<OpenUse> uses;
  for (const ExpertUnits& one : round.network->network.UnitsOfExperts(round.network->transport)) {
    const ExpertRow& expert = pool.experts()[one.expert];
    if (!round.network->limits.by_period[expert.partner]) continue;
    if (uses.empty() || uses.back().expert != one.expert) {
      uses.push_back({one.expert, 0, expert.RoomOpen(), {}});
    }
    uses.back().units += one.units;
    uses.back().periods.push_back(one);
  }
  return uses;
}

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

bool AllotOpen(const Pool& pool, const Round& round, const Placement& placement, int64_t least_left,
               NetworkLimits& limits) {
  const std::vector<Pair>& chosen = round.chosen;
  const SolvedNetwork& solved = *round.network;
  std::map<int, std::vector<int>> units_of;
  for (size_t i = 0; i < chosen.size(); ++i) {
    units_of[chosen[i].expert].push_back(static_cast<int>(i));
  }
  const auto claim = [&](int unit) {
    const Pair& pair = chosen[unit];
    const std::optional<int>& forced = solved.limits.forced;
    if (forced.has_value() && IsSame(pair, solved.pairs[*forced])) {
      return std::numeric_limits<int64_t>::max();
    }
    return pool.slots()[pair.slot].open_price - CostIn(pool, pair, *placement.periods[unit]);
  };
  bool any = false;
  for (const OpenUse& use : OpenUses(pool, round)) {
    if (use.room - use.units >= least_left) continue;
    any = true;
    // In other periods they have none.
    for (const ExpertUnits& one : use.periods) limits.allotted[{use.expert, one.period}] = 0;
    std::vector<int>& units = units_of[use.expert];
    std::stable_sort(units.begin(), units.end(), [&](int a, int b) { return claim(a) > claim(b); });
    const size_t kept = std::min(units.size(), static_cast<size_t>(use.room));
    for (size_t i = 0; i < kept; ++i) {
      ++limits.allotted[{use.expert, *placement.periods[units[i]]}];
    }
  }
  return any;
}

Plan PlanOf(const Pool& pool, const Round& round, const Placement& placement) {
  Plan plan;
  for (const SlotRow& slot : pool.slots()) {
    plan.open.push_back(slot.missing);
    plan.unit_count += slot.missing;
  }
  std::vector<int64_t> units_of(pool.partners().size(), 0);
  for (size_t i = 0; i < round.chosen.size(); ++i) {
    const Pair& pair = round.chosen[i];
    const int partner = pool.experts()[pair.expert].partner;
    const int32_t period = *placement.periods[i];
    plan.units.push_back({pair.slot, pair.expert, period, pair.score_e6});
    plan.objective += CostIn(pool, pair, period) + PartnerPrice(pool, partner, units_of[partner]++);
    --plan.open[pair.slot];
  }
  for (size_t s = 0; s < plan.open.size(); ++s) {
    plan.objective += plan.open[s] * pool.slots()[s].open_price;
  }
  return plan;
}

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

}  // namespace critac::matching
