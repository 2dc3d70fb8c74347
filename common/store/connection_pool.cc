#include "common/store/connection_pool.h"

#include <utility>

#include "absl/cleanup/cleanup.h"

namespace critac::store {

ConnectionPool::ConnectionPool(std::vector<std::unique_ptr<SqlConnection>> connections) {
  absl::MutexLock lock(&mutex_);
  for (auto& connection : connections) free_.push_back({std::move(connection)});
}

absl::Status ConnectionPool::With(absl::FunctionRef<absl::Status(SqlConnection&)> use) {
  Pooled pooled;
  {
    absl::MutexLock lock(&mutex_);
    const auto one_is_free = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !free_.empty(); };
    mutex_.Await(absl::Condition(&one_is_free));
    // The one used last has its pages and statements at hand.
    pooled = std::move(free_.back());
    free_.pop_back();
    if (pooled.generation != generation_) pooled.connection->ForgetStatements();
    pooled.generation = generation_;
  }
  absl::Cleanup give_back = [&] {
    absl::MutexLock lock(&mutex_);
    free_.push_back(std::move(pooled));
  };
  return use(*pooled.connection);
}

void ConnectionPool::ForgetStatements() {
  absl::MutexLock lock(&mutex_);
  ++generation_;
}

}  // namespace critac::store
