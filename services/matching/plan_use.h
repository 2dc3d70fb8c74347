#ifndef SERVICES_MATCHING_PLAN_USE_H_
#define SERVICES_MATCHING_PLAN_USE_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "services/matching/assign.h"
#include "services/matching/network.h"
#include "services/matching/pool.h"

namespace critac::matching {

// What a plan uses, and what it leaves of every limit. The pool must outlive it.
class PlanUse {
 public:
  explicit PlanUse(const Pool& pool) : pool_(pool) {}
  PlanUse(const Pool& pool, const Plan& plan) : pool_(pool) {
    for (const PlanUnit& unit : plan.units) Add(unit);
  }

  void Add(const PlanUnit& unit);
  // One that is in it.
  void Remove(const PlanUnit& unit);

  // Whether the expert, under whichever record, is in the slot.
  bool HasPerson(int slot, int expert) const;
  int64_t UnitsOfPartner(int partner) const;
  // Units that a limit leaves beside those agreed, held and in the plan; negative where exceeded.
  int64_t OpenLeft(int expert) const;
  int64_t LeftIn(int expert, int32_t period) const;
  int64_t PartnerLeftIn(int partner, int32_t period) const;
  // Of the partner's maximum share.
  int64_t ShareLeft(int partner) const;
  int64_t ProgramLeft() const;
  // Whether every limit has room for one more, who is not in the slot yet.
  bool HasRoom(const PlanUnit& unit) const;
  // A period in which there is room for a pair: the standing proposal's, or else the first; nothing where
  // there is none, or the person is in the slot already.
  std::optional<int32_t> PeriodLeft(const Pair& pair) const;

 private:
  void Count(const PlanUnit& unit, int64_t by);
  // As far as no period is looked at, and in one.
  bool HasRoomOpen(int slot, int expert) const;
  bool HasRoomIn(int expert, int32_t period) const;

  const Pool& pool_;
  int64_t units_ = 0;
  absl::flat_hash_map<int, int64_t> experts_;
  absl::flat_hash_map<int, int64_t> partners_;
  absl::flat_hash_map<std::pair<int, int32_t>, int64_t> expert_periods_;
  absl::flat_hash_map<std::pair<int, int32_t>, int64_t> partner_periods_;
  absl::flat_hash_set<std::pair<int, int>> persons_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_PLAN_USE_H_
