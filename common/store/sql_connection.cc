#include "common/store/sql_connection.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/store/back_end.h"
#include "common/store/insert_sql.h"
#include "common/store/page_sql.h"
#include "common/store/sql_text.h"

namespace critac::store {
namespace {

void Bind(PreparedStatement& statement, absl::Span<const Value> parameters) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    statement.Bind(static_cast<int>(i), parameters[i]);
  }
}

}  // namespace

SqlConnection::SqlConnection(std::unique_ptr<Session> session)
    : session_(std::move(session)),
      pipeline_(session_->back_end->MakePipeline(*session_->soci, session_->database)) {}

absl::Status SqlConnection::Settle() {
  RETURN_IF_ERROR(lost_);
  if (pipeline_ == nullptr) return absl::OkStatus();
  absl::Status status = pipeline_->Await();
  return status.ok() ? status : Lose(std::move(status));
}

absl::Status SqlConnection::Lose(absl::Status status) {
  if (lost_.ok()) lost_ = status;
  return status;
}

absl::StatusOr<std::unique_ptr<PreparedStatement>> SqlConnection::Take(
    absl::string_view sql, absl::Span<const Value> parameters) {
  RETURN_IF_ERROR(Settle());
  auto statement =
      statements_.Take(sql, [&] { return PreparedStatement::Prepare(*session_, sql); });
  if (!statement.ok()) return Lose(statement.status());
  const size_t expected = (*statement)->parameter_count();
  if (parameters.size() != expected) {
    return Lose(WrongCount("parameters", expected, parameters.size()));
  }
  Bind(**statement, parameters);
  return statement;
}

absl::StatusOr<int64_t> SqlConnection::Execute(absl::string_view sql,
                                               absl::Span<const Value> parameters) {
  ASSIGN_OR_RETURN(std::unique_ptr<PreparedStatement> statement, Take(sql, parameters));
  if (absl::Status status = statement->Run().status(); !status.ok()) return Lose(status);
  const int64_t changed = statement->changed_rows();
  statement->End();
  statements_.Put(sql, std::move(statement));
  return changed;
}

absl::Status SqlConnection::ExecuteLater(absl::string_view sql,
                                         absl::Span<const Value> parameters) {
  if (pipeline_ == nullptr) return Execute(sql, parameters).status();
  RETURN_IF_ERROR(lost_);
  std::vector<const Value*> values;
  for (const Value& value : parameters) values.push_back(&value);
  absl::Status status = pipeline_->Send(
      sql, [&] { return std::string(sql); }, values);
  return status.ok() ? status : Lose(std::move(status));
}

absl::Status SqlConnection::Query(absl::string_view sql, absl::Span<const Value> parameters,
                                  absl::FunctionRef<absl::Status(const Row&)> each) {
  ASSIGN_OR_RETURN(std::unique_ptr<PreparedStatement> statement, Take(sql, parameters));
  const absl::Status status = EachRow(*statement, each);
  statement->End();
  if (lost_.ok()) statements_.Put(sql, std::move(statement));
  return status;
}

absl::StatusOr<bool> SqlConnection::QueryPage(const PageQuery& page,
                                              absl::Span<const Value> parameters,
                                              absl::FunctionRef<absl::Status(const Row&)> each) {
  const bool bounded = session_->back_end->HoldsWholeResults();
  std::vector<Value> values(parameters.begin(), parameters.end());
  values.emplace_back(page.rows);
  if (bounded) values.emplace_back(page.bytes);
  const size_t count = parameters.size();
  // Where rows are read one by one, the first that is too much ends the query. Otherwise the last that came tells
  // whether there is one.
  bool full = false;
  bool has_next = false;
  int64_t rows = 0;
  int64_t bytes = 0;
  const absl::Status status =
      Query(bounded ? BoundedPageSql(page, count) : PageSql(page, count), values,
            [&](const Row& row) -> absl::Status {
              if (bounded) {
                has_next = !row.IsNull(page.columns.size());
                return each(row);
              }
              bytes += static_cast<int64_t>(row.Text(page.long_column).size());
              full = ++rows > 1 && bytes > page.bytes;
              return full ? absl::CancelledError("the page is full") : each(row);
            });
  if (full) return true;
  RETURN_IF_ERROR(status);
  return has_next;
}

absl::Status SqlConnection::QueryForUpdate(absl::string_view sql,
                                           absl::Span<const Value> parameters,
                                           absl::FunctionRef<absl::Status(const Row&)> each) {
  return Query(absl::StrCat(sql, session_->back_end->ForUpdate()), parameters, each);
}

absl::Status SqlConnection::Announce() {
  const absl::string_view announcement = session_->back_end->Announcement();
  return announcement.empty() ? absl::OkStatus() : ExecuteLater(announcement);
}

absl::Status SqlConnection::EachRow(PreparedStatement& statement,
                                    absl::FunctionRef<absl::Status(const Row&)> each) {
  absl::StatusOr<bool> got = statement.Run();
  while (got.ok() && *got) {
    RETURN_IF_ERROR(each(statement.row()));
    got = statement.Next();
  }
  return got.ok() ? absl::OkStatus() : Lose(got.status());
}

absl::Status SqlConnection::InsertRows(absl::string_view table,
                                       absl::Span<const std::string> columns,
                                       absl::Span<const std::vector<Value>> rows,
                                       OnConflict on_conflict, absl::Span<const std::string> key) {
  RETURN_IF_ERROR(lost_);
  const Insert insert{table, columns, on_conflict, key};
  if (absl::Status status = CheckInsert(insert); !status.ok()) return Lose(status);
  for (const std::vector<Value>& row : rows) {
    if (row.size() != columns.size()) return Lose(WrongCount(table, columns.size(), row.size()));
  }
  for (const int size : session_->back_end->RowsOfAnInsert()) {
    if (rows.size() < static_cast<size_t>(size)) continue;
    if (size > 1 && size * columns.size() > kMaxParameters) continue;
    const size_t inserted = rows.size() / size * size;
    const auto some = rows.subspan(0, inserted);
    absl::Status status =
        pipeline_ == nullptr ? InsertBy(size, insert, some) : SendInsertBy(size, insert, some);
    if (!status.ok()) return Lose(std::move(status));
    rows.remove_prefix(inserted);
  }
  return absl::OkStatus();
}

absl::Status SqlConnection::InsertBy(int size, const Insert& insert,
                                     absl::Span<const std::vector<Value>> rows) {
  const std::string key = InsertKey(insert, size);
  ASSIGN_OR_RETURN(std::unique_ptr<PreparedStatement> statement, statements_.Take(key, [&] {
    return PreparedStatement::Prepare(*session_,
                                      InsertSql(insert, size, session_->back_end->InsertInto()));
  }));
  for (; !rows.empty(); rows.remove_prefix(size)) {
    int parameter = 0;
    for (const std::vector<Value>& row : rows.subspan(0, size)) {
      for (const Value& value : row) statement->Bind(parameter++, value);
    }
    RETURN_IF_ERROR(statement->Run().status());
    statement->End();
  }
  statements_.Put(key, std::move(statement));
  return absl::OkStatus();
}

absl::Status SqlConnection::SendInsertBy(int size, const Insert& insert,
                                         absl::Span<const std::vector<Value>> rows) {
  const std::string key = InsertKey(insert, size);
  std::vector<const Value*> values;
  for (; !rows.empty(); rows.remove_prefix(size)) {
    values.clear();
    for (const std::vector<Value>& row : rows.subspan(0, size)) {
      for (const Value& value : row) values.push_back(&value);
    }
    RETURN_IF_ERROR(pipeline_->Send(
        key, [&] { return InsertSql(insert, size, session_->back_end->InsertInto()); }, values));
  }
  return absl::OkStatus();
}

absl::Status SqlConnection::Commit() {
  RETURN_IF_ERROR(ExecuteLater("COMMIT"));
  return Settle();
}

absl::Status SqlConnection::Transact(absl::string_view begin,
                                     absl::FunctionRef<absl::Status(Connection&)> body) {
  Rollback();  // of one that could not be ended before
  RETURN_IF_ERROR(Execute(begin).status());
  absl::Cleanup rollback = [this] { Rollback(); };
  RETURN_IF_ERROR(body(*this));
  RETURN_IF_ERROR(Commit());
  std::move(rollback).Cancel();
  return absl::OkStatus();
}

absl::Status SqlConnection::RunAlone(absl::FunctionRef<absl::Status(Connection&)> body) {
  Rollback();
  absl::Cleanup forget = [this] { lost_ = absl::OkStatus(); };
  RETURN_IF_ERROR(body(*this));
  return Settle();
}

void SqlConnection::Rollback() {
  lost_ = absl::OkStatus();
  if (pipeline_ != nullptr) pipeline_->Await().IgnoreError();
  // Where it fails, the transaction is over already, or the next one begins with this again.
  if (session_->back_end->InTransaction(*session_->soci)) Execute("ROLLBACK").IgnoreError();
  lost_ = absl::OkStatus();
}

}  // namespace critac::store
