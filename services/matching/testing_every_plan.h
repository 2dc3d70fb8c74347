#ifndef SERVICES_MATCHING_TESTING_EVERY_PLAN_H_
#define SERVICES_MATCHING_TESTING_EVERY_PLAN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "services/matching/assign.h"
#include "services/matching/pool.h"

namespace critac::matching {

// Goes through every plan there is, with all limits, and keeps the first of the cheapest.
class EveryPlan {
 public:
  // With `pair`, a slot and an expert: every plan that has it.
  explicit EveryPlan(const Pool& pool, std::optional<std::pair<int, int>> pair = std::nullopt);

  // INT64_MAX: there is none.
  int64_t cost() const { return best_cost_; }
  const std::vector<PlanUnit>& units() const { return best_; }

 private:
  // A period in which an expert can start in a slot.
  struct Start {
    int32_t period = 0;
    int64_t bonus = 0;
    // Of each limit that there is, what of `room_` is taken.
    std::array<size_t, 7> rooms;
  };
  struct Choice {
    int slot = 0;
    int expert = 0;
    int partner = 0;
    int64_t score_e6 = 0;
    // Every plan has it.
    bool must_be = false;
    std::vector<Start> starts;
  };
  // What a limit is of: its kind, whose it is, and where.
  using Limited = std::array<int64_t, 3>;

  void AddChoice(int slot, int expert, bool must_be);
  size_t RoomOf(const Limited& limited, int64_t units);
  void Visit(size_t i, int64_t cost);
  void Keep(int64_t cost);
  bool Fits(const Start& start) const;
  int64_t Price(const Choice& choice, const Start& start) const;
  void Take(const Choice& choice, const Start& start);
  void PutBack(const Choice& choice, const Start& start);
  bool HasBonus(const Choice& choice, int32_t period) const;
  bool IsStanding(int slot, int expert, int32_t period) const;
  bool ComesFirst(const std::vector<PlanUnit>& a, const std::vector<PlanUnit>& b) const;
  std::vector<std::pair<int, int>> PairsOf(const std::vector<PlanUnit>& units,
                                           bool (EveryPlan::*is_meant)(const PlanUnit&)
                                               const) const;
  bool IsAny(const PlanUnit& unit) const;
  bool Stands(const PlanUnit& unit) const;
  bool IsKept(const PlanUnit& unit) const;

  const Pool& pool_;
  std::vector<Choice> choices_;
  // What is left of each limit; those of the slots, people missing, come first.
  std::vector<int64_t> room_;
  std::vector<std::pair<Limited, size_t>> rooms_;
  // People whom a partner has in the plan.
  std::vector<int64_t> planned_;
  std::vector<PlanUnit> taken_, best_;
  int64_t best_cost_ = INT64_MAX;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_TESTING_EVERY_PLAN_H_
