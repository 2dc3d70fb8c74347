#ifndef COMMON_SERVER_TASK_THREAD_H_
#define COMMON_SERVER_TASK_THREAD_H_

#include <cstddef>
#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace critac::server {

// One thread that runs long tasks one after another, so that they take no thread of gRPC's and do
// not crowd each other. The thread is started with the first task. Thread-safe.
class TaskThread {
 public:
  // At most `most_waiting` tasks wait for their turn.
  explicit TaskThread(size_t most_waiting) : most_waiting_(most_waiting) {}
  // Stops.
  ~TaskThread() { Stop(); }

  // What is called exactly once for every task that was taken: with true when its turn has come,
  // with false when it never will because the thread stops.
  using Task = absl::AnyInvocable<void(bool run)>;
  // RESOURCE_EXHAUSTED: too many wait. UNAVAILABLE: after Stop. The task is not taken then.
  absl::Status Add(Task task);

  // Ends the running task, drops those that wait.
  void Stop();

 private:
  void Run();

  const size_t most_waiting_;
  absl::Mutex mutex_;
  std::deque<Task> waiting_ ABSL_GUARDED_BY(mutex_);
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace critac::server

#endif  // COMMON_SERVER_TASK_THREAD_H_
