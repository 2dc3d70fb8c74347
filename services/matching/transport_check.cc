#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/status/error.h"
#include "services/matching/transport.h"
#include "services/matching/two_threads.h"

namespace critac::matching {
namespace {

using absl::int128;

// Pairs from which it is worth having a second thread go through them.
constexpr int64_t kPairsForTwoCheckers = 500'000;

// Used pairs lie far apart; they are asked for so many steps before they are needed.
constexpr size_t kUsedAhead = 16;

// Differences of such prices, and of costs, fit 64 bits.
constexpr int64_t kMostPrice = int64_t{1} << 61;

// Where more than one in so many pairs had to be gone through again, the next check had better go through all.
constexpr int64_t kMostLookedAt = 4;

absl::Status WrongTransport(absl::string_view what) {
  return absl::InternalError(absl::StrCat("the transport does not hold: ", what));
}

class TransportChecker {
 public:
  TransportChecker(const TransportProblem& problem, const Transport& transport)
      : problem_(problem), transport_(transport) {}

  // All but that nothing is cheaper.
  absl::Status CheckUnits() {
    for (const auto step : {&TransportChecker::CheckShape, &TransportChecker::CheckRows,
                            &TransportChecker::CheckRooms, &TransportChecker::CheckCost}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // What no transport can cost less than, whatever the prices are: rows pay theirs, and of each arc
  // of the flow as much is used as makes it cheaper. Of pairs that is `of_pairs`, the sum of what costs less than
  // nothing.
  absl::Status CheckBound(int128 of_pairs) const {
    int128 bound = of_pairs;
    const auto add = [&bound](int64_t capacity, int128 reduced) {
      if (reduced < 0) bound += reduced * capacity;
    };
    for (size_t a = 0; a < problem_.arcs.size(); ++a) {
      const TransportProblem::Arc& arc = problem_.arcs[a];
      add(arc.capacity,
          int128(arc.cost) + transport_.room_prices[arc.to] - transport_.room_prices[arc.from]);
    }
    for (int32_t room = 0; room < problem_.room_count(); ++room) {
      for (const TransportProblem::ExitRun& run : problem_.exits[room]) {
        add(run.capacity, int128(run.price) - transport_.room_prices[room]);
      }
    }
    for (int32_t row = 0; row < problem_.row_count(); ++row) {
      bound += int128(problem_.demand[row]) * transport_.row_prices[row];
      add(problem_.demand[row], int128(problem_.open_price[row]) - transport_.row_prices[row]);
    }
    if (bound == cost_) return absl::OkStatus();
    return WrongTransport(absl::StrCat("its prices prove only ", absl::Int128Low64(cost_ - bound),
                                       " less than it costs"));
  }

 private:
  absl::Status CheckShape() {
    const auto rows = static_cast<size_t>(problem_.row_count());
    const auto rooms = static_cast<size_t>(problem_.room_count());
    if (transport_.open.size() != rows || transport_.row_prices.size() != rows ||
        transport_.exit_units.size() != rooms || transport_.room_prices.size() != rooms ||
        transport_.arc_units.size() != problem_.arcs.size()) {
      return WrongTransport("it is not of this problem");
    }
    const auto out_of_range = [](int64_t price) {
      return price > kMostPrice || price < -kMostPrice;
    };
    if (std::any_of(transport_.row_prices.begin(), transport_.row_prices.end(), out_of_range) ||
        std::any_of(transport_.room_prices.begin(), transport_.room_prices.end(), out_of_range)) {
      return WrongTransport("a price is out of range");
    }
    const auto pairs = static_cast<int64_t>(problem_.entry.size());
    for (size_t i = 0; i < transport_.used.size(); ++i) {
      if (transport_.used[i] < 0 || transport_.used[i] >= pairs ||
          (i > 0 && transport_.used[i] <= transport_.used[i - 1])) {
        return WrongTransport("its pairs are not in order, each once");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckRows() {
    into_room_.assign(problem_.room_count(), 0);
    size_t i = 0;
    for (int32_t row = 0; row < problem_.row_count(); ++row) {
      int64_t sent = transport_.open[row];
      if (sent < 0) return WrongTransport(absl::StrCat("row ", row, " has less than nothing open"));
      cost_ += int128(sent) * problem_.open_price[row];
      for (; i < transport_.used.size() && transport_.used[i] < problem_.row_begin[row + 1]; ++i) {
        if (i + kUsedAhead < transport_.used.size()) {
          __builtin_prefetch(&problem_.entry[transport_.used[i + kUsedAhead]]);
          __builtin_prefetch(&problem_.cost[transport_.used[i + kUsedAhead]]);
        }
        ++sent;
        ++into_room_[problem_.entry[transport_.used[i]]];
        cost_ += problem_.cost[transport_.used[i]];
      }
      if (sent != problem_.demand[row]) {
        return WrongTransport(
            absl::StrCat("row ", row, " sends ", sent, " of ", problem_.demand[row]));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckRooms() {
    std::vector<int128> balance(into_room_.begin(), into_room_.end());
    for (size_t a = 0; a < problem_.arcs.size(); ++a) {
      const TransportProblem::Arc& arc = problem_.arcs[a];
      const int64_t units = transport_.arc_units[a];
      if (units < 0 || units > arc.capacity) {
        return WrongTransport(absl::StrCat("arc ", a, " carries ", units, " of ", arc.capacity));
      }
      balance[arc.from] -= units;
      balance[arc.to] += units;
      cost_ += int128(units) * arc.cost;
    }
    for (int32_t room = 0; room < problem_.room_count(); ++room) {
      int64_t units = transport_.exit_units[room];
      if (units < 0 || balance[room] != units) {
        return WrongTransport(absl::StrCat("room ", room, " does not let out what comes in"));
      }
      for (const TransportProblem::ExitRun& run : problem_.exits[room]) {
        const int64_t in_run = std::min(units, run.capacity);
        cost_ += int128(in_run) * run.price;
        units -= in_run;
      }
      if (units > 0)
        return WrongTransport(absl::StrCat("room ", room, " lets out more than it may"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckCost() {
    return cost_ == transport_.cost ? absl::OkStatus() : WrongTransport("it costs something else");
  }

  const TransportProblem& problem_;
  const Transport& transport_;
  std::vector<int64_t> into_room_;
  int128 cost_ = 0;
};

// No pair costs so much more or less than another.
int64_t Clamped(int128 difference) {
  constexpr int128 kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::clamp(difference, -kMost, kMost));
}

// Of pairs that were gone through: the sum of what costs less than nothing, and how many they are.
struct PairSum {
  int128 reduced = 0;
  int64_t looked_at = 0;

  void Add(const PairSum& other) {
    reduced += other.reduced;
    looked_at += other.looked_at;
  }
};

// Sums up `of(row, sum)` over all rows that want something, by two threads where there are many pairs.
template <typename Of>
PairSum SumOfRows(const TransportProblem& problem, Of of) {
  const auto sum_of = [&](int32_t first, int32_t last) {
    PairSum sum;
    for (int32_t row = first; row < last; ++row) {
      if (problem.demand[row] > 0) of(row, sum);
    }
    return sum;
  };
  const int32_t rows = problem.row_count();
  const auto pairs = static_cast<int64_t>(problem.entry.size());
  if (pairs < kPairsForTwoCheckers) return sum_of(0, rows);
  std::array<PairSum, kTwoThreadsSlices> sums;
  InTwoThreads(
      rows, [&](int32_t slice, int32_t first, int32_t last) { sums[slice] = sum_of(first, last); });
  PairSum all;
  for (const PairSum& sum : sums) all.Add(sum);
  return all;
}

// Goes through pairs of a row, from `begin` to before `end`, and returns the least that one costs, less what the row
// pays.
int64_t LookAt(const TransportProblem& problem, const Transport& transport, int32_t row,
               int64_t begin, int64_t end, PairSum& sum) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int64_t pair = begin; pair < end; ++pair) {
    const int64_t reduced = ReducedCost(problem, transport, row, pair);
    if (reduced < 0) sum.reduced += reduced;
    least = std::min(least, reduced);
  }
  sum.looked_at += end - begin;
  return least;
}

// The same without the pairs of `apart`, which are in order.
int64_t LookBeside(const TransportProblem& problem, const Transport& transport, int32_t row,
                   int64_t begin, int64_t end, absl::Span<const int32_t> apart, PairSum& sum) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const int32_t pair : apart) {
    if (pair < begin || pair >= end) continue;
    least = std::min(least, LookAt(problem, transport, row, begin, pair, sum));
    begin = pair + 1;
  }
  return std::min(least, LookAt(problem, transport, row, begin, end, sum));
}

}  // namespace

absl::Status CheckTransport(const TransportProblem& problem, const Transport& transport) {
  TransportChecker checker(problem, transport);
  RETURN_IF_ERROR(checker.CheckUnits());
  const PairSum sum = SumOfRows(problem, [&](int32_t row, PairSum& of_rows) {
    LookAt(problem, transport, row, problem.row_begin[row], problem.row_begin[row + 1], of_rows);
  });
  return checker.CheckBound(sum.reduced);
}

// ---- Again and again ----------------------------------------------------------------------------

absl::Status TransportCheck::Check(const TransportProblem& problem, const Transport& transport) {
  TransportChecker checker(problem, transport);
  RETURN_IF_ERROR(checker.CheckUnits());
  if (!Knows(problem)) Prepare(problem, transport);
  // What the rooms have become dearer by at least, which may be less than nothing.
  int128 rise = std::numeric_limits<int64_t>::max();
  for (size_t room = 0; room < room_prices_.size(); ++room) {
    rise = std::min(rise, int128(transport.room_prices[room]) - room_prices_[room]);
  }
  const auto known = static_cast<int32_t>(row_prices_.size());
  const PairSum sum = SumOfRows(problem, [&](int32_t row, PairSum& of_rows) {
    const int64_t begin = problem.row_begin[row];
    const int64_t end = problem.row_begin[row + 1];
    if (row >= known) {
      LookAt(problem, transport, row, begin, end, of_rows);
      return;
    }
    // What pairs of the row may cost less than they did.
    const auto fall = Clamped(int128(transport.row_prices[row]) - row_prices_[row] - rise);
    const auto apart = absl::MakeConstSpan(apart_).subspan(
        first_apart_[row], first_apart_[row + 1] - first_apart_[row]);
    for (const int32_t pair : apart) LookAt(problem, transport, row, pair, pair + 1, of_rows);
    if (least_of_row_[row] >= fall) return;
    int64_t least_of_row = std::numeric_limits<int64_t>::max();
    int64_t group = first_group_[row];
    for (int64_t first = begin; first < end; first += kGroupPairs, ++group) {
      if (least_[group] >= fall) continue;
      const int64_t last = std::min(first + kGroupPairs, end);
      const int64_t least = LookBeside(problem, transport, row, first, last, apart, of_rows);
      if (learns_) least_[group] = least;
      least_of_row = std::min(least_of_row, least);
    }
    if (learns_) least_of_row_[row] = least_of_row;
  });
  looked_at_ = sum.looked_at;
  const bool too_many = looked_at_ > static_cast<int64_t>(problem.entry.size()) / kMostLookedAt;
  if (!learns_ && too_many) row_prices_.clear();
  learns_ = false;
  return checker.CheckBound(sum.reduced);
}

bool TransportCheck::Knows(const TransportProblem& problem) const {
  const auto known = static_cast<int32_t>(row_prices_.size());
  return known > 0 && known <= problem.row_count() && problem.row_begin[known] == known_pairs_ &&
         static_cast<int32_t>(room_prices_.size()) == problem.room_count();
}

void TransportCheck::Prepare(const TransportProblem& problem, const Transport& transport) {
  row_prices_ = transport.row_prices;
  room_prices_ = transport.room_prices;
  known_pairs_ = problem.row_begin.back();
  apart_ = transport.used;
  first_apart_.assign(1, 0);
  first_group_.assign(1, 0);
  size_t apart = 0;
  for (int32_t row = 0; row < problem.row_count(); ++row) {
    const int64_t end = problem.row_begin[row + 1];
    while (apart < apart_.size() && apart_[apart] < end) ++apart;
    first_apart_.push_back(static_cast<int64_t>(apart));
    const int64_t pairs = end - problem.row_begin[row];
    first_group_.push_back(first_group_.back() + (pairs + kGroupPairs - 1) / kGroupPairs);
  }
  // So that all are looked at.
  least_.assign(first_group_.back(), std::numeric_limits<int64_t>::min());
  least_of_row_.assign(problem.row_count(), std::numeric_limits<int64_t>::min());
  learns_ = true;
}

}  // namespace critac::matching
