#ifndef COMMON_STORE_PAGE_SQL_H_
#define COMMON_STORE_PAGE_SQL_H_

#include <string>

#include "common/store/database.h"

namespace critac::store {

// The statement of a page whose condition has `parameter_count` parameters: then comes `page.rows`. The bytes are not
// bounded by it.
std::string PageSql(const PageQuery& page, size_t parameter_count);

// The same, with `page.bytes` as the last parameter: no row comes that passes them, but for the first. Texts are
// counted by what stands before them, not read. One column more comes, the last: NULL where PageSql has no row after
// this one.
std::string BoundedPageSql(const PageQuery& page, size_t parameter_count);

}  // namespace critac::store

#endif  // COMMON_STORE_PAGE_SQL_H_
