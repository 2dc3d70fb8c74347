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

std::optional<int32_t> PlanUse::PeriodLeft(const Pair& pair) const {
  const int partner = pool_.experts()[pair.expert].partner;
  if (HasPerson(pair.slot, pair.expert) || OpenLeft(pair.expert) <= 0 || ShareLeft(partner) <= 0 ||
      ProgramLeft() <= 0) {
    return std::nullopt;
  }
  const std::optional<int32_t> standing = StandingPeriodNumber(pool_, pair.slot, pair.expert);
  std::optional<int32_t> first;
  for (int i = 0; i < kPeriodsPerSlot && pair.periods >> i != 0; ++i) {
    const int32_t period = pool_.slots()[pair.slot].first_period + i;
    if ((pair.periods >> i & 1) == 0 || LeftIn(pair.expert, period) <= 0 ||
        PartnerLeftIn(partner, period) <= 0) {
      continue;
    }
    if (period == standing) return period;
    if (!first.has_value()) first = period;
  }
  return first;
}

}  // namespace critac::matching
