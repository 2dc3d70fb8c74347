#include "services/matching/proposal.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/matching/eligibility.h"
#include "services/matching/network.h"
#include "services/matching/plan_use.h"
#include "services/matching/score.h"
#include "services/matching/words.h"

namespace critac::matching {
namespace {

// Why an eligible expert is not in an open slot.
enum class Reason { kInSlot, kExpert, kPartner, kShare, kProgram, kPrice };

absl::string_view ReasonWords(Reason reason) {
  switch (reason) {
    case Reason::kInSlot:
      return "in the slot already";
    case Reason::kExpert:
      return "with no assignment left beside those of the plan";
    case Reason::kPartner:
      return "of a partner with no assignment left beside those of the plan";
    case Reason::kShare:
      return "of a partner that has its maximum share";
    case Reason::kProgram:
      return "with no assignment of the program left beside those of the plan";
    case Reason::kPrice:
      return "at a price above that of leaving the slot open";
  }
  return "";
}

struct Obstacle {
  Reason reason = Reason::kInSlot;
  // The one assignment more that would be enough, in words. Empty: one is not enough.
  std::string remedy;
};

// What an eligible expert's limits, and the program's, leave for a slot.
Obstacle LimitObstacle(const Pool& pool, const PlanUse& use, const Pair& pair) {
  const SlotRow& slot = pool.slots()[pair.slot];
  const ExpertRow& expert = pool.experts()[pair.expert];
  const bool program_left = use.ProgramLeft() > 0;
  const bool open_left = use.OpenLeft(pair.expert) > 0;
  Obstacle obstacle{program_left ? Reason::kExpert : Reason::kProgram, ""};
  for (int i = 0; i < kPeriodsPerSlot && pair.periods >> i != 0; ++i) {
    if ((pair.periods >> i & 1) == 0) continue;
    const int32_t period = slot.first_period + i;
    const std::string name = pool.PeriodNames(slot, PeriodSet{1} << i).front();
    const bool expert_left = use.LeftIn(pair.expert, period) > 0;
    const bool partner_left = use.PartnerLeftIn(expert.partner, period) > 0;
    if (!program_left) {
      // Whoever lacks another room as well is not helped by one assignment.
      if (open_left && expert_left && partner_left) {
        obstacle.remedy = "one assignment more open at once of the program";
      }
      continue;
    }
    if (open_left && expert_left && !partner_left) {
      return {Reason::kPartner,
              absl::StrCat("one assignment more of ", expert.partner_name, " in ", name)};
    }
    if (!obstacle.remedy.empty() || !partner_left) continue;
    if (expert_left) {
      obstacle.remedy = absl::StrCat("one assignment more open at once of ", expert.name);
    } else if (open_left) {
      obstacle.remedy = absl::StrCat("one assignment more of ", expert.name, " in ", name);
    }
  }
  return obstacle;
}

Obstacle ObstacleOf(const Pool& pool, const PlanUse& use, const Pair& pair) {
  if (use.HasPerson(pair.slot, pair.expert)) return {Reason::kInSlot, ""};
  const int partner = pool.experts()[pair.expert].partner;
  if (use.ShareLeft(partner) <= 0) return {Reason::kShare, ""};
  const int64_t price = PartnerPrice(pool, partner, use.UnitsOfPartner(partner));
  if (LeastCost(pool, pair) + price >= pool.slots()[pair.slot].open_price)
    return {Reason::kPrice, ""};
  return LimitObstacle(pool, use, pair);
}

// `4 experts are eligible: 3 with no assignment left …; one assignment more of … could fill it`.
std::string EligibleText(const Pool& pool, const PlanUse& use, const std::vector<Pair>& pairs) {
  if (pairs.empty()) return "No expert is eligible";
  std::map<Reason, int> counts;
  std::string remedy;
  int64_t remedy_cost = 0;
  for (const Pair& pair : pairs) {
    Obstacle obstacle = ObstacleOf(pool, use, pair);
    ++counts[obstacle.reason];
    if (obstacle.remedy.empty()) continue;
    if (remedy.empty() || LeastCost(pool, pair) < remedy_cost) {
      remedy = std::move(obstacle.remedy);
      remedy_cost = LeastCost(pool, pair);
    }
  }
  std::string text =
      absl::StrCat(pairs.size(), pairs.size() == 1 ? " expert is" : " experts are", " eligible: ");
  absl::StrAppend(&text, absl::StrJoin(counts, ", ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.second, " ", ReasonWords(entry.first));
  }));
  if (!remedy.empty()) absl::StrAppend(&text, "; ", remedy, " could fill it");
  return text;
}

v1::OpenSlot OpenSlotBeside(const Pool& pool, const Plan& plan, const PlanUse& use, int slot) {
  const SlotRow& row = pool.slots()[slot];
  std::vector<Pair> pairs;
  std::map<v1::Gate, int64_t> out;
  for (int expert = 0; expert < static_cast<int>(pool.experts().size()); ++expert) {
    const Verdict verdict = CheckGates(pool, slot, expert);
    if (verdict.eligible()) {
      pairs.push_back(PairOf(pool, slot, expert, verdict.periods));
    } else {
      ++out[verdict.gate];
    }
  }
  v1::OpenSlot open;
  open.set_slot(row.id);
  open.set_people(plan.open[slot]);
  std::string text = absl::StrCat(plan.open[slot], " of ", row.people,
                                  row.people == 1 ? " person is" : " people are", " missing. ");
  absl::StrAppend(&text, EligibleText(pool, use, pairs));
  if (!out.empty()) {
    absl::StrAppend(&text, ". Out: ", absl::StrJoin(out, ", ", [](std::string* o, const auto& e) {
      o->append(GateCountText(e.first, e.second));
    }));
  }
  open.set_explanation(text);
  return open;
}

}  // namespace

std::vector<v1::Assignment> AssignmentsOf(const Pool& pool, const Plan& plan, int demand) {
  std::vector<v1::Assignment> assignments;
  const v1::Period length = PeriodOf(pool.period_length(), 0).length;
  for (const PlanUnit& unit : plan.units) {
    const SlotRow& slot = pool.slots()[unit.slot];
    if (slot.demand != demand) continue;
    const ExpertRow& expert = pool.experts()[unit.expert];
    v1::Assignment& assignment = assignments.emplace_back();
    assignment.set_slot(slot.id);
    assignment.set_expert(expert.name);
    assignment.set_partner(expert.partner_name);
    assignment.set_period(PeriodName({length, unit.period}));
    assignment.set_score_e6(unit.score_e6);
    const PeriodSet periods = CheckGates(pool, unit.slot, unit.expert).periods;
    ExplainScore(pool, unit.slot, unit.expert, periods, *assignment.mutable_parts());
  }
  return assignments;
}

std::vector<v1::OpenSlot> OpenSlotsOf(const Pool& pool, const Plan& plan, int demand) {
  const PlanUse use(pool, plan);
  std::vector<v1::OpenSlot> open;
  for (const int slot : pool.demands()[demand].slots) {
    if (plan.open[slot] > 0) open.push_back(OpenSlotBeside(pool, plan, use, slot));
  }
  return open;
}

v1::OpenSlot OpenSlotOf(const Pool& pool, const Plan& plan, int slot) {
  return OpenSlotBeside(pool, plan, PlanUse(pool, plan), slot);
}

}  // namespace critac::matching
