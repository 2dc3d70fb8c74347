#include "services/matching/standing_placement.h"

#include <algorithm>
#include <array>
#include <utility>

#include "services/matching/network.h"

namespace critac::matching {
namespace {

constexpr int32_t kNoPeriod = INT32_MIN;
constexpr int kNobody = -1;

}  // namespace

StandingPlacement::StandingPlacement(const Pool& pool, const Plan& plan)
    : pool_(pool), network_(*plan.network), units_of_partners_(pool.partners().size()) {
  for (const PlanUnit& unit : plan.units) {
    units_of_partners_[pool.experts()[unit.expert].partner].push_back(
        UnitOf(unit.slot, unit.expert, unit.period));
  }
}

StandingPlacement::Unit StandingPlacement::UnitOf(int slot, int expert, int32_t period) const {
  const Pair& pair = network_.pairs[*network_.FindPair(slot, expert)];
  const bool may_keep = pair.kept >= 0;
  return {.slot = slot,
          .expert = expert,
          .pair = &pair,
          .first_period = pool_.slots()[slot].first_period,
          .periods = pair.periods,
          .period = period,
          .may_keep = may_keep,
          .is_kept = may_keep && KeptPeriod(pool_, pair) == period};
}

StandingPlacement::Unit StandingPlacement::HeldInKept(Unit unit) {
  unit.periods = PeriodSet{1} << unit.pair->kept;
  return unit;
}

bool StandingPlacement::Fits(const std::vector<PlanChange>& changes,
                             const std::map<int, int>& kept_more) const {
  const auto takes_in = [&](int partner, auto first, auto last) {
    return std::any_of(first, last, [&](const PlanChange& change) {
      return change.to_expert >= 0 && pool_.experts()[change.to_expert].partner == partner;
    });
  };
  for (auto change = changes.begin(); change != changes.end(); ++change) {
    if (change->to_expert < 0) continue;
    const int partner = pool_.experts()[change->to_expert].partner;
    if (takes_in(partner, changes.begin(), change)) continue;
    const auto more = kept_more.find(partner);
    if (!FitsPartner(partner, changes, more == kept_more.end() ? 0 : more->second)) return false;
  }
  return std::all_of(kept_more.begin(), kept_more.end(), [&](const auto& more) {
    return takes_in(more.first, changes.begin(), changes.end()) ||
           FitsPartner(more.first, changes, more.second);
  });
}

// Whether one comes to the partner who finds room with nobody moved, in the period to be kept where there is one.
// It is what is nearly always so, and takes one look at the partner's units.
bool StandingPlacement::FitsUnmoved(int partner, const std::vector<PlanChange>& changes,
                                    int kept_more) const {
  const PlanChange* coming = nullptr;
  for (const PlanChange& change : changes) {
    if (change.to_expert < 0 || pool_.experts()[change.to_expert].partner != partner) continue;
    if (coming != nullptr) return false;
    coming = &change;
  }
  if (coming == nullptr) return false;
  const ExpertRow& expert = pool_.experts()[coming->to_expert];
  const Unit unit = UnitOf(coming->slot, coming->to_expert, kNoPeriod);
  std::array<int32_t, kPeriodsPerSlot> of_partner{}, of_expert{};
  int64_t open = 0;
  int kept = unit.may_keep ? 1 : 0;
  int wanted = kept_more;
  for (const Unit& other : units_of_partners_[partner]) {
    if (other.is_kept) ++wanted;
    const bool leaves = std::any_of(changes.begin(), changes.end(), [&](const PlanChange& change) {
      return change.from_expert == other.expert && change.slot == other.slot;
    });
    if (leaves) continue;
    if (other.is_kept) ++kept;
    const bool is_own = other.expert == coming->to_expert;
    if (is_own) ++open;
    const int32_t period = other.period - unit.first_period;
    if (period < 0 || period >= kPeriodsPerSlot) continue;
    ++of_partner[period];
    if (is_own) ++of_expert[period];
  }
  if (open >= expert.RoomOpen()) return false;
  if (pool_.policy().stability_bonus() > 0 && kept < wanted) return false;
  const PeriodSet periods = unit.may_keep ? HeldInKept(unit).periods : unit.periods;
  for (int j = 0; j < kPeriodsPerSlot && periods >> j != 0; ++j) {
    if ((periods >> j & 1) == 0) continue;
    const int32_t period = unit.first_period + j;
    if (expert.RoomIn(period) > of_expert[j] &&
        pool_.partners()[partner].RoomIn(period) > of_partner[j]) {
      return true;
    }
  }
  return false;
}

// First with everyone who is in a kept period left there, and those who come in theirs; where that does
// not do, all of the partner's are placed anew.
bool StandingPlacement::FitsPartner(int partner, const std::vector<PlanChange>& changes,
                                    int kept_more) const {
  if (pool_.partners()[partner].capacity_per_period == 0) return true;
  if (FitsUnmoved(partner, changes, kept_more)) return true;
  std::vector<Unit> units = units_of_partners_[partner];
  int wanted = kept_more;
  for (const Unit& unit : units) wanted += unit.is_kept ? 1 : 0;
  // At no bonus nothing is lost by moving.
  if (pool_.policy().stability_bonus() == 0) wanted = 0;
  for (const PlanChange& change : changes) {
    if (change.from_expert < 0 || pool_.experts()[change.from_expert].partner != partner) continue;
    units.erase(std::find_if(units.begin(), units.end(), [&](const Unit& unit) {
      return unit.slot == change.slot && unit.expert == change.from_expert;
    }));
  }
  std::vector<Unit> held;
  int kept = 0;
  for (const Unit& unit : units) {
    held.push_back(unit.is_kept ? HeldInKept(unit) : unit);
    kept += unit.is_kept ? 1 : 0;
  }
  bool fits = true;
  for (const PlanChange& change : changes) {
    if (change.to_expert < 0 || pool_.experts()[change.to_expert].partner != partner) continue;
    const auto open = std::count_if(units.begin(), units.end(), [&](const Unit& unit) {
      return unit.expert == change.to_expert;
    });
    if (open >= pool_.experts()[change.to_expert].RoomOpen()) return false;
    units.push_back(UnitOf(change.slot, change.to_expert, kNoPeriod));
    held.push_back(units.back().may_keep ? HeldInKept(units.back()) : units.back());
    kept += units.back().may_keep ? 1 : 0;
    fits = fits && PlaceLast(partner, held);
  }
  if (fits && kept >= wanted) return true;
  const bool any_kept =
      std::any_of(units.begin(), units.end(), [](const Unit& unit) { return unit.may_keep; });
  return any_kept && FitsAnew(partner, units, wanted);
}

bool StandingPlacement::FitsAnew(int partner, const std::vector<Unit>& units, int kept) const {
  std::vector<Pair> chosen;
  for (const Unit& unit : units) {
    chosen.push_back(*unit.pair);
  }
  const absl::StatusOr<Placement> placement = PlaceInPeriods(pool_, chosen);
  if (!placement.ok()) return false;
  const bool all = std::all_of(placement->periods.begin(), placement->periods.end(),
                               [](const auto& period) { return period.has_value(); });
  return all && KeptIn(pool_, chosen, *placement)[partner] >= kept;
}

// The shortest way in the flow of units through (expert, period) and (partner, period) to done, searched
// over units only: where the expert is full in a period, another of the expert's assignments there has
// to go elsewhere; where only the partner is, any of the partner's.
bool StandingPlacement::PlaceLast(int partner, std::vector<Unit>& units) const {
  const int last = static_cast<int>(units.size()) - 1;
  std::vector<int> moving = {last};
  std::vector<int> makes_place_for(units.size(), kNobody);
  makes_place_for[last] = last;
  for (size_t i = 0; i < moving.size(); ++i) {
    const int mover = moving[i];
    const Unit& unit = units[mover];
    for (int j = 0; j < kPeriodsPerSlot && unit.periods >> j != 0; ++j) {
      if ((unit.periods >> j & 1) == 0) continue;
      int32_t period = unit.first_period + j;
      int64_t expert_left = pool_.experts()[unit.expert].RoomIn(period);
      int64_t partner_left = pool_.partners()[partner].RoomIn(period);
      for (const Unit& other : units) {
        if (other.period != period) continue;
        --partner_left;
        if (other.expert == unit.expert) --expert_left;
      }
      if (expert_left > 0 && partner_left > 0) {
        for (int next = mover; period != kNoPeriod; next = makes_place_for[next]) {
          std::swap(units[next].period, period);
        }
        return true;
      }
      for (int other = 0; other < last; ++other) {
        if (makes_place_for[other] != kNobody || units[other].period != period) continue;
        if (expert_left <= 0 && units[other].expert != unit.expert) continue;
        makes_place_for[other] = mover;
        moving.push_back(other);
      }
    }
  }
  return false;
}

}  // namespace critac::matching
