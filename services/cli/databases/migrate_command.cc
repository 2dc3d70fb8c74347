#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "common/store/migrate.h"
#include "common/store/wait.h"
#include "services/cli/commands.h"
#include "services/cli/databases/center_databases.h"
#include "services/cli/exit_status.h"

namespace critac::cli {
namespace {

struct MigrateArguments {
  DatabaseArguments databases;
  bool dry_run = false;
  int wait_seconds = 0;
};

// Opens them once all answer; a PostgreSQL server that is away is waited for.
absl::StatusOr<std::unique_ptr<CenterDatabases>> OpenPatiently(
    World& world, const std::vector<DatabasePlace>& places, DatabaseUse use,
    absl::Duration at_most) {
  const store::WaitOptions options = WaitAndTell(world);
  store::Wait wait("the database", at_most, options);
  for (;;) {
    absl::StatusOr<std::unique_ptr<CenterDatabases>> databases =
        CenterDatabases::OpenToMigrate(places, use, options);
    if (databases.ok() || !absl::IsUnavailable(databases.status()) ||
        !wait.Pause(limits::kDatabaseWaitPause, databases.status())) {
      return databases;
    }
  }
}

std::string NamesOfSteps(const std::vector<store::Migration>& steps) {
  return absl::StrJoin(steps, ", ", [](std::string* out, const store::Migration& step) {
    absl::StrAppend(out, step.component, "/", step.number);
  });
}

absl::Status RunMigrate(Context& context, const MigrateArguments& arguments) {
  ASSIGN_OR_RETURN(const std::vector<DatabasePlace> places,
                   PlacesOf(context.world(), arguments.databases));
  ASSIGN_OR_RETURN(const std::unique_ptr<CenterDatabases> databases,
                   OpenPatiently(context.world(), places,
                                 arguments.dry_run ? DatabaseUse::kLook : DatabaseUse::kChange,
                                 absl::Seconds(arguments.wait_seconds)));
  std::ostream& out = context.world().out;
  bool all_there = true;
  // All are looked at before any is changed, so that one that is refused stops the others too.
  std::vector<std::vector<store::Migration>> steps;
  std::vector<std::vector<store::Migration>> missing;
  for (size_t i = 0; i < databases->size(); ++i) {
    const std::string& name = databases->journal(i).name;
    steps.push_back(
        journal::AllMigrations(databases->journal(i), databases->database(i).backend()));
    absl::StatusOr<std::vector<store::Migration>> pending =
        store::PendingMigrations(databases->database(i), steps.back());
    RETURN_IF_ERROR(Annotate(pending.status(), name));
    missing.push_back(*std::move(pending));
  }
  for (size_t i = 0; i < databases->size(); ++i) {
    const std::string& name = databases->journal(i).name;
    if (missing[i].empty()) {
      out << name << ": has all tables of this version\n";
      continue;
    }
    all_there = false;
    if (arguments.dry_run) {
      out << name << ": would apply " << NamesOfSteps(missing[i]) << "\n";
      continue;
    }
    RETURN_IF_ERROR(Annotate(databases->database(i).Migrate(steps[i]), name));
    out << name << ": applied " << NamesOfSteps(missing[i]) << "\n" << std::flush;
  }
  return all_there || !arguments.dry_run ? absl::OkStatus() : AlreadyTold();
}

}  // namespace

void AddMigrateCommand(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<MigrateArguments>();
  CLI::App& command = context.AddCommand(
      app, "migrate",
      "Brings the services' databases to this version's tables; services do so too when they start",
      {"critac migrate --dry-run",
       "critac migrate --database-intake postgresql://critac@db/intake --service intake",
       "CRITAC_CONFIG=/etc/critac/critac.toml critac migrate"},
      [&context, arguments] { return RunMigrate(context, *arguments); });
  AddDatabaseOptions(command, arguments->databases);
  command.add_flag("--dry-run", arguments->dry_run,
                   "Only say what would be applied; exits with 1 where anything would");
  command
      .add_option("--wait", arguments->wait_seconds,
                  "Seconds to wait for a PostgreSQL server that is away (default: 0), at most 3600")
      ->check(CLI::Range(0, 3600).description(""));
}

}  // namespace critac::cli
