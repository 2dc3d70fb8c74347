#ifndef SERVICES_MATCHING_FLOW_H_
#define SERVICES_MATCHING_FLOW_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

// Minimum-cost flow. The one place that knows the solver, LEMON.
namespace critac::matching {

struct FlowArc {
  int from = 0;
  int to = 0;
  int64_t capacity = 0;
  int64_t cost = 0;
  // Least flow.
  int64_t lower = 0;
};

struct FlowProblem {
  int node_count = 0;
  std::vector<FlowArc> arcs;
  // By node; they add up to 0.
  std::vector<int64_t> supply;

  int AddNode(int64_t node_supply = 0) {
    supply.push_back(node_supply);
    return node_count++;
  }
  int AddArc(const FlowArc& arc) {
    arcs.push_back(arc);
    return static_cast<int>(arcs.size()) - 1;
  }
};

struct Flow {
  // By arc.
  std::vector<int64_t> units;
  // By node. The reduced cost of an arc, cost + potential(from) - potential(to), is not negative
  // where more flow would fit, and not positive where flow could be taken away.
  std::vector<int64_t> potentials;
};

inline int64_t ReducedCost(const FlowArc& arc, const Flow& flow) {
  return arc.cost + flow.potentials[arc.from] - flow.potentials[arc.to];
}

enum class Solver {
  // By size and density.
  kAutomatic,
  kNetworkSimplex,
  kCostScaling,
};

// A flow of least cost, with potentials that prove it. RESOURCE_EXHAUSTED: costs times nodes do not
// fit 64 bits. INTERNAL: no flow meets the supplies and bounds.
absl::StatusOr<Flow> SolveFlow(const FlowProblem& problem, Solver solver);

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_FLOW_H_
