#ifndef SERVICES_MATCHING_SOLVE_STORE_H_
#define SERVICES_MATCHING_SOLVE_STORE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"

namespace critac::matching {

// What was solved last: an input of the solver, as of a day. On another day the same input may give
// another plan: waiting counts in days, and conflicts of interest, windows and dates pass.
struct SolveMark {
  // -1: not known.
  int64_t revision = -1;
  // In days since 1970 (period.h).
  int64_t day = 0;

  friend bool operator==(const SolveMark&, const SolveMark&) = default;
};

// What was solved last, by whichever replica, so that the others need not do it again. No record: it is
// kept beside them, and without it all is solved once more. Thread-safe.
class SolveStore {
 public:
  // `database` is matching's, and must outlive it.
  explicit SolveStore(store::Database& database) : database_(database) {}

  absl::StatusOr<SolveMark> Read();
  absl::Status Set(const SolveMark& mark);
  // As if nothing had ever been solved.
  absl::Status Forget() { return Set({}); }

 private:
  store::Database& database_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SOLVE_STORE_H_
