#ifndef TESTS_SUPPORT_TEST_DATABASES_H_
#define TESTS_SUPPORT_TEST_DATABASES_H_

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/store/database.h"
#include "gtest/gtest.h"
#include "tests/support/postgresql_server.h"
#include "tests/support/temp_folder.h"

namespace critac::testing {

// Databases of a test, by name, empty when first opened and as they were when opened again: files of
// SQLite, or, with CRITAC_TEST_DATABASE=postgresql in the environment, of a PostgreSQL that all tests
// of the process share. So the same tests run on both.
class TestDatabases {
 public:
  // Makes tables in a database that is empty, and closes it.
  using Make = std::function<void(std::unique_ptr<store::Database>)>;

  // `backend` whatever the environment says: for tests of several processes over one database.
  explicit TestDatabases(store::Backend backend = Wanted()) : backend_(backend) {}

  // What the environment says.
  static store::Backend Wanted() {
    const char* wanted = std::getenv("CRITAC_TEST_DATABASE");
    return wanted != nullptr && std::string(wanted) == "postgresql" ? store::Backend::kPostgresql
                                                                    : store::Backend::kSqlite;
  }
  static bool AreOnPostgresql() { return Wanted() == store::Backend::kPostgresql; }

  std::string url(const std::string& name) {
    std::string& url = urls_[name];
    if (url.empty()) url = makes_.count(name) > 0 ? CopyOfModel(name) : NewUrl(name, folder_, "");
    return url;
  }

  // Has databases of this name begin as `make` leaves one, which is made once in a program: tables take longer to make
  // than to copy. Before the first of the name is opened; `make` closes what it is given, and is the same wherever the
  // name is.
  void BeginWith(const std::string& name, Make make) {
    makes_.insert_or_assign(name, std::move(make));
  }

  absl::StatusOr<std::unique_ptr<store::Database>> Open(const std::string& name) {
    return store::Database::Open({.url = url(name)});
  }

 private:
  // Of a new database: a file in `folder`, not there yet, or one of PostgreSQL, a copy of `model` where it names one.
  std::string NewUrl(const std::string& name, const TempFolder& folder, const std::string& model) {
    if (backend_ == store::Backend::kSqlite)
      return absl::StrCat("sqlite:", folder.file(name), ".sqlite");
    static PostgresqlServer server;
    static int count = 0;
    EXPECT_TRUE(server.is_up());
    return server.MakeDatabase(absl::StrCat("test", ++count), model);
  }

  std::string CopyOfModel(const std::string& name) {
    static const TempFolder folder;
    static std::map<std::pair<store::Backend, std::string>, std::string> models;
    std::string& model = models[{backend_, name}];
    if (model.empty()) {
      model = NewUrl(name, folder, "");
      auto database = store::Database::Open({.url = model});
      EXPECT_TRUE(database.ok()) << database.status();
      makes_.at(name)(*std::move(database));
    }
    if (backend_ == store::Backend::kPostgresql) {
      return NewUrl(name, folder_, PostgresqlServer::DatabaseOf(model));
    }
    std::string url = NewUrl(name, folder_, "");
    std::filesystem::copy_file(FileOf(model), FileOf(url));
    return url;
  }

  static std::string FileOf(const std::string& url) {
    return std::string(absl::StripPrefix(url, "sqlite:"));
  }

  const store::Backend backend_;
  const TempFolder folder_;
  std::map<std::string, Make> makes_;
  std::map<std::string, std::string> urls_;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_TEST_DATABASES_H_
