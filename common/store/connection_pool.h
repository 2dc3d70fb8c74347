#ifndef COMMON_STORE_CONNECTION_POOL_H_
#define COMMON_STORE_CONNECTION_POOL_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace critac::store {

// Connections that are alike, handed out one at a time. Thread-safe.
template <typename T>
class ConnectionPool {
 public:
  explicit ConnectionPool(std::vector<std::unique_ptr<T>> connections)
      : free_(std::move(connections)) {}

  // Calls `use` with a connection that nobody else has; waits for one where all are in use.
  absl::Status With(absl::FunctionRef<absl::Status(T&)> use) {
    std::unique_ptr<T> connection = Take();
    absl::Cleanup give_back = [&] {
      absl::MutexLock lock(&mutex_);
      free_.push_back(std::move(connection));
    };
    return use(*connection);
  }

 private:
  std::unique_ptr<T> Take() {
    absl::MutexLock lock(&mutex_);
    const auto one_is_free = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !free_.empty(); };
    mutex_.Await(absl::Condition(&one_is_free));
    // The one used last has its pages and statements at hand.
    std::unique_ptr<T> connection = std::move(free_.back());
    free_.pop_back();
    return connection;
  }

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<T>> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::store

#endif  // COMMON_STORE_CONNECTION_POOL_H_
