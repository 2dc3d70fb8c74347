#ifndef COMMON_STORE_INSERT_SQL_H_
#define COMMON_STORE_INSERT_SQL_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/store/database.h"

namespace critac::store {

// What an insert is made of.
struct Insert {
  absl::string_view table;
  absl::Span<const std::string> columns;
  OnConflict on_conflict;
  absl::Span<const std::string> key;
};

// Checks that the names are identifiers, and that a key is there where one is needed. INTERNAL,
// reason WRONG_STATEMENT: what is not.
absl::Status CheckInsert(const Insert& insert);

// A short text that tells `insert` and a number of rows from every other.
std::string InsertKey(const Insert& insert, int rows);

// The statement that inserts `rows` rows; `insert_into` is how it begins.
std::string InsertSql(const Insert& insert, int rows, absl::string_view insert_into);

}  // namespace critac::store

#endif  // COMMON_STORE_INSERT_SQL_H_
