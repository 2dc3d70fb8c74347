#ifndef COMMON_STORE_LOG_BUFFER_H_
#define COMMON_STORE_LOG_BUFFER_H_

namespace critac::store {

// SQLite writes each page of a commit to its log with two system calls, for a few dozen pages a
// batch. The VFS of this name is SQLite's own but for the log: what is appended there stays in
// memory until the log is synchronized, read or measured, and then goes to the file in one call.
//
// A connection that writes through it must run with `synchronous = FULL`: then SQLite synchronizes
// the log in every commit before it tells other connections of the pages in it, so that a process
// that is killed has lost no more than a transaction that was not committed. An error of the file
// shows in the synchronization, and fails the commit.
inline constexpr char kLogBufferVfs[] = "critac-log-buffer";

// Makes the VFS known to SQLite. Called once, after SQLite is configured: it initializes it.
void RegisterLogBufferVfs();

// Takes what waits in the buffer of a log to its file. `log`: the sqlite3_file of a log, of whatever
// VFS, or null. Returns a result code of SQLite.
int FlushLogBuffer(void* log);

}  // namespace critac::store

#endif  // COMMON_STORE_LOG_BUFFER_H_
