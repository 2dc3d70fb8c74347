#ifndef COMMON_STORE_SQLITE_ERROR_H_
#define COMMON_STORE_SQLITE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace critac::store {

// The status for an extended result code of SQLite. `system_error` is the errno of the failed
// system call, 0 where there was none; `said` is SQLite's own text; `database` is what the message
// calls the database.
absl::Status SqliteStatus(int result, int system_error, absl::string_view said,
                          absl::string_view database);

}  // namespace critac::store

#endif  // COMMON_STORE_SQLITE_ERROR_H_
