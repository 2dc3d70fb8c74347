#include "services/matching/testing_every_plan.h"

#include <algorithm>

#include "services/matching/eligibility.h"
#include "services/matching/period.h"
#include "services/matching/score.h"

namespace critac::matching {

// Millions of plans are gone through: what each limit is of is looked up once, and not in every plan.
EveryPlan::EveryPlan(const Pool& pool, std::optional<std::pair<int, int>> pair)
    : pool_(pool), planned_(pool.partners().size(), 0) {
  for (const SlotRow& slot : pool.slots()) room_.push_back(slot.missing);
  for (int s = 0; s < static_cast<int>(pool.slots().size()); ++s) {
    for (int e = 0; e < static_cast<int>(pool.experts().size()); ++e) {
      AddChoice(s, e, pair == std::make_pair(s, e));
    }
  }
  Visit(0, 0);
}

void EveryPlan::AddChoice(int slot, int expert, bool must_be) {
  const Verdict verdict = CheckGates(pool_, slot, expert);
  if (!verdict.eligible()) return;
  const ExpertRow& row = pool_.experts()[expert];
  const PartnerRow& partner = pool_.partners()[row.partner];
  Choice choice;
  choice.slot = slot;
  choice.expert = expert;
  choice.partner = row.partner;
  choice.score_e6 = ScoreOf(pool_, slot, expert, verdict.periods).total_e6;
  choice.must_be = must_be;
  enum Kind { kPerson, kExpert, kExpertPeriod, kPartner, kPartnerPeriod, kProgram };
  for (int i = 0; i < kPeriodsPerSlot; ++i) {
    if ((verdict.periods >> i & 1) == 0) continue;
    Start& start = choice.starts.emplace_back();
    const int32_t period = pool_.slots()[slot].first_period + i;
    start.period = period;
    start.rooms = {static_cast<size_t>(slot),
                   RoomOf({kPerson, row.person, slot}, 1),
                   RoomOf({kExpert, expert, 0}, row.RoomOpen()),
                   RoomOf({kExpertPeriod, expert, period}, row.RoomIn(period)),
                   RoomOf({kPartner, row.partner, 0}, partner.most),
                   RoomOf({kPartnerPeriod, row.partner, period}, partner.RoomIn(period)),
                   RoomOf({kProgram, 0, 0}, pool_.program_room())};
  }
  for (Start& start : choice.starts) {
    if (HasBonus(choice, start.period)) start.bonus = pool_.policy().stability_bonus();
  }
  choices_.push_back(std::move(choice));
}

size_t EveryPlan::RoomOf(const Limited& limited, int64_t units) {
  const auto known = std::find_if(rooms_.begin(), rooms_.end(),
                                  [&](const auto& one) { return one.first == limited; });
  if (known != rooms_.end()) return known->second;
  rooms_.emplace_back(limited, room_.size());
  room_.push_back(units);
  return room_.size() - 1;
}

void EveryPlan::Visit(size_t i, int64_t cost) {
  if (i == choices_.size()) {
    Keep(cost);
    return;
  }
  const Choice& choice = choices_[i];
  for (const Start& start : choice.starts) {
    if (!Fits(start)) continue;
    const int64_t price = Price(choice, start);
    Take(choice, start);
    Visit(i + 1, cost + price);
    PutBack(choice, start);
  }
  if (!choice.must_be) Visit(i + 1, cost);
}

// Where it is the first of the cheapest so far.
void EveryPlan::Keep(int64_t cost) {
  for (size_t s = 0; s < pool_.slots().size(); ++s) cost += room_[s] * pool_.slots()[s].open_price;
  if (best_cost_ < cost || (best_cost_ == cost && !ComesFirst(taken_, best_))) return;
  best_cost_ = cost;
  best_ = taken_;
}

bool EveryPlan::Fits(const Start& start) const {
  return std::all_of(start.rooms.begin(), start.rooms.end(),
                     [&](size_t room) { return room_[room] > 0; });
}

// What it costs beside those that are taken already.
int64_t EveryPlan::Price(const Choice& choice, const Start& start) const {
  const PartnerRow& partner = pool_.partners()[choice.partner];
  const int64_t planned = planned_[choice.partner];
  const int64_t partners_price =
      pool_.policy().fairness_price() * (partner.used_open + planned) -
      (planned < partner.least ? pool_.policy().minimum_share_price() : 0);
  return partners_price - choice.score_e6 - start.bonus;
}

void EveryPlan::Take(const Choice& choice, const Start& start) {
  for (const size_t room : start.rooms) --room_[room];
  ++planned_[choice.partner];
  taken_.push_back({choice.slot, choice.expert, start.period, choice.score_e6});
}

void EveryPlan::PutBack(const Choice& choice, const Start& start) {
  for (const size_t room : start.rooms) ++room_[room];
  --planned_[choice.partner];
  taken_.pop_back();
}

// Whoever stands has it in the period of the standing proposal, or in all where that is none of the
// choice's.
bool EveryPlan::HasBonus(const Choice& choice, int32_t period) const {
  const std::vector<int>& standing = pool_.slots()[choice.slot].standing_experts;
  if (std::count(standing.begin(), standing.end(), choice.expert) == 0) return false;
  const bool can_be_kept = std::any_of(
      choice.starts.begin(), choice.starts.end(),
      [&](const Start& other) { return IsStanding(choice.slot, choice.expert, other.period); });
  return !can_be_kept || IsStanding(choice.slot, choice.expert, period);
}

bool EveryPlan::IsStanding(int slot, int expert, int32_t period) const {
  const v1::Period length = PeriodOf(pool_.period_length(), 0).length;
  return pool_.slots()[slot].StandingPeriod(expert) == Period{length, period};
}

// The order of plans of the same price that assign.h states.
bool EveryPlan::ComesFirst(const std::vector<PlanUnit>& a, const std::vector<PlanUnit>& b) const {
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

std::vector<std::pair<int, int>> EveryPlan::PairsOf(const std::vector<PlanUnit>& units,
                                                    bool (EveryPlan::*is_meant)(const PlanUnit&)
                                                        const) const {
  std::vector<std::pair<int, int>> pairs;
  for (const PlanUnit& unit : units) {
    if ((this->*is_meant)(unit)) pairs.emplace_back(unit.slot, unit.expert);
  }
  return pairs;
}

bool EveryPlan::IsAny(const PlanUnit&) const { return true; }

bool EveryPlan::Stands(const PlanUnit& unit) const {
  const std::vector<int>& standing = pool_.slots()[unit.slot].standing_experts;
  return std::count(standing.begin(), standing.end(), unit.expert) > 0;
}

bool EveryPlan::IsKept(const PlanUnit& unit) const {
  return IsStanding(unit.slot, unit.expert, unit.period);
}

}  // namespace critac::matching
