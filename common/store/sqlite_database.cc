#include "common/store/sqlite_database.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/status/error.h"
#include "common/store/checkpointer.h"
#include "common/store/connection_pool.h"
#include "common/store/migrate.h"
#include "common/store/sql_connection.h"
#include "common/store/sqlite_back_end.h"
#include "common/store/writer_turn.h"

namespace critac::store {
namespace {

// Past 64 MiB of log, which the checkpointer leaves when it cannot keep up, a commit checkpoints
// itself: the log must not fill the disk.
constexpr int kLogPages = 16384;
constexpr int64_t kLogBytes = 64 << 20;

absl::Status CannotOpen(absl::StatusCode code, absl::string_view path, absl::string_view why) {
  const bool denied = code == absl::StatusCode::kPermissionDenied;
  return Error(code, denied ? "DATABASE_READ_ONLY" : "DATABASE_UNAVAILABLE",
               absl::StrCat(path, ": ", why))
      .ToStatus();
}

// The status for a path that cannot be accessed as asked, from errno.
absl::Status AccessError(const std::string& path, int error) {
  const bool denied = error == EACCES || error == EPERM || error == EROFS;
  return CannotOpen(denied ? absl::StatusCode::kPermissionDenied : absl::StatusCode::kUnavailable,
                    path,
                    absl::StrCat(denied ? "cannot be written to (" : "cannot be opened (",
                                 std::generic_category().message(error), ")"));
}

// SQLite makes and removes files beside the database, so the folder must be writable too.
absl::Status CheckFolder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (access(folder.c_str(), W_OK | X_OK) != 0) return AccessError(folder, errno);
  return absl::OkStatus();
}

// A little room is left in the log often, also on a full disk; the next batch would not fit.
absl::Status CheckRoom(const std::string& path) {
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) != 0) return AccessError(path, errno);
  const uint64_t free_bytes = uint64_t{disk.f_bavail} * disk.f_frsize;
  // Some file systems do not say.
  if (disk.f_blocks == 0 || free_bytes >= limits::kSpareDiskBytes) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, "DATABASE_FULL",
               absl::StrCat(path, ": the disk is full: ", free_bytes, " bytes are free, ",
                            limits::kSpareDiskBytes, " are needed"))
      .ToStatus();
}

absl::Status CheckPlace(const std::string& path) {
  RETURN_IF_ERROR(CheckFolder(path));
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return absl::OkStatus();
  if (!std::filesystem::is_regular_file(path, error)) {
    return CannotOpen(absl::StatusCode::kUnavailable, path,
                      error ? error.message() : "it is not a file");
  }
  if (access(path.c_str(), R_OK | W_OK) != 0) return AccessError(path, errno);
  return absl::OkStatus();
}

absl::Status RunAll(SqlConnection& connection, const std::vector<std::string>& statements) {
  for (const std::string& statement : statements) {
    RETURN_IF_ERROR(connection.Execute(statement).status());
  }
  return absl::OkStatus();
}

// Whether the log is written ahead, which some file systems cannot do.
absl::Status UseLog(SqlConnection& connection, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<Row> rows, connection.QueryAll("PRAGMA journal_mode = WAL"));
  if (!rows.empty() && absl::EqualsIgnoreCase(rows[0].Text(0), "wal")) return absl::OkStatus();
  return CannotOpen(absl::StatusCode::kUnavailable, path,
                    "its file system cannot hold a write-ahead log");
}

// Settings of every connection. No memory map: an I/O error in one is a signal, not a status.
std::vector<std::string> Settings(const DatabaseOptions& options) {
  return {
      absl::StrCat("PRAGMA busy_timeout = ", absl::ToInt64Milliseconds(options.busy_timeout)),
      "PRAGMA foreign_keys = ON",
      "PRAGMA temp_store = MEMORY",
      "PRAGMA mmap_size = 0",
      "PRAGMA trusted_schema = OFF",
  };
}

std::vector<std::string> WriterSettings() {
  return {
      "PRAGMA synchronous = FULL",
      "PRAGMA cache_size = -16384",  // KiB
      absl::StrCat("PRAGMA journal_size_limit = ", kLogBytes),
      // What a purge removes is overwritten too.
      "PRAGMA secure_delete = ON",
  };
}

std::vector<std::string> ReaderSettings() {
  return {"PRAGMA query_only = ON", "PRAGMA cache_size = -4096"};
}

absl::StatusOr<std::unique_ptr<SqlConnection>> Connect(const std::string& path,
                                                       const DatabaseOptions& options,
                                                       const std::vector<std::string>& settings) {
  ASSIGN_OR_RETURN(std::unique_ptr<Session> session,
                   Session::Connect(SqliteBackEnd(), SqliteConnectString(path), path));
  auto connection = std::make_unique<SqlConnection>(std::move(session));
  RETURN_IF_ERROR(RunAll(*connection, Settings(options)));
  RETURN_IF_ERROR(RunAll(*connection, settings));
  return connection;
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::string path, const Clock& clock, std::unique_ptr<SqlConnection> writer,
                 std::vector<std::unique_ptr<SqlConnection>> readers,
                 std::unique_ptr<SqlConnection> checkpoints)
      : path_(std::move(path)),
        clock_(clock),
        readers_(std::move(readers)),
        checkpointer_(std::move(checkpoints)),
        turn_(path_),
        writer_(std::move(writer)) {
    Session& session = writer_->session();
    committed_ = [this, &session](int pages) {
      checkpointer_.Committed(pages);
      if (pages >= kLogPages) SqliteCheckpoint(*session.soci);
    };
    SqliteOnCommit(*session.soci, &committed_);
  }

  Backend backend() const override { return Backend::kSqlite; }

  absl::Status Read(absl::FunctionRef<absl::Status(Connection&)> body) override {
    return readers_.With([&](SqlConnection& connection) {
      return connection.Transact(SqliteBackEnd().BeginRead(), body);
    });
  }

  absl::Status Write(absl::FunctionRef<absl::Status(Connection&)> body) override {
    return WithWriter([&](SqlConnection& connection) {
      return connection.Transact(SqliteBackEnd().BeginWrite(), body);
    });
  }

  absl::Status Migrate(absl::Span<const Migration> migrations) override {
    return store::Migrate(
        migrations, SqliteBackEnd(), clock_,
        [this](absl::FunctionRef<absl::Status(Connection&)> body) { return Write(body); });
  }

  std::unique_ptr<CommitWatch> Watch() override { return nullptr; }

  absl::Status CheckWritable() override {
    RETURN_IF_ERROR(CheckFolder(path_));
    RETURN_IF_ERROR(CheckRoom(path_));
    bool written = false;
    const absl::Status status = WithWriter([&](SqlConnection& writer) {
      return writer.Transact(SqliteBackEnd().BeginWrite(), [&](Connection& connection) {
        return WriteToDisk(connection, *writer.session().soci, written);
      });
    });
    return written ? absl::OkStatus() : status;
  }

 private:
  absl::Status WithWriter(absl::FunctionRef<absl::Status(SqlConnection&)> use) {
    return turn_.Take([&] { return use(*writer_); });
  }

  // Writes a row as far as to the disk, and returns an error, so that it is undone.
  absl::Status WriteToDisk(Connection& connection, soci::details::session_backend& session,
                           bool& written) {
    RETURN_IF_ERROR(connection.InsertRows(kMigrationTable,
                                          {"component", "number", "sha256", "apply_time"},
                                          {{"", int64_t{0}, "", int64_t{0}}}));
    RETURN_IF_ERROR(SqliteFlush(session, path_));
    written = true;
    return absl::CancelledError("written, to be undone");
  }

  const std::string path_;
  const Clock& clock_;
  ConnectionPool<SqlConnection> readers_;
  Checkpointer checkpointer_;
  std::function<void(int)> committed_;
  WriterTurn turn_;
  // Used by whose turn it is.
  const std::unique_ptr<SqlConnection> writer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const std::string& path,
                                                     const DatabaseOptions& options) {
  RETURN_IF_ERROR(CheckPlace(path));
  ASSIGN_OR_RETURN(std::unique_ptr<SqlConnection> writer, Connect(path, options, WriterSettings()));
  RETURN_IF_ERROR(UseLog(*writer, path));
  if (SqliteIsReadOnly(*writer->session().soci)) {
    return CannotOpen(absl::StatusCode::kPermissionDenied, path, "cannot be written to");
  }
  RETURN_IF_ERROR(CreateMigrationTables(*writer));
  std::vector<std::unique_ptr<SqlConnection>> readers;
  for (int i = 0; i < options.readers; ++i) {
    ASSIGN_OR_RETURN(readers.emplace_back(), Connect(path, options, ReaderSettings()));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<SqlConnection> checkpoints, Connect(path, options, {}));
  return std::unique_ptr<Database>(std::make_unique<SqliteDatabase>(
      path, *options.clock, std::move(writer), std::move(readers), std::move(checkpoints)));
}

}  // namespace critac::store
