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
  const ExpertRow& expert = pool_.experts()[unit.expert];
  ++experts_[unit.expert];
  ++partners_[expert.partner];
  ++expert_periods_[{unit.expert, unit.period}];
  ++partner_periods_[{expert.partner, unit.period}];
  persons_.emplace(unit.slot, expert.person);
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

}  // namespace critac::matching
