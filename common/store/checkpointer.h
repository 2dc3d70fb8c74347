#ifndef COMMON_STORE_CHECKPOINTER_H_
#define COMMON_STORE_CHECKPOINTER_H_

#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/store/sql_connection.h"

namespace critac::store {

// Moves what is in SQLite's log into the database file on a thread of its own, so that no commit
// waits for it.
class Checkpointer {
 public:
  // From so many pages in the log on, a checkpoint is due: 32 MiB. Pages written often, such as an
  // index's, are moved once for many times that they were written. It is half of what the log may
  // hold, so that a commit need not wait.
  static constexpr int kDuePages = 8000;

  // `connection` is its own.
  explicit Checkpointer(std::unique_ptr<SqlConnection> connection);
  // Makes the checkpoint that is due.
  ~Checkpointer();

  // Says that the log holds `pages` after a commit. Does not block.
  void Committed(int pages);

 private:
  void Loop();

  const std::unique_ptr<SqlConnection> connection_;
  absl::Mutex mutex_;
  bool due_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace critac::store

#endif  // COMMON_STORE_CHECKPOINTER_H_
