// Successive shortest paths, with pairs looked at only as far as they matter.
//
// Every price of a room only rises while units are added. So of a row's pairs a short list will do,
// those that were cheapest when it was made, with the price that all others had at least (`floor`):
// whatever has happened since, none of the others is cheaper than that. A search that comes as far
// as the floor of a row lists its pairs anew, at today's prices; one that ends before has lost
// nothing. So the result is exact over all pairs, though most are looked at once.
#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/matching/transport.h"
#include "services/matching/two_threads.h"

namespace critac::matching {
namespace {

// From which nothing leads to done. Prices stay below 2^60, so sums with it do not overflow.
constexpr int64_t kFar = int64_t{1} << 61;

// Pairs in a row's first list. Longer ones are made less often and cost more to make.
constexpr int64_t kFirstList = 16;
constexpr int64_t kMostListed = 128;
// Groups of a row's pairs for each that is wanted in a list; see ListCheapest.
constexpr int64_t kGroupsPerListed = 2;
// Pairs from which it is worth having a second thread make the first lists.
constexpr int64_t kPairsForTwoMakers = 500'000;
// What lies anywhere in memory is asked for so many steps before it is needed.
constexpr size_t kAhead = 16;

absl::Status TooLarge(absl::string_view what) {
  return Error(absl::StatusCode::kResourceExhausted, "PLAN_TOO_LARGE", what).ToStatus();
}

class TransportSolver {
 public:
  explicit TransportSolver(const TransportProblem& problem)
      : problem_(problem),
        rooms_(problem.room_count()),
        rows_(problem.row_count()),
        lists_(rows_),
        row_uses_(rows_),
        row_prices_(rows_, 0),
        open_(rows_, 0),
        missing_(problem.demand),
        room_uses_(rooms_),
        arc_units_(problem.arcs.size(), 0),
        exit_units_(rooms_, 0),
        exit_run_(rooms_, 0),
        exit_left_(rooms_, 0),
        room_prices_(rooms_, 0),
        distance_(rooms_ + rows_, kFar),
        came_by_(rooms_ + rows_) {
    for (int32_t room = 0; room < rooms_; ++room) {
      if (!problem.exits[room].empty()) exit_left_[room] = problem.exits[room][0].capacity;
      SkipFullRuns(room);
    }
    IndexArcs();
  }

  // Prices of rooms of which nothing is used.
  void PriceEmptyRooms() {
    const std::vector<int32_t> order = RoomsFromDone();
    for (const int32_t room : order) {
      int64_t price = ExitPrice(room);
      for (int32_t i = out_begin_[room]; i < out_begin_[room + 1]; ++i) {
        const TransportProblem::Arc& arc = problem_.arcs[out_[i]];
        if (arc.capacity > 0) price = std::min(price, room_prices_[arc.to] + arc.cost);
      }
      room_prices_[room] = std::min(price, kFar);
    }
  }

  void Begin(Transport start) {
    if (start.row_prices.empty()) {
      PriceEmptyRooms();
    } else {
      Continue(std::move(start));
    }
    MakeMissingLists();
  }

  void Continue(Transport start) {
    begun_rows_ = static_cast<int32_t>(start.open.size());
    raised_ = start.raised;
    room_prices_ = std::move(start.room_prices);
    arc_units_ = std::move(start.arc_units);
    row_prices_ = std::move(start.row_prices);
    row_prices_.resize(rows_, 0);
    open_ = std::move(start.open);
    open_.resize(rows_, 0);
    lists_ = std::move(start.lists);
    lists_.resize(rows_);
    for (int32_t row = 0; row < begun_rows_; ++row) missing_[row] -= open_[row];
    int32_t row = 0;
    for (size_t i = 0; i < start.used.size(); ++i) {
      // Pairs lie far apart.
      if (i + kAhead < start.used.size()) {
        __builtin_prefetch(&problem_.entry[start.used[i + kAhead]]);
        __builtin_prefetch(&problem_.cost[start.used[i + kAhead]]);
      }
      while (problem_.row_begin[row + 1] <= start.used[i]) ++row;
      AddUse(row, start.used[i]);
      --missing_[row];
    }
    for (int32_t room = 0; room < rooms_; ++room) {
      for (int64_t unit = 0; unit < start.exit_units[room]; ++unit) TakeExit(room);
    }
  }

  void Run() {
    for (int32_t row = 0; row < rows_; ++row) {
      if (row >= begun_rows_) PriceFirstUnit(row);
      for (; missing_[row] > 0; --missing_[row]) PlaceUnit(row);
    }
  }

  Transport Result() && {
    Transport result;
    for (int32_t row = 0; row < rows_; ++row) {
      result.used.insert(result.used.end(), row_uses_[row].begin(), row_uses_[row].end());
      std::sort(result.used.end() - static_cast<int64_t>(row_uses_[row].size()), result.used.end());
      result.cost += open_[row] * problem_.open_price[row];
    }
    for (size_t a = 0; a < arc_units_.size(); ++a) {
      result.cost += arc_units_[a] * problem_.arcs[a].cost;
    }
    for (int32_t room = 0; room < rooms_; ++room) {
      for (const Use& use : room_uses_[room]) result.cost += use.cost;
      int64_t units = exit_units_[room];
      for (const TransportProblem::ExitRun& run : problem_.exits[room]) {
        const int64_t in_run = std::min(units, run.capacity);
        result.cost += in_run * run.price;
        units -= in_run;
      }
    }
    result.open = std::move(open_);
    result.arc_units = std::move(arc_units_);
    result.exit_units = std::move(exit_units_);
    result.row_prices = std::move(row_prices_);
    result.room_prices = std::move(room_prices_);
    result.lists = std::move(lists_);
    result.raised = raised_;
    result.steps = steps_;
    return result;
  }

 private:
  struct Use {
    int32_t row = 0;
    int32_t pair = 0;
    // Of the pair, which lies elsewhere.
    int32_t cost = 0;
  };
  // How a search came to a node: to a room by a pair of a row, or along an arc or back against it;
  // to a row back against a pair.
  struct Step {
    enum Kind : int8_t { kPair, kAlong, kAgainst } kind = kPair;
    // The pair or arc.
    int32_t by = 0;
    // The row of a pair to a room; the room of a pair back to a row.
    int32_t from = 0;
  };
  struct Reached {
    int64_t distance = 0;
    int32_t node = 0;
    // Heaps have the greatest first.
    bool operator<(const Reached& other) const { return distance > other.distance; }
  };

  // ---- Rooms ------------------------------------------------------------------------------------

  void IndexArcs() {
    out_begin_.assign(rooms_ + 1, 0);
    in_begin_.assign(rooms_ + 1, 0);
    for (const TransportProblem::Arc& arc : problem_.arcs) {
      ++out_begin_[arc.from + 1];
      ++in_begin_[arc.to + 1];
    }
    for (int32_t room = 0; room < rooms_; ++room) {
      out_begin_[room + 1] += out_begin_[room];
      in_begin_[room + 1] += in_begin_[room];
    }
    out_.resize(problem_.arcs.size());
    in_.resize(problem_.arcs.size());
    std::vector<int32_t> out_next(out_begin_.begin(), out_begin_.end() - 1);
    std::vector<int32_t> in_next(in_begin_.begin(), in_begin_.end() - 1);
    for (size_t a = 0; a < problem_.arcs.size(); ++a) {
      out_[out_next[problem_.arcs[a].from]++] = static_cast<int32_t>(a);
      in_[in_next[problem_.arcs[a].to]++] = static_cast<int32_t>(a);
    }
  }

  // Every room after those that its arcs lead to.
  std::vector<int32_t> RoomsFromDone() const {
    std::vector<int32_t> arcs_left(rooms_), order;
    order.reserve(rooms_);
    for (int32_t room = 0; room < rooms_; ++room) {
      arcs_left[room] = out_begin_[room + 1] - out_begin_[room];
      if (arcs_left[room] == 0) order.push_back(room);
    }
    for (size_t i = 0; i < order.size(); ++i) {
      for (int32_t j = in_begin_[order[i]]; j < in_begin_[order[i] + 1]; ++j) {
        const int32_t from = problem_.arcs[in_[j]].from;
        if (--arcs_left[from] == 0) order.push_back(from);
      }
    }
    return order;
  }

  // What the next unit through the room's exit costs; kFar: none fits.
  int64_t ExitPrice(int32_t room) const {
    const auto& runs = problem_.exits[room];
    const size_t run = static_cast<size_t>(exit_run_[room]);
    return run < runs.size() ? runs[run].price : kFar;
  }

  void SkipFullRuns(int32_t room) {
    const auto& runs = problem_.exits[room];
    while (exit_left_[room] == 0 && exit_run_[room] < static_cast<int32_t>(runs.size())) {
      if (++exit_run_[room] < static_cast<int32_t>(runs.size())) {
        exit_left_[room] = runs[exit_run_[room]].capacity;
      }
    }
  }

  void TakeExit(int32_t room) {
    ++exit_units_[room];
    --exit_left_[room];
    SkipFullRuns(room);
  }

  // ---- Lists ------------------------------------------------------------------------------------

  void MakeMissingLists() {
    std::vector<int32_t> rows;
    int64_t pairs = 0;
    for (int32_t row = 0; row < rows_; ++row) {
      if (problem_.demand[row] == 0 || lists_[row] != nullptr) continue;
      rows.push_back(row);
      pairs += problem_.row_begin[row + 1] - problem_.row_begin[row];
    }
    const auto make = [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) MakeList(rows[i]);
    };
    if (pairs < kPairsForTwoMakers) return make(0, static_cast<int64_t>(rows.size()));
    InTwoThreads(static_cast<int64_t>(rows.size()),
                 [&](int32_t, int32_t first, int32_t last) { make(first, last); });
  }

  // Lists twice as many of a row's pairs as before, up to kMostListed.
  void MakeList(int32_t row) {
    const int64_t begin = problem_.row_begin[row];
    const int64_t end = problem_.row_begin[row + 1];
    const auto before =
        lists_[row] == nullptr ? 0 : static_cast<int64_t>(lists_[row]->pairs.size());
    int64_t wanted = std::min(std::clamp(2 * before, kFirstList, kMostListed), end - begin);
    // A list of nearly all of them had better be of all.
    if (end - begin < kGroupsPerListed * wanted) wanted = end - begin;
    auto list = std::make_shared<ShortList>();
    list->pairs.reserve(2 * wanted);
    if (wanted < end - begin) {
      ListCheapest(begin, end, wanted, *list);
    } else {
      ListUpTo(kFar - 1, begin, end, *list);
    }
    std::sort(list->pairs.begin(), list->pairs.end(), Cheaper);
    lists_[row] = std::move(list);
  }

  static bool Cheaper(const ShortList::Pair& a, const ShortList::Pair& b) { return a.key < b.key; }

  int64_t NewKey(int64_t pair) const {
    return problem_.cost[pair] + room_prices_[problem_.entry[pair]] - raised_;
  }

  void ListUpTo(int64_t most, int64_t begin, int64_t end, ShortList& list) const {
    for (int64_t pair = begin; pair < end; ++pair) {
      const int64_t key = NewKey(pair);
      if (key > most) continue;
      list.pairs.push_back(
          {key, problem_.cost[pair], problem_.entry[pair], static_cast<int32_t>(pair)});
    }
    list.floor = most + 1;
  }

  // Lists the cheapest pairs, as many as are wanted, up to twice as many where they are at hand. As many
  // groups of pairs as are wanted have a key up to `most`, so as many pairs have; of the other groups no
  // pair has, and they need not be looked at again.
  void ListCheapest(int64_t begin, int64_t end, int64_t wanted, ShortList& list) const {
    const int64_t groups = kGroupsPerListed * wanted;
    const auto begin_of = [&](int64_t group) { return begin + (end - begin) * group / groups; };
    std::array<int64_t, kGroupsPerListed * kMostListed> least;
    for (int64_t group = 0; group < groups; ++group) {
      int64_t key = 2 * kFar;
      for (int64_t pair = begin_of(group); pair < begin_of(group + 1); ++pair) {
        key = std::min(key, NewKey(pair));
      }
      least[group] = key;
    }
    auto ranked = least;
    std::nth_element(ranked.begin(), ranked.begin() + wanted - 1, ranked.begin() + groups);
    const int64_t most = ranked[wanted - 1];
    for (int64_t group = 0; group < groups; ++group) {
      if (least[group] <= most) ListUpTo(most, begin_of(group), begin_of(group + 1), list);
    }
    if (static_cast<int64_t>(list.pairs.size()) <= 2 * wanted) return;
    std::nth_element(list.pairs.begin(), list.pairs.begin() + wanted, list.pairs.end(), Cheaper);
    list.floor = list.pairs[wanted].key;
    list.pairs.resize(wanted);
  }

  // Keys and floors as they are now at least.
  int64_t KeyOf(const ShortList::Pair& listed) const { return listed.key + raised_; }
  int64_t FloorOf(int32_t row) const { return lists_[row]->floor + raised_; }

  // ---- Searching --------------------------------------------------------------------------------

  void PriceFirstUnit(int32_t row) {
    int64_t price = problem_.open_price[row];
    if (problem_.demand[row] == 0) {
      row_prices_[row] = price;
      return;
    }
    while (true) {
      for (const ShortList::Pair& listed : lists_[row]->pairs) {
        if (KeyOf(listed) >= price) break;
        price = std::min(price, listed.cost + room_prices_[listed.entry]);
      }
      if (price <= FloorOf(row)) break;
      MakeList(row);
    }
    row_prices_[row] = price;
  }

  // Places one unit of a row along the cheapest way, which may move units of others.
  void PlaceUnit(int32_t row) {
    best_ = problem_.open_price[row] - row_prices_[row];
    last_ = RowNode(row);
    touched_.clear();
    heap_.clear();
    source_ = row;
    distance_[RowNode(row)] = 0;
    touched_.push_back(RowNode(row));
    near_.assign(1, RowNode(row));
    looked_from_ = 0;
    LookFrom(0);
    while (!heap_.empty() && !AllRoomsAreLookedFrom()) {
      const Reached reached = heap_.front();
      if (reached.distance >= best_) break;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
      if (reached.node >= rooms_ + rows_) {
        LookBeyondList(reached.node - rooms_ - rows_, reached.distance);
      } else if (reached.distance == distance_[reached.node]) {
        near_.assign(1, reached.node);
      }
      LookFrom(reached.distance);
    }
    // No row comes nearer any more, and all that is left of them is to stay open.
    if (AllRoomsAreLookedFrom()) LeaveByRows();
    MoveAlongWay();
    for (const int32_t node : touched_) {
      if (distance_[node] < best_) {
        (node < rooms_ ? room_prices_[node] : row_prices_[node - rooms_]) +=
            best_ - distance_[node];
      }
      distance_[node] = kFar;
    }
    if (AllRoomsAreLookedFrom()) raised_ += std::max<int64_t>(0, best_ - last_distance_);
  }

  int32_t RowNode(int32_t row) const { return rooms_ + row; }

  // Looks from the nodes of `near_`, all of this distance, and those of the same found meanwhile.
  void LookFrom(int64_t distance) {
    while (!near_.empty() && distance < best_) {
      const int32_t node = near_.back();
      near_.pop_back();
      if (node < rooms_) {
        LookFromRoom(node, distance);
      } else {
        LookFromRow(node - rooms_, distance);
      }
    }
  }

  void Reach(int32_t node, int64_t distance, int64_t from_distance, const Step& step) {
    if (distance >= best_ || distance >= distance_[node]) return;
    if (distance_[node] == kFar) touched_.push_back(node);
    distance_[node] = distance;
    came_by_[node] = step;
    if (node < rooms_) {
      LeaveBy(node, distance);
    } else {
      __builtin_prefetch(lists_[node - rooms_].get());
    }
    if (distance == from_distance) {
      near_.push_back(node);
    } else {
      heap_.push_back({distance, node});
      std::push_heap(heap_.begin(), heap_.end());
    }
  }

  // Known as soon as the room is reached, so that the search goes no further than it has to.
  void LeaveBy(int32_t room, int64_t distance) {
    const int64_t length = distance + ExitPrice(room) - room_prices_[room];
    if (length >= best_) return;
    best_ = length;
    last_ = room;
  }

  void LeaveByRows() {
    for (const int32_t node : touched_) {
      if (node >= rooms_) LeaveByRow(node - rooms_, distance_[node]);
    }
  }

  // Leaves a unit of the row open.
  void LeaveByRow(int32_t row, int64_t distance) {
    const int64_t length = distance + problem_.open_price[row] - row_prices_[row];
    if (row == source_ || length >= best_) return;
    best_ = length;
    last_ = RowNode(row);
  }

  // Then no pair leads to anything new.
  bool AllRoomsAreLookedFrom() const { return looked_from_ == rooms_; }

  void LookFromRoom(int32_t room, int64_t distance) {
    ++looked_from_;
    last_distance_ = distance;
    const int64_t price = room_prices_[room];
    steps_ += out_begin_[room + 1] - out_begin_[room] + in_begin_[room + 1] - in_begin_[room] +
              static_cast<int64_t>(room_uses_[room].size());
    for (int32_t i = out_begin_[room]; i < out_begin_[room + 1]; ++i) {
      const TransportProblem::Arc& arc = problem_.arcs[out_[i]];
      if (arc_units_[out_[i]] >= arc.capacity) continue;
      Reach(arc.to, distance + arc.cost + room_prices_[arc.to] - price, distance,
            {Step::kAlong, out_[i], 0});
    }
    for (int32_t i = in_begin_[room]; i < in_begin_[room + 1]; ++i) {
      if (arc_units_[in_[i]] == 0) continue;
      const TransportProblem::Arc& arc = problem_.arcs[in_[i]];
      Reach(arc.from, distance + room_prices_[arc.from] - arc.cost - price, distance,
            {Step::kAgainst, in_[i], 0});
    }
    for (const Use& use : room_uses_[room]) {
      Reach(RowNode(use.row), distance + row_prices_[use.row] - use.cost - price, distance,
            {Step::kPair, use.pair, room});
    }
  }

  void LookFromRow(int32_t row, int64_t distance) {
    LeaveByRow(row, distance);
    if (AllRoomsAreLookedFrom()) return;
    const int64_t base = distance - row_prices_[row];
    const bool team = problem_.demand[row] > 1;
    steps_ += static_cast<int64_t>(lists_[row]->pairs.size());
    for (const ShortList::Pair& listed : lists_[row]->pairs) {
      if (base + KeyOf(listed) >= best_) return;
      if (team && Uses(row, listed.pair)) continue;
      Reach(listed.entry, base + listed.cost + room_prices_[listed.entry], distance,
            {Step::kPair, listed.pair, row});
    }
    // A node beyond those of rows stands for the pairs that are not in the row's list.
    if (DistanceBeyond(row, distance) < best_) {
      heap_.push_back({DistanceBeyond(row, distance), rooms_ + rows_ + row});
      std::push_heap(heap_.begin(), heap_.end());
    }
  }

  // No pair that is not in the list of a row, so far away, leads to less. What the row pays may have risen
  // above the floor; then too no pair leads back.
  int64_t DistanceBeyond(int32_t row, int64_t distance) const {
    return distance + std::max<int64_t>(0, FloorOf(row) - row_prices_[row]);
  }

  void LookBeyondList(int32_t row, int64_t distance) {
    const int64_t row_distance = distance_[RowNode(row)];
    // It was looked beyond since, or the row was reached by a shorter way.
    if (DistanceBeyond(row, row_distance) != distance) return;
    steps_ += problem_.row_begin[row + 1] - problem_.row_begin[row];
    // What is not in the list of before is not nearer than `distance`, so nothing is found too late.
    MakeList(row);
    if (DistanceBeyond(row, row_distance) > distance) {
      LookFromRow(row, row_distance);
    } else {
      // More pairs of one price than a list takes.
      LookAtAll(row, row_distance);
    }
  }

  void LookAtAll(int32_t row, int64_t row_distance) {
    const int64_t base = row_distance - row_prices_[row];
    const bool team = problem_.demand[row] > 1;
    for (int64_t pair = problem_.row_begin[row]; pair < problem_.row_begin[row + 1]; ++pair) {
      const int32_t room = problem_.entry[pair];
      const int64_t reached = base + problem_.cost[pair] + room_prices_[room];
      if (reached >= distance_[room] || reached >= best_) continue;
      if (team && Uses(row, static_cast<int32_t>(pair))) continue;
      Reach(room, reached, row_distance, {Step::kPair, static_cast<int32_t>(pair), row});
    }
  }

  // ---- Moving -----------------------------------------------------------------------------------

  bool Uses(int32_t row, int32_t pair) const {
    const auto& uses = row_uses_[row];
    return std::find(uses.begin(), uses.end(), pair) != uses.end();
  }

  void AddUse(int32_t row, int32_t pair) {
    row_uses_[row].push_back(pair);
    room_uses_[problem_.entry[pair]].push_back({row, pair, problem_.cost[pair]});
  }

  void RemoveUse(int32_t row, int32_t pair) {
    auto& of_row = row_uses_[row];
    of_row.erase(std::find(of_row.begin(), of_row.end(), pair));
    auto& of_room = room_uses_[problem_.entry[pair]];
    const auto use = std::find_if(of_room.begin(), of_room.end(),
                                  [pair](const Use& one) { return one.pair == pair; });
    *use = of_room.back();
    of_room.pop_back();
  }

  // Back from where the way ends.
  void MoveAlongWay() {
    int32_t node = last_;
    if (node < rooms_) {
      TakeExit(node);
    } else {
      ++open_[node - rooms_];
    }
    while (node != RowNode(source_)) {
      const Step& step = came_by_[node];
      if (node >= rooms_) {
        RemoveUse(node - rooms_, step.by);
        node = step.from;
      } else if (step.kind == Step::kPair) {
        AddUse(step.from, step.by);
        node = RowNode(step.from);
      } else if (step.kind == Step::kAlong) {
        ++arc_units_[step.by];
        node = problem_.arcs[step.by].from;
      } else {
        --arc_units_[step.by];
        node = problem_.arcs[step.by].to;
      }
    }
  }

  const TransportProblem& problem_;
  const int32_t rooms_;
  const int32_t rows_;
  // Rows from here on are priced before their first unit is placed.
  int32_t begun_rows_ = 0;

  // By row.
  std::vector<std::shared_ptr<const ShortList>> lists_;
  std::vector<absl::InlinedVector<int32_t, 2>> row_uses_;
  std::vector<int64_t> row_prices_;
  std::vector<int32_t> open_;
  std::vector<int32_t> missing_;

  // By room.
  std::vector<absl::InlinedVector<Use, 6>> room_uses_;
  std::vector<int64_t> arc_units_;
  std::vector<int64_t> exit_units_;
  // The run from which the next unit goes, and what it has left.
  std::vector<int32_t> exit_run_;
  std::vector<int64_t> exit_left_;
  std::vector<int64_t> room_prices_;
  // What all rooms have become dearer by at least; keys and floors of lists do not have it in them.
  int64_t raised_ = 0;
  // Pairs and arcs that searches looked at.
  int64_t steps_ = 0;
  // Arcs out of and into each room, one room after another.
  std::vector<int32_t> out_begin_, in_begin_, out_, in_;

  // Of a search: by node, which is a room, or a row behind the rooms.
  std::vector<int64_t> distance_;
  std::vector<Step> came_by_;
  std::vector<int32_t> touched_;
  std::vector<Reached> heap_;
  std::vector<int32_t> near_;
  int32_t source_ = 0;
  // How many rooms were looked from, and how far away the last of them is.
  int32_t looked_from_ = 0;
  int64_t last_distance_ = 0;
  // The shortest way to done so far: its length, and the node where it leaves.
  int64_t best_ = 0;
  int32_t last_ = 0;
};

// A way visits each row and room at most once.
absl::Status CheckSize(const TransportProblem& problem) {
  if (problem.entry.size() >= static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return TooLarge("there are 2^31 eligible pairs");
  }
  // No cost of a pair is above this, so that the pairs need not be gone through.
  int64_t largest = int64_t{1} << 31;
  for (const int64_t price : problem.open_price) largest = std::max(largest, std::abs(price));
  for (const TransportProblem::Arc& arc : problem.arcs) {
    largest = std::max(largest, std::abs(arc.cost));
  }
  for (const auto& runs : problem.exits) {
    for (const TransportProblem::ExitRun& run : runs) {
      largest = std::max(largest, std::abs(run.price));
    }
  }
  const int64_t nodes = int64_t{problem.row_count()} + problem.room_count() + 1;
  if (absl::uint128(largest) * absl::uint128(nodes) < (absl::uint128(1) << 60)) {
    return absl::OkStatus();
  }
  return TooLarge(absl::StrCat("prices up to ", largest, " over ", nodes,
                               " nodes do not fit 64 bits; lower the policy's prices"));
}

}  // namespace

absl::StatusOr<Transport> SolveTransport(const TransportProblem& problem, Transport start) {
  RETURN_IF_ERROR(CheckSize(problem));
  TransportSolver solver(problem);
  solver.Begin(std::move(start));
  solver.Run();
  return std::move(solver).Result();
}

}  // namespace critac::matching
