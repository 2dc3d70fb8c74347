#include "services/matching/canonical.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "services/matching/memory_need.h"

namespace critac::matching {
namespace {

// An arc along which units can move without a change of cost.
struct TightArc {
  enum Kind { kPair, kArc, kOpen, kExit };
  Kind kind;
  // The pair, arc, row, or room.
  int32_t index;
  int32_t from;
  int32_t to;
  int64_t units;
  int64_t capacity;
  bool settled = false;
};

static_assert(kPlanBytesPerPair + int64_t{28 + sizeof(UnitArc) + 2 * sizeof(TightArc)} ==
                  kSolveBytesPerPair,
              "what memory_need.h says of a pair while it is solved");

// An arc to be passed from one of its ends: forward adds a unit, backward takes one away.
struct Step {
  int32_t arc = -1;
  bool forward = true;
};

// The arcs along which flow can move without a change of cost. Nodes are rooms, then rows, then
// done.
class TightResidual {
 public:
  TightResidual(const TransportProblem& problem, Transport& transport)
      : problem_(problem),
        transport_(transport),
        node_count_(problem.room_count() + problem.row_count() + 1),
        first_step_(node_count_ + 1, 0),
        component_(node_count_, -1) {
    CollectPairs();
    CollectOthers();
    CollectSteps();
    FindComponents();
    reached_by_.resize(node_count_);
    visited_.assign(node_count_, 0);
  }

  void SettleAll(const std::vector<UnitArc>& order) {
    const auto before = [](const TightArc& arc, const UnitArc& unit) {
      return std::make_pair(arc.kind, arc.index) < std::make_pair(KindOf(unit), unit.index);
    };
    for (const UnitArc& unit : order) {
      // Arcs stand in the order of kind and index.
      const auto found = std::lower_bound(arcs_.begin(), arcs_.end(), unit, before);
      if (unit.kind != UnitArc::kNone && found != arcs_.end() && found->index == unit.index &&
          found->kind == KindOf(unit)) {
        Settle(static_cast<int32_t>(found - arcs_.begin()));
      }
    }
    for (int32_t arc = 0; arc < pair_count_; ++arc) Settle(arc);
  }

  // Writes down what was moved.
  void Write() {
    std::vector<int32_t> used;
    size_t next = 0;
    for (int32_t arc = 0; arc < pair_count_; ++arc) {
      const int32_t pair = arcs_[arc].index;
      for (; next < transport_.used.size() && transport_.used[next] < pair; ++next) {
        used.push_back(transport_.used[next]);
      }
      if (next < transport_.used.size() && transport_.used[next] == pair) ++next;
      if (arcs_[arc].units > 0) used.push_back(pair);
    }
    used.insert(used.end(), transport_.used.begin() + static_cast<int64_t>(next),
                transport_.used.end());
    transport_.used = std::move(used);
    for (const TightArc& arc : arcs_) {
      if (arc.kind == TightArc::kArc) transport_.arc_units[arc.index] = arc.units;
      if (arc.kind == TightArc::kOpen) transport_.open[arc.index] = static_cast<int32_t>(arc.units);
      if (arc.kind == TightArc::kExit) {
        transport_.exit_units[arc.index] = arc.units + UnitsBefore(arc.index);
      }
    }
  }

 private:
  static TightArc::Kind KindOf(const UnitArc& unit) {
    return unit.kind == UnitArc::kArc ? TightArc::kArc : TightArc::kPair;
  }

  // Settles an arc of capacity 1: with a unit on it if that is possible.
  void Settle(int32_t arc) {
    if (arcs_[arc].settled) return;
    if (arcs_[arc].units == 0) MoveUnitTo(arc);
    arcs_[arc].settled = true;
  }

  void CollectPairs() {
    size_t next = 0;
    std::vector<TightPair> tight;
    for (int32_t row = 0; row < problem_.row_count(); ++row) {
      tight.clear();
      if (problem_.demand[row] > 0) FindTightPairs(row, tight);
      for (const auto& [pair, entry] : tight) {
        while (next < transport_.used.size() && transport_.used[next] < pair) ++next;
        const bool uses = next < transport_.used.size() && transport_.used[next] == pair;
        arcs_.push_back({TightArc::kPair, pair, RowNode(row), entry, uses ? 1 : 0, 1});
      }
    }
    pair_count_ = static_cast<int32_t>(arcs_.size());
  }

  struct TightPair {
    int32_t pair = 0;
    // The room that it enters.
    int32_t entry = 0;
  };

  // The pairs of a row with reduced cost 0, in order. Where the row pays less than the floor of its
  // list, they are all in the list.
  void FindTightPairs(int32_t row, std::vector<TightPair>& tight) const {
    const auto add_if_tight = [&](int32_t pair, int32_t entry, int32_t cost) {
      if (cost + transport_.room_prices[entry] == transport_.row_prices[row]) {
        tight.push_back({pair, entry});
      }
    };
    const ShortList* const list = transport_.lists.empty() ? nullptr : transport_.lists[row].get();
    const int64_t paid = transport_.row_prices[row] - transport_.raised;
    if (list == nullptr || paid >= list->floor) {
      for (int64_t pair = problem_.row_begin[row]; pair < problem_.row_begin[row + 1]; ++pair) {
        add_if_tight(static_cast<int32_t>(pair), problem_.entry[pair], problem_.cost[pair]);
      }
      return;
    }
    for (const ShortList::Pair& listed : list->pairs) {
      if (listed.key > paid) break;
      add_if_tight(listed.pair, listed.entry, listed.cost);
    }
    std::sort(tight.begin(), tight.end(),
              [](const TightPair& a, const TightPair& b) { return a.pair < b.pair; });
  }

  void CollectOthers() {
    const std::vector<int64_t>& prices = transport_.room_prices;
    for (size_t a = 0; a < problem_.arcs.size(); ++a) {
      const TransportProblem::Arc& arc = problem_.arcs[a];
      if (arc.capacity == 0 || arc.cost + prices[arc.to] != prices[arc.from]) continue;
      arcs_.push_back({TightArc::kArc, static_cast<int32_t>(a), arc.from, arc.to,
                       transport_.arc_units[a], arc.capacity});
    }
    const int32_t done = node_count_ - 1;
    for (int32_t row = 0; row < problem_.row_count(); ++row) {
      if (problem_.demand[row] == 0 || problem_.open_price[row] != transport_.row_prices[row]) {
        continue;
      }
      arcs_.push_back(
          {TightArc::kOpen, row, RowNode(row), done, transport_.open[row], problem_.demand[row]});
    }
    for (int32_t room = 0; room < problem_.room_count(); ++room) {
      int64_t capacity = 0;
      for (const TransportProblem::ExitRun& run : problem_.exits[room]) {
        if (run.price == prices[room]) capacity += run.capacity;
      }
      if (capacity == 0) continue;
      arcs_.push_back({TightArc::kExit, room, room, done,
                       transport_.exit_units[room] - UnitsBefore(room), capacity});
    }
  }

  // Units that leave a room in runs that are cheaper than its price.
  int64_t UnitsBefore(int32_t room) const {
    int64_t units = 0;
    for (const TransportProblem::ExitRun& run : problem_.exits[room]) {
      if (run.price < transport_.room_prices[room]) units += run.capacity;
    }
    return units;
  }

  int32_t RowNode(int32_t row) const { return problem_.room_count() + row; }

  void CollectSteps() {
    for (const TightArc& arc : arcs_) {
      ++first_step_[arc.from + 1];
      ++first_step_[arc.to + 1];
    }
    for (int32_t n = 0; n < node_count_; ++n) first_step_[n + 1] += first_step_[n];
    steps_.resize(first_step_.back());
    std::vector<int32_t> next(first_step_.begin(), first_step_.end() - 1);
    for (size_t i = 0; i < arcs_.size(); ++i) {
      steps_[next[arcs_[i].from]++] = {static_cast<int32_t>(i), true};
      steps_[next[arcs_[i].to]++] = {static_cast<int32_t>(i), false};
    }
  }

  bool Passable(const Step& step) const {
    const TightArc& arc = arcs_[step.arc];
    if (arc.settled) return false;
    return step.forward ? arc.units < arc.capacity : arc.units > 0;
  }

  int32_t End(const Step& step) const {
    return step.forward ? arcs_[step.arc].to : arcs_[step.arc].from;
  }

  // Strongly connected components, by Tarjan's algorithm with a stack of its own.
  void FindComponents() {
    constexpr int kUnseen = -1;
    std::vector<int> seen(node_count_, kUnseen), low(node_count_, 0);
    std::vector<int> next(first_step_.begin(), first_step_.end() - 1);
    std::vector<int> path, open;
    int count = 0;
    for (int root = 0; root < node_count_; ++root) {
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
  void MoveUnitTo(int32_t arc) {
    const int32_t from = arcs_[arc].from;
    const int32_t to = arcs_[arc].to;
    if (component_[from] != component_[to]) return;
    if (!Search(to, from)) {
      // No cycle leaves what was reached, now or later: nothing but cycles changes the flow.
      for (const int node : queue_) component_[node] = component_count_;
      ++component_count_;
      return;
    }
    ++arcs_[arc].units;
    for (int node = from; node != to;) {
      const Step& step = reached_by_[node];
      TightArc& passed = arcs_[step.arc];
      passed.units += step.forward ? 1 : -1;
      node = step.forward ? passed.from : passed.to;
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

  const TransportProblem& problem_;
  Transport& transport_;
  const int32_t node_count_;
  // Pairs first.
  std::vector<TightArc> arcs_;
  int32_t pair_count_ = 0;
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

void MakeCanonical(const TransportProblem& problem, const std::vector<UnitArc>& order,
                   Transport& transport) {
  TightResidual residual(problem, transport);
  residual.SettleAll(order);
  residual.Write();
}

}  // namespace critac::matching
