#include "common/queue/sender.h"

#include <pthread.h>

#include <utility>

#include "common/base/limits.h"
#include "common/queue/enqueue_all.h"

namespace critac::queue {

Sender::Sender(std::string name, WorkQueue& queue, std::function<void()> on_dropped,
               SenderSteps steps)
    : name_(std::move(name)),
      queue_(queue),
      on_dropped_(std::move(on_dropped)),
      steps_(std::move(steps)) {}

Sender::~Sender() { Stop(); }

void Sender::Send(std::vector<NewJob> jobs) {
  if (jobs.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (NewJob& job : jobs) {
    if (waiting_.jobs.size() >= limits::kUnsentJobs) {
      waiting_.dropped = true;
      return;
    }
    if (!waiting_keys_.insert(job.key).second) continue;
    if (steps_.steps != nullptr) {
      std::string step = steps_.steps->NewStep(job.trace);
      waiting_.causes.push_back({std::exchange(job.trace, std::move(step)), steps_.clock->Now()});
    }
    waiting_.jobs.push_back(std::move(job));
  }
}

void Sender::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    Run();
  });
}

void Sender::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Sender::AwaitIdle() {
  absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return waiting_.jobs.empty() && !waiting_.dropped && !sending_;
  };
  mutex_.Await(absl::Condition(&idle));
}

void Sender::Run() {
  while (const std::optional<Batch> batch = Take()) {
    int64_t added_count = 0;
    const absl::Status status = EnqueueAll(queue_, batch->jobs, added_count);
    Tell(*batch, status);
    if (!status.ok() || batch->dropped) on_dropped_();
  }
}

std::optional<Sender::Batch> Sender::Take() {
  absl::MutexLock lock(&mutex_);
  sending_ = false;
  const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !waiting_.jobs.empty() || stopping_;
  };
  mutex_.Await(absl::Condition(&something));
  if (stopping_) return std::nullopt;
  waiting_keys_.clear();
  sending_ = true;
  return std::exchange(waiting_, {});
}

void Sender::Tell(const Batch& batch, const absl::Status& status) {
  for (size_t i = 0; i < batch.causes.size(); ++i) {
    const Cause& cause = batch.causes[i];
    steps_.observer({.queue = queue_.name(),
                     .key = batch.jobs[i].key,
                     .trace = batch.jobs[i].trace,
                     .parent = cause.trace,
                     .start = cause.time,
                     .duration = steps_.clock->Now() - cause.time,
                     .status = status});
  }
}

}  // namespace critac::queue
