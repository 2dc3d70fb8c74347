#ifndef SERVICES_MATCHING_ASSIGN_H_
#define SERVICES_MATCHING_ASSIGN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "critac/matching/v1/match.pb.h"
#include "services/matching/pool.h"

// The plan: who is proposed for which slot, over all slots at once, at the least total price.
//
// The price of a plan is, in millionths of a score,
//     for each person assigned:       - score - (stability_bonus, where a standing proposal has the
//                                     expert in the slot, to start in this period; or in any, where
//                                     the period it says is none of those in which the expert can)
//     for each person left out:       unassigned_price + urgency_price × (0, 1 or 2)
//                                     + waiting_price_per_day × days waited
//     for each partner:               fairness_price × (k - 1) for its k-th assignment, those
//                                     agreed or offered and not finished counted first; it grows
//                                     up to the millionth; and - minimum_share_price for each of
//                                     this plan up to its minimum share
// and its limits are
//     a slot gets at most the people it still misses, all different persons;
//     an expert has at most `capacity_per_period` in each period and `capacity_open` in all;
//     a partner has at most `capacity_per_period` (0: any number) in each period, and at most its
//     maximum share;
//     the program has at most `capacity_open` of the policy (0: any number) in all.
// README.md says how this is a minimum-cost flow, and what is done where it is not quite one.
namespace critac::matching {

// One person for one slot, to start in a period. Rows of the pool; the period by its number.
struct PlanUnit {
  int slot = 0;
  int expert = 0;
  int32_t period = 0;
  int64_t score_e6 = 0;

  friend auto operator<=>(const PlanUnit&, const PlanUnit&) = default;
};

// What one more of each thing is worth to the plan: the solver's potentials, read as prices in
// millionths of a score. With them anyone can prove that no plan is cheaper (certificate.h).
struct Prices {
  // By slot: what one person more to place there would cost.
  std::vector<int64_t> slots;
  // By partner: what the partner's next assignment costs, the program's price not counted.
  std::vector<int64_t> partners;
  // What one more assignment open at once of the program would save. Not negative; 0 without a limit.
  int64_t program = 0;
  // By expert: what one more assignment open at once would save. Not negative.
  std::vector<int64_t> experts_open;
  // What one more in a period would save: (row, period, price), only those above 0; sorted.
  std::vector<std::tuple<int, int32_t, int64_t>> expert_periods;
  std::vector<std::tuple<int, int32_t, int64_t>> partner_periods;
};

struct SolvedNetwork;

// Part of a proof by cases that no plan is cheaper (README.md). A case is of all plans in which experts start in
// periods with no more people than it says; that with which the proof begins says nothing, so it is of all plans. It is
// divided, or its prices prove that none of it is cheaper.
struct ProofCase {
  // By whose people it is divided; -1: it is not.
  int expert = -1;
  // Periods, and numbers of people that are more together than the expert has open at once. So in every plan there are
  // fewer in one of these periods at least; and of each, in this order, there is a case in which there are.
  std::vector<std::pair<int32_t, int64_t>> fewer_than;
  // Where it is not divided. Nothing: a case with the same limits is proved before it.
  std::optional<Prices> prices;
};

// What searches for proofs may take together, so that many of them end in good time: pairs, arcs and rooms of networks
// that are built and looked at (Transport::steps), which takes as long on one machine as on another and comes to the
// same every time. Where nothing is left, a plan is not proved that its first prices do not prove.
struct ProofAllowance {
  int64_t steps = 60'000'000;
};

// For the price of one pair alone, for which somebody waits: of a year in which all limits bind, enough for nearly
// every pair, and half a second.
inline constexpr ProofAllowance kAllowanceOfOnePair = {600'000'000};

struct Plan {
  // By slot, then by expert.
  std::vector<PlanUnit> units;
  // By slot: people left out.
  std::vector<int> open;
  // Price of the plan.
  int64_t objective = 0;
  // No plan is cheaper than this, as prices prove. Equal to `objective` where they prove that none is cheaper.
  int64_t bound = 0;
  Prices prices;
  // Where prices alone do not prove that the plan is the cheapest: a proof by cases, each followed by those into which
  // it is divided. Empty: there is none, or none is needed.
  std::vector<ProofCase> cases;
  // Eligible pairs of slot and expert, over slots that miss people.
  int64_t pair_count = 0;
  // People asked for.
  int64_t unit_count = 0;
  // Its pairs (network.h); it refers to the pool. Where nothing is allotted in it, its flow is the plan.
  std::shared_ptr<const SolvedNetwork> network;

  // Whether its prices prove that no plan is cheaper.
  bool optimal() const { return objective == bound; }
  // Whether that is proved, be it by cases.
  bool proved() const { return optimal() || !cases.empty(); }
  // Null: the plan does not have this expert in this slot.
  const PlanUnit* FindUnit(int slot, int expert) const;
};

// The plan of least price. Among several the one that changes least, and then whose pairs come first: going
// through slots and then experts by name, whom a standing proposal has is taken wherever a cheapest plan has
// them together with those taken before; in the same manner who then starts in the period in which they
// stand; then every other pair; then, going through the pairs, each starts in the first period that leaves
// the others room. So the plan is a function of the pool alone, whatever the order of the input; but where limits
// overlap, so that cheaper networks had to be looked for or cases, it may be another one of the same price.
//
// RESOURCE_EXHAUSTED: the largest price times the nodes of the network (slots, experts, and an
// expert's periods) does not fit the solver's integers, 2^60. At the policy's highest prices and
// a wait of three hundred years that is ten million nodes.
absl::StatusOr<Plan> SolvePlan(const Pool& pool);
// `allowance`: for its proof, and then what is left of that.
absl::StatusOr<Plan> SolvePlan(const Pool& pool, ProofAllowance& allowance);

// The cheapest plan that has this pair; `proved` says whether no other one with the pair is cheaper.
// Its prices and cases prove nothing about plans without it; CheckPlanWith checks it (certificate.h). With `period`,
// the number of one of the pair's, it starts in that.
// INVALID_ARGUMENT: the expert is not eligible for the slot, or cannot start in the period, or the slot misses
// nobody.
// FAILED_PRECONDITION: no plan has the pair, for example because its partner's maximum share is nothing
// (NO_PLAN_WITH_PAIR); or none was found where limits overlap, in as many cases as are looked at (NOT_PROVED).
// `allowance` is what is left for it and those after it; it takes half of that at most. `near`: a plan of the pool, at
// whose prices the search for better ones begins; what is found and proved before the allowance is used up may differ
// by it.
absl::StatusOr<Plan> SolvePlanWith(const Pool& pool, int slot, int expert,
                                   ProofAllowance& allowance,
                                   std::optional<int32_t> period = std::nullopt,
                                   const Plan* near = nullptr);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_ASSIGN_H_
