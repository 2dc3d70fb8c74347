#ifndef COMMON_QUEUE_JOB_H_
#define COMMON_QUEUE_JOB_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "common/queue/work_queue.h"

namespace critac::queue {

// A job in the hands of a handler.
class Job {
 public:
  // `cancelled` is shared with who may cancel it. Null: nobody does.
  explicit Job(const Lease& lease, std::shared_ptr<const std::atomic<bool>> cancelled = nullptr)
      : Job(lease, std::move(cancelled), lease.trace) {}
  // With a trace of its own: a step that what caused it has caused.
  Job(const Lease& lease, std::shared_ptr<const std::atomic<bool>> cancelled, std::string trace)
      : key_(lease.key),
        attempt_(lease.attempt),
        trace_(std::move(trace)),
        enqueued_(lease.enqueued),
        cancelled_(std::move(cancelled)) {}

  const std::string& key() const { return key_; }
  // 1 at the first attempt.
  int attempt() const { return attempt_; }
  // W3C trace of the call that caused it, or of its own where jobs are steps. Empty: none.
  const std::string& trace() const { return trace_; }
  // When it was put in.
  absl::Time enqueued() const { return enqueued_; }

  // Whether what the handler does no longer counts: another worker has the job, or the process will
  // not wait for it any longer. A handler that runs for long looks at this and returns; what it
  // returns then does not matter, but CANCELLED says that it stopped half-way. One that is told by
  // another way that the process stops says so, too: its worker takes it for that once it stops.
  bool cancelled() const { return cancelled_ != nullptr && cancelled_->load(); }

 private:
  std::string key_;
  int attempt_;
  std::string trace_;
  absl::Time enqueued_;
  std::shared_ptr<const std::atomic<bool>> cancelled_;
};

}  // namespace critac::queue

#endif  // COMMON_QUEUE_JOB_H_
