#ifndef SERVICES_MATCHING_TRANSPORT_H_
#define SERVICES_MATCHING_TRANSPORT_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/matching/large_pages.h"

// The plan's mathematics: rows that want units, and rooms through which the units go.
//
//     row ──pairs──▶ room ──arcs──▶ room ── … ──exit──▶ done
//      └──────────────── open ─────────────────────────▶ done
//
// Each row sends its demand, at most one unit through each of its pairs; what it does not send stays
// open, at a price. A unit goes from the room that its pair enters along arcs to a room with an
// exit. So it is a minimum-cost flow, whose nearly all arcs are pairs; they lie row after row, eight
// bytes each, and are never copied.
namespace critac::matching {

struct TransportProblem {
  struct Arc {
    int32_t from = 0;
    int32_t to = 0;
    int64_t capacity = 0;
    int64_t cost = 0;
  };
  // So many units at this price each.
  struct ExitRun {
    int64_t capacity = 0;
    int64_t price = 0;
  };

  // By row: units wanted, and the price of each that stays open.
  std::vector<int32_t> demand;
  std::vector<int64_t> open_price;
  // The pairs of row r are those from row_begin[r] to before row_begin[r + 1]: the rooms that they
  // enter, no two the same, and what they cost. At most 2^31 - 1.
  std::vector<int64_t> row_begin = {0};
  std::vector<int32_t, LargePages<int32_t>> entry;
  std::vector<int32_t, LargePages<int32_t>> cost;
  // Arcs between rooms; they make no cycle.
  std::vector<Arc> arcs;
  // By room: its way to done, in runs of prices that do not fall.
  std::vector<std::vector<ExitRun>> exits;

  int32_t row_count() const { return static_cast<int32_t>(demand.size()); }
  int32_t room_count() const { return static_cast<int32_t>(exits.size()); }

  int32_t AddRoom(std::vector<ExitRun> runs = {}) {
    exits.push_back(std::move(runs));
    return room_count() - 1;
  }
  int32_t AddArc(const Arc& arc) {
    arcs.push_back(arc);
    return static_cast<int32_t>(arcs.size()) - 1;
  }
  // Begins a row; AddPair then adds to it.
  void AddRow(int32_t units, int64_t price_open) {
    demand.push_back(units);
    open_price.push_back(price_open);
    row_begin.push_back(row_begin.back());
  }
  void AddPair(int32_t room, int32_t pair_cost) {
    entry.push_back(room);
    cost.push_back(pair_cost);
    ++row_begin.back();
  }
};

// Of a row, the pairs that were cheapest when the list was made. Prices of rooms only rise, so what is
// not in it stays as dear as it was.
struct ShortList {
  struct Pair {
    // Cost and price of the room when the list was made.
    int64_t key = 0;
    int32_t cost = 0;
    int32_t entry = 0;
    int32_t pair = 0;
  };
  // By key.
  std::vector<Pair> pairs;
  // No key of another pair is less.
  int64_t floor = 0;
};

// Who goes where, and prices that prove that nothing is cheaper: for any prices, a plan costs at
// least what CheckTransport computes from them, and here that is what this plan costs.
struct Transport {
  // Pairs that carry a unit, in order.
  std::vector<int32_t> used;
  // By row: units that stay open.
  std::vector<int32_t> open;
  // By arc, and by room through its exit.
  std::vector<int64_t> arc_units;
  std::vector<int64_t> exit_units;
  // By row: what one unit more would cost.
  std::vector<int64_t> row_prices;
  // By room: what it costs from there to done, waiting for room included.
  std::vector<int64_t> room_prices;
  int64_t cost = 0;

  // What the solver knows of rows, so that not all of their pairs have to be looked at again; it proves
  // nothing. By row; null where the row wants nothing; empty: nothing is known. All rooms have become
  // dearer by `raised` at least, on top of the keys and floors.
  std::vector<std::shared_ptr<const ShortList>> lists;
  int64_t raised = 0;

  // How many pairs and arcs were looked at for it. It grows with the time that took, and is the same on every
  // machine.
  int64_t steps = 0;
};

// What a pair costs at the prices, less what its row pays: not negative where it carries no unit.
inline int64_t ReducedCost(const TransportProblem& problem, const Transport& transport, int32_t row,
                           int64_t pair) {
  return problem.cost[pair] + transport.room_prices[problem.entry[pair]] -
         transport.row_prices[row];
}

// A cheapest transport. `start`: one of the problem as it was before its last rows were added; then
// only these are placed, and those whom they displace, and what it holds is gone on with.
// RESOURCE_EXHAUSTED (PLAN_TOO_LARGE): the largest price, or 2^31, times the rows and rooms does not
// fit 2^60, or there are 2^31 pairs.
absl::StatusOr<Transport> SolveTransport(const TransportProblem& problem, Transport start = {});

// Checks a transport with nothing of the solver: that it keeps every capacity, sends what the rows
// want, costs what it says, and that its prices prove that nothing is cheaper, over all pairs.
// INTERNAL, saying what does not hold. Sums are of 128 bits.
absl::Status CheckTransport(const TransportProblem& problem, const Transport& transport);

// Checks transports of a problem to which rows are added one after another. Where all pairs have been gone through, it
// is kept of each group of a row's pairs what the cheapest of them cost; it costs no less later than that and what all
// rooms have become dearer by. So groups that are thereby dear enough are not gone through again, and the proof is over
// all pairs as before.
class TransportCheck {
 public:
  // What CheckTransport says. `problem`: that of the calls before, with further rows at its end or not; or one that has
  // another number of rooms, fewer rows, or in the rows that are known another number of pairs.
  absl::Status Check(const TransportProblem& problem, const Transport& transport);
  // How many pairs the last call went through.
  int64_t looked_at() const { return looked_at_; }

 private:
  // Pairs of 128 bytes of costs: few enough that one cheap pair does not have many looked at.
  static constexpr int64_t kGroupPairs = 32;

  bool Knows(const TransportProblem& problem) const;
  void Prepare(const TransportProblem& problem, const Transport& transport);

  // Prices when all pairs were gone through. Rows behind these have come since.
  std::vector<int64_t> row_prices_, room_prices_;
  int64_t known_pairs_ = 0;
  // The pairs that carried a unit then, which cost no more than their rows paid: they are gone through each time, so
  // that they do not have their groups looked at.
  std::vector<int32_t> apart_;
  // By row: the first of these, and its first group; one more at the end.
  std::vector<int64_t> first_apart_, first_group_;
  // By group: what the cheapest of its other pairs cost at these prices, less what its row paid.
  std::vector<int64_t> least_;
  // By row: the least of its groups.
  std::vector<int64_t> least_of_row_;
  bool learns_ = false;
  int64_t looked_at_ = 0;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_TRANSPORT_H_
