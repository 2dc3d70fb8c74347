#include "services/matching/run_changes.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/matching/eligibility.h"
#include "services/matching/forcing.h"
#include "services/matching/words.h"

namespace critac::matching {
namespace {

// Why a plan does not keep someone in a slot.
std::string WhyNotKept(const Pool& pool, Forcing& forcing, int slot, int expert) {
  const std::string& name = pool.experts()[expert].name;
  const ExplainedVerdict explained = ExplainGates(pool, slot, expert);
  if (!explained.verdict.eligible()) {
    return absl::StrCat(name, " is out: ", explained.gates.back().explanation());
  }
  const std::optional<ForcedPlan> kept = forcing.Force(slot, expert);
  if (!kept.has_value()) return absl::StrCat("no room is left for ", name);
  if (kept->price == 0) return absl::StrCat("with ", name, " the plan would be as good");
  return absl::StrCat("keeping ", name, " would make the plan worth ", FractionText(kept->price),
                      " of a score less, with the bonus of ",
                      FractionText(pool.policy().stability_bonus()), " for keeping");
}

std::vector<int> ExpertsIn(const Plan& plan, int slot) {
  std::vector<int> experts;
  auto unit = std::lower_bound(plan.units.begin(), plan.units.end(), slot,
                               [](const PlanUnit& one, int meant) { return one.slot < meant; });
  for (; unit != plan.units.end() && unit->slot == slot; ++unit) experts.push_back(unit->expert);
  return experts;
}

// Those of a who are not in b; both sorted.
std::vector<int> Without(const std::vector<int>& a, const std::vector<int>& b) {
  std::vector<int> rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  return rest;
}

void AppendChanges(const Pool& pool, const Plan& plan, Forcing& forcing, int slot,
                   std::vector<v1::RunChange>& changes) {
  const SlotRow& row = pool.slots()[slot];
  const std::vector<int> planned = ExpertsIn(plan, slot);
  const std::vector<int> leave = Without(row.standing_experts, planned);
  const std::vector<int> come = Without(planned, row.standing_experts);
  for (size_t i = 0; i < std::max(leave.size(), come.size()); ++i) {
    v1::RunChange& change = changes.emplace_back();
    change.set_request(row.request);
    change.set_slot(row.id);
    if (i < come.size()) change.set_to_expert(pool.experts()[come[i]].name);
    if (i < leave.size()) {
      change.set_from_expert(pool.experts()[leave[i]].name);
      change.set_reason(WhyNotKept(pool, forcing, slot, leave[i]));
    } else {
      change.set_reason("the place was open, and can be filled now");
    }
  }
}

}  // namespace

std::vector<v1::RunChange> ChangesFromStanding(const Pool& pool, const Plan& plan) {
  Forcing forcing(pool, plan);
  std::vector<v1::RunChange> changes;
  for (const DemandRow& demand : pool.demands()) {
    const bool stands = std::any_of(demand.slots.begin(), demand.slots.end(), [&pool](int slot) {
      return !pool.slots()[slot].standing_experts.empty();
    });
    if (!stands) continue;
    for (const int slot : demand.slots) AppendChanges(pool, plan, forcing, slot, changes);
  }
  return changes;
}

}  // namespace critac::matching
