#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/journal/transfer.h"
#include "common/status/error.h"
#include "services/cli/commands.h"
#include "services/cli/databases/center_databases.h"
#include "services/cli/databases/print_contents.h"
#include "services/cli/number_text.h"
#include "services/cli/progress_bar.h"
#include "services/cli/servers.h"

namespace critac::cli {
namespace {

using journal::v1::JournalContent;

absl::StatusOr<JournalContent> LookAtOne(CenterDatabases& databases) {
  JournalContent content;
  RETURN_IF_ERROR(databases.database(0).Read([&](store::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(content, journal::ReadContent(connection, databases.database(0).backend(),
                                                   databases.journal(0).name));
    return absl::OkStatus();
  }));
  return content;
}

absl::Status RunRebuild(Context& context, const DatabaseArguments& arguments) {
  World& world = context.world();
  ASSIGN_OR_RETURN(std::vector<DatabasePlace> places, PlacesOf(world, arguments));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<CenterDatabases> databases,
      CenterDatabases::OpenToMigrate(std::move(places), DatabaseUse::kChange, WaitAndTell(world)));
  journal::JournalOptions journal = databases->journal(0);
  journal.derivation_observer = TellDerivation(world);
  store::Database& database = databases->database(0);
  ASSIGN_OR_RETURN(JournalContent content, LookAtOne(*databases));
  {
    ProgressBar bar(world, absl::StrCat("rebuilding ", journal.name));
    const double all = static_cast<double>(std::max<int64_t>(content.head_sequence(), 1));
    RETURN_IF_ERROR(Annotate(database.Migrate(journal::AllMigrations(journal, database.backend())),
                             journal.name));
    RETURN_IF_ERROR(Annotate(
        journal::RebuildProjections(database, journal,
                                    [&](int64_t sequence) {
                                      bar.Update(static_cast<double>(sequence) / all,
                                                 absl::StrCat(WithThousands(sequence), " events"));
                                    })
            .status(),
        journal.name));
  }
  ASSIGN_OR_RETURN(content, LookAtOne(*databases));
  return PrintContents(context, {content});
}

}  // namespace

void AddRebuildCommand(CLI::App& noun, Context& context) {
  auto arguments = std::make_shared<DatabaseArguments>();
  CLI::App& command = context.AddCommand(
      noun, "rebuild",
      "Derives a service's records anew from its events, in its database; the service is stopped",
      {"critac journal rebuild intake --data /var/lib/critac",
       "critac journal rebuild matching --database-matching postgresql://critac@db/matching"},
      [&context, arguments] { return RunRebuild(context, *arguments); });
  command
      .add_option_function<std::string>(
          "SERVICE", [arguments](const std::string& name) { arguments->services = {name}; },
          "intake, matching or metrics")
      ->check(OneOf(AllJournals()))
      ->required();
  AddPlaceOptions(command, *arguments);
}

}  // namespace critac::cli
