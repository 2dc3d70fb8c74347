#include "common/queue/reconciler.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "common/queue/backoff.h"
#include "common/queue/enqueue_all.h"
#include "common/status/error.h"

namespace critac::queue {

Reconciler::Reconciler(WorkQueue& queue, Derive derive, ReconcilerOptions options,
                       const Clock& clock, IdSource& ids)
    : queue_(queue),
      derive_(std::move(derive)),
      options_(std::move(options)),
      clock_(clock),
      ids_(ids) {}

Reconciler::~Reconciler() { Stop(); }

void Reconciler::Start() {
  absl::MutexLock lock(&thread_mutex_);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
    Loop();
  });
}

void Reconciler::Nudge() {
  absl::MutexLock lock(&mutex_);
  nudged_ = true;
}

void Reconciler::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  absl::MutexLock lock(&thread_mutex_);
  if (thread_.joinable()) thread_.join();
}

void Reconciler::Loop() {
  int failures = 0;
  absl::Time next = absl::InfinitePast();
  while (AwaitNext(next, failures > 0)) {
    const ReconcilerPass pass = MakePass();
    failures = pass.status.ok() ? 0 : failures + 1;
    next = pass.ended + RestAfter(failures);
  }
}

bool Reconciler::AwaitNext(absl::Time next, bool rests) {
  absl::MutexLock lock(&mutex_);
  const auto called = [this, rests] {
    mutex_.AssertHeld();
    return stopping_ || (nudged_ && !rests);
  };
  clock_.AwaitUntil(mutex_, absl::Condition(&called), next);
  nudged_ = false;
  return !stopping_;
}

absl::Duration Reconciler::RestAfter(int failures) {
  if (failures == 0) return options_.interval;
  return Backoff(options_.first_rest, std::min(options_.max_rest, options_.interval), failures,
                 ids_.NextBits());
}

ReconcilerPass Reconciler::MakePass() {
  absl::MutexLock lock(&pass_mutex_);
  ReconcilerPass pass;
  pass.began = clock_.Now();
  absl::StatusOr<std::vector<NewJob>> jobs = derive_();
  if (jobs.ok()) {
    for (NewJob& job : *jobs) job.derived = true;
    pass.derived_count = static_cast<int64_t>(jobs->size());
    pass.status =
        Annotate(EnqueueAll(queue_, *jobs, pass.added_count), "putting in what should be queued");
  } else {
    pass.status = Annotate(jobs.status(), "deriving what should be queued");
  }
  pass.ended = clock_.Now();
  if (options_.observer != nullptr) options_.observer(pass);
  return pass;
}

}  // namespace critac::queue
