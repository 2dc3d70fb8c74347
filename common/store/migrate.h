#ifndef COMMON_STORE_MIGRATE_H_
#define COMMON_STORE_MIGRATE_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/store/database.h"
#include "common/store/wait.h"

namespace critac::store {

class BackEnd;

// How long the steps of other processes, and locks of those that serve meanwhile, are waited for.
inline constexpr absl::Duration kPatience = absl::Minutes(10);

// The table in which applied steps are recorded, and the one that says of those that contract what they need.
inline constexpr absl::string_view kMigrationTable = "critac_migration";
inline constexpr absl::string_view kContractTable = "critac_migration_contract";
// Makes them where they are not.
absl::Status CreateMigrationTables(Connection& connection);

// The steps of `migrations` that `database` does not have yet, in order: what Migrate would apply, and
// the same errors where it would refuse. Changes nothing.
absl::StatusOr<std::vector<Migration>> PendingMigrations(Database& database,
                                                         absl::Span<const Migration> migrations);

// Whether the database has steps that a program of these does not know: a later version was at it.
absl::StatusOr<bool> HasLaterSteps(Connection& connection, absl::Span<const Migration> migrations);

// Components that have applied steps in the database: whose tables it holds.
absl::StatusOr<std::vector<std::string>> MigratedComponents(Connection& connection);

// Runs a function in a write transaction of its own.
using RunInTransaction =
    absl::FunctionRef<absl::Status(absl::FunctionRef<absl::Status(Connection&)>)>;

// Does what Database::Migrate says, by the statements of `back_end`. Where a lock keeps other processes out
// (BackEnd::LockMigrations), what they hold is waited for as `wait` says, ten minutes (kPatience) for each step, far
// beyond the timeout of a statement: their steps, and tables that are in use, these for a moment at a time
// (BackEnd::GiveWay). `clock` dates the steps.
absl::Status Migrate(absl::Span<const Migration> migrations, const BackEnd& back_end,
                     const Clock& clock, RunInTransaction run, const WaitOptions& wait = {});

// Runs a transaction again, each time after `rest`, while others hold what it needs (DATABASE_BUSY,
// TRANSACTION_ABORTED), for ten minutes (kPatience): for what has to be done before a process serves.
absl::Status RunPatiently(absl::Duration rest, absl::FunctionRef<absl::Status()> run,
                          const WaitOptions& options = {});

}  // namespace critac::store

#endif  // COMMON_STORE_MIGRATE_H_
