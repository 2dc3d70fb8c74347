#ifndef COMMON_STORE_WRITER_TURN_H_
#define COMMON_STORE_WRITER_TURN_H_

#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/status/error.h"

namespace critac::store {

// Lets those who write take turns. Thread-safe.
class WriterTurn {
 public:
  explicit WriterTurn(std::string database) : database_(std::move(database)) {}

  // Calls `write` when it is its turn. INTERNAL, reason WRITE_WITHIN_WRITE: it is called within one,
  // which would wait for itself.
  absl::Status Take(absl::FunctionRef<absl::Status()> write) ABSL_LOCKS_EXCLUDED(mutex_) {
    const std::thread::id here = std::this_thread::get_id();
    if (thread_ == here) {
      return Error(absl::StatusCode::kInternal, "WRITE_WITHIN_WRITE",
                   absl::StrCat(database_,
                                ": a write began within a write, which would wait for itself"))
          .ToStatus();
    }
    absl::MutexLock lock(&mutex_);
    thread_ = here;
    absl::Cleanup end = [this] { thread_ = std::thread::id(); };
    return write();
  }

 private:
  const std::string database_;
  absl::Mutex mutex_;
  std::atomic<std::thread::id> thread_;
};

}  // namespace critac::store

#endif  // COMMON_STORE_WRITER_TURN_H_
