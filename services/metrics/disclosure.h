#ifndef SERVICES_METRICS_DISCLOSURE_H_
#define SERVICES_METRICS_DISCLOSURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace critac::metrics {

// Small cells of published tables are withheld, and enough others with them that no withheld value
// follows by subtraction from what is shown.
//
// A table is a set of cells and of sums between them: "this total is the sum of these parts".
// Tables that share cells are protected together, as one set. Withheld cells become unknowns of a
// system of equations, and what an attacker can learn from it has an exact answer: where every cell
// is in at most two sums, the cells are arcs and the sums nodes of a flow network, every solution
// differs from the true one by circulations, and a cell can have another value exactly where it
// lies on a cycle along which cells can change. (Without bounds on the values this is Gusfield, "A
// graph theoretic approach to statistical data security", SIAM Journal on Computing 17 (1988)
// 552-571.) The attacker is taken to know, besides the sums, that counts are whole and that a
// withheld one is not zero.

// Fewest records, and fewest agencies, that a published cell may rest on.
inline constexpr int64_t kDisclosureThreshold = 5;

enum class CellKind {
  // Can be shown or withheld.
  kPublished,
  // Shown whatever it is, because it says nothing of anyone: the total of the program.
  kFixed,
  // Shown nowhere, and the attacker knows it only through sums, for example the inside of a table
  // of which margins alone are published. Needs no protection.
  kInternal,
};

struct DisclosureCell {
  // Counts are not negative.
  int64_t value = 0;
  // Distinct agencies behind it.
  int64_t agencies = 0;
  CellKind kind = CellKind::kPublished;
};

// `total` is the sum of `parts`; both are indices of cells.
struct DisclosureSum {
  int total = 0;
  std::vector<int> parts;
};

struct DisclosureTables {
  std::vector<DisclosureCell> cells;
  std::vector<DisclosureSum> sums;

  // Adds a cell and returns its index.
  int Add(DisclosureCell cell);
};

enum class Disposition {
  kShown,
  // Rests on too little.
  kPrimary,
  // Would give a primary one away.
  kComplementary,
};

struct DisclosurePlan {
  // A cell each, in order. Internal cells are kShown, and shown nowhere.
  std::vector<Disposition> cells;
  // False: even with every cell withheld one of them follows from the fixed ones, so the tables
  // must be left out as a whole.
  bool safe = true;
};

// Decides what to withhold: a published cell that is not zero and rests on fewer than `threshold`
// records or agencies, and then, for each withheld cell that could be worked out, the cells of the
// least total value that hide it. Zeros are withheld only where nothing else hides it. The same
// input gives the same plan. INVALID_ARGUMENT: a sum that does not add up, a cell in more than two
// sums, or sums that form no network.
absl::StatusOr<DisclosurePlan> Protect(const DisclosureTables& tables,
                                       int64_t threshold = kDisclosureThreshold);

// Cells of `hidden` whose values follow from the sums and the other cells by linear algebra alone
// (Gaussian elimination): what an attacker without any knowledge of bounds learns. It knows nothing
// of networks or of Protect, which it checks.
std::vector<int> SolvableCells(const DisclosureTables& tables, const std::vector<bool>& hidden);

}  // namespace critac::metrics

#endif  // SERVICES_METRICS_DISCLOSURE_H_
