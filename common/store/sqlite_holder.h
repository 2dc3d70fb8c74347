#ifndef COMMON_STORE_SQLITE_HOLDER_H_
#define COMMON_STORE_SQLITE_HOLDER_H_

#include <string>

#include "absl/status/status.h"

namespace critac::store {

// OK where no other process has the SQLite database at `path` open, or it is not there.
// FAILED_PRECONDITION, reason DATABASE_IN_USE: one has, with its id. UNAVAILABLE: nobody can tell.
//
// To be asked before this process opens it: to look at a file gives back the locks that a process holds
// on it. A process that opens it afterwards is not noticed.
absl::Status CheckNobodyHasSqlite(const std::string& path);

}  // namespace critac::store

#endif  // COMMON_STORE_SQLITE_HOLDER_H_
