#include "common/store/migrate.h"

#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/sha256.h"
#include "common/status/error.h"
#include "common/store/back_end.h"
#include "common/store/sql_text.h"

namespace critac::store {
namespace {

// Between two tries, of which a step's each wait for a fraction of that (BackEnd::GiveWay): most of the time is for
// those that serve.
constexpr absl::Duration kRestOfStep = absl::Seconds(1);
// Of a statement, in an error.
constexpr size_t kQuotedBytes = 80;

struct AppliedStep {
  std::string sha256;
  // As Migration::needs.
  int needs = 0;
};
// By component and number.
using Applied = std::map<std::pair<std::string, int>, AppliedStep>;

std::string NameOf(const Migration& step) {
  return absl::StrCat("migration ", step.component, "/", step.number);
}

absl::Status CheckNumbers(absl::Span<const Migration> migrations) {
  absl::flat_hash_map<std::string, int> last;
  for (const Migration& step : migrations) {
    if (const int expected = ++last[step.component]; step.number != expected) {
      return InvalidField("migrations", absl::StrCat(NameOf(step), ": the next number of ",
                                                     step.component, " is ", expected));
    }
    if (step.needs < 0 || step.needs > step.number) {
      return InvalidField("migrations", absl::StrCat(NameOf(step), ": needs ", step.needs,
                                                     ", not one of 0 to ", step.number));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Applied> ReadApplied(Connection& connection) {
  Applied applied;
  RETURN_IF_ERROR(connection.Query(
      absl::StrCat("SELECT step.component, step.number, step.sha256, COALESCE(contract.needs, 0) "
                   "FROM ",
                   kMigrationTable, " AS step LEFT JOIN ", kContractTable,
                   " AS contract ON contract.component = step.component AND contract.number = "
                   "step.number"),
      {}, [&](const Row& row) {
        applied[{row.Text(0), static_cast<int>(row.Int(1))}] = {row.Text(2),
                                                                static_cast<int>(row.Int(3))};
        return absl::OkStatus();
      }));
  return applied;
}

// Checks what was applied before against what the program knows.
absl::Status CheckApplied(const Applied& applied, absl::Span<const Migration> migrations) {
  absl::flat_hash_map<std::string, int> last;
  for (const Migration& step : migrations) {
    last[step.component] = step.number;
    const auto found = applied.find({step.component, step.number});
    if (found == applied.end() || found->second.sha256 == Sha256Hex(step.sql)) continue;
    return FailedPrecondition(
        "MIGRATION_CHANGED", NameOf(step),
        "was applied with another text; a step is never edited, a new one is added instead");
  }
  for (const auto& [step, how] : applied) {
    const int known = last[step.first];
    if (how.needs <= known) continue;
    return FailedPrecondition(
        "DATABASE_NEWER", absl::StrCat("migration ", step.first, "/", step.second),
        absl::StrCat("was applied by a later version and needs one that knows ", step.first,
                     " up to ", how.needs, "; this one knows it up to ", known));
  }
  return absl::OkStatus();
}

// The step, and where others hold what a statement of it needs, that statement: the database does not say which table.
std::string WhereOf(const Migration& step, absl::string_view statement,
                    const absl::Status& status) {
  if (ReasonOf(status) != "DATABASE_BUSY") return NameOf(step);
  const std::string line =
      absl::StrJoin(absl::StrSplit(statement, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty()), " ");
  return absl::StrCat(NameOf(step), ", ", line.substr(0, kQuotedBytes),
                      line.size() > kQuotedBytes ? "…" : "");
}

absl::Status Apply(Connection& connection, const Migration& step, absl::string_view give_way,
                   const Clock& clock) {
  if (!give_way.empty()) RETURN_IF_ERROR(connection.Execute(give_way).status());
  for (const std::string& statement : SplitStatements(step.sql)) {
    const absl::Status status = connection.Execute(statement).status();
    RETURN_IF_ERROR(Annotate(status, WhereOf(step, statement, status)));
  }
  RETURN_IF_ERROR(
      connection
          .Execute(
              absl::StrCat("INSERT INTO ", kMigrationTable,
                           " (component, number, sha256, apply_time) VALUES (:p1, :p2, :p3, :p4)"),
              {step.component, int64_t{step.number}, Sha256Hex(step.sql),
               absl::ToUnixMicros(clock.Now())})
          .status());
  if (step.needs == 0) return absl::OkStatus();
  return connection
      .Execute(absl::StrCat("INSERT INTO ", kContractTable,
                            " (component, number, needs) VALUES (:p1, :p2, :p3)"),
               {step.component, int64_t{step.number}, int64_t{step.needs}})
      .status();
}

// Whether a transaction was undone because of what others did just then.
bool IsWorthAnotherTry(const absl::Status& status) {
  return ReasonOf(status) == "DATABASE_BUSY" || ReasonOf(status) == "TRANSACTION_ABORTED";
}

}  // namespace

absl::Status RunPatiently(absl::Duration rest, absl::FunctionRef<absl::Status()> run,
                          const WaitOptions& options) {
  Wait wait("other processes", kPatience, options);
  absl::Status status = run();
  while (IsWorthAnotherTry(status) && wait.Pause(rest, status)) status = run();
  return status;
}

absl::Status CreateMigrationTables(Connection& connection) {
  RETURN_IF_ERROR(connection
                      .Execute(absl::StrCat(
                          "CREATE TABLE IF NOT EXISTS ", kMigrationTable,
                          " (component TEXT NOT NULL, number BIGINT NOT NULL, sha256 TEXT NOT "
                          "NULL, apply_time BIGINT NOT NULL, PRIMARY KEY (component, number))"))
                      .status());
  return connection
      .Execute(absl::StrCat("CREATE TABLE IF NOT EXISTS ", kContractTable,
                            " (component TEXT NOT NULL, number BIGINT NOT NULL, needs BIGINT NOT "
                            "NULL, PRIMARY KEY (component, number))"))
      .status();
}

absl::Status Migrate(absl::Span<const Migration> migrations, const BackEnd& back_end,
                     const Clock& clock, RunInTransaction run, const WaitOptions& wait) {
  const absl::string_view lock = back_end.LockMigrations();
  RETURN_IF_ERROR(CheckNumbers(migrations));
  // Whoever waits for a step of another process holds no lock meanwhile that others wait for.
  const auto run_in_turn = [&](absl::FunctionRef<absl::Status(Connection&)> body) {
    return lock.empty() ? run(body)
                        : RunPatiently(
                              kRestOfStep, [&] { return run(body); }, wait);
  };
  // Everything is checked before anything is applied; and each step is looked up again in its own
  // transaction, because another process may have applied it meanwhile.
  const auto checked = [&](Connection& connection) -> absl::StatusOr<Applied> {
    if (!lock.empty()) {
      RETURN_IF_ERROR(Annotate(connection.Execute(lock).status(), "the turn to migrate"));
    }
    ASSIGN_OR_RETURN(Applied applied, ReadApplied(connection));
    RETURN_IF_ERROR(CheckApplied(applied, migrations));
    return applied;
  };
  Applied applied;
  RETURN_IF_ERROR(run_in_turn([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(applied, checked(connection));
    return absl::OkStatus();
  }));
  for (const Migration& step : migrations) {
    const std::pair<std::string, int> key(step.component, step.number);
    if (applied.contains(key)) continue;
    RETURN_IF_ERROR(run_in_turn([&](Connection& connection) -> absl::Status {
      ASSIGN_OR_RETURN(applied, checked(connection));
      return applied.contains(key) ? absl::OkStatus()
                                   : Apply(connection, step, back_end.GiveWay(), clock);
    }));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Migration>> PendingMigrations(Database& database,
                                                         absl::Span<const Migration> migrations) {
  RETURN_IF_ERROR(CheckNumbers(migrations));
  Applied applied;
  RETURN_IF_ERROR(database.Read([&](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(applied, ReadApplied(connection));
    return absl::OkStatus();
  }));
  RETURN_IF_ERROR(CheckApplied(applied, migrations));
  std::vector<Migration> pending;
  for (const Migration& step : migrations) {
    if (!applied.contains({step.component, step.number})) pending.push_back(step);
  }
  return pending;
}

absl::StatusOr<bool> HasLaterSteps(Connection& connection, absl::Span<const Migration> migrations) {
  ASSIGN_OR_RETURN(Applied applied, ReadApplied(connection));
  for (const Migration& step : migrations) applied.erase({step.component, step.number});
  return !applied.empty();
}

absl::StatusOr<std::vector<std::string>> MigratedComponents(Connection& connection) {
  ASSIGN_OR_RETURN(const Applied applied, ReadApplied(connection));
  std::vector<std::string> components;
  for (const auto& [step, how] : applied) {
    if (components.empty() || components.back() != step.first) components.push_back(step.first);
  }
  return components;
}

}  // namespace critac::store
