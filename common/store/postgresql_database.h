#ifndef COMMON_STORE_POSTGRESQL_DATABASE_H_
#define COMMON_STORE_POSTGRESQL_DATABASE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/store/database.h"

namespace critac::store {

// Whether a URL is one of PostgreSQL: `postgresql://…` or `postgres://…`.
bool IsPostgresqlUrl(absl::string_view url);

// What messages call the database of a URL: host, port and name, without user and password.
std::string PostgresqlName(absl::string_view url);

// Database::Open for PostgreSQL.
absl::StatusOr<std::unique_ptr<Database>> OpenPostgresql(const DatabaseOptions& options);

}  // namespace critac::store

#endif  // COMMON_STORE_POSTGRESQL_DATABASE_H_
