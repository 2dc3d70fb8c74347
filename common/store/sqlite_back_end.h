#ifndef COMMON_STORE_SQLITE_BACK_END_H_
#define COMMON_STORE_SQLITE_BACK_END_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/store/back_end.h"

namespace critac::store {

// SQLite's side of every difference. Lives as long as the process.
const BackEnd& SqliteBackEnd();

// What Connect of SqliteBackEnd takes for the file at `path`, which is absolute; any character may
// be in it.
std::string SqliteConnectString(absl::string_view path);

// Whether the session's file could be opened for reading only.
bool SqliteIsReadOnly(soci::details::session_backend& session);

// Writes the changed pages of the open transaction to the log, uncommitted.
absl::Status SqliteFlush(soci::details::session_backend& session, absl::string_view database);

// Calls `committed` after each commit with the pages that are in the log, in place of the
// checkpoints that SQLite makes by itself. `committed` must outlive the session.
void SqliteOnCommit(soci::details::session_backend& session,
                    std::function<void(int pages)>* committed);

// Moves pages from the log into the database file, as far as nobody has to wait for it.
void SqliteCheckpoint(soci::details::session_backend& session);

}  // namespace critac::store

#endif  // COMMON_STORE_SQLITE_BACK_END_H_
