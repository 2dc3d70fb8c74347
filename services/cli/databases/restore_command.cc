#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/journal/event_time.h"
#include "common/journal/transfer.h"
#include "common/status/error.h"
#include "services/cli/commands.h"
#include "services/cli/databases/backup_file.h"
#include "services/cli/databases/backup_folder.h"
#include "services/cli/databases/center_databases.h"
#include "services/cli/databases/fill_databases.h"
#include "services/cli/databases/moment.h"
#include "services/cli/databases/print_contents.h"
#include "services/cli/exit_status.h"
#include "services/cli/progress_bar.h"

namespace critac::cli {
namespace {

using journal::v1::BackupRecord;
using journal::v1::JournalContent;

struct RestoreArguments {
  DatabaseArguments databases;
  std::string from;
  std::string to;
  bool dry_run = false;
};

// The journal's content in the backup up to the moment; null where the backup has not got it.
const JournalContent* ContentOf(const CheckedBackup& backup, const std::string& journal) {
  for (const JournalContent& content : backup.until) {
    if (content.journal() == journal) return &content;
  }
  return nullptr;
}

absl::StatusOr<std::vector<JournalContent>> Wanted(const CheckedBackup& backup,
                                                   const std::vector<DatabasePlace>& places) {
  std::vector<JournalContent> wanted;
  for (const DatabasePlace& place : places) {
    const JournalContent* content = ContentOf(backup, place.journal->name);
    if (content == nullptr) {
      std::vector<std::string> there;
      for (const JournalContent& each : backup.until) there.push_back(each.journal());
      return UsageError(
          absl::StrCat("--from: the backup has no journal of ", place.journal->name,
                       "; --service names one that it has: ", absl::StrJoin(there, ", ")));
    }
    wanted.push_back(*content);
  }
  return wanted;
}

// A moment that the backup does not reach, or that nothing comes before.
absl::Status CheckMoment(const CheckedBackup& backup, absl::Time until,
                         const std::vector<JournalContent>& wanted) {
  if (until == absl::InfiniteFuture()) return absl::OkStatus();
  const absl::Time taken = journal::FromTimestamp(backup.manifest.create_time());
  if (until > taken) {
    return UsageError(absl::StrCat("--to: ", MomentText(until), " is after the backup was taken, ",
                                   MomentText(taken),
                                   "; accepted: up to then, or no --to for all of it"));
  }
  if (absl::c_all_of(wanted, [](const auto& content) { return content.head_sequence() == 0; })) {
    return UsageError(
        absl::StrCat("--to: nothing was recorded up to ", MomentText(until), " in any journal"));
  }
  return absl::OkStatus();
}

absl::Status RunRestore(Context& context, const RestoreArguments& arguments) {
  World& world = context.world();
  absl::Time until = absl::InfiniteFuture();
  if (!arguments.to.empty()) {
    ASSIGN_OR_RETURN(until, ParseMoment("--to", arguments.to));
  }
  ASSIGN_OR_RETURN(std::vector<DatabasePlace> places, PlacesOf(world, arguments.databases));
  CheckedBackup backup;
  {
    ProgressBar bar(world, "checking the backup");
    ASSIGN_OR_RETURN(backup, CheckBackup(arguments.from, until, [&bar](double fraction) {
                       bar.Update(fraction, "files");
                     }));
  }
  ASSIGN_OR_RETURN(const std::vector<JournalContent> wanted, Wanted(backup, places));
  RETURN_IF_ERROR(CheckMoment(backup, until, wanted));
  if (!arguments.dry_run) {
    ASSIGN_OR_RETURN(
        const std::unique_ptr<CenterDatabases> databases,
        CenterDatabases::OpenToMigrate(std::move(places), DatabaseUse::kFill, WaitAndTell(world)));
    ProgressBar bar(world, "restore");
    RETURN_IF_ERROR(FillDatabases(
        *databases, wanted, bar, TellDerivation(world),
        [&](size_t i, absl::FunctionRef<absl::Status(const BackupRecord&)> add) {
          const std::string path =
              absl::StrCat(arguments.from, "/", BackupFolder::FileOf(databases->journal(i).name));
          return ReadRecordFile(path,
                                [&](const BackupRecord& record, double) { return add(record); });
        },
        [] { return absl::OkStatus(); }));
  }
  if (context.printer().format() == OutputFormat::kTable) {
    world.out << (arguments.dry_run ? "would restore from " : "restored from ") << arguments.from
              << ", every chain verified\n";
  }
  return PrintContents(context, wanted);
}

}  // namespace

void AddRestoreCommand(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<RestoreArguments>();
  CLI::App& command = context.AddCommand(
      app, "restore", "Puts a backup into databases that are empty, up to a moment or all of it",
      {"critac restore --from /backup/2026-11-28 --data /var/lib/critac",
       "critac restore --from /backup/2026-11-28 --to 2026-11-28T09:30:00Z --data ./then",
       "critac restore --from /backup/2026-11-28 --dry-run"},
      [&context, arguments] { return RunRestore(context, *arguments); });
  command.add_option("--from", arguments->from, "Folder of the backup")
      ->type_name("FOLDER")
      ->required();
  command
      .add_option("--to", arguments->to,
                  "Restore what was recorded up to this moment, RFC 3339: 2026-11-28T09:30:00Z")
      ->type_name("TIME");
  command.add_flag("--dry-run", arguments->dry_run,
                   "Only check the backup, and say what would be restored");
  AddDatabaseOptions(command, arguments->databases);
}

}  // namespace critac::cli
