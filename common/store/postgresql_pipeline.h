#ifndef COMMON_STORE_POSTGRESQL_PIPELINE_H_
#define COMMON_STORE_POSTGRESQL_PIPELINE_H_

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "common/store/statement_pipeline.h"

namespace critac::store {

// A pipeline by libpq, over a connection that SOCI has: SOCI itself waits after each statement. `database` is what
// messages call the database. `server` must outlive it.
std::unique_ptr<StatementPipeline> MakePostgresqlPipeline(PGconn* server, std::string database);

}  // namespace critac::store

#endif  // COMMON_STORE_POSTGRESQL_PIPELINE_H_
