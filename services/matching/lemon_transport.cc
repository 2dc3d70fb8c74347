#include "services/matching/lemon_transport.h"

#include <vector>

#include "absl/time/clock.h"
#include "lemon/cost_scaling.h"
#include "lemon/network_simplex.h"
#include "lemon/smart_graph.h"

namespace critac::matching {
namespace {

using Graph = lemon::SmartDigraph;

// Rooms, then rows, then done, as nodes.
class LemonNetwork {
 public:
  explicit LemonNetwork(const TransportProblem& problem)
      : upper_(graph_), cost_(graph_), supply_(graph_) {
    const int32_t rooms = problem.room_count();
    const int32_t rows = problem.row_count();
    const int done = rooms + rows;
    graph_.reserveNode(done + 1);
    graph_.reserveArc(static_cast<int>(problem.entry.size() + problem.arcs.size()) + rooms + rows);
    for (int node = 0; node <= done; ++node) graph_.addNode();
    int64_t total = 0;
    for (int32_t row = 0; row < rows; ++row) {
      for (int64_t pair = problem.row_begin[row]; pair < problem.row_begin[row + 1]; ++pair) {
        Add(rooms + row, problem.entry[pair], 1, problem.cost[pair]);
      }
      Add(rooms + row, done, problem.demand[row], problem.open_price[row]);
      supply_[Graph::nodeFromId(rooms + row)] = problem.demand[row];
      total += problem.demand[row];
    }
    for (const TransportProblem::Arc& arc : problem.arcs) {
      Add(arc.from, arc.to, arc.capacity, arc.cost);
    }
    for (int32_t room = 0; room < rooms; ++room) {
      for (const TransportProblem::ExitRun& run : problem.exits[room]) {
        Add(room, done, run.capacity, run.price);
      }
    }
    supply_[Graph::nodeFromId(done)] = -total;
  }

  template <typename Algorithm>
  absl::StatusOr<LemonResult> Solve() {
    Algorithm algorithm(graph_);
    algorithm.upperMap(upper_).costMap(cost_).supplyMap(supply_);
    const absl::Time start = absl::Now();
    if (algorithm.run() != Algorithm::OPTIMAL) return absl::InternalError("no flow");
    const absl::Duration solving = absl::Now() - start;
    return LemonResult{algorithm.template totalCost<int64_t>(), solving};
  }

 private:
  void Add(int from, int to, int64_t capacity, int64_t cost) {
    const Graph::Arc arc = graph_.addArc(Graph::nodeFromId(from), Graph::nodeFromId(to));
    upper_[arc] = capacity;
    cost_[arc] = cost;
  }

  Graph graph_;
  Graph::ArcMap<int64_t> upper_, cost_;
  Graph::NodeMap<int64_t> supply_;
};

}  // namespace

absl::StatusOr<LemonResult> SolveByLemon(const TransportProblem& problem,
                                         LemonAlgorithm algorithm) {
  LemonNetwork network(problem);
  if (algorithm == LemonAlgorithm::kNetworkSimplex) {
    return network.Solve<lemon::NetworkSimplex<Graph, int64_t, int64_t>>();
  }
  return network.Solve<lemon::CostScaling<Graph, int64_t, int64_t>>();
}

}  // namespace critac::matching
