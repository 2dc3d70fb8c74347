#ifndef COMMON_STORE_SQLITE_DATABASE_H_
#define COMMON_STORE_SQLITE_DATABASE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/store/database.h"

namespace critac::store {

// Opens the SQLite database at `path`, or creates it, as Database::Open says.
absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const std::string& path,
                                                     const DatabaseOptions& options);

}  // namespace critac::store

#endif  // COMMON_STORE_SQLITE_DATABASE_H_
