#ifndef COMMON_BASE_TASK_POOL_H_
#define COMMON_BASE_TASK_POOL_H_

#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace critac {

// A few threads for work that may block, and so must not run on gRPC's own. Thread-safe.
class TaskPool {
 public:
  using Task = absl::AnyInvocable<void()>;

  // `name` names the threads (15 characters are kept); at most `max_waiting` tasks wait.
  TaskPool(const std::string& name, int threads, int max_waiting);
  ~TaskPool();

  // Runs `task` when a thread is free. False: too many wait, or the pool is stopped; `task` is left
  // to the caller untouched.
  bool TryRun(Task& task);

  // Runs what waits, then joins the threads. Nothing is taken any more.
  void Stop();

 private:
  void Loop();

  const size_t max_waiting_;
  absl::Mutex mutex_;
  // Not by conditions of the mutex: those of all idle threads would be looked at whenever it is left.
  absl::CondVar changed_;
  std::deque<Task> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace critac

#endif  // COMMON_BASE_TASK_POOL_H_
