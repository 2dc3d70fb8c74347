#ifndef COMMON_STORE_SQL_CONNECTION_H_
#define COMMON_STORE_SQL_CONNECTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/store/database.h"
#include "common/store/insert_sql.h"
#include "common/store/prepared_statement.h"
#include "common/store/statement_cache.h"

namespace critac::store {

// A connection over SOCI, the same for every back end.
class SqlConnection final : public Connection {
 public:
  // Statements kept prepared: those of a service are a hundred or so, an insert once for each
  // number of its rows.
  static constexpr size_t kStatements = 256;

  explicit SqlConnection(std::unique_ptr<Session> session);

  absl::StatusOr<int64_t> Execute(absl::string_view sql,
                                  absl::Span<const Value> parameters = {}) override;
  absl::Status ExecuteLater(absl::string_view sql,
                            absl::Span<const Value> parameters = {}) override;
  absl::Status Query(absl::string_view sql, absl::Span<const Value> parameters,
                     absl::FunctionRef<absl::Status(const Row&)> each) override;
  absl::StatusOr<bool> QueryPage(const PageQuery& page, absl::Span<const Value> parameters,
                                 absl::FunctionRef<absl::Status(const Row&)> each) override;
  absl::Status QueryForUpdate(absl::string_view sql, absl::Span<const Value> parameters,
                              absl::FunctionRef<absl::Status(const Row&)> each) override;
  absl::Status Announce() override;
  absl::Status InsertRows(absl::string_view table, absl::Span<const std::string> columns,
                          absl::Span<const std::vector<Value>> rows, OnConflict on_conflict,
                          absl::Span<const std::string> key) override;

  // Runs `body` between `begin` and COMMIT; undoes it where `body` or the commit fails, where a
  // statement failed, or where `body` throws.
  absl::Status Transact(absl::string_view begin, absl::FunctionRef<absl::Status(Connection&)> body);

  // Runs `body` without a transaction: each statement is one of its own.
  absl::Status RunAlone(absl::FunctionRef<absl::Status(Connection&)> body);

  // Whether it must not be used any more, though the server may still be there.
  bool is_broken() const { return pipeline_ != nullptr && pipeline_->is_broken(); }

  size_t statement_count() const { return statements_.size(); }
  Session& session() { return *session_; }

 private:
  // Marks the transaction as lost to `status`, which it returns.
  absl::Status Lose(absl::Status status);
  absl::StatusOr<std::unique_ptr<PreparedStatement>> Take(absl::string_view sql,
                                                          absl::Span<const Value> parameters);
  absl::Status EachRow(PreparedStatement& statement,
                       absl::FunctionRef<absl::Status(const Row&)> each);
  // Waits for what was sent and not waited for.
  absl::Status Settle();
  absl::Status Commit();
  // Inserts rows, a multiple of `size`, that many with each statement.
  absl::Status InsertBy(int size, const Insert& insert, absl::Span<const std::vector<Value>> rows);
  absl::Status SendInsertBy(int size, const Insert& insert,
                            absl::Span<const std::vector<Value>> rows);
  void Rollback();

  const std::unique_ptr<Session> session_;
  StatementCache statements_{kStatements};
  // Null: every statement is waited for.
  const std::unique_ptr<StatementPipeline> pipeline_;
  // Why the transaction is lost; OK while it is not.
  absl::Status lost_;
};

}  // namespace critac::store

#endif  // COMMON_STORE_SQL_CONNECTION_H_
