#ifndef COMMON_STORE_CONNECTION_POOL_H_
#define COMMON_STORE_CONNECTION_POOL_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/store/sql_connection.h"

namespace critac::store {

// Connections that are alike, handed out one at a time. Thread-safe.
class ConnectionPool {
 public:
  explicit ConnectionPool(std::vector<std::unique_ptr<SqlConnection>> connections);

  // Calls `use` with a connection that nobody else has; waits for one where all are in use.
  absl::Status With(absl::FunctionRef<absl::Status(SqlConnection&)> use);

 private:
  std::unique_ptr<SqlConnection> Take();

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<SqlConnection>> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::store

#endif  // COMMON_STORE_CONNECTION_POOL_H_
