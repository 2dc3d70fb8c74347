#ifndef COMMON_BASE_CLOCK_H_
#define COMMON_BASE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace critac {

// Where time comes from. Everything that needs the time takes a Clock, so that tests decide what
// time it is. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual absl::Time Now() const = 0;

  // Blocks the caller until `condition` holds or this clock reads `deadline` or later; returns
  // whether it holds. `mutex` must be held, is released while waiting, and is held again on return.
  virtual bool AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                          absl::Time deadline) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) = 0;

  // The same until `duration` of this clock has passed. Who worked the duration out from a deadline
  // calls AwaitUntil instead: the clock may move in between.
  bool AwaitFor(absl::Mutex& mutex, const absl::Condition& condition, absl::Duration duration) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return AwaitUntil(mutex, condition, Now() + duration);
  }

  // Blocks the caller until this clock reads `deadline` or later.
  void WaitUntil(absl::Time deadline) const;
};

// The machine's clock.
class SystemClock final : public Clock {
 public:
  // The one instance; it lives as long as the process.
  static const SystemClock& Instance();

  absl::Time Now() const override;
  bool AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                  absl::Time deadline) const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
};

// A clock that moves only when told to. Those who wait on it are woken when it moves past their
// time.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time start) : now_(start) {}

  absl::Time Now() const override;
  bool AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                  absl::Time deadline) const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  void Advance(absl::Duration by);

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac

#endif  // COMMON_BASE_CLOCK_H_
