#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/conformance/database_conformance.h"
#include "tests/support/postgresql_server.h"
#include "tests/support/temp_folder.h"

namespace critac::store {
namespace {

class SqlitePlace final : public DatabasePlace {
 public:
  DatabaseOptions Options() const override {
    return {.url = "sqlite:" + folder_.file("center.db")};
  }

 private:
  testing::TempFolder folder_;
};

// A database of its own in a server that all tests share.
class PostgresqlPlace final : public DatabasePlace {
 public:
  DatabaseOptions Options() const override { return {.url = url_}; }

 private:
  static testing::PostgresqlServer& Server() {
    static testing::PostgresqlServer server;
    EXPECT_TRUE(server.is_up());
    return server;
  }
  static std::string NextName() {
    static int number = 0;
    return absl::StrCat("center", ++number);
  }

  const std::string url_ = Server().MakeDatabase(NextName());
};

// First: its test of a kill forks, and the server of the other is started by a thread (ChildProcess).
INSTANTIATE_TEST_SUITE_P(Sqlite, DatabaseConformance,
                         ::testing::Values(DatabaseKind{
                             "File", [] { return std::make_unique<SqlitePlace>(); }}),
                         NameOfKind);

INSTANTIATE_TEST_SUITE_P(Postgresql, DatabaseConformance,
                         ::testing::Values(DatabaseKind{
                             "Server", [] { return std::make_unique<PostgresqlPlace>(); }}),
                         NameOfKind);

}  // namespace
}  // namespace critac::store
