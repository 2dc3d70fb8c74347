#ifndef SERVICES_MATCHING_SOLVE_STORE_H_
#define SERVICES_MATCHING_SOLVE_STORE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"

namespace critac::matching {

// Which input of the solver was solved last, by whichever replica, so that the others need not do it
// again. No record: it is kept beside them, and without it all is solved once more. Thread-safe.
class SolveStore {
 public:
  // `database` is matching's, and must outlive it.
  explicit SolveStore(store::Database& database) : database_(database) {}

  // Revision of the input that was solved last. -1: not known.
  absl::StatusOr<int64_t> Read();
  absl::Status Set(int64_t revision);
  // As if nothing had ever been solved.
  absl::Status Forget() { return Set(-1); }

 private:
  store::Database& database_;
};

}  // namespace critac::matching

#endif  // SERVICES_MATCHING_SOLVE_STORE_H_
