#include "common/store/page_sql.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"

namespace critac::store {

std::string PageSql(const PageQuery& page, size_t parameter_count) {
  return absl::StrCat("SELECT ", absl::StrJoin(page.columns, ", "), " FROM ", page.table, " WHERE ",
                      page.where, " ORDER BY ", page.order, " LIMIT :p", parameter_count + 1);
}

std::string BoundedPageSql(const PageQuery& page, size_t parameter_count) {
  // The first row is that whose sum is its own bytes.
  return absl::Substitute(
      "SELECT $0 FROM (SELECT $0, octet_length($1) AS page_bytes, sum(octet_length($1)) OVER "
      "(ORDER BY $2 ROWS UNBOUNDED PRECEDING) AS page_sum FROM ($3) AS page_rows) AS page "
      "WHERE page_sum <= :p$4 OR page_sum = page_bytes ORDER BY $2",
      absl::StrJoin(page.columns, ", "), page.columns[page.long_column], page.order,
      PageSql(page, parameter_count), parameter_count + 2);
}

}  // namespace critac::store
