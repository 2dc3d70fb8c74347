#ifndef COMMON_RPC_STREAM_H_
#define COMMON_RPC_STREAM_H_

#include <atomic>
#include <list>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "grpcpp/support/server_callback.h"

namespace critac::rpc {

// How far a streamed answer has come. Shared by the stream's thread, which writes, and by gRPC and
// the pipeline, which end it. Thread-safe.
class StreamState {
 public:
  // Why a stream ends before its body does.
  enum class End { kNone, kCallerGone, kDeadline, kStopped };

  // `abort` makes gRPC give up a write that is under way; it is called on the stream's thread.
  StreamState(const Clock& clock, absl::Time deadline, absl::AnyInvocable<void()> abort);

  // On the stream's thread: begins a write by `start` and waits until it is sent. False once the
  // stream is over. `start` is not called where it is over already, and gRPC has let go of the
  // message when this returns.
  bool Write(absl::FunctionRef<void()> start);

  // gRPC tells that the write is sent, or never will be.
  void OnWriteDone(bool ok);

  // Ends the stream; the first reason stays.
  void Finish(End end);

  // Set once the stream is over.
  std::shared_ptr<const std::atomic<bool>> ended() const { return ended_; }

  // What the call ends with: what `body` returned, or why it was cut short.
  absl::Status Outcome(absl::Status body) const;

 private:
  bool Settled() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !writing_ || end_ != End::kNone;
  }
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !writing_; }
  void FinishLocked(End end) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const absl::Time deadline_;
  absl::AnyInvocable<void()> abort_;
  const std::shared_ptr<std::atomic<bool>> ended_ = std::make_shared<std::atomic<bool>>(false);

  mutable absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  End end_ ABSL_GUARDED_BY(mutex_) = End::kNone;
};

// The threads of streams: one each, at most limits::kFollowers, all joined by Stop. Thread-safe.
class StreamThreads {
 public:
  StreamThreads() = default;
  ~StreamThreads() { Stop(); }

  // Runs `body` on a thread of its own. RESOURCE_EXHAUSTED, reason TOO_MANY_STREAMS: no more run at
  // once. UNAVAILABLE, reason STOPPING: after Stop.
  absl::Status Start(std::shared_ptr<StreamState> state, absl::AnyInvocable<void()> body);

  // Ends every stream, starts no more, and returns when all threads are gone.
  void Stop();

 private:
  struct Running {
    std::shared_ptr<StreamState> state;
    std::thread thread;
  };
  using Place = std::list<Running>::iterator;

  void OnFinished(Place place);
  bool NoneRun() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return running_.empty(); }
  static void JoinAll(std::list<Running> finished);

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<Running> running_ ABSL_GUARDED_BY(mutex_);
  // Threads that are about to return, to be joined by whoever comes next.
  std::list<Running> finished_ ABSL_GUARDED_BY(mutex_);
};

// A stream's end towards gRPC, without the type of its messages.
class StreamEnd {
 public:
  virtual ~StreamEnd() = default;
  // Ends the call. The object may be gone when it returns.
  virtual void End(const grpc::Status& status) = 0;
  // Set before gRPC knows the reactor; null where the call was refused.
  void set_state(std::shared_ptr<StreamState> state) {
    absl::MutexLock lock(&mutex_);
    state_ = std::move(state);
  }

 protected:
  // Set by the thread that begins the call, read by whichever tells of its end. The lock orders the two where all can
  // see it: that gRPC does is not to be seen from outside.
  std::shared_ptr<StreamState> state() const {
    absl::MutexLock lock(&mutex_);
    return state_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<StreamState> state_ ABSL_GUARDED_BY(mutex_);
};

// Tells a StreamState what gRPC reports. Lives until gRPC is done with the call.
template <typename Response>
class StreamReactor final : public grpc::ServerWriteReactor<Response>, public StreamEnd {
 public:
  void End(const grpc::Status& status) override { this->Finish(status); }
  void OnWriteDone(bool ok) override { state()->OnWriteDone(ok); }
  void OnCancel() override {
    const std::shared_ptr<StreamState> cancelled = state();
    if (cancelled != nullptr) cancelled->Finish(StreamState::End::kCallerGone);
  }
  void OnDone() override { delete this; }
};

}  // namespace critac::rpc

#endif  // COMMON_RPC_STREAM_H_
