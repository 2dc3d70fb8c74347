#ifndef SERVICES_MATCHING_TESTING_TRANSPORT_H_
#define SERVICES_MATCHING_TESTING_TRANSPORT_H_

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "services/matching/transport.h"

// Random transport problems, for tests.
namespace critac::matching {

class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  int Between(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<uint32_t>(high - low + 1));
  }
  bool OneIn(int n) { return Between(1, n) == 1; }
  std::mt19937& engine() { return engine_; }

 private:
  std::mt19937 engine_;
};

struct TransportShape {
  int rows = 6;
  int rooms = 6;
  int demand = 2;
  // Prices and costs are up to this, or a few times it; the fewer, the more ties.
  int values = 4;
  bool every_pair = false;
};

// Rooms in layers: arcs lead from later ones to earlier ones, many of which have exits. Capacities
// are small, some of them 0.
inline TransportProblem RandomProblem(Dice& dice, const TransportShape& shape) {
  TransportProblem problem;
  for (int room = 0; room < shape.rooms; ++room) {
    std::vector<TransportProblem::ExitRun> runs;
    if (room == 0 || dice.OneIn(2)) {
      int64_t price = dice.Between(-shape.values, shape.values);
      for (int run = dice.Between(1, 3); run > 0; --run) {
        runs.push_back({dice.Between(0, 2), price});
        price += dice.Between(0, shape.values);
      }
    }
    problem.AddRoom(std::move(runs));
    for (int to = 0; to < room; ++to) {
      if (dice.OneIn(3)) {
        problem.AddArc({room, to, dice.Between(0, 3), dice.Between(-shape.values, shape.values)});
      }
    }
  }
  for (int row = 0; row < shape.rows; ++row) {
    problem.AddRow(dice.Between(0, shape.demand), dice.Between(0, 3 * shape.values));
    for (int room = 0; room < shape.rooms; ++room) {
      if (shape.every_pair || dice.OneIn(2)) {
        problem.AddPair(room, dice.Between(-shape.values, shape.values));
      }
    }
  }
  return problem;
}

// Solved and checked; fails the test where it does not hold.
inline Transport Solved(const TransportProblem& problem, const Transport& start = {}) {
  absl::StatusOr<Transport> transport = SolveTransport(problem, start);
  EXPECT_TRUE(transport.ok()) << transport.status();
  if (!transport.ok()) return {};
  const absl::Status checked = CheckTransport(problem, *transport);
  EXPECT_TRUE(checked.ok()) << checked;
  return *std::move(transport);
}

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_TESTING_TRANSPORT_H_
