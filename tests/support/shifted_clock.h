#ifndef TESTS_SUPPORT_SHIFTED_CLOCK_H_
#define TESTS_SUPPORT_SHIFTED_CLOCK_H_

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace critac::testing {

// The machine's clock, plus what it was advanced by: for tests against servers that have a clock of
// their own. Those who wait on it are woken when it is moved past their time.
class ShiftedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + shift(); }

  bool AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                  absl::Time deadline) const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    for (;;) {
      if (condition.Eval()) return true;
      const absl::Duration left = deadline - Now();
      if (left <= absl::ZeroDuration()) return false;
      // A move of the clock does not wake who waits on another mutex: so one looks often.
      if (mutex.AwaitWithTimeout(condition, std::min(left, absl::Milliseconds(2)))) return true;
    }
  }

  void Advance(absl::Duration by) {
    absl::MutexLock lock(&mutex_);
    shift_ += by;
  }
  absl::Duration shift() const {
    absl::MutexLock lock(&mutex_);
    return shift_;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Duration shift_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace critac::testing

#endif  // TESTS_SUPPORT_SHIFTED_CLOCK_H_
