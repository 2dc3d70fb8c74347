#ifndef COMMON_STORE_POSTGRESQL_BACK_END_H_
#define COMMON_STORE_POSTGRESQL_BACK_END_H_

#include <libpq-fe.h>

#include "common/store/back_end.h"

namespace critac::store {

// PostgreSQL's side of every difference. Lives as long as the process.
const BackEnd& PostgresqlBackEnd();

// libpq's side of the session.
PGconn* PostgresqlHandle(soci::details::session_backend& session);

// Whether the session's connection is known to be lost.
bool PostgresqlIsLost(soci::details::session_backend& session);

}  // namespace critac::store

#endif  // COMMON_STORE_POSTGRESQL_BACK_END_H_
