#include "common/queue/worker_core.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/queue/backoff.h"
#include "common/queue/permanent.h"

namespace critac::queue {
namespace {

// What the queue says when a job is no longer this worker's (LEASE_LOST); any other error may pass.
bool IsLost(const absl::Status& status) { return absl::IsAborted(status); }

}  // namespace

// ---- Working --------------------------------------------------------------------------------------

void Worker::Core::Work(int thread) {
  while (const std::optional<HeldPtr> next = AwaitTurn(thread)) {
    if (*next == nullptr) {
      TakeJobs();
    } else if (!End(*next, handler_((*next)->job))) {
      return;
    }
  }
}

// What the calling thread does next: first of all it runs what was taken. Null: it takes jobs.
// Nothing: it ends.
std::optional<Worker::Core::HeldPtr> Worker::Core::AwaitTurn(int thread) {
  absl::MutexLock lock(&mutex_);
  const auto something = [this] {
    mutex_.AssertHeld();
    return stopping_ || CanRun() || CanTake();
  };
  mutex_.Await(absl::Condition(&something));
  if (stopping_) return std::nullopt;
  if (CanRun()) return NextJob(thread);
  taking_ = true;
  return HeldPtr();
}

bool Worker::Core::CanRun() const { return !waiting_.empty() && busy_ < options_.threads; }

bool Worker::Core::CanTake() const { return !taking_ && Room() > 0; }

// ---- Taking ---------------------------------------------------------------------------------------

// One call to the queue, by the one thread that takes.
void Worker::Core::TakeJobs() {
  int room = 0;
  {
    absl::MutexLock lock(&mutex_);
    room = Room();
  }
  const absl::Time asked = clock_.Now();
  const absl::StatusOr<std::vector<Lease>> leases =
      queue_.Reserve(room, options_.lease, options_.poll, stop_.get_token());
  if (leases.ok() && !leases->empty()) {
    failures_ = 0;
    Accept(*leases);
  } else if (leases.ok() && clock_.Now() - asked >= options_.poll / 2) {
    failures_ = 0;
  } else {
    // It failed, or had nothing long before the time was over, as after its shutdown.
    Rest(asked, ++failures_);
  }
  absl::MutexLock lock(&mutex_);
  taking_ = false;
}

int Worker::Core::Room() const {
  return options_.threads - busy_ + options_.ahead - static_cast<int>(waiting_.size());
}

void Worker::Core::Accept(absl::Span<const Lease> leases) {
  absl::MutexLock lock(&mutex_);
  for (const Lease& lease : leases) {
    TraceSource* const steps = options_.steps;
    auto held =
        std::make_shared<Held>(lease, steps == nullptr ? lease.trace : steps->NewStep(lease.trace));
    held->keep_at = held->expires - options_.lease * 3 / 4;
    next_keeping_ = std::min(next_keeping_, held->keep_at);
    held_.insert(held);
    waiting_.push_back(std::move(held));
  }
}

void Worker::Core::Rest(absl::Time asked, int failures) {
  const absl::Time until =
      asked + Backoff(options_.first_rest, options_.max_rest, failures, ids_.NextBits());
  absl::MutexLock lock(&mutex_);
  clock_.AwaitUntil(mutex_, absl::Condition(&stopping_), until);
}

// ---- Running and ending ---------------------------------------------------------------------------

// The job that has waited longest, taken up by a thread.
Worker::Core::HeldPtr Worker::Core::NextJob(int thread) {
  HeldPtr held = std::move(waiting_.front());
  waiting_.pop_front();
  ++busy_;
  ++running_;
  held->stage = Stage::kRunning;
  held->thread = thread;
  held->begun = clock_.Now();
  held->waited = *held->begun - held->lease.enqueued;
  return held;
}

// Whether the thread goes on: not one that was left behind, which touches nothing but the mutex.
bool Worker::Core::End(const HeldPtr& held, absl::Status status) {
  {
    absl::MutexLock lock(&mutex_);
    if (held->left_behind) return false;
    held->stage = Stage::kEnding;
    held->outcome = OutcomeOf(*held, status);
    held->status = std::move(status);
    held->ran = clock_.Now() - *held->begun;
    --running_;
    to_tell_.push_back(held);
    if (!telling_) {
      telling_ = true;
    } else {
      --busy_;
      return true;
    }
  }
  EndAll();
  absl::MutexLock lock(&mutex_);
  --busy_;
  return true;
}

JobOutcome Worker::Core::OutcomeOf(const Held& held, const absl::Status& status) const {
  if (held.lost) return JobOutcome::kLost;
  if (status.ok()) return JobOutcome::kDone;
  const bool was_asked_to_end = stopping_ || held.job.cancelled();
  if (was_asked_to_end && absl::IsCancelled(status)) return JobOutcome::kReleased;
  return IsPermanent(status) ? JobOutcome::kGivenUp : JobOutcome::kFailed;
}

// Tells the queue of all that ended, those included that end meanwhile.
void Worker::Core::EndAll() {
  for (;;) {
    std::vector<HeldPtr> batch;
    {
      absl::MutexLock lock(&mutex_);
      batch = std::exchange(to_tell_, {});
      if (batch.empty()) {
        telling_ = false;
        return;
      }
    }
    Settle(batch, Tell(batch), OnError::kTellAgain);
  }
}

std::vector<absl::Status> Worker::Core::Tell(absl::Span<const HeldPtr> batch) {
  std::vector<absl::Status> results(batch.size());
  std::vector<Lease> done;
  std::vector<size_t> places;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch[i]->outcome == JobOutcome::kDone) {
      done.push_back(batch[i]->lease);
      places.push_back(i);
    } else {
      results[i] = TellOne(*batch[i]);
    }
  }
  if (done.empty()) return results;
  const std::vector<absl::Status> completed = queue_.CompleteEach(done);
  for (size_t i = 0; i < places.size(); ++i) results[places[i]] = completed[i];
  return results;
}

absl::Status Worker::Core::TellOne(const Held& held) {
  switch (held.outcome) {
    case JobOutcome::kDone:
      return queue_.Complete(held.lease);
    case JobOutcome::kFailed:
    case JobOutcome::kGivenUp:
      return queue_.Fail(
          held.lease,
          absl::StrCat(absl::StatusCodeToString(held.status.code()), ": ", held.status.message()),
          held.outcome == JobOutcome::kFailed);
    case JobOutcome::kReleased:
      return queue_.Release(held.lease);
    case JobOutcome::kLost:
      break;
  }
  return absl::OkStatus();
}

void Worker::Core::Settle(absl::Span<const HeldPtr> batch, absl::Span<const absl::Status> results,
                          OnError on_error) {
  std::vector<HeldPtr> settled;
  {
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < batch.size(); ++i) {
      const HeldPtr& held = batch[i];
      const bool again = !results[i].ok() && !IsLost(results[i]) &&
                         on_error == OnError::kTellAgain && clock_.Now() < held->expires;
      if (again) {
        untold_.push_back(held);
        next_keeping_ = std::min(next_keeping_, SoonAgain());
        continue;
      }
      if (!results[i].ok()) held->outcome = JobOutcome::kLost;
      held_.erase(held);
      settled.push_back(held);
    }
  }
  Report(settled);
}

void Worker::Core::Report(absl::Span<const HeldPtr> batch) {
  if (options_.observer == nullptr) return;
  for (const HeldPtr& held : batch) {
    options_.observer({.queue = queue_.name(),
                       .job = held->job,
                       .outcome = held->outcome,
                       .status = held->status,
                       .waited = held->waited,
                       .ran = held->ran,
                       .begun = held->begun,
                       .parent = held->lease.trace});
  }
}

// ---- Keeping leases -------------------------------------------------------------------------------

void Worker::Core::KeepLeases() {
  while (AwaitKeeping()) {
    std::vector<HeldPtr> untold;
    {
      absl::MutexLock lock(&mutex_);
      untold = std::exchange(untold_, {});
    }
    Extend(Kept());
    Settle(untold, Tell(untold), OnError::kTellAgain);
  }
}

// Whether there is something to keep; false once the worker stops.
bool Worker::Core::AwaitKeeping() {
  absl::MutexLock lock(&mutex_);
  while (keeping_ && clock_.Now() < next_keeping_) {
    const absl::Time planned = next_keeping_;
    const auto look = [this, planned] {
      mutex_.AssertHeld();
      return !keeping_ || next_keeping_ < planned;
    };
    clock_.AwaitUntil(mutex_, absl::Condition(&look), planned);
  }
  return keeping_;
}

// Jobs whose leases are to be extended.
std::vector<Worker::Core::HeldPtr> Worker::Core::Kept() {
  absl::MutexLock lock(&mutex_);
  std::vector<HeldPtr> kept;
  for (const HeldPtr& held : held_) {
    if (held->stage != Stage::kEnding && !held->lost) kept.push_back(held);
  }
  return kept;
}

void Worker::Core::Extend(absl::Span<const HeldPtr> batch) {
  std::vector<Lease> leases;
  leases.reserve(batch.size());
  for (const HeldPtr& held : batch) leases.push_back(held->lease);
  std::vector<absl::StatusOr<Lease>> results;
  if (!leases.empty()) results = queue_.ExtendEach(leases, options_.lease);
  std::vector<HeldPtr> dropped;
  {
    absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < results.size(); ++i) SeeExtension(batch[i], results[i], dropped);
    PlanKeeping();
  }
  Report(dropped);
}

void Worker::Core::SeeExtension(const HeldPtr& held, const absl::StatusOr<Lease>& result,
                                std::vector<HeldPtr>& dropped) {
  // It ended meanwhile, and its lease with it.
  if (held->stage == Stage::kEnding || held->left_behind) return;
  if (result.ok()) {
    held->expires = result->expires;
    held->keep_at = held->expires - options_.lease * 3 / 4;
    return;
  }
  held->keep_at = SoonAgain();
  held->lost = IsLost(result.status());
  if (held->lost || clock_.Now() >= held->expires) held->cancelled->store(true);
  if (!held->lost || held->stage != Stage::kWaiting) return;
  held->outcome = JobOutcome::kLost;
  held->status = result.status();
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), held));
  held_.erase(held);
  dropped.push_back(held);
}

void Worker::Core::PlanKeeping() {
  next_keeping_ = untold_.empty() ? absl::InfiniteFuture() : SoonAgain();
  for (const HeldPtr& held : held_) {
    if (held->stage == Stage::kEnding || held->lost) continue;
    next_keeping_ = std::min(next_keeping_, held->keep_at);
  }
}

// ---- Stopping -------------------------------------------------------------------------------------

void Worker::Core::BeginStop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  stop_.request_stop();
}

void Worker::Core::StopTaking() {
  absl::MutexLock lock(&mutex_);
  const auto taken = [this] {
    mutex_.AssertHeld();
    return !taking_;
  };
  mutex_.Await(absl::Condition(&taken));
}

void Worker::Core::ReleaseWaiting() {
  std::vector<HeldPtr> batch;
  {
    absl::MutexLock lock(&mutex_);
    batch.assign(waiting_.begin(), waiting_.end());
    waiting_.clear();
    for (const HeldPtr& held : batch) {
      held->stage = Stage::kEnding;
      held->outcome = JobOutcome::kReleased;
      held->status = absl::CancelledError("the worker stopped before the job was begun");
    }
  }
  Settle(batch, Tell(batch), OnError::kTellAgain);
}

std::vector<Worker::Core::LeftBehind> Worker::Core::Drain() {
  if (AwaitIdle(options_.drain)) return {};
  CancelRunning();
  if (AwaitIdle(options_.grace)) return {};
  return LeaveBehind();
}

bool Worker::Core::AwaitIdle(absl::Duration patience) {
  const absl::Time deadline = clock_.Now() + patience;
  absl::MutexLock lock(&mutex_);
  const auto idle = [this] {
    mutex_.AssertHeld();
    return running_ == 0 && !telling_;
  };
  return clock_.AwaitUntil(mutex_, absl::Condition(&idle), deadline);
}

void Worker::Core::CancelRunning() {
  absl::MutexLock lock(&mutex_);
  for (const HeldPtr& held : held_) {
    if (held->stage == Stage::kRunning) held->cancelled->store(true);
  }
}

std::vector<Worker::Core::LeftBehind> Worker::Core::LeaveBehind() {
  std::vector<HeldPtr> batch;
  std::vector<LeftBehind> left;
  {
    absl::MutexLock lock(&mutex_);
    for (const HeldPtr& held : held_) {
      if (held->stage != Stage::kRunning) continue;
      held->left_behind = true;
      held->outcome = held->lost ? JobOutcome::kLost : JobOutcome::kReleased;
      held->status = absl::DeadlineExceededError("its handler did not return when cancelled");
      held->ran = clock_.Now() - *held->begun;
      batch.push_back(held);
      left.push_back({held->thread, held->lease.key});
    }
    running_ -= static_cast<int>(batch.size());
  }
  Settle(batch, Tell(batch), OnError::kDrop);
  return left;
}

void Worker::Core::StopKeeping() {
  absl::MutexLock lock(&mutex_);
  keeping_ = false;
}

void Worker::Core::TellTheRest() {
  std::vector<HeldPtr> batch;
  {
    absl::MutexLock lock(&mutex_);
    batch = std::exchange(untold_, {});
  }
  Settle(batch, Tell(batch), OnError::kDrop);
}

}  // namespace critac::queue
