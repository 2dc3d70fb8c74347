#ifndef COMMON_STORE_TABLES_OF_H_
#define COMMON_STORE_TABLES_OF_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/store/database.h"

namespace critac::store {

// Names of the tables that the database holds, ours and others', in order.
absl::StatusOr<std::vector<std::string>> TablesOf(Connection& connection, Backend backend);

// Whether a table of TablesOf has a row.
absl::StatusOr<bool> HasRows(Connection& connection, absl::string_view table);

}  // namespace critac::store

#endif  // COMMON_STORE_TABLES_OF_H_
