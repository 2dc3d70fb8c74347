#include "common/store/tables_of.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace critac::store {
namespace {

using ::testing::ElementsAre;

TEST(TablesOf, NamesAllTablesWhateverTheyAreCalled) {
  const testing::TempFolder folder;
  const auto database = Database::Open({.url = "sqlite:" + folder.file("a.db")});
  ASSERT_TRUE(database.ok()) << database.status();
  const absl::Status status = (*database)->Write([](Connection& connection) {
    EXPECT_TRUE(connection.Execute("CREATE TABLE \"a \"\"b\" (x BIGINT)").ok());
    EXPECT_TRUE(connection.Execute("CREATE TABLE other (x BIGINT)").ok());
    const auto tables = TablesOf(connection, Backend::kSqlite);
    EXPECT_TRUE(tables.ok()) << tables.status();
    EXPECT_THAT(*tables,
                ElementsAre("a \"b", "critac_migration", "critac_migration_contract", "other"));
    EXPECT_EQ(*HasRows(connection, "a \"b"), false);
    EXPECT_TRUE(connection.Execute("INSERT INTO \"a \"\"b\" (x) VALUES (1)").ok());
    EXPECT_EQ(*HasRows(connection, "a \"b"), true);
    EXPECT_EQ(*HasRows(connection, "other"), false);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace critac::store
