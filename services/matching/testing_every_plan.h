#ifndef SERVICES_MATCHING_TESTING_EVERY_PLAN_H_
#define SERVICES_MATCHING_TESTING_EVERY_PLAN_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "services/matching/assign.h"
#include "services/matching/eligibility.h"
#include "services/matching/pool.h"
#include "services/matching/score.h"

namespace critac::matching {

// Goes through every plan there is, with all limits, and keeps the first of the cheapest.
class EveryPlan {
 public:
  // With `pair`, a slot and an expert: every plan that has it.
  explicit EveryPlan(const Pool& pool, std::optional<std::pair<int, int>> pair = std::nullopt)
      : pool_(pool), pair_(pair) {
    for (int s = 0; s < static_cast<int>(pool.slots().size()); ++s) {
      open_.push_back(pool.slots()[s].missing);
      for (int e = 0; e < static_cast<int>(pool.experts().size()); ++e) {
        const Verdict verdict = CheckGates(pool, s, e);
        if (!verdict.eligible()) continue;
        Choice choice{s, e, {}, ScoreOf(pool, s, e, verdict.periods).total_e6};
        for (int i = 0; i < kPeriodsPerSlot; ++i) {
          if ((verdict.periods >> i & 1) != 0) {
            choice.periods.push_back(pool.slots()[s].first_period + i);
          }
        }
        choices_.push_back(std::move(choice));
      }
    }
    Visit(0, 0);
  }

  // INT64_MAX: there is none.
  int64_t cost() const { return best_cost_; }
  const std::vector<PlanUnit>& units() const { return best_; }

 private:
  struct Choice {
    int slot = 0;
    int expert = 0;
    std::vector<int32_t> periods;
    int64_t score_e6 = 0;
  };

  void Visit(size_t i, int64_t cost) {
    if (i == choices_.size()) {
      for (size_t s = 0; s < open_.size(); ++s) cost += open_[s] * pool_.slots()[s].open_price;
      if (best_cost_ < cost || (best_cost_ == cost && !ComesFirst(taken_, best_))) return;
      best_cost_ = cost;
      best_ = taken_;
      return;
    }
    const Choice& choice = choices_[i];
    for (const int32_t period : choice.periods) {
      if (!Fits(choice, period)) continue;
      const int64_t price = Change(choice, period, 1);
      Visit(i + 1, cost + price);
      Change(choice, period, -1);
    }
    if (pair_ == std::make_pair(choice.slot, choice.expert)) return;
    Visit(i + 1, cost);
  }

  bool Fits(const Choice& c, int32_t period) {
    const ExpertRow& expert = pool_.experts()[c.expert];
    const PartnerRow& partner = pool_.partners()[expert.partner];
    return open_[c.slot] > 0 && static_cast<int64_t>(taken_.size()) < pool_.program_room() &&
           people_[{c.slot, expert.person}] == 0 && experts_[c.expert] < expert.RoomOpen() &&
           partners_[expert.partner] < partner.most &&
           expert_periods_[{c.expert, period}] < expert.RoomIn(period) &&
           partner_periods_[{expert.partner, period}] < partner.RoomIn(period);
  }

  // Takes a choice (by 1) or puts it back (by -1); returns what taking it costs.
  int64_t Change(const Choice& c, int32_t period, int by) {
    const ExpertRow& expert = pool_.experts()[c.expert];
    const PartnerRow& partner = pool_.partners()[expert.partner];
    const int64_t planned = partners_[expert.partner];
    const int64_t partners_price =
        pool_.policy().fairness_price() * (partner.used_open + planned) -
        (planned < partner.least ? pool_.policy().minimum_share_price() : 0);
    open_[c.slot] -= by;
    people_[{c.slot, expert.person}] += by;
    experts_[c.expert] += by;
    partners_[expert.partner] += by;
    expert_periods_[{c.expert, period}] += by;
    partner_periods_[{expert.partner, period}] += by;
    if (by > 0) {
      taken_.push_back({c.slot, c.expert, period, c.score_e6});
    } else {
      taken_.pop_back();
    }
    return partners_price - c.score_e6 -
           (HasBonus(c, period) ? pool_.policy().stability_bonus() : 0);
  }

  // Whoever stands has it in the period of the standing proposal, or in all where that is none of the
  // choice's.
  bool HasBonus(const Choice& c, int32_t period) const {
    const std::vector<int>& standing = pool_.slots()[c.slot].standing_experts;
    if (std::count(standing.begin(), standing.end(), c.expert) == 0) return false;
    const bool can_be_kept = std::any_of(c.periods.begin(), c.periods.end(), [&](int32_t other) {
      return IsStanding(c.slot, c.expert, other);
    });
    return !can_be_kept || IsStanding(c.slot, c.expert, period);
  }

  bool IsStanding(int slot, int expert, int32_t period) const {
    const v1::Period length = PeriodOf(pool_.period_length(), 0).length;
    return pool_.slots()[slot].StandingPeriod(expert) == Period{length, period};
  }

  // The order of plans of the same price that assign.h states.
  bool ComesFirst(const std::vector<PlanUnit>& a, const std::vector<PlanUnit>& b) const {
    for (const auto is_meant : {&EveryPlan::Stands, &EveryPlan::IsKept, &EveryPlan::IsAny}) {
      const auto pairs_a = PairsOf(a, is_meant), pairs_b = PairsOf(b, is_meant);
      for (size_t i = 0; i < std::min(pairs_a.size(), pairs_b.size()); ++i) {
        if (pairs_a[i] != pairs_b[i]) return pairs_a[i] < pairs_b[i];
      }
      if (pairs_a.size() != pairs_b.size()) return pairs_a.size() > pairs_b.size();
    }
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i].period != b[i].period) return a[i].period < b[i].period;
    }
    return false;
  }

  std::vector<std::pair<int, int>> PairsOf(const std::vector<PlanUnit>& units,
                                           bool (EveryPlan::*is_meant)(const PlanUnit&)
                                               const) const {
    std::vector<std::pair<int, int>> pairs;
    for (const PlanUnit& unit : units) {
      if ((this->*is_meant)(unit)) pairs.emplace_back(unit.slot, unit.expert);
    }
    return pairs;
  }

  bool IsAny(const PlanUnit&) const { return true; }
  bool Stands(const PlanUnit& unit) const {
    const std::vector<int>& standing = pool_.slots()[unit.slot].standing_experts;
    return std::count(standing.begin(), standing.end(), unit.expert) > 0;
  }
  bool IsKept(const PlanUnit& unit) const {
    return IsStanding(unit.slot, unit.expert, unit.period);
  }

  const Pool& pool_;
  const std::optional<std::pair<int, int>> pair_;
  std::vector<Choice> choices_;
  std::vector<int64_t> open_;
  std::map<std::pair<int, int>, int> people_;
  std::map<int, int64_t> experts_, partners_;
  std::map<std::pair<int, int32_t>, int64_t> expert_periods_, partner_periods_;
  std::vector<PlanUnit> taken_, best_;
  int64_t best_cost_ = INT64_MAX;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_TESTING_EVERY_PLAN_H_
