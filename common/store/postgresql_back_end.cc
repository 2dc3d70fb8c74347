#include "common/store/postgresql_back_end.h"

#include <libpq-fe.h>
#include <soci/connection-parameters.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci-backend.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/store/postgresql_error.h"
#include "common/store/postgresql_pipeline.h"
#include "common/store/postgresql_watch.h"

namespace critac::store {
namespace {

using soci::details::session_backend;
using soci::details::statement_backend;

CRITAC_HIDDEN_TYPE PGconn* ConnectionOf(session_backend& session) {
  return static_cast<soci::postgresql_session_backend&>(session).conn_;
}

CRITAC_HIDDEN_TYPE soci::details::postgresql_result& ResultOf(statement_backend& statement) {
  return static_cast<soci::postgresql_statement_backend&>(statement).result_;
}

// SOCI puts its own words before what the server says, on one line, and libpq a severity.
absl::string_view WithoutPrefixes(absl::string_view said) {
  for (const absl::string_view prefix : {"Cannot execute query.", "Cannot prepare statement.",
                                         "Cannot establish connection to the database."}) {
    if (absl::ConsumePrefix(&said, prefix)) break;
  }
  said = absl::StripLeadingAsciiWhitespace(said);
  for (const absl::string_view severity : {"ERROR:", "FATAL:", "PANIC:"}) {
    if (absl::ConsumePrefix(&said, severity)) break;
  }
  return absl::StripLeadingAsciiWhitespace(said);
}

class Postgresql final : public BackEnd {
 public:
  Backend kind() const override { return Backend::kPostgresql; }

  std::unique_ptr<session_backend> Connect(const std::string& connect_string) const override {
    const soci::backend_factory* const factory = soci::factory_postgresql();
    std::unique_ptr<session_backend> session(
        factory->make_session(soci::connection_parameters(*factory, connect_string)));
    // Without details, which hold values.
    PQsetErrorVerbosity(ConnectionOf(*session), PQERRORS_TERSE);
    PQsetNoticeProcessor(
        ConnectionOf(*session), [](void*, const char*) {}, nullptr);
    return session;
  }

  absl::string_view BeginRead() const override {
    return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
  }
  // Whoever takes the lock that orders the writers of all processes (ForUpdate) then sees all that those
  // before it have committed. Not READ WRITE: that would write to a database that its operator made
  // read-only, and a standby would answer with an error that means something else.
  absl::string_view BeginWrite() const override { return "BEGIN ISOLATION LEVEL READ COMMITTED"; }
  absl::string_view ForUpdate() const override { return " FOR UPDATE"; }
  absl::string_view Announcement() const override { return PostgresqlAnnouncement(); }
  bool InTransaction(session_backend& session) const override {
    const PGTransactionStatusType status = PQtransactionStatus(ConnectionOf(session));
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
  }
  // Takes no snapshot, so that what is read after it is what the one before has left. It conflicts with
  // itself and with no write: who serves and looks whether it can write (CheckWritable) does not wait for
  // a migration.
  absl::string_view LockMigrations() const override {
    return "LOCK TABLE critac_migration IN SHARE UPDATE EXCLUSIVE MODE";
  }
  // By so much a call to those who serve may be late. Less than deadlock_timeout, so that it is not one of their
  // transactions that a deadlock undoes.
  absl::string_view GiveWay() const override { return "SET LOCAL lock_timeout = '200ms'"; }

  absl::string_view ParameterMark() const override { return ""; }

  absl::string_view InsertInto() const override { return "INSERT INTO"; }
  absl::Span<const int> RowsOfAnInsert() const override {
    static constexpr int kRows[] = {256, 32, 4, 1};
    return kRows;
  }

  std::unique_ptr<StatementPipeline> MakePipeline(session_backend& session,
                                                  absl::string_view database) const override {
    return MakePostgresqlPipeline(ConnectionOf(session), std::string(database));
  }

  // libpq's other way, row by row, lets no query run while another's rows are read.
  bool HoldsWholeResults() const override { return true; }
  int CountColumns(statement_backend& statement) const override {
    return PQnfields(ResultOf(statement));
  }
  void EndResult(statement_backend& statement) const override { ResultOf(statement).reset(); }

  absl::Status ToStatus(const std::exception& exception, session_backend* session,
                        absl::string_view database) const override {
    const auto* error = dynamic_cast<const soci::postgresql_soci_error*>(&exception);
    if (error == nullptr || (session != nullptr && PostgresqlIsLost(*session))) {
      return PostgresqlStatus("", WithoutPrefixes(exception.what()), database);
    }
    return PostgresqlStatus(error->sqlstate(), WithoutPrefixes(error->get_error_message()),
                            database);
  }
};

}  // namespace

const BackEnd& PostgresqlBackEnd() {
  static const Postgresql& back_end = *new Postgresql;
  return back_end;
}

PGconn* PostgresqlHandle(session_backend& session) { return ConnectionOf(session); }

bool PostgresqlIsLost(session_backend& session) {
  return PQstatus(ConnectionOf(session)) != CONNECTION_OK;
}

}  // namespace critac::store
