#include "common/queue/sender.h"

#include <pthread.h>

#include <utility>

#include "common/base/limits.h"
#include "common/queue/enqueue_all.h"

namespace critac::queue {

Sender::Sender(std::string name, WorkQueue& queue, std::function<void()> on_dropped)
    : name_(std::move(name)), queue_(queue), on_dropped_(std::move(on_dropped)) {}

Sender::~Sender() { Stop(); }

void Sender::Send(std::vector<NewJob> jobs) {
  if (jobs.empty()) return;
  absl::MutexLock lock(&mutex_);
  for (NewJob& job : jobs) {
    if (waiting_.size() >= limits::kUnsentJobs) {
      dropped_ = true;
      return;
    }
    if (waiting_keys_.insert(job.key).second) waiting_.push_back(std::move(job));
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
    return waiting_.empty() && !dropped_ && !sending_;
  };
  mutex_.Await(absl::Condition(&idle));
}

void Sender::Run() {
  std::vector<NewJob> jobs;
  bool dropped = false;
  while (Take(jobs, dropped)) {
    int64_t added_count = 0;
    if (!EnqueueAll(queue_, jobs, added_count).ok() || dropped) on_dropped_();
  }
}

bool Sender::Take(std::vector<NewJob>& jobs, bool& dropped) {
  absl::MutexLock lock(&mutex_);
  sending_ = false;
  const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !waiting_.empty() || stopping_;
  };
  mutex_.Await(absl::Condition(&something));
  if (stopping_) return false;
  jobs = std::exchange(waiting_, {});
  waiting_keys_.clear();
  dropped = std::exchange(dropped_, false);
  sending_ = true;
  return true;
}

}  // namespace critac::queue
