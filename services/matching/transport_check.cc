#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "services/matching/transport.h"
#include "services/matching/two_threads.h"

namespace critac::matching {
namespace {

using absl::int128;

// Pairs from which it is worth having a second thread go through them.
constexpr int64_t kPairsForTwoCheckers = 500'000;

// Differences of such prices, and of costs, fit 64 bits.
constexpr int64_t kMostPrice = int64_t{1} << 61;

absl::Status WrongTransport(absl::string_view what) {
  return absl::InternalError(absl::StrCat("the transport does not hold: ", what));
}

class TransportChecker {
 public:
  TransportChecker(const TransportProblem& problem, const Transport& transport)
      : problem_(problem), transport_(transport) {}

  absl::Status Check() {
    for (const auto step : {&TransportChecker::CheckShape, &TransportChecker::CheckRows,
                            &TransportChecker::CheckRooms, &TransportChecker::CheckCost}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    return CheckBound();
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

  // What no transport can cost less than, whatever the prices are: rows pay theirs, and of each arc
  // of the flow as much is used as makes it cheaper.
  absl::Status CheckBound() {
    int128 bound = 0;
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
    bound += PairsOf();
    if (bound == cost_) return absl::OkStatus();
    return WrongTransport(absl::StrCat("its prices prove only ", absl::Int128Low64(cost_ - bound),
                                       " less than it costs"));
  }

  int128 PairsOf() const {
    const int32_t rows = problem_.row_count();
    const auto pairs = static_cast<int64_t>(problem_.entry.size());
    if (pairs < kPairsForTwoCheckers) return PairsOf(0, rows);
    std::array<int128, kTwoThreadsSlices> sums;
    InTwoThreads(rows, [&](int32_t slice, int32_t first, int32_t last) {
      sums[slice] = PairsOf(first, last);
    });
    return std::accumulate(sums.begin(), sums.end(), int128(0));
  }

  int128 PairsOf(int32_t first, int32_t last) const {
    int128 sum = 0;
    for (int32_t row = first; row < last; ++row) {
      if (problem_.demand[row] == 0) continue;
      for (int64_t pair = problem_.row_begin[row]; pair < problem_.row_begin[row + 1]; ++pair) {
        const int64_t reduced = ReducedCost(problem_, transport_, row, pair);
        if (reduced < 0) sum += reduced;
      }
    }
    return sum;
  }

  const TransportProblem& problem_;
  const Transport& transport_;
  std::vector<int64_t> into_room_;
  int128 cost_ = 0;
};

}  // namespace

absl::Status CheckTransport(const TransportProblem& problem, const Transport& transport) {
  return TransportChecker(problem, transport).Check();
}

}  // namespace critac::matching
