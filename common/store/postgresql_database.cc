#include "common/store/postgresql_database.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "common/status/error.h"
#include "common/store/connection_pool.h"
#include "common/store/migrate.h"
#include "common/store/postgresql_back_end.h"
#include "common/store/postgresql_watch.h"
#include "common/store/sql_connection.h"
#include "common/store/writer_turn.h"

namespace critac::store {
namespace {

// "critac", for the lock that those who make the first table take.
constexpr int64_t kOpenLock = 0x637269746163;

// A timeout as the server's settings have it: in milliseconds, at most as many as they take, or 0 for none.
std::string Timeout(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "0";
  return absl::StrCat(std::clamp<int64_t>(absl::ToInt64Milliseconds(duration), 1,
                                          std::numeric_limits<int32_t>::max()));
}

// In the place of a statement that begins a transaction: there is none.
constexpr absl::string_view kNoTransaction = "";

enum class Purpose { kReading, kWriting };

// A connection that is made anew when it was lost. Used by one thread at a time.
class LiveConnection {
 public:
  // `schema` counts the schemas that there were; statements prepared for another one are not used.
  LiveConnection(Purpose purpose, const DatabaseOptions& options, const std::atomic<int>& schema,
                 std::string connect_string, std::string name)
      : purpose_(purpose),
        options_(options),
        schema_(schema),
        connect_string_(std::move(connect_string)),
        name_(std::move(name)) {}

  // The server's process that it is connected to; 0: none.
  std::shared_ptr<const std::atomic<int>> server_process() const { return server_process_; }

  // As SqlConnection::Transact, or RunAlone with kNoTransaction. Where the connection turns out to
  // be lost before `body` begins, it is made anew and tried once more; later, nobody knows what
  // became of the transaction. Without one there are only reads, which `body` may begin twice.
  absl::Status Transact(absl::string_view begin,
                        absl::FunctionRef<absl::Status(Connection&)> body) {
    bool begun = false;
    for (const bool last : {false, true}) {
      if (prepared_for_ != schema_) connection_ = nullptr;
      const bool is_new = connection_ == nullptr;
      if (is_new) RETURN_IF_ERROR(Connect());
      const auto run = [&](Connection& connection) {
        begun = true;
        return body(connection);
      };
      const absl::Status status =
          begin == kNoTransaction ? connection_->RunAlone(run) : connection_->Transact(begin, run);
      // A server that became a standby takes no writes any more; another one does.
      const bool gone = PostgresqlIsLost(*connection_->session().soci) ||
                        connection_->is_broken() || ReasonOf(status) == "DATABASE_READ_ONLY";
      if (gone) connection_ = nullptr;
      const bool too_late = begun && begin != kNoTransaction;
      if (status.ok() || !gone || too_late || is_new || last) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Connect() {
    prepared_for_ = schema_;
    ASSIGN_OR_RETURN(std::unique_ptr<Session> session,
                     Session::Connect(PostgresqlBackEnd(), connect_string_, name_));
    auto connection = std::make_unique<SqlConnection>(std::move(session));
    // In one statement: a new connection is waited for.
    RETURN_IF_ERROR(connection->Execute(SetSettings()).status());
    *server_process_ = PQbackendPID(PostgresqlHandle(*connection->session().soci));
    connection_ = std::move(connection);
    return absl::OkStatus();
  }

  std::string SetSettings() const {
    std::vector<std::pair<absl::string_view, std::string>> settings = {
        {"lock_timeout", Timeout(options_.busy_timeout)},
        {"application_name", "critac"},
        {"client_encoding", "UTF8"},
        {"TimeZone", "UTC"},
        {"standard_conforming_strings", "on"},
        // Its statements are short.
        {"jit", "off"},
        // A session whose machine vanished is noticed as soon as by those who call (ConnectString).
        {"tcp_keepalives_idle", "10"},
        {"tcp_keepalives_interval", "5"},
        {"tcp_keepalives_count", "3"},
    };
    // Also where no transaction says so.
    if (purpose_ == Purpose::kReading) settings.push_back({"default_transaction_read_only", "on"});
    if (purpose_ == Purpose::kWriting) settings.push_back({"statement_timeout", "0"});
    // A read locks nothing, so that how long it may pause is the server's to say, unless it may for ever.
    if (purpose_ == Purpose::kWriting || options_.longest_pause == absl::InfiniteDuration()) {
      settings.push_back({"idle_in_transaction_session_timeout", Timeout(options_.longest_pause)});
    }
    std::string sql = "SELECT ";
    for (const auto& [name, value] : settings) {
      absl::StrAppend(&sql, "set_config('", name, "', '", value, "', false), ");
    }
    if (purpose_ == Purpose::kReading) return absl::StrCat(absl::StripSuffix(sql, ", "));
    // What is answered OK is durable, whatever the server's or the role's settings are: on the disk and at
    // the synchronous standbys. A timeout would end the wait for those, and the commit would be answered
    // OK all the same.
    return absl::StrCat(sql,
                        "CASE WHEN current_setting('synchronous_commit') IN ('on', 'remote_apply') "
                        "THEN '' ELSE set_config('synchronous_commit', 'on', false) END");
  }

  const Purpose purpose_;
  const DatabaseOptions& options_;
  const std::atomic<int>& schema_;
  const std::string connect_string_;
  const std::string name_;
  std::unique_ptr<SqlConnection> connection_;
  const std::shared_ptr<std::atomic<int>> server_process_ = std::make_shared<std::atomic<int>>(0);
  int prepared_for_ = 0;
};

class PostgresqlDatabase final : public Database {
 public:
  PostgresqlDatabase(const DatabaseOptions& options, std::string connect_string, std::string name)
      : options_(options),
        connect_string_(std::move(connect_string)),
        name_(std::move(name)),
        turn_(name_),
        writer_(Purpose::kWriting, options_, schema_, connect_string_, name_),
        look_turn_(name_),
        looker_(Purpose::kWriting, options_, schema_, connect_string_, name_) {
    std::vector<std::unique_ptr<LiveConnection>> readers;
    for (int i = 0; i < options_.readers; ++i) {
      readers.push_back(std::make_unique<LiveConnection>(Purpose::kReading, options_, schema_,
                                                         connect_string_, name_));
    }
    readers_.emplace(std::move(readers));
  }

  // What has to be so once, at the beginning.
  absl::Status Begin() {
    RETURN_IF_ERROR(Read([this](Connection& connection) { return CheckOrder(connection); }));
    return turn_.Take([this] {
      return writer_.Transact("BEGIN", [](Connection& connection) -> absl::Status {
        RETURN_IF_ERROR(
            connection.Execute(absl::StrCat("SELECT pg_advisory_xact_lock(", kOpenLock, ")"))
                .status());
        return CreateMigrationTables(connection);
      });
    });
  }

  Backend backend() const override { return Backend::kPostgresql; }

  absl::Status Read(absl::FunctionRef<absl::Status(Connection&)> body) override {
    return readers_->With([&](LiveConnection& connection) {
      return connection.Transact(PostgresqlBackEnd().BeginRead(), body);
    });
  }

  absl::Status ReadLoosely(absl::FunctionRef<absl::Status(Connection&)> body) override {
    return readers_->With(
        [&](LiveConnection& connection) { return connection.Transact(kNoTransaction, body); });
  }

  absl::Status Write(absl::FunctionRef<absl::Status(Connection&)> body) override {
    return turn_.Take([&] { return writer_.Transact(PostgresqlBackEnd().BeginWrite(), body); });
  }

  absl::Status Migrate(absl::Span<const Migration> migrations) override {
    const absl::Status status = store::Migrate(
        migrations, PostgresqlBackEnd(), *options_.clock,
        [this](absl::FunctionRef<absl::Status(Connection&)> body) { return Write(body); },
        options_.migration_wait);
    ++schema_;
    return status;
  }

  std::unique_ptr<CommitWatch> Watch() override {
    return WatchPostgresql(connect_string_, name_, writer_.server_process());
  }

  absl::Status CheckWritable() override {
    bool written = false;
    const auto look = [&](Connection& connection) -> absl::Status {
      RETURN_IF_ERROR(CheckThatCommitsEnd(connection));
      // With a key of its own, so that no process waits for another one that looks too.
      RETURN_IF_ERROR(connection
                          .Execute(absl::StrCat("INSERT INTO ", kMigrationTable,
                                                " (component, number, sha256, apply_time) "
                                                "VALUES ('', pg_backend_pid(), '', 0)"))
                          .status());
      written = true;
      return absl::CancelledError("written, to be undone");
    };
    const absl::Status status =
        look_turn_.Take([&] { return looker_.Transact(PostgresqlBackEnd().BeginWrite(), look); });
    return written ? absl::OkStatus() : status;
  }

 private:
  // A write that is undone waits neither for the disk nor for a standby: that others do is seen here.
  absl::Status CheckThatCommitsEnd(Connection& connection) {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        connection.QueryAll(
            "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp() - query_start) * 1000 AS BIGINT), "
            "wait_event FROM pg_stat_activity WHERE datname = current_database() AND "
            "usename = current_user AND state = 'active' AND query = 'COMMIT' "
            "ORDER BY query_start LIMIT 1"));
    if (rows.empty()) return absl::OkStatus();
    const absl::Duration under_way = absl::Milliseconds(rows[0].Int(0));
    if (under_way < options_.longest_commit) return absl::OkStatus();
    return Error(absl::StatusCode::kUnavailable, "DATABASE_UNAVAILABLE",
                 absl::StrCat(name_, ": a commit has been under way for ",
                              absl::FormatDuration(under_way), ", and waits for ",
                              rows[0].IsNull(1) ? "nothing" : rows[0].Text(1)))
        .ToStatus();
  }

  // Texts have to be ordered and compared as SQLite does it: by their bytes.
  absl::Status CheckOrder(Connection& connection) {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        connection.QueryAll("SELECT datcollate, datctype, pg_encoding_to_char(encoding), datname "
                            "FROM pg_database WHERE datname = current_database()"));
    const auto by_bytes = [](const std::string& locale) {
      return locale == "C" || locale == "POSIX";
    };
    const Row& row = rows.at(0);
    if (by_bytes(row.Text(0)) && by_bytes(row.Text(1)) && row.Text(2) == "UTF8") {
      return absl::OkStatus();
    }
    return FailedPrecondition(
        "DATABASE_LOCALE", name_,
        absl::StrCat("has the collation ", row.Text(0), ", the character type ", row.Text(1),
                     " and the encoding ", row.Text(2),
                     "; it needs C, C and UTF8: CREATE DATABASE ", row.Text(3),
                     " ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"));
  }

  const DatabaseOptions options_;
  const std::string connect_string_;
  const std::string name_;
  std::atomic<int> schema_{0};
  std::optional<ConnectionPool<LiveConnection>> readers_;
  WriterTurn turn_;
  LiveConnection writer_;
  // Of CheckWritable: where the writer waits for what another process has locked, the database can be written to.
  // Connected when it is first asked.
  WriterTurn look_turn_;
  LiveConnection looker_;
};

// Of several hosts, the one that takes writes.
std::string ConnectString(absl::string_view url) {
  std::string text(url);
  const auto add = [&](absl::string_view name, absl::string_view value) {
    if (absl::StrContains(text, absl::StrCat(name, "="))) return;
    absl::StrAppend(&text, absl::StrContains(text, '?') ? "&" : "?", name, "=", value);
  };
  add("target_session_attrs", "read-write");
  add("connect_timeout", "5");
  // What a host that vanished was sent is given up after this many milliseconds.
  add("tcp_user_timeout", "10000");
  // So is a wait for its answer: without these, after two hours.
  add("keepalives_idle", "10");
  add("keepalives_interval", "5");
  add("keepalives_count", "3");
  return text;
}

}  // namespace

bool IsPostgresqlUrl(absl::string_view url) {
  return absl::StartsWith(url, "postgresql://") || absl::StartsWith(url, "postgres://");
}

std::string PostgresqlName(absl::string_view url) {
  const size_t scheme = url.find("://");
  absl::string_view rest = url.substr(scheme + 3);
  const absl::string_view parameters =
      rest.find('?') == rest.npos ? "" : rest.substr(rest.find('?') + 1);
  rest = rest.substr(0, rest.find('?'));
  const size_t slash = rest.find('/');
  absl::string_view hosts = rest.substr(0, slash);
  if (const size_t at = hosts.rfind('@'); at != hosts.npos) hosts.remove_prefix(at + 1);
  std::string name =
      absl::StrCat(url.substr(0, scheme + 3), hosts, slash == rest.npos ? "" : rest.substr(slash));
  // A socket's folder stands among the parameters.
  for (const absl::string_view one : absl::StrSplit(parameters, '&')) {
    if (absl::StartsWith(one, "host=")) absl::StrAppend(&name, "?", one);
  }
  return name;
}

absl::StatusOr<std::unique_ptr<Database>> OpenPostgresql(const DatabaseOptions& options) {
  if (absl::StrContains(options.url, '\0')) {
    return InvalidField("database", "the URL holds a NUL byte");
  }
  auto database = std::make_unique<PostgresqlDatabase>(options, ConnectString(options.url),
                                                       PostgresqlName(options.url));
  RETURN_IF_ERROR(database->Begin());
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace critac::store
