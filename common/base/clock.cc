#include "common/base/clock.h"

#include "absl/time/clock.h"

namespace critac {

void Clock::WaitUntil(absl::Time deadline) const {
  absl::Mutex mutex;
  const bool never = false;
  absl::MutexLock lock(&mutex);
  AwaitUntil(mutex, absl::Condition(&never), deadline);
}

const SystemClock& SystemClock::Instance() {
  static const SystemClock instance;
  return instance;
}

absl::Time SystemClock::Now() const { return absl::Now(); }

bool SystemClock::AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                             absl::Time deadline) const {
  return mutex.AwaitWithDeadline(condition, deadline);
}

absl::Time ManualClock::Now() const {
  absl::MutexLock lock(&mutex_);
  return now_;
}

bool ManualClock::AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                             absl::Time deadline) const {
  // The waiter holds its own mutex while this clock has another, so the wait is in short real
  // slices; each slice ends at once when the condition comes true. No outcome depends on the length
  // of a slice.
  constexpr absl::Duration kSlice = absl::Milliseconds(1);
  while (Now() < deadline) {
    if (mutex.AwaitWithTimeout(condition, kSlice)) return true;
  }
  return condition.Eval();
}

void ManualClock::Advance(absl::Duration by) {
  absl::MutexLock lock(&mutex_);
  now_ += by;
}

}  // namespace critac
