#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/journal/transfer.h"
#include "common/status/error.h"
#include "services/cli/commands.h"
#include "services/cli/databases/center_databases.h"
#include "services/cli/databases/fill_databases.h"
#include "services/cli/databases/print_contents.h"
#include "services/cli/databases/target_urls.h"
#include "services/cli/exit_status.h"
#include "services/cli/progress_bar.h"

namespace critac::cli {
namespace {

using journal::v1::BackupRecord;
using journal::v1::JournalContent;

struct MoveArguments {
  DatabaseArguments databases;
  std::vector<std::string> to;
};

absl::StatusOr<std::vector<JournalContent>> ContentsOf(
    CenterDatabases& databases, absl::Span<store::Connection* const> connections) {
  std::vector<JournalContent> contents;
  for (size_t i = 0; i < databases.size(); ++i) {
    ASSIGN_OR_RETURN(contents.emplace_back(),
                     journal::ReadContent(*connections[i], databases.database(i).backend(),
                                          databases.journal(i).name));
  }
  return contents;
}

// What was recorded in the old place meanwhile would be missing in the new one.
absl::Status CheckUnchanged(CenterDatabases& from, absl::Span<const JournalContent> contents) {
  std::vector<JournalContent> now;
  RETURN_IF_ERROR(
      from.ReadAll([&](absl::Span<store::Connection* const> connections) -> absl::Status {
        ASSIGN_OR_RETURN(now, ContentsOf(from, connections));
        return absl::OkStatus();
      }));
  for (size_t i = 0; i < contents.size(); ++i) {
    if (now[i].SerializeAsString() == contents[i].SerializeAsString()) continue;
    return FailedPrecondition(
        "JOURNAL_IN_USE", contents[i].journal(),
        absl::StrCat("somebody wrote to ", from.NameOf(i), " meanwhile, up to event ",
                     now[i].head_sequence(), "; stop the services first"));
  }
  return absl::OkStatus();
}

bool IsSameFile(absl::string_view a, absl::string_view b) {
  if (!absl::ConsumePrefix(&a, "sqlite:") || !absl::ConsumePrefix(&b, "sqlite:")) return a == b;
  std::error_code ignored;
  return std::filesystem::weakly_canonical(std::string(a), ignored) ==
         std::filesystem::weakly_canonical(std::string(b), ignored);
}

absl::Status RunMove(Context& context, const MoveArguments& arguments) {
  World& world = context.world();
  ASSIGN_OR_RETURN(std::vector<DatabasePlace> places, PlacesOf(world, arguments.databases));
  ASSIGN_OR_RETURN(const auto journals, JournalsOf(world, arguments.databases.services));
  std::vector<std::string> services;
  for (const journal::JournalOptions* journal : journals) services.push_back(journal->name);
  ASSIGN_OR_RETURN(const auto urls, ParseTargetUrls(arguments.to, services));
  for (const DatabasePlace& place : places) {
    if (!IsSameFile(place.url, urls.at(place.journal->name))) continue;
    return UsageError(absl::StrCat("--to: ", place.journal->name, " is there already"));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<CenterDatabases> from,
                   CenterDatabases::Open(std::move(places), DatabaseUse::kChange));
  ASSIGN_OR_RETURN(const std::unique_ptr<CenterDatabases> to,
                   CenterDatabases::OpenToMigrate(PlacesAt(journals, urls), DatabaseUse::kFill,
                                                  WaitAndTell(world)));
  std::vector<JournalContent> contents;
  // One state of the old databases for all that is read of them.
  RETURN_IF_ERROR(
      from->ReadAll([&](absl::Span<store::Connection* const> connections) -> absl::Status {
        ASSIGN_OR_RETURN(contents, ContentsOf(*from, connections));
        return absl::OkStatus();
      }));
  {
    ProgressBar bar(world, "move");
    RETURN_IF_ERROR(FillDatabases(
        *to, contents, bar, TellDerivation(world),
        [&](size_t i, absl::FunctionRef<absl::Status(const BackupRecord&)> add) {
          return from->database(i).Read(
              [&](store::Connection& connection) { return journal::ReadRecords(connection, add); });
        },
        [&] { return CheckUnchanged(*from, contents); }));
  }
  if (context.printer().format() == OutputFormat::kTable) {
    world.out << "moved, every chain verified and as it was; the old databases are unchanged\n";
    for (size_t i = 0; i < to->size(); ++i) {
      world.out << "  " << from->NameOf(i) << " -> " << to->NameOf(i) << "\n";
    }
  }
  return PrintContents(context, contents);
}

}  // namespace

void AddMoveCommand(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<MoveArguments>();
  CLI::App& command = context.AddCommand(
      app, "move",
      "Copies the journals of services that are stopped into other databases, of either kind",
      {"critac move --data /var/lib/critac --to 'postgresql://critac@db/critac_{service}'",
       "critac move --to intake=postgresql://db/a --to matching=postgresql://db/b --to "
       "metrics=postgresql://db/c",
       "critac move --config critac.toml --to 'sqlite:/var/lib/critac/{service}.db'"},
      [&context, arguments] { return RunMove(context, *arguments); });
  AddRepeated(command, "--to", arguments->to,
              "Databases to move to, empty: a URL with {service} in it for all, or SERVICE=URL for "
              "each")
      ->type_name("URL")
      ->required();
  AddDatabaseOptions(command, arguments->databases);
}

}  // namespace critac::cli
