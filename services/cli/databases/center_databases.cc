#include "services/cli/databases/center_databases.h"

#include <filesystem>
#include <ostream>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/server/config.h"
#include "common/status/error.h"
#include "common/store/postgresql_database.h"
#include "common/store/sqlite_holder.h"
#include "services/cli/exit_status.h"
#include "services/cli/number_text.h"
#include "services/cli/servers.h"

namespace critac::cli {
namespace {

// The path of a SQLite database; empty: it is another's.
std::string SqlitePathOf(absl::string_view url) {
  return absl::ConsumePrefix(&url, "sqlite:") ? std::string(url) : std::string();
}

bool IsThere(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

void AddPlaceOption(CLI::App& command, DatabaseArguments& arguments, const std::string& name,
                    const std::string& type, const std::string& help) {
  command
      .add_option_function<std::string>(
          absl::StrCat("--", name),
          [&arguments, name](const std::string& value) { arguments.flags[name] = value; }, help)
      ->type_name(type);
}

absl::Status NotThere(const DatabasePlace& place, const std::string& path) {
  return UsageError(absl::StrCat(
      place.journal->name, ": ", path, ": there is no such database; ",
      place.data_folder.empty() ? "its URL was given so"
                                : absl::StrCat("--data FOLDER, --database-", place.journal->name,
                                               " URL or their variables say where it is")));
}

}  // namespace

void AddPlaceOptions(CLI::App& command, DatabaseArguments& arguments) {
  AddPlaceOption(command, arguments, "data", "FOLDER",
                 "Folder of the databases that have no URL of their own (default: critac-data; "
                 "CRITAC_DATA)");
  for (const std::string& service : AllJournals()) {
    AddPlaceOption(
        command, arguments, absl::StrCat("database-", service), "URL",
        absl::StrCat("Database of ", service, ", sqlite:PATH or postgresql://USER@HOST/NAME (",
                     service == "intake"     ? "CRITAC_DATABASE_INTAKE"
                     : service == "matching" ? "CRITAC_DATABASE_MATCHING"
                                             : "CRITAC_DATABASE_METRICS",
                     ")"));
  }
  AddPlaceOption(command, arguments, "config", "FILE",
                 "TOML file of a service, to read these from (CRITAC_CONFIG)");
}

void AddDatabaseOptions(CLI::App& command, DatabaseArguments& arguments) {
  AddRepeated(
      command, "--service", arguments.services,
      "Only this service: intake, matching, metrics; its --database is then CRITAC_DATABASE "
      "too")
      ->check(OneOf(AllJournals()))
      ->type_name("NAME");
  AddPlaceOptions(command, arguments);
}

absl::StatusOr<std::vector<const journal::JournalOptions*>> JournalsOf(
    const World& world, const std::vector<std::string>& services) {
  std::vector<const journal::JournalOptions*> journals;
  for (const journal::JournalOptions& journal : world.journals) {
    if (services.empty() || absl::c_linear_search(services, journal.name)) {
      journals.push_back(&journal);
    }
  }
  for (const std::string& service : services) {
    if (!absl::c_any_of(journals, [&](const auto* journal) { return journal->name == service; })) {
      return UsageError(absl::StrCat("--service: this program has no service ", service));
    }
  }
  if (journals.empty()) return UsageError("this program has no service");
  return journals;
}

absl::StatusOr<std::vector<DatabasePlace>> PlacesOf(const World& world,
                                                    const DatabaseArguments& arguments) {
  ASSIGN_OR_RETURN(const auto journals, JournalsOf(world, arguments.services));
  std::vector<std::string> names;
  for (const journal::JournalOptions* journal : journals) names.push_back(journal->name);
  ASSIGN_OR_RETURN(
      const server::DatabaseSettings settings,
      server::ReadDatabaseSettings(names, AllJournals(), arguments.flags, world.environment));
  std::vector<DatabasePlace> places;
  for (const journal::JournalOptions* journal : journals) {
    const auto url = settings.databases.find(journal->name);
    if (url != settings.databases.end()) {
      places.push_back({journal, url->second, ""});
    } else {
      places.push_back({journal, absl::StrCat("sqlite:", settings.data, "/", journal->name, ".db"),
                        settings.data});
    }
    for (const DatabasePlace& before : absl::MakeSpan(places).first(places.size() - 1)) {
      if (before.url != places.back().url) continue;
      return UsageError(absl::StrCat("--database-", journal->name, ": is that of ",
                                     before.journal->name, " too; each needs its own"));
    }
  }
  return places;
}

std::vector<DatabasePlace> PlacesAt(const std::vector<const journal::JournalOptions*>& journals,
                                    const std::map<std::string, std::string>& urls) {
  std::vector<DatabasePlace> places;
  for (const journal::JournalOptions* journal : journals) {
    places.push_back({journal, urls.at(journal->name), ""});
  }
  return places;
}

store::WaitOptions WaitAndTell(World& world) {
  return {.clock = &world.clock,
          .sleep = world.sleep,
          .tell = [&err = world.err](const std::string& line) {
            err << line << "\n" << std::flush;
          }};
}

journal::DerivationObserver TellDerivation(World& world) {
  if (world.progress) return nullptr;
  return [&err = world.err](const journal::DerivationRecord& record) {
    const std::string all = absl::StrCat(WithThousands(record.all_events), " events");
    const std::string elapsed =
        absl::FormatDuration(absl::Trunc(record.elapsed, absl::Milliseconds(1)));
    err << record.journal;
    switch (record.stage) {
      case journal::DerivationRecord::Stage::kBegins:
        err << ": deriving its records from " << all;
        break;
      case journal::DerivationRecord::Stage::kGoesOn:
        err << ": still deriving its records, " << WithThousands(record.events) << " of " << all
            << " in " << elapsed;
        break;
      case journal::DerivationRecord::Stage::kEnded:
        // Why they were not, the command's own error says.
        err << (record.status.ok() ? ": derived its records from " : ": no records derived from ")
            << all << " in " << elapsed;
        break;
    }
    err << "\n" << std::flush;
  };
}

// Databases are filled, or read for a backup, one after the other within transactions of all, each of which is left
// alone meanwhile. Nobody else waits for what they lock: databases that are filled are empty, and a read locks nothing.
absl::Duration CenterDatabases::LongestPauseOf(DatabaseUse use) {
  if (use == DatabaseUse::kChange) return store::DatabaseOptions().longest_pause;
  return absl::InfiniteDuration();
}

absl::StatusOr<std::unique_ptr<CenterDatabases>> CenterDatabases::Open(
    std::vector<DatabasePlace> places, DatabaseUse use, absl::Duration longest_pause,
    const store::WaitOptions& wait) {
  std::unique_ptr<CenterDatabases> opened(new CenterDatabases(std::move(places)));
  // All that can be told without opening any comes first.
  for (const DatabasePlace& place : opened->places_) {
    const std::string path = SqlitePathOf(place.url);
    if (path.empty()) continue;
    if (use != DatabaseUse::kFill && !IsThere(path)) return NotThere(place, path);
  }
  for (const DatabasePlace& place : opened->places_) {
    RETURN_IF_ERROR(
        Annotate(opened->OpenOne(place, use, longest_pause, wait), place.journal->name));
  }
  return opened;
}

absl::Status CenterDatabases::OpenOne(const DatabasePlace& place, DatabaseUse use,
                                      absl::Duration longest_pause,
                                      const store::WaitOptions& wait) {
  const std::string path = SqlitePathOf(place.url);
  if (!path.empty() && use != DatabaseUse::kLook) {
    if (!place.data_folder.empty() && !folders_.contains(place.data_folder)) {
      ASSIGN_OR_RETURN(folders_[place.data_folder], store::DataFolder::Open(place.data_folder));
    }
    RETURN_IF_ERROR(store::CheckNobodyHasSqlite(path));
    if (!IsThere(path)) made_.push_back(path);
  }
  store::DatabaseOptions options;
  options.url = place.url;
  options.longest_pause = longest_pause;
  options.migration_wait = wait;
  if (wait.tell != nullptr) {
    options.migration_wait.tell = [tell = wait.tell,
                                   name = place.journal->name](const std::string& line) {
      tell(absl::StrCat(name, ": ", line));
    };
  }
  ASSIGN_OR_RETURN(std::unique_ptr<store::Database> database, store::Database::Open(options));
  databases_.push_back(std::move(database));
  return absl::OkStatus();
}

CenterDatabases::~CenterDatabases() {
  databases_.clear();
  std::error_code ignored;
  for (const std::string& path : made_) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(absl::StrCat(path, suffix), ignored);
    }
  }
}

std::string CenterDatabases::NameOf(size_t i) const {
  const std::string path = SqlitePathOf(places_[i].url);
  return path.empty() ? store::PostgresqlName(places_[i].url) : path;
}

absl::Status CenterDatabases::Nest(bool write, std::vector<store::Connection*>& connections,
                                   Body body) {
  const size_t i = connections.size();
  if (i == databases_.size()) return body(connections);
  const auto within = [&](store::Connection& connection) {
    connections.push_back(&connection);
    const absl::Status status = Nest(write, connections, body);
    connections.resize(i);
    return status;
  };
  return write ? databases_[i]->Write(within) : databases_[i]->Read(within);
}

absl::Status CenterDatabases::ReadAll(Body body) {
  std::vector<store::Connection*> connections;
  return Nest(false, connections, body);
}

absl::Status CenterDatabases::WriteAll(Body body) {
  std::vector<store::Connection*> connections;
  return Nest(true, connections, body);
}

}  // namespace critac::cli
