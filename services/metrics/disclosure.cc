#include "services/metrics/disclosure.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "common/status/error.h"

namespace critac::metrics {
namespace {

// Where a cell stands in the network: more of it is more flow from `from` to `to`. Node 0 stands
// for everything outside the sums.
struct Arc {
  int from = 0;
  int to = 0;
};

// Cost of withholding a zero: more than any other way.
constexpr int64_t kZeroCost = int64_t{1} << 40;

absl::Status CheckSums(const DisclosureTables& tables) {
  for (size_t i = 0; i < tables.sums.size(); ++i) {
    int64_t sum = 0;
    for (const int part : tables.sums[i].parts) sum += tables.cells[part].value;
    if (sum == tables.cells[tables.sums[i].total].value) continue;
    return InvalidField(absl::StrCat("sums[", i, "]"),
                        absl::StrCat("the parts add up to ", sum, ", the total is ",
                                     tables.cells[tables.sums[i].total].value));
  }
  return absl::OkStatus();
}

// The place of a cell in a sum: +1 for a part, -1 for the total.
struct CellPlace {
  int sum;
  int sign;
};

std::vector<std::vector<CellPlace>> PlacesOf(const DisclosureTables& tables) {
  std::vector<std::vector<CellPlace>> places(tables.cells.size());
  for (size_t i = 0; i < tables.sums.size(); ++i) {
    const int sum = static_cast<int>(i);
    places[tables.sums[i].total].push_back({sum, -1});
    for (const int part : tables.sums[i].parts) places[part].push_back({sum, +1});
  }
  return places;
}

// Gives each sum a sign such that every cell in two sums enters one and leaves the other, which
// makes the sums nodes and the cells arcs.
absl::StatusOr<std::vector<int>> Orient(const DisclosureTables& tables,
                                        absl::Span<const std::vector<CellPlace>> places) {
  std::vector<std::vector<std::pair<int, int>>> related(tables.sums.size());
  for (size_t cell = 0; cell < places.size(); ++cell) {
    if (places[cell].size() > 2) {
      return InvalidField(absl::StrCat("cells[", cell, "]"),
                          absl::StrCat("is in ", places[cell].size(), " sums; at most 2"));
    }
    if (places[cell].size() < 2) continue;
    const auto& [a, b] = std::pair(places[cell][0], places[cell][1]);
    related[a.sum].push_back({b.sum, -a.sign * b.sign});
    related[b.sum].push_back({a.sum, -a.sign * b.sign});
  }
  std::vector<int> signs(tables.sums.size(), 0);
  for (size_t first = 0; first < signs.size(); ++first) {
    if (signs[first] != 0) continue;
    signs[first] = 1;
    std::deque<int> next = {static_cast<int>(first)};
    while (!next.empty()) {
      const int sum = next.front();
      next.pop_front();
      for (const auto& [other, relation] : related[sum]) {
        const int sign = signs[sum] * relation;
        if (signs[other] == 0) next.push_back(other);
        if (signs[other] == -sign) {
          return InvalidField(absl::StrCat("sums[", other, "]"), "the sums form no network");
        }
        signs[other] = sign;
      }
    }
  }
  return signs;
}

std::vector<Arc> ArcsOf(absl::Span<const std::vector<CellPlace>> places,
                        absl::Span<const int> signs) {
  std::vector<Arc> arcs(places.size());
  for (size_t cell = 0; cell < places.size(); ++cell) {
    for (const CellPlace& place : places[cell]) {
      (signs[place.sum] * place.sign > 0 ? arcs[cell].from : arcs[cell].to) = place.sum + 1;
    }
  }
  return arcs;
}

class Protector {
 public:
  Protector(const DisclosureTables& tables, int64_t threshold, std::vector<Arc> arcs)
      : cells_(tables.cells),
        threshold_(threshold),
        arcs_(std::move(arcs)),
        touching_(tables.sums.size() + 1),
        plan_{.cells = std::vector<Disposition>(cells_.size(), Disposition::kShown)} {
    for (size_t cell = 0; cell < arcs_.size(); ++cell) {
      touching_[arcs_[cell].from].push_back(static_cast<int>(cell));
      if (arcs_[cell].to != arcs_[cell].from) {
        touching_[arcs_[cell].to].push_back(static_cast<int>(cell));
      }
    }
  }

  DisclosurePlan Run() {
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (RestsOnTooLittle(cells_[i])) plan_.cells[i] = Disposition::kPrimary;
    }
    // Withholding more only makes room for other values, so a cell that is hidden stays hidden.
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (plan_.cells[i] != Disposition::kPrimary) continue;
      if (!Hide(static_cast<int>(i))) return AllWithheld();
    }
    return plan_;
  }

 private:
  bool RestsOnTooLittle(const DisclosureCell& cell) const {
    return cell.kind == CellKind::kPublished && cell.value > 0 &&
           (cell.value < threshold_ || cell.agencies < threshold_);
  }

  bool Unknown(int cell) const {
    return cells_[cell].kind == CellKind::kInternal || plan_.cells[cell] != Disposition::kShown;
  }

  // Whether the attacker can believe the cell to be one less than it is.
  bool CanShrink(int cell) const {
    return cells_[cell].value > (cells_[cell].kind == CellKind::kInternal ? 0 : 1);
  }

  // What it costs to let the cell change: nothing where it is not known anyway. Negative: it
  // cannot.
  int64_t Cost(int cell) const {
    if (Unknown(cell)) return 0;
    if (cells_[cell].kind == CellKind::kFixed) return -1;
    return cells_[cell].value == 0 ? kZeroCost : cells_[cell].value;
  }

  // Withholds what is needed so that `cell` can have another value; false where nothing helps.
  bool Hide(int cell) {
    const Arc& arc = arcs_[cell];
    if (arc.from == arc.to) return true;  // in no sum, or in and out of the same
    Path best = Cheapest(arc.to, arc.from, cell);
    if (CanShrink(cell)) {
      Path smaller = Cheapest(arc.from, arc.to, cell);
      if (smaller.found && (!best.found || smaller.cost < best.cost)) best = std::move(smaller);
    }
    for (const int other : best.cells) {
      if (!Unknown(other)) plan_.cells[other] = Disposition::kComplementary;
    }
    return best.found;
  }

  struct Path {
    bool found = false;
    int64_t cost = 0;
    std::vector<int> cells;
  };

  // The cheapest way along which cells other than `excluded` can change by one, from one node to
  // another (Dijkstra; ties go to the lower cell).
  Path Cheapest(int from, int to, int excluded) const {
    constexpr int64_t kFar = std::numeric_limits<int64_t>::max();
    std::vector<int64_t> cost(touching_.size(), kFar);
    std::vector<int> arrived_by(touching_.size(), -1);
    using Entry = std::pair<int64_t, int>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> next;
    cost[from] = 0;
    next.push({0, from});
    while (!next.empty()) {
      const auto [so_far, node] = next.top();
      next.pop();
      if (so_far != cost[node] || node == to) continue;
      for (const int cell : touching_[node]) {
        if (cell == excluded || Cost(cell) < 0) continue;
        const bool grows = arcs_[cell].from == node;
        if (!grows && !CanShrink(cell)) continue;
        const int other = grows ? arcs_[cell].to : arcs_[cell].from;
        if (so_far + Cost(cell) >= cost[other]) continue;
        cost[other] = so_far + Cost(cell);
        arrived_by[other] = cell;
        next.push({cost[other], other});
      }
    }
    if (cost[to] == kFar) return {};
    Path path{.found = true, .cost = cost[to]};
    for (int node = to; node != from;) {
      const int cell = arrived_by[node];
      path.cells.push_back(cell);
      node = arcs_[cell].to == node ? arcs_[cell].from : arcs_[cell].to;
    }
    return path;
  }

  DisclosurePlan AllWithheld() const {
    DisclosurePlan plan = plan_;
    plan.safe = false;
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (cells_[i].kind == CellKind::kPublished && plan.cells[i] == Disposition::kShown) {
        plan.cells[i] = Disposition::kComplementary;
      }
    }
    return plan;
  }

  const std::vector<DisclosureCell>& cells_;
  const int64_t threshold_;
  const std::vector<Arc> arcs_;
  // Cells at each node.
  std::vector<std::vector<int>> touching_;
  DisclosurePlan plan_;
};

// Arithmetic modulo a prime. The sums' coefficients are 0, 1 and -1 and their determinants small,
// so what is zero modulo this prime is zero.
constexpr uint64_t kPrime = 2305843009213693951;  // 2^61 - 1

uint64_t Multiply(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>(static_cast<Wide>(a) * b % kPrime);
}

uint64_t Inverse(uint64_t a) {
  uint64_t result = 1;
  for (uint64_t power = kPrime - 2; power > 0; power >>= 1) {
    if (power & 1) result = Multiply(result, a);
    a = Multiply(a, a);
  }
  return result;
}

// One equation over the hidden cells.
using Equation = std::vector<uint64_t>;

// Subtracts from `row` the multiple of `pivot` that makes its entry at `column` zero; `pivot` has 1
// there.
void Eliminate(Equation& row, const Equation& pivot, size_t column) {
  const uint64_t factor = row[column];
  if (factor == 0) return;
  for (size_t i = column; i < row.size(); ++i) {
    if (pivot[i] != 0) row[i] = (row[i] + kPrime - Multiply(factor, pivot[i])) % kPrime;
  }
}

}  // namespace

int DisclosureTables::Add(DisclosureCell cell) {
  cells.push_back(cell);
  return static_cast<int>(cells.size()) - 1;
}

absl::StatusOr<DisclosurePlan> Protect(const DisclosureTables& tables, int64_t threshold) {
  RETURN_IF_ERROR(CheckSums(tables));
  const std::vector<std::vector<CellPlace>> places = PlacesOf(tables);
  ASSIGN_OR_RETURN(const std::vector<int> signs, Orient(tables, places));
  return Protector(tables, threshold, ArcsOf(places, signs)).Run();
}

std::vector<int> SolvableCells(const DisclosureTables& tables, const std::vector<bool>& hidden) {
  std::vector<Equation> equations;
  for (const DisclosureSum& sum : tables.sums) {
    Equation equation(tables.cells.size(), 0);
    for (const int part : sum.parts) {
      if (hidden[part]) equation[part] = (equation[part] + 1) % kPrime;
    }
    if (hidden[sum.total]) equation[sum.total] = (equation[sum.total] + kPrime - 1) % kPrime;
    equations.push_back(std::move(equation));
  }
  // Reduced row echelon form: a cell's value follows exactly where a row has an entry for it alone.
  size_t rank = 0;
  for (size_t column = 0; column < tables.cells.size() && rank < equations.size(); ++column) {
    const auto pivot =
        std::find_if(equations.begin() + static_cast<std::ptrdiff_t>(rank), equations.end(),
                     [column](const Equation& row) { return row[column] != 0; });
    if (pivot == equations.end()) continue;
    std::swap(*pivot, equations[rank]);
    const uint64_t inverse = Inverse(equations[rank][column]);
    for (uint64_t& entry : equations[rank]) entry = Multiply(entry, inverse);
    for (size_t row = 0; row < equations.size(); ++row) {
      if (row != rank) Eliminate(equations[row], equations[rank], column);
    }
    ++rank;
  }
  std::vector<int> solvable;
  for (size_t row = 0; row < rank; ++row) {
    const Equation& equation = equations[row];
    if (std::count_if(equation.begin(), equation.end(), [](uint64_t e) { return e != 0; }) != 1) {
      continue;
    }
    const auto only =
        std::find_if(equation.begin(), equation.end(), [](uint64_t e) { return e != 0; });
    solvable.push_back(static_cast<int>(only - equation.begin()));
  }
  std::sort(solvable.begin(), solvable.end());
  return solvable;
}

}  // namespace critac::metrics
