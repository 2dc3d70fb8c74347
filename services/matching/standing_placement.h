#ifndef SERVICES_MATCHING_STANDING_PLACEMENT_H_
#define SERVICES_MATCHING_STANDING_PLACEMENT_H_

#include <cstdint>
#include <map>
#include <vector>

#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

struct Pair;

// One person's place in a plan that another plan fills otherwise. -1: the place is open. Twice the same
// expert: who stands there starts in another period, which is kept in one of the plans only.
struct PlanChange {
  int slot = 0;
  int from_expert = -1;
  int to_expert = -1;
  // Where the expert is the same: in the one plan, and in the other.
  int32_t from_period = 0;
  int32_t to_period = 0;

  friend auto operator<=>(const PlanChange&, const PlanChange&) = default;
};

// Where the units of a plan start, and whether they could start somewhere after a change. The limits
// of one partner's experts, by period and open at once, and its own by period concern nobody else, and
// a plan's network keeps those of a partner without a limit by period. So only the units of partners
// with such a limit are looked at, each partner's by themselves; and as the plan has a place for all,
// each unit that comes takes one search for others that make place for it.
class StandingPlacement {
 public:
  // The pool must outlive it. The plan must have the network that it was read from.
  StandingPlacement(const Pool& pool, const Plan& plan);

  // Whether the changed plan keeps all limits by period and open at once, with everyone in some period
  // of theirs, and of each partner so many more (or fewer) in their kept periods than in the plan. The
  // changes take units of the plan away, and add pairs of its network.
  bool Fits(const std::vector<PlanChange>& changes, const std::map<int, int>& kept_more = {}) const;

 private:
  struct Unit {
    int slot = 0;
    int expert = 0;
    const Pair* pair = nullptr;
    // Those in which it could start, counted from `first_period`; and where it does.
    int32_t first_period = 0;
    PeriodSet periods = 0;
    int32_t period = 0;
    // Has one of them to keep; and started there, when it was made.
    bool may_keep = false;
    bool is_kept = false;
  };

  bool FitsPartner(int partner, const std::vector<PlanChange>& changes, int kept_more) const;
  bool FitsUnmoved(int partner, const std::vector<PlanChange>& changes, int kept_more) const;
  bool FitsAnew(int partner, const std::vector<Unit>& units, int kept) const;
  // So that a search leaves it in the period that it has to keep.
  static Unit HeldInKept(Unit unit);
  // Places the last of the units, which has no period yet, where others may move for it.
  bool PlaceLast(int partner, std::vector<Unit>& units) const;
  Unit UnitOf(int slot, int expert, int32_t period) const;

  const Pool& pool_;
  const SolvedNetwork& network_;
  std::vector<std::vector<Unit>> units_of_partners_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_STANDING_PLACEMENT_H_
