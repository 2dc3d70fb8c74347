#ifndef COMMON_STORE_POSTGRESQL_WATCH_H_
#define COMMON_STORE_POSTGRESQL_WATCH_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/store/commit_watch.h"

namespace critac::store {

// Statement that announces a commit when it is one.
absl::string_view PostgresqlAnnouncement();

// Listens on a connection of its own to commits but those of the server's process `own`, a process id.
std::unique_ptr<CommitWatch> WatchPostgresql(std::string connect_string, std::string database,
                                             std::shared_ptr<const std::atomic<int>> own);

}  // namespace critac::store

#endif  // COMMON_STORE_POSTGRESQL_WATCH_H_
