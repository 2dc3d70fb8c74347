#include "services/matching/solve_store.h"

#include "common/status/error.h"

namespace critac::matching {

absl::StatusOr<int64_t> SolveStore::Read() {
  int64_t revision = -1;
  RETURN_IF_ERROR(database_.Read([&](store::Connection& connection) {
    return connection.Query("SELECT revision FROM solve_mark WHERE id = 1", {},
                            [&](const store::Row& row) {
                              revision = row.Int(0);
                              return absl::OkStatus();
                            });
  }));
  return revision;
}

absl::Status SolveStore::Set(int64_t revision) {
  return database_.Write([&](store::Connection& connection) {
    return connection.InsertRows("solve_mark", {"id", "revision"}, {{int64_t{1}, revision}},
                                 store::OnConflict::kReplace, {"id"});
  });
}

}  // namespace critac::matching
