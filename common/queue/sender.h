#ifndef COMMON_QUEUE_SENDER_H_
#define COMMON_QUEUE_SENDER_H_

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/trace.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// What a sender tells of a job that it took to the queue, or could not.
struct SendRecord {
  absl::string_view queue;
  absl::string_view key;
  // The trace that the job has, and that of what caused it. Empty: none.
  absl::string_view trace;
  absl::string_view parent;
  // When it was given to the sender, right after the commit.
  absl::Time start;
  // Until the queue had it.
  absl::Duration duration;
  // How the queue answered.
  absl::Status status;
};

// How what a sender does becomes steps of the traces of its jobs. All are null, or none is; they must
// outlive the sender.
struct SenderSteps {
  TraceSource* steps = nullptr;
  const Clock* clock = nullptr;
  // Called by the sender's thread.
  std::function<void(const SendRecord&)> observer = nullptr;
};

// Takes the jobs that a commit caused to a queue, on a thread of its own: who commits does not wait
// for the queue, which may be on another machine or away. What the queue does not take, and what
// comes past limits::kUnsentJobs, is dropped: a reconciler derives it again, and is told to do so
// soon. Thread-safe.
class Sender {
 public:
  // `name` is its thread's; 15 characters of it are seen. `on_dropped` is called by that thread after
  // jobs were dropped. `queue` must outlive the sender.
  Sender(std::string name, WorkQueue& queue, std::function<void()> on_dropped,
         SenderSteps steps = {});
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
  // Where a job comes from.
  struct Cause {
    std::string trace;
    absl::Time time;
  };
  struct Batch {
    std::vector<NewJob> jobs;
    // One for each job, or none where nobody is told.
    std::vector<Cause> causes;
    // Some came past the limit.
    bool dropped = false;
  };

  void Run();
  // Waits for something to do; nothing: it is to end.
  std::optional<Batch> Take();
  void Tell(const Batch& batch, const absl::Status& status);

  const std::string name_;
  WorkQueue& queue_;
  const std::function<void()> on_dropped_;

  const SenderSteps steps_;

  absl::Mutex mutex_;
  Batch waiting_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::string> waiting_keys_ ABSL_GUARDED_BY(mutex_);
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_SENDER_H_
