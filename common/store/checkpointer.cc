#include "common/store/checkpointer.h"

#include <pthread.h>

#include <utility>

#include "common/store/sqlite_back_end.h"

namespace critac::store {
Checkpointer::Checkpointer(std::unique_ptr<SqlConnection> connection)
    : connection_(std::move(connection)), thread_([this] { Loop(); }) {
  pthread_setname_np(thread_.native_handle(), "checkpointer");
}

Checkpointer::~Checkpointer() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Checkpointer::Committed(int pages) {
  if (pages < kDuePages) return;
  absl::MutexLock lock(&mutex_);
  due_ = true;
}

void Checkpointer::Loop() {
  // SQLite opens the log at the first read; a checkpoint before that does nothing.
  static_cast<void>(connection_->QueryAll("PRAGMA schema_version"));
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      const auto something = [this]()
                                 ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return due_ || stopping_; };
      mutex_.Await(absl::Condition(&something));
      if (!due_) return;
      due_ = false;
    }
    SqliteCheckpoint(*connection_->session().soci);
  }
}

}  // namespace critac::store
