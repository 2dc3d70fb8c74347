#include "common/queue/worker.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/queue/worker_core.h"

namespace critac::queue {
namespace {

// Names the calling thread; Linux keeps 15 characters.
void NameThread(const std::string& worker, absl::string_view role) {
  const std::string name = absl::StrCat(worker.substr(0, 10), "-", role).substr(0, 15);
  pthread_setname_np(pthread_self(), name.c_str());
}

absl::Status NotReturned(const WorkerOptions& options, const std::vector<std::string>& keys) {
  return absl::DeadlineExceededError(absl::StrFormat(
      "worker %s: %d handlers did not return within %s; their jobs were given back: %s",
      options.name, keys.size(), absl::FormatDuration(options.drain + options.grace),
      absl::StrJoin(keys, ", ")));
}

}  // namespace

absl::string_view JobOutcomeName(JobOutcome outcome) {
  switch (outcome) {
    case JobOutcome::kDone:
      return "done";
    case JobOutcome::kFailed:
      return "failed";
    case JobOutcome::kGivenUp:
      return "given_up";
    case JobOutcome::kReleased:
      return "released";
    case JobOutcome::kLost:
      return "lost";
  }
  return "lost";
}

Worker::Worker(WorkQueue& queue, Handler handler, WorkerOptions options, const Clock& clock,
               IdSource& ids)
    : options_(std::move(options)),
      core_(std::make_shared<Core>(queue, std::move(handler), options_, clock, ids)) {}

Worker::~Worker() { (void)Stop(); }

void Worker::Start() {
  absl::MutexLock lock(&mutex_);
  for (int i = 0; i <= options_.threads; ++i) {
    threads_.emplace_back([core = core_, name = options_.name, i] {
      NameThread(name, absl::StrCat(i + 1));
      core->Work(i);
    });
  }
  keeper_ = std::thread([core = core_, name = options_.name] {
    NameThread(name, "keep");
    core->KeepLeases();
  });
}

void Worker::BeginStop() { core_->BeginStop(); }

absl::Status Worker::Stop() {
  absl::MutexLock lock(&mutex_);
  if (stopped_) return stop_status_;
  stopped_ = true;
  if (threads_.empty()) return stop_status_;
  core_->BeginStop();
  core_->StopTaking();
  core_->ReleaseWaiting();
  const std::vector<Core::LeftBehind> left = core_->Drain();
  core_->StopKeeping();
  keeper_.join();
  core_->TellTheRest();
  std::vector<std::string> keys;
  for (const Core::LeftBehind& one : left) {
    threads_[static_cast<size_t>(one.thread)].detach();
    keys.push_back(one.key);
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  if (!keys.empty()) {
    std::sort(keys.begin(), keys.end());
    stop_status_ = NotReturned(options_, keys);
  }
  return stop_status_;
}

}  // namespace critac::queue
