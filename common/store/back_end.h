#ifndef COMMON_STORE_BACK_END_H_
#define COMMON_STORE_BACK_END_H_

#include <exception>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/store/database.h"
#include "common/store/statement_pipeline.h"

// SOCI hides the type information of its back ends' classes, which UndefinedBehaviorSanitizer would
// look at where one is cast to.
#define CRITAC_HIDDEN_TYPE __attribute__((no_sanitize("vptr")))

namespace soci::details {
class session_backend;
class statement_backend;
}  // namespace soci::details

namespace critac::store {

// INVALID_ARGUMENT, reason TEXT_WITH_NUL: a text holds a NUL byte, which some databases do not keep, so that none is
// given one.
absl::Status CheckTexts(absl::Span<const Value* const> values);

// INTERNAL, reason WRONG_STATEMENT: `what`, a table or `parameters`, was given another number of values than it takes.
absl::Status WrongCount(absl::string_view what, size_t expected, size_t got);

// What differs between the databases behind SOCI, each difference under a name. All else in this
// folder but the files that carry a back end's name is the same for all of them.
class BackEnd {
 public:
  virtual ~BackEnd() = default;

  virtual Backend kind() const = 0;

  // Connects through SOCI; throws as SOCI does.
  virtual std::unique_ptr<soci::details::session_backend> Connect(
      const std::string& connect_string) const = 0;

  // How a transaction that only reads, and sees one state throughout, begins.
  virtual absl::string_view BeginRead() const = 0;
  // How a transaction that writes begins.
  virtual absl::string_view BeginWrite() const = 0;
  // What follows a SELECT in such a transaction whose rows no other process is to change, or to lock,
  // until it ends; empty where BeginWrite sees to that.
  virtual absl::string_view ForUpdate() const = 0;
  // Statement that announces a commit to other processes; empty where there are none.
  virtual absl::string_view Announcement() const = 0;
  // Whether the session is inside a transaction, also one that an error ended by itself.
  virtual bool InTransaction(soci::details::session_backend& session) const = 0;

  // Statement that keeps other processes from migrating until the transaction ends; empty where
  // BeginWrite does.
  virtual absl::string_view LockMigrations() const = 0;
  // Statement after which those that follow in the transaction wait but a moment for what others hold, since whoever
  // comes later for the same waits behind them; empty where a transaction that writes holds up no reader.
  virtual absl::string_view GiveWay() const = 0;

  // What stands in a statement where `:p1`, `:p2`, … stood; empty: these themselves.
  virtual absl::string_view ParameterMark() const = 0;

  // How an insert begins whose failure loses the transaction.
  virtual absl::string_view InsertInto() const = 0;
  // How many rows go into one insert: few numbers, so that few statements are prepared; from most
  // to 1.
  virtual absl::Span<const int> RowsOfAnInsert() const = 0;

  // Sends statements of the session without waiting for each; null where that would save nothing.
  virtual std::unique_ptr<StatementPipeline> MakePipeline(soci::details::session_backend& session,
                                                          absl::string_view database) const = 0;

  // Whether a result is in memory as a whole before its first row can be read.
  virtual bool HoldsWholeResults() const = 0;
  // How many columns the result of a statement that was just run has.
  virtual int CountColumns(soci::details::statement_backend& statement) const = 0;
  // Forgets what is left of a statement's result.
  virtual void EndResult(soci::details::statement_backend& statement) const = 0;

  // The status for an exception of SOCI. `session` is null where connecting failed; `database` is
  // what the message calls the database.
  virtual absl::Status ToStatus(const std::exception& exception,
                                soci::details::session_backend* session,
                                absl::string_view database) const = 0;
};

}  // namespace critac::store

#endif  // COMMON_STORE_BACK_END_H_
