#include "services/matching/detour.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/container/inlined_vector.h"

namespace critac::matching {

// Searches against the direction of the residual graph: from a row to everything from which it can be
// reached. Nodes are rooms, then rows, then done.
//
// Nearly all ways lead through a hub: done, or a room with an exit (a partner). So where the ways to
// several rows are asked for, those to each hub are found once. A search from a row then ends at hubs,
// and goes on only to what is nearer than by way of one, which is little.
class Detours::Search {
 public:
  Search(const TransportProblem& problem, const Transport& transport)
      : problem_(problem),
        transport_(transport),
        rooms_(problem.room_count()),
        rows_(problem.row_count()),
        uses_(problem.entry.size(), false),
        row_uses_begin_(rows_ + 1, 0) {
    for (const int32_t pair : transport.used) uses_[pair] = true;
    IndexPairs();
    IndexArcs();
  }

  bool Uses(int32_t pair) const { return uses_[pair]; }
  int32_t RowOf(int32_t pair) const {
    const auto& begins = problem_.row_begin;
    return static_cast<int32_t>(std::upper_bound(begins.begin(), begins.end(), pair) -
                                begins.begin()) -
           1;
  }

  // What the pair costs, by way of the shortest way back to its row, which FindWaysToRow has found.
  int64_t CostOf(int32_t row, int32_t pair) const {
    if (uses_[pair]) return 0;
    const int64_t back = DistanceFrom(problem_.entry[pair]);
    return back == kNone ? kNone : back + ReducedCost(problem_, transport_, row, pair);
  }

  // Finds the shortest ways to a row, a room, or done, unless they are known from before.
  void FindWaysToRow(int32_t row) { FindWaysTo(RowNode(row)); }
  void FindWaysToRoom(int32_t room) { FindWaysTo(room); }
  void FindWaysToDone() { FindWaysTo(Done()); }

  // What a unit costs from there to the goal.
  int64_t CostFromRow(int32_t row) const {
    return CostFrom(RowNode(row), transport_.row_prices[row]);
  }
  int64_t CostFromRoom(int32_t room) const { return CostFrom(room, transport_.room_prices[room]); }
  int64_t CostFromDone() const { return CostFrom(Done(), 0); }

  // The pair, and what changes along the way from its room back to its row.
  std::vector<UnitChange> ChangesFor(int32_t pair) const {
    const Way way = WayFrom(problem_.entry[pair]);
    std::vector<UnitChange> changes;
    changes.reserve(way.size() + 1);
    changes.push_back({{UnitArc::kPair, pair}, 1});
    for (const auto& [node, step] : way) {
      if (step.unit.kind == UnitArc::kNone) continue;
      const bool along = step.unit.kind == UnitArc::kPair
                             ? IsRow(node)
                             : problem_.arcs[step.unit.index].from == node;
      changes.push_back({step.unit, along ? 1 : -1});
    }
    return changes;
  }

 private:
  // Where a way goes on from a node, and by what; to done and from it by nothing.
  struct Step {
    int32_t node = -1;
    UnitArc unit = {};
  };
  struct FreePair {
    int64_t reduced_cost = 0;
    int32_t row = 0;
    int32_t pair = 0;
  };
  // The shortest ways from all nodes to one: how long they are, and how they begin.
  struct Ways {
    std::vector<int64_t> distance;
    std::vector<Step> next;
  };

  // Farther than any way, and twice of it can be said. Reduced costs along a way come to its cost and the difference of
  // the prices at its ends, which SolveTransport bounds by 2^60 and 2^61.
  static constexpr int64_t kFarAway = (int64_t{1} << 62) - 1;

  struct Hub {
    int32_t node = 0;
    std::vector<Step> next;
    // Of the search at hand; kFarAway: not known (yet), or none.
    int64_t to_goal = kFarAway;
  };

  void FindWaysTo(int32_t node) {
    if (node == goal_) return;
    if (goal_ >= 0 && !knows_hubs_) FindWaysToHubs();
    Run(node);
  }

  // Of the shortest way from a node to the goal.
  int64_t DistanceFrom(int32_t node) const {
    return std::min(ways_.distance[node], ThroughHub(node).distance);
  }

  // Reduced costs along a way add up to its cost less the price where it begins, plus that where it
  // ends.
  int64_t CostFrom(int32_t node, int64_t price) const {
    const int64_t distance = DistanceFrom(node);
    if (distance == kNone) return kNone;
    return distance + price - (goal_ < rooms_ ? transport_.room_prices[goal_] : 0);
  }

  int32_t RowNode(int32_t row) const { return rooms_ + row; }
  int32_t Done() const { return rooms_ + rows_; }
  bool IsRow(int32_t node) const { return node >= rooms_ && node < Done(); }

  // Pairs that can take a unit, by the room that they enter.
  void IndexPairs() {
    into_begin_.assign(rooms_ + 1, 0);
    ForEachFree([&](int32_t, int32_t pair) { ++into_begin_[problem_.entry[pair] + 1]; });
    for (int32_t room = 0; room < rooms_; ++room) into_begin_[room + 1] += into_begin_[room];
    into_.resize(into_begin_[rooms_]);
    std::vector<int64_t> next(into_begin_.begin(), into_begin_.end() - 1);
    ForEachFree([&](int32_t row, int32_t pair) {
      into_[next[problem_.entry[pair]]++] = {ReducedCost(problem_, transport_, row, pair), row,
                                             pair};
    });
    for (const int32_t pair : transport_.used) ++row_uses_begin_[RowOf(pair) + 1];
    for (int32_t row = 0; row < rows_; ++row) row_uses_begin_[row + 1] += row_uses_begin_[row];
  }

  template <typename Act>
  void ForEachFree(Act act) const {
    for (int32_t row = 0; row < rows_; ++row) {
      if (problem_.demand[row] == 0) continue;
      for (int64_t pair = problem_.row_begin[row]; pair < problem_.row_begin[row + 1]; ++pair) {
        if (!uses_[pair]) act(row, static_cast<int32_t>(pair));
      }
    }
  }

  void IndexArcs() {
    arcs_in_.resize(rooms_);
    arcs_out_.resize(rooms_);
    for (size_t a = 0; a < problem_.arcs.size(); ++a) {
      arcs_out_[problem_.arcs[a].from].push_back(static_cast<int32_t>(a));
      arcs_in_[problem_.arcs[a].to].push_back(static_cast<int32_t>(a));
    }
  }

  // With more of them than this, a search to each would not be worth its while.
  static constexpr size_t kMostHubs = 32;

  void FindWaysToHubs() {
    std::vector<int32_t> nodes = {Done()};
    for (int32_t room = 0; room < rooms_; ++room) {
      if (!problem_.exits[room].empty()) nodes.push_back(room);
    }
    if (nodes.size() > kMostHubs) nodes.resize(1);
    std::vector<Hub> hubs;
    to_hub_.resize((Done() + 1) * nodes.size());
    for (size_t i = 0; i < nodes.size(); ++i) {
      Run(nodes[i]);
      hubs.push_back({nodes[i], ways_.next});
      for (int32_t node = 0; node <= Done(); ++node) {
        to_hub_[node * nodes.size() + i] = std::min(ways_.distance[node], kFarAway);
      }
    }
    hubs_ = std::move(hubs);
    knows_hubs_ = true;
  }

  void Run(int32_t goal) {
    goal_ = goal;
    for (Hub& hub : hubs_) hub.to_goal = kFarAway;
    ways_.distance.assign(Done() + 1, kNone);
    ways_.next.resize(Done() + 1);
    heap_.clear();
    Reach(goal, 0, {});
    while (!heap_.empty()) {
      const auto [distance, node] = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.pop_back();
      if (distance == ways_.distance[node] && distance < ThroughHub(node).distance) {
        LookInto(node, distance);
      }
    }
  }

  void LookInto(int32_t node, int64_t distance) {
    const auto hub = std::find_if(hubs_.begin(), hubs_.end(),
                                  [node](const Hub& one) { return one.node == node; });
    if (hub != hubs_.end()) {
      hub->to_goal = distance;
    } else if (node < rooms_) {
      LookIntoRoom(node, distance);
    } else if (node < Done()) {
      LookIntoRow(node - rooms_, distance);
    } else {
      LookIntoDone(distance);
    }
  }

  // The shortest way to the goal by way of a hub from which it is known. kNone: there is none.
  struct Through {
    int64_t distance = kNone;
    const Hub* hub = nullptr;
  };
  Through ThroughHub(int32_t node) const {
    const int64_t* const to_hub = to_hub_.data() + node * hubs_.size();
    int64_t least = kFarAway;
    size_t best = 0;
    for (size_t i = 0; i < hubs_.size(); ++i) {
      const int64_t distance = to_hub[i] + hubs_[i].to_goal;
      if (distance >= least) continue;
      least = distance;
      best = i;
    }
    return least == kFarAway ? Through{} : Through{least, &hubs_[best]};
  }

  // The nodes of a way, each with the step from it; most are short.
  using Way = absl::InlinedVector<std::pair<int32_t, Step>, 8>;

  // The shortest way from a room to the goal. A way that would come to a node twice is as long without what
  // is in between.
  Way WayFrom(int32_t room) const {
    Way way;
    const Through through = ThroughHub(room);
    const bool by_hub = through.distance < ways_.distance[room];
    const std::vector<Step>* next = by_hub ? &through.hub->next : &ways_.next;
    for (int32_t node = room; node != goal_; node = way.back().second.node) {
      if (by_hub && node == through.hub->node) next = &ways_.next;
      const auto passed = std::find_if(way.begin(), way.end(),
                                       [node](const auto& one) { return one.first == node; });
      if (passed != way.end()) way.erase(passed, way.end());
      way.emplace_back(node, (*next)[node]);
    }
    return way;
  }

  void Reach(int32_t node, int64_t distance, const Step& step) {
    if (distance >= ways_.distance[node]) return;
    ways_.distance[node] = distance;
    ways_.next[node] = step;
    heap_.emplace_back(distance, node);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  // From which a unit can come into a row, that is, where the row has one to give up.
  void LookIntoRow(int32_t row, int64_t distance) {
    for (int32_t i = row_uses_begin_[row]; i < row_uses_begin_[row + 1]; ++i) {
      const int32_t pair = transport_.used[i];
      Reach(problem_.entry[pair], distance - ReducedCost(problem_, transport_, row, pair),
            {RowNode(row), {UnitArc::kPair, pair}});
    }
    if (transport_.open[row] > 0) {
      Reach(Done(), distance - problem_.open_price[row] + transport_.row_prices[row],
            {RowNode(row), {}});
    }
  }

  void LookIntoRoom(int32_t room, int64_t distance) {
    const std::vector<int64_t>& prices = transport_.room_prices;
    for (int64_t i = into_begin_[room]; i < into_begin_[room + 1]; ++i) {
      const FreePair& free = into_[i];
      Reach(RowNode(free.row), distance + free.reduced_cost, {room, {UnitArc::kPair, free.pair}});
    }
    for (const int32_t a : arcs_in_[room]) {
      const TransportProblem::Arc& arc = problem_.arcs[a];
      if (transport_.arc_units[a] == arc.capacity) continue;
      Reach(arc.from, distance + arc.cost + prices[room] - prices[arc.from],
            {room, {UnitArc::kArc, a}});
    }
    for (const int32_t a : arcs_out_[room]) {
      const TransportProblem::Arc& arc = problem_.arcs[a];
      if (transport_.arc_units[a] == 0) continue;
      Reach(arc.to, distance + prices[room] - arc.cost - prices[arc.to],
            {room, {UnitArc::kArc, a}});
    }
    if (transport_.exit_units[room] > 0) {
      Reach(Done(), distance + prices[room] - ExitPrice(room, transport_.exit_units[room] - 1),
            {room, {}});
    }
  }

  void LookIntoDone(int64_t distance) {
    for (int32_t room = 0; room < rooms_; ++room) {
      const int64_t price = ExitPrice(room, transport_.exit_units[room]);
      if (price == kNone) continue;
      Reach(room, distance + price - transport_.room_prices[room], {Done(), {}});
    }
    for (int32_t row = 0; row < rows_; ++row) {
      if (transport_.open[row] == problem_.demand[row]) continue;
      Reach(RowNode(row), distance + problem_.open_price[row] - transport_.row_prices[row],
            {Done(), {}});
    }
  }

  // Of the unit after `units` others; kNone: no more fit.
  int64_t ExitPrice(int32_t room, int64_t units) const {
    for (const TransportProblem::ExitRun& run : problem_.exits[room]) {
      if (units < run.capacity) return run.price;
      units -= run.capacity;
    }
    return kNone;
  }

  const TransportProblem& problem_;
  const Transport& transport_;
  const int32_t rooms_;
  const int32_t rows_;
  std::vector<bool> uses_;
  // The used pairs of row r are transport.used from row_uses_begin_[r] on.
  std::vector<int32_t> row_uses_begin_;
  // One room after another.
  std::vector<int64_t> into_begin_;
  std::vector<FreePair> into_;
  std::vector<std::vector<int32_t>> arcs_in_, arcs_out_;
  bool knows_hubs_ = false;
  std::vector<Hub> hubs_;
  // How far each node is from each hub, one node after another.
  std::vector<int64_t> to_hub_;
  // Of the search at hand.
  int32_t goal_ = -1;
  Ways ways_;
  std::vector<std::pair<int64_t, int32_t>> heap_;
};

Detours::Detours(const TransportProblem& problem, const Transport& transport)
    : search_(std::make_unique<Search>(problem, transport)) {}

Detours::~Detours() = default;

int64_t Detours::CostOf(int32_t pair) {
  const int32_t row = search_->RowOf(pair);
  search_->FindWaysToRow(row);
  return search_->CostOf(row, pair);
}

std::vector<UnitChange> Detours::ChangesFor(int32_t pair) {
  const int32_t row = search_->RowOf(pair);
  search_->FindWaysToRow(row);
  if (search_->Uses(pair) || search_->CostOf(row, pair) == kNone) return {};
  return search_->ChangesFor(pair);
}

int64_t Detours::CostFromRow(int32_t row, int32_t to_room) {
  search_->FindWaysToRoom(to_room);
  return search_->CostFromRow(row);
}

int64_t Detours::CostFromRoom(int32_t room, int32_t to_room) {
  search_->FindWaysToRoom(to_room);
  return search_->CostFromRoom(room);
}

int64_t Detours::CostFromDone(int32_t to_room) {
  search_->FindWaysToRoom(to_room);
  return search_->CostFromDone();
}

int64_t Detours::CostToDone(int32_t room) {
  search_->FindWaysToDone();
  return search_->CostFromRoom(room);
}

}  // namespace critac::matching
