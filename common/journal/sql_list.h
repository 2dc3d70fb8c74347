#ifndef COMMON_JOURNAL_SQL_LIST_H_
#define COMMON_JOURNAL_SQL_LIST_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/store/database.h"

namespace critac::journal {

// Runs `select` followed by a list of `values` in parentheses: `SELECT … WHERE id IN ` gives `… IN
// (:p1, :p2, …)`. Long lists go in several queries; lists are filled up to one of a few lengths, so
// few statements are prepared. `first` are the parameters that `select` has itself, numbered from 1.
absl::Status QueryInList(store::Connection& connection, absl::string_view select,
                         absl::Span<const store::Value> values,
                         absl::FunctionRef<absl::Status(const store::Row&)> each,
                         absl::Span<const store::Value> first = {});

}  // namespace critac::journal

#endif  // COMMON_JOURNAL_SQL_LIST_H_
