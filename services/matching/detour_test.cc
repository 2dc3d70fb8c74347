// Goal: what a pair would cost is exact, and the moves that are told lead to a transport that costs
// just that. Method: random problems from a printed seed; every pair of each is compared with a new
// solution in which it is so cheap that it is taken.
#include "services/matching/detour.h"

#include <algorithm>
#include <iostream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "services/matching/testing_transport.h"

namespace critac::matching {
namespace {

constexpr uint32_t kDetourSeed = 20261129;

// The least that a transport with the pair costs; kNone: there is none.
int64_t CostWith(TransportProblem problem, int32_t pair) {
  constexpr int32_t kPreferred = 10'000'000;
  problem.cost[pair] -= kPreferred;
  const Transport with = Solved(problem);
  const bool has = std::binary_search(with.used.begin(), with.used.end(), pair);
  return has ? with.cost + kPreferred : Detours::kNone;
}

// What it costs when just these pairs are used.
int64_t CostOfPairs(TransportProblem problem, const std::vector<int32_t>& pairs) {
  constexpr int32_t kPreferred = 10'000'000;
  for (size_t pair = 0; pair < problem.cost.size(); ++pair) problem.cost[pair] += kPreferred;
  for (const int32_t pair : pairs) problem.cost[pair] -= 2 * kPreferred;
  const Transport with = Solved(problem);
  EXPECT_EQ(with.used, pairs);
  return with.cost + int64_t{kPreferred} * static_cast<int64_t>(pairs.size());
}

std::vector<int32_t> Changed(std::vector<int32_t> used, const std::vector<UnitChange>& changes) {
  for (const UnitChange& change : changes) {
    if (change.unit.kind != UnitArc::kPair) continue;
    if (change.by > 0) {
      used.push_back(change.unit.index);
    } else {
      used.erase(std::find(used.begin(), used.end(), change.unit.index));
    }
  }
  std::sort(used.begin(), used.end());
  return used;
}

TEST(Detours, CostWhatASolutionWithThePairCosts) {
  std::cout << "seed " << kDetourSeed << "\n";
  Dice dice(kDetourSeed);
  int costly = 0;
  int moved = 0;
  int impossible = 0;
  for (int round = 0; round < 2000 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    TransportShape shape{dice.Between(1, 7), dice.Between(1, 7), dice.Between(1, 3), 4};
    if (dice.OneIn(2)) shape.values = 100'000;
    const TransportProblem problem = RandomProblem(dice, shape);
    const Transport transport = Solved(problem);
    Detours detours(problem, transport);
    for (int32_t row = 0; row < problem.row_count(); ++row) {
      if (problem.demand[row] == 0) continue;
      const auto end = static_cast<int32_t>(problem.row_begin[row + 1]);
      for (auto pair = static_cast<int32_t>(problem.row_begin[row]); pair < end; ++pair) {
        const int64_t cost = detours.CostOf(pair);
        const int64_t with = CostWith(problem, pair);
        if (with == Detours::kNone) {
          EXPECT_EQ(cost, Detours::kNone);
          ++impossible;
          continue;
        }
        EXPECT_EQ(cost, with - transport.cost);
        const std::vector<UnitChange> changes = detours.ChangesFor(pair);
        EXPECT_EQ(CostOfPairs(problem, Changed(transport.used, changes)), with);
        costly += cost > 0 ? 1 : 0;
        moved += changes.size() > 2 ? 1 : 0;
        if (!changes.empty()) EXPECT_EQ(changes[0].unit.index, pair);
      }
    }
  }
  EXPECT_GT(costly, 1000);
  EXPECT_GT(moved, 1000);
  EXPECT_GT(impossible, 50);
}

// Goal: what a unit more costs from a room to done, and what one more through a full arc would save, is
// exact. Method: the problem with a unit that must go there, or with the arc so much wider, is solved.
TEST(Detours, SayWhatAUnitMoreInARoomCostsAndAFullArcIsWorth) {
  std::cout << "seed " << kDetourSeed + 1 << "\n";
  constexpr int64_t kMust = 10'000'000;
  Dice dice(kDetourSeed + 1);
  int saved = 0;
  for (int round = 0; round < 1000 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const TransportProblem problem =
        RandomProblem(dice, {dice.Between(1, 7), dice.Between(1, 7), dice.Between(1, 3), 100'000});
    const Transport transport = Solved(problem);
    Detours detours(problem, transport);
    for (int32_t room = 0; room < problem.room_count(); ++room) {
      TransportProblem with = problem;
      with.AddRow(1, kMust);
      with.AddPair(room, 0);
      const int64_t more = Solved(with).cost - transport.cost;
      EXPECT_EQ(std::min(detours.CostToDone(room), kMust), more);
    }
    for (size_t a = 0; a < problem.arcs.size(); ++a) {
      const TransportProblem::Arc& arc = problem.arcs[a];
      if (transport.arc_units[a] < arc.capacity) continue;
      TransportProblem with = problem;
      ++with.arcs[a].capacity;
      const int64_t back = detours.CostFromRoom(arc.to, arc.from);
      const int64_t worth = back == Detours::kNone ? 0 : std::min<int64_t>(0, arc.cost + back);
      EXPECT_EQ(Solved(with).cost - transport.cost, worth);
      saved += worth < 0 ? 1 : 0;
      // Of a way from done, or from a row, the first step is one of its own.
      const int64_t from_done = detours.CostFromDone(arc.from);
      if (detours.CostToDone(arc.to) != Detours::kNone && from_done != Detours::kNone) {
        EXPECT_LE(back, detours.CostToDone(arc.to) + from_done);
      }
      for (int32_t row = 0; row < problem.row_count(); ++row) {
        if (problem.demand[row] == 0 || transport.open[row] < problem.demand[row]) continue;
        int64_t least = Detours::kNone;
        for (int64_t pair = problem.row_begin[row]; pair < problem.row_begin[row + 1]; ++pair) {
          const int64_t onward = detours.CostFromRoom(problem.entry[pair], arc.from);
          if (onward != Detours::kNone) least = std::min(least, problem.cost[pair] + onward);
        }
        EXPECT_EQ(detours.CostFromRow(row, arc.from), least);
      }
    }
  }
  EXPECT_GT(saved, 200);
}

}  // namespace
}  // namespace critac::matching
