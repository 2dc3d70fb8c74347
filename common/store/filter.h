#ifndef COMMON_STORE_FILTER_H_
#define COMMON_STORE_FILTER_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/store/database.h"

namespace critac::store {

// How a field of a filter is compared.
enum class FilterType {
  kText,       // =, !=, and `:` (contains, without regard to ASCII case)
  kEnum,       // =, !=; the value is one of `values`
  kInt,        // = != < <= > >=
  kDate,       // the same; `2026-10-01`, kept as that text
  kTimestamp,  // the same; RFC 3339 to the microsecond, kept as microseconds since 1970
  kBool,       // = true, = false; kept as 1 and 0
};

struct FilterField {
  FilterType type;
  // SQL column it stands for.
  std::string column;
  // For kEnum: accepted names and what the column holds for each.
  absl::flat_hash_map<std::string, Value> values;
};

// A condition in SQL, its parameters numbered on from `first_parameter`.
struct Condition {
  std::string sql;  // empty: no condition
  std::vector<Value> parameters;
};

// Reads a filter, a subset of AIP-160: comparisons joined by AND and OR (OR binds tighter, as
// there), NOT or `-` before a comparison or a parenthesis, parentheses, values bare or in double
// quotes, in which `\"` and `\\` stand for `"` and `\`. Every value is bound, never pasted. What
// matches NOT c is exactly what does not match c: also rows that have nothing in the field, which
// match no comparison but `!=`. At most 8 KiB, 10 parentheses deep, 50 comparisons long.
//
// INVALID_ARGUMENT, field `filter`: says at which character of the text, from 1, what is wrong, and
// which fields, operators or values there are. `fields` is of the program, never of a caller.
absl::StatusOr<Condition> ParseFilter(absl::string_view filter,
                                      const absl::flat_hash_map<std::string, FilterField>& fields,
                                      int first_parameter = 1);

// Opaque tokens of keyset pages: letters, digits, `-` and `_`. A token holds the keys of the last
// row and a digest of the other arguments; it is no secret and no proof of anything.
std::string MakePageToken(absl::string_view arguments, absl::Span<const std::string> keys);

// Returns the keys. INVALID_ARGUMENT, field `page_token`: not a token, altered, or from a call with
// other arguments.
absl::StatusOr<std::vector<std::string>> ReadPageToken(absl::string_view token,
                                                       absl::string_view arguments,
                                                       size_t key_count);

// Rows of a page: 0 gives limits::kDefaultPageSize, too many limits::kMaxPageSize. A negative
// number is refused where the call is checked; here it counts as 0.
int PageSize(int asked);

}  // namespace critac::store

#endif  // COMMON_STORE_FILTER_H_
