// Goal: a transport is a cheapest one, whatever the problem, and its check notices whatever is wrong
// with it. Method: thousands of random problems from a printed seed, with few and coarse numbers so
// that ties and exhausted capacities are the rule, each compared with what LEMON makes of it.
#include "services/matching/transport.h"

#include <functional>
#include <iostream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/matching/canonical.h"
#include "services/matching/lemon_transport.h"
#include "services/matching/testing_transport.h"

namespace critac::matching {
namespace {

using testing::HasSubstr;

constexpr uint32_t kSeed = 20261128;

int64_t CostByLemon(const TransportProblem& problem, LemonAlgorithm algorithm) {
  const absl::StatusOr<LemonResult> result = SolveByLemon(problem, algorithm);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? result->cost : 0;
}

TEST(Transport, CostsWhatLemonSaysIsTheLeast) {
  std::cout << "seed " << kSeed << "\n";
  Dice dice(kSeed);
  for (int round = 0; round < 3000 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    TransportShape shape{dice.Between(1, 12), dice.Between(1, 12), dice.Between(1, 4), 4};
    if (dice.OneIn(2)) shape.values = 100'000;
    const TransportProblem problem = RandomProblem(dice, shape);
    EXPECT_EQ(Solved(problem).cost, CostByLemon(problem, LemonAlgorithm::kNetworkSimplex));
  }
}

// Rows with more pairs than a first list has, dear ones among them that all rows want.
TEST(Transport, LooksBeyondItsListsWhereThatIsCheaper) {
  std::cout << "seed " << kSeed + 1 << "\n";
  Dice dice(kSeed + 1);
  for (int round = 0; round < 60 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    TransportShape shape{150, 150, dice.OneIn(2) ? 1 : 2, dice.OneIn(2) ? 3 : 100'000};
    shape.every_pair = true;
    TransportProblem problem = RandomProblem(dice, shape);
    for (size_t pair = 0; pair < problem.cost.size(); ++pair) {
      problem.cost[pair] += 2 * shape.values * problem.entry[pair];
    }
    EXPECT_EQ(Solved(problem).cost, CostByLemon(problem, LemonAlgorithm::kCostScaling));
  }
}

// More pairs of a row cost the same than a list of it has, and half of the rooms have no place: what rows pay
// rises above the floors of their lists.
TEST(Transport, PairsOfOnePriceBeyondTheListsAreUsedToo) {
  std::cout << "seed " << kSeed + 6 << "\n";
  Dice dice(kSeed + 6);
  for (int round = 0; round < 20 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const int rooms = dice.Between(280, 400);
    const int steps = dice.Between(1, 3);
    TransportProblem problem;
    for (int room = 0; room < rooms; ++room)
      problem.AddRoom({{dice.Between(0, 1), dice.Between(0, 1)}});
    for (int row = 0; row < 150; ++row) {
      problem.AddRow(dice.Between(1, 2), 10);
      // Rooms that come late are dearer, in steps that are longer than lists.
      for (int room = 0; room < rooms; ++room) {
        problem.AddPair(room, room * steps / rooms + (dice.OneIn(20) ? -1 : 0));
      }
    }
    EXPECT_EQ(Solved(problem).cost, CostByLemon(problem, LemonAlgorithm::kCostScaling));
  }
}

// Goal: a second thread, which takes part from half a million pairs on, changes nothing of the answer.
// Method: rows that want nothing make of a problem for one thread one for two.
TEST(Transport, ManyPairsAreSolvedByTwoThreadsAsByOne) {
  std::cout << "seed " << kSeed + 4 << "\n";
  Dice dice(kSeed + 4);
  constexpr int kRows = 680;
  constexpr int kRooms = 720;
  TransportProblem problem;
  for (int room = 0; room < kRooms; ++room) problem.AddRoom({{1, 0}});
  for (int row = 0; row < kRows; ++row) {
    problem.AddRow(1, 1'000'000);
    for (int room = 0; room < kRooms; ++room) problem.AddPair(room, dice.Between(-1000, 0));
  }
  TransportProblem larger = problem;
  for (int row = 0; row < 40; ++row) {
    larger.AddRow(0, 1'000'000);
    for (int room = 0; room < kRooms; ++room) larger.AddPair(room, dice.Between(-1000, 0));
  }
  ASSERT_LT(problem.entry.size(), 500'000u);
  ASSERT_GE(larger.entry.size(), 500'000u);
  const Transport one = Solved(problem);
  const Transport two = Solved(larger);
  EXPECT_EQ(one.cost, CostByLemon(problem, LemonAlgorithm::kNetworkSimplex));
  EXPECT_EQ(two.cost, one.cost);
  EXPECT_EQ(two.used, one.used);
  EXPECT_EQ(two.room_prices, one.room_prices);
  EXPECT_EQ(std::vector<int64_t>(two.row_prices.begin(), two.row_prices.begin() + kRows),
            one.row_prices);
  const Transport again = Solved(larger);
  EXPECT_EQ(again.used, two.used);
  EXPECT_EQ(again.row_prices, two.row_prices);
}

// The problem as it was before all but its first rows were added.
TransportProblem FirstRows(const TransportProblem& whole, int rows) {
  TransportProblem part = whole;
  part.demand.resize(rows);
  part.open_price.resize(rows);
  part.row_begin.resize(rows + 1);
  part.entry.resize(part.row_begin.back());
  part.cost.resize(part.row_begin.back());
  return part;
}

TEST(Transport, RowsAddedLaterCostWhatTheyCostFromTheStart) {
  std::cout << "seed " << kSeed + 2 << "\n";
  Dice dice(kSeed + 2);
  for (int round = 0; round < 500 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const TransportProblem whole = RandomProblem(dice, {dice.Between(2, 10), 8, 3, 4});
    const TransportProblem part = FirstRows(whole, dice.Between(0, whole.row_count() - 1));
    Transport from_the_start = Solved(whole);
    Transport added = Solved(whole, Solved(part));
    EXPECT_EQ(added.cost, from_the_start.cost);
    MakeCanonical(whole, {}, from_the_start);
    MakeCanonical(whole, {}, added);
    EXPECT_EQ(added.used, from_the_start.used);
  }
}

// Goal: what a solution remembers of pairs is true, however prices have risen since. Method: to rooms
// that are full or nearly so, rows are added one after another, each with more pairs than a list has;
// every solution is compared with one from the start, and its canonical form with that by all pairs.
TEST(Transport, RowsAddedOneByOneToFullRoomsCostWhatTheyCostFromTheStart) {
  std::cout << "seed " << kSeed + 5 << "\n";
  Dice dice(kSeed + 5);
  int raised = 0;
  for (int round = 0; round < 12 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const int values = dice.OneIn(2) ? 30 : 100'000;
    TransportProblem whole;
    for (int room = 0; room < 50; ++room) whole.AddRoom({{dice.Between(1, 2), 0}});
    for (int row = 0; row < 95; ++row) {
      whole.AddRow(dice.Between(1, 2), dice.Between(1, 10) * values);
      for (int room = 0; room < 50; ++room) whole.AddPair(room, dice.Between(-values, 0));
    }
    Transport standing = Solved(FirstRows(whole, 40));
    for (int rows = 41; rows <= whole.row_count(); ++rows) {
      const TransportProblem part = FirstRows(whole, rows);
      standing = Solved(part, standing);
      Transport from_the_start = Solved(part);
      ASSERT_EQ(standing.cost, from_the_start.cost);
      raised += standing.raised > 0 ? 1 : 0;
      Transport by_all_pairs = standing;
      by_all_pairs.lists.clear();
      MakeCanonical(part, {}, by_all_pairs);
      MakeCanonical(part, {}, from_the_start);
      MakeCanonical(part, {}, standing);
      ASSERT_EQ(standing.used, by_all_pairs.used);
      ASSERT_EQ(standing.used, from_the_start.used);
    }
  }
  EXPECT_GT(raised, 100);
}

// The pairs of the first of all cheapest transports, by trying each pair in turn.
std::vector<int32_t> FirstOfTheCheapest(const TransportProblem& problem, int64_t cost) {
  TransportProblem rest = problem;
  std::vector<int32_t> used;
  for (int32_t pair = 0; pair < static_cast<int32_t>(problem.entry.size()); ++pair) {
    // So cheap that it is used if it can be, and no cheapest transport without it is missed.
    constexpr int32_t kPreferred = 1'000'000;
    rest.cost[pair] -= kPreferred;
    cost -= kPreferred;
    if (Solved(rest).cost == cost) {
      used.push_back(pair);
    } else {
      rest.cost[pair] += kPreferred;
      cost += kPreferred;
      // Never again: as dear as nothing else.
      rest.cost[pair] += kPreferred;
    }
  }
  return used;
}

TEST(Transport, OfTheCheapestTheCanonicalOneTakesThePairsThatComeFirst) {
  std::cout << "seed " << kSeed + 3 << "\n";
  Dice dice(kSeed + 3);
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const TransportProblem problem = RandomProblem(dice, {5, 5, 2, 1});
    Transport transport = Solved(problem);
    MakeCanonical(problem, {}, transport);
    const absl::Status checked = CheckTransport(problem, transport);
    ASSERT_TRUE(checked.ok()) << checked;
    EXPECT_EQ(transport.used, FirstOfTheCheapest(problem, transport.cost));
  }
}

TEST(Transport, WhatItTakesIsCountedAndTheSameEveryTime) {
  Dice dice(kSeed + 7);
  for (int round = 0; round < 20; ++round) {
    const TransportProblem problem = RandomProblem(dice, {12, 12, 2, 4});
    EXPECT_EQ(Solved(problem).steps, Solved(problem).steps);
  }
  TransportProblem one;
  one.AddRoom({{1, 0}});
  one.AddRow(1, 10);
  one.AddPair(0, 1);
  EXPECT_GT(Solved(one).steps, 0);
}

TEST(Transport, NothingToDoIsDone) {
  EXPECT_EQ(Solved({}).cost, 0);
  TransportProblem rooms_only;
  rooms_only.AddRoom();
  rooms_only.AddRoom({{1, 5}});
  EXPECT_EQ(Solved(rooms_only).cost, 0);
  TransportProblem rows_only;
  rows_only.AddRow(3, 7);
  rows_only.AddRow(0, 9);
  const Transport transport = Solved(rows_only);
  EXPECT_EQ(transport.cost, 21);
  EXPECT_EQ(transport.open, (std::vector<int32_t>{3, 0}));
}

TEST(Transport, PricesThatDoNotFitAreRefused) {
  TransportProblem problem;
  problem.AddRow(1, int64_t{1} << 58);
  EXPECT_TRUE(SolveTransport(problem).ok());
  problem.AddRow(1, 0);
  problem.AddRow(1, 0);
  EXPECT_EQ(SolveTransport(problem).status().code(), absl::StatusCode::kResourceExhausted);
}

// Two rows, of which the dearer one gets the only room.
TransportProblem Contested() {
  TransportProblem problem;
  problem.AddRoom({{1, 2}});
  problem.AddRoom();
  problem.AddArc({1, 0, 1, 3});
  problem.AddRow(1, 10);
  problem.AddPair(1, -5);
  problem.AddRow(1, 20);
  problem.AddPair(1, -4);
  return problem;
}

TEST(TransportCheck, NoticesWhateverIsWrong) {
  const TransportProblem problem = Contested();
  const Transport right = Solved(problem);
  ASSERT_EQ(right.used, (std::vector<int32_t>{1}));
  const std::pair<const char*, std::function<void(Transport&)>> wrongs[] = {
      {"not of this problem", [](Transport& t) { t.open.pop_back(); }},
      {"not of this problem", [](Transport& t) { t.room_prices.push_back(0); }},
      {"not in order",
       [](Transport& t) {
         t.used = {1, 1};
       }},
      {"not in order", [](Transport& t) { t.used = {2}; }},
      {"less than nothing", [](Transport& t) { t.open[0] = -1; }},
      {"row 1 sends 0 of 1", [](Transport& t) { t.used.clear(); }},
      {"row 0 sends 2 of 1",
       [](Transport& t) {
         t.used = {0, 1};
       }},
      {"arc 0 carries 2 of 1", [](Transport& t) { t.arc_units[0] = 2; }},
      {"room 0 does not let out", [](Transport& t) { t.exit_units[0] = 0; }},
      {"room 1 does not let out",
       [](Transport& t) {
         t.arc_units[0] = 0;
         t.exit_units[0] = 0;
       }},
      {"costs something else", [](Transport& t) { ++t.cost; }},
      {"out of range", [](Transport& t) { t.row_prices[0] = INT64_MAX; }},
      {"prove only 1 less", [](Transport& t) { --t.row_prices[1]; }},
      {"prove only", [](Transport& t) { ++t.row_prices[0]; }},
      {"prove only", [](Transport& t) { t.room_prices[0] += 1'000'000; }},
      {"prove only",
       [](Transport& t) {
         // The other row: it keeps every limit, and is dearer.
         t.used = {0};
         t.open = {0, 1};
         t.cost += 9;
       }},
  };
  for (const auto& [what, make] : wrongs) {
    Transport wrong = right;
    make(wrong);
    const absl::Status status = CheckTransport(problem, wrong);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << what;
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
    TransportCheck again;
    EXPECT_EQ(again.Check(problem, right), absl::OkStatus());
    EXPECT_EQ(again.Check(problem, wrong), status) << what;
  }
}

// Goal: a check that does not go through all pairs again says what one that does says. Method: rows are added one by
// one, and each solution is checked as it is and with prices that are not its own. What is wrong is said in units, so
// that the same words mean the same sum over all pairs.
TEST(TransportCheck, SaysTheSameWhereItKnowsOfPairsFromBefore) {
  std::cout << "seed " << kSeed + 6 << "\n";
  Dice dice(kSeed + 6);
  int64_t pairs = 0;
  int64_t looked_at = 0;
  int wrong = 0;
  for (int round = 0; round < 12 && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const int values = dice.OneIn(2) ? 30 : 100'000;
    TransportProblem whole;
    for (int room = 0; room < 150; ++room) whole.AddRoom({{dice.Between(0, 1), 0}});
    for (int row = 0; row < 80; ++row) {
      whole.AddRow(dice.Between(0, 2), dice.Between(1, 10) * values);
      const int entered = dice.OneIn(8) ? 0 : dice.Between(1, 150);
      for (int room = 0; room < entered; ++room) whole.AddPair(room, dice.Between(-values, 0));
    }
    TransportCheck check;
    Transport standing;
    for (int rows = 40; rows <= whole.row_count(); ++rows) {
      const TransportProblem part = FirstRows(whole, rows);
      standing = Solved(part, standing);
      ASSERT_EQ(check.Check(part, standing), absl::OkStatus());
      pairs += static_cast<int64_t>(part.entry.size());
      looked_at += check.looked_at();
      Transport other = standing;
      (dice.OneIn(2) ? other.row_prices[dice.Between(0, rows - 1)]
                     : other.room_prices[dice.Between(0, 149)]) += dice.Between(-values, values);
      const absl::Status status = CheckTransport(part, other);
      ASSERT_EQ(check.Check(part, other), status);
      wrong += status.ok() ? 0 : 1;
    }
  }
  std::cout << looked_at << " of " << pairs << " pairs gone through, " << wrong
            << " times something is wrong\n";
  EXPECT_LT(looked_at, pairs * 3 / 4);
  EXPECT_GT(wrong, 200);
}

TEST(TransportCheck, GoesThroughAllOfAnotherProblem) {
  Dice dice(kSeed + 7);
  TransportShape shape{40, 40, 1, 100};
  shape.every_pair = true;
  const TransportProblem one = RandomProblem(dice, shape);
  const TransportProblem other = RandomProblem(dice, {12, 7, 2, 4});
  TransportCheck check;
  for (const TransportProblem* problem : {&one, &other, &one}) {
    EXPECT_EQ(check.Check(*problem, Solved(*problem)), absl::OkStatus());
    TransportCheck first;
    EXPECT_EQ(first.Check(*problem, Solved(*problem)), absl::OkStatus());
    EXPECT_EQ(check.looked_at(), first.looked_at());
  }
}

TEST(TransportCheck, MoreThanARoomLetsOutIsNoticed) {
  TransportProblem problem = Contested();
  problem.arcs[0].capacity = 2;
  Transport both = Solved(problem);
  both.used = {0, 1};
  both.open = {0, 0};
  both.arc_units[0] = 2;
  both.exit_units[0] = 2;
  EXPECT_THAT(std::string(CheckTransport(problem, both).message()),
              HasSubstr("room 0 lets out more than it may"));
}

}  // namespace
}  // namespace critac::matching
