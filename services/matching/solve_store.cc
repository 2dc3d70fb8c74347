#include "services/matching/solve_store.h"

#include "common/status/error.h"

namespace critac::matching {

absl::StatusOr<SolveMark> SolveStore::Read() {
  SolveMark mark;
  RETURN_IF_ERROR(database_.Read([&](store::Connection& connection) {
    return connection.Query("SELECT revision, day FROM solve_mark WHERE id = 1", {},
                            [&](const store::Row& row) {
                              mark.revision = row.Int(0);
                              mark.day = row.Int(1);
                              return absl::OkStatus();
                            });
  }));
  return mark;
}

absl::Status SolveStore::Set(const SolveMark& mark) {
  return database_.Write([&](store::Connection& connection) {
    return connection.InsertRows("solve_mark", {"id", "revision", "day"},
                                 {{int64_t{1}, mark.revision, mark.day}},
                                 store::OnConflict::kReplace, {"id"});
  });
}

}  // namespace critac::matching
