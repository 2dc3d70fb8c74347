#ifndef SERVICES_MATCHING_FORCING_H_
#define SERVICES_MATCHING_FORCING_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "critac/matching/v1/match.pb.h"
#include "services/matching/assign.h"
#include "services/matching/detour.h"
#include "services/matching/pool.h"
#include "services/matching/standing_placement.h"

namespace critac::matching {

v1::PlanChange MessageOf(const Pool& pool, const PlanChange& change);

// What differs between two plans over the same rows, slot by slot, those who leave and those who come
// paired in order, then who starts in another period, where a kept period is lost or won by it.
std::vector<PlanChange> ChangesBetween(const Pool& pool, const Plan& plan, const Plan& other);

// The cheapest plan with a pair in it, as far as it differs from the plan.
struct ForcedPlan {
  // How much dearer it is.
  int64_t price = 0;
  // The pair's own slot first, then those that make place for it, in their order, then who makes place by
  // starting in another period than the one to be kept. None where the plan has the pair.
  std::vector<PlanChange> changes;
};

// What it would cost to have an expert in a slot whom the plan does not have there, and who would
// lose. A way through what the plan leaves room for says it at once (detour.h); where the limits
// that the plan's network leaves out might be exceeded on that way, or the plan is proved by cases, a
// plan with the pair is made anew, and passes the check (certificate.h) before anything is said of it.
// So prices are exact. Where each pair takes a plan made anew, none is made when the allowance is used, and what the
// pairs after that would cost is not known. Not for several threads at once.
class Forcing {
 public:
  // The pool and the plan must outlive it.
  Forcing(const Pool& pool, const Plan& plan, const ProofAllowance& allowance = {});

  // Nothing where the expert is not eligible for the slot, the slot misses nobody, the partner's maximum
  // share is nothing, or one of the two plans is not proved to be the cheapest or does not pass the check.
  std::optional<ForcedPlan> Force(int slot, int expert);

  // Whether no plan at all has the expert in the slot; asked after Force, it costs nothing more. Where Force gives
  // nothing and this does not hold, it is not known what the pair would cost.
  bool NoPlanHas(int slot, int expert);

  // The prices of a slot's eligible experts, by expert; nothing as above.
  struct Price {
    int expert = 0;
    std::optional<int64_t> price;
  };
  std::vector<Price> PricesOf(int slot);

  // What is left for all plans that are made anew, its own and those of who asks.
  ProofAllowance& allowance() { return allowance_; }

 private:
  // `with_periods`: whether the changes are to say where people start, and who moves.
  std::optional<ForcedPlan> ForcePair(int pair, bool with_periods);
  std::optional<ForcedPlan> SolveAnew(int slot, int expert);
  // What the way does otherwise, and how many more of each partner it has in kept periods.
  std::vector<PlanChange> ChangesOf(int32_t entry, std::map<int, int>& kept_more);
  // Says where people start after the changes, and adds who moves. False: they cannot all start.
  bool PlaceChanged(const std::map<int, int>& kept_more, std::vector<PlanChange>& changes) const;

  const Pool& pool_;
  const Plan& plan_;
  std::optional<Detours> detours_;
  std::optional<StandingPlacement> placement_;
  bool any_kept_ = false;
  ProofAllowance allowance_;
  // Slots and experts of whom plans were looked for, and whether there can be none.
  std::map<std::pair<int, int>, bool> none_has_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_FORCING_H_
