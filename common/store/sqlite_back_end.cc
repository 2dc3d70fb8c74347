#include "common/store/sqlite_back_end.h"

#include <soci/connection-parameters.h>
#include <soci/soci-backend.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status/error.h"
#include "common/store/log_buffer.h"
#include "common/store/sqlite_error.h"

namespace critac::store {
namespace {

using soci::details::session_backend;
using soci::details::statement_backend;

CRITAC_HIDDEN_TYPE sqlite_api::sqlite3* Handle(session_backend& session) {
  return static_cast<soci::sqlite3_session_backend&>(session).conn_;
}

CRITAC_HIDDEN_TYPE sqlite_api::sqlite3_stmt* Statement(statement_backend& statement) {
  return static_cast<soci::sqlite3_statement_backend&>(statement).stmt_;
}

// Once in the process, before SQLite's first use. A connection is used by one thread at a time, so
// SQLite need not lock each; nor count its memory, which is a lock that all connections share. File
// names are URIs whatever SQLite was built with.
void ConfigureSqlite() {
  static const bool configured = [] {
    sqlite_api::sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite_api::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite_api::sqlite3_config(SQLITE_CONFIG_URI, 1);
    RegisterLogBufferVfs();
    return true;
  }();
  static_cast<void>(configured);
}

// Why the last system call failed. SQLite remembers it, but not of a failed commit.
int SystemError(session_backend* session) {
  if (errno != 0 || session == nullptr) return errno;
  return sqlite_api::sqlite3_system_errno(Handle(*session));
}

// SOCI puts the name of its own function before what SQLite says.
absl::string_view WithoutFunction(absl::string_view said) {
  if (const size_t found = said.find("::"); found != said.npos) {
    const size_t end = said.find(": ", found);
    if (end != said.npos) return said.substr(end + 2);
  }
  return said;
}

class Sqlite final : public BackEnd {
 public:
  Backend kind() const override { return Backend::kSqlite; }

  std::unique_ptr<session_backend> Connect(const std::string& connect_string) const override {
    ConfigureSqlite();
    const soci::backend_factory* const factory = soci::factory_sqlite3();
    std::unique_ptr<session_backend> session(
        factory->make_session(soci::connection_parameters(*factory, connect_string)));
    sqlite_api::sqlite3_extended_result_codes(Handle(*session), 1);
    return session;
  }

  absl::string_view BeginRead() const override { return "BEGIN"; }
  // A lock taken later could be refused halfway through.
  absl::string_view BeginWrite() const override { return "BEGIN IMMEDIATE"; }
  absl::string_view ForUpdate() const override { return ""; }
  absl::string_view Announcement() const override { return ""; }
  bool InTransaction(session_backend& session) const override {
    return sqlite_api::sqlite3_get_autocommit(Handle(session)) == 0;
  }
  absl::string_view LockMigrations() const override { return ""; }
  absl::string_view GiveWay() const override { return ""; }

  // SQLite searches all names before it for each named parameter: with 10,000 of them that takes
  // longer than the statement.
  absl::string_view ParameterMark() const override { return "?"; }

  // Plain INSERT of several rows copies each page it touches, to be able to undo that statement
  // alone; the transaction is lost anyway.
  absl::string_view InsertInto() const override { return "INSERT OR FAIL INTO"; }
  absl::Span<const int> RowsOfAnInsert() const override {
    static constexpr int kRows[] = {32, 4, 1};
    return kRows;
  }

  // It runs in this process.
  std::unique_ptr<StatementPipeline> MakePipeline(session_backend&,
                                                  absl::string_view) const override {
    return nullptr;
  }

  bool HoldsWholeResults() const override { return false; }
  int CountColumns(statement_backend& statement) const override {
    return sqlite_api::sqlite3_column_count(Statement(statement));
  }
  void EndResult(statement_backend& statement) const override {
    sqlite_api::sqlite3_reset(Statement(statement));
  }

  absl::Status ToStatus(const std::exception& exception, session_backend* session,
                        absl::string_view database) const override {
    const int system_error = SystemError(session);
    const auto* error = dynamic_cast<const soci::sqlite3_soci_error*>(&exception);
    if (error == nullptr) return SqliteStatus(SQLITE_ERROR, 0, exception.what(), database);
    return SqliteStatus(error->result(), system_error, WithoutFunction(error->get_error_message()),
                        database);
  }
};

int CallCommitted(void* committed, sqlite_api::sqlite3*, const char*, int pages) {
  (*static_cast<std::function<void(int)>*>(committed))(pages);
  return SQLITE_OK;
}

}  // namespace

const BackEnd& SqliteBackEnd() {
  static const Sqlite& back_end = *new Sqlite;
  return back_end;
}

std::string SqliteConnectString(absl::string_view path) {
  // SOCI takes what stands after the first `=`, up to a space, for the name of the file, here a URI.
  std::string uri = "db=file://";
  for (const char c : path) {
    if (absl::ascii_isalnum(c) || c == '/' || c == '.' || c == '-' || c == '_') {
      uri += c;
    } else {
      absl::StrAppendFormat(&uri, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  absl::StrAppend(&uri, "?vfs=", kLogBufferVfs);
  return uri;
}

bool SqliteIsReadOnly(session_backend& session) {
  return sqlite_api::sqlite3_db_readonly(Handle(session), "main") == 1;
}

absl::Status SqliteFlush(session_backend& session, absl::string_view database) {
  int result = sqlite_api::sqlite3_db_cacheflush(Handle(session));
  void* log = nullptr;
  if (result == SQLITE_OK) {
    result = sqlite_api::sqlite3_file_control(Handle(session), "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                              static_cast<void*>(&log));
  }
  if (result == SQLITE_OK) result = FlushLogBuffer(log);
  if (result == SQLITE_OK) return absl::OkStatus();
  return SqliteStatus(result, SystemError(&session), sqlite_api::sqlite3_errstr(result), database);
}

void SqliteOnCommit(session_backend& session, std::function<void(int pages)>* committed) {
  sqlite_api::sqlite3_wal_hook(Handle(session), CallCommitted, committed);
}

void SqliteCheckpoint(session_backend& session) {
  // What stays undone, because somebody reads or another checkpoint runs, the next one does.
  sqlite_api::sqlite3_wal_checkpoint_v2(Handle(session), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                        nullptr, nullptr);
}

}  // namespace critac::store
