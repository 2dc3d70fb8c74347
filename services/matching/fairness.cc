#include "services/matching/fairness.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "google/protobuf/repeated_field.h"
#include "services/matching/region.h"

namespace critac::matching {
namespace {

using google::protobuf::RepeatedPtrField;

constexpr int64_t kWhole = 1'000'000;
// Where the policy does not say otherwise: the four fifths of 29 CFR 1607.4 D; and of fewer people, one more or less
// would turn the ratio.
constexpr int32_t kDisparityThresholdE6 = 800'000;
constexpr int32_t kDisparityLeastPeople = 5;

struct Outcome {
  int64_t people = 0;
  int64_t placed = 0;
  int64_t score_sum_e6 = 0;
  int64_t days_sum = 0;
};

using Groups = std::map<std::pair<v1::GroupDimension, std::string>, Outcome>;

std::array<std::pair<v1::GroupDimension, std::string>, 3> GroupsOf(const DemandRow& demand) {
  return {{{v1::GROUP_DIMENSION_AGENCY_TYPE, type::v1::AgencyType_Name(demand.agency_type)},
           {v1::GROUP_DIMENSION_SIZE_BAND, type::v1::SizeBand_Name(demand.size_band)},
           {v1::GROUP_DIMENSION_STATE, std::string(StateCode(demand.state))}}};
}

Groups Count(const Pool& pool, const Plan& plan) {
  std::vector<int64_t> scores_e6(pool.slots().size(), 0);
  for (const PlanUnit& unit : plan.units) scores_e6[unit.slot] += unit.score_e6;
  Groups groups;
  for (size_t s = 0; s < pool.slots().size(); ++s) {
    const SlotRow& slot = pool.slots()[s];
    const DemandRow& demand = pool.demands()[slot.demand];
    if (slot.missing == 0) continue;
    for (auto& group : GroupsOf(demand)) {
      Outcome& outcome = groups[std::move(group)];
      outcome.people += slot.missing;
      outcome.placed += slot.missing - plan.open[s];
      outcome.score_sum_e6 += scores_e6[s];
      outcome.days_sum += demand.days_waited * slot.missing;
    }
  }
  return groups;
}

// What groups are compared by: a sum over a number of people.
struct GroupMean {
  int64_t sum = 0;
  int64_t people = 0;
};

GroupMean SharePlaced(const Outcome& outcome) { return {outcome.placed, outcome.people}; }
GroupMean MeanWaiting(const Outcome& outcome) { return {outcome.days_sum, outcome.people}; }
GroupMean MeanScore(const Outcome& outcome) { return {outcome.score_sum_e6, outcome.placed}; }

// a as a part of b is the first of these divided by the second.
std::pair<absl::int128, absl::int128> Parts(const GroupMean& a, const GroupMean& b) {
  return {absl::int128(a.sum) * b.people, absl::int128(b.sum) * a.people};
}

bool Lower(const GroupMean& a, const GroupMean& b) {
  const auto [part, whole] = Parts(a, b);
  return part < whole;
}

// Adds to `disparities` how far apart the groups of a dimension are, where two of them can be compared by what
// `fairness` has of the policy.
void AddDisparity(const Groups& groups, const v1::Fairness& fairness, v1::GroupDimension dimension,
                  GroupMean (*mean_of)(const Outcome&),
                  RepeatedPtrField<v1::Disparity>& disparities) {
  const Groups::value_type* lowest = nullptr;
  const Groups::value_type* highest = nullptr;
  int count = 0;
  for (const auto& group : groups) {
    const GroupMean mean = mean_of(group.second);
    if (group.first.first != dimension || mean.people < fairness.disparity_least_people()) continue;
    ++count;
    if (lowest == nullptr || Lower(mean, mean_of(lowest->second))) lowest = &group;
    // Among equals the last, so that two that are alike are told of as two.
    if (highest == nullptr || !Lower(mean, mean_of(highest->second))) highest = &group;
  }
  if (count < 2) return;
  v1::Disparity& disparity = *disparities.Add();
  disparity.set_dimension(dimension);
  disparity.set_lowest(lowest->first.second);
  disparity.set_highest(highest->first.second);
  const auto [part, whole] = Parts(mean_of(lowest->second), mean_of(highest->second));
  disparity.set_ratio_e6(whole == 0 ? kWhole : static_cast<int64_t>(part * kWhole / whole));
  disparity.set_below_threshold(disparity.ratio_e6() < fairness.disparity_threshold_e6());
}

void AddPreviousOf(const RepeatedPtrField<v1::Disparity>& before,
                   RepeatedPtrField<v1::Disparity>& disparities) {
  for (v1::Disparity& disparity : disparities) {
    for (const v1::Disparity& was : before) {
      if (was.dimension() == disparity.dimension()) {
        disparity.set_previous_ratio_e6(was.ratio_e6());
      }
    }
  }
}

void AddPartners(const Pool& pool, const Plan& plan, v1::Fairness& fairness) {
  std::vector<bool> takes_part(pool.partners().size(), false);
  for (const ExpertRow& expert : pool.experts()) {
    if (expert.active && expert.partner >= 0) takes_part[expert.partner] = true;
  }
  std::vector<int64_t> planned(pool.partners().size(), 0);
  for (const PlanUnit& unit : plan.units) ++planned[pool.experts()[unit.expert].partner];
  std::vector<int64_t> loads;
  for (size_t p = 0; p < pool.partners().size(); ++p) {
    const PartnerRow& partner = pool.partners()[p];
    if (takes_part[p]) loads.push_back(partner.used_open + planned[p]);
    if (!takes_part[p] && partner.least == 0) continue;
    v1::PartnerLoad& load = *fairness.add_partners();
    load.set_partner(partner.name);
    load.set_open_count(partner.used_open);
    load.set_planned_count(planned[p]);
    load.set_minimum_count(partner.least);
    load.set_unmet_count(std::max<int64_t>(0, partner.least - planned[p]));
  }
  fairness.set_partner_gini_e6(GiniE6(loads));
}

}  // namespace

int64_t GiniE6(absl::Span<const int64_t> amounts) {
  std::vector<int64_t> sorted;
  for (const int64_t amount : amounts) sorted.push_back(std::max<int64_t>(0, amount));
  std::sort(sorted.begin(), sorted.end());
  absl::int128 sum = 0;
  absl::int128 ranked = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    sum += sorted[i];
    ranked += absl::int128(i + 1) * sorted[i];
  }
  if (sum == 0) return 0;
  const auto count = absl::int128(sorted.size());
  const absl::int128 above = 2 * ranked - (count + 1) * sum;
  const absl::int128 below = count * sum;
  return static_cast<int64_t>((2 * above * kWhole + below) / (2 * below));
}

v1::Fairness FairnessOf(const Pool& pool, const Plan& plan) {
  v1::Fairness fairness;
  const v1::Policy& policy = pool.policy();
  const int32_t threshold_e6 = policy.disparity_threshold_e6();
  const int32_t least_people = policy.disparity_least_people();
  fairness.set_disparity_threshold_e6(threshold_e6 > 0 ? threshold_e6 : kDisparityThresholdE6);
  fairness.set_disparity_least_people(least_people > 0 ? least_people : kDisparityLeastPeople);
  AddPartners(pool, plan, fairness);
  const Groups groups = Count(pool, plan);
  for (const auto& [group, outcome] : groups) {
    v1::GroupOutcome& told = *fairness.add_groups();
    told.set_dimension(group.first);
    told.set_group(group.second);
    told.set_people_count(outcome.people);
    told.set_placed_count(outcome.placed);
    if (outcome.placed > 0) told.set_mean_score_e6(outcome.score_sum_e6 / outcome.placed);
    told.set_mean_waited_days(outcome.days_sum / outcome.people);
  }
  for (const v1::GroupDimension dimension :
       {v1::GROUP_DIMENSION_AGENCY_TYPE, v1::GROUP_DIMENSION_SIZE_BAND,
        v1::GROUP_DIMENSION_STATE}) {
    AddDisparity(groups, fairness, dimension, SharePlaced, *fairness.mutable_disparities());
    AddDisparity(groups, fairness, dimension, MeanWaiting, *fairness.mutable_waiting_disparities());
    AddDisparity(groups, fairness, dimension, MeanScore, *fairness.mutable_score_disparities());
  }
  return fairness;
}

void AddPrevious(const v1::Fairness& before, v1::Fairness& fairness) {
  fairness.set_previous_partner_gini_e6(before.partner_gini_e6());
  AddPreviousOf(before.disparities(), *fairness.mutable_disparities());
  AddPreviousOf(before.waiting_disparities(), *fairness.mutable_waiting_disparities());
  AddPreviousOf(before.score_disparities(), *fairness.mutable_score_disparities());
}

}  // namespace critac::matching
