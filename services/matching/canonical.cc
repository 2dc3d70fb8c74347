#include "services/matching/canonical.h"

#include <algorithm>
#include <cstdint>

namespace critac::matching {
namespace {

// An arc to be passed from one of its ends: forward adds a unit, backward takes one away.
struct Step {
  int arc = -1;
  bool forward = true;
};

// The arcs along which flow can move without a change of cost.
class TightResidual {
 public:
  TightResidual(const FlowProblem& problem, Flow& flow)
      : problem_(problem),
        flow_(flow),
        tight_(problem.arcs.size(), 0),
        first_step_(problem.node_count + 1, 0),
        component_(problem.node_count, -1) {
    CollectSteps();
    FindComponents();
    reached_by_.resize(problem.node_count);
    visited_.assign(problem.node_count, 0);
  }

  // Settles an arc of capacity 1: with a unit on it if that is possible.
  void Settle(int arc) {
    if (tight_[arc] == 0) return;
    if (flow_.units[arc] == problem_.arcs[arc].lower) MoveUnitTo(arc);
    tight_[arc] = 0;
  }

 private:
  void CollectSteps() {
    for (size_t i = 0; i < problem_.arcs.size(); ++i) {
      const FlowArc& arc = problem_.arcs[i];
      if (arc.lower == arc.capacity || ReducedCost(arc, flow_) != 0) continue;
      tight_[i] = 1;
      ++first_step_[arc.from + 1];
      ++first_step_[arc.to + 1];
    }
    for (int n = 0; n < problem_.node_count; ++n) first_step_[n + 1] += first_step_[n];
    steps_.resize(first_step_.back());
    std::vector<int> next(first_step_.begin(), first_step_.end() - 1);
    for (size_t i = 0; i < problem_.arcs.size(); ++i) {
      if (tight_[i] == 0) continue;
      steps_[next[problem_.arcs[i].from]++] = {static_cast<int>(i), true};
      steps_[next[problem_.arcs[i].to]++] = {static_cast<int>(i), false};
    }
  }

  bool Passable(const Step& step) const {
    if (tight_[step.arc] == 0) return false;
    const FlowArc& arc = problem_.arcs[step.arc];
    return step.forward ? flow_.units[step.arc] < arc.capacity : flow_.units[step.arc] > arc.lower;
  }

  int End(const Step& step) const {
    const FlowArc& arc = problem_.arcs[step.arc];
    return step.forward ? arc.to : arc.from;
  }

  // Strongly connected components, by Tarjan's algorithm with a stack of its own.
  void FindComponents() {
    constexpr int kUnseen = -1;
    std::vector<int> seen(problem_.node_count, kUnseen), low(problem_.node_count, 0);
    std::vector<int> next(first_step_.begin(), first_step_.end() - 1);
    std::vector<int> path, open;
    int count = 0;
    for (int root = 0; root < problem_.node_count; ++root) {
      if (seen[root] != kUnseen) continue;
      path.push_back(root);
      while (!path.empty()) {
        const int node = path.back();
        if (seen[node] == kUnseen) {
          seen[node] = low[node] = count++;
          open.push_back(node);
        }
        int unseen = kUnseen;
        while (next[node] < first_step_[node + 1] && unseen == kUnseen) {
          const Step& step = steps_[next[node]];
          const int end = End(step);
          if (!Passable(step) || component_[end] >= 0) {
            ++next[node];
          } else if (seen[end] == kUnseen) {
            unseen = end;
          } else {
            low[node] = std::min(low[node], low[end]);
            ++next[node];
          }
        }
        if (unseen != kUnseen) {
          path.push_back(unseen);
          continue;
        }
        path.pop_back();
        if (low[node] == seen[node]) CloseComponent(node, open);
      }
    }
  }

  void CloseComponent(int node, std::vector<int>& open) {
    int member = -1;
    do {
      member = open.back();
      open.pop_back();
      component_[member] = component_count_;
    } while (member != node);
    ++component_count_;
  }

  // Puts a unit on an arc that has none, where a cycle allows it.
  void MoveUnitTo(int arc) {
    const int from = problem_.arcs[arc].from;
    const int to = problem_.arcs[arc].to;
    if (component_[from] != component_[to]) return;
    if (!Search(to, from)) {
      // No cycle leaves what was reached, now or later: nothing but cycles changes the flow.
      for (const int node : queue_) component_[node] = component_count_;
      ++component_count_;
      return;
    }
    ++flow_.units[arc];
    for (int node = from; node != to;) {
      const Step& step = reached_by_[node];
      flow_.units[step.arc] += step.forward ? 1 : -1;
      node = step.forward ? problem_.arcs[step.arc].from : problem_.arcs[step.arc].to;
    }
  }

  // Looks for a way inside the component; leaves what it reached in `queue_`.
  bool Search(int start, int goal) {
    ++search_;
    queue_.assign(1, start);
    visited_[start] = search_;
    for (size_t i = 0; i < queue_.size(); ++i) {
      const int node = queue_[i];
      for (int s = first_step_[node]; s < first_step_[node + 1]; ++s) {
        const int end = End(steps_[s]);
        if (visited_[end] == search_ || component_[end] != component_[start]) continue;
        if (!Passable(steps_[s])) continue;
        visited_[end] = search_;
        reached_by_[end] = steps_[s];
        if (end == goal) return true;
        queue_.push_back(end);
      }
    }
    return false;
  }

  const FlowProblem& problem_;
  Flow& flow_;
  // Arcs of reduced cost 0 that are not settled.
  std::vector<char> tight_;
  // Steps out of each node, one node after another.
  std::vector<int> first_step_;
  std::vector<Step> steps_;
  std::vector<int> component_;
  int component_count_ = 0;
  std::vector<int> queue_;
  std::vector<Step> reached_by_;
  std::vector<int64_t> visited_;
  int64_t search_ = 0;
};

}  // namespace

void MakeCanonical(const FlowProblem& problem, const std::vector<int>& order, Flow& flow) {
  TightResidual residual(problem, flow);
  for (const int arc : order) residual.Settle(arc);
}

}  // namespace critac::matching
