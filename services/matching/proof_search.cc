#include "services/matching/proof_search.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "common/status/error.h"
#include "services/matching/transport.h"

namespace critac::matching {
namespace {

// Networks at most: of all cases together; to find prices for the whole,
// twice; and for a case, whose prices begin where those of the case that it is a part of ended.
constexpr int kMostNetworks = 1000;
constexpr int kNetworksForWhole = 40;
constexpr int kNetworksForCase = 12;
// So many solutions in turn prove no more than the best one, before the way from that is halved.
constexpr int kFutileSteps = 5;
// Cases from which a plan is looked for at once, beside those that are found where a case ends.
constexpr int kDives = 10;

// What pairs cost at prices.
class PricedPairCosts {
 public:
  PricedPairCosts(const Pool& pool, const Prices& prices) : pool_(pool), prices_(prices) {
    for (const auto& [expert, period, price] : prices.expert_periods) {
      expert_periods_[{expert, period}] = price;
    }
    for (const auto& [partner, period, price] : prices.partner_periods) {
      partner_periods_[{partner, period}] = price;
    }
  }

  // In the period where it is least, less what its slot pays.
  absl::int128 ReducedCostOf(const Pair& pair) const {
    const int partner = pool_.experts()[pair.expert].partner;
    absl::int128 least = absl::Int128Max();
    for (int i = 0; i < kPeriodsPerSlot && pair.periods >> i != 0; ++i) {
      if ((pair.periods >> i & 1) == 0) continue;
      const int32_t period = pool_.slots()[pair.slot].first_period + i;
      least = std::min(least, absl::int128(CostIn(pool_, pair, period)) +
                                  PriceIn(expert_periods_, {pair.expert, period}) +
                                  PriceIn(partner_periods_, {partner, period}));
    }
    return least + prices_.experts_open[pair.expert] + prices_.partners[partner] + prices_.program -
           prices_.slots[pair.slot];
  }

 private:
  using PriceByPeriod = absl::flat_hash_map<std::pair<int, int32_t>, int64_t>;

  static int64_t PriceIn(const PriceByPeriod& prices, const std::pair<int, int32_t>& key) {
    const auto found = prices.find(key);
    return found == prices.end() ? 0 : found->second;
  }

  const Pool& pool_;
  const Prices& prices_;
  PriceByPeriod expert_periods_, partner_periods_;
};

}  // namespace

ProofSearch::ProofSearch(const Pool& pool, SharedPairs pairs, NetworkLimits limits,
                         ProvedBound proved, std::optional<Plan> plan)
    : pool_(pool),
      pairs_(std::move(pairs)),
      proved_(std::move(proved)),
      plan_(std::move(plan)),
      networks_left_(kMostNetworks),
      dives_left_(kDives) {
  for (const SlotRow& slot : pool.slots()) {
    most_open_price_ = std::max(most_open_price_, slot.open_price);
  }
  // A score and the bonus are worth a million each at most.
  most_open_price_ += 2'000'000;
  Node& whole = nodes_.emplace_back();
  whole.limits = std::move(limits);
  whole.bound = proved_.bound;
  whole.prices = proved_.prices;
  known_.try_emplace(whole.limits.allotted, 0);
}

absl::Status ProofSearch::Run(int64_t& steps) {
  steps_left_ = steps;
  const absl::Status status = Search();
  steps = std::max<int64_t>(0, steps_left_);
  if (!absl::IsResourceExhausted(status)) return status;
  // The prices that it would have needed do not fit; what was found before holds.
  complete_ = false;
  return absl::OkStatus();
}

absl::Status ProofSearch::Search() {
  // Not one network.
  if (kStepsPerSize * static_cast<int64_t>(pairs_->size()) >= steps_left_) {
    complete_ = false;
    steps_left_ = 0;
    return absl::OkStatus();
  }
  Node& whole = nodes_.front();
  // What the first plan costs says how far prices have to go; with a better one they go on.
  for (int i = 0; i < 2 && !IsProved(whole); ++i) {
    RETURN_IF_ERROR(RaiseBound(whole, kNetworksForWhole));
    if (!IsProved(whole)) RETURN_IF_ERROR(Dive(whole.limits));
  }
  proved_ = {whole.bound, *whole.prices};
  if (IsProved(whole)) return absl::OkStatus();
  LeaveOutDearPairs();
  undecided_.emplace(whole.bound, 0);
  RETURN_IF_ERROR(Explore());
  if (complete_ && plan_.has_value()) Write(0, plan_->cases);
  return absl::OkStatus();
}

// The case with the lowest bound first: it has to be divided whatever is found elsewhere, unless a cheaper plan is
// found in it.
absl::Status ProofSearch::Explore() {
  while (!undecided_.empty()) {
    Node& node = nodes_[undecided_.begin()->second];
    undecided_.erase(undecided_.begin());
    if (IsProved(node)) continue;
    if (!MayGoOn() || node.expert < 0) {
      complete_ = false;
      return absl::OkStatus();
    }
    if (dives_left_ > 0) {
      --dives_left_;
      RETURN_IF_ERROR(Dive(node.limits));
      if (IsProved(node)) continue;
    }
    RETURN_IF_ERROR(Divide(node));
  }
  return absl::OkStatus();
}

// Moves the prices of room open at once against what solutions exceed (a subgradient method): where an expert has more
// than there is, the price rises, where it is above 0 and they have less, it falls, by so much that the bound would
// meet the cheapest plan known if nothing else changed. The bounds of all are true; the best is kept. Whatever comes of
// it, the case is proved then, or somebody is known by whom it can be divided, unless steps run out.
absl::Status ProofSearch::RaiseBound(Node& node, int most_networks) {
  NetworkLimits limits = node.limits;
  std::vector<OpenUse> best_uses;
  int since_best = 0;
  int halvings = 0;
  for (int i = 0; i < most_networks && MayGoOn(); ++i) {
    ASSIGN_OR_RETURN(const Round round, Solve(limits));
    std::vector<OpenUse> uses = OpenUses(pool_, round);
    const int64_t before = node.bound;
    RETURN_IF_ERROR(Look(round, uses, node, limits));
    if (IsProved(node)) return absl::OkStatus();
    if (i == 0 || node.bound > before) {
      best_uses = uses;
      since_best = 0;
    } else if (++since_best == kFutileSteps) {
      ++halvings;
      since_best = 0;
      limits.open_prices = node.limits.open_prices;
      uses = best_uses;
    }
    if (!MovePrices(uses, node.bound, halvings, limits.open_prices)) break;
  }
  // At no prices nobody exceeds anything only where the solution is a plan that the bound meets.
  while (!IsProved(node) && node.expert < 0 && MayGoOn()) {
    limits.open_prices.clear();
    ASSIGN_OR_RETURN(const Round round, Solve(limits));
    RETURN_IF_ERROR(Look(round, OpenUses(pool_, round), node, limits));
  }
  return absl::OkStatus();
}

// What a solution says of a case. Partners who need it turn to limits by period, in `limits` and for its parts.
absl::Status ProofSearch::Look(const Round& round, const std::vector<OpenUse>& uses, Node& node,
                               NetworkLimits& limits) {
  if (!node.prices.has_value() || round.bound > node.bound) {
    node.bound = round.bound;
    node.prices = round.network->network.PricesOf(round.network->transport);
    node.limits.open_prices = limits.open_prices;
  }
  if (!round.HasForced()) {
    node.none_has_forced = true;
    return absl::OkStatus();
  }
  // Who exceeds their limit most.
  const OpenUse* most = nullptr;
  for (const OpenUse& use : uses) {
    if (use.excess() > (most == nullptr ? 0 : most->excess())) most = &use;
  }
  if (most == nullptr) {
    ASSIGN_OR_RETURN(const Placement placement, PlaceInPeriods(pool_, round.chosen));
    if (KeepPartnersLimits(pool_, round, placement, limits)) {
      node.limits.by_period = limits.by_period;
    } else {
      OfferFilled(PlanOf(pool_, round, placement));
    }
    return absl::OkStatus();
  }
  if (node.expert >= 0 && round.bound <= node.bound_of_division) return absl::OkStatus();
  node.expert = most->expert;
  node.bound_of_division = round.bound;
  node.fewer_than.clear();
  node.periods.clear();
  for (const ExpertUnits& one : most->periods) node.periods.push_back(one.period);
  // As few periods as are more together than the expert has.
  std::vector<ExpertUnits> periods = most->periods;
  std::stable_sort(periods.begin(), periods.end(),
                   [](const ExpertUnits& a, const ExpertUnits& b) { return a.units > b.units; });
  int64_t sum = 0;
  for (size_t i = 0; sum <= most->room; ++i) {
    node.fewer_than.emplace_back(periods[i].period, periods[i].units);
    sum += periods[i].units;
  }
  return absl::OkStatus();
}

// Returns whether they move.
bool ProofSearch::MovePrices(const std::vector<OpenUse>& uses, int64_t bound, int halvings,
                             OpenPrices& prices) const {
  const auto price_of = [&](const OpenUse& use) {
    const auto found = prices.find(use.expert);
    return found == prices.end() ? int64_t{0} : found->second;
  };
  // Whose price can move. They have no more room than there were ever people with them, so squares are small.
  const auto may_move = [&](const OpenUse& use) { return use.excess() > 0 || price_of(use) > 0; };
  int64_t squares = 0;
  for (const OpenUse& use : uses) {
    if (may_move(use)) squares += use.excess() * use.excess();
  }
  if (squares == 0) return false;
  const int64_t gap = plan_.has_value() ? plan_->objective - bound : most_open_price_;
  const int64_t by = (gap / squares) >> halvings;
  if (by <= 0) return false;
  OpenPrices moved;
  for (const OpenUse& use : uses) {
    if (!may_move(use)) continue;
    const int64_t price =
        std::clamp<int64_t>(price_of(use) + by * use.excess(), 0, most_open_price_);
    if (price > 0) moved[use.expert] = price;
  }
  prices = std::move(moved);
  return true;
}

// Makes a plan near a solution: allots what is exceeded until nothing is; then has those who are full by then keep
// their periods, so that the prices are not needed any more, and makes the best of it.
absl::Status ProofSearch::Dive(NetworkLimits limits) {
  while (MayGoOn()) {
    ASSIGN_OR_RETURN(const Round round, Solve(limits));
    if (!round.HasForced() || (plan_.has_value() && round.bound >= plan_->objective)) break;
    ASSIGN_OR_RETURN(const Placement placement, PlaceInPeriods(pool_, round.chosen));
    if (KeepPartnersLimits(pool_, round, placement, limits)) continue;
    if (AllotOpen(pool_, round, placement, 0, limits)) continue;
    if (!limits.open_prices.empty()) {
      AllotOpen(pool_, round, placement, 1, limits);
      limits.open_prices.clear();
      continue;
    }
    OfferFilled(PlanOf(pool_, round, placement));
    break;
  }
  return absl::OkStatus();
}

// Every plan of the case is in one of the parts; what was found is in none.
absl::Status ProofSearch::Divide(Node& node) {
  for (const auto& [period, people] : node.fewer_than) {
    NetworkLimits limits = node.limits;
    limits.allotted[{node.expert, period}] = people - 1;
    const auto [known, is_new] = known_.try_emplace(limits.allotted, nodes_.size());
    node.parts.push_back(known->second);
    if (!is_new) continue;
    // Where the periods together leave no more than there is open at once, that has no price.
    if (IsLimitKept(node.expert, node.periods, limits.allotted)) {
      limits.open_prices.erase(node.expert);
    }
    const size_t index = nodes_.size();
    Node& part = nodes_.emplace_back();
    part.limits = std::move(limits);
    RETURN_IF_ERROR(RaiseBound(part, kNetworksForCase));
    if (!IsProved(part)) undecided_.emplace(part.bound, index);
  }
  return absl::OkStatus();
}

// Leaves out pairs that no plan has which is cheaper than the cheapest known: a plan with the pair costs the bound at
// least, and what the pair is dearer at its prices than what the bound has counted for the person in the slot. The
// check leaves the same pairs out, or more, where a cheaper plan was found since.
void ProofSearch::LeaveOutDearPairs() {
  if (!plan_.has_value()) return;
  const PricedPairCosts costs(pool_, proved_.prices);
  const std::vector<Pair>& all = *pairs_;
  NetworkLimits& limits = nodes_.front().limits;
  auto kept = std::make_shared<std::vector<Pair>>();
  std::optional<int> forced;
  std::vector<bool> is_kept(pool_.experts().size(), false);
  for (size_t first = 0, end = 0; first < all.size(); first = end) {
    std::vector<absl::int128> reduced;
    absl::flat_hash_map<int, absl::int128> least;
    for (; end < all.size() && all[end].slot == all[first].slot; ++end) {
      reduced.push_back(costs.ReducedCostOf(all[end]));
      absl::int128& of_person =
          least.try_emplace(pool_.experts()[all[end].expert].person, 0).first->second;
      of_person = std::min(of_person, reduced.back());
    }
    for (size_t i = first; i < end; ++i) {
      const Pair& pair = all[i];
      const absl::int128 with_it = reduced[i - first] -
                                   least.find(pool_.experts()[pair.expert].person)->second +
                                   proved_.bound;
      if (limits.forced == static_cast<int>(i)) {
        forced = static_cast<int>(kept->size());
      } else if (with_it >= plan_->objective) {
        continue;
      }
      is_kept[pair.expert] = true;
      kept->push_back(pair);
    }
  }
  pairs_ = std::move(kept);
  limits.forced = forced;
  for (auto price = limits.open_prices.begin(); price != limits.open_prices.end();) {
    price = is_kept[price->first] ? std::next(price) : limits.open_prices.erase(price);
  }
}

// Each followed by its parts.
void ProofSearch::Write(size_t index, std::vector<ProofCase>& cases) {
  Node& node = nodes_[index];
  ProofCase& one = cases.emplace_back();
  // Its proof stands before.
  if (node.is_written) return;
  node.is_written = true;
  if (IsProved(node)) {
    one.prices = node.prices;
    return;
  }
  one.expert = node.expert;
  one.fewer_than = node.fewer_than;
  for (const size_t part : node.parts) Write(part, cases);
}

absl::StatusOr<Round> ProofSearch::Solve(const NetworkLimits& limits) {
  --networks_left_;
  ASSIGN_OR_RETURN(Round round, SolveRound(pool_, pairs_, limits));
  steps_left_ -= round.steps();
  return round;
}

bool ProofSearch::IsProved(const Node& node) const {
  return node.none_has_forced || (plan_.has_value() && node.bound >= plan_->objective);
}

bool ProofSearch::IsLimitKept(int expert, const std::vector<int32_t>& periods,
                              const Allotted& allotted) const {
  const ExpertRow& row = pool_.experts()[expert];
  int64_t sum = 0;
  for (const int32_t period : periods) {
    const auto most = allotted.find({expert, period});
    sum +=
        most == allotted.end() ? RoomOf(row, period) : std::min(most->second, RoomOf(row, period));
  }
  return sum <= row.RoomOpen();
}

// What prices and parts of a case kept open may be filled for less.
void ProofSearch::OfferFilled(Plan plan) {
  FillFromRoomLeft(pool_, *pairs_, plan);
  if (!plan_.has_value() || plan.objective < plan_->objective) plan_ = std::move(plan);
}

}  // namespace critac::matching
