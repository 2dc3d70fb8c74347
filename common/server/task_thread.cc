#include "common/server/task_thread.h"

#include <utility>

namespace critac::server {

absl::Status TaskThread::Add(Task task) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::UnavailableError("the thread is stopped");
  if (waiting_.size() >= most_waiting_) return absl::ResourceExhaustedError("too many tasks wait");
  waiting_.push_back(std::move(task));
  if (!started_) {
    started_ = true;
    thread_ = std::thread([this] { Run(); });
  }
  return absl::OkStatus();
}

void TaskThread::Stop() {
  std::deque<Task> dropped;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    dropped.swap(waiting_);
  }
  for (Task& task : dropped) task(false);
  // Nothing starts the thread once `stopping_` is set.
  if (thread_.joinable()) thread_.join();
}

void TaskThread::Run() {
  while (true) {
    Task task;
    {
      const auto awake = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !waiting_.empty();
      };
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&awake));
      if (stopping_) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    task(true);
  }
}

}  // namespace critac::server
