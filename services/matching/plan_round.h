#ifndef SERVICES_MATCHING_PLAN_ROUND_H_
#define SERVICES_MATCHING_PLAN_ROUND_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "services/matching/assign.h"
#include "services/matching/network.h"
#include "services/matching/pool.h"

// One solution of the plan's network, and how plans are made of it.
namespace critac::matching {

// What a network takes before it is solved, in steps of the solver (Transport::steps), for each of its slots, experts,
// pairs, rooms and arcs. An estimate.
inline constexpr int64_t kStepsPerSize = 8;

struct Round {
  std::shared_ptr<const SolvedNetwork> network;
  std::vector<Pair> chosen;
  // No plan that keeps what is allotted costs less than this: what the network costs, less what all room open at once
  // is worth at its prices (NetworkLimits::open_prices).
  int64_t bound = 0;

  // What building and solving the network took.
  int64_t steps() const;
  // Whether it has the pair that it must have, or there is none such. It has not where no plan has.
  bool HasForced() const;
};

// The solution, any of the cheapest there are.
absl::StatusOr<Round> SolveRound(const Pool& pool, const SharedPairs& pairs,
                                 const NetworkLimits& limits);

// The first of the cheapest, as MakeCanonical has it.
absl::StatusOr<Round> SolveCanonicalRound(const Pool& pool, const SharedPairs& pairs,
                                          const NetworkLimits& limits);

// How many of an expert's people start in each period, of an expert whose limit open at once the network leaves out.
struct OpenUse {
  int expert = 0;
  int64_t units = 0;
  int64_t room = 0;
  std::vector<ExpertUnits> periods;

  int64_t excess() const { return units - room; }
};

// Of each such expert, by expert.
std::vector<OpenUse> OpenUses(const Pool& pool, const Round& round);

// Turns to limits by period for every partner that exceeds one, or that would have to in order to keep
// as many standing periods as the flow does. Returns whether there was any.
bool KeepPartnersLimits(const Pool& pool, const Round& round, const Placement& placement,
                        NetworkLimits& limits);

// Allots to periods what an expert may have open at once, for every expert who leaves less than `least_left` of it (so
// 0: who exceeds it) and whose limit the network leaves out: the units with the strongest claims keep their periods.
// Returns whether there was any.
bool AllotOpen(const Pool& pool, const Round& round, const Placement& placement, int64_t least_left,
               NetworkLimits& limits);

// The plan of those chosen, with no bound and no network. Every one has a period.
Plan PlanOf(const Pool& pool, const Round& round, const Placement& placement);

// Puts people into open slots where every limit has room: the strongest claims first, the cheapest pair for each. What
// it adds makes the plan cheaper. The plan's units come into order.
void FillFromRoomLeft(const Pool& pool, const std::vector<Pair>& pairs, Plan& plan);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PLAN_ROUND_H_
