#include "services/matching/plan_difference.h"

#include <map>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/matching/period.h"

namespace critac::matching {
namespace {

// A plan under names instead of rows.
struct NamedPlan {
  struct Unit {
    std::string partner;
    std::string period;
    int64_t score_e6 = 0;
  };
  // By request, slot, expert.
  std::map<std::tuple<std::string, std::string, std::string>, Unit> units;
  // People missing by request and slot, where any are.
  std::map<std::pair<std::string, std::string>, int> missing;
  std::map<std::string, int> people_of_partner;
  int64_t score_e6 = 0;
};

NamedPlan Named(const Pool& pool, const Plan& plan) {
  NamedPlan named;
  const v1::Period length = PeriodOf(pool.period_length(), 0).length;
  for (const PlanUnit& unit : plan.units) {
    const SlotRow& slot = pool.slots()[unit.slot];
    const ExpertRow& expert = pool.experts()[unit.expert];
    named.units[{slot.request, slot.id, expert.name}] = {
        expert.partner_name, PeriodName({length, unit.period}), unit.score_e6};
    ++named.people_of_partner[expert.partner_name];
    named.score_e6 += unit.score_e6;
  }
  for (size_t slot = 0; slot < plan.open.size(); ++slot) {
    const SlotRow& row = pool.slots()[slot];
    if (plan.open[slot] > 0) named.missing[{row.request, row.id}] = plan.open[slot];
  }
  return named;
}

// The keys of two maps, each once.
template <typename Map>
std::set<typename Map::key_type> KeysOf(const Map& a, const Map& b) {
  std::set<typename Map::key_type> keys;
  for (const auto& entry : a) keys.insert(entry.first);
  for (const auto& entry : b) keys.insert(entry.first);
  return keys;
}

int Total(const std::map<std::pair<std::string, std::string>, int>& missing) {
  return std::accumulate(missing.begin(), missing.end(), 0,
                         [](int sum, const auto& entry) { return sum + entry.second; });
}

// `2 people come in`.
void Count(int count, absl::string_view one, absl::string_view more,
           std::vector<std::string>& texts) {
  if (count == 0) return;
  texts.push_back(absl::StrCat(count, " ", count == 1 ? one : more));
}

std::string Summary(const v1::SimulationDifference& difference) {
  if (difference.changed_request_count() == 0) return "The plan stays as it is.";
  int in = 0, out = 0, moved = 0;
  for (const v1::AssignmentChange& change : difference.changes()) {
    if (change.period_before().empty()) {
      ++in;
    } else if (change.period_after().empty()) {
      ++out;
    } else {
      ++moved;
    }
  }
  std::vector<std::string> texts;
  Count(in, "person comes in", "people come in", texts);
  Count(out, "drops out", "drop out", texts);
  Count(moved, "starts in another period", "start in another period", texts);
  std::string text = absl::StrCat(
      difference.changed_request_count(),
      difference.changed_request_count() == 1 ? " request changes" : " requests change");
  if (!texts.empty()) absl::StrAppend(&text, ": ", absl::StrJoin(texts, ", "));
  absl::StrAppend(&text, ". People missing: ", difference.missing_before(), " before, ",
                  difference.missing_after(), " after.");
  return text;
}

}  // namespace

v1::SimulationDifference DifferenceOf(const Pool& pool_before, const Plan& before,
                                      const Pool& pool_after, const Plan& after) {
  const NamedPlan was = Named(pool_before, before);
  const NamedPlan is = Named(pool_after, after);
  v1::SimulationDifference difference;
  std::set<std::string> changed;
  for (const auto& key : KeysOf(was.units, is.units)) {
    const auto old_unit = was.units.find(key);
    const auto new_unit = is.units.find(key);
    const bool had = old_unit != was.units.end();
    const bool has = new_unit != is.units.end();
    if (had && has && old_unit->second.period == new_unit->second.period) continue;
    v1::AssignmentChange& change = *difference.add_changes();
    change.set_request(std::get<0>(key));
    change.set_slot(std::get<1>(key));
    change.set_expert(std::get<2>(key));
    change.set_partner((has ? new_unit : old_unit)->second.partner);
    if (had) {
      change.set_period_before(old_unit->second.period);
      change.set_score_before_e6(old_unit->second.score_e6);
    }
    if (has) {
      change.set_period_after(new_unit->second.period);
      change.set_score_after_e6(new_unit->second.score_e6);
    }
    changed.insert(change.request());
  }
  for (const auto& key : KeysOf(was.missing, is.missing)) {
    const auto old_count = was.missing.find(key);
    const auto new_count = is.missing.find(key);
    const int had = old_count == was.missing.end() ? 0 : old_count->second;
    const int has = new_count == is.missing.end() ? 0 : new_count->second;
    if (had != has) changed.insert(key.first);
  }
  for (const std::string& partner : KeysOf(was.people_of_partner, is.people_of_partner)) {
    const auto old_count = was.people_of_partner.find(partner);
    const auto new_count = is.people_of_partner.find(partner);
    const int had = old_count == was.people_of_partner.end() ? 0 : old_count->second;
    const int has = new_count == is.people_of_partner.end() ? 0 : new_count->second;
    if (had == has) continue;
    v1::PartnerDifference& one = *difference.add_partners();
    one.set_partner(partner);
    one.set_assigned_before(had);
    one.set_assigned_after(has);
  }
  difference.set_changed_request_count(static_cast<int32_t>(changed.size()));
  difference.set_missing_before(Total(was.missing));
  difference.set_missing_after(Total(is.missing));
  difference.set_score_before_e6(was.score_e6);
  difference.set_score_after_e6(is.score_e6);
  difference.set_summary(Summary(difference));
  return difference;
}

}  // namespace critac::matching
