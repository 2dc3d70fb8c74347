#include "common/rpc/stream.h"

#include <pthread.h>

#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/limits.h"
#include "common/status/error.h"

namespace critac::rpc {
namespace {

absl::Status Stopping() {
  return Error(absl::StatusCode::kUnavailable, "STOPPING", "the server stops; call again")
      .RetryAfter(absl::Seconds(1))
      .ToStatus();
}

absl::Status TooMany(absl::string_view problem) {
  return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS",
               absl::StrCat(problem, "; call again later"))
      .Fact("limit", absl::StrCat(limits::kFollowers))
      .RetryAfter(absl::Seconds(5))
      .ToStatus();
}

}  // namespace

StreamState::StreamState(const Clock& clock, absl::Time deadline, absl::AnyInvocable<void()> abort)
    : clock_(clock), deadline_(deadline), abort_(std::move(abort)) {}

bool StreamState::Write(absl::FunctionRef<void()> start) {
  {
    absl::MutexLock lock(&mutex_);
    if (end_ == End::kNone && clock_.Now() >= deadline_) FinishLocked(End::kDeadline);
    if (end_ != End::kNone) return false;
    writing_ = true;
  }
  start();
  {
    absl::MutexLock lock(&mutex_);
    clock_.AwaitUntil(mutex_, absl::Condition(this, &StreamState::Settled), deadline_);
    if (!writing_) return end_ == End::kNone;
    FinishLocked(End::kDeadline);
  }
  // A caller that takes nothing would keep the write, and the message, for as long as it likes.
  abort_();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &StreamState::Idle));
  return false;
}

void StreamState::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) FinishLocked(End::kCallerGone);
}

void StreamState::Finish(End end) {
  absl::MutexLock lock(&mutex_);
  FinishLocked(end);
}

void StreamState::FinishLocked(End end) {
  if (end_ != End::kNone) return;
  end_ = end;
  ended_->store(true, std::memory_order_release);
}

absl::Status StreamState::Outcome(absl::Status body) const {
  absl::MutexLock lock(&mutex_);
  switch (end_) {
    case End::kNone:
      return body;
    case End::kCallerGone:
      return Error(absl::StatusCode::kCancelled, "CALLER_GONE", "the caller is gone").ToStatus();
    case End::kDeadline:
      return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_PAST",
                   "the deadline of the stream is past; call again from where it ended")
          .ToStatus();
    case End::kStopped:
      return Stopping();
  }
  return body;
}

absl::Status StreamThreads::Start(std::shared_ptr<StreamState> state,
                                  absl::AnyInvocable<void()> body) {
  std::list<Running> finished;
  absl::Status started = absl::OkStatus();
  {
    absl::MutexLock lock(&mutex_);
    finished.swap(finished_);
    if (stopping_) {
      started = Stopping();
    } else if (running_.size() >= size_t{limits::kFollowers}) {
      started = TooMany(absl::StrCat(limits::kFollowers, " streams run, the most at once"));
    } else {
      const Place place = running_.insert(running_.end(), {std::move(state), std::thread()});
      try {
        place->thread = std::thread([this, place, body = std::move(body)]() mutable {
          pthread_setname_np(pthread_self(), "critac-stream");
          std::exchange(body, nullptr)();
          OnFinished(place);
        });
      } catch (const std::system_error&) {
        running_.erase(place);
        started = TooMany("the machine gives no more threads");
      }
    }
  }
  JoinAll(std::move(finished));
  return started;
}

void StreamThreads::OnFinished(Place place) {
  absl::MutexLock lock(&mutex_);
  place->state = nullptr;
  finished_.splice(finished_.end(), running_, place);
}

void StreamThreads::Stop() {
  std::list<Running> finished;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (Running& running : running_) running.state->Finish(StreamState::End::kStopped);
    mutex_.Await(absl::Condition(this, &StreamThreads::NoneRun));
    finished.swap(finished_);
  }
  JoinAll(std::move(finished));
}

void StreamThreads::JoinAll(std::list<Running> finished) {
  for (Running& running : finished) running.thread.join();
}

}  // namespace critac::rpc
