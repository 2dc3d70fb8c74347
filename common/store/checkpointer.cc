#include "common/store/checkpointer.h"

#include <pthread.h>

#include <utility>

#include "common/store/sqlite_back_end.h"

namespace critac::store {
namespace {

// 4 MiB of pages: enough that pages written often are moved once.
constexpr int kDuePages = 1000;

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<Session> session)
    : session_(std::move(session)), thread_([this] { Loop(); }) {
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
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      const auto something = [this]()
                                 ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return due_ || stopping_; };
      mutex_.Await(absl::Condition(&something));
      if (!due_) return;
      due_ = false;
    }
    SqliteCheckpoint(*session_->soci);
  }
}

}  // namespace critac::store
