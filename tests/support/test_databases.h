#ifndef TESTS_SUPPORT_TEST_DATABASES_H_
#define TESTS_SUPPORT_TEST_DATABASES_H_

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
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
  // `backend` whatever the environment says: for tests of several processes over one database.
  explicit TestDatabases(store::Backend backend = Wanted()) : backend_(backend) {}

  static bool AreOnPostgresql() { return Wanted() == store::Backend::kPostgresql; }

  std::string url(const std::string& name) {
    if (backend_ == store::Backend::kSqlite)
      return absl::StrCat("sqlite:", folder_.file(name), ".sqlite");
    std::string& url = urls_[name];
    if (url.empty()) url = MakeDatabase();
    return url;
  }

  // Has a database that was not opened yet begin as one of `others` is, which nobody has open. For speed alone: on
  // PostgreSQL it begins empty.
  void BeginAs(const TestDatabases& others, const std::string& name) {
    if (backend_ != store::Backend::kSqlite) return;
    const std::string file = name + ".sqlite";
    std::filesystem::copy_file(others.folder_.file(file), folder_.file(file));
  }

  absl::StatusOr<std::unique_ptr<store::Database>> Open(const std::string& name) {
    return store::Database::Open({.url = url(name)});
  }

 private:
  static store::Backend Wanted() {
    const char* wanted = std::getenv("CRITAC_TEST_DATABASE");
    return wanted != nullptr && std::string(wanted) == "postgresql" ? store::Backend::kPostgresql
                                                                    : store::Backend::kSqlite;
  }

  static std::string MakeDatabase() {
    static PostgresqlServer server;
    static int count = 0;
    EXPECT_TRUE(server.is_up());
    return server.MakeDatabase(absl::StrCat("test", ++count));
  }

  const store::Backend backend_;
  const TempFolder folder_;
  std::map<std::string, std::string> urls_;
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_TEST_DATABASES_H_
