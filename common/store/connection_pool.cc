#include "common/store/connection_pool.h"

#include <utility>

#include "absl/cleanup/cleanup.h"

namespace critac::store {

ConnectionPool::ConnectionPool(std::vector<std::unique_ptr<SqlConnection>> connections)
    : free_(std::move(connections)) {}

absl::Status ConnectionPool::With(absl::FunctionRef<absl::Status(SqlConnection&)> use) {
  std::unique_ptr<SqlConnection> connection = Take();
  absl::Cleanup give_back = [&] {
    absl::MutexLock lock(&mutex_);
    free_.push_back(std::move(connection));
  };
  return use(*connection);
}

std::unique_ptr<SqlConnection> ConnectionPool::Take() {
  absl::MutexLock lock(&mutex_);
  const auto one_is_free = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !free_.empty(); };
  mutex_.Await(absl::Condition(&one_is_free));
  // The one used last has its pages and statements at hand.
  std::unique_ptr<SqlConnection> connection = std::move(free_.back());
  free_.pop_back();
  return connection;
}

}  // namespace critac::store
