#include "services/matching/assign.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/matching/canonical.h"
#include "services/matching/network.h"
#include "services/matching/plan_use.h"
#include "services/matching/transport.h"

namespace critac::matching {
namespace {

// What one proof by cases may take at most: networks that are solved, and of them all together the slots times the
// experts, since a check looks at each of these pairs.
constexpr int64_t kMostNetworks = 200;
constexpr int64_t kMostPairsOfNetworks = ProofAllowance::kMostOfOne;

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
bool AllotExceeded(const Pool& pool, const Round& round, const Placement& placement,
                   NetworkLimits& limits) {
  const std::vector<Pair>& chosen = round.chosen;
  std::map<int, std::vector<int>> units_of;
  for (size_t i = 0; i < chosen.size(); ++i) {
    units_of[chosen[i].expert].push_back(static_cast<int>(i));
  }
  std::set<int> exceeded;
  for (auto& [expert, units] : units_of) {
    const size_t room = static_cast<size_t>(pool.experts()[expert].RoomOpen());
    if (units.size() <= room) continue;
    exceeded.insert(expert);
    std::stable_sort(units.begin(), units.end(), [&](int a, int b) {
      const auto claim = [&](int unit) {
        const Pair& pair = chosen[unit];
        return pool.slots()[pair.slot].open_price - CostIn(pool, pair, *placement.periods[unit]);
      };
      return claim(a) > claim(b);
    });
    for (size_t i = 0; i < room; ++i) {
      ++limits.allotted[{expert, *placement.periods[units[i]]}];
    }
  }
  // In other periods they have none.
  for (const ExpertUnits& one : round.network->network.UnitsOfExperts(round.network->transport)) {
    if (exceeded.contains(one.expert)) limits.allotted.try_emplace({one.expert, one.period}, 0);
  }
  return !exceeded.empty();
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

// Looks for a cheapest plan, case by case, where an expert exceeds what they have open at once in the network that
// keeps all other limits. In a case so many people of an expert at most start in a period, which that network can keep:
// what it costs is what no plan of the case costs less than, and where nobody exceeds anything it is a plan. Else the
// case is divided, so that what was found is in none of its parts and every plan is in one (ProofCase).
class CaseSearch {
 public:
  // `limits`: those of the network to begin with, nothing allotted. `plan`: the cheapest known.
  CaseSearch(const Pool& pool, SharedPairs pairs, NetworkLimits limits, std::optional<Plan> plan,
             ProofAllowance& allowance)
      : pool_(pool), pairs_(std::move(pairs)), plan_(std::move(plan)) {
    const int64_t size = std::max<int64_t>(
        1, static_cast<int64_t>(pool.slots().size()) * static_cast<int64_t>(pool.experts().size()));
    const int64_t most =
        std::min(kMostNetworks, std::min(kMostPairsOfNetworks, allowance.pairs) / size);
    networks_left_ = most;
    status_ = Explore(std::move(limits));
    allowance.pairs -= (most - networks_left_) * size;
    const bool none_is_cheaper = plan_.has_value() && lowest_ >= plan_->objective;
    if (complete_ && none_is_cheaper) plan_->cases = std::move(cases_);
  }

  const absl::Status& status() const { return status_; }
  // Whether every case was looked at.
  bool complete() const { return complete_; }
  // The cheapest known, with the proof where there is one; nothing: none was found.
  std::optional<Plan>& plan() { return plan_; }

 private:
  absl::Status Explore(NetworkLimits limits) {
    const size_t place = cases_.size();
    cases_.emplace_back();
    if (!seen_.insert(limits.allotted).second) return absl::OkStatus();
    ASSIGN_OR_RETURN(const ProofCase one, CaseOf(limits));
    cases_[place] = one;
    for (const auto& [period, people] : one.fewer_than) {
      if (!complete_) break;
      NetworkLimits part = limits;
      part.allotted[{one.expert, period}] = people - 1;
      RETURN_IF_ERROR(Explore(std::move(part)));
    }
    return absl::OkStatus();
  }

  // How a case ends, or is divided. Partners who need it turn to limits by period for its parts as well.
  absl::StatusOr<ProofCase> CaseOf(NetworkLimits& limits) {
    ProofCase one;
    int64_t bound = std::numeric_limits<int64_t>::min();
    while (true) {
      if (networks_left_ == 0) {
        complete_ = false;
        return one;
      }
      --networks_left_;
      ASSIGN_OR_RETURN(const Round round, SolveRound(pool_, pairs_, limits));
      if (round.cost() > bound) {
        bound = round.cost();
        one.prices = round.network->network.PricesOf(round.network->transport);
      }
      const bool none_has_pair = limits.forced.has_value() && !round.has((*pairs_)[*limits.forced]);
      if (none_has_pair || (plan_.has_value() && bound >= plan_->objective)) break;
      ASSIGN_OR_RETURN(const Placement placement, PlaceInPeriods(pool_, round.chosen));
      if (KeepPartnersLimits(pool_, round, placement, limits)) continue;
      if (Divide(round, one)) return one;
      Plan found = PlanOf(pool_, round, placement);
      found.network = round.network;
      plan_ = std::move(found);
      break;
    }
    lowest_ = std::min(lowest_, bound);
    return one;
  }

  // By the first expert who exceeds what they have open at once, and the fewest periods. Returns whether there is one.
  bool Divide(const Round& round, ProofCase& one) const {
    const std::vector<ExpertUnits> all =
        round.network->network.UnitsOfExperts(round.network->transport);
    for (size_t first = 0, end = 0; first < all.size(); first = end) {
      int64_t sum = 0;
      for (; end < all.size() && all[end].expert == all[first].expert; ++end) sum += all[end].units;
      const int64_t room = pool_.experts()[all[first].expert].RoomOpen();
      if (sum <= room) continue;
      std::vector<ExpertUnits> periods(all.begin() + static_cast<int64_t>(first),
                                       all.begin() + static_cast<int64_t>(end));
      std::stable_sort(
          periods.begin(), periods.end(),
          [](const ExpertUnits& a, const ExpertUnits& b) { return a.units > b.units; });
      one = {all[first].expert, {}, std::nullopt};
      sum = 0;
      for (size_t i = 0; sum <= room; ++i) {
        one.fewer_than.emplace_back(periods[i].period, periods[i].units);
        sum += periods[i].units;
      }
      return true;
    }
    return false;
  }

  const Pool& pool_;
  const SharedPairs pairs_;
  std::optional<Plan> plan_;
  std::vector<ProofCase> cases_;
  std::set<Allotted> seen_;
  int64_t networks_left_ = 0;
  // What no plan of the cases that are not divided costs less than.
  int64_t lowest_ = std::numeric_limits<int64_t>::max();
  bool complete_ = true;
  absl::Status status_;
};

absl::Status NoPlanWith(const Pool& pool, const Pair& pair) {
  return FailedPrecondition("NO_PLAN_WITH_PAIR", pool.experts()[pair.expert].name,
                            "can be in no plan for this slot");
}

// What comes of the rounds below: the cheapest plan that they found, and what the best of them proves.
struct Rounds {
  std::optional<Plan> plan;
  int64_t bound = 0;
  Prices prices;
  // Those of the last.
  NetworkLimits limits;
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
    ASSIGN_OR_RETURN(Round round, SolveRound(pool, shared_pairs, limits));
    if (forced.has_value() && !round.has(pairs[*forced])) {
      if (limits.allotted.empty()) return NoPlanWith(pool, pairs[*forced]);
      break;
    }
    ASSIGN_OR_RETURN(const Placement placement, PlaceInPeriods(pool, round.chosen));
    // Without allotments a network only leaves limits out, so no plan is cheaper than its flow.
    if (limits.allotted.empty() && (best == nullptr || round.cost() > best->transport.cost)) {
      best = round.network;
    }
    if (KeepPartnersLimits(pool, round, placement, limits)) continue;
    if (AllotExceeded(pool, round, placement, limits)) continue;
    rounds.plan = PlanOf(pool, round, placement);
    if (!limits.allotted.empty()) FillFromRoomLeft(pool, pairs, *rounds.plan);
    rounds.plan->network = std::move(round.network);
    break;
  }
  rounds.bound = best->transport.cost;
  rounds.prices = best->network.PricesOf(best->transport);
  return rounds;
}

absl::StatusOr<Plan> Solve(const Pool& pool, std::vector<Pair> its_pairs, std::optional<int> forced,
                           ProofAllowance& allowance) {
  const auto pairs = std::make_shared<const std::vector<Pair>>(std::move(its_pairs));
  ASSIGN_OR_RETURN(Rounds rounds, SolveInRounds(pool, pairs, forced));
  std::optional<Plan>& plan = rounds.plan;
  if (!plan.has_value() || plan->objective > rounds.bound) {
    rounds.limits.allotted.clear();
    CaseSearch search(pool, pairs, std::move(rounds.limits), std::move(plan), allowance);
    RETURN_IF_ERROR(search.status());
    plan = std::move(search.plan());
    if (!plan.has_value() && search.complete()) return NoPlanWith(pool, (*pairs)[*forced]);
  }
  if (!plan.has_value()) {
    return FailedPrecondition("NOT_PROVED", pool.experts()[(*pairs)[*forced].expert].name,
                              "is in no plan for this slot that was found");
  }
  plan->bound = rounds.bound;
  plan->prices = std::move(rounds.prices);
  plan->pair_count = static_cast<int64_t>(pairs->size());
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
  return Solve(pool, EligiblePairs(pool), std::nullopt, allowance);
}

absl::StatusOr<Plan> SolvePlanWith(const Pool& pool, int slot, int expert,
                                   ProofAllowance& allowance, std::optional<int32_t> period) {
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
  return Solve(pool, std::move(pairs), forced, allowance);
}

}  // namespace critac::matching
