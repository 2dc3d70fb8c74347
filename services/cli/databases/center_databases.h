#ifndef SERVICES_CLI_DATABASES_CENTER_DATABASES_H_
#define SERVICES_CLI_DATABASES_CENTER_DATABASES_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "common/store/data_folder.h"
#include "common/store/database.h"
#include "common/store/wait.h"
#include "services/cli/context.h"

// The databases of a center's services, for commands that work on them directly and call nobody.
namespace critac::cli {

// Which services, and where their databases are, as it was given.
struct DatabaseArguments {
  std::vector<std::string> services;
  // By the names of settings: `data`, `database-intake`, …
  std::map<std::string, std::string> flags;
};

// Registers --service, --data, --config, --database-intake, …
void AddDatabaseOptions(CLI::App& command, DatabaseArguments& arguments);
// The same but for --service: the command names it otherwise.
void AddPlaceOptions(CLI::App& command, DatabaseArguments& arguments);

// The journals that a command works on: of the services given, or all that this program has.
// UsageError: it has not got one.
absl::StatusOr<std::vector<const journal::JournalOptions*>> JournalsOf(
    const World& world, const std::vector<std::string>& services);

// Where a service's database is: at a URL, or in the data folder.
struct DatabasePlace {
  const journal::JournalOptions* journal = nullptr;
  std::string url;
  // Empty: the URL was given.
  std::string data_folder;
};

// The places that flags, environment and file name.
absl::StatusOr<std::vector<DatabasePlace>> PlacesOf(const World& world,
                                                    const DatabaseArguments& arguments);
// Those of URLs by service.
std::vector<DatabasePlace> PlacesAt(const std::vector<const journal::JournalOptions*>& journals,
                                    const std::map<std::string, std::string>& urls);

// What a command is about to do.
enum class DatabaseUse {
  kLook,    // the databases are there, and may be served meanwhile
  kChange,  // they are there; one of SQLite is not served
  kFill,    // SQLite's are made where they are not there, and are not served
};

// How who works on databases waits for others: what for is told on `err`, in lines.
store::WaitOptions WaitAndTell(World& world);

// Tells on `err`, in lines, how a service's records are derived; nothing on a terminal, where a ProgressBar does.
journal::DerivationObserver TellDerivation(World& world);

// Databases that are open, one for each place, in their order.
class CenterDatabases {
 public:
  // FAILED_PRECONDITION: another process has one. UsageError: one is not there.
  static absl::StatusOr<std::unique_ptr<CenterDatabases>> Open(std::vector<DatabasePlace> places,
                                                               DatabaseUse use) {
    return Open(std::move(places), use, LongestPauseOf(use));
  }
  // The same with another `longest_pause` of DatabaseOptions.
  static absl::StatusOr<std::unique_ptr<CenterDatabases>> Open(std::vector<DatabasePlace> places,
                                                               DatabaseUse use,
                                                               absl::Duration longest_pause) {
    return Open(std::move(places), use, longest_pause, {});
  }
  // The same as the first, for who migrates and waits for others as `wait` says: its lines begin with the service.
  static absl::StatusOr<std::unique_ptr<CenterDatabases>> OpenToMigrate(
      std::vector<DatabasePlace> places, DatabaseUse use, const store::WaitOptions& wait) {
    return Open(std::move(places), use, LongestPauseOf(use), wait);
  }
  // Removes the files that it made, unless Keep was called.
  ~CenterDatabases();

  size_t size() const { return places_.size(); }
  const journal::JournalOptions& journal(size_t i) const { return *places_[i].journal; }
  store::Database& database(size_t i) { return *databases_[i]; }
  // What a message calls the database: no password is in it.
  std::string NameOf(size_t i) const;

  // Runs `body` within a transaction of each database, all at once; they are committed when it returns OK, one
  // after the other, and undone otherwise.
  using Body = absl::FunctionRef<absl::Status(absl::Span<store::Connection* const>)>;
  absl::Status ReadAll(Body body);
  absl::Status WriteAll(Body body);

  void Keep() { made_.clear(); }

 private:
  explicit CenterDatabases(std::vector<DatabasePlace> places) : places_(std::move(places)) {}
  static absl::Duration LongestPauseOf(DatabaseUse use);
  static absl::StatusOr<std::unique_ptr<CenterDatabases>> Open(std::vector<DatabasePlace> places,
                                                               DatabaseUse use,
                                                               absl::Duration longest_pause,
                                                               const store::WaitOptions& wait);
  absl::Status OpenOne(const DatabasePlace& place, DatabaseUse use, absl::Duration longest_pause,
                       const store::WaitOptions& wait);
  absl::Status Nest(bool write, std::vector<store::Connection*>& connections, Body body);

  const std::vector<DatabasePlace> places_;
  // By path.
  std::map<std::string, std::unique_ptr<store::DataFolder>> folders_;
  std::vector<std::unique_ptr<store::Database>> databases_;
  // SQLite's files that were not there.
  std::vector<std::string> made_;
};

}  // namespace critac::cli

#endif  // SERVICES_CLI_DATABASES_CENTER_DATABASES_H_
