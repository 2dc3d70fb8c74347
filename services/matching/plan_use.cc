#include "services/matching/plan_use.h"

namespace critac::matching {
namespace {

template <typename Key>
int64_t CountOf(const absl::flat_hash_map<Key, int64_t>& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

void PlanUse::Add(const PlanUnit& unit) {
  Count(unit, 1);
  persons_.emplace(unit.slot, pool_.experts()[unit.expert].person);
}

void PlanUse::Remove(const PlanUnit& unit) {
  Count(unit, -1);
  persons_.erase({unit.slot, pool_.experts()[unit.expert].person});
}

void PlanUse::Count(const PlanUnit& unit, int64_t by) {
  const int partner = pool_.experts()[unit.expert].partner;
  units_ += by;
  experts_[unit.expert] += by;
  partners_[partner] += by;
  expert_periods_[{unit.expert, unit.period}] += by;
  partner_periods_[{partner, unit.period}] += by;
}

bool PlanUse::HasPerson(int slot, int expert) const {
  return persons_.contains({slot, pool_.experts()[expert].person});
}

int64_t PlanUse::UnitsOfPartner(int partner) const { return CountOf(partners_, partner); }

int64_t PlanUse::OpenLeft(int expert) const {
  return pool_.experts()[expert].RoomOpen() - CountOf(experts_, expert);
}

int64_t PlanUse::LeftIn(int expert, int32_t period) const {
  return pool_.experts()[expert].RoomIn(period) -
         CountOf(expert_periods_, std::make_pair(expert, period));
}

int64_t PlanUse::PartnerLeftIn(int partner, int32_t period) const {
  return pool_.partners()[partner].RoomIn(period) -
         CountOf(partner_periods_, std::make_pair(partner, period));
}

int64_t PlanUse::ShareLeft(int partner) const {
  return pool_.partners()[partner].most - CountOf(partners_, partner);
}

int64_t PlanUse::ProgramLeft() const { return pool_.program_room() - units_; }

bool PlanUse::HasRoomOpen(int slot, int expert) const {
  return !HasPerson(slot, expert) && OpenLeft(expert) > 0 &&
         ShareLeft(pool_.experts()[expert].partner) > 0 && ProgramLeft() > 0;
}

bool PlanUse::HasRoomIn(int expert, int32_t period) const {
  return LeftIn(expert, period) > 0 && PartnerLeftIn(pool_.experts()[expert].partner, period) > 0;
}

bool PlanUse::HasRoom(const PlanUnit& unit) const {
  return HasRoomOpen(unit.slot, unit.expert) && HasRoomIn(unit.expert, unit.period);
}

std::optional<int32_t> PlanUse::PeriodLeft(const Pair& pair) const {
  if (!HasRoomOpen(pair.slot, pair.expert)) return std::nullopt;
  const std::optional<int32_t> standing = StandingPeriodNumber(pool_, pair.slot, pair.expert);
  std::optional<int32_t> first;
  for (int i = 0; i < kPeriodsPerSlot && pair.periods >> i != 0; ++i) {
    const int32_t period = pool_.slots()[pair.slot].first_period + i;
    if ((pair.periods >> i & 1) == 0 || !HasRoomIn(pair.expert, period)) continue;
    if (period == standing) return period;
    if (!first.has_value()) first = period;
  }
  return first;
}

}  // namespace critac::matching
