#ifndef SERVICES_MATCHING_NETWORK_H_
#define SERVICES_MATCHING_NETWORK_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "services/matching/assign.h"
#include "services/matching/flow.h"
#include "services/matching/pool.h"

// The plan as a flow. README.md draws it.
namespace critac::matching {

// An eligible expert of a slot that misses people.
struct Pair {
  int slot = 0;
  int expert = 0;
  int64_t score_e6 = 0;
  // Less the bonus, where the standing proposal has it.
  int64_t cost = 0;
  // Periods in which the expert could start, as the verdict has them.
  PeriodSet periods = 0;
};

// The pair of an eligible expert with the slot.
Pair PairOf(const Pool& pool, int slot, int expert, PeriodSet periods);

// Every one of them, by slot, then by expert.
std::vector<Pair> EligiblePairs(const Pool& pool);

// Which limits a network keeps. Three kinds of limits overlap: an expert's assignments open at once
// (over all periods), a period's assignments of an expert, and a period's assignments of a partner.
// A flow can keep any two that nest.
struct NetworkLimits {
  // By partner: keep the partner's limits by period instead of its experts' limits open at once.
  std::vector<bool> by_period;
  // Experts whose assignments open at once are allotted to periods beforehand: period and units.
  absl::flat_hash_map<int, std::vector<std::pair<int32_t, int64_t>>> allotted;
  // A pair that the plan must have: its place among the pairs.
  std::optional<int> forced;
};

// Units of an expert that fit a period, whatever else is planned: those left in the period and open
// at once.
int64_t RoomOf(const ExpertRow& expert, int32_t period);

// Price of a partner's assignment when `used` are there already. From a million on it grows no more,
// so that it fits whatever the input says is used.
int64_t FairnessPrice(const Pool& pool, int64_t used);

class PlanNetwork {
 public:
  PlanNetwork(const Pool& pool, const std::vector<Pair>& pairs, const NetworkLimits& limits);

  const FlowProblem& problem() const { return problem_; }
  // The arc of each pair.
  const std::vector<int>& pair_arcs() const { return pair_arcs_; }

  // What an optimal flow of this network says of prices.
  Prices PricesOf(const Flow& flow) const;

 private:
  // A node for an expert's assignments in one period.
  struct PeriodNode {
    int32_t period = 0;
    int node = 0;
  };

  void AddPartners();
  void AddSlots();
  void AddExpert(int expert, const std::vector<int>& pairs_of_expert);
  int PeriodNodeOf(int expert, int32_t period, std::vector<PeriodNode>& nodes);
  int PartnerPeriodNodeOf(int partner, int32_t period);
  int64_t LimitOf(int expert, int32_t period) const;
  // The node that a pair leads to: the expert's assignments that may start in these periods.
  int StartNodeOf(const Pair& pair, std::vector<PeriodNode>& period_nodes,
                  std::vector<std::pair<std::pair<int32_t, PeriodSet>, int>>& start_nodes);
  void ConnectPairs();

  const Pool& pool_;
  const std::vector<Pair>& pairs_;
  const NetworkLimits& limits_;
  int64_t demand_ = 0;
  FlowProblem problem_;
  int sink_ = 0;
  // By slot, partner, expert; -1 where there is none.
  std::vector<int> slot_nodes_;
  std::vector<int> partner_nodes_;
  std::vector<int> expert_nodes_;
  std::vector<int> start_nodes_of_pairs_;
  std::vector<int> pair_arcs_;
  struct PricedNode {
    int row = 0;
    int32_t period = 0;
    int node = 0;
    int next = 0;
  };
  std::vector<PricedNode> expert_periods_;
  std::vector<PricedNode> partner_periods_;
  absl::flat_hash_map<std::pair<int, int32_t>, int> partner_period_nodes_;
};

// Where chosen pairs start.
struct Placement {
  // By pair chosen: the number of the period; nothing where the limits by period leave none.
  std::vector<std::optional<int32_t>> periods;
};

// Places chosen pairs, by slot and expert, in periods within the limits by period of experts and
// partners: as many as possible, and then each, in turn, in its first period that leaves the others
// theirs.
absl::StatusOr<Placement> PlaceInPeriods(const Pool& pool, const std::vector<Pair>& chosen);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_NETWORK_H_
