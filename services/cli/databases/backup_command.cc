#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/journal/transfer.h"
#include "common/status/error.h"
#include "services/cli/commands.h"
#include "services/cli/databases/backup_file.h"
#include "services/cli/databases/backup_folder.h"
#include "services/cli/databases/center_databases.h"
#include "services/cli/databases/moment.h"
#include "services/cli/databases/print_contents.h"
#include "services/cli/exit_status.h"
#include "services/cli/number_text.h"
#include "services/cli/progress_bar.h"

namespace critac::cli {
namespace {

using journal::v1::BackupRecord;
using journal::v1::JournalContent;

struct BackupArguments {
  DatabaseArguments databases;
  std::string to;
  // 0: all are kept.
  int keep_days = 0;
};

// What journals hold, in the order of the databases. Those that follow others are looked at before them, so that
// none knows of something that its source does not.
absl::StatusOr<std::vector<JournalContent>> LookAtAll(
    CenterDatabases& databases, absl::Span<store::Connection* const> connections) {
  std::vector<JournalContent> contents(databases.size());
  for (size_t i = databases.size(); i-- > 0;) {
    ASSIGN_OR_RETURN(contents[i],
                     journal::ReadContent(*connections[i], databases.database(i).backend(),
                                          databases.journal(i).name));
  }
  return contents;
}

int64_t RecordsIn(const JournalContent& content) {
  return content.head_sequence() + content.vault_text_count() + content.answer_count();
}

absl::Status WriteFiles(CenterDatabases& databases, const BackupFolder& folder, ProgressBar& bar,
                        std::vector<JournalContent>& contents) {
  return databases.ReadAll([&](absl::Span<store::Connection* const> connections) -> absl::Status {
    ASSIGN_OR_RETURN(contents, LookAtAll(databases, connections));
    int64_t all = 1;
    for (const JournalContent& content : contents) all += RecordsIn(content);
    int64_t done = 0;
    for (size_t i = 0; i < databases.size(); ++i) {
      const std::string& name = databases.journal(i).name;
      const std::string path = absl::StrCat(folder.partial(), "/", BackupFolder::FileOf(name));
      ASSIGN_OR_RETURN(const std::unique_ptr<RecordFileWriter> writer,
                       RecordFileWriter::Create(path));
      const absl::Status written =
          journal::ReadRecords(*connections[i], [&](const BackupRecord& record) {
            ++done;
            bar.Update(static_cast<double>(done) / static_cast<double>(all),
                       absl::StrCat(name, ", ", WithThousands(done), " records"));
            return writer->Write(record);
          });
      RETURN_IF_ERROR(Annotate(written, name));
      RETURN_IF_ERROR(writer->Finish());
    }
    return absl::OkStatus();
  });
}

absl::Status CheckAsWritten(const std::string& folder, ProgressBar& bar) {
  return CheckBackup(folder, absl::InfiniteFuture(),
                     [&bar](double fraction) { bar.Update(fraction, "reading it back"); })
      .status();
}

// Backups can be told apart by their times, all in one folder.
absl::Status CheckKeep(const BackupArguments& arguments, absl::Time now) {
  std::filesystem::path to = std::filesystem::path(arguments.to).lexically_normal();
  if (!to.has_filename()) to = to.parent_path();  // of `folder/`
  const std::string name = to.filename().string();
  const std::string above = to.parent_path().string();
  if (arguments.keep_days == 0 ||
      (TimeIn(name, PutTimeInto(name, now)).has_value() && PutTimeInto(above, now) == above)) {
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat(
      "--keep: by the time in its name a backup is known to be old; --to \"", arguments.to,
      "\" has none in its last part alone; accepted: for example "
      "/backup/{time}"));
}

// A backup that was made is one, though an old one cannot be removed; that is only told.
void RemoveOldBackups(Context& context, const BackupArguments& arguments, absl::Time now) {
  if (arguments.keep_days == 0) return;
  World& world = context.world();
  const OldBackups old =
      RemoveBackupsBefore(arguments.to, now - absl::Hours(24) * arguments.keep_days);
  if (context.printer().format() == OutputFormat::kTable) {
    for (const std::string& folder : old.removed) {
      world.out << "removed " << folder << ", older than " << arguments.keep_days << " days\n";
    }
  }
  for (const absl::Status& failure : old.failures) {
    world.err << "not removed: " << failure.message() << "\n";
  }
}

absl::Status RunBackup(Context& context, const BackupArguments& arguments) {
  World& world = context.world();
  // What is recorded at this moment is in, or is being written; later it may be in or not.
  const absl::Time now = world.clock.Now();
  RETURN_IF_ERROR(CheckKeep(arguments, now));
  ASSIGN_OR_RETURN(std::vector<DatabasePlace> places, PlacesOf(world, arguments.databases));
  RemoveLeftOfOtherTimes(arguments.to);
  const std::string to = PutTimeInto(arguments.to, now);
  ASSIGN_OR_RETURN(const std::unique_ptr<BackupFolder> folder, BackupFolder::Begin(to));
  ASSIGN_OR_RETURN(const std::unique_ptr<CenterDatabases> databases,
                   CenterDatabases::Open(std::move(places), DatabaseUse::kLook));
  std::vector<JournalContent> contents;
  {
    ProgressBar bar(world, "backup");
    RETURN_IF_ERROR(WriteFiles(*databases, *folder, bar, contents));
    for (const JournalContent& content : contents) RETURN_IF_ERROR(folder->Add(content));
    RETURN_IF_ERROR(folder->Seal(now, CRITAC_VERSION));
    RETURN_IF_ERROR(CheckAsWritten(folder->partial(), bar));
  }
  RETURN_IF_ERROR(folder->Publish());
  if (context.printer().format() == OutputFormat::kTable) {
    world.out << "backup of " << MomentText(now) << " in " << to << "\n";
  }
  RemoveOldBackups(context, arguments, now);
  return PrintContents(context, contents);
}

}  // namespace

void AddBackupCommand(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<BackupArguments>();
  CLI::App& command = context.AddCommand(
      app, "backup",
      "Writes a backup of the services' databases while they serve, and reads it back to check it",
      {"critac backup --to /backup/2026-11-28", "critac backup --to '/backup/{time}' --keep 30",
       "critac backup --data /var/lib/critac --service intake --to ./intake-backup"},
      [&context, arguments] { return RunBackup(context, *arguments); });
  command
      .add_option("--to", arguments->to,
                  "Folder to write it to, not there yet or empty; {time} in it becomes the time of "
                  "the backup")
      ->type_name("FOLDER")
      ->required();
  command
      .add_option("--keep", arguments->keep_days,
                  "Then remove the backups beside it whose {time} is longer ago than so many days, "
                  "1 to 36500, but never the newest; without it all are kept")
      ->type_name("DAYS")
      ->check(CLI::Range(1, 36500).description(""));
  AddDatabaseOptions(command, arguments->databases);
}

}  // namespace critac::cli
