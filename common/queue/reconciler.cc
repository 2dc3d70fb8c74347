#include "common/queue/reconciler.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "common/base/limits.h"
#include "common/queue/backoff.h"
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
  return Backoff(options_.first_rest, options_.interval, failures, ids_.NextBits());
}

ReconcilerPass Reconciler::MakePass() {
  absl::MutexLock lock(&pass_mutex_);
  const absl::Time began = clock_.Now();
  absl::StatusOr<std::vector<NewJob>> jobs = derive_();
  ReconcilerPass pass;
  if (jobs.ok()) {
    for (NewJob& job : *jobs) job.derived = true;
    pass = PutIn(*jobs);
  } else {
    pass.status = Annotate(jobs.status(), "deriving what should be queued");
  }
  pass.began = began;
  pass.ended = clock_.Now();
  if (options_.observer != nullptr) options_.observer(pass);
  return pass;
}

ReconcilerPass Reconciler::PutIn(const std::vector<NewJob>& jobs) {
  ReconcilerPass pass;
  pass.derived_count = static_cast<int64_t>(jobs.size());
  absl::Span<const NewJob> left = jobs;
  while (!left.empty()) {
    const size_t count = std::min<size_t>(left.size(), limits::kEnqueueJobs);
    const absl::StatusOr<int64_t> added_count = queue_.Enqueue(left.first(count));
    if (!added_count.ok()) {
      pass.status = Annotate(added_count.status(), "putting in what should be queued");
      break;
    }
    pass.added_count += *added_count;
    left.remove_prefix(count);
  }
  return pass;
}

}  // namespace critac::queue
