#include "common/journal/sql_list.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace critac::journal {
namespace {

constexpr size_t kLengths[] = {1, 4, 16, 64, 256};

// The shortest list that holds `count` values, or the longest there is.
size_t ListLength(size_t count) {
  for (const size_t length : kLengths) {
    if (count <= length) return length;
  }
  return kLengths[std::size(kLengths) - 1];
}

// `before`: how many parameters `select` has itself.
std::string WithList(absl::string_view select, size_t before, size_t length) {
  std::string sql(select);
  for (size_t i = 1; i <= length; ++i) absl::StrAppend(&sql, i == 1 ? "(:p" : ", :p", before + i);
  absl::StrAppend(&sql, ")");
  return sql;
}

}  // namespace

absl::Status QueryInList(store::Connection& connection, absl::string_view select,
                         absl::Span<const store::Value> values,
                         absl::FunctionRef<absl::Status(const store::Row&)> each,
                         absl::Span<const store::Value> first) {
  for (size_t begin = 0; begin < values.size();) {
    const size_t length = ListLength(values.size() - begin);
    const size_t end = std::min(values.size(), begin + length);
    // A value repeated in the list changes nothing in the result.
    std::vector<store::Value> parameters(first.begin(), first.end());
    parameters.insert(parameters.end(), values.begin() + begin, values.begin() + end);
    parameters.resize(first.size() + length, values[begin]);
    RETURN_IF_ERROR(connection.Query(WithList(select, first.size(), length), parameters, each));
    begin = end;
  }
  return absl::OkStatus();
}

}  // namespace critac::journal
