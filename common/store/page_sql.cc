#include "common/store/page_sql.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"

namespace critac::store {

std::string PageSql(const PageQuery& page, size_t parameter_count) {
  return absl::StrCat("SELECT ", absl::StrJoin(page.columns, ", "), " FROM ", page.table,
                      page.where.empty() ? "" : " WHERE ", page.where, " ORDER BY ", page.order,
                      " LIMIT :p", parameter_count + 1);
}

std::string BoundedPageSql(const PageQuery& page, size_t parameter_count) {
  return absl::Substitute(
      "SELECT $0, page_next FROM (SELECT $0, row_number() OVER page_window AS page_row, "
      "sum(octet_length($1)) OVER page_window AS page_sum, lead(1) OVER page_window AS page_next "
      "FROM ($3) AS page_rows WINDOW page_window AS (ORDER BY $2 ROWS UNBOUNDED PRECEDING)) "
      "AS page WHERE page_row = 1 OR page_sum <= :p$4 ORDER BY $2",
      absl::StrJoin(page.columns, ", "), page.columns[page.long_column], page.order,
      PageSql(page, parameter_count), parameter_count + 2);
}

}  // namespace critac::store
