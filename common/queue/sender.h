#ifndef COMMON_QUEUE_SENDER_H_
#define COMMON_QUEUE_SENDER_H_

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// Takes the jobs that a commit caused to a queue, on a thread of its own: who commits does not wait
// for the queue, which may be on another machine or away. What the queue does not take, and what
// comes past limits::kUnsentJobs, is dropped: a reconciler derives it again, and is told to do so
// soon. Thread-safe.
class Sender {
 public:
  // `name` is its thread's; 15 characters of it are seen. `on_dropped` is called by that thread after
  // jobs were dropped. `queue` must outlive the sender.
  Sender(std::string name, WorkQueue& queue, std::function<void()> on_dropped);
  // Stops.
  ~Sender();

  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Takes jobs, in this order, to the queue; does not block. Of a key that waits already the first
  // job stays. They wait until Start.
  void Send(std::vector<NewJob> jobs);

  // Begins. Called once, before Stop.
  void Start();
  // Drops what waits; ends the call in hand and joins the thread. Stopping again, or without a
  // start, does nothing.
  void Stop();

  // Waits until nothing waits any more.
  void AwaitIdle();

 private:
  void Run();
  // Waits for something to do; false: it is to end.
  bool Take(std::vector<NewJob>& jobs, bool& dropped);

  const std::string name_;
  WorkQueue& queue_;
  const std::function<void()> on_dropped_;

  absl::Mutex mutex_;
  std::vector<NewJob> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> waiting_keys_ ABSL_GUARDED_BY(mutex_);
  // Some came past the limit.
  bool dropped_ ABSL_GUARDED_BY(mutex_) = false;
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_SENDER_H_
