#include "common/store/tables_of.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status/error.h"

namespace critac::store {
namespace {

absl::string_view ListTables(Backend backend) {
  switch (backend) {
    case Backend::kSqlite:
      return "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> "
             "'sqlite_' ORDER BY name";
    case Backend::kPostgresql:
      return "SELECT CAST(tablename AS TEXT) FROM pg_catalog.pg_tables WHERE schemaname = "
             "current_schema() ORDER BY tablename";
  }
  return "";
}

}  // namespace

absl::StatusOr<std::vector<std::string>> TablesOf(Connection& connection, Backend backend) {
  std::vector<std::string> tables;
  RETURN_IF_ERROR(connection.Query(ListTables(backend), {}, [&](const Row& row) {
    tables.push_back(row.Text(0));
    return absl::OkStatus();
  }));
  return tables;
}

absl::StatusOr<bool> HasRows(Connection& connection, absl::string_view table) {
  const std::string name = absl::StrReplaceAll(table, {{"\"", "\"\""}});
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   connection.QueryAll(absl::StrCat("SELECT 1 FROM \"", name, "\" LIMIT 1")));
  return !rows.empty();
}

}  // namespace critac::store
