#include "services/matching/assign.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/matching/network.h"
#include "services/matching/plan_round.h"
#include "services/matching/proof_search.h"

namespace critac::matching {
namespace {

absl::Status NoPlanWith(const Pool& pool, const Pair& pair) {
  return FailedPrecondition("NO_PLAN_WITH_PAIR", pool.experts()[pair.expert].name,
                            "can be in no plan for this slot");
}

// What comes of the rounds below: the cheapest plan that they found, and what the best of them proves.
struct Rounds {
  std::optional<Plan> plan;
  ProvedBound proved;
  // Those of the last, and its network: something is allotted in it unless its flow is the plan.
  NetworkLimits limits;
  std::shared_ptr<const SolvedNetwork> network;
  // What all of them took.
  int64_t steps = 0;
};

// Solves until no limit is exceeded. Each round but the last adds a partner or an expert to
// `limits`, so there are at most as many rounds as there are of these, and one more.
absl::StatusOr<Rounds> SolveInRounds(const Pool& pool, const SharedPairs& shared_pairs,
                                     std::optional<int> forced) {
  const std::vector<Pair>& pairs = *shared_pairs;
  Rounds rounds;
  NetworkLimits& limits = rounds.limits;
  limits.by_period.assign(pool.partners().size(), false);
  limits.forced = forced;
  std::shared_ptr<const SolvedNetwork> best;
  while (true) {
    ASSIGN_OR_RETURN(Round round, SolveCanonicalRound(pool, shared_pairs, limits));
    rounds.steps += round.steps();
    if (!round.HasForced()) {
      if (limits.allotted.empty()) return NoPlanWith(pool, pairs[*forced]);
      rounds.network = std::move(round.network);
      break;
    }
    ASSIGN_OR_RETURN(const Placement placement, PlaceInPeriods(pool, round.chosen));
    // Without allotments a network only leaves limits out, so no plan is cheaper than its flow.
    if (limits.allotted.empty() && (best == nullptr || round.bound > best->transport.cost)) {
      best = round.network;
    }
    if (KeepPartnersLimits(pool, round, placement, limits)) continue;
    if (AllotOpen(pool, round, placement, 0, limits)) continue;
    rounds.plan = PlanOf(pool, round, placement);
    if (!limits.allotted.empty()) FillFromRoomLeft(pool, pairs, *rounds.plan);
    rounds.network = std::move(round.network);
    break;
  }
  rounds.proved = {best->transport.cost, best->network.PricesOf(best->transport)};
  return rounds;
}

// Prices of room open at once of another plan of the pool, as far as the network leaves that out.
OpenPrices OpenPricesOf(const Pool& pool, const Prices& prices, const NetworkLimits& limits) {
  OpenPrices open_prices;
  for (size_t e = 0; e < prices.experts_open.size(); ++e) {
    // Who has a price has a partner.
    if (prices.experts_open[e] > 0 && limits.by_period[pool.experts()[e].partner]) {
      open_prices[static_cast<int>(e)] = prices.experts_open[e];
    }
  }
  return open_prices;
}

// `near`: prices of a plan that has much in common with it, or null. `steps`: what a proof may take, and then
// what is left of that.
absl::StatusOr<Plan> Solve(const Pool& pool, std::vector<Pair> its_pairs, std::optional<int> forced,
                           const Prices* near, int64_t& steps) {
  const auto pairs = std::make_shared<const std::vector<Pair>>(std::move(its_pairs));
  ASSIGN_OR_RETURN(Rounds rounds, SolveInRounds(pool, pairs, forced));
  std::optional<Plan>& plan = rounds.plan;
  if (!plan.has_value() || plan->objective > rounds.proved.bound) {
    steps -= std::min(steps, rounds.steps);
    NetworkLimits limits = std::move(rounds.limits);
    limits.allotted.clear();
    // With those of the rounds the bound is no lower to begin with: other prices may only raise it.
    limits.open_prices = OpenPricesOf(pool, near == nullptr ? rounds.proved.prices : *near, limits);
    ProofSearch search(pool, pairs, std::move(limits), std::move(rounds.proved), std::move(plan));
    RETURN_IF_ERROR(search.Run(steps));
    plan = std::move(search.plan());
    rounds.proved = std::move(search.proved());
    if (!plan.has_value() && search.complete()) return NoPlanWith(pool, (*pairs)[*forced]);
  }
  if (!plan.has_value()) {
    return FailedPrecondition("NOT_PROVED", pool.experts()[(*pairs)[*forced].expert].name,
                              "is in no plan for this slot that was found");
  }
  plan->bound = rounds.proved.bound;
  plan->prices = std::move(rounds.proved.prices);
  plan->pair_count = static_cast<int64_t>(pairs->size());
  plan->network = std::move(rounds.network);
  if (plan->optimal()) plan->cases.clear();
  return *std::move(plan);
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
  ProofAllowance allowance;
  return SolvePlan(pool, allowance);
}

absl::StatusOr<Plan> SolvePlan(const Pool& pool, ProofAllowance& allowance) {
  return Solve(pool, EligiblePairs(pool), std::nullopt, nullptr, allowance.steps);
}

absl::StatusOr<Plan> SolvePlanWith(const Pool& pool, int slot, int expert,
                                   ProofAllowance& allowance, std::optional<int32_t> period,
                                   const Plan* near) {
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
  // A hard one leaves something to those after it.
  const int64_t its_steps = (allowance.steps + 1) / 2;
  int64_t steps = its_steps;
  absl::StatusOr<Plan> plan =
      Solve(pool, std::move(pairs), forced, near == nullptr ? nullptr : &near->prices, steps);
  allowance.steps -= its_steps - steps;
  return plan;
}

}  // namespace critac::matching
