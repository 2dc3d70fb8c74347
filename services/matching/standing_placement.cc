#include "services/matching/standing_placement.h"

#include <algorithm>
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
  return {slot, expert, pool_.slots()[slot].first_period, pair.periods, period};
}

bool StandingPlacement::Fits(const std::vector<PlanChange>& changes) const {
  std::vector<int> partners;
  for (const PlanChange& change : changes) {
    if (change.to_expert < 0) continue;
    const int partner = pool_.experts()[change.to_expert].partner;
    if (std::find(partners.begin(), partners.end(), partner) == partners.end()) {
      partners.push_back(partner);
    }
  }
  return std::all_of(partners.begin(), partners.end(),
                     [&](int partner) { return FitsPartner(partner, changes); });
}

bool StandingPlacement::FitsPartner(int partner, const std::vector<PlanChange>& changes) const {
  if (pool_.partners()[partner].capacity_per_period == 0) return true;
  std::vector<Unit> units = units_of_partners_[partner];
  for (const PlanChange& change : changes) {
    if (change.from_expert < 0 || pool_.experts()[change.from_expert].partner != partner) continue;
    units.erase(std::find_if(units.begin(), units.end(), [&](const Unit& unit) {
      return unit.slot == change.slot && unit.expert == change.from_expert;
    }));
  }
  for (const PlanChange& change : changes) {
    if (change.to_expert < 0 || pool_.experts()[change.to_expert].partner != partner) continue;
    const auto open = std::count_if(units.begin(), units.end(), [&](const Unit& unit) {
      return unit.expert == change.to_expert;
    });
    if (open >= pool_.experts()[change.to_expert].RoomOpen()) return false;
    units.push_back(UnitOf(change.slot, change.to_expert, kNoPeriod));
    if (!PlaceLast(partner, units)) return false;
  }
  return true;
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
