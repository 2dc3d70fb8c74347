#include "services/matching/flow.h"

#include <algorithm>
#include <cstdlib>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "lemon/cost_scaling.h"
#include "lemon/network_simplex.h"
#include "lemon/smart_graph.h"

namespace critac::matching {
namespace {

using Graph = lemon::SmartDigraph;

// Network simplex is the quicker one on networks as they are here, up to a size at which its pivots
// begin to cost more than the phases of cost scaling.
constexpr int kSimplexNodes = 100'000;

int64_t LargestCost(const FlowProblem& problem) {
  int64_t largest = 1;
  for (const FlowArc& arc : problem.arcs) largest = std::max(largest, std::abs(arc.cost));
  return largest;
}

// The simplex starts from arcs of cost 2^62, and a potential is a sum of costs along a path; so the
// costs of a path must stay below a quarter of that.
bool FitsSimplex(const FlowProblem& problem, int64_t largest) {
  return absl::uint128(largest) * (problem.node_count + 1) < (absl::uint128(1) << 60);
}

// Cost scaling multiplies costs by 16 times the nodes, and potentials are sums of these.
bool FitsCostScaling(const FlowProblem& problem, int64_t largest) {
  const absl::uint128 nodes = problem.node_count + 1;
  return absl::uint128(largest) * nodes * nodes * 64 < (absl::uint128(1) << 62);
}

template <typename Algorithm>
absl::StatusOr<Flow> Run(const FlowProblem& problem) {
  Graph graph;
  graph.reserveNode(problem.node_count);
  graph.reserveArc(static_cast<int>(problem.arcs.size()));
  for (int i = 0; i < problem.node_count; ++i) graph.addNode();
  for (const FlowArc& arc : problem.arcs) {
    graph.addArc(Graph::nodeFromId(arc.from), Graph::nodeFromId(arc.to));
  }
  Graph::ArcMap<int64_t> lower(graph), upper(graph), cost(graph);
  for (int i = 0; i < static_cast<int>(problem.arcs.size()); ++i) {
    const Graph::Arc arc = Graph::arcFromId(i);
    lower[arc] = problem.arcs[i].lower;
    upper[arc] = problem.arcs[i].capacity;
    cost[arc] = problem.arcs[i].cost;
  }
  Graph::NodeMap<int64_t> supply(graph);
  for (int i = 0; i < problem.node_count; ++i) {
    supply[Graph::nodeFromId(i)] = problem.supply[i];
  }
  Algorithm algorithm(graph);
  algorithm.lowerMap(lower).upperMap(upper).costMap(cost).supplyMap(supply);
  if (algorithm.run() != Algorithm::OPTIMAL) {
    return absl::InternalError("no flow meets the supplies and bounds of the plan's network");
  }
  Flow flow;
  flow.units.reserve(problem.arcs.size());
  for (int i = 0; i < static_cast<int>(problem.arcs.size()); ++i) {
    flow.units.push_back(algorithm.flow(Graph::arcFromId(i)));
  }
  flow.potentials.reserve(problem.node_count);
  for (int i = 0; i < problem.node_count; ++i) {
    flow.potentials.push_back(algorithm.potential(Graph::nodeFromId(i)));
  }
  return flow;
}

}  // namespace

absl::StatusOr<Flow> SolveFlow(const FlowProblem& problem, Solver solver) {
  const int64_t largest = LargestCost(problem);
  const bool scale = solver == Solver::kCostScaling ||
                     (solver == Solver::kAutomatic && problem.node_count > kSimplexNodes);
  if (scale && FitsCostScaling(problem, largest)) {
    return Run<lemon::CostScaling<Graph, int64_t, int64_t>>(problem);
  }
  if (FitsSimplex(problem, largest)) {
    return Run<lemon::NetworkSimplex<Graph, int64_t, int64_t>>(problem);
  }
  return Error(absl::StatusCode::kResourceExhausted, "PLAN_TOO_LARGE",
               absl::StrCat("prices up to ", largest, " over ", problem.node_count,
                            " nodes do not fit 64 bits; lower the policy's prices"))
      .ToStatus();
}

}  // namespace critac::matching
