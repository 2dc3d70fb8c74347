#ifndef COMMON_STORE_POSTGRESQL_ERROR_H_
#define COMMON_STORE_POSTGRESQL_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace critac::store {

// The status for a SQLSTATE (PostgreSQL 15, appendix A); empty or blank: the connection was lost.
// `said` is the server's message, which is passed on where it is about the program or the server and
// not about values.
absl::Status PostgresqlStatus(absl::string_view sqlstate, absl::string_view said,
                              absl::string_view database);

}  // namespace critac::store

#endif  // COMMON_STORE_POSTGRESQL_ERROR_H_
