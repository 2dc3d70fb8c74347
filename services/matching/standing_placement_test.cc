// Goal: a change of a plan fits exactly where all of the changed plan can be placed. Method: random
// plans whose partners and experts have few assignments a period, from a printed seed, with random
// changes; each is compared with placing everyone anew.
#include "services/matching/standing_placement.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/matching/network.h"
#include "services/matching/testing_center.h"
#include "services/matching/testing_transport.h"

namespace critac::matching {
namespace {

constexpr uint32_t kPlacementSeed = 20261130;

constexpr const char* kPlacementWindows[][2] = {{"2026-12-01", "2026-12-31"},
                                                {"2027-01-01", "2027-03-31"},
                                                {"2026-12-01", "2027-03-31"},
                                                {"2026-12-01", "2027-09-30"}};

Pool TightPool(Dice& dice) {
  Center center;
  for (const char* partner : {"p0", "p1"}) {
    center.AddPartner(partner).set_capacity_per_period(dice.Between(2, 4));
  }
  center.AddPartner("p2");
  for (int e = 0; e < 9; ++e) {
    v1::Expert& expert =
        center.AddExpert(absl::StrCat("e", e), absl::StrCat("p", dice.Between(0, 2)));
    expert.set_capacity_per_period(dice.Between(1, 2));
    expert.set_capacity_open(dice.Between(1, 3));
    if (dice.OneIn(4)) *expert.add_unavailable() = Dates("2026-12-01", "2026-12-31");
  }
  for (int d = 0; d < 10; ++d) {
    intake::v1::Slot& slot = *center.AddDemand(absl::StrCat("r", d)).mutable_slots(0);
    const auto& window = kPlacementWindows[dice.Between(0, 3)];
    slot.set_window_start(window[0]);
    slot.set_window_end(window[1]);
  }
  return center.Build();
}

// Some units are taken away, and some pairs come, within the network's limit of one a slot.
std::vector<PlanChange> SomeChanges(Dice& dice, const Plan& plan) {
  std::vector<PlanChange> changes;
  for (const PlanUnit& unit : plan.units) {
    if (dice.OneIn(4)) changes.push_back({unit.slot, unit.expert, -1});
  }
  for (const Pair& pair : plan.network->pairs) {
    if (plan.FindUnit(pair.slot, pair.expert) != nullptr || !dice.OneIn(25)) continue;
    changes.push_back({pair.slot, -1, pair.expert});
  }
  return changes;
}

bool FitsAnew(const Pool& pool, const Plan& plan, const std::vector<PlanChange>& changes) {
  std::map<std::pair<int, int>, Pair> units;
  const auto pair_of = [&](int slot, int expert) {
    return plan.network->pairs[*plan.network->FindPair(slot, expert)];
  };
  for (const PlanUnit& unit : plan.units) {
    units[{unit.slot, unit.expert}] = pair_of(unit.slot, unit.expert);
  }
  for (const PlanChange& change : changes) {
    if (change.from_expert >= 0) units.erase({change.slot, change.from_expert});
    if (change.to_expert < 0) continue;
    units[{change.slot, change.to_expert}] = pair_of(change.slot, change.to_expert);
  }
  std::vector<Pair> chosen;
  std::map<int, int64_t> open;
  for (const auto& [names, pair] : units) {
    chosen.push_back(pair);
    if (++open[pair.expert] > pool.experts()[pair.expert].RoomOpen()) return false;
  }
  const absl::StatusOr<Placement> placement = PlaceInPeriods(pool, chosen);
  EXPECT_TRUE(placement.ok()) << placement.status();
  return std::all_of(placement->periods.begin(), placement->periods.end(),
                     [](const auto& period) { return period.has_value(); });
}

// A change within what the network keeps: no partner without a limit by period has more than its
// experts' limits allow.
bool NetworkKeeps(const Pool& pool, const Plan& plan, std::vector<PlanChange> changes) {
  const auto without_limit = [&](int expert) {
    return pool.partners()[pool.experts()[expert].partner].capacity_per_period == 0;
  };
  changes.erase(
      std::remove_if(changes.begin(), changes.end(),
                     [&](const PlanChange& change) {
                       return !without_limit(std::max(change.from_expert, change.to_expert));
                     }),
      changes.end());
  return FitsAnew(pool, plan, changes);
}

TEST(StandingPlacement, AChangeFitsWhereEveryoneCanBePlacedAnew) {
  std::cout << "seed " << kPlacementSeed << "\n";
  Dice dice(kPlacementSeed);
  int fits = 0;
  int does_not_fit = 0;
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const Pool pool = TightPool(dice);
    const Plan plan = Solved(pool);
    const StandingPlacement placement(pool, plan);
    for (int change = 0; change < 20; ++change) {
      const std::vector<PlanChange> changes = SomeChanges(dice, plan);
      if (!NetworkKeeps(pool, plan, changes)) continue;
      const bool expected = FitsAnew(pool, plan, changes);
      ASSERT_EQ(placement.Fits(changes), expected);
      ++(expected ? fits : does_not_fit);
    }
  }
  EXPECT_GT(fits, 1000);
  EXPECT_GT(does_not_fit, 500);
}

// e1 has room for r2 only if r1 waits for the next quarter.
TEST(StandingPlacement, OthersMoveToAnotherPeriodToMakePlace) {
  Center center;
  center.AddPartner("nsa").set_capacity_per_period(1);
  center.AddExpert("e1").set_capacity_per_period(1);
  center.AddDemand("r1").mutable_slots(0)->set_window_end("2027-03-31");
  center.AddDemand("r2");
  const Pool pool = center.Build();
  Plan plan = Solved(pool);
  ASSERT_EQ(plan.units.size(), 2u);
  EXPECT_EQ(TextOf(pool, plan)[0], "r1/s1 e1 2027Q1");
  plan.units = {{SlotIn(pool, "r1"), ExpertIn(pool, "e1"),
                 PeriodOf(v1::PERIOD_QUARTER, DayNumber(absl::CivilDay(2026, 12, 1))).number, 0}};
  const std::vector<PlanChange> r2 = {{SlotIn(pool, "r2"), -1, ExpertIn(pool, "e1")}};
  EXPECT_TRUE(StandingPlacement(pool, plan).Fits(r2));
}

}  // namespace
}  // namespace critac::matching
