#include "common/store/insert_sql.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "common/store/sql_text.h"

namespace critac::store {
namespace {

absl::Status WrongInsert(absl::string_view table, absl::string_view what) {
  return Error(absl::StatusCode::kInternal, "WRONG_STATEMENT",
               absl::StrCat("insert into ", table, ": ", what))
      .ToStatus();
}

std::string OnConflictClause(const Insert& insert) {
  if (insert.on_conflict == OnConflict::kFail) return "";
  const std::string clause =
      absl::StrCat(" ON CONFLICT (", absl::StrJoin(insert.key, ", "), ") DO ");
  std::string assignments;
  if (insert.on_conflict == OnConflict::kReplace) {
    for (const std::string& column : insert.columns) {
      if (std::find(insert.key.begin(), insert.key.end(), column) != insert.key.end()) continue;
      absl::StrAppend(&assignments, assignments.empty() ? "" : ", ", column, " = excluded.",
                      column);
    }
  }
  // A row that is all key is replaced by itself.
  if (assignments.empty()) return absl::StrCat(clause, "NOTHING");
  return absl::StrCat(clause, "UPDATE SET ", assignments);
}

}  // namespace

absl::Status CheckInsert(const Insert& insert) {
  if (!IsIdentifier(insert.table)) return WrongInsert(insert.table, "not a name of a table");
  if (insert.columns.empty()) return WrongInsert(insert.table, "no columns");
  for (const std::string& column : insert.columns) {
    if (!IsIdentifier(column)) return WrongInsert(insert.table, "a column's name is none");
  }
  if (insert.on_conflict == OnConflict::kFail) return absl::OkStatus();
  if (insert.key.empty()) return WrongInsert(insert.table, "no key to tell a conflict by");
  for (const std::string& column : insert.key) {
    if (!IsIdentifier(column)) return WrongInsert(insert.table, "a key column's name is none");
  }
  return absl::OkStatus();
}

std::string InsertKey(const Insert& insert, int rows) {
  return absl::StrCat("insert ", rows, " ", static_cast<int>(insert.on_conflict), " ", insert.table,
                      "(", absl::StrJoin(insert.columns, ","), ")(", absl::StrJoin(insert.key, ","),
                      ")");
}

std::string InsertSql(const Insert& insert, int rows, absl::string_view insert_into) {
  std::string sql = absl::StrCat(insert_into, " ", insert.table, " (",
                                 absl::StrJoin(insert.columns, ", "), ") VALUES ");
  int parameter = 0;
  for (int row = 0; row < rows; ++row) {
    for (size_t column = 0; column < insert.columns.size(); ++column) {
      absl::StrAppend(&sql, column > 0 ? ", :p" : row > 0 ? "), (:p" : "(:p", ++parameter);
    }
  }
  absl::StrAppend(&sql, ")", OnConflictClause(insert));
  return sql;
}

}  // namespace critac::store
