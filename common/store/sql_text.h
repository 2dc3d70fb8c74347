#ifndef COMMON_STORE_SQL_TEXT_H_
#define COMMON_STORE_SQL_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace critac::store {

// Most parameters of one statement, on every back end alike.
inline constexpr int kMaxParameters = 32766;

// The statements of `sql`, which semicolons set apart; those within quotes, comments and the body
// of a trigger do not. What holds nothing but blanks and comments is no statement.
std::vector<std::string> SplitStatements(absl::string_view sql);

// One statement, as it is handed to a back end.
struct StatementText {
  std::string sql;
  int parameter_count = 0;
};

// Reads one statement whose parameters are `:p1`, `:p2`, … in order, each used once, and at most
// kMaxParameters. Where `mark` is not empty, it takes the place of each parameter, `$` with its
// number. INTERNAL, reason WRONG_STATEMENT: another name, order or number, or not exactly one
// statement.
absl::StatusOr<StatementText> ReadStatement(absl::string_view sql, absl::string_view mark);

// Whether `name` is a plain SQL identifier: a letter or `_`, then letters, digits and `_`, at most
// 63 characters.
bool IsIdentifier(absl::string_view name);

}  // namespace critac::store

#endif  // COMMON_STORE_SQL_TEXT_H_
