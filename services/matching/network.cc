#include "services/matching/network.h"

#include <algorithm>

#include "services/matching/canonical.h"
#include "services/matching/eligibility.h"
#include "services/matching/score.h"

namespace critac::matching {
namespace {

// Calls `visit` with the number of every period of a pair.
template <typename Visit>
void ForEachPeriod(const Pool& pool, const Pair& pair, Visit visit) {
  const int32_t first = pool.slots()[pair.slot].first_period;
  for (int i = 0; i < kPeriodsPerSlot && pair.periods >> i != 0; ++i) {
    if ((pair.periods >> i & 1) != 0) visit(first + i);
  }
}

}  // namespace

Pair PairOf(const Pool& pool, int slot, int expert, PeriodSet periods) {
  const std::vector<int>& standing = pool.slots()[slot].standing_experts;
  const bool stands = std::binary_search(standing.begin(), standing.end(), expert);
  const int64_t score = ScoreOf(pool, slot, expert, periods).total_e6;
  const int64_t bonus = stands ? pool.policy().stability_bonus() : 0;
  return {slot, expert, score, -score - bonus, periods};
}

std::vector<Pair> EligiblePairs(const Pool& pool) {
  std::vector<Pair> pairs;
  for (int slot = 0; slot < static_cast<int>(pool.slots().size()); ++slot) {
    const SlotRow& row = pool.slots()[slot];
    if (row.missing == 0) continue;
    for (const int expert : pool.holders_of(row.topic)) {
      const Verdict verdict = CheckGates(pool, slot, expert);
      if (verdict.eligible()) pairs.push_back(PairOf(pool, slot, expert, verdict.periods));
    }
  }
  return pairs;
}

int64_t FairnessPrice(const Pool& pool, int64_t used) {
  constexpr int64_t kMost = 1'000'000;
  return pool.policy().fairness_price() * std::min(used, kMost);
}

int64_t RoomOf(const ExpertRow& expert, int32_t period) {
  return std::min(expert.RoomIn(period), expert.RoomOpen());
}

PlanNetwork::PlanNetwork(const Pool& pool, const std::vector<Pair>& pairs,
                         const NetworkLimits& limits)
    : pool_(pool), pairs_(pairs), limits_(limits) {
  for (const SlotRow& slot : pool.slots()) demand_ += slot.missing;
  sink_ = problem_.AddNode(-demand_);
  AddPartners();
  AddSlots();
  std::vector<std::vector<int>> pairs_of(pool.experts().size());
  for (int i = 0; i < static_cast<int>(pairs.size()); ++i) pairs_of[pairs[i].expert].push_back(i);
  start_nodes_of_pairs_.resize(pairs.size());
  expert_nodes_.assign(pool.experts().size(), -1);
  for (int expert = 0; expert < static_cast<int>(pairs_of.size()); ++expert) {
    if (!pairs_of[expert].empty()) AddExpert(expert, pairs_of[expert]);
  }
  ConnectPairs();
}

// Unit arcs of growing price, one more than the partner can be given people: the last never fills,
// so that a partner's price is never more than its next assignment's.
void PlanNetwork::AddPartners() {
  partner_nodes_.assign(pool_.partners().size(), -1);
  std::vector<int64_t> most(pool_.partners().size(), 0);
  for (const Pair& pair : pairs_) {
    const int partner = pool_.experts()[pair.expert].partner;
    if (++most[partner] == 1) partner_nodes_[partner] = problem_.AddNode();
  }
  for (int p = 0; p < static_cast<int>(partner_nodes_.size()); ++p) {
    if (partner_nodes_[p] < 0) continue;
    if (pool_.policy().fairness_price() == 0) {
      problem_.AddArc({partner_nodes_[p], sink_, demand_ + 1, 0});
      continue;
    }
    for (int64_t k = 0; k <= std::min(demand_, most[p]); ++k) {
      const int64_t price = FairnessPrice(pool_, pool_.partners()[p].used_open + k);
      problem_.AddArc({partner_nodes_[p], sink_, 1, price});
    }
  }
}

void PlanNetwork::AddSlots() {
  slot_nodes_.assign(pool_.slots().size(), -1);
  for (int s = 0; s < static_cast<int>(slot_nodes_.size()); ++s) {
    const SlotRow& slot = pool_.slots()[s];
    if (slot.missing == 0) continue;
    slot_nodes_[s] = problem_.AddNode(slot.missing);
    problem_.AddArc({slot_nodes_[s], sink_, slot.missing + 1, slot.open_price});
  }
}

int64_t PlanNetwork::LimitOf(int expert, int32_t period) const {
  const auto allotted = limits_.allotted.find(expert);
  if (allotted == limits_.allotted.end()) return RoomOf(pool_.experts()[expert], period);
  for (const auto& [allotted_period, units] : allotted->second) {
    if (allotted_period == period) return units;
  }
  return 0;
}

void PlanNetwork::AddExpert(int expert, const std::vector<int>& pairs_of_expert) {
  const ExpertRow& row = pool_.experts()[expert];
  if (!limits_.by_period[row.partner]) {
    expert_nodes_[expert] = problem_.AddNode();
    problem_.AddArc({expert_nodes_[expert], partner_nodes_[row.partner], row.RoomOpen(), 0});
  }
  std::vector<PeriodNode> period_nodes;
  std::vector<std::pair<std::pair<int32_t, PeriodSet>, int>> start_nodes;
  for (const int pair : pairs_of_expert) {
    start_nodes_of_pairs_[pair] = StartNodeOf(pairs_[pair], period_nodes, start_nodes);
  }
}

int PlanNetwork::PeriodNodeOf(int expert, int32_t period, std::vector<PeriodNode>& nodes) {
  for (const PeriodNode& known : nodes) {
    if (known.period == period) return known.node;
  }
  const int node = problem_.AddNode();
  const int next = expert_nodes_[expert] >= 0
                       ? expert_nodes_[expert]
                       : PartnerPeriodNodeOf(pool_.experts()[expert].partner, period);
  problem_.AddArc({node, next, LimitOf(expert, period), 0});
  nodes.push_back({period, node});
  expert_periods_.push_back({expert, period, node, next});
  return node;
}

int PlanNetwork::PartnerPeriodNodeOf(int partner, int32_t period) {
  const auto [entry, added] = partner_period_nodes_.try_emplace({partner, period}, 0);
  if (added) {
    entry->second = problem_.AddNode();
    const int64_t room = pool_.partners()[partner].RoomIn(period);
    problem_.AddArc({entry->second, partner_nodes_[partner], room, 0});
    partner_periods_.push_back({partner, period, entry->second, partner_nodes_[partner]});
  }
  return entry->second;
}

int PlanNetwork::StartNodeOf(
    const Pair& pair, std::vector<PeriodNode>& period_nodes,
    std::vector<std::pair<std::pair<int32_t, PeriodSet>, int>>& start_nodes) {
  int shift = 0;
  while ((pair.periods >> shift & 1) == 0) ++shift;
  const int32_t first = pool_.slots()[pair.slot].first_period + shift;
  const std::pair<int32_t, PeriodSet> key(first, pair.periods >> shift);
  for (const auto& [known, node] : start_nodes) {
    if (known == key) return node;
  }
  int node = -1;
  if (key.second == 1) {
    node = PeriodNodeOf(pair.expert, first, period_nodes);
  } else {
    node = problem_.AddNode();
    ForEachPeriod(pool_, pair, [&](int32_t period) {
      problem_.AddArc({node, PeriodNodeOf(pair.expert, period, period_nodes), demand_, 0});
    });
  }
  start_nodes.emplace_back(key, node);
  return node;
}

// A team is of different people: where records of one person stand beside each other in a slot for
// several, they share a node that lets one of them through.
void PlanNetwork::ConnectPairs() {
  pair_arcs_.resize(pairs_.size());
  std::vector<std::pair<int, int>> persons;
  for (size_t begin = 0; begin < pairs_.size();) {
    const int slot = pairs_[begin].slot;
    size_t end = begin;
    persons.clear();
    for (; end < pairs_.size() && pairs_[end].slot == slot; ++end) {
      persons.emplace_back(pool_.experts()[pairs_[end].expert].person, static_cast<int>(end));
    }
    std::sort(persons.begin(), persons.end());
    const bool team = pool_.slots()[slot].missing > 1;
    for (size_t i = 0; i < persons.size();) {
      size_t j = i;
      while (j < persons.size() && persons[j].first == persons[i].first) ++j;
      int from = slot_nodes_[slot];
      if (team && j - i > 1) {
        from = problem_.AddNode();
        problem_.AddArc({slot_nodes_[slot], from, 1, 0});
      }
      for (; i < j; ++i) {
        const int pair = persons[i].second;
        const int64_t lower = limits_.forced == pair ? 1 : 0;
        pair_arcs_[pair] =
            problem_.AddArc({from, start_nodes_of_pairs_[pair], 1, pairs_[pair].cost, lower});
      }
    }
    begin = end;
  }
}

Prices PlanNetwork::PricesOf(const Flow& flow) const {
  const std::vector<int64_t>& potential = flow.potentials;
  const int64_t zero = potential[sink_];
  Prices prices;
  for (size_t s = 0; s < slot_nodes_.size(); ++s) {
    const int node = slot_nodes_[s];
    prices.slots.push_back(node < 0 ? pool_.slots()[s].open_price : zero - potential[node]);
  }
  for (size_t p = 0; p < partner_nodes_.size(); ++p) {
    const int node = partner_nodes_[p];
    prices.partners.push_back(node < 0 ? FairnessPrice(pool_, pool_.partners()[p].used_open)
                                       : zero - potential[node]);
  }
  for (size_t e = 0; e < expert_nodes_.size(); ++e) {
    const int node = expert_nodes_[e];
    const int partner = pool_.experts()[e].partner;
    prices.experts_open.push_back(
        node < 0 ? 0 : std::max<int64_t>(0, potential[partner_nodes_[partner]] - potential[node]));
  }
  const auto read = [&](const std::vector<PricedNode>& nodes, auto& into) {
    for (const PricedNode& n : nodes) {
      const int64_t price = potential[n.next] - potential[n.node];
      if (price > 0) into.emplace_back(n.row, n.period, price);
    }
    std::sort(into.begin(), into.end());
  };
  read(expert_periods_, prices.expert_periods);
  read(partner_periods_, prices.partner_periods);
  return prices;
}

absl::StatusOr<Placement> PlaceInPeriods(const Pool& pool, const std::vector<Pair>& chosen) {
  FlowProblem problem;
  const int sink = problem.AddNode(-static_cast<int64_t>(chosen.size()));
  absl::flat_hash_map<std::pair<int, int32_t>, int> expert_nodes, partner_nodes;
  const auto partner_node = [&](int partner, int32_t period) {
    const auto [entry, added] = partner_nodes.try_emplace({partner, period}, 0);
    if (added) {
      entry->second = problem.AddNode();
      problem.AddArc({entry->second, sink, pool.partners()[partner].RoomIn(period), 0});
    }
    return entry->second;
  };
  const auto expert_node = [&](int expert, int32_t period) {
    const auto [entry, added] = expert_nodes.try_emplace({expert, period}, 0);
    if (added) {
      entry->second = problem.AddNode();
      const ExpertRow& row = pool.experts()[expert];
      problem.AddArc({entry->second, partner_node(row.partner, period), RoomOf(row, period), 0});
    }
    return entry->second;
  };
  std::vector<int> order;
  std::vector<std::pair<int, int32_t>> meaning;
  for (int i = 0; i < static_cast<int>(chosen.size()); ++i) {
    const int unit = problem.AddNode(1);
    ForEachPeriod(pool, chosen[i], [&](int32_t period) {
      order.push_back(problem.AddArc({unit, expert_node(chosen[i].expert, period), 1, 0}));
      meaning.emplace_back(i, period);
    });
    problem.AddArc({unit, sink, 1, 1});
  }
  absl::StatusOr<Flow> flow = SolveFlow(problem, Solver::kNetworkSimplex);
  if (!flow.ok()) return flow.status();
  MakeCanonical(problem, order, *flow);
  Placement placement;
  placement.periods.resize(chosen.size());
  for (size_t i = 0; i < order.size(); ++i) {
    if (flow->units[order[i]] > 0) placement.periods[meaning[i].first] = meaning[i].second;
  }
  return placement;
}

}  // namespace critac::matching
